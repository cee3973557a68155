"""Columns with types of their own, checked and cut into pieces of bounded size."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets.formats.registry import Reading
from datasets.ingest.batch import Batch, check_columns, from_table
from datastream.core.errors import InvalidInputError, TooLargeError, UnreadableInputError

Sizes = NDArray[np.int64]
# What a body may make of itself in memory at once: little, or some times its own size.
SURE_BYTES = 32 * 2**20
GROWTH = 4
LARGEST_BYTES = 128 * 2**20


def at_once(size: int) -> int:
    """How many bytes one part of a file of this size may unpack to."""
    return min(SURE_BYTES + GROWTH * size, LARGEST_BYTES)


def too_large(limit: int) -> TooLargeError:
    message = f"Unpacked, this is larger than {limit} bytes; send it in parts."
    return TooLargeError(message, details={"limit_bytes": limit})


def part_too_large(what: str, limit: int) -> TooLargeError:
    message = f"A {what} unpacks to more than {limit} bytes at once; write smaller ones."
    return TooLargeError(message, details={"limit_bytes": limit})


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Around a reader, whose errors may tell the contents; ours do not."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableInputError(f"This is not {what}, or it is damaged.") from error


# ------------------------------------------------------------------ types


def kept_columns(schema: pa.Schema) -> list[str]:
    """The columns that are read, all but `id`; refuses those that cannot be part of points."""
    with readable("a table of points"):  # names that are not in UTF-8
        names = schema.names
    check_columns(names)
    kept = [name for name in names if name != "id"]
    for name in kept:
        fits, needed = NEEDED.get(name, (_is_value, "numbers or texts"))
        kind = schema.field(name).type
        if not fits(kind):
            message = f"The column holds {str(kind)[:80]}, not {needed}."
            raise InvalidInputError.of(name[:80] or "value", message)
    return kept


def is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_time(kind: pa.DataType) -> bool:
    return is_text(kind) or bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _is_name(kind: pa.DataType) -> bool:
    return is_text(kind) or bool(pa.types.is_integer(kind) or pa.types.is_null(kind))


def _is_value(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_value(kind.value_type) and not pa.types.is_dictionary(kind.value_type)
    return _is_name(kind) or bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


NEEDED: dict[str, tuple[Callable[[pa.DataType], bool], str]] = {
    "timestamp": (_is_time, "times"),
    "station": (_is_name, "texts"),
    "metadata": (lambda kind: is_text(kind) or pa.types.is_null(kind), "JSON objects as texts"),
}


# ------------------------------------------------------------------ cutting


class Cutter:
    """Makes pieces of record batches: joins small ones, cuts large ones, checks and counts all."""

    def __init__(self, schema: pa.Schema, reading: Reading) -> None:
        self.schema, self.reading = schema, reading
        self.row = self.unpacked = 0
        self._dictionaries: dict[str, Dictionary] = {}

    def batches(self, tables: Iterable[pa.RecordBatch], what: str) -> Iterator[Batch]:
        """Batches of points, at least one; `what` the tables are read from names it in errors."""
        first = 0
        for table in self._sound(tables, what):
            batch = from_table(table, timezone=self.reading.timezone)
            batch.first = first
            first += len(batch)
            yield batch
        if not first:
            yield from_table(self.schema.empty_table(), timezone=self.reading.timezone)

    def _sound(self, tables: Iterable[pa.RecordBatch], what: str) -> Iterator[pa.Table]:
        with readable(what):
            yield from self._joined(tables)

    def _joined(self, tables: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
        waiting: list[pa.RecordBatch] = []
        rows = size = 0
        for table in tables:
            for part, part_size in self._cut(table):
                rows, size = rows + len(part), size + part_size
                if waiting and (rows > self.reading.piece_rows or size > self.reading.piece_bytes):
                    yield pa.Table.from_batches(waiting)
                    waiting, rows, size = [], len(part), part_size
                waiting.append(part)
        if waiting:
            yield pa.Table.from_batches(waiting)

    def _cut(self, table: pa.RecordBatch) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Parts whose texts are all of one type, and their sizes."""
        table.validate()
        for start in range(0, len(table), self.reading.piece_rows):
            part = table.slice(start, self.reading.piece_rows)
            sizes = np.zeros(len(part), np.int64)
            for name in self.schema.names:
                sizes += self._checked_sizes(name, part.column(name))
            ends = np.cumsum(sizes)
            self._count(int(ends[-1]))
            for first, last in self._bounds(ends):
                columns = [_plain(column) for column in part.slice(first, last - first).columns]
                size = int(sizes[first:last].sum())
                yield pa.RecordBatch.from_arrays(columns, self.schema.names), size
            self.row += len(part)

    def _bounds(self, ends: Sizes) -> Iterator[tuple[int, int]]:
        """First and last rows of what fits into a piece, where each row ends at a byte."""
        first = before = 0
        while first < len(ends):
            last = int(np.searchsorted(ends, before + self.reading.piece_bytes, side="right"))
            if last == first:
                row, limit = self.row + first, self.reading.piece_bytes
                message = f"Row {row} (from 0) is longer than {limit} bytes."
                raise UnreadableInputError(message, details={"row": row})
            yield first, last
            first, before = last, int(ends[last - 1])

    def _count(self, size: int) -> None:
        self.unpacked += size
        limit = self.reading.limit_bytes
        if limit is not None and self.unpacked > limit:
            raise too_large(limit)

    def _checked_sizes(self, name: str, column: pa.Array) -> Sizes | int:
        """Bytes of each cell, once the column is known to be sound."""
        if not pa.types.is_dictionary(column.type):
            column.validate(full=True)
            return _sizes(column)
        known = self._dictionaries.get(name)
        if known is None or not known.holds(column.dictionary):
            known = self._dictionaries[name] = Dictionary(column.dictionary)
            self._count(int(np.sum(known.sizes)))
        return known.sizes_of(column.indices)


