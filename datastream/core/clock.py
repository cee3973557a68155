"""Now, and the one form in which times are read and written."""

import re
from datetime import UTC, datetime

from datastream.core.errors import InvalidInputError

# RFC 3339, with the seconds, the time and the offset left out where people leave them out.
TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?(?:[Zz]|[+-]\d{2}:[0-5]\d)?)?",
    re.ASCII,
)


def now() -> datetime:
    return datetime.now(UTC)


def parse(text: str, field: str) -> datetime:
    """An instant from RFC 3339; without an offset it is UTC, a date alone is its midnight."""
    message = "Not a time; write it like 2001-01-31T12:00:00Z."
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise InvalidInputError.of(field, message)
    try:
        value = datetime.fromisoformat(text.upper().replace(" ", "T"))
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError.of(field, message) from error


def text(value: datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC with `Z`."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
