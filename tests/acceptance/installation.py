"""A run of the platform as `make run` starts it, with a folder and a port of its own."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.running import NOT_PASSED_ON, PROJECT


class Installation:
    """A run of `manage.py serve` with a folder and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.var = folder / "var with a space"
        self.output = folder / "output"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_PASSED_ON)}
        self.environment = {**kept, "DATASTREAM_VAR": str(self.var), "PYTHONUNBUFFERED": "1"}

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        return self.manage("serve", "--no-samples", "--port", str(self.port), *options)

    def manage(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a command of `manage.py`; what it says is added to `output`."""
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, *words: str) -> str:
        """Run a command of `manage.py` to its end; return what it says."""
        seen = len(self.output.read_text()) if self.output.exists() else 0
        with self.manage(*words) as command:
            assert command.wait(timeout=120) == 0, self.output.read_text()
        return self.output.read_text()[seen:]

    def status(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.status("/health/ready") == 200

    def processes(self) -> dict[int, str]:
        """Every living process that was started for this folder, the database's too."""
        mark = f"DATASTREAM_VAR={self.var}".encode()
        found = {}
        for about in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (about / "environ").read_bytes().split(b"\0"):
                    command = (about / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(about.name)] = command.decode(errors="replace")
        return found

    def kill_everything(self) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
