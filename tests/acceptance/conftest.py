"""One real server with its worker and database for all stories, started as a user would."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

PROJECT = Path(__file__).resolve().parents[2]
NOT_PASSED_ON = ("DATABASE_", "DJANGO_", "CELERY_", "REDIS_", "MONGODB_", "PYTEST_", "PROMETHEUS_")


class Server:
    """A running installation and its first admin."""

    def __init__(self, var: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.var = var
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api/v1"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_PASSED_ON)}
        self.environment = {**kept, "DATASTREAM_VAR": str(var), "PYTHONUNBUFFERED": "1"}
        self.output = (var.parent / "output").open("wb")
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            time.sleep(0.2)
        raise AssertionError((self.var.parent / "output").read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.output.close()

    def admin(self) -> requests.Session:
        """A session that is signed in as the first admin."""
        kept = json.loads((self.var / "first-admin.json").read_text())
        return self.signed_in(kept["username"], kept["password"])

    def signed_in(self, username: str, password: str) -> requests.Session:
        session = requests.Session()
        body = {"username": username, "password": password}
        answer = session.post(f"{self.api}/auth/token", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        session.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return session

    def memory_bytes(self) -> int:
        """What all web processes hold together."""
        total = 0
        for about in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, StopIteration):
                words = (about / "cmdline").read_bytes()
                if b"gunicorn" in words and str(self.port).encode() in words:
                    lines = (about / "status").read_text().splitlines()
                    line = next(one for one in lines if one.startswith("VmRSS"))
                    total += int(line.split()[1]) * 1024
        return total


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "var")
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def point(day: int, **values: Any) -> dict[str, Any]:
    return {"timestamp": f"2001-01-{day:02}", "station": "A", "value": values}
