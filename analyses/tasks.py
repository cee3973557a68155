"""Entry points of the worker."""

from celery import shared_task

from analyses import services


@shared_task(name=services.TASK)
def execute(analysis_id: str) -> None:
    services.execute(analysis_id)


@shared_task(name="analyses.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="analyses.renew_live")
def renew_live() -> None:
    services.renew_live()
