"""Reads the Global Summary of the Month, by column and never by value."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Page, Request, SchemaDriftError
from connectors.columns import (
    TIMESTAMP,
    Column,
    blank_to_null,
    build_table,
    empty_table,
    refuse_impossible,
)
from connectors.providers.noaa.access import (
    FIXED_COLUMNS,
    csv_body,
    read_station,
    require_columns,
)
from connectors.providers.noaa.daily import (
    SUFFIX,
    letter_grades,
    read_numbers,
    written_letters,
)
from connectors.providers.noaa.months import LAYOUTS, MEASUREMENT_FLAGS, USUAL_LAYOUT, VARIABLES
from connectors.rows import Sheet
from datastream.core.answers import Answer


def parse_monthly(request: Request, answer: Answer) -> Page:
    body = csv_body(answer)
    if body is None:
        return Page(empty_table())
    sheet = Sheet(body)
    require_columns(sheet, "STATION", "DATE")
    wanted, notes = choose(sheet, str(request.params.get("dataTypes", "")))
    months = read_months(sheet, request)
    columns = [read_element(sheet, name) for name in wanted]
    rejected = sheet.rejected()
    kept = pa.array(~sheet.bad)
    table = build_table(
        request.station,
        months.filter(kept),
        [column.filter(kept) for column in columns],
    )
    for name in set(wanted) & set(table.schema.names):
        refuse_impossible(VARIABLES[name], np.asarray(table[name].fill_null(np.nan)))
    return Page(table, read_station(sheet, request.station, kept), rejected=rejected, notes=notes)


def choose(sheet: Sheet, asked: str) -> tuple[list[str], tuple[str, ...]]:
    elements = {name.removesuffix(SUFFIX) for name in set(sheet.columns) - FIXED_COLUMNS}
    wanted = set(asked.split(",")) if asked else set(VARIABLES)
    chosen = [name for name in sheet.columns if name in wanted & set(VARIABLES)]
    unknown = ", ".join(sorted(elements - set(VARIABLES))[:20])
    if unknown and not chosen:
        raise SchemaDriftError(f"NOAA's answer has unknown columns instead of ours: {unknown}.")
    return chosen, (f"Unknown columns were left out: {unknown}.",) if unknown else ()


def read_months(sheet: Sheet, request: Request) -> pa.Array:
    """DATE, a month, as the midnight of its first day; a month that comes twice is bad once."""
    is_ours = pc.fill_null(pc.equal(sheet.columns["STATION"], request.station), fill_value=False)
    sheet.fault(pc.invert(is_ours), "STATION", "Not the station that was asked for")
    dates = sheet.columns["DATE"]
    is_month = pc.match_substring_regex(dates, "^[12][0-9]{3}-(0[1-9]|1[0-2])$")
    is_month = pc.fill_null(is_month, fill_value=False)
    sheet.fault(pc.invert(is_month), "DATE", "Not a month")
    first = pc.if_else(is_month, pc.binary_join_element_wise(dates, "01", "-"), "1700-01-01")
    months = pc.strptime(first, format="%Y-%m-%d", unit="us")
    _, firsts = np.unique(np.asarray(months), return_index=True)
    repeats = np.ones(len(dates), bool)
    repeats[firsts] = False
    sheet.fault(pa.array(repeats), "DATE", "Another row of this month came before")
    return months.cast(TIMESTAMP)


def read_element(sheet: Sheet, name: str) -> Column:
    """An element with what its attributes say; odd attributes say nothing."""
    values = read_numbers(sheet, name)
    nothing = pa.nulls(len(values), pa.string())
    attributes = pc.if_else(pc.is_valid(values), sheet.columns.get(name + SUFFIX, nothing), nothing)
    parts = read_parts(attributes, LAYOUTS.get(name, USUAL_LAYOUT))
    measurement, quality = parts.get("m", nothing), parts.get("q", nothing)
    said = {
        "flags": written_letters(measurement, quality),
        "quality": letter_grades(measurement, quality, MEASUREMENT_FLAGS),
        "sources": parts["s"],
        "missing_days": parts.get("a", nothing),
        "days": parts.get("c", nothing),
        "repeated": parts.get("d", nothing),
    }
    return Column(VARIABLES[name], values, said)


def read_parts(attributes: pa.Array, layout: Sequence[str]) -> dict[str, pa.Array]:
    """The parts by their letter; those at the end may be left out."""
    pattern = "".join(f"(?:,(?P<{part}>[^,]*)" for part in layout[1:]) + ")?" * (len(layout) - 1)
    found = pc.extract_regex(attributes, f"^(?P<{layout[0]}>[^,]*){pattern}$")
    return {
        part: blank_to_null(pc.utf8_trim_whitespace(pc.struct_field(found, [part])))
        for part in layout
    }
