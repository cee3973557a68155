"""One write: a batch becomes a revision, a receipt and an event, or nothing but a receipt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest, Least

from accounts.models import User
from datasets.ingest import merge as merging
from datasets.ingest.batch import LISTED, Batch
from datasets.ingest.merge import Contradiction, Merged
from datasets.ingest.resolve import resolve
from datasets.ingest.rows import Rows, rows_of
from datasets.models import Dataset, Event, Receipt, Revision
from datasets.signals import revision_committed
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidRowsError, NotFoundError, RowError

# A large batch may take longer than the limit of an ordinary request.
TIME_LIMIT = "SET LOCAL statement_timeout = '600s'"
KEY_LIVES = timedelta(hours=24)
EXTENT = """
SELECT min(first.timestamp), max(last.timestamp) FROM stations s,
LATERAL (SELECT timestamp FROM data_points WHERE dataset_id = s.dataset_id AND station_id = s.id
         ORDER BY timestamp LIMIT 1) first,
LATERAL (SELECT timestamp FROM data_points WHERE dataset_id = s.dataset_id AND station_id = s.id
         ORDER BY timestamp DESC LIMIT 1) last
WHERE s.dataset_id = %s"""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, through what: a user over a route, or a collection run."""

    route: str
    user: User | None = None
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key and the digest of the body that came with it."""

    name: str
    body_digest: str


@dataclass(frozen=True, slots=True)
class Options:
    """What becomes of rows that contradict what is stored, and of bad ones.

    on_conflict : update, skip or error, where a stored point has another value.
    on_invalid : reject (nothing is stored) or skip (the good rows are), where rows are bad.
    missing : numbers that mean "no value" in every variable of this batch.
    """

    on_conflict: str = "update"
    on_invalid: str = "reject"
    missing: tuple[float, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a batch; `deleted` points are counted as updated too."""

    received: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)
    revision: int = 0
    receipt: UUID | None = None

    def counts(self) -> dict[str, int]:
        names = ("received", "inserted", "updated", "unchanged", "skipped", "rejected")
        return {name: getattr(self, name) for name in names}

    def body(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            **self.counts(),
            "errors": self.errors,
            "revision": self.revision,
            "receipt": str(self.receipt),
        }


