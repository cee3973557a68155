"""Cursors of reads of points: opaque, signed, pinned to a revision and to what was asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing

from datastream.core import clock
from datastream.core.api.conditional import tag_of
from datastream.core.errors import InvalidInputError

SALT = "datasets.cursor"
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    """`asked` is a digest of the query that the cursor belongs to."""

    revision: int
    station: int
    timestamp: datetime
    asked: str


def asked(*parts: Any) -> str:
    return tag_of(*parts)[:16]


def write(cursor: Cursor) -> str:
    time = clock.text(cursor.timestamp)
    return signing.dumps([cursor.revision, cursor.station, time, cursor.asked], salt=SALT)


def read(text: str, expected: str) -> Cursor:
    """The cursor of a text; InvalidInputError where it is not ours or belongs to another query."""
    try:
        revision, station, time, digest = signing.loads(text[:LONGEST], salt=SALT)
        cursor = Cursor(revision, station, datetime.fromisoformat(time), digest)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidInputError.of("cursor", "Not a cursor; take it from `next`.") from error
    if cursor.asked != expected:
        raise InvalidInputError.of("cursor", "It belongs to another query; take it from `next`.")
    return cursor
