"""Reads hourly observations: fields of ISD, in which commas part numbers from their quality codes.

The form of the fields is that of the "Federal Climate Complex Data Documentation for Integrated
Surface Data", part 3, mandatory data section; the service hands them on as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Flag, Page, Request, SchemaDriftError, Variable
from connectors.columns import (
    TIMESTAMP,
    Column,
    build_table,
    empty_table,
    grades,
    outside,
    times_of,
)
from connectors.providers.noaa.access import csv_body, read_station, require_columns
from connectors.rows import Sheet
from datastream.core.answers import Answer

# fmt: off
# Name, unit, CF standard name, cell method, least and greatest possible value, description
ELEMENTS: tuple[tuple[str, str, str, str, float, float, str], ...] = (
    ("wind_direction", "degree", "wind_from_direction", "", 0, 360,
     "Where the wind comes from; without a value in a calm and when it varies."),
    ("wind_speed", "m s-1", "wind_speed", "time: mean", 0, 90, "Wind speed."),
    ("ceiling_height", "m", "", "time: point", 0, 22000,
     "Height of the lowest layer of clouds over more than half of the sky; 22000 is unlimited."),
    ("visibility", "m", "visibility_in_air", "time: point", 0, 160000, "Horizontal visibility."),
    ("air_temperature", "degC", "air_temperature", "time: point", -93.2, 61.8, "Air temperature."),
    ("dew_point", "degC", "dew_point_temperature", "time: point", -98.2, 36.8, "Dew point."),
    ("sea_level_pressure", "hPa", "air_pressure_at_mean_sea_level", "time: point", 860, 1090,
     "Air pressure, reduced to mean sea level."),
)
# fmt: on
VARIABLES = {
    name: Variable(
        name,
        unit,
        standard_name,
        cell_method,
        interval="PT1H",
        valid_min=low,
        valid_max=high,
        description=description,
    )
    for name, unit, standard_name, cell_method, low, high, description in ELEMENTS
}
FLAGS = {
    "0": Flag("Passed the check of gross limits"),
    "1": Flag("Passed all checks"),
    "2": Flag("Suspect", 3),
    "3": Flag("Erroneous", 4),
    "4": Flag("Passed the check of gross limits; from NCEI"),
    "5": Flag("Passed all checks; from NCEI"),
    "6": Flag("Suspect; from NCEI", 3),
    "7": Flag("Erroneous; from NCEI", 4),
    "9": Flag("Passed the check of gross limits, if there is a value"),
    "A": Flag("Was suspect, accepted as good"),
    "C": Flag("In whole degrees, from an automated station; accepted as good"),
    "I": Flag("Inserted by a validator"),
    "M": Flag("Changed by hand, on information of the weather service"),
    "P": Flag("Replaced by a validator, though not suspect"),
    "R": Flag("Replaced by a value that NCEI computed"),
    "U": Flag("Replaced by an edited value"),
}
PASSED = ("1", "5")
QUALITIES = {mark: flag.quality for mark, flag in FLAGS.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """Where a variable stands: its column, the number and its quality code in it, its scale.

    A value of `missing`, as it is written, is none.
    """

    variable: str
    column: str
    pattern: str
    missing: float
    scale: float = 1.0


WIND = (
    r"^(?P<wind_direction>[0-9]{3}),(?P<wind_direction_q>[0-9A-Z]),(?P<kind>[0-9A-Z]),"
    r"(?P<wind_speed>[0-9]{4}),(?P<wind_speed_q>[0-9A-Z])$"
)
FIELDS = (
    Field("wind_direction", "WND", WIND, 999),
    Field("wind_speed", "WND", WIND, 9999, 10.0),
    Field(
        "ceiling_height",
        "CIG",
        r"^(?P<ceiling_height>[0-9]{5}),(?P<ceiling_height_q>[0-9A-Z]),[0-9A-Z],[0-9A-Z]$",
        99999,
    ),
    Field(
        "visibility",
        "VIS",
        r"^(?P<visibility>[0-9]{6}),(?P<visibility_q>[0-9A-Z]),[0-9A-Z],[0-9A-Z]$",
        999999,
    ),
    Field(
        "air_temperature",
        "TMP",
        r"^(?P<air_temperature>[+-][0-9]{4}),(?P<air_temperature_q>[0-9A-Z])$",
        9999,
        10.0,
    ),
    Field(
        "dew_point", "DEW", r"^(?P<dew_point>[+-][0-9]{4}),(?P<dew_point_q>[0-9A-Z])$", 9999, 10.0
    ),
    Field(
        "sea_level_pressure",
        "SLP",
        r"^(?P<sea_level_pressure>[0-9]{5}),(?P<sea_level_pressure_q>[0-9A-Z])$",
        99999,
        10.0,
    ),
)
COLUMNS = {field.variable: field.column for field in FIELDS}
# Several reports may be of one minute: for each field the first of these that has it.
REPORTS = ("FM-15", "FM-16", "FM-12")


def parse_hourly(request: Request, answer: Answer) -> Page:
    body = csv_body(answer)
    if body is None:
        return Page(empty_table())
    sheet = Sheet(body)
    require_columns(sheet, "STATION", "DATE")
    fields = [field for field in FIELDS if field.column in sheet.columns]
    wanted = set(request.told["variables"])
    if len(sheet) and not {field.variable for field in fields} & wanted:
        raise SchemaDriftError("NOAA's answer has none of the columns that were asked for.")
    instants = read_instants(sheet, request)
    columns = [read_field(sheet, field) for field in fields if field.variable in wanted]
    rejected = sheet.rejected()
    kept = pa.array(~sheet.bad)
    order = preference(sheet)
    chosen, notes = merge(instants, columns, order, ~sheet.bad)
    table = build_table(request.station, *chosen)
    return Page(table, read_station(sheet, request.station, kept), rejected=rejected, notes=notes)


def read_instants(sheet: Sheet, request: Request) -> pa.Array:
    """DATE, which is UTC; marks rows of other stations and days than asked for."""
    is_ours = pc.fill_null(pc.equal(sheet.columns["STATION"], request.station), fill_value=False)
    sheet.fault(pc.invert(is_ours), "STATION", "Not the station that was asked for")
    instants = times_of(sheet.columns["DATE"], "%Y-%m-%dT%H:%M:%S")
    sheet.fault(pc.is_null(instants), "DATE", "Not a time")
    is_outside = outside(instants, request.window)
    sheet.fault(is_outside, "DATE", "Not within the days that were asked for")
    return instants


def read_field(sheet: Sheet, field: Field) -> Column:
    """A variable, with its quality code where there is a value."""
    parts = pc.extract_regex(sheet.columns[field.column], field.pattern)
    is_odd = pc.and_(pc.is_valid(sheet.columns[field.column]), pc.is_null(parts))
    sheet.fault(is_odd, field.column, "Not a field as documented")
    numbers = pc.struct_field(parts, [field.variable]).cast(pa.float64())
    is_missing = pc.equal(pc.abs(numbers), field.missing)
    numbers = pc.if_else(is_missing, pa.scalar(None, pa.float64()), numbers)
    values = pc.divide(numbers, field.scale)
    marks = pc.struct_field(parts, [f"{field.variable}_q"])
    # Of a value that passed everything, as almost all do, nothing is said.
    is_told = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(marks, pa.array(PASSED))))
    marks = pc.if_else(is_told, marks, pa.scalar(None, pa.string()))
    said = {"flags": marks, "quality": grades(marks, QUALITIES)}
    return Column(VARIABLES[field.variable], values, said)


def preference(sheet: Sheet) -> NDArray[np.int64]:
    """The rank of each report among those of its minute; 0 is the best."""
    nothing = pa.nulls(len(sheet), pa.string())
    kinds = sheet.columns.get("REPORT_TYPE", nothing)
    return np.asarray(pc.fill_null(pc.index_in(kinds, pa.array(REPORTS)), len(REPORTS)))


def merge(
    instants: pa.Array, columns: Sequence[Column], order: NDArray[np.int64], good: NDArray[np.bool_]
) -> tuple[tuple[pa.Array, list[Column]], tuple[str, ...]]:
    """One row an instant: each field from the best report of that minute that has it.

    Wind speed and direction are of one field, so that they are never of two reports.
    """
    micros = instants.cast(pa.int64()).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(good)
    rows = rows[np.lexsort((order[rows], micros[rows]))]
    times, at = np.unique(micros[rows].astype(np.int64), return_inverse=True)
    reported: dict[str, NDArray[np.bool_]] = {}
    for column in columns:
        has_value = column.values.is_valid().to_numpy(zero_copy_only=False)
        field = COLUMNS[column.variable.name]
        reported[field] = reported.get(field, np.zeros(len(good), bool)) | has_value
    merged = [
        _taken(column, _firsts(reported[COLUMNS[column.variable.name]], rows, at, len(times)))
        for column in columns
    ]
    repeated = len(rows) - len(times)
    notes = (f"{repeated} more reports of the same minutes filled gaps.",) if repeated else ()
    return (pa.array(times).cast(TIMESTAMP), merged), notes


def _firsts(
    reported: NDArray[np.bool_], rows: NDArray[np.int64], at: NDArray[np.int64], n: int
) -> pa.Array:
    """For each of n instants the first row that reports a field; null where none does."""
    has_field = reported[rows]
    slots, firsts = np.unique(at[has_field], return_index=True)
    position = np.full(n, -1)
    position[slots] = rows[has_field][firsts]
    return pa.array(position, mask=position < 0)


def _taken(column: Column, rows: pa.Array) -> Column:
    said = {name: texts.take(rows) for name, texts in column.said.items()}
    return Column(column.variable, column.values.take(rows), said)
