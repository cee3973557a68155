"""On a client's connection nobody is waited for too long."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine

from datastream.core.client_socket import ClientSocket, SlowClientError
from tests.timing import assert_within, seconds_of


class Request:
    """What a connection needs of gunicorn's request."""

    is_last = False

    def force_close(self) -> None:
        self.is_last = True


@pytest.fixture
def pair() -> Iterator[tuple[ClientSocket, socket.socket]]:
    """Our end, which waits 50 ms for a sign of life, and the client's."""
    accepted, client = socket.socketpair()
    ours = ClientSocket(accepted, silence_s=0.05, answer_max_s=0.3)
    ours.setblocking(True)
    with ours, client:
        yield ours, client


Pair = tuple[ClientSocket, socket.socket]


def drip(client: socket.socket, stop: threading.Event) -> None:
    while not stop.wait(0.02):
        client.send(b"x")


def read_on(ours: ClientSocket) -> None:
    while ours.recv(10):
        pass


def test_a_silent_client_is_given_up(pair: Pair):
    ours, client = pair
    ours.expect_body(Request(), 5)
    client.send(b"x")
    assert ours.recv(10) == b"x"
    with pytest.raises(SlowClientError, match=r"stood still for 0\.05 s"):
        ours.recv(10)


def test_a_dripping_client_is_given_up_at_the_deadline(pair: Pair):
    ours, client = pair
    ours.silence_s = 5
    stop = threading.Event()
    thread = threading.Thread(target=drip, args=(client, stop))
    thread.start()
    began_at = time.monotonic()
    ours.expect_body(Request(), 0.2)
    try:
        with pytest.raises(SlowClientError, match=r"longer than 0\.2 s"):
            read_on(ours)
    finally:
        stop.set()
        thread.join()
    assert 0.15 < time.monotonic() - began_at < 4


def test_a_wait_leaves_the_time_out_as_it_was(pair: Pair):
    ours, client = pair
    ours.expect_body(Request(), 5)
    for timeout in (None, 3.0):
        ours.settimeout(timeout)
        client.send(b"x")
        ours.recv(1)
        ours.sendall(b"y")
        assert ours.gettimeout() == timeout


def test_a_shorter_time_out_of_the_server_holds(pair: Pair):
    ours, _ = pair
    ours.silence_s = 4
    ours.expect_body(Request(), 5)
    ours.settimeout(0.05)
    began_at = time.monotonic()
    with pytest.raises(OSError, match="still"):
        ours.recv(1)
    assert time.monotonic() - began_at < 3


@pytest.mark.slow
def test_who_waits_long_gives_back_what_others_could_use_once(pair: Pair):
    ours, client = pair
    ours.silence_s = 5
    given_back: list[Any] = []
    ours.allow(9, when_slow=lambda: given_back.append(1))
    for _ in range(2):
        threading.Timer(1.2, client.send, [b"x"]).start()
        assert ours.recv(10) == b"x"
    assert given_back == [1]


@pytest.mark.slow
def test_in_64_a_body_that_drips_fast_is_cut_at_its_time(pair: Pair):
    """Each piece comes before anybody is called slow."""
    ours, client = pair
    ours.silence_s = 5
    done = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not done.wait(0.1):
                client.send(b"x")

    def receive() -> None:
        ends_at = time.monotonic() + 20
        while time.monotonic() < ends_at:
            ours.recv(1)

    dripping = threading.Thread(target=drip)
    dripping.start()
    ours.allow(1.5, when_slow=lambda: None)
    try:
        with pytest.raises(SlowClientError, match=r"longer than 1\.5 s"):
            receive()
    finally:
        done.set()
        dripping.join()


@pytest.mark.slow
def test_giving_back_does_not_lengthen_the_silence(pair: Pair):
    ours, _ = pair
    ours.silence_s = 1.3

    def wait() -> None:
        ours.allow(9, when_slow=lambda: None)
        with pytest.raises(SlowClientError, match=r"stood still for 1\.3 s"):
            ours.recv(10)

    assert_within(1.9, lambda: seconds_of(wait))


def test_a_head_is_read_no_further_than_its_limit(pair: Pair):
    ours, client = pair
    for sent, error in ((b"GET / HTTP/1.1\r\n", LimitRequestHeaders), (b"", LimitRequestLine)):
        ours.expect_head(100)
        client.send(sent + b"x" * 50)
        ours.recv(200)
        client.send(b"x" * 50)
        with pytest.raises(error):
            ours.recv(200)


def test_a_client_that_takes_nothing_of_its_answer_is_given_up(pair: Pair):
    ours, _ = pair
    with pytest.raises(SlowClientError, match="not taken"):
        ours.sendall(bytes(10_000_000))


def test_a_client_that_takes_its_answer_by_drips_is_given_up_in_the_end(pair: Pair):
    ours, client = pair
    ours.silence_s = 5
    stop = threading.Event()

    def take() -> None:
        while not stop.wait(0.01):
            client.recv(100_000)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        with pytest.raises(SlowClientError, match="in time"):
            ours.sendall(bytes(10_000_000))
    finally:
        stop.set()
        # It may be waiting for more, which will not come.
        client.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_long_answer_comes_whole(pair: Pair):
    ours, client = pair
    ours.silence_s = ours.answer_max_s = 60
    sent = bytes(range(256)) * 20_000
    thread = threading.Thread(target=ours.sendall, args=(sent,))
    thread.start()
    taken = b""
    while len(taken) < len(sent):
        taken += client.recv(2**20)
    thread.join()
    assert taken == sent


@pytest.mark.slow
def test_lingering_takes_what_still_comes_and_then_is_over(pair: Pair):
    ours, client = pair
    thread = threading.Thread(target=client.sendall, args=(bytes(3_000_000),))
    thread.start()
    ours.linger()
    thread.join()
    assert client.recv(10) == b""
    assert ours.recv(10) == b""


def test_hanging_up_ends_the_connection_with_the_answer(pair: Pair):
    ours, _ = pair
    ours.hang_up()
    request = Request()
    ours.expect_body(request, 5)
    ours.hang_up()
    assert request.is_last
