"""A client's connection on which nobody is waited for too long."""

import errno
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine

# The head of a request: its first line and its headers.
HEAD_MAX_S = 10.0
# Reading so much longer than is usual, a request gives back what others could use.
SLOW_AFTER_S = 1.0
# After the last answer: the client that still sends must see the answer, not a reset connection.
LINGER_MAX_S = 5.0
LINGER_SILENCE_S = 1.0
LINGER_MAX_BYTES = 128 * 1024 * 1024
PIECE = 64 * 1024
# What is received beyond the piece that is asked for, gunicorn copies again and again.
RECEIVED_AT_ONCE = 256 * 1024


class SlowClientError(ConnectionResetError):
    """The client sends or takes too slowly; for the server it is as if it had gone."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.ECONNRESET, message)

    def __str__(self) -> str:
        return str(self.strerror)


class ClientSocket(socket.socket):
    """An accepted socket; every wait is bounded by a silence, and all of them by a deadline.

    gunicorn knows no time-outs while it reads a request or writes an answer, and closes
    connections in the loop that accepts others.
    """

    is_over = False

    def __init__(self, accepted: socket.socket, *, silence_s: float, answer_max_s: float) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.settimeout(0)
        self.silence_s, self.answer_max_s = silence_s, answer_max_s
        self.read_by = self.write_by = math.inf
        self.head_max = self.head_left = 0
        self.line_has_ended = False
        self.when_slow: Callable[[], None] | None = None
        self.request: Any = None

    # ------------------------------------------------------------------ the phases of a request
    def expect_head(self, most_bytes: int) -> None:
        self._expect(HEAD_MAX_S)
        self.head_max = self.head_left = most_bytes
        self.line_has_ended = False
        self.write_by = math.inf

    def expect_body(self, request: Any, seconds: float) -> None:
        """From here on the body of gunicorn's `request` comes."""
        self._expect(seconds)
        self.head_left, self.request = 0, request

    def allow(self, seconds: float, when_slow: Callable[[], None]) -> None:
        """Give the body so many seconds from now; call `when_slow` once if it stands still."""
        self._expect(seconds)
        self.when_slow = when_slow

    def _expect(self, seconds: float) -> None:
        self.read_by, self.read_max_s = time.monotonic() + seconds, seconds
        self.when_slow = None

    def hang_up(self) -> None:
        """End the connection with this answer, and say so in it."""
        if self.request is not None:
            self.request.force_close()

    def linger(self) -> None:
        """Say that nothing more comes; take a little of what the client still sends."""
        ends_at, left = time.monotonic() + LINGER_MAX_S, LINGER_MAX_BYTES
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            while left > 0 and (left_s := ends_at - time.monotonic()) > 0:
                self.settimeout(min(LINGER_SILENCE_S, left_s))
                taken = len(super().recv(PIECE))
                left = left - taken if taken else 0
        self.is_over = True

    # ------------------------------------------------------------------ what gunicorn calls
    def recv(self, size: int, flags: int = 0) -> bytes:
        # gunicorn lingers too, in the loop that serves all; we did already.
        if self.is_over:
            return b""
        if self.gettimeout() == 0:
            return super().recv(size, flags)
        data = self._patient_recv(min(size, RECEIVED_AT_ONCE), flags)
        if self.head_left:
            self._count_head(data)
        return data

    def _patient_recv(self, size: int, flags: int) -> bytes:
        silence_s, left_s = self.silence_s, self._left_s()
        if self.when_slow is not None and min(silence_s, left_s) > SLOW_AFTER_S:
            with suppress(TimeoutError), self._waiting(SLOW_AFTER_S):
                return super().recv(size, flags)
            self.when_slow()
            self.when_slow = None
            silence_s, left_s = silence_s - SLOW_AFTER_S, self._left_s()
        too_long = SlowClientError(f"It took longer than {self.read_max_s:g} s to come")
        if left_s <= 0:
            raise too_long
        try:
            with self._waiting(min(silence_s, left_s)):
                return super().recv(size, flags)
        except TimeoutError as error:
            if left_s <= silence_s:
                raise too_long from error
            raise SlowClientError(f"It stood still for {self.silence_s:g} s") from error

    def _left_s(self) -> float:
        return self.read_by - time.monotonic()

    def _count_head(self, data: bytes) -> None:
        self.head_left -= len(data)
        self.line_has_ended = self.line_has_ended or b"\n" in data
        if self.head_left > 0:
            return
        if self.line_has_ended:
            raise LimitRequestHeaders(f"more than {self.head_max} bytes")
        raise LimitRequestLine(self.head_max, self.head_max)

    def sendall(self, data: Any, flags: int = 0) -> None:
        if self.gettimeout() == 0:
            super().sendall(data, flags)
            return
        rest = memoryview(data)
        while rest:
            with self._taking():
                sent = self.send(rest, flags)
            rest = rest[sent:]

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        with self._taking():
            return super().sendfile(file, offset, count)

    # ------------------------------------------------------------------ waiting
    @contextmanager
    def _taking(self) -> Iterator[None]:
        """Let the client take something of the answer within the silence."""
        now = time.monotonic()
        self.write_by = min(self.write_by, now + self.answer_max_s)
        if now >= self.write_by:
            raise SlowClientError("The answer was not taken in time")
        try:
            with self._waiting(self.silence_s):
                yield
        except TimeoutError as error:
            raise SlowClientError("The answer was not taken") from error

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        before = self.gettimeout()
        self.settimeout(min(seconds, math.inf if before is None else before))
        try:
            yield
        finally:
            self.settimeout(before)


class SecureClientSocket(ClientSocket, ssl.SSLSocket):  # type: ignore[misc]  # names differ
    """The same over TLS: made of a `ClientSocket`, whose patience it goes on with."""

    def __init__(self) -> None:
        raise TypeError("Contexts make these, as their `sslsocket_class`.")

    @classmethod
    def _create(cls, sock: Any, *args: Any, **options: Any) -> "SecureClientSocket":
        made: SecureClientSocket = super()._create(sock, *args, **options)  # type: ignore[misc]
        made.__dict__.update(vars(sock))
        return made

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's
        """Agree on keys within the time of a head; the library would wait as long as it takes."""
        try:
            with self._waiting(HEAD_MAX_S):
                super().do_handshake(block)
        except TimeoutError as error:
            raise SlowClientError("It took too long to agree on keys") from error

    def linger(self) -> None:
        # Without this farewell a client cannot tell the end of an answer from a cut.
        with suppress(OSError, ValueError):
            self.settimeout(0)
            self.unwrap()
        super().linger()
