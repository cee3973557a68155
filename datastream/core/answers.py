"""What a provider answered, and its words where it refused."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MESSAGE_CHARS = 500
MESSAGE_BYTES = 64 * 1024
# Where providers put their words, the most telling first.
MESSAGE_KEYS = (
    "errorMessage", "developerMessage", "userMessage", "message", "detail", "description", "error",
)  # fmt: skip
# Where they put lists of them: texts, or objects with a message of their own.
LIST_KEYS = ("messages", "errors", "detail")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered; the names of `headers` are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def provider_message(body: bytes) -> str:
    """The provider's own words from the body of a refusal: JSON, HTML or text, cut to fit."""
    text = body[:MESSAGE_BYTES].decode("utf-8", "replace")
    words = " ".join(_json_words(text)) or re.sub(r"<[^<>]*>", " ", text)
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(printable.split())[:MESSAGE_CHARS]


def _json_words(text: str) -> Iterator[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(content, dict):
        return
    yield from (content[key] for key in MESSAGE_KEYS if isinstance(content.get(key), str))
    for key in LIST_KEYS:
        found = content.get(key)
        yield from _listed_words(found if isinstance(found, list) else [])


def _listed_words(errors: list[Any]) -> Iterator[str]:
    for error in errors:
        if isinstance(error, str):
            yield error
        elif isinstance(error, dict):
            field = error.get("field") or ".".join(map(str, error.get("loc") or []))
            yield f"{field}: {error.get('message') or error.get('msg') or ''}"
