"""Statistics of variables over periods, from raw points and, where they are valid, roll-ups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import DataError, connection

from datasets.access import View
from datasets.selectors import rollups
from datasets.selectors.parts import (
    COUNT,
    FLAGGED,
    PARTS,
    Calendar,
    Floats,
    Measures,
    Part,
    parameters,
)
from datasets.selectors.points import Selection, statement_parts
from datastream.core.errors import InvalidInputError

# A sample's standard deviation; quantiles between two values lie on the line between them.
SQL = {
    "mean": "avg({v})",
    "min": "min({v})",
    "max": "max({v})",
    "sum": "sum({v})",
    "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY {v})",
    "p05": "percentile_cont(0.05) WITHIN GROUP (ORDER BY {v})",
    "p95": "percentile_cont(0.95) WITHIN GROUP (ORDER BY {v})",
    "std": "stddev_samp({v})",
}
# A statement has at most 1,664 columns.
VARIABLES_AT_ONCE = 100
RAW = """{cte}
SELECT cell, {aggregates}
FROM (
    SELECT s.first + width_bucket(p.timestamp, s.edges) - 1 AS cell, {values}
    FROM parts s, LATERAL ({now} UNION ALL {then}) p
    OFFSET 0
) points
GROUP BY cell"""
NUMBER = "(p.value->>%(name{i})s)::float8"
# 4 is "fail" on the QARTOD scale.
IS_FAILED = "p.metadata->'quality'->%(name{i})s = '4'"
PASSED = f"CASE WHEN {IS_FAILED} THEN NULL ELSE {NUMBER} END"
FLAG = f"({IS_FAILED} AND p.value ? %(name{{i}})s)"


@dataclass(frozen=True, slots=True)
class Table:
    """What was asked, by period and variable: shape (periods, variables, …); NaN is none."""

    measures: Measures
    numbers: Floats

    @property
    def count(self) -> Floats:
        return self.numbers[:, :, COUNT]

    @property
    def flagged(self) -> Floats:
        return self.numbers[:, :, FLAGGED]

    def values(self, variable: int, statistic: str) -> Floats:
        place = self.measures.statistics.index(statistic)
        values: Floats = self.numbers[:, variable, 2 + place]
        return values


def table(
    view: View, revision: int, parts: Sequence[Part], *, measures: Measures, calendar: Calendar
) -> Table:
    """The statistics of the periods of all parts, as the dataset stood at a revision."""
    size = max((part.first + part.size for part in parts), default=0)
    numbers = np.full((size, len(measures.names), measures.width), np.nan)
    numbers[:, :, [COUNT, FLAGGED]] = 0
    grain = _grain(parts, calendar)
    ready, raw = rollups.split(view, revision, parts, measures=measures, grain=grain)
    if ready and not rollups.read(view, ready, numbers, measures=measures, grain=str(grain)):
        raw += ready
    for begin in range(0, len(measures.names) if raw else 0, VARIABLES_AT_ONCE):
        some = slice(begin, begin + VARIABLES_AT_ONCE)
        part = replace(measures, names=measures.names[some], numbers=measures.numbers[some])
        _read(view, revision, raw, numbers[:, some], measures=part)
    return Table(measures, numbers)


def _grain(parts: Sequence[Part], calendar: Calendar) -> str | None:
    if not parts:
        return None
    first, last = min(part.edges[0] for part in parts), max(part.edges[-1] for part in parts)
    return calendar.grain(int(first), int(last))


def _read(
    view: View, revision: int, parts: Sequence[Part], numbers: Floats, *, measures: Measures
) -> None:
    """Fill in what the points themselves give, by one statement."""
    # Failed values are there to be counted.
    rows = statement_parts(view, Selection(revision))
    rows["cte"] = f"{rows['cte']}, {PARTS}" if rows["cte"] else f"WITH {PARTS}"
    values: dict[str, Any] = {"dataset": view.dataset.pk, "n": revision, **parameters(parts)}
    columns, aggregates = [], []
    for i, name in enumerate(measures.names):
        values[f"name{i}"] = name
        value = NUMBER if measures.failed else PASSED
        columns += [f"{value.format(i=i)} AS v{i}", f"{FLAG.format(i=i)} AS f{i}"]
        aggregates += [f"count(v{i})", f"count(*) FILTER (WHERE f{i})"]
        aggregates += [SQL[statistic].format(v=f"v{i}") for statistic in measures.statistics]
    sql = RAW.format(**rows, aggregates=", ".join(aggregates), values=", ".join(columns))
    found = _fetch(sql, values)
    if len(found):
        cells = found[:, 0].astype(np.int64)
        numbers[cells] = found[:, 1:].reshape(len(found), len(measures.names), measures.width)


def _fetch(sql: str, values: dict[str, Any]) -> Floats:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return np.array(cursor.fetchall(), dtype=np.float64)
    except DataError as error:
        message = "The values are too large to be added up; ask for min, max or median."
        raise InvalidInputError.of("statistic", message) from error
