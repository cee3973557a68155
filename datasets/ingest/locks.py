"""Who may write to a dataset: one at a time, all in one order of locks, so that no ring waits."""

from uuid import UUID

from django.db import connection

from datasets.models import Dataset
from datastream.core.errors import NotFoundError

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def lock(dataset_id: UUID) -> None:
    """Let nobody else write to the dataset until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [str(dataset_id)])


def locked_dataset(dataset_id: UUID) -> Dataset:
    """The dataset for one who writes to it; NotFoundError where it is gone."""
    lock(dataset_id)
    dataset = Dataset.objects.select_for_update(no_key=True).filter(pk=dataset_id).first()
    if dataset is None:
        raise NotFoundError
    return dataset
