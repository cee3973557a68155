"""JSON read strictly: no NaN, no key twice, no number rounded, nothing guessed."""

import json
from itertools import pairwise
from typing import IO, Any, NoReturn

import orjson
from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.utils.mediatypes import _MediaType

from datastream.core.api import bodies
from datastream.core.errors import UnreadableInputError

# Whole numbers of so many characters have less than 64 bits.
SURELY_SHORT = 18
LONGER = b"0" * (SURELY_SHORT + 1)
ALL_DIGITS_0 = bytes.maketrans(b"123456789", b"000000000")
SPACE = b" \t\n\r"


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 as RFC 8259 has it; orjson alone would keep the last of two equal keys."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        charset = _MediaType(media_type or "").params.get("charset", "utf-8")
        if charset.lower().replace("-", "") != "utf8":
            raise UnsupportedMediaType(media_type or "")
        limit, seconds = settings.BODY_MAX_BYTES, settings.REQUEST_MAX_S
        with bodies.receive(parser_context["request"], limit=limit, seconds=seconds) as body:
            return loads(body.read())


def loads(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
        if not is_surely_strict(body, value):
            json.loads(body, object_pairs_hook=_refuse_twins, parse_int=_short)
    except orjson.JSONDecodeError as error:
        raise UnreadableInputError(
            f"Not valid JSON: {error.msg} at byte {error.pos}.", details={"position": error.pos}
        ) from error
    except OverflowError as error:
        position = body.find(str(error).encode())
        raise UnreadableInputError(
            f"Not valid JSON: a whole number at byte {position} is beyond 64 bits.",
            details={"position": position},
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError("Not valid JSON: too deep or not in UTF-8.") from error
    return value


def is_surely_strict(body: bytes, value: Any) -> bool:
    """Whether a quick look shows that no key stands twice in an object and no number is too long.

    Without backslashes and space, `":` stands in a text once for each key and once for each string
    that begins with a colon. Of equal keys orjson keeps the last one, so then what it writes of
    `value` has fewer of them.
    """
    if b"\\" in body:
        return False
    squeezed = body.translate(ALL_DIGITS_0, SPACE)
    if LONGER in squeezed:
        return False
    try:
        return squeezed.count(b'":') == orjson.dumps(value).count(b'":')
    except orjson.JSONEncodeError:  # it reads deeper than it writes
        return False


def _short(digits: str) -> int:
    """A whole number of 64 bits; orjson alone would round a longer one quietly."""
    if len(digits) > SURELY_SHORT and not -(2**63) <= int(digits) < 2**64:
        raise OverflowError(digits)
    return 0


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        _refuse(sorted(key for key, _ in pairs))


def _refuse(keys: list[str]) -> NoReturn:
    twin = next(one for one, other in pairwise(keys) if one == other)
    raise UnreadableInputError(f"Not valid JSON: the key {twin[:80]!r} stands twice in one object.")
