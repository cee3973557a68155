"""What a file format declares, and what its reader is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from datasets.ingest.batch import Batch
from datastream.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader is told besides the bytes.

    Attributes
    ----------
    timezone : IANA name, the zone of times without an offset; None is UTC
    limit_bytes : at most so many bytes may come out when unpacked; None is no limit
    limit_points : at most so many points in a body that is read whole; None is no limit
    piece_rows : rows of a piece, at most
    piece_bytes : bytes of a piece, at most; a single row must fit in, of CSV in a quarter
    """

    timezone: str | None = None
    limit_bytes: int | None = None
    limit_points: int | None = None
    piece_rows: int = 65_536
    piece_bytes: int = 4 * 2**20


@dataclass(frozen=True)
class Format:
    """How points stand in a file.

    Attributes
    ----------
    media_types : the first is the usual one
    suffixes : endings of file names, in small letters
    read : the points of a seekable file from its start, piece by piece and at least one; each
        piece knows the number of its first row
    whole : whether all of it is in memory at once, so that its limit must be lower

    Raises
    ------
    UnreadableInputError
        The file is not of this format; nothing of its contents stands in the message.
    InvalidInputError
        Its columns cannot be points.
    TooLargeError
        More comes out than the limits allow.
    """

    name: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    read: Callable[[BinaryIO, Reading], Iterator[Batch]]
    whole: bool = False


registry: Registry[Format] = Registry("format")
