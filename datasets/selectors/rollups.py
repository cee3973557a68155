"""Statistics from daily and monthly roll-ups, where these are valid for the revision asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from datasets.access import View
from datasets.selectors.parts import PARTS, Floats, Measures, Part, micros, parameters

# To look further back or ahead takes longer than to read the points.
MOST_REVISIONS = 5000
TOUCHED = """
SELECT station_id, min(start), max("end") FROM revision_extents
WHERE dataset_id = %s AND number > %s AND number <= %s AND station_id = ANY(%s)
GROUP BY station_id"""
SQL = {
    "mean": 'sum("sum") / nullif(sum(n), 0)',
    "min": "min(min)",
    "max": "max(max)",
    "sum": 'CASE WHEN sum(n) > 0 THEN sum("sum") END',
    # Chan, Golub and LeVeque 1979: squared distances from the means of parts, and of those from
    # the mean of all.
    "std": """CASE WHEN sum(n) > 1 THEN sqrt(
        sum(squared_deviations + n * (own_mean - mean) * (own_mean - mean)) FILTER (WHERE n > 0)
        / (sum(n) - 1)) END""",
}
MEANS = """,
    "sum" / nullif(n, 0) AS own_mean,
    (sum("sum") OVER w) / nullif(sum(n) OVER w, 0) AS mean"""
# The revision of the roll-ups is read in the statement that reads them: they are of one state.
READ = """
SELECT d.rollup_revision, q.* FROM datasets d
LEFT JOIN LATERAL (
    WITH {parts}
    SELECT bool_or("sum" = 'infinity'), cell, variable, sum(n), sum(flagged){aggregates}
    FROM (
        SELECT *{means} FROM (
            SELECT s.first + width_bucket(r.start, s.edges) - 1 AS cell, v.place - 1 AS variable,
                   r.n, r.flagged, r."sum", r.squared_deviations, r.min, r.max
            FROM parts s, unnest(%(numbers)s::bigint[]) WITH ORDINALITY v(id, place), LATERAL (
                SELECT * FROM rollups r
                WHERE r.dataset_id = %(dataset)s AND r.station_id = s.id AND r.variable_id = v.id
                AND r.period = %(grain)s AND r.start >= s.lo AND r.start < s.hi
                OFFSET 0
            ) r
        ) rows {window}
    ) measured
    GROUP BY cell, variable
) q ON d.rollup_revision = %(made)s
WHERE d.id = %(dataset)s"""
WINDOW = "WINDOW w AS (PARTITION BY cell, variable)"


def split(
    view: View, revision: int, parts: Sequence[Part], *, measures: Measures, grain: str | None
) -> tuple[list[Part], list[Part]]:
    """What roll-ups may answer, and what must be read from the points.

    Roll-ups know no quantiles and leave failed values out. They are of one revision, which may be
    before or after that asked: periods that were touched in between are read from the points, and
    so are those of which only a part is inside the window.
    """
    made = view.dataset.rollup_revision
    is_known = measures.failed is False and set(measures.statistics) <= SQL.keys()
    if grain is None or not is_known or not made or abs(made - revision) > MOST_REVISIONS:
        return [], list(parts)
    touched = _touched(view, parts, *sorted((made, revision))) if made != revision else {}
    ready: list[Part] = []
    raw: list[Part] = []
    for part in parts:
        pieces = _pieces(part, touched.get(part.station))
        for is_ready, begin, end in pieces:
            if begin < end:
                (ready if is_ready else raw).append(part.cut(begin, end))
    return ready, raw


def _touched(view: View, parts: Sequence[Part], old: int, new: int) -> dict[int, tuple[int, int]]:
    """Station → the first and the last instant that changed between two revisions, µs."""
    stations = list({part.station for part in parts})
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, [view.dataset.pk, old, new, stations])
        return {number: (micros(first), micros(last)) for number, first, last in cursor}


def _pieces(part: Part, touched: tuple[int, int] | None) -> list[tuple[bool, int, int]]:
    """(whether from roll-ups, first period, the one after the last), in their order."""
    begin = int(np.searchsorted(part.edges, part.lo, "left"))
    end = max(begin, int(np.searchsorted(part.edges, part.hi, "right")) - 1)
    if touched is None:
        return [(False, 0, begin), (True, begin, end), (False, end, part.size)]
    first = int(np.searchsorted(part.edges, touched[0], "right")) - 1
    after = int(np.searchsorted(part.edges, touched[1], "right"))
    first, after = (min(max(place, begin), end) for place in (first, after))
    return [
        (False, 0, begin),
        (True, begin, first),
        (False, first, after),
        (True, after, end),
        (False, end, part.size),
    ]


def read(
    view: View, parts: Sequence[Part], numbers: Floats, *, measures: Measures, grain: str
) -> bool:
    """Fill in what roll-ups give; False, and nothing filled in, where they cannot be taken now."""
    made = view.dataset.rollup_revision
    values: dict[str, Any] = {
        "dataset": view.dataset.pk, "numbers": list(measures.numbers), "grain": grain,
        "made": made, **parameters(parts),
    }  # fmt: skip
    is_squared = "std" in measures.statistics
    sql = READ.format(
        parts=PARTS,
        aggregates="".join(f", {SQL[statistic]}" for statistic in measures.statistics),
        means=MEANS if is_squared else "",
        window=WINDOW if is_squared else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    if not rows or any(row[0] != made or row[1] for row in rows):
        return False
    if rows[0][2] is None:  # the roll-ups have nothing there
        return True
    found = np.array(rows, dtype=np.float64)
    cells, variables = found[:, 2].astype(np.int64), found[:, 3].astype(np.int64)
    numbers[cells, variables] = found[:, 4:]
    return True
