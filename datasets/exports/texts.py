"""Ids, times and cells as text: whole columns at once, the same letters as the database writes."""

import functools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datastream.core.spreadsheets import COMPUTED

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

DAY_US, SECOND_US = 86_400_000_000, 1_000_000
# Microseconds from the year 1 to 1970, as the ids count.
SINCE_YEAR_1 = -int(np.datetime64("0001-01-01", "us").astype(np.int64))
HEAD_LETTERS, ID_LETTERS = 19, 36
HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)
NEEDS_QUOTES = r"[\",\r\n]|^$"


def id_heads(dataset_id: UUID, stations: Sequence[int]) -> Bytes:
    """What the ids of a station's points have in common; shape (stations, letters)."""
    part = f"{dataset_id.int & 0xFFFFFFF:07x}"
    texts = [f"{number:08x}-{part[:4]}-8{part[4:]}-" for number in stations]
    return np.array(texts, f"S{HEAD_LETTERS}").view(np.uint8).reshape(-1, HEAD_LETTERS)


def ids(heads: Bytes, places: Ints, micros: Ints) -> pa.Array:
    """Ids of points (`point_ids`); `places` are those of their stations among the heads."""
    time = (micros + SINCE_YEAR_1).astype(">i8").view(np.uint8).reshape(-1, 8)
    digits = HEX[time].view(np.uint8).reshape(-1, 16)
    letters = np.empty((len(micros), ID_LETTERS), np.uint8)
    letters[:, :19] = heads[places]
    letters[:, 19] = ord("8")
    letters[:, 20:23] = digits[:, 1:4]
    letters[:, 23] = ord("-")
    letters[:, 24:] = digits[:, 4:]
    return strings(letters)


def instants(micros: Ints) -> pa.Array:
    """RFC 3339 in UTC, with as many decimals as there are."""
    days, rest = np.divmod(micros, DAY_US)
    seconds, fractions = np.divmod(rest, SECOND_US)
    letters = np.empty((len(micros), 20), np.uint8)
    letters[:, :10] = _dates(days)
    letters[:, 10] = ord("T")
    letters[:, 11:19] = _clock()[seconds]
    letters[:, 19] = ord("Z")
    if not fractions.any():
        return strings(letters)
    return join(strings(letters[:, :19]), _decimals(fractions), "Z")


def _dates(days: Ints) -> Bytes:
    known, places = np.unique(days, return_inverse=True)
    texts = np.datetime_as_string(known.astype("datetime64[D]")).astype("S10")
    return texts.view(np.uint8).reshape(-1, 10)[places]


@functools.cache
def _clock() -> Bytes:
    """The time of each second of a day; shape (86400, 8)."""
    texts = np.datetime_as_string(np.arange(86_400).astype("datetime64[s]")).astype("S19")
    return texts.view(np.uint8).reshape(-1, 19)[:, 11:].copy()


def _decimals(fractions: Ints) -> pa.Array:
    """`.5` for half a second, nothing for none."""
    letters = np.empty((len(fractions), 7), np.uint8)
    letters[:, 0] = ord(".")
    letters[:, 1:] = fractions[:, None] // 10 ** np.arange(5, -1, -1) % 10 + ord("0")
    return pc.utf8_rtrim(pc.utf8_rtrim(strings(letters), "0"), ".")


def strings(letters: Bytes) -> pa.Array:
    """Texts of one length; shape (texts, letters)."""
    count, length = letters.shape
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(length)
    return _strings(ends, pa.py_buffer(np.ascontiguousarray(letters)))


def column(texts: Sequence[str]) -> pa.Array:
    """Texts as an array.

    Not by `pa.array`: with its first list or number that loads pandas, which takes a second.
    """
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return _strings(ends, pa.py_buffer(b"".join(encoded)))


def _strings(ends: NDArray[np.int32], letters: pa.Buffer) -> pa.Array:
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), letters)


def places_of(places: Ints) -> pa.Array:
    """Places in an array as Arrow takes them."""
    return pa.Int32Array.from_buffers(
        pa.int32(), len(places), [None, pa.py_buffer(places.astype(np.int32))]
    )


def join(*pieces: Any, by: str = "", null: str = "") -> pa.Array:
    """Texts side by side, row by row; a piece that is a `str` is the same in all rows."""
    found = [_scalar(piece) if isinstance(piece, str) else piece for piece in (*pieces, by)]
    return pc.binary_join_element_wise(*found, null_handling="replace", null_replacement=null)


@functools.cache
def _scalar(text: str) -> pa.Scalar:
    return column([text])[0]


def flowing(rows: pa.Array) -> bytes:
    """All texts of a column one after the other."""
    _, ends, letters = rows.buffers()
    first, last = rows.offset, rows.offset + len(rows)
    start, end = np.frombuffer(ends, np.int32)[[first, last]].tolist()
    return bytes(memoryview(letters)[start:end])


# ------------------------------------------------------------------ cells of CSV


def guarded(texts: pa.Array) -> pa.Array:
    """Texts that no spreadsheet computes: those that look like a formula get an apostrophe."""
    return pc.replace_substring_regex(texts, COMPUTED, r"'\1")


def quoted(texts: pa.Array) -> pa.Array:
    """Cells by RFC 4180; a text without a letter in quotes, for an empty cell says nothing."""
    needs = pc.match_substring_regex(texts, NEEDS_QUOTES)
    if not pc.any(needs).as_py():
        return texts
    return pc.if_else(needs, join('"', pc.replace_substring(texts, '"', '""'), '"'), texts)


def cells(texts: Sequence[str]) -> pa.Array:
    """Codes and names as cells; one that is empty says that there is none."""
    found = quoted(guarded(column(texts))).to_pylist()
    return column(["" if cell == '""' else cell for cell in found])
