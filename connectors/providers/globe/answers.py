"""Reads an answer of GLOBE's, `geojson=FALSE`: records by column, and where its pages go on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Page, Rejected, Request, SchemaDriftError
from connectors.columns import (
    SUSPECT,
    Column,
    build_table,
    empty_table,
    is_impossible,
    refuse_impossible,
    refuse_web_page,
)
from connectors.providers.globe.protocols import Field, Protocol
from connectors.providers.globe.sites import (
    elsewhere,
    out_of_circle,
    positions,
    read_codes,
    stations_of,
)
from connectors.providers.globe.twins import own_ids, told_apart
from connectors.records import (
    column_of,
    latest_rows,
    read_numbers,
    timestamps,
    without,
)
from connectors.rows import Rows
from datasets import times
from datastream.core.answers import Answer
from datastream.core.errors import ProviderUnavailableError

Bools = NDArray[np.bool_]

OUTER = (
    "protocol", "measuredDate", "updateDate", "siteId", "siteName", "countryCode", "latitude",
    "longitude", "elevation",
)  # fmt: skip
MISSING_TEXTS = ("null", "NaN", "-99", "-9999", "-99.0", "-9999.0")
MISSING = (-99.0, -9999.0)
NOT_EVALUATED = "2"
# Fields that many protocols have beside what they measure.
BESIDE = (
    "Comments", "MeasuredAt", "Userid", "DataSource", "ExtraData", "FieldNotes", "Url", "Urls",
    "MeasurementLatitude", "MeasurementLongitude", "MeasurementElevation", "Caption", "Id",
)  # fmt: skip
# From so many values on, and when so large a share of them is impossible, the unit is another.
JUDGED = 10
MAX_IMPOSSIBLE_SHARE = 0.5


def parse_measurements(protocol: Protocol, request: Request, answer: Answer) -> Page:
    results, count = read_content(answer)
    began = beginning(protocol, results)
    if began and began == request.told.get("began"):
        note = "GLOBE sends the same page again, so all records of a month are asked for at once."
        return Page(empty_table(), notes=(note,), next=unpaged(request))
    follow_up = next_request(request, len(results), count, began)
    if not results:
        return Page(empty_table())
    records = [one for one in results if is_record(one)]
    return replace(read_records(protocol, request, results, records), next=follow_up)


def read_content(answer: Answer) -> tuple[list[Any], int]:
    """The records and the number of all there are; outages come with status 200, too."""
    refuse_web_page("GLOBE", answer)
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise ProviderUnavailableError("GLOBE's answer was cut, or is no JSON.") from error
    if not isinstance(content, dict):
        raise SchemaDriftError("GLOBE's answer is not an object.")
    if content.get("message") != "success" or not isinstance(content.get("results"), list):
        # Not the body, which may be full of persons.
        words = str(content.get("message"))[:200]
        raise ProviderUnavailableError(f"GLOBE did not answer properly: {words}")
    count = content.get("count")
    if type(count) is not int:
        raise SchemaDriftError("GLOBE's answer has no count.")
    return content["results"], count


def is_record(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("data"), dict)


def beginning(protocol: Protocol, results: list[Any]) -> str:
    """What tells a page from another: who was observed first, and when."""
    if not results or not is_record(results[0]):
        return ""
    first = results[0]
    at = first["data"].get(f"{protocol.prefix}MeasuredAt")
    return f"{first.get('pid')} {first.get('siteId')} {at}"


def next_request(request: Request, came: int, count: int, began: str) -> Request | None:
    """The next page; None after the last.

    Raises
    ------
    ProviderUnavailableError
        There are more records than came, and no way to the others.
    """
    is_paged = "from" in request.params
    seen = came + int(str(request.params.get("from", 0)))
    if seen >= count:
        return None
    if not came or not is_paged:
        raise ProviderUnavailableError(f"GLOBE sent {seen} of {count} records and then no more.")
    return replace(
        request,
        params={**request.params, "from": str(seen)},
        page=request.page + 1,
        told={**request.told, "began": began},
    )


def unpaged(request: Request) -> Request:
    """The same without `from` and `size`, where these are not heeded."""
    params = {name: v for name, v in request.params.items() if name not in {"from", "size"}}
    told = {name: v for name, v in request.told.items() if name != "began"}
    return replace(request, params=params, page=request.page + 1, told=told)


def read_records(
    protocol: Protocol, request: Request, results: list[Any], records: list[Any]
) -> Page:
    chosen = choose_fields(protocol, records)
    rows = as_rows(protocol, results, records, chosen)
    codes = read_codes(rows)
    moments, is_unknown, is_odd = read_moments(protocol, rows, request)
    if protocol.is_of_things:
        names = [protocol.prefix + key for _, key in chosen]
        values = {name: rows.columns[name] for name in names}
        moments = told_apart(moments, own_ids(protocol, records), values)
    columns = [
        read_field(rows, protocol.prefix + key, field, is_unknown=is_unknown, is_odd=is_odd)
        for field, key in chosen
    ]
    is_other = pc.not_equal(rows.columns["protocol"], protocol.name)
    rows.fault(is_other, "protocol", "Not the protocol that was asked for")
    places = positions(rows)
    outside = elsewhere(rows, request, places)
    rejected = rows.rejected()
    kept = ~(rows.bad | outside | out_of_circle(request, places) | have_nothing(columns))
    repeats, kept = drop_repeats(rows, moments, kept)
    holds = pa.array(kept)
    table = build_table(
        codes.filter(holds), moments.filter(holds), [one.filter(holds) for one in columns]
    )
    return Page(
        table,
        stations_of(rows, holds),
        rejected=rejected,
        notes=tuple(notes_on(int((outside & ~rows.bad).sum()), repeats)),
    )


def choose_fields(protocol: Protocol, records: list[Any]) -> list[tuple[Field, str]]:
    """Each field that any record has, with its key; unknown ones are left out.

    Raises
    ------
    SchemaDriftError
        All that is known has gone, and something else has come.
    """
    present = set().union(*(record["data"] for record in records))
    chosen = [
        (field, key)
        for field in protocol.fields
        for key in [key for key in field.keys if protocol.prefix + key in present][:1]
    ]
    strangers = sorted(key for key in present if not key.endswith(BESIDE))
    if strangers and not chosen:
        raise SchemaDriftError(
            f"{protocol.name} has none of its fields, but {', '.join(strangers[:20])}."
        )
    return chosen


def as_rows(
    protocol: Protocol, results: list[Any], records: list[Any], chosen: list[tuple[Field, str]]
) -> Rows:
    columns = {name: column_of([record.get(name) for record in records]) for name in OUTER}
    for key in ("MeasuredAt", *(key for _, key in chosen)):
        name = protocol.prefix + key
        column = column_of([record["data"].get(name) for record in records])
        columns[name] = without(column, MISSING_TEXTS)
    broken = tuple(
        Rejected(number, "data", "Not a record with data.")
        for number, one in enumerate(results)
        if not is_record(one)
    )
    return Rows(columns, broken)


def read_moments(protocol: Protocol, rows: Rows, request: Request) -> tuple[pa.Array, Bools, Bools]:
    """When it was, where the time of day is not known, and where time and date disagree."""
    dates, measured_at = rows.columns["measuredDate"], protocol.prefix + "MeasuredAt"
    days = times.parse(dates)
    rows.fault(pa.array(days.bad), "measuredDate", "Not a date")
    first, after = (
        np.datetime64(day, "us").astype(np.int64)
        for day in (request.window.start, request.window.end)
    )
    is_outside = ~days.bad & ((days.micros < first) | (days.micros >= after))
    rows.fault(pa.array(is_outside), "measuredDate", "Not within the days that were asked for")
    # In UTC, unlike SolarMeasuredAt.
    moments = times.parse(pc.coalesce(rows.columns[measured_at], dates))
    rows.fault(pa.array(moments.bad), measured_at, "Not a time")
    is_unknown = moments.micros % times.DAY == 0
    # By the date of the place it may be the day before or after.
    apart = np.abs(moments.micros // times.DAY - days.micros // times.DAY)
    return timestamps(moments), is_unknown, apart > 1


def read_field(rows: Rows, name: str, field: Field, *, is_unknown: Bools, is_odd: Bools) -> Column:
    """A field with its quality: nobody has evaluated it, and what is not possible is suspect."""
    variable = field.variable
    if variable.kind == "text":
        values, is_suspect = rows.columns[name], is_odd
    else:
        values = read_numbers(rows, name, MISSING)
        numbers = np.asarray(pc.fill_null(values, np.nan))
        if np.isfinite(numbers).sum() >= JUDGED:
            refuse_impossible(variable, numbers, MAX_IMPOSSIBLE_SHARE)
        is_suspect = is_odd | is_impossible(variable, numbers)
    has_value = pc.is_valid(values)
    quality = pc.if_else(pa.array(is_suspect), SUSPECT, NOT_EVALUATED)
    said = {
        "quality": only(quality, has_value),
        "time": only(pa.repeat(pa.scalar("unknown"), len(values)), has_value, is_unknown),
    }
    return Column(variable, values, said)


def only(texts: pa.Array, *masks: pa.BooleanArray | Bools) -> pa.Array:
    """Texts where all of these hold, else null."""
    holds = np.logical_and.reduce([np.asarray(mask) for mask in masks])
    return pc.if_else(pa.array(holds), texts, pa.scalar(None, pa.string()))


def have_nothing(columns: Sequence[Column]) -> Bools:
    """Which rows have no value at all."""
    empty = [column.values.is_null().to_numpy(zero_copy_only=False) for column in columns]
    return np.logical_and.reduce(empty) if empty else np.ones(1, bool)


def drop_repeats(rows: Rows, moments: pa.Array, kept: Bools) -> tuple[int, Bools]:
    """One row a site and instant, the one updated last, and how many had to go for that.

    `pid` does not tell observations apart: two of them may have one.
    """
    where = np.flatnonzero(kept)
    codes, updated = (rows.columns[name].take(where) for name in ("siteId", "updateDate"))
    holds, repeats = latest_rows(codes, moments.take(where), updated)
    left = np.zeros(len(rows), bool)
    left[where[np.asarray(holds)]] = True
    return repeats, left


def notes_on(elsewhere: int, repeats: int) -> list[str]:
    told = {
        "records of elsewhere than was asked for were left out.": elsewhere,
        "observations of one site and instant with another were left out; the one updated last "
        "holds.": repeats,
    }
    return [f"{number} {words}" for words, number in told.items() if number]
