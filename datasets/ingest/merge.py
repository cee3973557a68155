"""The merge of sorted rows into the points, inside the caller's transaction.

The recipe, its figures and the traps it walks round are in docs/adr/0002-natural-key.md.
"""

import struct
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from datasets.ingest.copy import copy_in
from datasets.ingest.rows import Ints, Rows

# Above this the planner is held to one bounded hash join; below, each row is looked up by its key.
MANY = 20_000

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
IS_ANYTHING_STORED = """
SELECT EXISTS (
    SELECT FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) span(station_id, lo, hi),
    LATERAL (
        SELECT FROM data_points p
        WHERE p.dataset_id = %s AND p.station_id = span.station_id
        AND p.timestamp BETWEEN span.lo AND span.hi
        LIMIT 1
    ) stored
)"""
COPY_STRAIGHT = """
COPY data_points (station_id, timestamp, value, metadata, dataset_id, revision)
FROM STDIN (FORMAT binary)"""
# Enough for the planner, and ten times quicker to gather.
FEW_STATISTICS = "SET LOCAL default_statistics_target = 10"
STAGE = """
CREATE TEMP TABLE stage (station_id bigint, timestamp timestamptz, value jsonb, metadata jsonb)
ON COMMIT DROP"""
# What is new or different, and nothing else. Values merge by variable; a null takes one away.
DELTA = """
CREATE TEMP TABLE delta ON COMMIT DROP AS
SELECT s.station_id, s.timestamp, merged.value, merged.metadata,
       p.revision AS was, p.value AS old_value, p.metadata AS old_metadata,
       p.created_at AS old_created_at
FROM stage s {join}
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.revision IS NULL THEN {new} ELSE {changed} END AS value,
           CASE WHEN s.metadata IS NULL AND p.metadata IS NULL THEN NULL
                ELSE merge_metadata(p.metadata, s.metadata, s.value) END AS metadata
) merged
WHERE CASE WHEN p.revision IS NULL THEN merged.value <> '{{}}'
           ELSE (p.value, p.metadata) IS DISTINCT FROM (s.value, s.metadata)
                AND (p.value, p.metadata) IS DISTINCT FROM (merged.value, merged.metadata) END"""
BY_ONE_JOIN = """
LEFT JOIN (
    SELECT * FROM data_points
    WHERE dataset_id = %(dataset)s AND station_id = ANY(%(stations)s)
    AND timestamp BETWEEN %(lo)s AND %(hi)s
) p ON p.station_id = s.station_id AND p.timestamp = s.timestamp"""
BY_KEY = """
LEFT JOIN LATERAL (
    SELECT * FROM data_points p
    WHERE p.dataset_id = %(dataset)s AND p.station_id = s.station_id
    AND p.timestamp = s.timestamp
    OFFSET 0
) p ON true"""
TO_HISTORY = """
INSERT INTO data_point_history
    (dataset_id, station_id, timestamp, value, metadata, revision, created_at, replaced_in)
SELECT %(dataset)s, station_id, timestamp, old_value, old_metadata, was, old_created_at, %(n)s
FROM delta WHERE was IS NOT NULL"""
EMPTIED = "SELECT count(*) FROM delta WHERE was IS NOT NULL AND value = '{}'"
# One by one: a join with a table whose statistics are old went through delta once a stored point.
DELETE_EMPTY = """
DO $$
DECLARE gone record;
BEGIN
    FOR gone IN SELECT station_id, timestamp FROM delta WHERE was IS NOT NULL AND value = '{}' LOOP
        DELETE FROM data_points WHERE dataset_id = %(dataset)s
        AND station_id = gone.station_id AND timestamp = gone.timestamp;
    END LOOP;
END $$"""
CHANGE = """
INSERT INTO data_points (dataset_id, station_id, timestamp, value, metadata, revision)
SELECT %(dataset)s, station_id, timestamp, value, metadata, %(n)s
FROM delta WHERE was IS NOT NULL AND value <> '{}'
ON CONFLICT (dataset_id, station_id, timestamp) DO UPDATE
SET value = excluded.value, metadata = excluded.metadata, revision = excluded.revision,
    created_at = statement_timestamp()"""
INSERT = """
INSERT INTO data_points (dataset_id, station_id, timestamp, value, metadata, revision)
SELECT %(dataset)s, station_id, timestamp, value, metadata, %(n)s
FROM delta WHERE was IS NULL ORDER BY station_id, timestamp"""
EXTENTS = """
INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
SELECT %(dataset)s, %(n)s, station_id, min(timestamp), max(timestamp)
FROM delta GROUP BY station_id"""
EXTENTS_OF_SPANS = """
INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
SELECT %s, %s, span.* FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) span"""
CONTRADICTED = """
SELECT station_id, (extract(epoch FROM timestamp) * 1000000)::bigint
FROM delta WHERE was IS NOT NULL ORDER BY station_id, timestamp LIMIT 100"""


