"""The good rows of a batch as the bytes that COPY reads: sorted, each key once."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets.ingest.batch import Batch

Ints = NDArray[np.int64]
ROWS_A_CHUNK = 16_384
# The binary form of COPY: per row the count of fields, then each with its length; big-endian.
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
HEAD = np.dtype(
    [
        ("fields", ">i2"),
        ("station_length", ">i4"),
        ("station", ">i8"),
        ("time_length", ">i4"),
        ("time", ">i8"),
    ]
)
EXACT = 2.0**53
TORN = "Row {row} has the same station and time with other values."
JSONB_HEAD = np.dtype([("length", ">i4"), ("version", "u1")])
# PostgreSQL counts from the year 2000.
MICROS_OF_2000 = int(np.datetime64("2000-01-01", "us").astype(np.int64))


class Digest(Protocol):
    def update(self, data: Any, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length, sorted by (station, micros), keys unique.

    `row` is where the row stood in the batch; `twins` counts equal rows that were left out. The
    texts of values and metadata are made chunk by chunk, while the database reads those before.
    """

    row: Ints
    station: Ints
    micros: Ints
    batch: Batch
    twins: int

    def __len__(self) -> int:
        return len(self.row)

    @property
    def removes(self) -> bool:
        """Whether a null in a value may take its variable away."""
        return bool(self.batch.removed)

    @property
    def says_nothing(self) -> bool:
        """Whether some row has no value of any variable."""
        columns = self.batch.values.values()
        if any(column.null_count == 0 for column in columns):
            return False
        valid = [column.is_valid().to_numpy(zero_copy_only=False)[self.row] for column in columns]
        return not np.logical_or.reduce(valid).all() if valid else True

    def spans(self) -> tuple[Ints, Ints, Ints]:
        """Station, first and last instant (µs, both in) of each station."""
        starts = np.flatnonzero(np.diff(self.station, prepend=-1))
        ends = np.append(starts[1:], len(self)) - 1
        return self.station[starts], self.micros[starts], self.micros[ends]

    def chunks(self, content: Digest, *constants: bytes) -> Iterator[memoryview]:
        """What binary COPY reads: station, time, value, metadata, and the same constants in all.

        `content` takes in the rows as they are made.
        """
        yield memoryview(COPY_HEADER)
        for first in range(0, len(self), ROWS_A_CHUNK):
            yield self._lines(slice(first, first + ROWS_A_CHUNK), content, constants)
        yield memoryview(COPY_TRAILER)

    def _lines(self, part: slice, content: Digest, constants: tuple[bytes, ...]) -> memoryview:
        rows, station, micros = self.row[part], self.station[part], self.micros[part]
        head = np.zeros(len(rows), HEAD)
        head["fields"] = 4 + len(constants)
        head["station_length"] = head["time_length"] = 8
        head["station"], head["time"] = station, micros - MICROS_OF_2000
        value, metadata = _sized(value_texts(self.batch, rows)), self._metadata(rows)
        for column in (station.data, micros.data, value.buffers()[2], metadata.buffers()[2]):
            content.update(column)
        tail = b"".join(struct.pack(">i", len(one)) + one for one in constants)
        lines = pc.binary_join_element_wise(_binary(head), value, metadata, tail, b"")
        return memoryview(lines.buffers()[2])

    def _metadata(self, rows: Ints) -> pa.Array:
        if self.batch.metadata is None:
            return pa.repeat(NULL, len(rows))
        return _sized(self.batch.metadata.take(pa.array(rows)))


def _sized(texts: pa.Array) -> pa.Array:
    """JSON texts as fields of jsonb: a length, the version of the form, the text."""
    texts = texts.cast(pa.binary())
    head = np.zeros(len(texts), JSONB_HEAD)
    head["length"] = pc.fill_null(pc.binary_length(texts), 0).to_numpy() + 1
    head["version"] = 1
    return pc.fill_null(pc.binary_join_element_wise(_binary(head), texts, b""), NULL)


def _binary(records: NDArray[np.void]) -> pa.Array:
    kind, buffer = pa.binary(records.itemsize), pa.py_buffer(records)
    whole = pa.FixedSizeBinaryArray.from_buffers(kind, len(records), [None, buffer])
    return whole.cast(pa.binary())


def rows_of(batch: Batch, stations: Ints) -> Rows:
    """Sort the good rows, leave out equal twins, mark contradicting twins as problems."""
    order = _order(batch, stations)
    same = _equal_keys(stations[order], batch.micros[order])
    twins = np.zeros(len(order), np.bool_)
    if same.any():
        twins, order = _without_twins(batch, order, same)
        order = order[~batch.problems.bad[order]]
    return Rows(
        row=order,
        station=stations[order],
        micros=batch.micros[order],
        batch=batch,
        twins=int(twins.sum()),
    )


