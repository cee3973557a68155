"""A real server with its worker and database, started as a user would, for tests over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg2
import requests

from datastream.core import embedded

PROJECT = Path(__file__).resolve().parents[1]
NOT_PASSED_ON = ("DATABASE_", "DJANGO_", "CELERY_", "REDIS_", "MONGODB_", "PYTEST_", "PROMETHEUS_")
PROCESSES = Path("/proc")
START_MAX_S = 300
# As many as `serve` starts where nothing is said.
WEB_WORKERS = 2
# Tests that are not about limits ask as often as they like.
UNLIMITED = {
    "RATE_READS": "1000000/min",
    "RATE_WRITES": "1000000/min",
    "RATE_POINTS": "100000000/s",
    "RATE_EXPORTS": "1000000/min",
    "RATE_ANALYSES": "1000000/min",
    "RATE_LOGINS_ACCOUNT": "1000000/min",
    "RATE_LOGINS_NETWORK": "1000000/min",
    # Whoever signs in at the beginning of all tests is there until the last.
    "ACCESS_TOKEN_MINUTES": "720",
}


class Server:
    """A running installation and its first admin; `settings` go into its environment.

    It starts at once; `with` waits until it is ready, and stops it in the end.
    """

    def __init__(self, var: Path, *options: str, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.var = var
        self.folder = var.parent
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api/v1"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_PASSED_ON)}
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {"DATASTREAM_VAR": str(var), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
        self.environment = {**kept, **own, **UNLIMITED, **settings}
        self.log = self.folder / "output"
        self._web: list[int] = []
        self.output = self.log.open("wb")
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *told: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Return when it answers; a machine that does much else may take minutes to start it."""

        def is_over() -> bool:
            return self._is_ready() or self.process.poll() is not None

        assert eventually(is_over, START_MAX_S), self.log.read_text()
        assert self.process.returncode is None, self.log.read_text()

    def _is_ready(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.output.close()

    def admin(self) -> requests.Session:
        """A session that is signed in as the first admin."""
        return self.signed_in(**self.first_admin())

    def first_admin(self) -> dict[str, str]:
        """The name and password of the first admin, as they are kept."""
        kept: dict[str, str] = json.loads((self.var / "first-admin.json").read_text())
        return kept

    def signed_in(self, username: str, password: str) -> requests.Session:
        session = requests.Session()
        body = {"username": username, "password": password}
        answer = session.post(f"{self.api}/auth/token", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        session.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return session

    # -------------------------------------------------------------- what it runs and holds

    def web_processes(self) -> list[int]:
        """The processes of the web server, the one that starts the others first."""
        if self._web and all((PROCESSES / str(process)).exists() for process in self._web):
            return self._web
        found = []
        for about in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):
                words = (about / "cmdline").read_bytes()
                if b"gunicorn" in words and str(self.port).encode() in words:
                    found.append(int(about.name))
        found.sort(key=started_at)
        # While one is started again there are fewer.
        self._web = found if len(found) > WEB_WORKERS else []
        return found

    def memory_bytes(self) -> int:
        """What all web processes hold together."""
        return sum(memory_bytes(process) for process in self.web_processes())

    def database(self, role: str = "datastream_owner") -> Any:
        """A connection to its database that commits each statement."""
        connection = psycopg2.connect(embedded.Server(self.var / "postgres").url(role=role))
        connection.autocommit = True
        return connection

    @property
    def logs(self) -> tuple[Path, ...]:
        """What it says itself, and what its database says."""
        return self.log, self.var / "postgres" / "server.log"


def memory_bytes(process: int, line: str = "VmRSS") -> int:
    """What a process holds now; `VmHWM` for the most since its peak was forgotten."""
    with suppress(OSError):
        for one in (PROCESSES / str(process) / "status").read_text().splitlines():
            if one.startswith(line):
                return int(one.split()[1]) * 1024
    return 0


def started_at(process: int) -> int:
    """When a process began, in ticks; its number does not tell, for numbers begin anew."""
    with suppress(OSError):
        about = (PROCESSES / str(process) / "stat").read_text()
        # After the name, which may hold anything, the 20th.
        return int(about.rpartition(")")[2].split()[19])
    return 0


def forget_peak(process: int) -> None:
    """Let VmHWM begin anew from what the process holds now."""
    with suppress(OSError):
        (PROCESSES / str(process) / "clear_refs").write_text("5")


def job(look: Callable[[], requests.Response]) -> dict[str, Any]:
    """What is said of a job once it has ended; a busy machine takes longer than `?wait` allows."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(look().json())
        return found["status"] not in {"queued", "running"}

    assert eventually(has_ended, 180), found
    return found


def eventually(condition: Callable[[], bool], timeout_s: float = 90, every_s: float = 0.1) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(every_s)
    return False
