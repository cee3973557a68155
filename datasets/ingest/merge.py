"""The merge of sorted rows into the points, inside the caller's transaction.

The recipe, its figures and the traps it walks round are in docs/adr/0002-natural-key.md.
"""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from datasets.ingest.copy import copy_in
from datasets.ingest.rows import Ints, Rows
from datasets.ingest.spans import Spans
from datasets.ingest.torn import Torn

# Above this the planner is held to one bounded hash join; below, each row is looked up by its key.
MANY = 20_000

PointKey = tuple[int, int]  # station and µs

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
COPY_STAGE = "COPY stage FROM STDIN (FORMAT binary)"
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
           CASE WHEN p.revision IS NULL THEN s.metadata
                WHEN s.metadata IS NULL AND p.metadata IS NULL THEN NULL
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
MERGED_VALUE = "p.value || s.value"
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
SELECT %(dataset)s, %(n)s, station_id, min(start), max("end") FROM (
    SELECT * FROM unnest(%(stations)s::bigint[], %(lo)s::timestamptz[], %(hi)s::timestamptz[])
        straight(station_id, start, "end") {delta}
) touched GROUP BY station_id"""
# One extent for what lies close together, so that a few far corrections do not cover all between.
ISLANDS = """
INSERT INTO revision_extents (dataset_id, number, station_id, start, "end")
SELECT %(dataset)s, %(n)s, station_id, min(timestamp), max(timestamp) FROM (
    SELECT station_id, timestamp, count(*) FILTER (WHERE begins) OVER w AS island FROM (
        SELECT station_id, timestamp,
               timestamp - lag(timestamp) OVER w > interval '366 days' AS begins
        FROM delta WINDOW w AS (PARTITION BY station_id ORDER BY timestamp)
    ) changed WINDOW w AS (PARTITION BY station_id ORDER BY timestamp)
) grouped GROUP BY station_id, island"""
OF_DELTA = "UNION ALL SELECT station_id, min(timestamp), max(timestamp) FROM delta GROUP BY 1"
CONTRADICTED = """
SELECT station_id, (extract(epoch FROM timestamp) * 1000000)::bigint
FROM delta WHERE was IS NOT NULL ORDER BY station_id, timestamp LIMIT 100"""


@dataclass(slots=True)
class Merged:
    """How many rows of the merge became what; `torn` ones stood twice with other contents."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: int = 0
    torn: int = 0
    torn_keys: list[PointKey] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted


class Contradiction(Exception):  # noqa: N818 - a signal to the caller, who makes it an error
    """Stored points have other values and may not be overwritten: (station, µs) of up to 100."""

    def __init__(self, keys: list[PointKey]) -> None:
        super().__init__()
        self.keys = keys


