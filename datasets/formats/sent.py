"""What somebody sent, as the batches it holds; they can be read more than once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from datasets.formats.registry import Format, Reading
from datasets.ingest.batch import Batch


@dataclass(frozen=True, slots=True)
class Sent:
    """A seekable file of points in a format."""

    file: BinaryIO
    format: Format
    reading: Reading

    def __iter__(self) -> Iterator[Batch]:
        return self.format.read(self.file, self.reading)
