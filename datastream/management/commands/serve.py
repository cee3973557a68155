"""Everything on one machine with one command: database, first admin, samples, web and worker."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from datastream import env
from datastream.core.embedded import EmbeddedError, Server
from datastream.supervisor import Child, Supervisor

# Programs of a run that was killed need a moment to notice and to let go of the port.
PATIENCE_AFTER_KILL_S = 15.0
DATABASE_EVERY_S = 5.0
MANIFEST = "staticfiles.json"
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is closed to others


class Command(BaseCommand):
    help = "Set up, then run the web server and a worker until Ctrl-C."
    requires_system_checks: list[str] = []
    is_stopped = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=env.text("BIND", "127.0.0.1"))
        parser.add_argument("--port", default=env.text("PORT", "8000"))
        parser.add_argument("--workers", type=int, default=2, help="processes of the web server")
        parser.add_argument("--no-samples", action="store_true", help="leave the sample data out")

    def handle(self, *_args: Any, **options: Any) -> None:
        # A stop by `kill` is as orderly as Ctrl-C, also before the supervisor listens.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        host, port = options["host"], port_number(options["port"])
        try:
            with only_run(settings.VAR, address(host, port)) as last_was_killed:
                wait_for_port(host, port, PATIENCE_AFTER_KILL_S if last_was_killed else 0)
                self._prepare(samples=not options["no_samples"])
                # Lost where it came in a finalizer, out of which nothing is raised.
                if not self.is_stopped:
                    self._run(host, port, options["workers"])
        except KeyboardInterrupt:
            pass
        self.stdout.write("Stopped.")

    def _stop(self, *_signal: object) -> None:
        self.is_stopped = True
        raise KeyboardInterrupt

    def _prepare(self, *, samples: bool) -> None:
        call_command("setup", stdout=self.stdout)
        if settings.PRODUCTION and not (Path(settings.STATIC_ROOT) / MANIFEST).exists():
            self._say("Static files: collecting and compressing them, once.")
            # No page of ours uses that half of them.
            call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["redoc"])
        known = get_commands()
        for name, *arguments in [
            ["create_first_admin"],
            *([["ingest", "sample"], ["show_samples"]] if samples else []),
        ]:
            if name in known:
                call_command(name, *arguments, stdout=self.stdout)
        connections.close_all()

    def _run(self, host: str, port: int, processes: int) -> None:
        metrics = metrics_folder(settings.VAR)
        # The static files' middleware warns of a folder that only `collectstatic` makes.
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        children = [web(host, port, processes), *workers()]
        try:
            Supervisor(children, say=self._say, watch=Watch(self._say, host, port)).run()
        finally:
            shutil.rmtree(metrics, ignore_errors=True)

    def _say(self, line: str) -> None:
        # Where the disk of the log is full, what runs goes on without a word.
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()


class Watch:
    """Say once that the site answers; start the embedded database again where it was killed."""

    def __init__(self, say: Callable[[str], None], host: str, port: int) -> None:
        self.say, self.host, self.port = say, host, port
        self.announced = False
        self.database = embedded_server()
        self.asked_at = time.monotonic()

    def __call__(self) -> None:
        if not self.announced and accepts(self.host, self.port):
            self.say(announcement(address(self.host, self.port)))
            self.announced = True
        if self.database and time.monotonic() - self.asked_at > DATABASE_EVERY_S:
            self._revive(self.database)
            self.asked_at = time.monotonic()

    def _revive(self, database: Server) -> None:
        try:
            if not database.is_running():
                self.say("The database ended; it starts again.")
                database.ensure_running()
        except EmbeddedError as error:
            self.say(str(error))


def web(host: str, port: int, processes: int) -> Child:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:datastream.gunicorn_conf"]
    command += ["--bind", f"{_bracketed(host)}:{port}", "--workers", str(processes)]
    return Child("web server", [*command, "datastream.wsgi:application"])


def workers() -> list[Child]:
    """What works beside the web server: what waits or computes for long keeps no other waiting."""
    return [
        _worker("worker", "datastream", "2"),
        _worker("worker of runs", "runs", "4"),
        _worker("worker of analyses", "analyses", "2"),
    ]


def _worker(name: str, queue: str, threads: str) -> Child:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "datastream.celery", "worker"]
    command += ["-n", f"{queue}@%h", "-Q", queue, "-P", "threads", "-c", threads]
    return Child(name, [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"])


def metrics_folder(var: Path) -> Path:
    """An empty folder in which the web processes count, in memory where there is such a disk.

    Its files are mapped, and the system ends who writes to a mapped file of a full disk.
    """
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:20]
    for folder in (MEMORY / f"datastream-metrics-{digest}", var / "metrics"):
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.mkdir(mode=0o700)
            return folder
    raise CommandError(f"{var} cannot be written to.")


def embedded_server() -> Server | None:
    folder = settings.DATABASES["default"].get("EMBEDDED_FOLDER")
    return Server(Path(folder)) if folder else None


def announcement(site: str) -> str:
    password = settings.VAR / "first-admin.json"
    where = f" (name and password: {_near(password)})" if password.exists() else ""
    return (
        f"\n  Site      {site}/\n  API docs  {site}/api/docs\n  Admin     {site}/admin/{where}\n"
        "  Ctrl-C ends everything.\n"
    )


@contextmanager
def only_run(var: Path, site: str) -> Iterator[bool]:
    """Refuse a second run in the same folder; tell whether the last one was killed."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = _read(file)
            raise CommandError(
                f"It already runs here (process {running.get('process', '?')}, "
                f"{running.get('site', '?')}/); stop that one first with Ctrl-C."
            ) from None
        last_was_killed = bool(_read(file))
        _write(file, {"process": os.getpid(), "site": site})
        try:
            yield last_was_killed
        finally:
            _write(file, {})


def _read(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        return dict(json.loads(file.read() or "{}"))
    except ValueError:
        return {}


def _write(file: IO[str], content: dict[str, Any]) -> None:
    file.truncate(0)
    file.write(json.dumps(content) if content else "")
    file.flush()


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def wait_for_port(host: str, port: int, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while (refusal := _refusal(host, port)) is not None:
        if refusal == errno.EACCES:
            raise CommandError(f"Port {port} is for root only; choose another: make run PORT=8001.")
        if refusal != errno.EADDRINUSE:
            raise CommandError(f"{host}:{port} cannot be used: {os.strerror(refusal)}.")
        if time.monotonic() >= deadline:
            other = port + 1 if port < 65535 else 8000
            raise CommandError(
                f"Port {port} is in use; stop what uses it, or choose another: "
                f"make run PORT={other}."
            )
        time.sleep(0.2)


def _refusal(host: str, port: int) -> int | None:
    """The error number of binding the port, or None where it is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return None


def accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_reachable(host), port), timeout=1):
            return True
    except OSError:
        return False


def address(host: str, port: int) -> str:
    scheme = "https" if settings.TLS_CERT_FILE else "http"
    return f"{scheme}://{_bracketed(_reachable(host))}:{port}"


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _near(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
