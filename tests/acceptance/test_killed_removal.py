"""A kill -9 in the middle of a deletion leaves nothing of it."""

import os
import signal
import threading
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.running import PROCESSES, Server, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROCESSES.exists(), reason="processes are found by /proc"),
]
# At its receipt all points are gone already, for nobody but itself.
AT_ITS_RECEIPT = """
SELECT pid FROM pg_stat_activity
WHERE query LIKE 'INSERT INTO "receipts"%' AND wait_event_type = 'Lock'"""


def kill_database_process(server: Server, pid: int) -> None:
    with server.database("datastream_app").cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def kill_web_processes(server: Server, _pid: int) -> None:
    for process in server.web_processes()[1:]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_database_process, kill_web_processes])
def test_f_03_a_deletion_that_is_killed_was_never_there(
    server: Server, kill: Callable[[Server, int], None]
) -> None:
    admin = server.admin()
    dataset = admin.post(f"{server.api}/datasets", json={"name": "killed"}).json()["id"]
    path = f"{server.api}/datasets/{dataset}"
    first = datetime(1900, 1, 1)  # noqa: DTZ001 - written without a zone, which is UTC
    lines = [f"{first + timedelta(days=n)},{n}" for n in range(30_000)]
    body = "\n".join(["timestamp,A", *lines])
    written = admin.post(f"{path}/data", data=body, headers={"Content-Type": "text/csv"}).json()
    assert written["rejected"] == 0, written

    def state() -> Any:
        listed = ("", "/changes?limit=50000", "/receipts", "/data?limit=50000")
        return [admin.get(f"{path}{one}", timeout=30).json() for one in listed]

    before, key = state(), {"Idempotency-Key": uuid.uuid4().hex}
    everything = f"{path}/data?start=1901-01-01&end=9999-01-01"
    answers: list[Any] = []

    def remove() -> None:
        with suppress(requests.ConnectionError):
            answers.append(admin.delete(everything, headers=key, timeout=60))

    with closing(server.database()) as blocker, blocker.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE receipts IN SHARE MODE")
        removing = threading.Thread(target=remove)
        removing.start()
        found: list[int] = []

        def is_there() -> bool:
            with (
                closing(server.database("datastream_app")) as app,
                app.cursor() as looking,
            ):
                looking.execute(AT_ITS_RECEIPT)
                found.extend(row[0] for row in looking)
            return bool(found)

        assert eventually(is_there)
        kill(server, found[0])
        cursor.execute("ROLLBACK")
    removing.join(60)
    assert [answer.status_code for answer in answers] in ([], [503])

    def is_ready() -> bool:
        with suppress(requests.RequestException):
            return admin.get(path, timeout=5).status_code == 200
        return False

    assert eventually(is_ready)
    assert state() == before
    again = admin.delete(everything, headers=key, timeout=60)
    assert (again.status_code, again.json()["revision"]) == (200, 2)
    changes = admin.get(f"{path}/changes?since=1&limit=50000").json()["results"]
    assert {one["change"] for one in changes} == {"deleted"}
    assert again.json()["deleted"] == len(changes) > 20_000
