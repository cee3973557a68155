"""Reads the daily summaries of the Access Data Service from CSV, by column and never by value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Flag, Page, Request, SchemaDriftError, Variable
from connectors.columns import (
    FAILED,
    Column,
    blank_to_null,
    build_table,
    empty_table,
    grades,
    outside,
    refuse_impossible,
    times_of,
    without_sentinels,
)
from connectors.providers.noaa.access import (
    FIXED_COLUMNS,
    NUMBER,
    PREFIX,
    csv_body,
    read_station,
    require_columns,
)
from connectors.providers.noaa.elements import MEASUREMENT_FLAGS, MISSING, VARIABLES
from connectors.rows import Rows, Sheet
from datastream.core.answers import Answer

SUFFIX = "_ATTRIBUTES"
HHMM = r"^[0-9]{1,4}$"
# Measurement, quality and source letter, and where there are four parts the time of observation.
ATTRIBUTES = (
    r"^ *(?P<m>[A-Za-z0-9]?) *, *(?P<q>[A-Za-z0-9]?) *, *(?P<s>[A-Za-z0-9]?) *"
    r"(?:, *(?P<t>[0-9]{0,4}) *)?$"
)
AIR_TEMPERATURES = ("TMAX", "TMIN", "TAVG", "TOBS")
# No air temperature comes near this in degC; one that does is in tenths, or in degF.
MAX_TEMPERATURE_DEGC = 90.0
# A month's usual daily range is 3 to 20 degC anywhere on earth; in tenths it is 30 and more.
MAX_USUAL_RANGE_DEGC = 40.0


def parse_daily(request: Request, answer: Answer) -> Page:
    body = csv_body(answer)
    if body is None:
        return Page(empty_table())
    sheet = Sheet(body)
    require_columns(sheet, "STATION", "DATE")
    wanted, notes = choose_variables(sheet, str(request.params.get("dataTypes", "")))
    days = read_days(sheet, request)
    elements = [read_element(sheet, variable) for variable in wanted]
    repeats = find_repeats(sheet, days)
    rejected = sheet.rejected()
    kept = pa.array(~(sheet.bad | repeats))
    elements = [element.filter(kept) for element in elements]
    refuse_other_units(elements)
    if repeats.any():
        notes.append(f"{int(repeats.sum())} repeated rows were left out.")
    table = build_table(request.station, days.filter(kept), list(map(as_column, elements)))
    return Page(
        table, read_station(sheet, request.station, kept), rejected=rejected, notes=tuple(notes)
    )


def choose_variables(sheet: Sheet, asked: str) -> tuple[list[Variable], list[str]]:
    """The variables to read, and notes on columns that nobody knows."""
    elements = {name.removesuffix(SUFFIX) for name in set(sheet.columns) - FIXED_COLUMNS}
    wanted = set(asked.split(",")) if asked else set(VARIABLES)
    unknown = ", ".join(sorted(elements - set(VARIABLES))[:20])
    chosen = [VARIABLES[name] for name in sheet.columns if name in wanted & set(VARIABLES)]
    # An element that has gone while a stranger has come was renamed.
    if unknown and (not chosen or (asked and len(chosen) < len(wanted))):
        raise SchemaDriftError(f"NOAA's answer has unknown columns instead of ours: {unknown}.")
    return chosen, [f"Unknown columns were left out: {unknown}."] if unknown else []


def read_days(sheet: Sheet, request: Request) -> pa.Array:
    """DATE as its midnight; marks rows of other stations and days than asked for."""
    stations, dates = sheet.columns["STATION"], sheet.columns["DATE"]
    codes = pc.replace_substring_regex(stations, f"^{PREFIX}", "")
    is_ours = pc.fill_null(pc.equal(codes, request.station), fill_value=False)
    sheet.fault(pc.invert(is_ours), "STATION", "Not the station that was asked for")
    days = times_of(dates, "%Y-%m-%d")
    sheet.fault(pc.is_null(days), "DATE", "Not a date")
    is_outside = outside(days, request.window)
    sheet.fault(is_outside, "DATE", "Not within the days that were asked for")
    return days


@dataclass(frozen=True, slots=True)
class Element:
    """One element of all rows: its values, and its letters where there is a value."""

    variable: Variable
    values: pa.Array
    measurement: pa.Array
    quality: pa.Array
    source: pa.Array
    observed: pa.Array

    def filter(self, kept: pa.BooleanArray) -> "Element":
        columns = (self.values, self.measurement, self.quality, self.source, self.observed)
        return Element(self.variable, *(column.filter(kept) for column in columns))

    @property
    def trusted(self) -> NDArray[np.float64]:
        """The values that passed NOAA's checks; NaN where there is none."""
        values = pc.if_else(pc.is_null(self.quality), self.values, pa.scalar(None, pa.float64()))
        return np.asarray(pc.fill_null(values, np.nan))


