"""A long back-fill: flat memory, and as few requests as can be."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.models import Coverage, Feed
from connectors.registry import connectors
from datastream.core import jobs
from tests.factories import make_user
from tests.running import memory_bytes

pytestmark = pytest.mark.slow

STATIONS, YEARS = 100, 50
DAYS = 18_262  # from 1970 to 2019
MIB = 2**20


@pytest.fixture
def bulk_noaa(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fake in a process of its own, asked without waiting between requests."""
    command = [sys.executable, "-m", "tests.connectors.fakes.noaa_bulk", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        settings.NOAA_BASE_URL = process.stdout.readline().strip()
        product = connectors["noaa"].product()
        monkeypatch.setattr(type(product), "quota", replace(product.quota, per_second=1e6))
        yield
        process.terminate()


@pytest.fixture
def idle_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued waits: roll-ups are for the worker, and here would be part of the run."""
    monkeypatch.setattr(jobs, "_send", lambda *_: None)


def feed_of(owner: User, stations: int) -> Feed:
    noaa = connectors["noaa"]
    codes = [f"USW{n:08d}" for n in range(stations)]
    parameters = {"stations": codes, "start": "1970-01-01", "end": "2019-12-31"}
    target = services.target_of(noaa, owner, name="All")
    return services.make_feed(target, noaa, name="all", product="", parameters=parameters)


class Highest:
    """The most memory that this process holds in a block, beyond what it held before."""

    def __enter__(self) -> "Highest":
        self.before, self.most = memory_bytes(os.getpid()), 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.done.wait(0.05):
            self.most = max(self.most, memory_bytes(os.getpid()) - self.before)


@pytest.mark.usefixtures("bulk_noaa", "committed_db", "idle_worker")
def test_a_hundred_stations_for_fifty_years_take_little_memory_and_few_requests() -> None:
    admin = make_user("admin")
    # What is loaded once and for all is no part of it.
    small = feed_of(admin, 4)
    services.execute_run(services.start_run(small).pk)
    feed = feed_of(admin, STATIONS)
    run, start, cpu_start = services.start_run(feed), time.perf_counter(), time.process_time()
    with Highest() as memory:
        done = services.execute_run(run.pk)
    seconds = time.perf_counter() - start
    cpu_s = time.process_time() - cpu_start
    assert done is not None
    assert (done.status, done.requests) == ("succeeded", (STATIONS - 4) * 5 + 4)
    assert done.inserted == (STATIONS - 4) * DAYS
    assert set(Coverage.objects.values_list("state", flat=True)) == {"fetched"}
    sys.stdout.write(
        f"{done.received / seconds:,.0f} rows/s, {cpu_s:.1f} s of CPU, "
        f"{memory.most / MIB:.0f} MiB more\n"
    )
    assert memory.most <= 150 * MIB
