"""One write: batches become a revision, a receipt and an event, or nothing but a receipt."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from datasets.ingest import traces
from datasets.ingest.ahead import Ahead
from datasets.ingest.batch import LISTED, Batch
from datasets.ingest.locks import locked_dataset
from datasets.ingest.merge import Contradiction, Merge, PointKey
from datasets.ingest.resolve import Resolver
from datasets.ingest.rows import TORN
from datasets.ingest.traces import Author, Change, Key, Traces
from datasets.models import Dataset
from datastream.core.errors import (
    ConflictError,
    InvalidInputError,
    InvalidRowsError,
    RowError,
    TooLargeError,
)

# A large write may take longer than the limit of an ordinary request.
TIME_LIMIT = "SET LOCAL statement_timeout = '600s'"
LIKE_A_SENTINEL = (
    "These values look like a mark for no value and were stored as suspect (quality 3); name such "
    "marks in `missing_values` of the variable or in `?missing=`."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What becomes of rows that contradict what is stored, and of bad ones.

    on_conflict : update, skip or error, where a stored point has another value.
    on_invalid : reject (nothing is stored) or skip (the good rows are), where rows are bad.
    missing : numbers that mean "no value" in every variable of this write.
    """

    on_conflict: str = "update"
    on_invalid: str = "reject"
    missing: tuple[float, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What became of the sent rows; `deleted` points are counted as updated too."""

    received: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
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
            "warnings": self.warnings,
            "revision": self.revision,
            "receipt": str(self.receipt),
        }


def write(
    dataset_id: UUID,
    batches: Batch | Iterable[Batch],
    *,
    author: Author,
    options: Options | None = None,
    key: Key | None = None,
) -> Outcome:
    """Merge batches into a dataset, in one transaction however many they are.

    Parameters
    ----------
    batches : read once, and again from the start where one key stood twice in different batches
    key : makes the write happen once; the same key and body again give the stored outcome.

    Raises
    ------
    InvalidRowsError
        Rows are bad and `on_invalid` is reject; nothing is stored but a receipt.
    ConflictError
        `on_conflict` is error and stored points differ, or the key came with another body.
    NotFoundError
        There is no such dataset.
    """
    sent = [batches] if isinstance(batches, Batch) else batches
    writing = Writing(dataset_id, sent, author, options or Options())
    try:
        with transaction.atomic():
            return writing.run(key)
    except (InvalidInputError, ConflictError, TooLargeError) as error:
        if "reason" not in error.details:
            error.details["receipt"] = writing.leave_refusal(error)
        raise


class Writing:
    """The state of one write."""

    def __init__(
        self, dataset_id: UUID, sent: Iterable[Batch], author: Author, options: Options
    ) -> None:
        self.dataset_id, self.sent, self.author, self.options = dataset_id, sent, author, options
        self.outcome = Outcome()

    def run(self, key: Key | None) -> Outcome:
        with connection.cursor() as cursor:
            cursor.execute(TIME_LIMIT)
            earlier = traces.stored_receipt(self.author, key)
            if earlier is not None:
                return _replayed(earlier)
            dataset = locked_dataset(self.dataset_id)
            self.resolver = Resolver(dataset, self.options.missing)
            merge = Merge(cursor, dataset.pk, dataset.revision + 1)
            self._take_all(merge)
            self._finish(dataset, merge, key)
        return self.outcome

    def _take_all(self, merge: Merge) -> None:
        outcome = self.outcome
        with Ahead(map(self.resolver.prepare, self.sent), 1) as prepared:
            for one in prepared:
                rows = self.resolver.finish(one)
                self._note_problems(one.batch)
                outcome.unchanged += rows.twins
                if not (outcome.rejected and self.options.on_invalid == "reject"):
                    merge.add(rows)
        if outcome.rejected and self.options.on_invalid == "reject":
            raise InvalidRowsError(outcome.errors, outcome.rejected)

    def _note_problems(self, batch: Batch) -> None:
        outcome = self.outcome
        outcome.received += len(batch)
        outcome.rejected += batch.problems.count
        free = LISTED - len(outcome.errors)
        outcome.errors += [
            {**error, "row": error["row"] + batch.first} for error in batch.problems.first()[:free]
        ]

    def _finish(self, dataset: Dataset, merge: Merge, key: Key | None) -> None:
        outcome = self.outcome
        try:
            merged = merge.finish(self.options.on_conflict)
        except Contradiction as contradiction:
            message = "A point with this station and time is stored with other values."
            found = [_error(row, message) for row, _ in self._rows_with(contradiction.keys)]
            raise ConflictError(
                "Stored points have other values; nothing was stored.", details={"rows": found}
            ) from contradiction
        if merged.torn:
            self._reject_torn(merged.torn, merged.torn_keys)
        outcome.inserted, outcome.updated = merged.inserted, merged.updated + merged.deleted
        outcome.unchanged += merged.unchanged
        outcome.skipped = merged.skipped
        outcome.revision = dataset.revision + (merged.changed > 0)
        outcome.warnings = [
            {"field": name, "count": count, "message": LIKE_A_SENTINEL}
            for name, count in sorted(self.resolver.doubtful.items())
        ]
        self._leave_traces(dataset, merge, key)

    def _leave_traces(self, dataset: Dataset, merge: Merge, key: Key | None) -> None:
        outcome, merged = self.outcome, merge.merged
        said = Traces(outcome.counts(), outcome.errors, outcome.warnings, outcome.revision)
        receipt = traces.leave_receipt(dataset.pk, self.author, key, said)
        outcome.receipt = receipt.pk
        if not merged.changed:
            return
        lo, hi = merge.extent
        change = Change(
            content=merge.content.digest(),
            inserted=merged.inserted,
            updated=merged.updated,
            unchanged=outcome.unchanged,
            deleted=merged.deleted,
            lo=lo,
            hi=hi,
            # A row that says nothing is not stored at all, and counts as unchanged.
            shrinks=bool(merged.deleted or merged.unchanged or merged.torn),
        )
        traces.commit_revision(dataset, change, receipt)

    # ------------------------------------------------------------------ rows named in errors

    def _reject_torn(self, count: int, keys: list[PointKey]) -> None:
        """One key stood twice with other contents, in different batches: none of them counts."""
        rows = self._rows_with(keys)
        first = dict(reversed([(key, row) for row, key in rows]))
        last = {key: row for row, key in rows}
        found = [
            _error(row, TORN.format(row=last[key] if row == first[key] else first[key]))
            for row, key in rows
        ]
        outcome = self.outcome
        outcome.rejected += count
        every = sorted([*outcome.errors, *found], key=lambda error: error["row"])
        outcome.errors = every[:LISTED]
        if self.options.on_invalid == "reject":
            raise InvalidRowsError(outcome.errors, outcome.rejected)

    def _rows_with(self, keys: list[PointKey]) -> list[tuple[int, PointKey]]:
        """Row and key of the sent rows with one of these keys: what was sent is read again."""
        found: list[tuple[int, PointKey]] = []
        micros, wanted = np.array([key[1] for key in keys]), set(keys)
        for batch in self.sent:
            prepared = self.resolver.prepare(batch)
            near = np.flatnonzero(np.isin(batch.micros, micros) & ~batch.problems.bad)
            stations = self.resolver.numbers(prepared)[near].tolist()
            for row, key in zip(
                near, zip(stations, batch.micros[near].tolist(), strict=True), strict=True
            ):
                if key in wanted:
                    found.append((batch.first + int(row), key))
        return found

    def leave_refusal(self, error: InvalidInputError | ConflictError | TooLargeError) -> str | None:
        rows = list(error.details.get("rows", []))
        rejected = error.details.get("rejected", self.outcome.received)
        counts = {**Outcome(self.outcome.received).counts(), "rejected": rejected}
        receipt = traces.leave_refusal(self.dataset_id, self.author, counts, rows)
        return str(receipt) if receipt else None


def _error(row: int, message: str) -> RowError:
    return {"row": row, "field": "timestamp", "message": message}


def _replayed(receipt: Any) -> Outcome:
    return Outcome(
        **receipt.counts,
        errors=receipt.errors,
        warnings=receipt.warnings,
        revision=receipt.revision or 0,
        receipt=receipt.pk,
    )
