"""Bodies read strictly: no more bytes than the limit, no NaN, no key twice, nothing guessed."""

import json
from itertools import pairwise
from typing import IO, Any, NoReturn

import orjson
from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.utils.mediatypes import _MediaType

from datastream.core.errors import TooLargeError, UnreadableInputError

# Whole numbers of so many characters have less than 64 bits.
SURELY_SHORT = 18


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 as RFC 8259 has it; orjson alone would keep the last of two equal keys."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        charset = _MediaType(media_type or "").params.get("charset", "utf-8")
        if charset.lower().replace("-", "") != "utf8":
            raise UnsupportedMediaType(media_type or "")
        return loads(read(stream, settings.BODY_MAX_BYTES))


def read(stream: IO[bytes], limit: int) -> bytes:
    """The whole body, or TooLargeError once it is past the limit."""
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLargeError(
            f"The body is larger than {limit} bytes; send it in parts.",
            details={"limit_bytes": limit},
        )
    return body


def loads(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
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
