"""Takes persons out of an answer: who observed, often a pupil, and what they wrote freely."""

import re
from typing import Any

import orjson

PERSONAL = ("userid", "comments", "fieldnotes", "caption", "notes")
# In a text that is no JSON, as when it was cut.
IN_TEXT = re.compile(rb'(userid|comments|notes|caption)"', re.IGNORECASE)


def without_persons(body: bytes) -> bytes:
    """The same answer without ids of persons and comments.

    One that is no JSON, or nested too deep to be looked through, is kept whole, or not at all where
    it may hold such.
    """
    try:
        return orjson.dumps(_without(orjson.loads(body)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return b"" if IN_TEXT.search(body) else body


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(one) for one in value]
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if not k.lower().endswith(PERSONAL)}
    return value