def read_element(sheet: Sheet, variable: Variable) -> Element:
    name = variable.name
    read = read_times if variable.kind == "text" else read_numbers
    values = read(sheet, name)
    nothing = pa.nulls(len(values), pa.string())
    attributes = pc.if_else(pc.is_valid(values), sheet.columns.get(name + SUFFIX, nothing), nothing)
    return Element(variable, values, *read_letters(sheet, name + SUFFIX, attributes))


def read_letters(rows: Rows, column: str, attributes: pa.Array) -> Iterator[pa.Array]:
    """Measurement, quality and source letter, and time of observation; null where blank."""
    parts = pc.extract_regex(attributes, ATTRIBUTES)
    is_odd = pc.and_(pc.is_valid(attributes), pc.is_null(parts))
    rows.fault(is_odd, column, "Not flags as documented")
    return (blank_to_null(pc.struct_field(parts, [part])) for part in "mqst")


def read_numbers(sheet: Sheet, name: str) -> pa.Array:
    text = sheet.columns[name]
    is_number = pc.match_substring_regex(text, NUMBER)
    sheet.fault(pc.invert(is_number), name, "Not a number")
    values = pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return without_sentinels(values, MISSING)


def read_times(sheet: Sheet, name: str) -> pa.Array:
    text = sheet.columns[name]
    text = pc.if_else(pc.equal(text, "-9999"), pa.scalar(None, pa.string()), text)
    is_time = pc.match_substring_regex(text, HHMM)
    sheet.fault(pc.invert(is_time), name, "Not a time as HHMM")
    return pc.utf8_lpad(text, 4, padding="0")


def find_repeats(sheet: Sheet, days: pa.Array) -> NDArray[np.bool_]:
    """Rows that a later row repeats; where it differs, the earlier is bad and the later holds."""
    rows = pa.table({**sheet.columns, " day": days, " row": np.arange(len(days))})
    good = rows.filter(pa.array(~sheet.bad))
    latest = good.group_by(" day").aggregate([(" row", "max")])[" row_max"].to_numpy()
    repeats = np.zeros(len(days), bool)
    if len(latest) == good.num_rows:
        return repeats
    distinct = (
        good.group_by(list(sheet.columns)).aggregate([(" row", "max")])[" row_max"].to_numpy()
    )
    repeats[np.setdiff1d(good[" row"].to_numpy(), distinct)] = True
    differs = np.zeros(len(days), bool)
    differs[np.setdiff1d(distinct, latest)] = True
    sheet.fault(pa.array(differs), "DATE", "Another row of this day has other values")
    return repeats


def refuse_other_units(elements: Sequence[Element]) -> None:
    """Numbers in tenths, or in Fahrenheit, must not become degC (section 2.3 of NOAA's manual)."""
    numbers = [element for element in elements if element.variable.kind == "number"]
    trusted = {element.variable.name: element.trusted for element in numbers}
    for name in set(AIR_TEMPERATURES) & set(trusted):
        if (np.abs(trusted[name]) > MAX_TEMPERATURE_DEGC).any():
            raise SchemaDriftError(f"{name} lies beyond ±90 degC: its unit is another.")
    if {"TMAX", "TMIN"} <= set(trusted):
        ranges = trusted["TMAX"] - trusted["TMIN"]
        ranges = ranges[np.isfinite(ranges)]
        if len(ranges) and np.median(ranges) > MAX_USUAL_RANGE_DEGC:
            raise SchemaDriftError("TMAX and TMIN lie too far apart for degC: they are in tenths.")
    for element in numbers:
        refuse_impossible(element.variable, trusted[element.variable.name])


def as_column(element: Element) -> Column:
    """An element with what NOAA says of it."""
    said = {
        "flags": written_letters(element.measurement, element.quality),
        "quality": letter_grades(element.measurement, element.quality, MEASUREMENT_FLAGS),
        "sources": element.source,
        "times": element.observed,
    }
    return Column(element.variable, element.values, said)


def written_letters(measurement: pa.Array, quality: pa.Array) -> pa.Array:
    """The letters as NOAA writes them: "T", ",I" or "T,I"; after the comma is that of quality."""
    both = pc.binary_join_element_wise(pc.fill_null(measurement, ""), quality, ",")
    return pc.coalesce(both, measurement)


def letter_grades(measurement: pa.Array, quality: pa.Array, flags: Mapping[str, Flag]) -> pa.Array:
    """Failed where a quality letter stands; else as bad as `flags` says of the measurement's."""
    of_measurement = grades(measurement, {letter: flag.quality for letter, flag in flags.items()})
    return pc.if_else(pc.is_valid(quality), FAILED, of_measurement)
