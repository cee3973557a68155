"""The usual stack and ours in turns: the same points written and read."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import numpy as np
import orjson
from django.conf import settings

from bench import database, samples
from bench.report import Line, median, seconds
from bench.server import Client, Web, free_port

HERE = Path(__file__).parent / "usual_stack"
PYTHON = settings.BASE_DIR / "build" / "usual-stack" / "bin" / "python"
WORKERS = 2
READ = 36_500
A_REQUEST = 5_000
REQUESTS = 4
ROUNDS = 3
WRITE_MARK, READ_MARK = 6.0, 10.0
PATIENCE_S = 30.0
# As the application's own role, which may fill a table and not make one.
TABLE = """
CREATE SCHEMA usual;
CREATE TABLE usual.data_points (
    id uuid PRIMARY KEY, dataset_id uuid NOT NULL, timestamp timestamptz NOT NULL,
    value jsonb NOT NULL, metadata jsonb, created_at timestamptz NOT NULL);
CREATE INDEX data_points_by_time ON usual.data_points (dataset_id, timestamp);
GRANT USAGE ON SCHEMA usual TO {role};
GRANT SELECT, INSERT ON usual.data_points TO {role}"""


def measure(web: Web, *, upload_rate: float) -> Iterator[Line]:
    """Both stacks write and read points as JSON; `upload_rate` is ours of a large CSV, rows/s."""
    database.as_owner(database.for_application(TABLE))
    bodies = [points(A_REQUEST, first=n * A_REQUEST) for n in range(REQUESTS)]
    with running() as port:
        ours, theirs = web.client(), Client(port)
        wrote: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            wrote["ours"].append(seconds(lambda: send(ours, ours_path(), bodies)))
            wrote["theirs"].append(
                seconds(lambda: send(theirs, f"/datasets/{uuid4()}/data", bodies))
            )
        yield from _written(wrote, upload_rate)
        mine, other = ours_path(), f"/datasets/{uuid4()}/data"
        whole = [points(A_REQUEST, first=n) for n in range(0, READ, A_REQUEST)]
        send(ours, mine, whole)
        send(theirs, other, whole)
        yield from _read(ours, theirs, f"{mine}?limit={READ}", f"{other}?limit={READ}")


SUBJECT = "Beside the usual stack (FastAPI, Pydantic, SQLAlchemy ORM)"


def _written(wrote: dict[str, list[float]], upload_rate: float) -> Iterator[Line]:
    n = A_REQUEST * REQUESTS
    ours, theirs = (n / median(wrote[name]) for name in ("ours", "theirs"))
    yield Line(SUBJECT, "theirs, JSON, 5,000 a request", theirs, "rows/s")
    yield Line(SUBJECT, "ours, the same bodies", ours, "rows/s", ours / theirs)
    what = "ours, 1 upload of CSV with checks and history"
    yield Line(SUBJECT, what, upload_rate, "rows/s", upload_rate / theirs, least=WRITE_MARK)


def _read(ours: Client, theirs: Client, mine: str, other: str) -> Iterator[Line]:
    spent: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS + 1):
        spent["theirs"].append(seconds(lambda: theirs.get(other)))
        spent["ours"].append(seconds(lambda: ours.get(mine)))
    fast, slow = (median(spent[name][1:]) for name in ("ours", "theirs"))
    yield Line(SUBJECT, f"theirs, {READ:,} points read", slow * 1000, "ms")
    ratio = slow / fast
    yield Line(SUBJECT, f"ours, {READ:,} points read", fast * 1000, "ms", ratio, least=READ_MARK)


def points(n: int, *, first: int) -> bytes:
    """`n` hourly points of three variables as JSON."""
    hours = np.datetime64("1950-01-01T00", "s") + np.arange(first, first + n) * np.timedelta64(
        1, "h"
    )
    table = samples.table(50 * n).slice(0, n)
    columns = [table[name].to_pylist() for name in ("TMAX", "TMIN", "PRCP")]
    return orjson.dumps(
        [
            {"timestamp": f"{hour}Z", "value": {"TMAX": high, "TMIN": low, "PRCP": rain}}
            for hour, high, low, rain in zip(hours.astype(str), *columns, strict=True)
        ]
    )


def ours_path() -> str:
    return f"/api/v1/datasets/{samples.make_dataset().pk}/data"


def send(client: Client, path: str, bodies: list[bytes]) -> None:
    for body in bodies:
        client.ask("POST", path, body=body)


@contextmanager
def running() -> Iterator[int]:
    """Start two workers of the usual stack in its own environment; end them whatever happens."""
    port = free_port()
    command = [str(PYTHON), "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "error"]
    environment = {**os.environ, "USUAL_STACK_DATABASE": database.url()}
    process = subprocess.Popen(
        [*command, "--workers", str(WORKERS), "--no-access-log"], cwd=HERE, env=environment
    )
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def install() -> None:
    """Make the environment, once."""
    folder = PYTHON.parents[1]
    wanted = (HERE / "requirements.txt").read_text()
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing the usual stack.")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(HERE / "requirements.txt")], check=True)
    stamp.write_text(wanted)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException, RuntimeError):
            json.loads(Client(port).get("/health"))
            return
        time.sleep(0.1)
    raise RuntimeError("The usual stack did not start.")
