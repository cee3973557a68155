"""Runs that wait for their provider hold nothing else up; with real processes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
import requests

from tests.connectors.fakes.noaa import FakeNoaa
from tests.connectors.fakes.server import Call, Reply
from tests.faults.site import children
from tests.running import PROCESSES, PROJECT, Server, eventually

pytestmark = pytest.mark.slow

# More than one worker of runs does at once.
RUNS = 5
# Of the worker that does what is quick.
THREADS = 2
FEED = {
    "connector": "noaa",
    "product": "daily-summaries",
    "parameters": {
        "stations": ["USW00094728"],
        "start": "2020-01-01",
        "end": "2020-01-31",
        "variables": ["TMAX"],
    },
}


class Waiting(FakeNoaa):
    """Answers only once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.may_answer = threading.Event()

    def hold(self) -> None:
        self.asked = 0
        self.may_answer.clear()

    def reply_to(self, call: Call) -> Reply:
        self.asked += 1
        self.may_answer.wait(300)
        return super().reply_to(call)


@pytest.fixture(scope="module")
def noaa() -> Iterator[Waiting]:
    with Waiting() as noaa:
        yield noaa
        noaa.may_answer.set()


@pytest.fixture(scope="module")
def server(noaa: Waiting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    var = tmp_path_factory.mktemp("waiting") / "var"
    settings = {"NOAA_BASE_URL": noaa.base_url, "OUTBOUND_NETWORKS": "127.0.0.0/8"}
    with Server(var, "--no-samples", **settings) as server:
        yield server


def made(admin: requests.Session, path: str, **facts: object) -> str:
    answer = admin.post(path, json=facts)
    assert answer.status_code in {201, 202}, answer.text
    return str(answer.json()["id"])


def make_feed(admin: requests.Session, api: str, name: str) -> str:
    dataset = made(admin, f"{api}/datasets", name=name, schema_mode="evolve")
    return made(admin, f"{api}/feeds", name=name, dataset=dataset, **FEED)


def make_points(admin: requests.Session, api: str) -> str:
    dataset = made(admin, f"{api}/datasets", name="Analysed")
    points = [{"timestamp": f"2001-01-{day:02}", "value": {"T": day}} for day in range(1, 29)]
    assert admin.post(f"{api}/datasets/{dataset}/data", json=points).status_code == 200
    return dataset


def analyse(admin: requests.Session, api: str, dataset: str, **parameters: object) -> str:
    path = f"{api}/datasets/{dataset}/analysis"
    return made(admin, path, type="summary", parameters=parameters)


def scheduled(admin: requests.Session, api: str, feed: str) -> int:
    """How many runs the schedule has started."""
    return int(admin.get(f"{api}/runs?feed={feed}&trigger=schedule").json()["count"])


def is_over(admin: requests.Session, runs: str) -> bool:
    return [run["status"] for run in admin.get(runs).json()["results"]] == ["succeeded"]


def let_be_due(server: Server, feed: str) -> None:
    with closing(server.database()) as database, database.cursor() as cursor:
        cursor.execute("UPDATE feeds SET next_run_at = now() WHERE id = %s", [feed])


def test_an_analysis_and_a_tick_find_a_worker_while_all_runs_wait(
    server: Server, noaa: Waiting
) -> None:
    noaa.hold()
    admin, api = server.admin(), server.api
    *feeds, due = [make_feed(admin, api, f"Feed {uuid4()}") for _ in range(RUNS + 1)]
    for feed in feeds:
        assert admin.post(f"{api}/feeds/{feed}/run").status_code == 202
    assert eventually(lambda: noaa.asked >= 2)

    analysis = analyse(admin, api, make_points(admin, api))
    let_be_due(server, due)
    path = f"{api}/analyses/{analysis}"
    assert eventually(lambda: admin.get(path).json()["status"] == "succeeded", 60)
    assert eventually(lambda: scheduled(admin, api, due) == 1, 60)

    noaa.may_answer.set()
    ended = [f"{api}/runs?feed={feed}" for feed in (*feeds, due)]
    assert eventually(lambda: all(is_over(admin, runs) for runs in ended)), [
        admin.get(runs).text for runs in ended
    ]


def test_a_tick_waits_for_no_task(server: Server, noaa: Waiting) -> None:
    """Exports have all threads of their worker while somebody locks the table that they read."""
    noaa.may_answer.set()
    admin, api = server.admin(), server.api
    dataset, due = make_points(admin, api), make_feed(admin, api, f"Due {uuid4()}")
    with closing(server.database()) as database, database.cursor() as cursor:
        database.autocommit = False
        cursor.execute("LOCK TABLE data_points")
        exports = [export(admin, api, dataset, start=f"2001-01-0{n}") for n in range(1, 6)]
        assert eventually(lambda: waiting_for_locks(server) >= THREADS, 60)
        let_be_due(server, due)
        assert eventually(lambda: scheduled(admin, api, due) == 1, 60)
        database.rollback()
    paths = [f"{api}/exports/{one}" for one in exports]
    assert eventually(lambda: {admin.get(one).json()["status"] for one in paths} == {"succeeded"})


def export(admin: requests.Session, api: str, dataset: str, **query: str) -> str:
    headers = {"Prefer": "respond-async"}
    path = f"{api}/datasets/{dataset}/data"
    answer = admin.get(path, params={"format": "csv", **query}, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def waiting_for_locks(server: Server) -> int:
    with closing(server.database()) as database, database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


def queues_of(processes: list[int]) -> list[str]:
    """Which queues are worked off by them."""
    words = [(PROCESSES / str(one) / "cmdline").read_text().split("\0") for one in processes]
    return sorted(one[one.index("-Q") + 1] for one in words if "-Q" in one)


def test_one_more_worker_has_all_queues_and_ends_as_a_whole(server: Server) -> None:
    every = ["analyses", "datastream", "runs"]
    command = [sys.executable, "manage.py", "worker"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=server.environment, stdout=server.output, stderr=server.output
    ) as more:
        assert eventually(lambda: queues_of(list(children(more.pid))) == every)
        processes = list(children(more.pid))
        more.terminate()
        assert more.wait(60) == 0
    assert not [one for one in processes if (PROCESSES / str(one)).exists()]
