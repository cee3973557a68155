"""A program of ours in a process of its own: framed requests in, framed answers out.

What may take too much memory, take too long or abort runs there, and never where requests are
answered. A frame is one byte that says what it is, a length (4 bytes, big-endian) and a body.
"""

import os
import select
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = struct.Struct(">cI")
POLL_MS = 50
LARGEST = 2**32 - 1
# Raises where the wait is over: it takes too long or too much, or nobody wants it any more.
Check = Callable[[], None]


class ChildEndedError(Exception):
    """The process ended in the middle of its work."""


class Child:
    """A running module of ours; after any error it is ended and not used again."""

    def __init__(self, module: str, *, environment: Mapping[str, str] | None = None) -> None:
        # Zone and path and nothing else: no secret of the platform's settings is in there.
        path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        self.popen = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={"PYTHONPATH": path, "TZ": "UTC", **(environment or {})},
            start_new_session=True,
        )
        if self.popen.stdin is None or self.popen.stdout is None:  # pragma: no cover
            raise ChildEndedError
        self.stdin, self.stdout = self.popen.stdin, self.popen.stdout
        os.set_blocking(self.stdin.fileno(), False)
        os.set_blocking(self.stdout.fileno(), False)

    def send(self, body: bytes, check: Check) -> None:
        """Hand a request over, whole; ChildEndedError where nobody reads it any more."""
        try:
            self._write(struct.pack(">I", len(body)) + body, check)
        except OSError as error:
            raise ChildEndedError from error

    def receive(self, check: Check) -> tuple[bytes, bytes]:
        """Kind and body of the next answer; ChildEndedError where none comes any more."""
        try:
            kind, length = HEAD.unpack(self._read(HEAD.size, check))
            return kind, self._read(length, check)
        except OSError as error:
            raise ChildEndedError from error

    def _write(self, data: bytes, check: Check) -> None:
        view = memoryview(data)
        while view:
            self._wait(self.stdin.fileno(), select.POLLOUT, check)
            view = view[os.write(self.stdin.fileno(), view) :]

    def _read(self, length: int, check: Check) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._wait(self.stdout.fileno(), select.POLLIN, check)
            chunk = os.read(self.stdout.fileno(), length - len(data))
            if not chunk:
                raise ChildEndedError
            data += chunk
        return bytes(data)

    def _wait(self, descriptor: int, event: int, check: Check) -> None:
        poller = select.poll()
        poller.register(descriptor, event)
        while not poller.poll(POLL_MS):
            check()

    def resident(self) -> int:
        """Bytes of memory in use. A limit on address space would crash libraries instead."""
        try:
            pages = Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):  # it has just ended, or the system has no /proc
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self.close()

    def close(self) -> None:
        self.stdin.close()
        self.stdout.close()

    def forget(self) -> None:
        """After a fork: it is the other process's child, so only our copies of its pipes go."""
        self.popen.returncode = 0
        self.close()