class Merge:
    """Revision `number` of a dataset in the making.

    Rows go straight into the points where nothing is stored in their span, rows of this revision
    included; others go to a stage, which `finish` merges by one join.
    """

    def __init__(self, cursor: Any, dataset: UUID, number: int) -> None:
        self.merged = Merged()
        # Takes in the rows as they were sent, in the order of their batches.
        self.content = hashlib.sha256()
        self.straight, self.staged = Spans(), Spans()
        self._cursor, self._dataset, self._number = cursor, dataset, number
        self._staged_rows = 0
        self._removes = False

    @property
    def extent(self) -> tuple[int, int]:
        """First and last instant of all rows, in µs."""
        both = [spans.extent for spans in (self.straight, self.staged) if spans.first]
        return min(lo for lo, _ in both), max(hi for _, hi in both)

    def add(self, rows: Rows) -> None:
        if not len(rows):
            return
        spans = rows.spans()
        if self._goes_straight(rows, spans):
            constants = (self._dataset.bytes, struct.pack(">i", self._number))
            copy_in(self._cursor, COPY_STRAIGHT, rows.chunks(self.content, *constants))
            self.merged.inserted += len(rows)
            self.straight.add(*spans)
        else:
            self._stage(rows)
            self.staged.add(*spans)

    def _goes_straight(self, rows: Rows, spans: tuple[Ints, Ints, Ints]) -> bool:
        # A row that says nothing must not be stored.
        if rows.removes or rows.says_nothing or self.staged.overlap(*spans):
            return False
        stations, first, last = spans
        asked = [stations.tolist(), _instants(first), _instants(last), self._dataset]
        self._cursor.execute(IS_ANYTHING_STORED, asked)
        return not self._cursor.fetchone()[0]

    def _stage(self, rows: Rows) -> None:
        if not self._staged_rows:
            self._cursor.execute(STAGE)
        copy_in(self._cursor, COPY_STAGE, rows.chunks(self.content))
        self._staged_rows += len(rows)
        self._removes |= rows.removes

    def finish(self, on_conflict: str) -> Merged:
        """Merge what is staged; Contradiction under `on_conflict="error"`."""
        if self._staged_rows:
            self._merge_staged(on_conflict)
        if self.merged.changed:
            self._note_extents()
        if self._staged_rows:
            # Not left to the commit: the caller's transaction may go on with another write.
            self._cursor.execute("DROP TABLE stage, delta")
        return self.merged

    def _merge_staged(self, on_conflict: str) -> None:
        staged, merged = self._staged_rows, self.merged
        with Torn(self._cursor, self._dataset, self._number) as torn:
            if self.staged.overlapped:
                staged -= torn.take_from_stage()
            delta = self._make_delta()
            if self.staged.meets(self.straight):
                torn_in_delta, torn_in_stage = torn.take_from_delta()
                staged, delta = staged - torn_in_stage, delta - torn_in_delta
                merged.inserted -= torn.take_from_points()
            merged.torn, merged.torn_keys = torn.rows, torn.keys()
        merged.unchanged = staged - delta
        if delta and on_conflict == "error":
            self._refuse_contradictions()
        if delta and on_conflict == "skip":
            self._cursor.execute("DELETE FROM delta WHERE was IS NOT NULL")
            merged.skipped = self._cursor.rowcount
        if delta > merged.skipped:
            self._apply_delta(delta - merged.skipped)

    def _refuse_contradictions(self) -> None:
        self._cursor.execute(CONTRADICTED)
        keys = self._cursor.fetchall()
        if keys:
            raise Contradiction(keys)

    def _make_delta(self) -> int:
        """Fill the table `delta`; say how many rows it has."""
        cursor, many = self._cursor, self._staged_rows > MANY
        if many:
            # Fix the shape of the join: left to itself the planner once took minutes.
            cursor.execute(FEW_STATISTICS)
            cursor.execute("ANALYZE stage (station_id, timestamp)")
            cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        sql = DELTA.format(
            join=BY_ONE_JOIN if many else BY_KEY,
            new="jsonb_strip_nulls(s.value)" if self._removes else "s.value",
            changed="jsonb_strip_nulls(p.value || s.value)" if self._removes else MERGED_VALUE,
        )
        lo, hi = _instants(np.array(self.staged.extent))
        stations = sorted(self.staged.first)
        cursor.execute(sql, {"dataset": self._dataset, "stations": stations, "lo": lo, "hi": hi})
        delta = int(cursor.rowcount)
        if many:
            cursor.execute("SET LOCAL enable_nestloop = on")
        return delta

    def _apply_delta(self, delta: int) -> None:
        cursor, merged = self._cursor, self.merged
        values = {"dataset": self._dataset, "n": self._number}
        cursor.execute(FEW_STATISTICS)
        cursor.execute("ANALYZE delta (station_id, timestamp)")
        cursor.execute(TO_HISTORY, values)
        replaced = cursor.rowcount
        # Without a removal every stored point keeps a value.
        if replaced and self._removes:
            cursor.execute(EMPTIED)
            (merged.deleted,) = cursor.fetchone()
        if merged.deleted:
            cursor.execute(DELETE_EMPTY, values)
        merged.updated = replaced - merged.deleted
        if merged.updated:
            cursor.execute(CHANGE, values)
        if delta > replaced:
            cursor.execute(INSERT, values)
            merged.inserted += cursor.rowcount

    def _note_extents(self) -> None:
        spans, changed = self.straight, self.merged.changed
        if not spans.first and changed <= MANY:
            self._cursor.execute(ISLANDS, {"dataset": self._dataset, "n": self._number})
            return
        values = {
            "dataset": self._dataset,
            "n": self._number,
            "stations": list(spans.first),
            "lo": _instants(np.array(list(spans.first.values()), np.int64)),
            "hi": _instants(np.array(list(spans.last.values()), np.int64)),
        }
        self._cursor.execute(EXTENTS.format(delta=OF_DELTA if self._staged_rows else ""), values)


def _instants(micros: Ints) -> list[str]:
    """As texts: µs times an interval is a float to the database, exact only from 1684 to 2255."""
    return [f"{text}Z" for text in np.datetime_as_string(micros.astype("datetime64[us]"))]
