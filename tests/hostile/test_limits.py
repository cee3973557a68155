"""IN-11, IN-30, IN-45: bodies, unpacked bodies, addresses and headers past their limits."""

import functools
import gzip
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from tests.factories import days
from tests.hostile import wire
from tests.hostile.conftest import UPLOAD_MAX_BYTES, Fresh
from tests.hostile.target import (
    ARROW,
    CANARY,
    CSV,
    JSON,
    LIST,
    LONGEST_S,
    MIB,
    NDJSON,
    PARQUET,
    Target,
    in_time,
)
from tests.hostile.wire import Answer

pytestmark = pytest.mark.slow

JSON_MAX_BYTES = 32 * MIB
LIMITS = {JSON: JSON_MAX_BYTES, CSV: UPLOAD_MAX_BYTES, NDJSON: UPLOAD_MAX_BYTES}
FLAT = 64 * MIB


def csv_lines(n: int) -> bytes:
    """At most `n` bytes of CSV in whole lines."""
    header, line = b"timestamp,station,TMAX\n", f"2001-01-01T00:00:00Z,{CANARY},1.5\n".encode()
    return header + line * ((n - len(header)) // len(line))


def ndjson_lines(n: int) -> bytes:
    line = orjson.dumps({**days(1)[0], "station": CANARY}) + b"\n"
    return line * (n // len(line))


def too_much(kind: str) -> bytes:
    size = LIMITS[kind] + MIB
    if kind == JSON:
        return b'[{"timestamp": "' + CANARY.encode() + b" " * size
    return csv_lines(size) if kind == CSV else ndjson_lines(size)


def in_pieces(body: bytes) -> Iterator[bytes]:
    return (body[first : first + MIB] for first in range(0, len(body), MIB))


def limit_told(
    target: Target,
    send: Callable[[], Answer],
    *,
    within_s: float = LONGEST_S,
    more_bytes: int = FLAT,
) -> int:
    """The limit that a 413 names, which comes in time, takes little memory and stores nothing."""
    before = target.state

    def once() -> Answer:
        with target.watched(more_bytes=more_bytes):
            return send()

    answer = in_time(once, within_s)
    detail = answer.json()["detail"]
    assert (answer.status, detail["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["Content-Type"] == JSON
    assert target.state == before
    # What was read before it was refused has a receipt, as all writes have.
    return int(detail["details"]["limit_bytes"])


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "chunked"])
def test_in_11_a_body_past_the_limit_is_413_and_memory_stays_flat(
    target: Target, kind: str, is_chunked: bool
):
    body, headers = too_much(kind), {"Content-Type": kind}

    def send() -> Answer:
        sent: Any = in_pieces(body) if is_chunked else body
        return target.request("POST", "/data", body=sent, headers=headers)

    more_bytes = FLAT + (LIMITS[kind] if kind == JSON else 0)
    assert limit_told(target, send, more_bytes=more_bytes) == LIMITS[kind]


@pytest.mark.parametrize("path", ["/data", LIST])
@pytest.mark.parametrize("length", [10**12, JSON_MAX_BYTES + 1])
def test_in_11_a_length_past_the_limit_is_refused_before_the_body(
    target: Target, path: str, length: int
):
    headers = {"Content-Type": JSON, "Content-Length": str(length)}
    send = functools.partial(target.request, "POST", path, headers=headers)
    assert limit_told(target, send) == JSON_MAX_BYTES


@pytest.mark.parametrize("length", ["-1", "x", "1_0", "+5", "0x10", "5, 5", "5 5", ""])
def test_in_11_a_length_that_is_none_ends_the_connection(target: Target, length: str):
    headers = {"Content-Type": JSON, "Content-Length": length}
    answer = target.request("POST", "/data", headers=headers)
    assert answer.status == 400
    assert b"Traceback" not in answer.body


def test_in_11_bodies_at_the_limit_are_taken(fresh: Fresh):
    point = orjson.dumps(days(1)[0])
    for kind, body, space in ((JSON, b"[%s]" % point, b" "), (NDJSON, point, b"\n")):
        padded = body + space * (LIMITS[kind] - len(body))
        assert fresh().accepted(padded, kind=kind)["inserted"] == 1
    whole = csv_lines(UPLOAD_MAX_BYTES)
    assert fresh().accepted(whole, kind=CSV)["inserted"] == 1


def test_in_11_more_points_than_one_json_body_may_hold(target: Target, fresh: Fresh):
    points = days(50_001)
    assert fresh().accepted(points[:-1])["inserted"] == 50_000
    detail = target.send(points, status=413)
    assert detail["details"]["limit_points"] == 50_000


# ------------------------------------------------------------------ IN-30


def packed_by_zstd(body: bytes) -> bytes:
    # In the way of a stream: all at once it would ask for a window as long as the body.
    packer = zstd.ZstdCompressor()
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": packed_by_zstd}


@functools.cache
def bomb(coding: str, shape: str) -> bytes:
    """One frame of 256 MiB, or 64 frames of 4 MiB one behind the other."""
    packed = PACKERS[coding](b" " * (4 if shape == "many" else 256) * MIB)
    return packed * (64 if shape == "many" else 1)


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("shape", ["one", "many"])
@pytest.mark.parametrize("coding", PACKERS)
def test_in_30_a_body_that_unpacks_a_thousandfold(
    target: Target, coding: str, shape: str, kind: str
):
    body = bomb(coding, shape)
    assert len(body) < 256 * MIB / 900
    headers = {"Content-Type": kind, "Content-Encoding": coding}
    send = functools.partial(target.request, "POST", "/data", body=body, headers=headers)
    assert limit_told(target, send, within_s=5) == LIMITS[kind]


@pytest.mark.parametrize("compression", ["none", "zstd", "gzip"])
def test_in_30_a_parquet_file_whose_columns_unpack_a_thousandfold(target: Target, compression: str):
    n = 20_000_000
    times = pa.array(np.zeros(n, "datetime64[us]"))
    file = io.BytesIO()
    table = pa.table({"timestamp": times, "TMAX": pa.array(np.zeros(n))})
    pq.write_table(table, file, compression=compression, row_group_size=n)
    body, headers = file.getvalue(), {"Content-Type": PARQUET}
    assert len(body) < 2 * MIB
    send = functools.partial(target.request, "POST", "/data", body=body, headers=headers)
    assert limit_told(target, send, within_s=5) == UPLOAD_MAX_BYTES


def test_in_30_an_arrow_stream_whose_buffers_unpack_a_thousandfold(target: Target):
    n = 20_000_000
    times = pa.array(np.zeros(n, "datetime64[us]"))
    table = pa.table({"timestamp": times, "TMAX": pa.array(np.zeros(n))})
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(file, table.schema, options=options) as stream:
        stream.write_table(table)
    body, headers = file.getvalue(), {"Content-Type": ARROW}
    send = functools.partial(target.request, "POST", "/data", body=body, headers=headers)
    # Of the one batch in it less may be unpacked at once than of all of them.
    assert limit_told(target, send, within_s=5) <= UPLOAD_MAX_BYTES


BODY = orjson.dumps([{**days(1)[0], "station": CANARY}])


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("harm", ["cut", "changed", "no header", "more behind it", "not packed"])
def test_in_30_a_packed_body_that_is_broken(target: Target, coding: str, harm: str):
    packed = PACKERS[coding](BODY * 20)
    broken = {
        "cut": packed[:-9],
        "changed": packed[:30] + bytes(byte ^ 0xFF for byte in packed[30:60]) + packed[60:],
        "no header": packed[4:],
        "more behind it": packed + CANARY.encode(),
        "not packed": BODY,
    }[harm]
    detail = target.send(broken, headers={"Content-Encoding": coding})
    assert detail["code"] == "PARSE_ERROR"


@pytest.mark.parametrize("coding", ["x", "deflate", "compress", "gzip, gzip", "../gzip", "*"])
def test_in_30_packings_that_are_not_known(target: Target, coding: str):
    detail = target.send(BODY, status=415, headers={"Content-Encoding": coding})
    assert detail["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity", "GZIP"])
def test_in_30_a_packed_body_is_taken(fresh: Fresh, coding: str):
    packed = PACKERS[coding.lower()](BODY) if coding != "identity" else BODY
    found = fresh().accepted(packed, headers={"Content-Encoding": coding})
    assert found["inserted"] == 1


# ------------------------------------------------------------------ IN-45

LONG = {
    "path": f"{LIST}/{'x' * 9_000}",
    "query": f"{LIST}?search={'x' * 9_000}",
    "escaped": f"{LIST}?search={'%41' * 3_000}",
}


@pytest.mark.parametrize("address", LONG.values(), ids=LONG)
def test_in_45_an_address_of_nine_kilobytes(target: Target, address: str):
    detail = target.ask(address, status=414)
    assert detail["code"] == "VALIDATION_ERROR"
    assert detail["details"] == {"limit_bytes": 8 * 1024}


def test_in_45_an_address_of_seven_kilobytes_is_read(target: Target):
    detail = target.ask(f"{LIST}?search={'x' * 7_000}")
    assert list(detail["details"]) == ["search"]


HEAVY: dict[str, dict[str, str]] = {
    "one": {"X-Long": CANARY + "x" * 20_000},
    "many": {f"X-Part-{n}": CANARY + "x" * 180 for n in range(100)},
    "short": {f"X-{n}": "" for n in range(2_500)},
    "name": {"X" * 20_000: CANARY},
    "cookie": {"Cookie": "; ".join(f"c{n}={CANARY}" for n in range(1_000))},
    "token": {"Authorization": f"Bearer {CANARY}{'x' * 20_000}"},
}


@pytest.mark.parametrize("headers", HEAVY.values(), ids=HEAVY)
def test_in_45_headers_of_twenty_kilobytes(target: Target, headers: dict[str, str]):
    detail = target.ask("", status=431, headers=headers)
    assert detail["code"] == "VALIDATION_ERROR"
    assert detail["details"] == {"limit_bytes": 16 * 1024}
    target.send(BODY, status=431, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [{"X-Long": "x" * 7_500}, {f"X-Part-{n}": "x" * 180 for n in range(70)}],
    ids=["one", "many"],
)
def test_in_45_headers_within_the_limit_are_read(target: Target, headers: dict[str, str]):
    assert target.get(**headers).status == 200


@pytest.mark.parametrize(
    "first",
    ["GET / HTTP/9.9", "GET /", "GET", "", "/ GET HTTP/1.1", "GET / FTP/1.1", "\x00\x01\x02",
     "GET /\x00 HTTP/1.1", "get /health/live HTTP/1.1 x", f"{'G' * 500} / HTTP/1.1"],
)  # fmt: skip
def test_in_45_a_first_line_that_is_none_ends_the_connection(target: Target, first: str):
    with target.watched(), wire.connect(target.server.port) as connection:
        connection.sendall(f"{first}\r\nHost: localhost\r\nX-Quokka: {CANARY}\r\n\r\n".encode())
        answered = connection.recv(65536)
    assert not answered or b" 40" in answered.splitlines()[0] or b" 50" in answered.splitlines()[0]
    assert b"Traceback" not in answered
