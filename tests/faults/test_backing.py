"""F-05, F-06 and F-08: the cache, the document store and the disk."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import redis
from tests.faults import scenes
from tests.faults.conftest import NOBODY, folder
from tests.faults.disk import small_disk
from tests.faults.feeding import Feeder
from tests.faults.rows import drive
from tests.faults.site import PATIENCE_S, START_S, Site, slack
from tests.running import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, redis.Redis]]:
    """A site whose cache is a server of its own."""
    with redis.running() as server:
        settings = {"REDIS_URL": server.url, "RATE_LOGINS_ACCOUNT": "5/min"}
        with Site(folder(tmp_path_factory, "cached"), **settings) as site:
            yield site, server


def ready(url: str) -> tuple[int, dict[str, Any]]:
    answer = requests.get(f"{url}/health/ready", timeout=30)
    return answer.status_code, answer.json()


def test_f_05_a_killed_cache_stops_nothing_and_logins_stay_limited(
    cached: tuple[Site, redis.Redis],
) -> None:
    site, server = cached
    report = drive(site, "F-05 cache", server.kill, 1)
    assert report.findings.is_clean, report.body()
    assert report.median_s <= 5 * slack()
    # Still away: whoever guesses is stopped by the counters that are left.
    body = {"username": "nobody", "password": "a wrong one"}
    codes = [
        requests.post(f"{site.server.api}/auth/token", json=body, timeout=30).status_code
        for _ in range(12)
    ]
    assert codes.count(401) <= 5
    assert codes[-1] == 429
    code, said = ready(site.server.url)
    assert (code, said["status"], said["checks"]["cache"]["status"]) == (200, "degraded", "failed")
    server.start()
    assert eventually(lambda: ready(site.server.url)[1]["status"] == "ok", PATIENCE_S)


def test_f_06_without_the_document_store_points_come_and_answers_wait(
    site: Site,
) -> None:
    """A worker and a web server with a store that does not answer; the others are held still."""
    held = site.processes(b"celery")
    site.stop_second()
    signal_all(held, signal.SIGSTOP)
    try:
        site.start_second(MONGODB_URL=NOBODY)
        with site.web_apart(MONGODB_URL=NOBODY) as url:
            assert eventually(lambda: answers(url), START_S)
            code, said = ready(url)
        feeder = Feeder(site, "No store", stations=8)
        assert feeder.finish()
    finally:
        signal_all(held, signal.SIGCONT)
        site.stop_second()
        site.second_settings = {}
        site.start_second()
    assert (code, said["status"]) == (200, "degraded")
    assert said["checks"]["documents"]["status"] == "failed"
    assert feeder.compare().is_clean
    ((waiting,),) = site.ask("SELECT count(*) FROM documents WHERE feed_id = %s", feeder.feed)
    assert waiting == 8


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{url}/health/live", timeout=5).status_code == 200
    return False


def signal_all(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder `var` on a disk of its own, which only the administrator may make."""
    with small_disk(tmp_path / "var") as is_made:
        if not is_made:
            pytest.skip("a small disk can only be made by root")
        yield tmp_path / "var"


def test_f_08_a_full_disk_is_said_and_passes_without_a_hand(small: Path) -> None:
    with Site(small.parent) as site:
        report = scenes.f_08(site, 1)
    assert report.findings.is_clean, report.body()
    assert report.notes["503_without_retry_after"] == 0