@dataclass(slots=True)
class Merged:
    """How many rows of the merge became what."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: int = 0

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted


class Contradiction(Exception):  # noqa: N818 - a signal to the caller, who makes it an error
    """Stored points have other values and may not be overwritten: (station, µs) of up to 100."""

    def __init__(self, keys: list[tuple[int, int]]) -> None:
        super().__init__()
        self.keys = keys


def lock(dataset: UUID) -> None:
    """Let nobody else write to the dataset until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [str(dataset)])


def merge(dataset: UUID, rows: Rows, number: int, *, on_conflict: str) -> Merged:
    """Store rows as revision `number`; raise Contradiction under `on_conflict="error"`."""
    if not len(rows):
        return Merged()
    stations, first, last = rows.spans()
    spans = [stations.tolist(), _instants(first), _instants(last)]
    with connection.cursor() as cursor:
        if not rows.removes:
            cursor.execute(IS_ANYTHING_STORED, [*spans, dataset])
            # A row that says nothing must not be stored.
            if not cursor.fetchone()[0] and not rows.says_nothing:
                return _copy_straight(cursor, dataset, rows, number, spans)
        return _merge_staged(cursor, dataset, rows, number, on_conflict)


def _copy_straight(
    cursor: Any, dataset: UUID, rows: Rows, number: int, spans: list[list[Any]]
) -> Merged:
    """Nothing is stored in the span of these rows, so nothing has to be compared."""
    constants = (dataset.bytes, struct.pack(">i", number))
    copy_in(cursor, COPY_STRAIGHT, rows.chunks(*constants))
    cursor.execute(EXTENTS_OF_SPANS, [dataset, number, *spans])
    return Merged(inserted=len(rows))


def _merge_staged(cursor: Any, dataset: UUID, rows: Rows, number: int, on_conflict: str) -> Merged:
    delta = _make_delta(cursor, dataset, rows)
    merged = Merged(unchanged=len(rows) - delta)
    if delta and on_conflict == "error":
        cursor.execute(CONTRADICTED)
        keys = cursor.fetchall()
        if keys:
            raise Contradiction(keys)
    if delta and on_conflict == "skip":
        cursor.execute("DELETE FROM delta WHERE was IS NOT NULL")
        merged.skipped = cursor.rowcount
    if delta > merged.skipped:
        values = {"dataset": dataset, "n": number}
        _apply_delta(cursor, values, merged, delta - merged.skipped, removes=rows.removes)
    # Not left to the commit: the caller's transaction may go on with another write.
    cursor.execute("DROP TABLE stage, delta")
    return merged


def _make_delta(cursor: Any, dataset: UUID, rows: Rows) -> int:
    """Fill the table `delta`; say how many rows it has."""
    cursor.execute(STAGE)
    copy_in(cursor, "COPY stage FROM STDIN (FORMAT binary)", rows.chunks())
    many = len(rows) > MANY
    if many:
        # Fix the shape of the join: left to itself the planner once took minutes.
        cursor.execute(FEW_STATISTICS)
        cursor.execute("ANALYZE stage (station_id, timestamp)")
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
    sql = DELTA.format(
        join=BY_ONE_JOIN if many else BY_KEY,
        new="jsonb_strip_nulls(s.value)" if rows.removes else "s.value",
        changed="jsonb_strip_nulls(p.value || s.value)" if rows.removes else "p.value || s.value",
    )
    stations = sorted(set(rows.spans()[0].tolist()))
    lo, hi = _instants(np.array([rows.micros.min(), rows.micros.max()]))
    cursor.execute(sql, {"dataset": dataset, "stations": stations, "lo": lo, "hi": hi})
    delta = int(cursor.rowcount)
    if many:
        cursor.execute("SET LOCAL enable_nestloop = on")
    return delta


def _apply_delta(
    cursor: Any, values: dict[str, Any], merged: Merged, delta: int, *, removes: bool
) -> None:
    cursor.execute(FEW_STATISTICS)
    cursor.execute("ANALYZE delta (station_id, timestamp)")
    cursor.execute(TO_HISTORY, values)
    replaced = cursor.rowcount
    # Without a removal every stored point keeps a value.
    if replaced and removes:
        cursor.execute(EMPTIED)
        (merged.deleted,) = cursor.fetchone()
    if merged.deleted:
        cursor.execute(DELETE_EMPTY, values)
    merged.updated = replaced - merged.deleted
    if merged.updated:
        cursor.execute(CHANGE, values)
    if delta > replaced:
        cursor.execute(INSERT, values)
        merged.inserted = cursor.rowcount
    cursor.execute(EXTENTS, values)


def _instants(micros: Ints) -> list[str]:
    """As texts: µs times an interval is a float to the database, exact only from 1684 to 2255."""
    return [f"{text}Z" for text in np.datetime_as_string(micros.astype("datetime64[us]"))]
