"""Reads `by_station` files: a line a station, day and element, with or without a line of names."""

import gzip
import io
import zlib
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Page, SchemaDriftError, Window
from connectors.columns import empty_table, refuse_web_page, times_of, without_sentinels
from connectors.providers.noaa.daily import HHMM
from connectors.providers.noaa.elements import MISSING
from connectors.providers.noaa.pivot import Observations, build_page, from_tenths
from connectors.rows import Rows, Sheet
from datastream.core.answers import Answer
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError

NAMES = "ID,DATE,ELEMENT,DATA_VALUE,M_FLAG,Q_FLAG,S_FLAG,OBS_TIME"
LETTERS = {"M_FLAG": "^.$", "Q_FLAG": "^.$", "S_FLAG": "^.$", "OBS_TIME": HHMM}
MAGIC = b"\x1f\x8b"
# The longest records, of 150 years, unpack to some 25 MB.
MAX_UNPACKED_BYTES = 128 * 1024 * 1024


def parse_by_station(code: str, window: Window, wanted: Collection[str], answer: Answer) -> Page:
    """The days of a window; `wanted` names elements, all of them if it is empty."""
    refuse_web_page("NOAA", answer)
    body = unpacked(answer.body).strip()
    if not body:
        return Page(empty_table())
    sheet = Sheet(with_names(body))
    days, values = read_days(sheet), read_values(sheet)
    mark_others(sheet, code)
    rejected = sheet.rejected()
    is_asked = (days >= np.datetime64(window.start)) & (days < np.datetime64(window.end))
    is_value = values.is_valid().to_numpy(zero_copy_only=False)
    names, letters = sheet.columns["ELEMENT"], [sheet.columns[name] for name in LETTERS]
    measurement, quality, source, observed = letters
    observations = Observations(
        days, names, from_tenths(names, values), (measurement, quality, source, observed)
    )
    kept = observations.filter(~sheet.bad & is_value & is_asked)
    return build_page(code, kept, wanted, rejected)


def mark_others(rows: Rows, code: str) -> None:
    """Mark rows of other stations, without an element, or with flags of another form."""
    is_ours = pc.fill_null(pc.equal(rows.columns["ID"], code), fill_value=False)
    rows.fault(pc.invert(is_ours), "ID", "Not the station that was asked for")
    is_name = pc.match_substring_regex(rows.columns["ELEMENT"], r"^[A-Z0-9]{4}$")
    is_name = pc.fill_null(is_name, fill_value=False)
    rows.fault(pc.invert(is_name), "ELEMENT", "Not the name of an element")
    for name, pattern in LETTERS.items():
        is_odd = pc.invert(pc.match_substring_regex(rows.columns[name], pattern))
        rows.fault(is_odd, name, "Not as documented")


def read_values(rows: Rows) -> pa.Array:
    """Numbers as they stand there; null where there is none."""
    text = rows.columns["DATA_VALUE"]
    is_number = pc.match_substring_regex(text, r"^-?[0-9]{1,6}$")
    is_number = pc.fill_null(is_number, fill_value=False)
    rows.fault(pc.invert(is_number), "DATA_VALUE", "Not a whole number")
    values = pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return without_sentinels(values, MISSING[:1])


def unpacked(body: bytes) -> bytes:
    """The text; the file is packed, unless the server has unpacked it on the way."""
    if not body.startswith(MAGIC):
        return body
    try:
        text = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_UNPACKED_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ProviderUnavailableError("The packed answer was cut.") from error
    if len(text) > MAX_UNPACKED_BYTES:
        raise ProviderRefusedError(f"The answer unpacks to more than {MAX_UNPACKED_BYTES:,} bytes.")
    return text


def with_names(body: bytes) -> bytes:
    """The text with its names of columns, which were not there for many years."""
    first = body.partition(b"\n")[0].decode("utf-8", "replace").replace('"', "").strip()
    if first.count(",") != NAMES.count(","):
        raise SchemaDriftError(f"Not the columns of a by_station file: {first[:100]}")
    if first[11:12] == "," and first[12:20].isdigit():
        return NAMES.encode() + b"\n" + body
    if first != NAMES:
        raise SchemaDriftError(f"Not the columns of a by_station file: {first[:100]}")
    return body


def read_days(rows: Rows) -> NDArray[np.datetime64]:
    days = times_of(rows.columns["DATE"], "%Y%m%d")
    rows.fault(pc.is_null(days), "DATE", "Not a date")
    # A row without a day is bad; its day is none that anybody asks for.
    return np.asarray(days.to_numpy(zero_copy_only=False), "datetime64[D]")
