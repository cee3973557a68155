"""A series as arrays, by binary COPY: no object per value."""

import io
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from datasets.access import View
from datasets.models import Kind, Station, Variable
from datasets.places import seen
from datasets.selectors.points import Selection, statement_parts, statement_values
from datasets.series import Series
from datastream.core.errors import InvalidInputError

FAILED = 4  # on the QARTOD scale
SERIES = """{cte}
SELECT p.timestamp, (p.value->>%(variable)s)::float8 AS value,
       coalesce((p.metadata->'quality'->>%(variable)s)::int = {failed}, false) AS failed
FROM {stations}, LATERAL ({now} UNION ALL {then}) p
WHERE p.value->>%(variable)s IS NOT NULL
ORDER BY p.timestamp"""
MORE = """{cte}
SELECT count(*) FROM (
    SELECT 1 FROM {stations}, LATERAL ({now} UNION ALL {then}) p
    WHERE p.value->>%(variable)s IS NOT NULL LIMIT %(most)s + 1
) found"""
# Binary COPY: a header of 19 bytes, then per row the count of fields and each with its length.
HEADER_BYTES = 19
TRAILER_BYTES = 2
ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("time_length", ">i4"),
        ("time", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
        ("failed_length", ">i4"),
        ("failed", "?"),
    ]
)
YEAR_2000 = np.datetime64("2000-01-01", "us")


def number_variables(view: View) -> list[str]:
    """Names of the variables that have numbers."""
    found = Variable.objects.filter(dataset=view.dataset, kind=Kind.NUMBER)
    return list(found.values_list("name", flat=True))


def series(  # noqa: PLR0913 - each chooses which values, and each has a default
    view: View,
    variable: str,
    *,
    station: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    revision: int | None = None,
    include_failed: bool = False,
) -> Series:
    """The series of a variable at a station, in the variable's unit.

    Values whose quality is "failed" are left out and counted, unless `include_failed`.

    Raises
    ------
    InvalidInputError
        No such variable or station, the variable is text, or a station must be chosen.
    """
    found, failed = judged(view, variable, station=station, start=start, end=end, revision=revision)
    return found if include_failed else without(found, failed)


def judged(
    view: View,
    variable: str,
    *,
    station: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    revision: int | None = None,
) -> tuple[Series, NDArray[np.bool_]]:
    """All values of a series, and which of them failed a quality check, shape (n,)."""
    facts, place = find(view, variable, station)
    at = view.dataset.revision if revision is None else revision
    selection = Selection(at, start, end, stations=(place.code,), variables=(variable,))
    rows = _read(view, selection, variable)
    latitude, longitude = seen(view, place) or (None, None)
    found = Series(
        variable=variable,
        unit=facts.unit,
        station=place.code,
        timestamps=_times(rows["time"]),
        values=rows["value"].astype(np.float64),
        station_name=place.name,
        standard_name=facts.standard_name,
        cell_method=facts.cell_method,
        interval=facts.interval,
        latitude=latitude,
        longitude=longitude,
        elevation_m=place.elevation_m,
    )
    return found, rows["failed"]


def without(found: Series, failed: NDArray[np.bool_]) -> Series:
    """The series without its failed values, which are counted."""
    if not failed.any():
        return found
    return replace(
        found,
        timestamps=found.timestamps[~failed],
        values=found.values[~failed],
        left_out=int(failed.sum()),
    )


def has_more_than(view: View, selection: Selection, most: int) -> bool:
    """Whether the selection's first variable has more values; no more than needed are counted."""
    sql = MORE.format(**statement_parts(view, selection))
    values = {**statement_values(view, selection), "variable": selection.variables[0]}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "most": most})
        return bool(cursor.fetchone()[0] > most)


def find(view: View, variable: str, station: str | None = None) -> tuple[Variable, Station]:
    """The number variable and the station of a series; the only station where none is named."""
    return find_variable(view, variable), _station(view, station)


def find_variable(view: View, name: str) -> Variable:
    """The number variable of a name."""
    found = Variable.objects.filter(dataset=view.dataset, name=name).first()
    if found is None:
        raise InvalidInputError.of("variable", f"There is no variable {name[:80]!r} here.")
    if found.kind != Kind.NUMBER:
        raise InvalidInputError.of("variable", f"{name} holds texts, not numbers.")
    return found


def _station(view: View, code: str | None) -> Station:
    stations = Station.objects.filter(dataset=view.dataset)
    if code is not None:
        found = stations.filter(code=code).first()
        if found is None:
            raise InvalidInputError.of("station", f"There is no station {code[:80]!r} here.")
        return found
    first_two = list(stations[:2])
    if len(first_two) != 1:
        message = "Choose a station." if first_two else "The dataset has no points yet."
        raise InvalidInputError.of("station", message)
    return first_two[0]


def _read(view: View, selection: Selection, variable: str) -> NDArray[np.void]:
    sql = SERIES.format(**statement_parts(view, selection), failed=FAILED)
    values = {**statement_values(view, selection), "variable": variable}
    target = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(sql, values).decode()
        with connection.wrap_database_errors:
            copy = f"COPY ({statement}) TO STDOUT WITH (FORMAT binary)"
            cursor.cursor.copy_expert(copy, target)
    body = target.getbuffer()
    return np.frombuffer(body[HEADER_BYTES : len(body) - TRAILER_BYTES], ROW)


def _times(micros: NDArray[np.int64]) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = YEAR_2000 + micros.astype(np.int64).astype("timedelta64[us]")
    return times
