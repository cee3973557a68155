"""The web server as `serve` starts it, on a free port, and a client of it."""

import http.client
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from django.conf import settings

from bench import samples
from datastream.management.commands import serve

WORKERS = 2
PATIENCE_S = 60.0
# Less than the server keeps a silent connection.
KEPT_S = 3.0


@dataclass(slots=True)
class Client:
    """One connection that stays open, signed in."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    line: http.client.HTTPConnection = field(init=False)
    used_at: float = 0.0

    def __post_init__(self) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def sign_in(self) -> None:
        body = json.dumps({"username": samples.NAME, "password": samples.PASSWORD})
        answer = self.ask("POST", "/api/v1/auth/token", body=body)
        self.headers["Authorization"] = f"Bearer {json.loads(answer)['access']}"

    def get(self, path: str, *, encoding: str = "identity") -> bytes:
        return self.ask("GET", path, encoding=encoding)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        kind: str = "application/json",
        encoding: str = "identity",
    ) -> bytes:
        headers = {
            **self.headers,
            "Accept-Encoding": encoding,
            "Content-Type": kind,
        }
        if time.monotonic() - self.used_at > KEPT_S:
            self.line.close()
        self.line.request(method, path, body=body, headers=headers)
        answer = self.line.getresponse()
        content = answer.read()
        self.used_at = time.monotonic()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return content


@dataclass(frozen=True, slots=True)
class Web:
    """A running web server."""

    port: int
    process: int

    def client(self) -> Client:
        client = Client(self.port)
        client.sign_in()
        return client

    def workers(self) -> list[int]:
        """Numbers of the processes that answer; none where there is no /proc."""
        return children(self.process)


def children(process: int) -> list[int]:
    """Numbers of the processes that a process, or a thread of it, has started."""
    files = Path(f"/proc/{process}/task").glob("*/children")
    return [int(word) for file in files for word in file.read_text().split()]


@contextmanager
def running() -> Iterator[Web]:
    """Start the server; end it and all its processes whatever happens."""
    port = free_port()
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        child = serve.web("127.0.0.1", port, WORKERS)
        child.start()
        try:
            _wait(child, port)
            yield Web(port, _number(child))
        finally:
            child.signal_all(SIGTERM)
            _end(child)
            # Programs that are started later would look for the folder.
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


@contextmanager
def worker_of_analyses() -> Iterator[int]:
    """Start what computes beside the web server; the number of its process."""
    child = next(one for one in serve.workers() if "analyses" in one.name)
    child.start()
    try:
        yield _number(child)
    finally:
        child.signal_all(SIGTERM)
        _end(child)


def _number(child: Any) -> int:
    return int(child.process.pid)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(child: Any, port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while child.exit_code() is None and time.monotonic() < deadline:
        try:
            Client(port).get("/health/ready")
        except (OSError, RuntimeError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The web server did not start.")


def _end(child: Any) -> None:
    deadline = time.monotonic() + 10
    while child.exit_code() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    child.signal_all(SIGKILL)
    child.process.wait()
