"""What a file format declares."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datasets.ingest.batch import Batch
from datastream.core.registry import Registry


@dataclass(frozen=True)
class Format:
    """read : the whole file as a batch; the zone is that of times without an offset, or None.

    Raises UnreadableInputError where the file is not of this format.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str | None], Batch]


registry: Registry[Format] = Registry("format")
