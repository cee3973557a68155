"""IN-64: requests that are half sent, held open, or dripped."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import socket
from statistics import quantiles

import pytest

from tests.hostile import wire
from tests.hostile.conftest import BODY_SILENCE_S
from tests.hostile.target import CANARY, CSV, JSON, LIST, LONGEST_S, Target
from tests.timing import assert_within, seconds_of

pytestmark = pytest.mark.slow

HELD = 100
ROUNDS = 4
READS = 40
# What a cut may come later than its time, on a machine that does much else.
GRACE_S = 10


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
    def read() -> None:
        assert target.get().status == 200

    return [seconds_of(read) for _ in range(READS)]


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def test_in_64_a_hundred_half_sent_requests_slow_nobody_else(target: Target):
    before = target.state

    def ratio() -> float:
        usual: list[float] = []
        beside: list[float] = []
        for _ in range(ROUNDS):
            usual += read_times(target)
            with held(target, HELD):
                beside += read_times(target)
        return p95(beside) / p95(usual)

    with target.watched():
        assert_within(2, ratio)
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
    def write() -> None:
        answer = target.request("POST", "/data", body=b"{", headers={"Content-Type": JSON})
        assert answer.status == 400

    def slowest_s() -> float:
        with held(target, HELD):
            return max(seconds_of(write) for _ in range(5))

    assert_within(LONGEST_S, slowest_s)
