"""NDJSON: a point as JSON on each line."""

from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import orjson

from datasets.formats.registry import Format, Reading, registry
from datasets.ingest.batch import Batch, in_zone
from datasets.ingest.records import from_records
from datastream.core.api.parsers import loads
from datastream.core.errors import UnreadableInputError

MEDIA_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


def read(file: BinaryIO, reading: Reading) -> Iterator[Batch]:
    """Batches from NDJSON; empty lines are passed over and are no rows."""
    local = in_zone(reading.timezone)
    lines = Lines(file, reading.piece_bytes)
    for some in lines.parts(reading.piece_rows):
        batch = from_records(lines.parsed(some), local=local)
        batch.first = lines.row
        lines.row += len(batch)
        yield batch
    if not lines.row:
        yield from_records([], local=local)


class Lines:
    """The lines of a file; `line` counts all that were passed, `row` those that are points."""

    def __init__(self, file: BinaryIO, longest: int) -> None:
        self.file, self.longest = file, longest
        self.line = self.row = 0

    def parts(self, count: int) -> Iterator[Sequence[bytes]]:
        """At most so many lines at a time, without those that are empty throughout."""
        for block in self._blocks():
            lines = block.split(b"\n")
            for start in range(0, len(lines), count):
                some = lines[start : start + count]
                if any(map(bytes.strip, some)):
                    yield some
                self.line += len(some)
            # After the end of its last line a block has one more, which is empty.
            self.line -= 1

    def _blocks(self) -> Iterator[bytes]:
        """Parts that end where a line ends; objects need several times the room of their text."""
        self.file.seek(0)
        rest = self.file.read(len(BOM_UTF8)).removeprefix(BOM_UTF8)
        while part := self.file.read(self.longest // 2):
            end = part.rfind(b"\n") + 1
            if end:
                yield rest + part[:end]
                rest = b""
            rest += part[end:]
            if len(rest) > self.longest:
                message = f"It is longer than {self.longest} bytes."
                raise self._error(self.line, self.row, message)
        yield rest

    def parsed(self, lines: Sequence[bytes]) -> list[Any]:
        kept = list(filter(bytes.strip, lines))
        try:
            # Each by itself first: joined, `1,2` and `[3` and `4]` would pass for three lines.
            deque(map(orjson.loads, kept), maxlen=0)
            return list(loads(b"[" + b",".join(kept) + b"]"))
        except (orjson.JSONDecodeError, UnreadableInputError):
            return self._parsed_singly(lines)

    def _parsed_singly(self, lines: Sequence[bytes]) -> list[Any]:
        points: list[Any] = []
        for place, line in enumerate(lines):
            if not line.strip():
                continue
            try:
                points.append(loads(line))
            except UnreadableInputError as error:
                row = self.row + len(points)
                raise self._error(self.line + place, row, error.message) from error
        return points

    def _error(self, line: int, row: int, message: str) -> UnreadableInputError:
        return UnreadableInputError(f"Line {line + 1}: {message}", details={"row": row})


registry.add(Format("ndjson", MEDIA_TYPES, (".ndjson", ".jsonl"), read))
