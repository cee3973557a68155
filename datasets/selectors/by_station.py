"""One number of a variable at each station: its newest value, or the mean or count of a period."""

from dataclasses import replace
from datetime import UTC

import numpy as np
from django.db import connection

from datasets.access import View
from datasets.models import Station, Variable
from datasets.periods import DAY, STEPS, Ints
from datasets.places import seen
from datasets.selectors import statistics
from datasets.selectors.extents import Extent, bounds, ends, extents, stations_of
from datasets.selectors.intervals import variables_of
from datasets.selectors.parts import Calendar, Measures, Part, micros
from datasets.selectors.points import Selection, statement_parts
from datasets.series import StationValue, StationValues
from datastream.core.errors import InvalidInputError

# Beside the newest value that passed, how many are newer: all of those failed.
LATEST = """{cte}
SELECT s.id, z.timestamp, (z.value->>%(name)s)::float8, f.failed
FROM {stations} LEFT JOIN LATERAL {last} z ON true, LATERAL (
    SELECT count(*) AS failed FROM ({now} UNION ALL {then}) p
    WHERE p.timestamp > coalesce(z.timestamp, '-infinity')
) f"""


def values_by_station(
    view: View, selection: Selection, statistic: str, *, most: int
) -> StationValues:
    """The newest value ("latest"), the "mean" or the "count" of the one selected variable.

    Values that failed quality control are left out and counted; of the newest, those after it.
    Every selected station is there, without a value where it has none.

    Raises
    ------
    InvalidInputError
        There is no such variable, it holds texts, or there are more than `most` stations.
    """
    selection = replace(selection, failed=False)
    (variable,) = variables_of(view, selection.variables)
    stations = list(Station.objects.filter(dataset=view.dataset))
    if len(stations) > most:
        message = f"At most {most:,} stations can be shown, and there are {len(stations):,}."
        raise InvalidInputError.of("dataset", message)
    read = _latest if statistic == "latest" else _statistics
    values = read(view, selection, variable, statistic)
    found = [_with_value(view, one, values.get(one.pk)) for one in stations]
    return StationValues(variable.name, variable.unit, variable.standard_name, tuple(found))


Value = tuple[np.datetime64 | None, float | None, int, int]
NO_VALUE: Value = (None, None, 0, 0)


def _with_value(view: View, station: Station, found: Value | None) -> StationValue:
    latitude, longitude = seen(view, station) or (None, None)
    at, value, count, left_out = found or NO_VALUE
    return StationValue(station.code, station.name, latitude, longitude, value, at, count, left_out)


def _latest(view: View, selection: Selection, variable: Variable, _: str) -> dict[int, Value]:
    last = ends(statement_parts(view, selection), count="1")[1]
    parts = statement_parts(view, replace(selection, failed=True))
    sql = LATEST.format(**parts, last=last)
    values = {**stations_of(view, selection), "name": variable.name}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {
            number: (at and _instant(micros(at)), value, int(at is not None), failed)
            for number, at, value, failed in cursor.fetchall()
        }


def _instant(at: int) -> np.datetime64:
    return np.datetime64(at, "us")


def _statistics(
    view: View, selection: Selection, variable: Variable, statistic: str
) -> dict[int, Value]:
    """The mean of all values of the period, or how many there are, from roll-ups where possible."""
    stations = stations_of(view, selection)
    found = extents(view, replace(selection, failed=True), stations)
    lo, hi = bounds(view, selection)
    parts = [_part(one, number, lo, hi) for number, one in enumerate(found)]
    measures = Measures((variable.name,), (variable.pk,), ("mean",))
    are_days = all(edge % DAY == 0 for part in parts for edge in part.edges)
    calendar = Calendar(STEPS["day" if are_days else "hour"], UTC)
    revision = selection.revision
    table = statistics.table(view, revision, parts, measures=measures, calendar=calendar)
    counts, failed = table.count[:, 0], table.flagged[:, 0]
    numbers = table.values(0, "mean") if statistic == "mean" else counts
    # Where one failed, the last that counts may be another.
    passed = extents(view, selection, stations) if failed.any() else found
    last = {one.station: _instant(one.last) for one in passed}
    return {
        one.station: (last.get(one.station), float(n) if count else None, int(count), int(left_out))
        for one, n, count, left_out in zip(found, numbers, counts, failed, strict=True)
    }


def _part(one: Extent, number: int, lo: int, hi: int) -> Part:
    """All of a station as one period: whole days, cut where the selection cuts them."""
    first, last = max(lo, one.first // DAY * DAY), min(hi, (one.last // DAY + 1) * DAY)
    edges: Ints = np.array([first, last], np.int64)
    return Part(one.station, edges, number, first, last)
