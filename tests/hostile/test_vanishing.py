"""Clients that vanish in the middle leave nothing behind."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from tests.hostile import wire
from tests.hostile.conftest import BODY_SILENCE_S, Fresh, made
from tests.hostile.target import CANARY, CSV, JSON, NDJSON, Target
from tests.hostile.test_files import files_below
from tests.running import Server, eventually

pytestmark = pytest.mark.slow

GONE_WITHIN_S = 90
ROWS = 300_000
# Of sessions that do something now, or hold something open; the queue's library always does.
BUSY = """
SELECT state, now() - xact_start, query FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
AND xact_start < now() - interval '0.3 s' AND query NOT LIKE '%kombu_%'"""
TEMPORARY = "SELECT oid::regclass::text FROM pg_class WHERE relpersistence = 't'"
LOCKS = "SELECT mode, objid FROM pg_locks WHERE locktype = 'advisory'"


def lines(n: int) -> bytes:
    times = (np.datetime64("1980-01-01T00", "h") + np.arange(n)).astype(str)
    body = "".join(f"{time}:00,{CANARY},{k % 90}.25\n" for k, time in enumerate(times))
    return f"timestamp,station,TMAX\n{body}".encode()


@pytest.fixture(scope="module")
def large(attacked_server: Server, writer: requests.Session) -> Target:
    """A dataset whose export does not fit into the buffers of a connection."""
    dataset = made(attacked_server, writer, name="Large")
    found = dataset.accepted(lines(ROWS), kind=CSV)
    assert found["inserted"] == ROWS
    return dataset


def open_files(server: Server) -> list[str]:
    """Files that the web processes hold open, those without a name too; no sockets or pipes."""
    found = []
    for process in server.web_processes():
        for handle in Path(f"/proc/{process}/fd").glob("*"):
            with suppress(OSError):
                found.append(str(handle.readlink()))
    odd = ("/dev/", "/metrics/")
    return sorted(n for n in found if n.startswith("/") and not any(one in n for one in odd))


def left_behind(server: Server, question: str) -> list[Any]:
    with closing(server.database()) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return list(cursor.fetchall())


def is_nothing_left(server: Server, question: str) -> bool:
    return not left_behind(server, question)


@contextmanager
def leaving_nothing(server: Server) -> Iterator[None]:
    """Hold that soon no statement, transaction, lock, table or file is there that was not."""
    files, opened = files_below(server.folder), open_files(server)
    yield
    for question in (BUSY, TEMPORARY, LOCKS):
        is_free = partial(is_nothing_left, server, question)
        assert eventually(is_free, GONE_WITHIN_S), left_behind(server, question)
    assert eventually(lambda: open_files(server) == opened, GONE_WITHIN_S), open_files(server)
    assert eventually(lambda: files_below(server.folder) == files, GONE_WITHIN_S)


def vanish(connection: socket.socket, manner: str) -> None:
    if manner == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


UPLOADS = {
    "csv": (CSV, lines(60_000)),
    "json": (JSON, b'[{"timestamp": "2001-01-01", "value": {"TMAX": 1}},' + b" " * 3_000_000),
    "ndjson": (NDJSON, b'{"timestamp": "2001-01-01", "value": {"TMAX": 1}}\n' * 40_000),
}


@pytest.mark.parametrize("manner", ["close", "reset"])
@pytest.mark.parametrize("form", ["length", "chunks"])
@pytest.mark.parametrize(("kind", "body"), UPLOADS.values(), ids=UPLOADS)
def test_who_vanishes_in_an_upload_leaves_nothing_behind(
    fresh: Fresh, kind: str, body: bytes, form: str, manner: str
):
    dataset = fresh()
    before = dataset.state
    headers = {"Authorization": f"Bearer {dataset.token}", "Content-Type": kind}
    headers |= (
        {"Content-Length": str(len(body) + 1)}
        if form == "length"
        else {"Transfer-Encoding": "chunked"}
    )
    # All but the end: the last byte, or the chunk that says that there are no more.
    sent = body if form == "length" else b"".join(wire.chunked([body]))[:-5]
    with dataset.watched(body), leaving_nothing(dataset.server):
        connection = wire.connect(dataset.server.port)
        connection.sendall(wire.head("POST", f"{dataset.url}/data", headers))
        wire.send(connection, wire.sliced(sent))
        vanish(connection, manner)
    dataset.known = None
    assert dataset.state == before


def test_who_vanishes_before_the_answer_has_written_all_or_nothing(fresh: Fresh):
    dataset, body = fresh(), lines(60_000)
    headers = {"Authorization": f"Bearer {dataset.token}", "Content-Type": CSV}
    headers["Content-Length"] = str(len(body))
    with leaving_nothing(dataset.server):
        connection = wire.connect(dataset.server.port)
        connection.sendall(wire.head("POST", f"{dataset.url}/data", headers))
        wire.send(connection, wire.sliced(body))
        vanish(connection, "reset")
    detail = dataset.get().json()
    assert (detail["point_count"], detail["revision"]) in {(60_000, 1), (0, 0)}
    again = dataset.accepted(body, kind=CSV)
    assert (again["inserted"] + again["unchanged"], again["revision"]) == (60_000, 1)


@pytest.mark.parametrize("manner", ["close", "reset"])
@pytest.mark.parametrize("form", ["csv", "ndjson", "arrow", "parquet", "geojson"])
def test_who_vanishes_in_a_download_leaves_nothing_behind(large: Target, form: str, manner: str):
    headers = {"Authorization": f"Bearer {large.token}"}
    with large.watched(), leaving_nothing(large.server):
        connection = wire.connect(large.server.port)
        path = f"{large.url}/data?format={form}"
        connection.sendall(wire.head("GET", path, headers))
        first = connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 200 ")
        assert b"Content-Type: application/json" not in first
        vanish(connection, manner)


def test_who_takes_no_more_of_a_download_is_cut_and_leaves_nothing_behind(large: Target):
    headers = {"Authorization": f"Bearer {large.token}"}
    with leaving_nothing(large.server), wire.connect(large.server.port) as connection:
        connection.sendall(wire.head("GET", f"{large.url}/data?format=ndjson", headers))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        time.sleep(BODY_SILENCE_S + 1)
        assert eventually(partial(is_nothing_left, large.server, BUSY), GONE_WITHIN_S)
        assert wire.is_cut(connection, GONE_WITHIN_S)


def test_a_download_to_its_end_is_whole(large: Target):
    answer = large.get("/data?format=csv")
    assert answer.status == 200
    assert answer.body.count(b"\n") == ROWS + 1
    assert not list((large.server.folder / "tmp").iterdir())
