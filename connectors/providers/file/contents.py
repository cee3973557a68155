"""What a table holds, as its columns are explained."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Page, SchemaDriftError, Station, Variable
from connectors.columns import Column, build_table, refuse_web_page, without_sentinels
from connectors.providers.file.formats import read_columns
from connectors.records import latest_rows, numbers_of, timestamps, without
from connectors.rows import Rows
from datasets import times
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError, ProviderUnavailableError

CODE_CHARS = 255


def parse_table(told: Mapping[str, Any], answer: Answer) -> Page:
    if told["format"] != "parquet":
        refuse_web_page("The address", answer)
    if not answer.body.strip():
        raise ProviderUnavailableError("The file is empty.")
    timestamp = told.get("timestamp", "timestamp")
    station = told.get("station_column")
    wanted = dict.fromkeys([timestamp, *([station] if station else []), *told["variables"]])
    rows = read_columns(told, answer.body, list(wanted))
    moments = read_moments(rows, timestamp, told.get("timezone"))
    codes = read_codes(rows, station, told.get("station", ""))
    columns = [
        Column(variable_of(column, facts), read_values(rows, column, told))
        for column, facts in told["variables"].items()
    ]
    rejected = rows.rejected()
    good = pa.array(~rows.bad)
    latest, repeats = latest_rows(codes.filter(good), moments.filter(good))
    table = build_table(
        codes.filter(good).filter(latest),
        moments.filter(good).filter(latest),
        [one.filter(good).filter(latest) for one in columns],
    )
    return Page(
        table,
        stations_of(table, told),
        tuple(column.variable for column in columns),
        rejected,
        (f"{repeats} rows were left out: a later one has the same station and time.",)
        if repeats
        else (),
    )


def variable_of(column: str, facts: Mapping[str, Any]) -> Variable:
    return Variable(**{"name": column, "unit": "", **facts})


def read_moments(rows: Rows, name: str, timezone: str | None) -> pa.Array:
    local = None if timezone is None else times.zone(timezone)
    try:
        moments = times.from_arrow(rows.columns[name], local)
    except InvalidInputError as error:
        raise SchemaDriftError(f"{name} holds no times.") from error
    rows.fault(pa.array(moments.bad), name, "Not a time")
    return timestamps(moments)


def read_codes(rows: Rows, column: str | None, fixed: str) -> pa.Array:
    if column is None:
        return pa.repeat(pa.scalar(fixed, pa.string()), len(rows))
    codes = as_text(rows.columns[column], column)
    is_code = pc.less_equal(pc.utf8_length(codes), CODE_CHARS)
    is_code = pc.and_(is_code, pc.invert(pc.match_substring(codes, "\0")))
    rows.fault(pc.invert(pc.fill_null(is_code, fill_value=False)), column, "Not a station's code")
    return codes


def read_values(rows: Rows, name: str, told: Mapping[str, Any]) -> pa.Array:
    values, missing = rows.columns[name], told.get("missing", [])
    texts = [one for one in missing if isinstance(one, str)]
    if told["variables"][name].get("kind") == "text":
        return without(as_text(values, name), [*texts, *(f"{one:g}" for one in numbers(missing))])
    if pa.types.is_string(values.type):
        text = without(values, texts)
        if told.get("decimal") == ",":
            text = pc.replace_substring(text, ",", ".")
        found = numbers_of(text)
        rows.fault(pc.and_(pc.is_valid(text), pc.is_null(found)), name, "Not a number")
    else:
        found = as_numbers(rows, name)
    return without_sentinels(found, numbers(missing))


def as_numbers(rows: Rows, name: str) -> pa.Array:
    """Numbers of any width; NaN is no value, and what is infinite is bad."""
    values = rows.columns[name]
    try:
        found = values.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaDriftError(f"{name} holds {values.type}, not numbers.") from error
    rows.fault(pc.is_inf(found), name, "Not a number")
    return pc.if_else(pc.is_nan(found), pa.scalar(None, pa.float64()), found)


def as_text(values: pa.Array, name: str) -> pa.Array:
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaDriftError(f"{name} holds {values.type}, not text.") from error


def numbers(missing: list[Any]) -> list[float]:
    """Those of the marks for no value that are numbers."""
    texts = pa.array([str(one) for one in missing], pa.string())
    return [float(one) for one in np.asarray(numbers_of(texts).drop_null())]


def stations_of(table: pa.Table, told: Mapping[str, Any]) -> tuple[Station, ...]:
    if "station_column" in told:
        return tuple(Station(code) for code in table["station"].unique().to_pylist())
    facts = {n: told[n] for n in ("latitude", "longitude", "elevation_m") if n in told}
    # A table without stations is of one without a code.
    return (Station(told.get("station", ""), name=told.get("station_name", ""), **facts),)
