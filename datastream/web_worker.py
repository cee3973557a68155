"""gunicorn's worker of threads, in which slow and silent clients hold up nobody else."""

import ssl
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from django.conf import settings
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import ThreadWorker

from datastream.core.client_socket import ClientSocket
from datastream.refusals import URL_MAX_BYTES, Refusal, long_address, long_headers, refusal

# Our outermost layer sees heads that are a little too long and says what is; none is read further.
HEAD_SLACK_BYTES = 16 * 1024


class Worker(ThreadWorker):  # type: ignore[misc]
    """A connection gets a thread once it has sent something, and keeps it for a bounded time.

    Of the threads some are kept for connections that are open already: beyond the others, new
    ones are left to the other processes, or wait.
    """

    busy = 0

    # ------------------------------------------------------------------ in the loop
    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn.sock, ClientSocket):
            self._wait_for_first_byte(conn)
            return
        self.busy += 1
        self._accept_or_not()
        super().enqueue_req(conn)

    def _wait_for_first_byte(self, conn: Any) -> None:
        conn.sock = ClientSocket(
            conn.sock, silence_s=settings.BODY_SILENCE_S, answer_max_s=settings.UPLOAD_MAX_S
        )
        conn.set_timeout()
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, readable)

    def finish_request(self, conn: Any, fs: Any) -> None:
        self.busy -= 1
        super().finish_request(conn, fs)
        self._accept_or_not()

    def _accept_or_not(self) -> None:
        self.set_accept_enabled(self.alive and self.nr_conns < self.worker_connections)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's
        most_busy = max(1, self.cfg.threads * 7 // 8)
        super().set_accept_enabled(enabled and self.busy < most_busy)

    # ------------------------------------------------------------------ in a thread
    def handle(self, conn: Any) -> Any:
        head_max = URL_MAX_BYTES + settings.HEADERS_MAX_BYTES + HEAD_SLACK_BYTES
        conn.sock.expect_head(head_max)
        is_kept = super().handle(conn)
        if not is_kept:
            # Here and not in the loop, where gunicorn would let all others wait meanwhile.
            conn.sock.linger()
        return is_kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.sock.expect_body(req, settings.REQUEST_MAX_S)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what is no HTTP in the one shape of errors; gunicorn's own answer is HTML."""
        if isinstance(exc, ssl.SSLError):
            # The client was told by an alert; that it does not speak TLS as we do is no trouble.
            return
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        line, headers, body = _refusal(exc)
        head = [f"HTTP/1.1 {line}", "Connection: close", *(f"{k}: {v}" for k, v in headers)]
        with suppress(OSError):
            client.sendall("\r\n".join([*head, "", ""]).encode() + body)


def _refusal(error: ParseException) -> Refusal:
    if isinstance(error, LimitRequestLine):
        return long_address()
    if isinstance(error, LimitRequestHeaders):
        return long_headers()
    is_odd = isinstance(error, ExpectationFailed)
    status = HTTPStatus.EXPECTATION_FAILED if is_odd else HTTPStatus.BAD_REQUEST
    return refusal(status, f"This is no valid request: {_kind(error)}.")


def _kind(error: ParseException) -> str:
    """The kind of an error in words, without what was sent: InvalidHeader, invalid header."""
    name = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
