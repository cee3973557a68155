"""The good rows of a batch as the text that COPY reads: sorted, each key once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets.ingest.batch import Batch, Problems

Ints = NDArray[np.int64]
ROWS_A_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length, sorted by (station, micros), keys unique.

    `value` is a JSON object, a null in it takes the variable away (`removes` tells whether any
    does); `metadata` is a JSON object or null; `row` is where the row stood in what was sent.
    `twins` counts equal rows that were left out.
    """

    row: Ints
    station: Ints
    micros: Ints
    value: pa.Array
    metadata: pa.Array | None
    removes: bool
    twins: int

    def __len__(self) -> int:
        return len(self.row)

    def spans(self) -> tuple[Ints, Ints, Ints]:
        """Station, first and last instant (µs, both in) of each station."""
        starts = np.flatnonzero(np.diff(self.station, prepend=-1))
        ends = np.append(starts[1:], len(self)) - 1
        return self.station[starts], self.micros[starts], self.micros[ends]

    def chunks(self, before: str, after: str) -> Iterator[memoryview]:
        """Lines for COPY: `before`, station, time, value, metadata, `after`, between tabs."""
        for first in range(0, len(self), ROWS_A_CHUNK):
            yield self._lines(first, before, after)

    def _lines(self, first: int, before: str, after: str) -> memoryview:
        part = slice(first, first + ROWS_A_CHUNK)
        stations = pc.cast(pa.array(self.station[part]), pa.string())
        times = pc.cast(pa.array(self.micros[part]).cast(pa.timestamp("us")), pa.string())
        value = _escaped(self.value.slice(first, ROWS_A_CHUNK))
        metadata = pa.scalar("\\N")
        if self.metadata is not None:
            metadata = pc.fill_null(_escaped(self.metadata.slice(first, ROWS_A_CHUNK)), "\\N")
        columns = [stations, times, value, metadata]
        lines = pc.binary_join_element_wise(*columns, "\t")
        whole = pc.binary_join_element_wise(before, lines, after + "\n", "")
        return memoryview(whole.buffers()[2])

    def digest(self, before: str) -> str:
        """SHA-256 over the digest before and all columns."""
        digest = hashlib.sha256(before.encode())
        for column in (self.station, self.micros):
            digest.update(np.ascontiguousarray(column).data)
        for texts in (self.value, self.metadata):
            if texts is not None:
                fresh = pc.binary_join_element_wise(pc.fill_null(texts, ""), "\n", "")
                digest.update(memoryview(fresh.buffers()[2] or b""))
        return digest.hexdigest()


def _escaped(texts: pa.Array) -> pa.Array:
    return pc.replace_substring(texts, "\\", "\\\\")


def rows_of(batch: Batch, stations: Ints) -> Rows:
    """Sort the good rows, leave out equal twins, mark contradicting twins as problems."""
    value = value_texts(batch)
    order = _order(batch, stations)
    same = _equal_keys(stations[order], batch.micros[order])
    twins = np.zeros(len(order), np.bool_)
    if same.any():
        twins, order = _without_twins(batch, value, order, same)
        order = order[~batch.problems.bad[order]]
    picked = pa.array(order)
    in_place = len(order) == len(batch) and bool((np.diff(order) == 1).all())
    return Rows(
        row=order,
        station=stations[order],
        micros=batch.micros[order],
        value=value if in_place else value.take(picked),
        metadata=None if batch.metadata is None else batch.metadata.take(picked),
        removes=bool(batch.removed),
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
    batch: Batch, value: pa.Array, order: Ints, same: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Ints]:
    """Equal twins count once; the rows of one key are all bad where their contents differ."""
    contents = value
    if batch.metadata is not None:
        contents = pc.binary_join_element_wise(value, pc.fill_null(batch.metadata, ""), "\n")
    later = np.flatnonzero(same)
    here, before = (contents.take(pa.array(order[places])) for places in (later, later - 1))
    differ = pc.not_equal(here, before).to_numpy(zero_copy_only=False)
    key = np.cumsum(~same)
    torn = np.isin(key, key[later[differ]])
    _mark(batch.problems, _others(contents, order[torn], key[torn]))
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


def _mark(problems: Problems, other: dict[int, int]) -> None:
    if other:
        problems.add(
            sorted(other),
            "timestamp",
            lambda row: f"Row {other[row]} has the same station and time with other values.",
        )


def value_texts(batch: Batch) -> pa.Array:
    """The JSON object of each row, in the order of the variables' names."""
    pieces = [_piece(batch, name) for name in sorted(batch.values)]
    if not pieces:
        return pa.repeat(pa.scalar("{}"), len(batch))
    # Not null_handling="skip": pyarrow 26 drops the rows in which all pieces are null.
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    whole = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.replace_substring(whole, "{,", "{", max_replacements=1)


def _piece(batch: Batch, name: str) -> pa.Array:
    """`,"name":value`, null where the row says nothing of it."""
    key = "," + orjson.dumps(name).decode() + ":"
    column = batch.values[name]
    is_text = pa.types.is_string(column.type)
    text = _json_texts(column) if is_text else pc.cast(column, pa.string())
    removed = batch.removed.get(name)
    if removed is not None:
        text = pc.if_else(pa.array(removed), pa.scalar("null"), text)
    return pc.binary_join_element_wise(key, text, "")


def _json_texts(column: pa.Array) -> pa.Array:
    """Texts as JSON strings, each different text encoded once."""
    coded = column.dictionary_encode()
    encoded = [orjson.dumps(text).decode() for text in coded.dictionary.to_pylist()]
    return pa.array(encoded, pa.string()).take(coded.indices)
