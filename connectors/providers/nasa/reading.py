"""Reads the values of POWER's answers, a parameter at a time and never by value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Page, Request, SchemaDriftError, Station, Variable, Window
from connectors.columns import Column, build_table, outside, refuse_impossible, without_sentinels
from connectors.providers.nasa.answers import (
    check_time_standard,
    header_of,
    read_content,
    read_variables,
    words_of,
)
from connectors.providers.nasa.points import Point, in_standard
from connectors.providers.nasa.stamps import ReadStamps, is_annual
from connectors.rows import Rows
from datastream.core.answers import Answer

# The fill value of all answers, and that of some older series.
MISSING = (-999.0, -99.0)
NUMBER = r"^[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?$"
# The answer repeats the place that was asked for, perhaps not to the last digit.
NEAR_DEG = 0.01
# The side of the largest cells.
CELL_DEG = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How a product's answers are read.

    whole_months : whether a stamp stands for a month, and the answer for whole years
    time_standard : whose days are asked for, unless the user says
    """

    variables: Mapping[str, Variable]
    stamps: ReadStamps
    is_dated: bool = True
    whole_months: bool = False
    time_standard: str = "UTC"


@dataclass(frozen=True, slots=True)
class Cell:
    """One feature: a station, and its series by parameter and stamp."""

    station: Station
    series: Mapping[str, Mapping[str, Any]]
    stamps: Sequence[str]


def parse_power(reading: Reading, request: Request, answer: Answer) -> Page:
    content = read_content(answer)
    header = header_of(content)
    notes = words_of(content)
    notes += check_time_standard(header, str(request.params["time-standard"]))
    variables = read_variables(content, request, reading.variables)
    names = [one.name for one in variables]
    cells = read_cells(content, request, names, usual=reading.time_standard)
    rows = Rows(read_columns(cells, variables))
    timestamps = read_timestamps(rows, reading, request.window)
    missing = fill_values(header)
    values = [without_sentinels(read_numbers(rows, one.name), missing) for one in variables]
    rejected = rows.rejected()
    kept = pa.array(~rows.bad & ~without(rows, timestamps, reading, request.window))
    columns = [Column(v, c).filter(kept) for v, c in zip(variables, values, strict=True)]
    for column in columns:
        refuse_impossible(column.variable, np.asarray(column.values.drop_null()))
    table = build_table(rows.columns[" station"].filter(kept), timestamps.filter(kept), columns)
    with_rows = set(table["station"].unique().to_pylist())
    return Page(
        table,
        tuple(cell.station for cell in cells if cell.station.code in with_rows),
        variables=tuple(variables),
        rejected=rejected,
        notes=tuple(dict.fromkeys(notes)),
    )


def read_cells(
    content: Mapping[str, Any], request: Request, names: Sequence[str], *, usual: str
) -> list[Cell]:
    """The features of the answer: the point that was asked for, or each cell of the box once."""
    features = [content] if "latitude" in request.params else content.get("features")
    if not isinstance(features, list):
        raise SchemaDriftError("NASA POWER's answer has no features.")
    cells = [read_cell(feature, request, names, usual=usual) for feature in features]
    if len({cell.station.code for cell in cells}) < len(cells):
        raise SchemaDriftError("A cell has come twice in NASA POWER's answer.")
    return cells


