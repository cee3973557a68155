"""Reads `.dly` files: a line a month and element, 31 fields of fixed width (readme.txt, III)."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Page, SchemaDriftError, Window
from connectors.columns import blank_to_null, empty_table, refuse_web_page
from connectors.providers.noaa.pivot import Observations, build_page, from_tenths
from connectors.rows import Rows, trimmed
from datastream.core.answers import Answer
from datastream.core.errors import ProviderUnavailableError

WIDTH, HEAD, DAYS, FIELD = 269, 21, 31, 8
MISSING = -9999
BLANK, MINUS, ZERO = b" -0"
TENS = 10 ** np.arange(4, -1, -1)

Bytes = NDArray[np.uint8]


def parse_dly(code: str, window: Window, wanted: Collection[str], answer: Answer) -> Page:
    """The days of a window; `wanted` names elements, all of them if it is empty."""
    refuse_web_page("NOAA", answer)
    lines = read_lines(answer.body)
    if not len(lines):
        return Page(empty_table())
    rows, months = read_heads(lines, code)
    cells = lines[:, HEAD:].reshape(-1, DAYS, FIELD)
    values, is_bad = read_values(cells)
    rows.fault(pa.array(is_bad.any(axis=1)), "VALUE", "Not values of five characters")
    rejected = rows.rejected()
    # In 1970, where the month is not one; such a row is bad.
    days = months.astype("datetime64[D]")[:, None] + np.arange(DAYS)
    # Those after the end of the month are filled up, whatever they hold.
    is_day = days.astype("datetime64[M]") == months[:, None]
    is_asked = (days >= np.datetime64(window.start)) & (days < np.datetime64(window.end))
    kept = ~rows.bad[:, None] & is_day & is_asked & (values != MISSING)
    line, _ = np.nonzero(kept)
    names = rows.columns["ELEMENT"].take(pa.array(line))
    numbers = pa.array(values[kept].astype(np.float64))
    letters = cells[kept][:, 5:]
    observations = Observations(
        days[kept],
        names,
        from_tenths(names, numbers),
        (
            letter_column(letters[:, 0]),
            letter_column(letters[:, 1]),
            letter_column(letters[:, 2]),
            pa.nulls(len(line), pa.string()),
        ),
    )
    return build_page(code, observations, wanted, rejected)


def read_lines(body: bytes) -> Bytes:
    """Lines as a matrix of bytes; those whose trailing blanks were taken away are filled up."""
    body = body.replace(b"\r\n", b"\n").strip(b"\n\x1a")
    if not body.strip():
        return np.zeros((0, WIDTH), np.uint8)
    text = np.frombuffer(body + b"\n", np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts
    if lengths.max() > WIDTH or lengths[0] < HEAD + FIELD:
        raise SchemaDriftError(f"Lines of {lengths.max()} characters are not those of a .dly file.")
    if lengths[-1] < HEAD + 5:
        raise ProviderUnavailableError("The answer was cut in the middle of a line.")
    if (lengths == WIDTH).all():
        return text.reshape(-1, WIDTH + 1)[:, :WIDTH]
    places = starts[:, None] + np.arange(WIDTH)
    is_there = np.arange(WIDTH) < lengths[:, None]
    return np.where(is_there, text[np.where(is_there, places, 0)], BLANK).astype(np.uint8)


def read_heads(lines: Bytes, code: str) -> tuple[Rows, NDArray[np.datetime64]]:
    """Station, month and element of each line; marks lines that have others than asked for."""
    rows = Rows(
        {
            "ID": texts(lines[:, :11]),
            "MONTH": texts(lines[:, 11:17]),
            "ELEMENT": texts(lines[:, 17:21]),
            "VALUE": texts(lines[:, HEAD : HEAD + FIELD]),
        }
    )
    is_ours = pc.fill_null(pc.equal(rows.columns["ID"], code), fill_value=False)
    rows.fault(pc.invert(is_ours), "ID", "Not the station that was asked for")
    is_month = pc.match_substring_regex(
        rows.columns["MONTH"], r"^(1[6-9]|20|21)[0-9]{2}(0[1-9]|1[0-2])$"
    )
    is_month = pc.fill_null(is_month, fill_value=False)
    rows.fault(pc.invert(is_month), "MONTH", "Not a year and month")
    is_name = pc.match_substring_regex(rows.columns["ELEMENT"], r"^[A-Z0-9]{4}$")
    is_name = pc.fill_null(is_name, fill_value=False)
    rows.fault(pc.invert(is_name), "ELEMENT", "Not the name of an element")
    number = pc.if_else(is_month, rows.columns["MONTH"], "197001").cast(pa.int64()).to_numpy()
    months = (number // 100 - 1970) * 12 + number % 100 - 1
    return rows, months.astype("datetime64[M]")


def read_values(cells: Bytes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The numbers of fields, right-justified in five characters, and which fields hold none.

    A field that is wholly blank is missing: the line was shortened.
    """
    digits = cells[:, :, :5]
    is_digit = (digits >= ZERO) & (digits < ZERO + 10)
    is_minus, is_blank = digits == MINUS, digits == BLANK
    values = np.where(is_digit, digits.astype(np.int64) - ZERO, 0) @ TENS
    values = np.where(is_minus.any(axis=2), -values, values)
    # Nothing but blanks and one sign before the digits, and a digit at the end.
    before_minus = ~is_minus[:, :, 1:] | is_blank[:, :, :-1]
    before_blank = ~is_blank[:, :, 1:] | is_blank[:, :, :-1]
    is_right = (
        (is_digit | is_minus | is_blank).all(axis=2)
        & before_minus.all(axis=2)
        & before_blank.all(axis=2)
        & is_digit[:, :, 4]
    )
    is_empty = is_blank.all(axis=2)
    return np.where(is_empty, MISSING, values), ~(is_right | is_empty)


def texts(characters: Bytes) -> pa.Array:
    width = characters.shape[1]
    column = np.ascontiguousarray(characters).reshape(-1).view(f"S{width}")
    return trimmed(pc.replace_substring(pa.array(column).cast(pa.string(), safe=False), "\0", ""))


def letter_column(characters: Bytes) -> pa.Array:
    """One character a value; null where it is blank."""
    present, at = np.unique(characters, return_inverse=True)
    letters = [chr(character) if 32 < character < 127 else "" for character in present]
    return blank_to_null(pa.array(letters, pa.string())).take(pa.array(at))
