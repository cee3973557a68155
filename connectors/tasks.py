"""Entry points of the worker."""

from celery import shared_task

from connectors import services


@shared_task(name=services.TASK)
def execute_run(run_id: str) -> None:
    services.execute_run(run_id)


@shared_task(name="connectors.sweep")
def sweep() -> None:
    services.sweep()
