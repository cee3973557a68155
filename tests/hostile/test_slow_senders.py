"""IN-64: requests that are half sent, held open, or dripped."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import socket
from statistics import quantiles

import pytest

from tests.hostile import wire
from tests.hostile.conftest import BODY_SILENCE_S
from tests.hostile.target import CANARY, CSV, JSON, LIST, Target

pytestmark = pytest.mark.slow

HELD = 100
ROUNDS = 4
READS = 40
# What a cut may come later than its time, on a machine that does much else.
GRACE_S = 2


def headers(target: Target, kind: str = JSON, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.token}", "Content-Type": kind, **more}


def halves(target: Target) -> dict[str, bytes]:
    """Requests that end too early, each at another place."""
    post = f"{target.url}/data"
    sized = {"Content-Length": "100000"}
    chunked = {"Transfer-Encoding": "chunked"}
    line = f"2001-01-01T00:00:00Z,{CANARY},1\n".encode()
    return {
        "line": f"GET {LIST}?search={CANARY}".encode(),
        "headers": wire.head("POST", post, headers(target))[:-2],
        "header": wire.head("GET", LIST, {"X-Long": CANARY * 9})[:-9],
        "no body": wire.head("POST", post, headers(target, **sized)),
        "json": wire.head("POST", post, headers(target, **sized)) + b'[{"timestamp": "2001',
        "csv": wire.head("POST", post, headers(target, CSV, **sized)) + b"timestamp,T\n" + line * 9,
        "chunk": wire.head("POST", post, headers(target, CSV, **chunked)) + b"400\r\ntimestamp,",
        "chunks": wire.head("POST", post, headers(target, CSV, **chunked)) + b"4\r\ntime\r\n",
        "dataset": wire.head("POST", LIST, headers(target, **sized)) + b'{"name": "' + b"x" * 9_000,
    }


@contextmanager
def held(target: Target, count: int) -> Iterator[list[socket]]:
    """So many connections that have sent a part and wait, of each kind as many."""
    parts = list(halves(target).values())
    with ExitStack() as stack:
        found = [stack.enter_context(wire.connect(target.server.port)) for _ in range(count)]
        for number, connection in enumerate(found):
            connection.sendall(parts[number % len(parts)])
        time.sleep(0.1)
        yield found


def read_times(target: Target) -> list[float]:
    times = []
    for _ in range(READS):
        start = time.perf_counter()
        assert target.get().status == 200
        times.append(time.perf_counter() - start)
    return times


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def test_in_64_a_hundred_half_sent_requests_slow_nobody_else(target: Target):
    usual: list[float] = []
    beside: list[float] = []
    before = target.state
    with target.watched():
        for _ in range(ROUNDS):
            usual += read_times(target)
            with held(target, HELD):
                beside += read_times(target)
    assert p95(beside) <= 2 * p95(usual)
    assert target.state == before


def test_in_64_each_half_sent_request_is_cut(target: Target):
    parts = halves(target)
    before = target.state
    with target.watched(), held(target, len(parts)) as connections:
        ends_at = time.monotonic() + BODY_SILENCE_S + GRACE_S
        for part, connection in zip(parts, connections, strict=True):
            assert wire.is_cut(connection, max(0.1, ends_at - time.monotonic())), part
    assert target.state == before


def test_in_64_writers_are_not_held_up_either(target: Target):
    with held(target, HELD):
        for _ in range(5):
            start = time.perf_counter()
            assert target.request("POST", "/data", body=b"{", headers={"Content-Type": JSON})
            assert time.perf_counter() - start < 1