def read_cell(feature: Any, request: Request, names: Sequence[str], *, usual: str) -> Cell:
    try:
        longitude, latitude, *rest = map(float, feature["geometry"]["coordinates"])
        series = {name: feature["properties"]["parameter"][name] for name in names}
        stamps = stamps_of(list(series.values()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaDriftError(
            f"A feature of NASA POWER's answer is not as documented: {error!r}."
        ) from error
    place = Point.of(latitude, longitude)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise SchemaDriftError(f"NASA POWER answered of a place that is none, {place}.")
    elevation_m = rest[0] if rest and rest[0] not in MISSING else None
    code = in_standard(place.code, str(request.params["time-standard"]), usual)
    if "latitude" in request.params:
        refuse_elsewhere(place, request)
        code = request.station
    else:
        refuse_outside(place, request)
    station = Station(code, "", place.latitude, place.longitude, elevation_m)
    return Cell(station, series, stamps)


def stamps_of(series: Sequence[Mapping[str, Any]]) -> list[str]:
    """The stamps of all series, each once; as a rule they have the same."""
    first, *others = (list(one.keys()) for one in series)
    if all(other == first for other in others):
        return first
    return list(dict.fromkeys(chain(first, *others)))


def refuse_elsewhere(place: Point, request: Request) -> None:
    asked = Point(float(str(request.params["latitude"])), float(str(request.params["longitude"])))
    if max(abs(place.latitude - asked.latitude), abs(place.longitude - asked.longitude)) > NEAR_DEG:
        raise SchemaDriftError(
            f"NASA POWER answered of {place.code} although asked of {asked.code}."
        )


def refuse_outside(cell: Point, request: Request) -> None:
    """A cell of the box may have its middle beyond the edge, but by less than its own size."""
    south, north, west, east = (
        float(str(request.params[name]))
        for name in ("latitude-min", "latitude-max", "longitude-min", "longitude-max")
    )
    is_beside = (cell.longitude - west + CELL_DEG) % 360 > east - west + 2 * CELL_DEG
    if is_beside or not south - CELL_DEG <= cell.latitude <= north + CELL_DEG:
        raise SchemaDriftError(f"NASA POWER answered of {cell.code}, which is not in the box.")


def read_columns(cells: Sequence[Cell], variables: Sequence[Variable]) -> dict[str, pa.Array]:
    """Station and stamp of all cells below each other, and the values as they came."""
    counts = [len(cell.stamps) for cell in cells]
    codes = pa.array([cell.station.code for cell in cells], pa.string())
    columns = {
        " station": codes.take(pa.array(np.repeat(np.arange(len(cells)), counts))),
        " stamp": pa.array(list(chain(*(cell.stamps for cell in cells))), pa.string()),
    }
    for name in (one.name for one in variables):
        # Null where a series has no such stamp.
        parts = (map(cell.series[name].get, cell.stamps) for cell in cells)
        columns[name] = as_array(list(chain.from_iterable(parts)))
    return columns


def as_array(values: list[Any]) -> pa.Array:
    """Numbers; where one of them is none, all as texts."""
    try:
        return pa.array(values, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = pa.array(list(map(str, values)), pa.string())
        return pc.if_else(pc.equal(texts, "None"), pa.scalar(None, pa.string()), texts)


def read_numbers(rows: Rows, name: str) -> pa.Array:
    column = rows.columns[name]
    if pa.types.is_string(column.type):
        is_number = pc.match_substring_regex(column, NUMBER)
        rows.fault(pc.invert(is_number), name, "Not a number")
        column = pc.if_else(is_number, column, pa.scalar(None, pa.string())).cast(pa.float64())
    rows.fault(pc.invert(pc.is_finite(column)), name, "Not a finite number")
    return column


def read_timestamps(rows: Rows, reading: Reading, window: Window) -> pa.Array:
    """Marks stamps that are none, and days that were not asked for; years come whole."""
    stamps = rows.columns[" stamp"]
    timestamps = reading.stamps(stamps)
    is_time = pc.or_(pc.is_valid(timestamps), is_annual(stamps))
    rows.fault(pc.invert(is_time), " stamp", "Not a date as documented")
    if reading.is_dated and not reading.whole_months:
        is_outside = outside(timestamps, window)
        rows.fault(is_outside, " stamp", "Not within the days that were asked for")
    return timestamps


def without(rows: Rows, timestamps: pa.Array, reading: Reading, window: Window) -> Any:
    """The rows to leave out in silence: means of years, and months beyond those asked for."""
    left_out = pc.is_null(timestamps)
    if reading.whole_months:
        whole = Window(window.start.replace(day=1), window.end)
        left_out = pc.or_(left_out, pc.fill_null(outside(timestamps, whole), fill_value=True))
    return left_out.to_numpy(zero_copy_only=False)


def fill_values(header: Mapping[str, Any]) -> list[float]:
    fill = header.get("fill_value")
    if fill is None:
        return list(MISSING)
    if isinstance(fill, bool) or not isinstance(fill, int | float):
        raise SchemaDriftError("The fill value of NASA POWER's answer is not a number.")
    return [*MISSING, float(fill)]
