"""Entry points of the worker."""

from celery import shared_task

from datasets.services import exports, purge, rollups


@shared_task(name=rollups.TASK)
def roll_up(dataset_id: str) -> None:
    rollups.roll_up(dataset_id)


@shared_task(name=exports.TASK)
def execute_export(export_id: str) -> None:
    exports.execute(export_id)


@shared_task(name=purge.TASK)
def purge_dataset(dataset_id: str) -> None:
    purge.purge(dataset_id)


@shared_task(name="datasets.sweep")
def sweep() -> None:
    rollups.sweep()
    exports.sweep()
    purge.sweep()
