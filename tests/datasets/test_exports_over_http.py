"""Large downloads from a real server: memory stays flat, and a break is seen."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from tests.datasets.exported import KINDS
from tests.running import Server, eventually, forget_peak, memory_bytes

pytestmark = pytest.mark.slow

MIB = 2**20
N = 600_000
FILL = """
INSERT INTO data_points (dataset_id, station_id, timestamp, value, revision)
SELECT s.dataset_id, s.id, '1950-01-01Z'::timestamptz + n * interval '1 minute',
       jsonb_build_object('TMAX', n %% 400 / 10.0, 'TMIN', n %% 300 / 10.0, 'PRCP', n), 1
FROM stations s, generate_series(1, %s) n WHERE s.dataset_id = %s"""
COPIES = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE query LIKE 'COPY (%' AND state <> 'idle'"""


@pytest.fixture(scope="module")
def reader(server: Server) -> requests.Session:
    return server.admin()


@pytest.fixture(scope="module")
def url(server: Server, reader: requests.Session) -> Iterator[str]:
    """Where the data of a dataset of N points are."""
    made = reader.post(f"{server.api}/datasets", json={"name": "Large"}, timeout=30).json()
    path = f"{server.api}/datasets/{made['id']}"
    value = {"TMAX": 1, "TMIN": 1, "PRCP": 1}
    first = [{"timestamp": "1950-01-01", "station": "A", "value": value}]
    assert reader.post(f"{path}/data", json=first, timeout=30).status_code == 200
    with closing(server.database()) as connection, connection.cursor() as cursor:
        cursor.execute(FILL, [N, made["id"]])
    yield f"{path}/data"
    assert reader.delete(path, timeout=60).status_code == 204


def download(reader: requests.Session, url: str, **query: Any) -> int:
    """How many bytes came."""
    with reader.get(url, params=query, stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        return sum(map(len, answer.iter_content(MIB)))


@pytest.mark.parametrize("kind", KINDS)
def test_memory_stays_flat(server: Server, reader: requests.Session, url: str, kind: str):
    # Each process keeps what it needed for a quarter of it, more than a group of rows.
    for _ in range(6):
        download(reader, url, format=kind, end="1950-04-15")
    processes = server.web_processes()
    before = {process: memory_bytes(process) for process in processes}
    for process in processes:
        forget_peak(process)
    size = download(reader, url, format=kind)
    grown = [memory_bytes(process, "VmHWM") - before[process] for process in processes]
    assert size > N * (5 if kind == "parquet" else 40)
    assert max(grown) < 64 * MIB, [one // MIB for one in grown]


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("kind", ["csv", "arrow"])
def test_a_failure_in_the_middle_is_seen_by_the_client(
    server: Server, reader: requests.Session, url: str, kind: str, coding: str
):
    headers = {"Accept-Encoding": coding}
    with reader.get(
        url, params={"format": kind}, headers=headers, stream=True, timeout=60
    ) as answer:
        assert answer.status_code == 200
        assert answer.raw.read(1000)
        with closing(server.database()) as connection, connection.cursor() as cursor:
            cursor.execute(COPIES)
            assert cursor.rowcount == 1
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for _ in answer.iter_content(MIB):
                pass


def test_who_stops_reading_leaves_no_statement(server: Server, reader: requests.Session, url: str):
    with reader.get(url, params={"format": "ndjson"}, stream=True, timeout=60) as answer:
        assert answer.raw.read(1000)

    def is_free() -> bool:
        with closing(server.database()) as connection, connection.cursor() as cursor:
            cursor.execute(COPIES.replace("pg_terminate_backend(pid)", "pid"))
            return not cursor.fetchall()

    assert eventually(is_free, 30)