class Dictionary:
    """The values that a column's indices point at; looked at once, however often it is shared."""

    def __init__(self, values: pa.Array) -> None:
        values.validate(full=True)
        self.values = values
        self.sizes = np.zeros(len(values), np.int64) + _sizes(values)

    def holds(self, values: pa.Array) -> bool:
        return _places(self.values) == _places(values)

    def sizes_of(self, indices: pa.Array) -> Sizes | int:
        if indices.null_count == len(indices):
            return 0
        found = pc.min_max(indices)
        if found["min"].as_py() < 0 or found["max"].as_py() >= len(self.values):
            raise pa.ArrowInvalid("An index points outside of its dictionary.")
        sizes: Sizes = self.sizes[indices.fill_null(0).cast(pa.int64()).to_numpy()]
        return sizes


def _places(values: pa.Array) -> tuple[Any, ...]:
    buffers = tuple(buffer and buffer.address for buffer in values.buffers())
    return (values.offset, len(values), *buffers)


def fixed_bytes(kind: pa.DataType) -> int:
    """Bytes of a cell, without those of its text."""
    if pa.types.is_null(kind):
        return 0
    return 4 if is_text(kind) or pa.types.is_dictionary(kind) else int(kind.bit_width) // 8


def _sizes(column: pa.Array) -> Sizes | int:
    """Bytes of each cell."""
    kind = column.type
    if not is_text(kind):
        return fixed_bytes(kind)
    if pa.types.is_string_view(kind):
        # Each view is its length and twelve bytes more.
        views = np.frombuffer(column.buffers()[1] or b"", np.int32).reshape(-1, 4)
        lengths = views[column.offset : column.offset + len(column), 0]
    else:
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    return lengths.astype(np.int64) + 4


def _plain(column: pa.Array) -> pa.Array:
    """Texts of any type as texts of one, for parts of a body may differ in that."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string()) if is_text(column.type) else column
