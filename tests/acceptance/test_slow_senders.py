"""IN-64 with the real limits: who sends nothing more, or a byte a second, is cut after 30 s."""

import time
from contextlib import ExitStack
from socket import socket

import pytest

from tests.hostile import wire
from tests.hostile.conftest import made, signed_up
from tests.hostile.test_slow_senders import halves, headers
from tests.running import Server

pytestmark = pytest.mark.slow

CUT_AFTER_S = 30
# Of a machine that does much else, until threads, answers and bytes have had their turn.
GRACE_S = 15


def test_in_64_half_sent_and_dripped_requests_are_cut_after_30_s(server: Server) -> None:
    target = made(server, signed_up(server))
    before = target.state
    sized = {"Content-Length": "100000"}
    dripped = {
        "headers": wire.head("POST", f"{target.url}/data", headers(target))[:-2] + b"X-Slow: ",
        "body": wire.head("POST", f"{target.url}/data", headers(target, **sized)) + b"[",
    }
    begun = time.monotonic()
    with target.watched(), ExitStack() as stack:
        open_ones = {}
        for part, sent in {**halves(target), **dripped}.items():
            connection = stack.enter_context(wire.connect(server.port))
            connection.sendall(sent)
            open_ones[part] = connection
        dripping = {part: open_ones.pop(part) for part in dripped}
        while dripping and time.monotonic() < begun + CUT_AFTER_S + GRACE_S:
            time.sleep(1)
            dripping = {
                part: connection for part, connection in dripping.items() if drips(connection)
            }
        assert not dripping
        for part, connection in open_ones.items():
            left_s = begun + CUT_AFTER_S + GRACE_S - time.monotonic()
            assert wire.is_cut(connection, max(0.1, left_s)), part
    assert target.state == before


def drips(connection: socket) -> bool:
    """Send one byte more; whether the server still takes it."""
    if wire.is_answered(connection):
        return False
    try:
        connection.sendall(b" ")
    except OSError:
        return False
    return True
