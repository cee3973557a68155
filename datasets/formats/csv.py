"""CSV: a `timestamp` column, an optional `station`, every other column a variable."""

import csv as standard
import io
import re
import secrets
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow

from datasets.formats.registry import Format, Reading, registry
from datasets.ingest.batch import Batch, check_columns, from_table
from datastream.core.errors import UnreadableInputError

HEADER_BYTES = 256 * 1024
# A piece is read in so many blocks, of which pyarrow reads 32 ahead.
BLOCKS = 4
# An export puts an apostrophe before texts that a spreadsheet would compute.
GUARD = re.compile(r"^'(?='*[=+\-@\t\r])")
RAGGED = re.compile(r"Row #(\d+): Expected \d+ columns, got (\d+)")
NOT_UTF8 = re.compile(r"Row #(\d+): .*UTF8")
# More than a row can have, so that these cells in it are ours.
COMMAS = 300


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from CSV; an empty cell says nothing of its variable."""
    names = _header(file)
    check_columns(names)
    rows = Rows(file, names, reading.piece_bytes // BLOCKS)
    first = 0
    for table in rows.tables(reading.piece_rows):
        batch = from_table(table, timezone=reading.timezone)
        batch.first, batch.guarded = first, True
        first += len(batch)
        yield batch


# ------------------------------------------------------------------ the header


def _header(file: BinaryIO) -> list[str]:
    """The names of the columns; the file is left at what follows them."""
    file.seek(0)
    head = file.read(HEADER_BYTES)
    start = len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0
    text = head[start:].decode("utf-8", "surrogateescape")
    lines = _Counted(text)
    try:
        names = next(filter(None, standard.reader(lines, strict=True)), [])
    except standard.Error as error:
        message = "The first line is no header of a CSV file; is a quote not closed?"
        raise UnreadableInputError(message) from error
    _refuse_header(head, names)
    if lines.taken >= HEADER_BYTES - start:
        raise UnreadableInputError(f"The header is longer than {HEADER_BYTES} bytes.")
    file.seek(start + lines.taken)
    return [GUARD.sub("", name) for name in names]


class _Counted:
    """The lines of a text, and how many bytes of it they took."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.taken += len(line.encode("utf-8", "surrogateescape"))
            yield line


def _refuse_header(head: bytes, names: list[str]) -> None:
    joined = ",".join(names)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or "\x00" in joined:
        raise UnreadableInputError("This looks like UTF-16; save the file as UTF-8 and try again.")
    if not joined.isascii() and re.search("[\udc80-\udcff]", joined):
        raise UnreadableInputError("The header is not in UTF-8; save the file so and try again.")
    if not names:
        raise UnreadableInputError("This is empty; a CSV file begins with its columns' names.")
    other = next((one for one in ";\t|" if one in names[0]), None)
    if len(names) == 1 and other:
        shown = {"\t": "a tab"}.get(other, f"`{other}`")
        raise UnreadableInputError(f"There is {shown} between the columns; use commas.")


# ------------------------------------------------------------------ the rows


class _Ended:
    """A file followed by something more, as the reader of rows wants it."""

    closed = False

    def __init__(self, file: BinaryIO, ending: bytes) -> None:
        self._file, self._ending = file, io.BytesIO(ending)

    def read(self, size: int) -> bytes:
        return self._file.read(size) or self._ending.read(size)

    def close(self) -> None:
        """Leave the file to whom it belongs."""


class Rows:
    """The rows after the header, all cells as texts: what they hold is for the variables to say."""

    def __init__(self, file: BinaryIO, names: list[str], block_bytes: int) -> None:
        self.names, self.block_bytes = names, block_bytes
        self.count = 0
        # One more row follows the last: a cell of commas between quotes, and empty ones. Where the
        # last quote is not closed, it is closed by that, and the commas make the row too long.
        # Otherwise nobody would see it. Nobody can have sent what is made up only now.
        self.last = "," * COMMAS + secrets.token_hex(8)
        ending = f'\n"{self.last}"' + "," * (len(names) - 1) + "\n"
        self._file = _Ended(file, ending.encode())

    def tables(self, rows: int) -> Iterator[pa.Table]:
        """Tables of some blocks and at most so many rows, and at least one."""
        waiting: list[pa.RecordBatch] = []
        for batch in self._batches():
            for start in range(0, len(batch), rows):
                part = batch.slice(start, rows)
                if len(waiting) == BLOCKS or sum(map(len, [*waiting, part])) > rows:
                    yield pa.Table.from_batches(waiting)
                    waiting = []
                waiting.append(part)
        if waiting or not self.count:
            yield pa.Table.from_batches(waiting, pa.schema(dict.fromkeys(self.names, pa.string())))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """The blocks, without the line that was put after them."""
        try:
            for batch in self._opened():
                is_end = bool(len(batch) and batch.column(0)[-1].as_py() == self.last)
                kept = len(batch) - is_end
                yield batch.slice(0, kept)
                self.count += kept
        except pa.ArrowInvalid as error:
            raise self._explained(str(error)) from error

    def _opened(self) -> Any:
        return arrow.open_csv(
            pa.PythonFile(self._file, mode="r"),
            # With threads it would not know the number of a row.
            read_options=arrow.ReadOptions(
                use_threads=False, block_size=self.block_bytes, column_names=self.names
            ),
            # Without a handler of bad rows: it fails where they are not in UTF-8.
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    def _explained(self, message: str) -> UnreadableInputError:
        """What is wrong, without the contents that the reader's own message shows."""
        if found := RAGGED.match(message.removeprefix("CSV parse error: ")):
            row, text = int(found[1]) - 1, self._why_ragged(int(found[2]))
        elif found := NOT_UTF8.search(message):
            row, text = int(found[1]) - 1, "is not in UTF-8; save the file so and try again."
        elif "straddling" in message:
            row = self.count
            text = f"is longer than {self.block_bytes} bytes; is a quote not closed?"
        else:
            return UnreadableInputError("This is not a CSV file.")
        return UnreadableInputError(f"Row {row} (from 0) {text}", details={"row": row})

    def _why_ragged(self, cells: int) -> str:
        width = len(self.names)
        if COMMAS < cells < COMMAS + 2 * width:
            return "has a quote that is opened and not closed."
        hint = "; write decimals with a point" if cells > width else ""
        return f"has {cells} cells and the header {width}{hint}."


registry.add(Format("csv", ("text/csv",), (".csv",), read))
