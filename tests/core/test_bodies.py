"""Bodies are received whole, unpacked and bounded, or refused."""

import gzip
import io
import os
import resource
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from backports import zstd
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from gunicorn.http.errors import InvalidChunkSize, NoMoreData
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from datastream.core.api import bodies, middleware
from datastream.core.errors import TooLargeError, UnavailableError, UnreadableInputError
from tests.running import forget_peak, memory_bytes

MIB = 2**20
OPEN_FILES = Path("/proc/self/fd")
Pack = Callable[[bytes], bytes]
PACKERS: dict[str, Pack] = {"gzip": gzip.compress, "zstd": zstd.compress}
each_packing = pytest.mark.parametrize("encoding", PACKERS)


class Stream(io.RawIOBase):
    """A body that comes in the given parts; an error among them is raised in its turn."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts = list(parts)
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "somebody reads until the end"
        part = self.parts.pop(0) if self.parts else b""
        if isinstance(part, Exception):
            raise part
        if len(part) > size:
            self.parts.insert(0, part[size:])
        self.taken += len(part[:size])
        return part[:size]


def request(stream: Stream, length: int | None, encoding: str = "") -> Request:
    """A request as gunicorn and the middleware hand it over; without a length it is chunked."""
    meta = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": length}
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/datasets",
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        **{name: str(value) for name, value in meta.items()},
        **({"HTTP_CONTENT_ENCODING": encoding} if encoding else {}),
    }
    asked = WSGIRequest(environ)
    middleware.api_conventions(lambda _: HttpResponse())(asked)
    return Request(asked)


def receive(*parts: bytes | Exception, limit: int = 10 * MIB, **about: Any) -> BinaryIO:
    about.setdefault("length", None)
    return bodies.receive(request(Stream(*parts), **about), limit=limit, seconds=5)


def received(*parts: bytes | Exception, **about: Any) -> bytes:
    with receive(*parts, **about) as file:
        return file.read()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go in this test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def at_most_more(size: int) -> Iterator[None]:
    """Fail where this process holds more than so many bytes more meanwhile."""
    forget_peak(os.getpid())
    before = memory_bytes(os.getpid())
    yield
    assert memory_bytes(os.getpid(), "VmHWM") - before < size


# ------------------------------------------------------------------ whole or not at all


def test_a_body_is_received_from_its_start():
    assert received(b"ab", b"c", length=3) == b"abc"
    assert received(b"ab", b"c", length=None) == b"abc"
    assert received(length=0) == b""


def test_a_large_body_is_in_a_file_that_has_no_name(folder: Path):
    with receive(b"x" * (3 * MIB), length=3 * MIB) as file:
        assert os.fstat(file.fileno()).st_size == 3 * MIB
        assert list(folder.iterdir()) == []
        assert file.read() == b"x" * (3 * MIB)


def test_a_large_body_is_not_held_in_memory(folder: Path):
    with at_most_more(16 * MIB), receive(*[b"x" * MIB] * 200, limit=200 * MIB) as file:
        assert file.seek(0, io.SEEK_END) == 200 * MIB


@pytest.mark.parametrize("length", [5, None], ids=["declared", "chunked"])
def test_the_limit_is_the_last_size_that_is_taken(length: int | None):
    assert received(b"12345", length=length, limit=5) == b"12345"
    with pytest.raises(TooLargeError) as refused:
        received(b"123456", length=length and 6, limit=5)
    assert refused.value.details == {"limit_bytes": 5}


def test_a_declared_length_past_the_limit_is_refused_before_anything_is_read():
    stream = Stream(b"x" * 100)
    with pytest.raises(TooLargeError):
        bodies.receive(request(stream, 100), limit=99, seconds=5)
    assert stream.taken == 0


@pytest.mark.parametrize(
    ("length", "then"),
    [
        (10, []),
        (10, [ConnectionResetError()]),
        (None, [ConnectionResetError()]),
        (10, [TimeoutError()]),
        (None, [InvalidChunkSize(b"x")]),
        (None, [NoMoreData()]),
    ],
    ids=["ends", "reset", "reset in chunks", "silent", "no chunk", "ends in chunks"],
)
def test_a_part_is_never_taken_for_the_whole(length: int | None, then: list[Exception]):
    with pytest.raises(UnreadableInputError):
        receive(b"12345", *then, length=length)


def test_a_body_that_takes_too_long_is_refused():
    with pytest.raises(UnreadableInputError, match="too long"):
        bodies.receive(request(Stream(b"x"), 1), limit=9, seconds=-1)


def test_a_refused_body_leaves_no_open_file(folder: Path):
    before = set(OPEN_FILES.iterdir())
    with pytest.raises(UnreadableInputError):
        receive(b"x" * (2 * MIB), ConnectionResetError(), length=3 * MIB)
    assert set(OPEN_FILES.iterdir()) == before


def test_a_full_disk_is_said_and_passes(folder: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, before[1]))
    try:
        with pytest.raises(UnavailableError):
            receive(b"x" * (4 * MIB), length=4 * MIB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# ------------------------------------------------------------------ packed


@given(
    content=st.binary(max_size=2000),
    cuts=st.lists(st.integers(0, 500), max_size=5),
    encoding=st.sampled_from([*PACKERS, "x-gzip", "GZIP", " zstd"]),
    members=st.integers(1, 3),
)
def test_what_was_packed_is_unpacked(content: bytes, cuts: list[int], encoding: str, members: int):
    packed = PACKERS["zstd" if "zstd" in encoding else "gzip"](content) * members
    edges = [0, *sorted(cuts), len(packed)]
    parts = [part for a, b in pairwise(edges) if (part := packed[a:b])]
    assert received(*parts, encoding=encoding) == content * members
    assert received(packed, length=len(packed), encoding=encoding) == content * members


@each_packing
def test_a_packed_body_much_larger_than_its_pieces_is_unpacked(encoding: str):
    content = b"".join(b"%d," % n for n in range(200_000))
    assert received(PACKERS[encoding](content), encoding=encoding) == content


@each_packing
def test_a_cut_packed_body_is_refused_wherever_it_is_cut(encoding: str):
    packed = PACKERS[encoding](b"a text " * 20 + os.urandom(50))
    for size in range(1, len(packed)):
        with pytest.raises(UnreadableInputError):
            receive(packed[:size], encoding=encoding)


@each_packing
def test_a_damaged_packed_body_is_refused(encoding: str):
    packed = PACKERS[encoding](b"a text " * 20)
    for wrong in (packed + b"\x00", packed + b"more", b"plain text", packed[1:]):
        with pytest.raises(UnreadableInputError):
            receive(wrong, encoding=encoding)


@each_packing
def test_in_30_a_bomb_is_refused_at_the_unpacked_limit(encoding: str, folder: Path):
    bomb = PACKERS[encoding](bytes(MIB)) * 500
    assert len(bomb) < MIB
    with at_most_more(24 * MIB), pytest.raises(TooLargeError) as refused:
        receive(bomb, encoding=encoding, length=len(bomb), limit=30 * MIB)
    assert refused.value.details == {"limit_bytes": 30 * MIB}


@each_packing
def test_a_bomb_in_one_member_is_unpacked_no_further_than_the_limit(encoding: str):
    bomb = PACKERS[encoding](bytes(32 * MIB))
    with at_most_more(24 * MIB), pytest.raises(TooLargeError):
        receive(bomb, encoding=encoding, limit=MIB)


@each_packing
def test_the_limit_holds_for_the_unpacked_size(encoding: str):
    packed = PACKERS[encoding](bytes(MIB))
    assert len(received(packed, encoding=encoding, limit=MIB)) == MIB
    with pytest.raises(TooLargeError):
        receive(packed, encoding=encoding, limit=MIB - 1)


def test_zstd_with_a_window_past_that_of_http_is_refused():
    content = os.urandom(9 * MIB)
    for window_log, is_taken in ((23, True), (24, False)):
        options: dict[int, int] = {zstd.CompressionParameter.window_log: window_log}
        packed = zstd.compress(content, options=options)
        if is_taken:
            assert received(packed, encoding="zstd") == content
        else:
            with pytest.raises(UnreadableInputError, match="8 MiB"):
                receive(packed, encoding="zstd")


@each_packing
def test_a_body_of_thousands_of_empty_members_is_refused(encoding: str):
    with pytest.raises(UnreadableInputError, match="too many parts"):
        receive(PACKERS[encoding](b"") * 10_001, encoding=encoding)


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "compress", "gzip, gzip", "gzip, identity", "gzip;q=1", "x"]
)
def test_other_encodings_are_not_read(encoding: str):
    with pytest.raises(UnsupportedMediaType, match="send gzip, zstd or none"):
        receive(zlib.compress(b"{}"), encoding=encoding)


def test_identity_is_as_good_as_nothing():
    assert received(b"{}", encoding="identity") == b"{}"
