"""A stored file as an answer: whole, or the rest of it after a break."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from datastream.core.api import errors
from datastream.core.api.conditional import check_unchanged, is_unchanged

CHUNK_BYTES = 256 * 1024
# RFC 9110, section 14.1.2: one range, from or to its end, or so many of the last bytes.
RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))\s*", re.ASCII)
PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


@dataclass(frozen=True, slots=True)
class Content:
    """An open file and what is said about it; `sha256` is the digest of the whole, in hex."""

    file: BinaryIO
    size: int
    media_type: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `first` up to, without, `end`."""

    first: int
    end: int


class Piece(Iterator[bytes]):
    """A span of a file in chunks; the file is closed when it ends or the client has gone."""

    def __init__(self, file: BinaryIO, span: Span) -> None:
        self.file = file
        self.left = span.end - span.first
        file.seek(span.first)

    def __next__(self) -> bytes:
        chunk = self.file.read(min(CHUNK_BYTES, self.left)) if self.left else b""
        if not chunk:
            self.close()
            raise StopIteration
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.left = 0
        if not self.file.closed:
            self.file.close()


def answer(request: Request, content: Content) -> HttpResponseBase:
    """The file, or the one range of it that is asked for; several ranges are answered by all.

    The file is closed in the end, whatever the answer is.
    """
    try:
        response = _answer(request, content)
    except BaseException:
        content.file.close()
        raise
    if not response.streaming:
        content.file.close()
    return response


def _answer(request: Request, content: Content) -> HttpResponseBase:
    check_unchanged(request, content.sha256)
    if is_unchanged(request, content.sha256):
        return HttpResponse(status=304, headers={"ETag": f'"{content.sha256}"'})
    whole = Span(0, content.size)
    asked = _range(request, content) or whole
    headers = _headers(content)
    if content.size and asked.first >= asked.end:
        return _unsatisfiable(content)
    headers["Content-Length"] = str(asked.end - asked.first)
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    if asked != whole:
        headers["Content-Range"] = f"bytes {asked.first}-{asked.end - 1}/{content.size}"
    status = 200 if asked == whole else 206
    return StreamingHttpResponse(Piece(content.file, asked), status=status, headers=headers)


def _range(request: Request, content: Content) -> Span | None:
    """The span asked for; an empty one where the file has no such bytes, None for the whole."""
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not found or not _is_same(request, content):
        return None
    first, last, tail = (int(text) if text else None for text in found.groups())
    if first is None:
        first, last = max(content.size - (tail or 0), 0), None
        return Span(first if tail else content.size, content.size)
    if last is not None and last < first:
        return None  # not a range by RFC 9110, so as if there were none
    end = content.size if last is None else min(last + 1, content.size)
    return Span(min(first, content.size), end)


def _is_same(request: Request, content: Content) -> bool:
    """Whether the part that the client has belongs to this file, as far as it says so.

    A weak tag or a time never matches: neither tells that all bytes are the same.
    """
    return request.headers.get("If-Range", f'"{content.sha256}"') == f'"{content.sha256}"'


def _headers(content: Content) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(content.sha256)).decode()
    return {
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(content.name),
        "Content-Type": content.media_type,
        "ETag": f'"{content.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def disposition(name: str) -> str:
    """The header that names a download: in plain letters for old clients, and as it is."""
    plain = PLAIN.sub("_", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


def _unsatisfiable(content: Content) -> Response:
    message = f"The file has {content.size} bytes, from 0 to {content.size - 1}."
    body = errors.body("VALIDATION_ERROR", details={"Range": [message]})
    return Response(body, status=416, headers={"Content-Range": f"bytes */{content.size}"})