def write(
    dataset_id: UUID,
    batch: Batch,
    *,
    author: Author,
    options: Options | None = None,
    key: Key | None = None,
    also: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """Merge a batch into a dataset, in one transaction.

    Parameters
    ----------
    key : makes the write happen once; the same key and body again give the stored outcome.
    also : called inside the transaction when all is stored, for a feed's checkpoint.

    Raises
    ------
    InvalidRowsError
        Rows are bad and `on_invalid` is reject; nothing is stored but a receipt.
    ConflictError
        `on_conflict` is error and stored points differ, or the key came with another body.
    NotFoundError
        There is no such dataset.
    """
    options = options or Options()
    try:
        with transaction.atomic():
            return _write(dataset_id, batch, author, options, key=key, also=also)
    except (InvalidRowsError, ConflictError) as error:
        if "rows" in error.details:
            error.details["receipt"] = str(_refused(dataset_id, batch, author, error))
        raise


def _write(
    dataset_id: UUID,
    batch: Batch,
    author: Author,
    options: Options,
    *,
    key: Key | None,
    also: Callable[[Outcome], None] | None,
) -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute(TIME_LIMIT)
    merging.lock(dataset_id)
    stored = _replay(author, key)
    if stored is not None:
        return stored
    dataset = Dataset.objects.select_for_update(no_key=True).filter(pk=dataset_id).first()
    if dataset is None:
        raise NotFoundError
    rows = _checked_rows(dataset, batch, options)
    merged = _merged(dataset, rows, options)
    outcome = _outcome(batch, rows, merged, dataset.revision + (merged.changed > 0))
    receipt = _receipt(dataset_id, author, outcome, key)
    outcome.receipt = receipt.pk
    if merged.changed:
        _commit_revision(dataset, rows, merged, receipt)
    if also is not None:
        also(outcome)
    return outcome


def _replay(author: Author, key: Key | None) -> Outcome | None:
    """The outcome stored under this key, or None; another body under it is a conflict."""
    if key is None:
        return None
    receipt = Receipt.objects.filter(
        user=author.user, route=author.route, idempotency_key=key.name
    ).first()
    if receipt is None:
        return None
    if clock.now() - receipt.created_at > KEY_LIVES:
        Receipt.objects.filter(pk=receipt.pk).update(idempotency_key=None)
        return None
    if receipt.body_digest != key.body_digest:
        raise ConflictError(
            "This Idempotency-Key came with another body before.",
            details={"reason": "another body"},
        )
    return Outcome(
        **receipt.counts, errors=receipt.errors, revision=receipt.revision or 0, receipt=receipt.pk
    )


def _checked_rows(dataset: Dataset, batch: Batch, options: Options) -> Rows:
    stations = resolve(dataset, batch, options.missing)
    rows = rows_of(batch, stations)
    if batch.problems.count and options.on_invalid == "reject":
        raise InvalidRowsError(batch.problems.first(), batch.problems.count)
    return rows


def _merged(dataset: Dataset, rows: Rows, options: Options) -> Merged:
    try:
        return merging.merge(
            dataset.pk, rows, dataset.revision + 1, on_conflict=options.on_conflict
        )
    except Contradiction as contradiction:
        found = [_row_error(rows, *key) for key in contradiction.keys]
        raise ConflictError(
            "Stored points have other values; nothing was stored.", details={"rows": found}
        ) from contradiction


def _row_error(rows: Rows, station: int, micros: int) -> RowError:
    first, last = np.searchsorted(rows.station, [station, station + 1])
    place = first + int(np.searchsorted(rows.micros[first:last], micros))
    message = "A point with this station and time is stored with other values."
    return {"row": int(rows.row[place]), "field": "value", "message": message}


def _outcome(batch: Batch, rows: Rows, merged: Merged, revision: int) -> Outcome:
    return Outcome(
        received=len(batch),
        inserted=merged.inserted,
        updated=merged.updated + merged.deleted,
        unchanged=merged.unchanged + rows.twins,
        skipped=merged.skipped,
        rejected=batch.problems.count,
        errors=batch.problems.first(),
        revision=revision,
    )


def _receipt(dataset_id: UUID, author: Author, outcome: Outcome, key: Key | None) -> Receipt:
    return Receipt.objects.create(
        dataset_id=dataset_id,
        user=author.user,
        run_id=author.run_id,
        route=author.route,
        idempotency_key=key.name if key else None,
        body_digest=key.body_digest if key else "",
        counts=outcome.counts(),
        errors=outcome.errors,
        revision=outcome.revision,
        status="stored",
    )


def _refused(
    dataset_id: UUID, batch: Batch, author: Author, error: InvalidRowsError | ConflictError
) -> UUID:
    """A receipt for a write that stored nothing."""
    rejected = error.details.get("rejected", len(batch))
    receipt = Receipt.objects.create(
        dataset_id=dataset_id,
        user=author.user,
        run_id=author.run_id,
        route=author.route,
        counts={**Outcome(len(batch)).counts(), "rejected": rejected},
        errors=list(error.details["rows"])[:LISTED],
        status="refused",
    )
    return receipt.pk


def _commit_revision(dataset: Dataset, rows: Rows, merged: Merged, receipt: Receipt) -> None:
    number = dataset.revision + 1
    newest = dataset.revisions.last()
    Revision.objects.create(
        dataset=dataset,
        number=number,
        user=receipt.user,
        run_id=receipt.run_id,
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.unchanged + rows.twins,
        deleted=merged.deleted,
        digest=rows.digest(newest.digest if newest else ""),
        receipt=receipt,
    )
    Event.objects.create(
        dataset=dataset, revision=number, kind="revision_committed", payload=receipt.counts
    )
    _count_points(dataset, rows, merged, number)
    revision_committed.send(sender=Dataset, dataset_id=dataset.pk, revision=number)


def _count_points(dataset: Dataset, rows: Rows, merged: Merged, number: int) -> None:
    extent: dict[str, Any] = {
        "start": Least("start", _instant(int(rows.micros.min()))),
        "end": Greatest("end", _instant(int(rows.micros.max()))),
    }
    if merged.deleted or merged.unchanged:
        # The ends of the dataset may be gone; a row that says nothing is not stored at all.
        with connection.cursor() as cursor:
            cursor.execute(EXTENT, [dataset.pk])
            start, end = cursor.fetchone()
        extent = {"start": start, "end": end}
    Dataset.objects.filter(pk=dataset.pk).update(
        revision=number,
        point_count=F("point_count") + merged.inserted - merged.deleted,
        **extent,
    )


def _instant(micros: int) -> Value:
    naive = np.datetime64(micros, "us").item()
    return Value(naive.replace(tzinfo=UTC), output_field=DateTimeField())
