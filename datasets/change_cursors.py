"""Cursors of reads of changes: opaque, signed, pinned to a revision and to what was asked."""

from datetime import datetime

from django.core import signing

from datasets.selectors.changes import Place
from datastream.core import clock
from datastream.core.errors import InvalidInputError

SALT = "datasets.changes"
LONGEST = 1000


def write(until: int, place: Place, asked: str) -> str:
    """The cursor of a place among the changes up to a revision; `asked`: digest of the query."""
    number, station, time = place
    return signing.dumps([until, number, station, clock.text(time), asked], salt=SALT)


def read(text: str, expected: str) -> tuple[int, Place]:
    """Revision and place; InvalidInputError where it is not ours or belongs to another query."""
    try:
        until, number, station, time, asked = signing.loads(text[:LONGEST], salt=SALT)
        place = (number, station, datetime.fromisoformat(time))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidInputError.of("cursor", "Not a cursor; take it from `next`.") from error
    if asked != expected:
        raise InvalidInputError.of("cursor", "It belongs to another query; take it from `next`.")
    return until, place
