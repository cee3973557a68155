"""A provider over real HTTP on loopback whose next answers can be spoilt on purpose."""

import argparse
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# On loopback, and not where anything else of this machine listens.
HOST = "127.0.0.2"
HTML = "text/html; charset=utf-8"
OUTAGE = (
    b"<!DOCTYPE html><html><head><title>Outage</title></head><body>We will be back.</body></html>"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came; `at` is monotonic, in seconds.

    `params` holds the last of those that are repeated; `query` has them all.
    """

    at: float
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""
    query: str = ""


@dataclass(frozen=True)
class Reply:
    """An answer, and how it goes down the wire.

    `declared` is the Content-Length that is said, `cut_at` the byte after which the connection is
    closed, `pause_s` the time between single bytes, `silent_s` the time before the first.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None
    is_chunked: bool = False
    cut_at: int | None = None
    pause_s: float = 0.0
    silent_s: float = 0.0


Fault = Callable[[Reply], Reply]


def proper(reply: Reply) -> Reply:
    return reply


def status(code: int, body: bytes = b"", content_type: str = HTML, **headers: str) -> Fault:
    """`status(429, Retry_After="3")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(code, body, {"Content-Type": content_type, **named})


def outage_page(code: int = 200) -> Fault:
    return status(code, OUTAGE)


def redirect(location: str) -> Fault:
    return status(302, Location=location)


def cut(share: float = 0.5) -> Fault:
    """The connection ends inside the body, whose full length was declared."""
    return lambda reply: replace(reply, cut_at=int(len(reply.body) * share))


def cut_chunks(share: float = 0.5) -> Fault:
    return lambda reply: replace(reply, is_chunked=True, cut_at=int(len(reply.body) * share))


def wrong_length(difference: int) -> Fault:
    """More or fewer bytes are declared than come."""
    return lambda reply: replace(reply, declared=len(reply.body) + difference)


def drip(pause_s: float) -> Fault:
    return lambda reply: replace(reply, pause_s=pause_s)


def silence(seconds: float) -> Fault:
    return lambda reply: replace(reply, silent_s=seconds)


def body(change: Callable[[bytes], bytes]) -> Fault:
    return lambda reply: replace(reply, body=change(reply.body))


class FakeProvider:
    """Answers by `answer`; each scripted fault spoils one answer, in order."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[Call] = []
        self._faults: deque[Fault] = deque()
        self._scheme = "http"
        self._server = _Server((HOST, port), _Handler)
        self._server.provider = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://{HOST}:{self._server.server_address[1]}"

    def encrypt(self, folder: Path) -> None:
        """Speak TLS, with a certificate that nobody but itself vouches for."""
        context = self_signed(folder)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    @property
    def base_url(self) -> str:
        return f"{self.url}/"

    def script(self, *faults: Fault) -> None:
        self._faults.extend(faults)

    def reset(self) -> None:
        self.calls.clear()
        self._faults.clear()

    def most_calls_within(self, seconds: float) -> int:
        """The most calls that came within any span of this length."""
        times = sorted(call.at for call in self.calls)
        return max((sum(t <= later < t + seconds for later in times) for t in times), default=0)

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def reply_to(self, call: Call) -> Reply:
        self.calls.append(call)
        fault = self._faults.popleft() if self._faults else proper
        return fault(self.answer(call))


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class _Server(ThreadingHTTPServer):
    provider: FakeProvider
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._reply(b"")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _reply(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(time.monotonic(), parts.path, params, headers, self.command, body, parts.query)
        self._send(self.server.provider.reply_to(call))

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.silent_s)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            declared = len(reply.body) if reply.declared is None else reply.declared
            self.send_header("Content-Length", str(declared))
        self.end_headers()
        self._send_body(reply)

    def _send_body(self, reply: Reply) -> None:
        sent = reply.body[: reply.cut_at]
        if reply.is_chunked:
            end = b"0\r\n\r\n" if reply.cut_at is None else b""
            self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent) + end)
        elif reply.pause_s:
            for index in range(len(sent)):
                self.wfile.write(sent[index : index + 1])
                time.sleep(reply.pause_s)
        else:
            self.wfile.write(sent)
        is_short = reply.declared is not None and reply.declared > len(sent)
        self.close_connection = reply.cut_at is not None or is_short

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
        pass


def serve_by_hand(
    kind: Callable[..., "FakeProvider"], about: str | None, *, port: int, days_late: int
) -> None:
    """Answer until Ctrl-C, with values up to so many days ago."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=port)
    until = datetime.now(UTC).date() - timedelta(days=days_late)
    with kind(parser.parse_args().port, until=until) as fake:
        sys.stdout.write(f"Answering at {fake.base_url}; end with Ctrl-C.\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        sys.stdout.write("\n")
