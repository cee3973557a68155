"""What is left of deleted datasets, removed in bounded batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from datasets import ingest
from datasets.models import Dataset, Export
from datasets.services import exports
from datastream.core import jobs

TASK = "datasets.purge"
BATCH = 100_000
# Deleted so long ago and still there: its message was lost, or its worker.
PATIENCE = timedelta(seconds=15)
SWEPT_AT_ONCE = 100
# Table → what its primary key has behind the dataset.
FACTS = {
    "data_points": ("station_id", "timestamp"),
    "data_point_history": ("station_id", "timestamp", "revision"),
    "rollups": ("station_id", "variable_id", "period", "start"),
    "revision_extents": ("number", "station_id", "start"),
}
# One row a write; the framework would load them. Revisions point to receipts, so they go first.
WRITES = ("revisions", "events", "receipts")

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
# The planner takes a table's first batch for the whole of it, and would read all of it each time.
BY_KEY = "SET LOCAL statement_timeout = '600s'; SET LOCAL enable_seqscan = off"
BOUND = """
SELECT {key} FROM {table} WHERE dataset_id = %s{after}
ORDER BY {key} OFFSET %s LIMIT 1"""
DELETE = "DELETE FROM {table} WHERE dataset_id = %s{after}{before}"
DELETE_SOME = """
DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE dataset_id = %s LIMIT %s)"""


class _Busy(Exception):  # noqa: N818 - a signal, which ends this purge only
    """Another worker is at it."""


def purge(identity: UUID | str) -> None:
    """Remove all that a deleted dataset had; it goes on where it stood, however often it ends."""
    dataset_id = UUID(str(identity))
    if not Dataset.everything.filter(pk=dataset_id, deleted_at__isnull=False).exists():
        return
    try:
        for table in FACTS:
            _remove_facts(table, dataset_id)
        for table in WRITES:
            _remove_rows(table, dataset_id)
        _remove_rest(dataset_id)
    except _Busy:
        return


@contextmanager
def _step(dataset_id: UUID) -> Iterator[Any]:
    """A transaction in which nobody else writes to the dataset or purges it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [f"purge {dataset_id}"])
        if not cursor.fetchone()[0]:
            raise _Busy
        ingest.lock(dataset_id)
        cursor.execute(BY_KEY)
        yield cursor


def _remove_facts(table: str, dataset_id: UUID) -> None:
    """Remove from the front of the key to its end, each batch from where the last one ended.

    Begun at the front each time, a batch would pass all that those before it have left behind.
    """
    key = ", ".join(FACTS[table])
    after: tuple[Any, ...] = ()
    while True:
        with _step(dataset_id) as cursor:
            values = {"table": table, "key": key, "after": _beyond(key, ">=", after)}
            cursor.execute(BOUND.format(**values), [dataset_id, *after, BATCH])
            bound = cursor.fetchone() or ()
            before = _beyond(key, "<", bound)
            cursor.execute(DELETE.format(**values, before=before), [dataset_id, *after, *bound])
        if not bound:
            return
        after = bound


def _beyond(key: str, sign: str, bound: tuple[Any, ...]) -> str:
    return f" AND ({key}) {sign} ({', '.join(['%s'] * len(bound))})" if bound else ""


def _remove_rows(table: str, dataset_id: UUID) -> None:
    removed = BATCH
    while removed == BATCH:
        with _step(dataset_id) as cursor:
            cursor.execute(DELETE_SOME.format(table=table), [dataset_id, BATCH])
            removed = cursor.rowcount


def _remove_rest(dataset_id: UUID) -> None:
    """Remove the dataset with what hangs on it, and what came in meanwhile."""
    with _step(dataset_id) as cursor:
        for table in FACTS:
            cursor.execute(DELETE.format(table=table, after="", before=""), [dataset_id])
        _remove_files(dataset_id)
        dataset = Dataset.everything.filter(pk=dataset_id).first()
        if dataset is not None:
            dataset.delete()


def _remove_files(dataset_id: UUID) -> None:
    for export in Export.objects.filter(dataset_id=dataset_id):
        exports.remove_file(export)


def sweep() -> int:
    """Queue again what was lost."""
    left = Dataset.everything.filter(deleted_at__lt=Now() - PATIENCE).order_by("deleted_at")
    found = list(left.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    for identity in found:
        jobs.enqueue(TASK, dataset_id=str(identity))
    return len(found)
