"""Runs that wait for their provider hold nothing else up; with real processes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from tests.connectors.fakes.noaa import FakeNoaa
from tests.connectors.fakes.server import Call, Reply
from tests.faults.site import children
from tests.running import PROCESSES, PROJECT, Server, eventually

pytestmark = pytest.mark.slow

# More than one worker of runs does at once.
RUNS = 5
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


def analyse(admin: requests.Session, api: str) -> str:
    dataset = made(admin, f"{api}/datasets", name="Analysed")
    points = [{"timestamp": f"2001-01-{day:02}", "value": {"T": day}} for day in range(1, 29)]
    assert admin.post(f"{api}/datasets/{dataset}/data", json=points).status_code == 200
    return made(admin, f"{api}/datasets/{dataset}/analysis", type="summary")


def test_an_analysis_and_a_tick_find_a_worker_while_all_runs_wait(
    server: Server, noaa: Waiting
) -> None:
    admin, api = server.admin(), server.api
    feeds = [make_feed(admin, api, f"Feed {n}") for n in range(RUNS)]
    due = make_feed(admin, api, "Due")
    for feed in feeds:
        assert admin.post(f"{api}/feeds/{feed}/run").status_code == 202
    assert eventually(lambda: noaa.asked >= 2)

    analysis = analyse(admin, api)
    with closing(server.database()) as database, database.cursor() as cursor:
        cursor.execute("UPDATE feeds SET next_run_at = now() WHERE id = %s", [due])
    path = f"{api}/analyses/{analysis}"
    assert eventually(lambda: admin.get(path).json()["status"] == "succeeded", 60)
    assert eventually(lambda: admin.get(f"{api}/runs?trigger=schedule").json()["count"] == 1, 60)

    noaa.may_answer.set()
    done = f"{api}/runs?status=succeeded"
    assert eventually(lambda: admin.get(done).json()["count"] == RUNS + 1)


def queues_of(processes: list[int]) -> list[str]:
    """Which queues are worked off by them."""
    words = [(PROCESSES / str(one) / "cmdline").read_text().split("\0") for one in processes]
    return sorted(one[one.index("-Q") + 1] for one in words if "-Q" in one)


def test_one_more_worker_has_both_queues_and_ends_as_a_whole(server: Server) -> None:
    command = [sys.executable, "manage.py", "worker"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=server.environment, stdout=server.output, stderr=server.output
    ) as more:
        assert eventually(lambda: queues_of(list(children(more.pid))) == ["datastream", "runs"])
        processes = list(children(more.pid))
        more.terminate()
        assert more.wait(60) == 0
    assert not [one for one in processes if (PROCESSES / str(one)).exists()]
