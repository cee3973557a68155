"""A worker killed in the middle of an export: in the end there is one whole file."""

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from datastream.core import embedded
from tests.running import PROCESSES, Server, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROCESSES.exists(), reason="processes are found by /proc"),
]

POINTS = 400_000
# As an upload would leave them; an upload of so many is not what is tried here.
FILL = """
WITH station AS (INSERT INTO stations (dataset_id, code, name, timezone)
                 VALUES (%(dataset)s, 'A', '', 'UTC') RETURNING id),
variable AS (INSERT INTO variables (dataset_id, name, standard_name, unit, cell_method, interval,
                                    kind, missing_values, description)
             VALUES (%(dataset)s, 'TMAX', '', 'degC', '', '', 'number', '{}', '')),
revision AS (INSERT INTO revisions (dataset_id, number, inserted, updated, unchanged, deleted,
                                    digest) VALUES (%(dataset)s, 1, %(points)s, 0, 0, 0, '')),
points AS (INSERT INTO data_points (dataset_id, station_id, timestamp, value, revision)
           SELECT %(dataset)s, station.id, timestamptz '1950-01-01' + n * interval '1 hour',
                  jsonb_build_object('TMAX', n %% 40), 1
           FROM station, generate_series(1, %(points)s) n)
UPDATE datasets SET revision = 1, point_count = %(points)s,
       "start" = timestamptz '1950-01-01' + interval '1 hour',
       "end" = timestamptz '1950-01-01' + %(points)s * interval '1 hour'
WHERE id = %(dataset)s"""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose leases are short, so that what a dead worker had is soon taken up again."""
    server = Server(tmp_path_factory.mktemp("quick") / "var", "--no-samples", LEASE_S="6")
    try:
        server.wait()
        yield server
    finally:
        server.stop()
        folder = embedded.Server(server.var / "postgres").socket_folder
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def api(quick: Server) -> requests.Session:
    return quick.admin()


@pytest.fixture(scope="module")
def dataset(quick: Server, api: requests.Session) -> str:
    """Hours of half a century at one station."""
    made = api.post(f"{quick.api}/datasets", json={"name": "half a century"}, timeout=30)
    identity = str(made.json()["id"])
    connection = quick.database()
    try:
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"dataset": identity, "points": POINTS})
    finally:
        connection.close()
    return identity


def workers(server: Server) -> list[int]:
    """The worker's processes."""
    mark, found = f"DATASTREAM_VAR={server.var}".encode(), []
    for about in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            is_ours = mark in (about / "environ").read_bytes().split(b"\0")
            if is_ours and b"celery" in (about / "cmdline").read_bytes():
                found.append(int(about.name))
    return found


def kill(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def half_files(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return [path for path in folder.glob("*.part") if path.stat().st_size]
    return []


def forget_exports(server: Server, folder: Path) -> None:
    """Let the next be made anew: the test may be run once more."""
    with closing(server.database()) as database, database.cursor() as cursor:
        cursor.execute("DELETE FROM exports")
    for path in folder.glob("*.part"):
        path.unlink()


def export_of(quick: Server, api: requests.Session, dataset: str, **query: str) -> str:
    answer = api.get(
        f"{quick.api}/datasets/{dataset}/data",
        params=query,
        headers={"Prefer": "respond-async"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    return f"{quick.url}{answer.headers['Location']}"


def succeeded(api: requests.Session, url: str) -> dict[str, Any]:
    def is_done() -> bool:
        return api.get(url, timeout=30).json()["status"] in {"succeeded", "failed"}

    assert eventually(is_done, timeout_s=120)
    body: dict[str, Any] = api.get(url, timeout=30).json()
    assert body["status"] == "succeeded", body
    return body


def test_f_02_a_worker_killed_in_the_middle_of_an_export_leaves_one_whole_file(
    quick: Server, api: requests.Session, dataset: str
) -> None:
    folder = quick.var / "exports"
    forget_exports(quick, folder)
    # Before, or finding them would take longer than an export.
    processes = workers(quick)
    url = export_of(quick, api, dataset, format="ndjson")
    assert eventually(lambda: bool(half_files(folder)), every_s=0.001)
    kill(processes)
    assert api.get(url, timeout=30).json()["status"] == "running"

    body = succeeded(api, url)

    streamed = hashlib.sha256()
    read = f"{quick.api}/datasets/{dataset}/data?format=ndjson"
    with api.get(read, stream=True, timeout=120) as answer:
        for chunk in answer.iter_content(1 << 20):
            streamed.update(chunk)
    (only,) = folder.glob(f"{body['id']}*")
    written = only.read_bytes()
    assert body["digest"] == f"sha-256={hashlib.sha256(written).hexdigest()}"
    assert body["digest"] == f"sha-256={streamed.hexdigest()}"
    assert (body["rows"], written.count(b"\n")) == (POINTS, POINTS)
    connection = quick.database()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT attempt FROM exports WHERE id = %s", [body["id"]])
            # More where a worker was held up for longer than its lease.
            assert cursor.fetchone()[0] >= 2
    finally:
        connection.close()


def test_a_download_that_broke_off_goes_on_and_has_the_right_digest(
    quick: Server, api: requests.Session, dataset: str, tmp_path: Path
) -> None:
    body = succeeded(api, export_of(quick, api, dataset, format="csv"))
    target = tmp_path / "half-a-century.csv"
    with api.get(body["file"], stream=True, timeout=60) as answer:
        tag = answer.headers["ETag"]
        with target.open("wb") as file:
            file.write(next(answer.iter_content(1 << 20)))
    here = target.stat().st_size
    assert 0 < here < body["size_bytes"]
    headers = {"Range": f"bytes={here}-", "If-Range": tag}
    with api.get(body["file"], headers=headers, stream=True, timeout=60) as answer:
        assert answer.status_code == 206
        with target.open("ab") as file:
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    assert f"sha-256={found}" == body["digest"]
    assert api.head(body["file"], timeout=30).headers["Content-Length"] == str(body["size_bytes"])


def test_a_client_that_vanishes_leaves_no_file_open(
    quick: Server, api: requests.Session, dataset: str
) -> None:
    body = succeeded(api, export_of(quick, api, dataset, format="csv"))

    def is_open() -> bool:
        for process in quick.web_processes():
            for descriptor in (PROCESSES / str(process) / "fd").glob("*"):
                with suppress(OSError):
                    if body["id"] in str(descriptor.readlink()):
                        return True
        return False

    answer = api.get(body["file"], stream=True, timeout=60)
    next(answer.iter_content(1000))
    answer.close()
    assert eventually(lambda: not is_open(), timeout_s=60)
