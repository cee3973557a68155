"""One key sent twice in different batches of a write: equal rows count once, others are torn."""

from types import TracebackType
from typing import Any
from uuid import UUID

TORN = "CREATE TEMP TABLE torn (station_id bigint, timestamp timestamptz) ON COMMIT DROP"
TWINS = """
CREATE TEMP TABLE twins ON COMMIT DROP AS
SELECT station_id, timestamp, count(*) AS rows, min(ctid) AS kept,
       count(DISTINCT (value, metadata)) > 1 AS torn
FROM stage GROUP BY station_id, timestamp HAVING count(*) > 1"""
ANALYZE = "ANALYZE twins (station_id, timestamp)"
TORN_OF_TWINS = "INSERT INTO torn SELECT station_id, timestamp FROM twins WHERE torn"
DROP_TORN = """
DELETE FROM stage s USING twins t
WHERE t.torn AND s.station_id = t.station_id AND s.timestamp = t.timestamp"""
DROP_EQUAL = """
DELETE FROM stage s USING twins t
WHERE s.station_id = t.station_id AND s.timestamp = t.timestamp AND s.ctid <> t.kept"""
# A row of this very revision went straight into the points, and its twin to the stage.
TORN_OF_DELTA = """
WITH gone AS (DELETE FROM delta WHERE was = %s RETURNING station_id, timestamp)
INSERT INTO torn SELECT * FROM gone"""
DROPPED_BEFORE = """
SELECT coalesce(sum(rows - 1), 0) FROM twins JOIN torn USING (station_id, timestamp)
WHERE NOT twins.torn"""
IN_POINTS = """
SELECT count(*) FROM (SELECT DISTINCT station_id, timestamp FROM torn) key, LATERAL (
    SELECT FROM data_points p
    WHERE p.dataset_id = %(dataset)s AND p.station_id = key.station_id
    AND p.timestamp = key.timestamp AND p.revision = %(n)s
    OFFSET 0
) stored"""
# One by one, as in the merge: by key, whatever the planner knows of the tables.
TAKE_OUT = """
DO $$
DECLARE gone record;
BEGIN
    FOR gone IN SELECT DISTINCT station_id, timestamp FROM torn LOOP
        DELETE FROM data_points WHERE dataset_id = %(dataset)s AND revision = %(n)s
        AND station_id = gone.station_id AND timestamp = gone.timestamp;
    END LOOP;
END $$"""
KEYS = """
SELECT DISTINCT station_id, (extract(epoch FROM timestamp) * 1000000)::bigint
FROM torn ORDER BY 1, 2 LIMIT 100"""


class Torn:
    """Takes torn rows out of the stage, the delta and the points; `rows` counts them all."""

    def __init__(self, cursor: Any, dataset: UUID, number: int) -> None:
        self._cursor, self._dataset, self._number = cursor, dataset, number
        self.rows = 0
        self._has_twins = False

    def __enter__(self) -> "Torn":
        self._cursor.execute(TORN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._cursor.execute("DROP TABLE IF EXISTS torn, twins")

    def take_from_stage(self) -> int:
        """Drop twins inside the stage; say how many of the rows dropped were torn."""
        self._cursor.execute(TWINS)
        self._has_twins = bool(self._cursor.rowcount)
        if not self._has_twins:
            return 0
        self._cursor.execute(ANALYZE)
        self._cursor.execute(TORN_OF_TWINS)
        self._cursor.execute(DROP_TORN)
        found = int(self._cursor.rowcount)
        self._cursor.execute(DROP_EQUAL)
        self.rows += found
        return found

    def take_from_delta(self) -> tuple[int, int]:
        """Drop twins of rows that went straight in; how many of delta, how many of the stage."""
        self._cursor.execute(TORN_OF_DELTA, [self._number])
        found = staged = int(self._cursor.rowcount)
        if found and self._has_twins:
            self._cursor.execute(DROPPED_BEFORE)
            staged += int(self._cursor.fetchone()[0])
        self.rows += staged
        return found, staged

    def take_from_points(self) -> int:
        """Take back the rows of this revision whose twins are torn."""
        if not self.rows:
            return 0
        values = {"dataset": self._dataset, "n": self._number}
        self._cursor.execute(IN_POINTS, values)
        (found,) = self._cursor.fetchone()
        self._cursor.execute(TAKE_OUT, values)
        self.rows += found
        return int(found)

    def keys(self) -> list[tuple[int, int]]:
        """Up to a hundred keys, as station and µs."""
        if not self.rows:
            return []
        self._cursor.execute(KEYS)
        return list(self._cursor.fetchall())
