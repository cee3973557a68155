"""Parquet: the columns of CSV with their own types."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from datasets.formats.pages import Chunk, survey
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
# Texts that are read at once, and those of one row.
TEXTS_BYTES = 16 * 2**20
LONGEST_TEXTS = 256 * 1024


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from a Parquet file; a null says nothing of its variable."""
    footer = _footer(file)
    with readable(FILE):
        opened = _open(file)
        schema = opened.schema_arrow
    kept = kept_columns(schema)
    _check_declared(opened, kept, reading)
    places = {name: schema.get_field_index(name) for name in kept}
    texts = {name: place for name, place in places.items() if is_text(schema.field(place).type)}
    with readable(FILE):
        groups = survey(file, footer, list(places.values()), texts.values())
    chunks = [{name: group[place] for name, place in texts.items()} for group in groups]
    tables = _tables(file, opened.metadata, chunks, kept=kept, rows=reading.piece_rows)
    cutter = Cutter(pa.schema([schema.field(name) for name in kept]), reading)
    yield from cutter.batches(tables, FILE)


def _tables(
    file: BinaryIO,
    metadata: Any,
    groups: Sequence[Mapping[str, Chunk]],
    *,
    kept: Sequence[str],
    rows: int,
) -> Iterator[pa.RecordBatch]:
    """Record batches of the groups of rows, of which the columns of texts are told.

    Where all cells of a group point into a dictionary, they stay so until their size is known.
    Where only some do, fewer rows are read at once, for each may be the longest text.
    """
    for number, texts in enumerate(groups):
        coded = [name for name, chunk in texts.items() if chunk.coded and not chunk.plain]
        mixed = {name: chunk for name, chunk in texts.items() if chunk.coded and chunk.plain}
        width = sum(chunk.cell_bytes for chunk in texts.values())
        width += _longest_entries(file, metadata, number, mixed) if mixed else 0
        if width > LONGEST_TEXTS:
            raise UnreadableInputError(f"It has texts longer than {LONGEST_TEXTS} bytes.")
        some = min(rows, TEXTS_BYTES // max(width, 1))
        opened = _open(file, metadata=metadata, read_dictionary=coded)
        yield from opened.iter_batches(some, row_groups=[number], columns=kept, use_threads=False)


def _longest_entries(
    file: BinaryIO, metadata: Any, number: int, chunks: Mapping[str, Chunk]
) -> int:
    """The bytes of the longest texts in the dictionaries of a group of rows, together."""
    names, total = list(chunks), 0
    opened = _open(file, metadata=metadata, read_dictionary=names)
    # The first row brings the whole dictionary along.
    rows = opened.iter_batches(1, row_groups=[number], columns=names, use_threads=False)
    first = next(rows, None)
    if first is None:
        raise ValueError("A group of rows has none.")
    for name, chunk in chunks.items():
        entries = first.column(name).dictionary
        if len(entries) != chunk.entries:
            raise pa.ArrowInvalid("A dictionary has not the length that its page tells.")
        entries.validate(full=True)
        total += pc.max(pc.binary_length(entries)).as_py() or 0
    return total


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


def _footer(file: BinaryIO) -> bytes:
    """What stands at the end of the file; it must not be too large to be read."""
    size = file.seek(0, 2)
    if size < 12:
        raise UnreadableInputError(f"This is not {FILE}.")
    file.seek(-8, 2)
    length, magic = struct.unpack("<I4s", file.read(8))
    if magic != MAGIC or length > size - 12:
        raise UnreadableInputError(f"This is not {FILE}, or its end is cut off.")
    limit = min(FOOTER_BYTES + size // 64, LARGEST_FOOTER_BYTES)
    if length > limit:
        raise part_too_large("footer", limit)
    file.seek(-8 - length, 2)
    return file.read(length)


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