def _order(batch: Batch, stations: Ints) -> Ints:
    good = np.flatnonzero(~batch.problems.bad)
    station, micros = stations[good], batch.micros[good]
    ahead = (np.diff(station) > 0) | ((np.diff(station) == 0) & (np.diff(micros) >= 0))
    return good if ahead.all() else good[np.lexsort((micros, station))]


def _equal_keys(station: Ints, micros: Ints) -> NDArray[np.bool_]:
    """Whether a row has the key of the row before it."""
    same = np.zeros(len(station), np.bool_)
    same[1:] = (np.diff(station) == 0) & (np.diff(micros) == 0)
    return same


def _without_twins(
    batch: Batch, order: Ints, same: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Ints]:
    """Equal twins count once; the rows of one key are all bad where their contents differ."""
    contents = value_texts(batch)
    if batch.metadata is not None:
        contents = pc.binary_join_element_wise(contents, pc.fill_null(batch.metadata, ""), "\n")
    later = np.flatnonzero(same)
    here, before = (contents.take(pa.array(order[places])) for places in (later, later - 1))
    differ = pc.not_equal(here, before).to_numpy(zero_copy_only=False)
    key = np.cumsum(~same, dtype=np.int64)
    torn = np.isin(key, key[later[differ]])
    _mark(batch, _others(contents, order[torn], key[torn]))
    twins = same & ~torn
    return twins, order[~twins]


def _others(contents: pa.Array, rows: Ints, keys: Ints) -> dict[int, int]:
    """Row → a row of the same key with other contents."""
    found = list(
        zip(rows.tolist(), keys.tolist(), contents.take(pa.array(rows)).to_pylist(), strict=True)
    )
    first: dict[int, tuple[int, str]] = {}
    second: dict[int, int] = {}
    for row, key, content in found:
        if first.setdefault(key, (row, content))[1] != content:
            second.setdefault(key, row)
    return {
        row: second[key] if content == first[key][1] else first[key][0]
        for row, key, content in found
    }


def _mark(batch: Batch, other: dict[int, int]) -> None:
    if other:
        batch.problems.add(
            sorted(other), "timestamp", lambda row: TORN.format(row=batch.first + other[row])
        )


def value_texts(batch: Batch, rows: Ints | None = None) -> pa.Array:
    """The JSON object of each of the rows, or of all, in the order of the variables' names."""
    rows = np.arange(len(batch)) if rows is None else rows
    # Not null_handling="skip": pyarrow 26 drops the rows in which all pieces are null.
    pieces = [
        "{",
        *(piece for name in sorted(batch.values) for piece in _pieces(batch, name, rows)),
    ]
    whole = pc.binary_join_element_wise(
        *pieces, pa.repeat("}", len(rows)), "", null_handling="replace", null_replacement=""
    )
    return pc.replace_substring(whole, "{,", "{", max_replacements=1)


def _pieces(batch: Batch, name: str, rows: Ints) -> list[Any]:
    """What together makes `,"name":value`, or nothing where the row says nothing of it."""
    key = "," + orjson.dumps(name).decode() + ":"
    column = batch.values[name].take(pa.array(rows))
    is_text = pa.types.is_string(column.type)
    text = _json_texts(column) if is_text else _json_numbers(column)
    removed = batch.removed.get(name)
    if removed is not None:
        text = pc.if_else(pa.array(removed[rows]), pa.scalar("null"), text)
    if not text.null_count:
        return [key, text]
    return [pc.binary_join_element_wise(key, text, "")]


def _json_numbers(column: pa.Array) -> pa.Array:
    """Numbers as JSON; large whole ones with a decimal, or they would come back as long digits.

    Those are refused when they are sent: who writes an integer beyond 2^53 expects it to be exact.
    """
    texts = pc.cast(column, pa.string())
    large = pc.fill_null(pc.greater_equal(pc.abs(column), EXACT), pa.scalar(value=False))
    if not pc.any(large).as_py():
        return texts
    coded = column.filter(large).dictionary_encode()
    whole = pa.array([f"{int(one)}.0" for one in coded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, large, whole.take(coded.indices))


def _json_texts(column: pa.Array) -> pa.Array:
    """Texts as JSON strings, each different text encoded once."""
    coded = column.dictionary_encode()
    encoded = [orjson.dumps(text).decode() for text in coded.dictionary.to_pylist()]
    return pa.array(encoded, pa.string()).take(coded.indices)
