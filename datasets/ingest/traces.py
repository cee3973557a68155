"""What every write leaves: a receipt, and where something changed a revision and an event."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest, Least

from accounts.models import Outcome, User
from accounts.services import audit
from datasets.ingest.batch import LISTED
from datasets.models import Dataset, Event, Receipt, Revision
from datasets.signals import revision_committed
from datastream.core import clock
from datastream.core.errors import ConflictError, RowError

KEY_LIVES = timedelta(hours=24)
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))"
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
class Change:
    """What a revision changed: counts, the digest of what was sent, and where it may have touched.

    lo, hi : first and last instant (µs) of new points; None where none is new
    shrinks : whether the first or the last point of the dataset may be gone
    """

    content: bytes
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    lo: int | None = None
    hi: int | None = None
    shrinks: bool = False


@dataclass(slots=True)
class Traces:
    """What a receipt says; `action` is its name in the audit log."""

    counts: Mapping[str, int]
    errors: list[RowError] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    revision: int | None = None
    action: str = "points.written"


def stored_receipt(author: Author, key: Key | None) -> Receipt | None:
    """The receipt of an earlier write under this key, or None.

    Raises
    ------
    ConflictError
        The key came with another body, or its first write has not ended yet.
    """
    if key is None:
        return None
    with connection.cursor() as cursor:
        who = author.user.pk if author.user else ""
        cursor.execute(TRY_LOCK, [f"{who} {author.route} {key.name}"])
        if not cursor.fetchone()[0]:
            raise ConflictError(
                "A request with this Idempotency-Key has not ended yet; try again shortly.",
                details={"reason": "still running"},
            )
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
    return receipt


def leave_receipt(dataset_id: UUID, author: Author, key: Key | None, traces: Traces) -> Receipt:
    receipt = Receipt.objects.create(
        dataset_id=dataset_id,
        user=author.user,
        run_id=author.run_id,
        route=author.route,
        idempotency_key=key.name if key else None,
        body_digest=key.body_digest if key else "",
        counts=dict(traces.counts),
        errors=traces.errors,
        warnings=traces.warnings,
        revision=traces.revision,
        status="stored",
    )
    _record(traces.action, receipt, Outcome.DONE)
    return receipt


def _record(action: str, receipt: Receipt, outcome: str) -> None:
    audit.record(
        action,
        of=("dataset", receipt.dataset_id),
        outcome=outcome,
        user_id=receipt.user_id,
        receipt=receipt.pk,
        revision=receipt.revision,
        **receipt.counts,
        **({"run": receipt.run_id} if receipt.run_id else {}),
    )


def leave_refusal(
    dataset_id: UUID, author: Author, counts: Mapping[str, int], errors: list[RowError]
) -> UUID | None:
    """A receipt for a write that stored nothing; None where the dataset is gone."""
    try:
        with transaction.atomic():
            receipt = Receipt.objects.create(
                dataset_id=dataset_id,
                user=author.user,
                run_id=author.run_id,
                route=author.route,
                counts=dict(counts),
                errors=errors[:LISTED],
                status="refused",
            )
            _record("points.refused", receipt, Outcome.FAILED)
    except IntegrityError:
        return None
    return receipt.pk


def commit_revision(dataset: Dataset, change: Change, receipt: Receipt) -> None:
    """Make the next revision of a locked dataset, announce it, and count its points."""
    number = dataset.revision + 1
    newest = dataset.revisions.last()
    before = newest.digest if newest else ""
    Revision.objects.create(
        dataset=dataset,
        number=number,
        user=receipt.user,
        run_id=receipt.run_id,
        inserted=change.inserted,
        updated=change.updated,
        unchanged=change.unchanged,
        deleted=change.deleted,
        digest=hashlib.sha256(before.encode() + change.content).hexdigest(),
        receipt=receipt,
    )
    Event.objects.create(
        dataset=dataset, revision=number, kind="revision_committed", payload=receipt.counts
    )
    Dataset.objects.filter(pk=dataset.pk).update(
        revision=number,
        point_count=F("point_count") + change.inserted - change.deleted,
        **_extent(dataset, change),
    )
    revision_committed.send(sender=Dataset, dataset_id=dataset.pk, revision=number)


def _extent(dataset: Dataset, change: Change) -> dict[str, Any]:
    if change.shrinks or change.lo is None or change.hi is None:
        with connection.cursor() as cursor:
            cursor.execute(EXTENT, [dataset.pk])
            start, end = cursor.fetchone()
        return {"start": start, "end": end}
    return {
        "start": Least("start", _instant(change.lo)),
        "end": Greatest("end", _instant(change.hi)),
    }


def _instant(micros: int) -> Value:
    naive = np.datetime64(micros, "us").item()
    return Value(naive.replace(tzinfo=UTC), output_field=DateTimeField())
