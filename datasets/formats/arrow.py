"""Arrow's stream of record batches: the columns of CSV with their own types."""

import mmap
import struct
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
from pyarrow import ipc

from datasets.formats.pieces import Cutter, at_once, kept_columns, part_too_large, readable
from datasets.formats.registry import Format, Reading, registry
from datasets.ingest.batch import Batch
from datastream.core.errors import UnreadableInputError

STREAM = "an Arrow stream"
# A file of Arrow's is a stream between this and a table of contents.
FILE_MAGIC = b"ARROW1\0\0"
# A message begins with this and its length; of old, with its length alone.
CONTINUED = -1
KEPT_AS_IT_IS = -1
SCHEMA_BYTES = 2**20


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from an Arrow stream; a null says nothing of its variable."""
    body = Body(file)
    with readable(STREAM):
        schema = body.schema()
    kept = kept_columns(schema)
    with readable(STREAM):
        body.check_sizes()
    places = [schema.get_field_index(name) for name in kept]
    cutter = Cutter(pa.schema([schema.field(name) for name in kept]), reading)
    yield from cutter.batches(body.tables(places, reading.piece_rows), STREAM)


class Body:
    """A stream's bytes: left on disk where they are there, so that large batches are not copied."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._map = _mapped(file)
        buffer = pa.py_buffer(file.read() if self._map is None else self._map)
        is_file = buffer[: len(FILE_MAGIC)].to_pybytes() == FILE_MAGIC
        self._buffer = buffer[len(FILE_MAGIC) :] if is_file else buffer

    def schema(self) -> pa.Schema:
        sizes = struct.unpack("<iI", self._buffer[:8].to_pybytes().ljust(8, b"\0"))
        if sizes[sizes[0] == CONTINUED] > SCHEMA_BYTES:
            raise pa.ArrowInvalid("Too much for a schema.")
        with ipc.open_stream(self._buffer) as reader:
            return reader.schema

    def tables(self, columns: list[int], rows: int) -> Iterator[pa.RecordBatch]:
        """Record batches of at most so many rows, of these columns."""
        options = ipc.IpcReadOptions(included_fields=columns, use_threads=False)
        with ipc.open_stream(self._buffer, options=options) as reader:
            for table in reader:
                for start in range(0, len(table), rows):
                    yield table.slice(start, rows)
                    if self._map is not None:
                        # What was read need not stay in memory.
                        self._map.madvise(mmap.MADV_DONTNEED)

    def check_sizes(self) -> None:
        """Refuse, before anything is unpacked, a message that would fill the memory; and a cut end.

        Dictionaries stay while the record batches come and go.
        """
        source = pa.BufferReader(self._buffer)
        messages = ipc.MessageReader.open_stream(source)
        limit, dictionaries, end = at_once(self._buffer.size), 0, 0
        for message in messages:
            end = source.tell()
            size = unpacked_bytes(message)
            dictionaries += size if message.type == "dictionary" else 0
            if dictionaries + size > limit:
                raise part_too_large("record batch", limit)
        if source.tell() == end:
            raise UnreadableInputError(f"This is {STREAM} without its end; it may be cut.")


def _mapped(file: BinaryIO) -> mmap.mmap | None:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # not on disk, or empty
        return None


# ------------------------------------------------------------------ what a message unpacks to


def unpacked_bytes(message: ipc.Message) -> int:
    """Bytes of the buffers of a compressed message; 0 where nothing is compressed.

    Message.fbs of Arrow's format: a compressed buffer begins with its length when unpacked.
    """
    if message.type not in {"record batch", "dictionary"}:
        return 0
    try:
        header = Table.root(message.metadata.to_pybytes()).table(2)
        content = header if message.type == "record batch" else header.table(1)
        if not content.has(3):
            return 0
        return sum(_unpacked(message.body, *place) for place in content.places(2))
    except (struct.error, IndexError) as error:
        raise pa.ArrowInvalid("A message is damaged.") from error


def _unpacked(body: pa.Buffer, offset: int, length: int) -> int:
    if length < 8:
        return 0
    if not 0 <= offset <= body.size - 8:
        raise IndexError
    (size,) = struct.unpack("<q", body[offset : offset + 8].to_pybytes())
    return length if size == KEPT_AS_IT_IS else abs(size)


class Table:
    """A table of a flatbuffer: fields found by number, where they are there."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place
        (back,) = struct.unpack_from("<i", data, place)
        self._fields = place - back
        (self._size,) = struct.unpack_from("<H", data, self._fields)

    @classmethod
    def root(cls, data: bytes) -> "Table":
        return cls(data, *struct.unpack_from("<I", data))

    def has(self, field: int) -> bool:
        return self._offset(field) > 0

    def table(self, field: int) -> "Table":
        return Table(self.data, self._target(field))

    def places(self, field: int) -> Iterator[tuple[int, int]]:
        """A list of pairs of whole numbers."""
        start = self._target(field)
        (count,) = struct.unpack_from("<I", self.data, start)
        return struct.iter_unpack("<qq", self.data[start + 4 : start + 4 + 16 * count])

    def _offset(self, field: int) -> int:
        place = 4 + 2 * field
        if place + 2 > self._size:
            return 0
        return int(struct.unpack_from("<H", self.data, self._fields + place)[0])

    def _target(self, field: int) -> int:
        place = self.place + self._offset(field)
        return place + int(struct.unpack_from("<I", self.data, place)[0])


registry.add(Format("arrow", ("application/vnd.apache.arrow.stream",), (".arrows", ".arrow"), read))
