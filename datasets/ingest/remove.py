"""Points taken away, one or all in a range of time: a revision, as every write leaves one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from datasets.ingest import traces
from datasets.ingest.locks import locked_dataset
from datasets.ingest.traces import Author, Change, Key, Traces
from datasets.ingest.write import TIME_LIMIT
from datasets.models import Dataset, Station
from datasets.models.points import LAST
from datastream.core.errors import InvalidInputError, NotFoundError

BATCH = 50_000
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_KEY = "SET LOCAL enable_seqscan = off"
# Which of these stations have a point in the range.
TOUCHED = """
SELECT s.id FROM unnest(%(stations)s::bigint[]) s(id), LATERAL (
    SELECT FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = s.id
    AND timestamp >= %(start)s AND timestamp < %(end)s
    LIMIT 1
) stored
ORDER BY s.id"""
# The next points of a station go to history. `bound` is where the batch after this one begins.
TAKE = """
WITH bound AS MATERIALIZED (
    SELECT timestamp FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = %(station)s
    AND timestamp >= %(start)s AND timestamp < %(end)s
    ORDER BY timestamp OFFSET %(batch)s LIMIT 1
), gone AS (
    DELETE FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = %(station)s AND timestamp >= %(start)s
    AND timestamp < coalesce((SELECT timestamp FROM bound), %(end)s)
    RETURNING *
), kept AS (
    INSERT INTO data_point_history
        (dataset_id, station_id, timestamp, value, metadata, revision, created_at, replaced_in)
    SELECT dataset_id, station_id, timestamp, value, metadata, revision, created_at, %(n)s
    FROM gone
)
SELECT count(*), min(timestamp), max(timestamp),
       string_agg(int8send(station_id) || timestamptz_send(timestamp), '' ORDER BY timestamp),
       (SELECT timestamp FROM bound)
FROM gone"""
EXTENTS = """
INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])"""


@dataclass(frozen=True, slots=True)
class Removed:
    """How many points are gone, and the revision that the dataset is at since then."""

    deleted: int
    revision: int
    receipt: UUID

    def body(self) -> dict[str, Any]:
        """As the API answers it."""
        return {"deleted": self.deleted, "revision": self.revision, "receipt": str(self.receipt)}


@dataclass(slots=True)
class _Gone:
    """What has been taken so far: station → first and last instant, and how many points.

    `content` takes in station and time of each point, as the database sends them.
    """

    first: dict[int, datetime] = field(default_factory=dict)
    last: dict[int, datetime] = field(default_factory=dict)
    count: int = 0
    content: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(
        self, station: int, count: int, first: datetime, last: datetime, keys: memoryview
    ) -> None:
        self.first.setdefault(station, first)
        self.last[station] = last
        self.count += count
        self.content.update(keys)


@transaction.atomic
def remove(
    dataset_id: UUID,
    *,
    start: datetime,
    end: datetime,
    stations: Sequence[str] = (),
    author: Author,
    key: Key | None = None,
) -> Removed:
    """Delete the points from `start` until before `end`, of all stations or of those named.

    Raises
    ------
    InvalidInputError
        There is no such station.
    ConflictError
        The key came with another request.
    NotFoundError
        There is no such dataset.
    """
    with connection.cursor() as cursor:
        cursor.execute(TIME_LIMIT)
        earlier = traces.stored_receipt(author, key)
        if earlier is not None:
            return Removed(earlier.counts["deleted"], earlier.revision or 0, earlier.pk)
        dataset = locked_dataset(dataset_id)
        span = {"start": start, "end": end, "stations": _numbers(dataset, stations)}
        return _remove(cursor, dataset, span, author=author, key=key)


@transaction.atomic
def remove_point(dataset_id: UUID, *, station: int, timestamp: datetime, author: Author) -> Removed:
    """Delete one point, by its station's number; NotFoundError where there is none."""
    is_last = timestamp == datetime.fromisoformat(LAST)
    end = "infinity" if is_last else timestamp + MICROSECOND
    with connection.cursor() as cursor:
        dataset = locked_dataset(dataset_id)
        span = {"start": timestamp, "end": end, "stations": [station]}
        removed = _remove(cursor, dataset, span, author=author, key=None)
    if not removed.deleted:
        raise NotFoundError
    return removed


def _numbers(dataset: Dataset, codes: Sequence[str]) -> list[int]:
    found = Station.objects.filter(dataset=dataset)
    if codes:
        found = found.filter(code__in=codes)
    numbers = dict(found.values_list("code", "id"))
    missing = set(codes) - numbers.keys()
    if missing:
        raise InvalidInputError.of("station", f"There is no station {min(missing)[:80]!r} here.")
    return list(numbers.values())


def _remove(
    cursor: Any, dataset: Dataset, span: dict[str, Any], *, author: Author, key: Key | None
) -> Removed:
    number = dataset.revision + 1
    gone = _Gone()
    # Old statistics could make a walk through the whole table look cheap.
    cursor.execute(BY_KEY)
    cursor.execute(TOUCHED, {**span, "dataset": dataset.pk})
    for (station,) in cursor.fetchall():
        for batch in _taken(cursor, dataset.pk, number, station, span):
            gone.add(station, *batch)
    revision = number if gone.count else dataset.revision
    said = Traces({"deleted": gone.count}, revision=revision, action="points.deleted")
    receipt = traces.leave_receipt(dataset.pk, author, key, said)
    if gone.count:
        _note_extents(cursor, dataset.pk, number, gone)
        traces.commit_revision(dataset, _change(dataset, gone), receipt)
    return Removed(gone.count, revision, receipt.pk)


def _taken(
    cursor: Any, dataset_id: UUID, number: int, station: int, span: dict[str, Any]
) -> Iterator[tuple[int, datetime, datetime, memoryview]]:
    """Take the points of one station, some at a time: how many, first, last, their keys.

    Each statement begins where the last one ended, and not among the points that are gone.
    """
    begin = span["start"]
    while begin is not None:
        values = {**span, "start": begin, "dataset": dataset_id, "station": station, "n": number}
        cursor.execute(TAKE, {**values, "batch": BATCH})
        *batch, begin = cursor.fetchone()
        yield tuple(batch)


def _note_extents(cursor: Any, dataset_id: UUID, number: int, gone: _Gone) -> None:
    spans = [list(gone.first), list(gone.first.values()), list(gone.last.values())]
    cursor.execute(EXTENTS, [dataset_id, number, *spans])


def _change(dataset: Dataset, gone: _Gone) -> Change:
    first, last = min(gone.first.values()), max(gone.last.values())
    return Change(
        content=gone.content.digest(),
        deleted=gone.count,
        lo=(first - EPOCH) // MICROSECOND,
        hi=(last - EPOCH) // MICROSECOND,
        shrinks=first == dataset.start or last == dataset.end,
    )
