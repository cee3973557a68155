"""Entry points of the worker."""

from celery import shared_task

from connectors import services


@shared_task(name=services.TASK)
def execute_run(run_id: str) -> None:
    services.execute_run(run_id)


@shared_task(name="connectors.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="connectors.start_due")
def start_due() -> None:
    services.start_due()


@shared_task(name="connectors.move_documents")
def move_documents() -> None:
    services.move_documents()


@shared_task(name="connectors.tidy_documents")
def tidy_documents() -> None:
    services.tidy_documents()
