"""What the middleware does to every answer: compression of streams, HEAD, bodies for our pages."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from backports import zstd
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from datastream.core.api import middleware

PIECE = b"2001-01-01,12.5\r\n" * 4000
PACKED = ["text/csv", "application/x-ndjson", "application/geo+json", "application/json"]
ALREADY_PACKED = ["application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"]
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}


class Pieces:
    """The pieces of a stream, counted as they are taken, which may be closed."""

    def __init__(self, count: int) -> None:
        self.count, self.taken, self.is_closed = count, 0, False

    def __iter__(self) -> Iterator[bytes]:
        while self.taken < self.count:
            self.taken += 1
            yield PIECE

    def close(self) -> None:
        self.is_closed = True


def compressed(response: HttpResponseBase, accepted: str) -> Any:
    request = RequestFactory().get("/api/v1/x", headers={"Accept-Encoding": accepted})
    return middleware.Compression(lambda _: response)(request)


@pytest.mark.parametrize("encoding", UNPACK)
@pytest.mark.parametrize("media_type", PACKED)
def test_streams_of_text_are_compressed_piece_by_piece(media_type: str, encoding: str):
    pieces = Pieces(50)
    headers = {"ETag": '"tag"', "Content-Length": "1"}
    response = StreamingHttpResponse(pieces, content_type=media_type, headers=headers)
    answer = compressed(response, encoding)
    assert (answer["Content-Encoding"], answer["ETag"]) == (encoding, 'W/"tag"')
    assert "Content-Length" not in answer
    assert "accept-encoding" in answer["Vary"].lower()
    stream = iter(answer)
    first = next(part for part in stream if part)
    assert pieces.taken == 1
    rest = list(stream)
    assert UNPACK[encoding](first + b"".join(rest)) == PIECE * 50
    assert max(map(len, rest)) < len(PIECE)


def test_the_first_compressed_piece_can_be_read_at_once():
    answer = compressed(StreamingHttpResponse(Pieces(9), content_type="text/csv"), "gzip")
    first = next(part for part in answer if part)
    assert zlib.decompressobj(31).decompress(first) == PIECE


@pytest.mark.parametrize("media_type", ALREADY_PACKED)
def test_what_is_packed_already_is_not_packed_again(media_type: str):
    response = StreamingHttpResponse(
        Pieces(2), content_type=media_type, headers={"ETag": '"tag"', "Content-Length": "9"}
    )
    answer = compressed(response, "gzip, br, zstd")
    assert "Content-Encoding" not in answer
    assert (answer["ETag"], answer["Content-Length"]) == ('"tag"', "9")
    assert b"".join(answer) == PIECE * 2


def test_a_closed_compressed_stream_closes_what_it_came_from(db: None):
    pieces = Pieces(9)
    answer = compressed(StreamingHttpResponse(pieces, content_type="text/csv"), "gzip")
    next(iter(answer))
    answer.close()
    assert pieces.is_closed


def test_head_of_a_stream_takes_nothing_of_it_and_closes_it(db: None):
    pieces = Pieces(9)
    response = StreamingHttpResponse(pieces, content_type="text/csv")
    asked = RequestFactory().head("/api/v1/x")
    answer: Any = middleware.api_conventions(lambda _: response)(asked)
    assert list(answer) == []
    answer.close()
    assert (pieces.taken, pieces.is_closed) == (0, True)
    assert answer["Content-Type"] == "text/csv"


@pytest.mark.parametrize(
    ("path", "kind", "size", "status"),
    [
        ("/admin/login/", "application/x-www-form-urlencoded", 101, 413),
        ("/admin/login/", "multipart/form-data; boundary=x", 101, 413),
        ("/admin/login/", "application/json", 101, 413),
        ("/admin/login/", "application/x-www-form-urlencoded", 100, 200),
        ("/api/v1/datasets", "multipart/form-data; boundary=x", 101, 413),
        ("/api/v1/datasets", "text/csv", 101, 200),
    ],
)
def test_what_django_takes_in_whole_is_bounded(
    settings: Any, path: str, kind: str, size: int, status: int
):
    settings.BODY_MAX_BYTES = 100
    asked = RequestFactory().post(path, b"x" * size, content_type=kind)
    answer = middleware.api_conventions(lambda _: HttpResponse())(asked)
    assert answer.status_code == status
