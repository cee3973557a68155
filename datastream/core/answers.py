"""What a provider answered, and its words where it refused."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

MESSAGE_CHARS = 500
MESSAGE_BYTES = 64 * 1024
# Where providers put their words, the most telling first.
MESSAGE_KEYS = ("errorMessage", "developerMessage", "userMessage", "message", "detail", "error")


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
    errors = content.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            yield f"{error.get('field', '')}: {error.get('message', '')}"
