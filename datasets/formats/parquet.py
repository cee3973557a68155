"""Parquet: the columns of CSV with their own types."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet

from datasets.formats.pages import columns_with_dictionary
from datasets.formats.pieces import (
    Cutter,
    fixed_bytes,
    is_text,
    kept_columns,
    part_too_large,
    readable,
    too_large,
)
from datasets.formats.registry import Format, Reading, registry
from datasets.ingest.batch import Batch
from datastream.core.errors import InvalidInputError, UnreadableInputError

FILE = "a Parquet file"
MAGIC = b"PAR1"
# What stands in the footer needs up to 225 times its room once it is read (measured).
FOOTER_BYTES = 256 * 1024
LARGEST_FOOTER_BYTES = 4 * 2**20
MOST_OF_ANYTHING = 20_000
WIDEST_NUMBER_BYTES = 32
BUFFER_BYTES = 256 * 1024


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from a Parquet file; a null says nothing of its variable."""
    size = _check_footer(file)
    with readable(FILE):
        opened = _open(file)
        schema = opened.schema_arrow
    kept = kept_columns(schema)
    _check_declared(opened, kept, reading)
    places = [schema.get_field_index(name) for name in kept]
    with readable(FILE):
        coded = columns_with_dictionary(file, opened.metadata, places, size)
    texts = [place for place in places if is_text(schema.field(place).type)]
    groups = [
        (group, [schema.names[place] for place in texts if (group, place) in coded])
        for group in range(opened.metadata.num_row_groups)
    ]
    cutter = Cutter(pa.schema([schema.field(name) for name in kept]), reading)
    tables = _tables(file, opened.metadata, groups, kept=kept, rows=reading.piece_rows)
    yield from cutter.batches(tables, FILE)


def _tables(
    file: BinaryIO,
    metadata: Any,
    groups: Iterable[tuple[int, list[str]]],
    *,
    kept: Sequence[str],
    rows: int,
) -> Iterator[pa.RecordBatch]:
    """Record batches of groups of rows, of which each comes with the names of its coded texts.

    Such texts stay one entry each, as they are in the file, until their size is known.
    """
    for coded, alike in groupby(groups, itemgetter(1)):
        opened = _open(file, metadata=metadata, read_dictionary=coded)
        numbers = [group for group, _ in alike]
        yield from opened.iter_batches(rows, row_groups=numbers, columns=kept, use_threads=False)


def _open(file: BinaryIO, **more: Any) -> parquet.ParquetFile:
    return parquet.ParquetFile(
        pa.PythonFile(file, mode="r"),
        # Pages are read one at a time instead of a whole group of rows.
        pre_buffer=False,
        buffer_size=BUFFER_BYTES,
        thrift_string_size_limit=LARGEST_FOOTER_BYTES,
        thrift_container_size_limit=MOST_OF_ANYTHING,
        page_checksum_verification=True,
        arrow_extensions_enabled=False,
        **more,
    )


def _check_footer(file: BinaryIO) -> int:
    """The size of the file, whose footer must not be too large to be read."""
    size = file.seek(0, 2)
    if size < 12:
        raise UnreadableInputError(f"This is not {FILE}.")
    file.seek(-8, 2)
    length, magic = struct.unpack("<I4s", file.read(8))
    if magic != MAGIC:
        raise UnreadableInputError(f"This is not {FILE}, or its end is cut off.")
    limit = min(FOOTER_BYTES + size // 64, LARGEST_FOOTER_BYTES)
    if length > limit:
        raise part_too_large("footer", limit)
    return size


def _check_declared(opened: parquet.ParquetFile, kept: Sequence[str], reading: Reading) -> None:
    """Refuse what by its own words is too large, or what only seems to be flat."""
    schema = opened.schema_arrow
    if len(opened.schema) != len(schema):
        raise InvalidInputError.of("id", "Nested columns are not read.")
    for place, name in enumerate(schema.names):
        column = opened.schema.column(place)
        if name in kept and (column.length or 0) > WIDEST_NUMBER_BYTES:
            raise InvalidInputError.of(name[:80], "The column is wider than a number.")
    width = sum(fixed_bytes(schema.field(name).type) for name in kept)
    limit = reading.limit_bytes
    if limit is not None and opened.metadata.num_rows * width > limit:
        raise too_large(limit)


registry.add(Format("parquet", ("application/vnd.apache.parquet",), (".parquet",), read))
