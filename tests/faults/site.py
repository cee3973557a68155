"""An installation whose processes can be killed, each kind alone or all at once."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import requests

from datastream.core import embedded
from tests.faults.weather import Weather
from tests.running import PROCESSES, PROJECT, Server, eventually

LEASE_S = 3
# 503s and broken connections pass; whoever is still refused after that is not.
PATIENCE_S = 90.0
# Where several share a machine, the first start takes its time.
START_S = 300.0
PLANTED = "tests.faults.planted.settings"


class Site:
    """A server, its fake provider, and a second worker, which is started again at once.

    The server's own worker is restarted after pauses that grow, as whoever fails again and again
    should be.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.weather = Weather()
        self.settings = {
            "LEASE_S": str(LEASE_S),
            "NOAA_BASE_URL": self.weather.base_url,
            "OUTBOUND_NETWORKS": "127.0.0.2/32",
            **settings,
        }
        self.server = self._start()
        self.second: subprocess.Popen[bytes] | None = None
        self.second_settings: dict[str, str] = {}

    def _start(self) -> Server:
        return Server(self.folder / "var", "--no-samples", **self.settings)

    def __enter__(self) -> Self:
        self.weather.__enter__()
        try:
            assert eventually(self.is_ready, START_S), self.server.log.read_text()[-3000:]
            self.start_second()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.weather.__exit__()
        self.stop_second()
        self.server.stop()

    def start_second(self, **settings: str) -> None:
        """Start a worker of both queues beside those of `serve`."""
        self.second_settings = settings or self.second_settings
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "datastream.celery", "worker"]
        command += ["-P", "threads", "-c", "2", "--without-gossip", "--without-mingle"]
        self.second = subprocess.Popen(
            [*command, "--without-heartbeat"],
            cwd=PROJECT,
            env={**self.server.environment, **self.second_settings},
            stdin=subprocess.DEVNULL,
            stdout=self.server.output,
            stderr=subprocess.STDOUT,
        )

    def stop_second(self) -> None:
        if self.second is not None:
            self.second.kill()
            self.second.wait(30)
            self.second = None

    @contextmanager
    def web_apart(self, **settings: str) -> Iterator[str]:
        """One more web server, with settings of its own; its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "-c", "python:datastream.gunicorn_conf"]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", "1", "datastream.wsgi:application"]
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**self.server.environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=self.server.output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)

    # ------------------------------------------------------------------ who is there
    def processes(self, word: bytes = b"") -> list[int]:
        """Our processes with this word in their command, the database's apart."""
        mark, found = f"DATASTREAM_VAR={self.server.var}".encode(), []
        for about in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):
                if mark in (about / "environ").read_bytes().split(b"\0"):
                    command = (about / "cmdline").read_bytes()
                    if word in command and b"postgres" not in command:
                        found.append(int(about.name))
        return found

    def web(self) -> list[int]:
        """The processes of the web server that answer; not the one that starts them."""
        all_of_them = self.processes(b"gunicorn")
        return [process for process in all_of_them if parent(process) in all_of_them]

    def answering(self) -> list[int]:
        """Those of them that have loaded everything and wait for connections."""
        return [process for process in self.web() if waits(process)]

    def database(self) -> list[int]:
        file = self.server.var / "postgres" / "data" / "postmaster.pid"
        with suppress(OSError, ValueError):
            first = int(file.read_text().split("\n", 1)[0])
            return [first, *children(first)]
        return []

    # ------------------------------------------------------------------ what is done to it
    def kill_web(self) -> None:
        kill(self.web()[:1])

    def kill_all_web(self) -> None:
        """At once: one that was killed may be found again while it ends."""
        kill(self.web())

    def kill_worker(self) -> None:
        kill(self.processes(b"celery"))
        if self.second is not None:
            self.second.wait(30)
            self.start_second()

    def kill_database(self) -> None:
        kill(self.database())

    @contextmanager
    def broken_database(self) -> Iterator[None]:
        """The database cannot be started until the block ends."""
        settings = self.server.var / "postgres" / "data" / "postgresql.auto.conf"
        before = settings.read_text()
        settings.write_text(f"{before}\nno_such_setting = 1\n")
        try:
            yield
        finally:
            settings.write_text(before)

    def kill_everything(self) -> None:
        """Kill all there is, as a power cut would, and start again as its host would."""
        kill([self.server.process.pid, *self.database(), *self.processes()])
        self.server.process.wait(30)
        if self.second is not None:
            self.second.wait(30)
        self.server.output.close()
        port, environment = self.server.port, self.server.environment
        self.server.output = self.server.log.open("ab")
        command = [sys.executable, "manage.py", "serve", "--no-samples", "--port", str(port)]
        self.server.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.server.output,
            stderr=subprocess.STDOUT,
        )
        self.start_second()

    # ------------------------------------------------------------------ what it says
    def admin(self) -> requests.Session:
        """A session of the first admin, as soon as there is somebody to ask."""
        sessions: list[requests.Session] = []

        def sign_in() -> bool:
            with suppress(requests.RequestException, AssertionError, OSError):
                sessions.append(self.server.admin())
            return bool(sessions)

        assert eventually(sign_in, PATIENCE_S), self.server.log.read_text()[-2000:]
        return sessions[0]

    def is_ready(self) -> bool:
        return self.status("/health/ready") == 200

    def status(self, path: str) -> int:
        with suppress(requests.RequestException):
            return requests.get(f"{self.server.url}{path}", timeout=5).status_code
        return 0

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, whose owner starts it again where it was killed."""
        embedded.Server(self.server.var / "postgres").ensure_running()
        connection = self.server.database()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


def kill(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def parent(process: int) -> int:
    with suppress(OSError):
        # After the name, which may hold anything.
        about = (PROCESSES / str(process) / "stat").read_text().rpartition(")")[2]
        return int(about.split()[1])
    return 0


def waits(process: int) -> bool:
    """Whether a process has come to where it waits for what its sockets bring (by epoll)."""
    with suppress(OSError):
        files = (PROCESSES / str(process) / "fdinfo").iterdir()
        return any("tfd:" in file.read_text() for file in files)
    return False


def children(process: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in (PROCESSES / str(process) / "task").glob("*"):
            for number in (thread / "children").read_text().split():
                yield int(number)


def slack() -> float:
    """By how much others that share the machine may make everything slower.

    The load that is told is the last minute's, and says little of this moment.
    """
    return max(2 * os.getloadavg()[0] / (os.cpu_count() or 1), 4.0)
