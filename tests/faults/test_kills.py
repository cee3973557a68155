"""F-01 to F-04, F-07, F-09, F-17 and F-18: real processes killed under load.

Each row is short here; `make faults` drives it with twenty kills.
"""

import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from tests.connectors.fakes.server import Fault, Reply
from tests.faults import scenes
from tests.faults.computing import f_02_computing
from tests.faults.feeding import Feeder
from tests.faults.rows import Report
from tests.faults.site import LEASE_S, PATIENCE_S, Site, kill, slack
from tests.faults.weather import STATIONS
from tests.faults.writers import Caller
from tests.running import eventually

pytestmark = pytest.mark.slow

KILLS = 2


def is_clean(report: Report) -> None:
    assert report.findings.is_clean, report.body()
    assert not report.notes.get("refused"), report.notes


def has_ended(feeder: Feeder) -> bool:
    return eventually(lambda: not feeder.is_open(), 120)


def too_often(headers: dict[str, str]) -> Fault:
    return lambda _: Reply(429, b"Too often.", {"Content-Type": "text/plain", **headers})


def test_f_01_a_killed_web_process_loses_nothing_and_is_back(site: Site) -> None:
    report = scenes.f_01(site, KILLS)
    is_clean(report)
    assert report.acked_rows
    assert report.median_s <= 5 * slack()


def test_f_01_an_upload_that_was_cut_by_the_kill_is_one_revision_when_repeated(site: Site) -> None:
    caller = Caller(site)
    made = caller.ask("POST", f"{site.server.api}/datasets", json={"name": "Cut upload"}).json()
    url = f"{site.server.api}/datasets/{made['id']}"
    lines = [
        b'{"timestamp": "2001-01-01T%02d:%02d:00Z", "value": {"T": 1}}\n' % (n // 60, n % 60)
        for n in range(1000)
    ]
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/x-ndjson"}

    def slowly() -> Iterator[bytes]:
        for number, line in enumerate(lines):
            if number == len(lines) // 2:
                kill(site.web())
                time.sleep(0.2)
            yield line

    with pytest.raises(requests.RequestException):
        caller.ask("POST", f"{url}/data", data=slowly(), headers=headers)
    start = time.monotonic()
    assert eventually(lambda: site.status("/health/live") == 200, PATIENCE_S)
    assert time.monotonic() - start <= 5 * slack()
    for _ in range(2):
        answer = caller.ask("POST", f"{url}/data", data=b"".join(lines), headers=headers)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["inserted"], answer.json()["revision"]) == (1000, 1)
    about = caller.ask("GET", url).json()
    assert (about["revision"], about["point_count"]) == (1, 1000)


def test_f_02_a_killed_worker_is_followed_by_another_from_the_checkpoint(site: Site) -> None:
    report = scenes.f_02(site, KILLS)
    is_clean(report)
    assert report.feed_rows
    assert report.median_s <= (LEASE_S + 15) * slack()
    assert report.notes["most_attempts"] > 1


def test_f_02_a_killed_analysis_is_taken_up_and_its_attempts_say_so(site: Site) -> None:
    report = scenes.f_02_analysis(site, KILLS)
    is_clean(report)
    assert report.median_s <= (LEASE_S + 15) * slack()
    assert report.notes["fewest_attempts"] > 1


def test_f_02_an_analysis_whose_process_is_killed_is_computed_again(site: Site) -> None:
    report = f_02_computing(site, KILLS)
    is_clean(report)
    assert report.median_s <= (LEASE_S + 15) * slack()
    assert report.notes["fewest_attempts"] > 1


def test_f_03_page_and_checkpoint_are_never_seen_apart(site: Site) -> None:
    is_clean(scenes.f_03(site, KILLS))


def test_f_03_a_replacement_that_was_cut_leaves_the_old_or_the_new(site: Site) -> None:
    is_clean(scenes.f_03_replacement(site, KILLS))


def test_f_04_a_killed_database_is_said_and_comes_back(site: Site) -> None:
    report = scenes.f_04(site, KILLS)
    is_clean(report)
    assert report.notes["503_without_retry_after"] == 0
    assert report.median_s <= 10 * slack()


def test_f_04_live_stays_and_ready_says_no_while_the_database_is_away(site: Site) -> None:
    """Nobody can start it, until it is mended; then nothing else needs a hand."""
    caller = Caller(site)
    body = {"name": "While it is away"}
    with site.broken_database():
        site.kill_database()
        assert eventually(lambda: site.status("/health/ready") == 503, PATIENCE_S)
        assert site.status("/health/live") == 200
        answer = caller.ask("POST", f"{site.server.api}/datasets", json=body, timeout=60)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    start = time.monotonic()

    def is_written() -> bool:
        answer = caller.ask("POST", f"{site.server.api}/datasets", json=body, timeout=60)
        return answer.status_code == 201

    assert eventually(is_written, PATIENCE_S)
    assert time.monotonic() - start <= 10 * slack()


def test_f_07_after_a_kill_of_everything_it_starts_by_itself(site: Site) -> None:
    is_clean(scenes.f_07(site, 1))


def test_f_09_retry_after_is_obeyed_and_the_rate_of_the_provider_kept(site: Site) -> None:
    """Four feeds at once in two workers, each told to wait in another way."""
    weather = site.weather
    in_seconds, as_date, absurd, absent = STATIONS[490:494]
    # The date of a header has whole seconds.
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    headers: dict[str, dict[str, str]] = {
        in_seconds: {"Retry-After": "4"},
        as_date: {"Retry-After": format_datetime(later, usegmt=True)},
        absurd: {"Retry-After": "999999999999"},
        absent: {},
    }
    for code, said in headers.items():
        weather.spoil[code] = deque([too_often(said)])
    weather.calls.clear()
    feeders = {code: Feeder(site, f"F-09 {code}", only=code) for code in headers}
    for feeder in feeders.values():
        assert feeder.start_run().status_code == 202
    for feeder in feeders.values():
        assert has_ended(feeder)
    waits = {
        code: [b.at - a.at for a, b in itertools.pairwise(calls)]
        for code in headers
        for calls in [weather.calls_of(code)]
    }
    ended = {code: feeder.runs()[0][1] for code, feeder in feeders.items()}
    assert [len(waits[code]) for code in headers] == [1, 1, 0, 1], waits
    assert waits[in_seconds][0] >= 4
    assert datetime.now(UTC) >= later
    assert waits[absent][0] >= 2
    assert (ended[in_seconds], ended[as_date], ended[absent]) == ("succeeded",) * 3
    assert ended[absurd] == "failed"
    error = feeders[absurd].runs()[0][3]
    assert error["code"] == "PROVIDER_UNAVAILABLE"
    assert error["details"]["retry_at"]
    assert weather.most_calls_within(1.0) <= 5


def test_f_09_many_feeds_in_many_workers_keep_the_rate_together(site: Site) -> None:
    feeders = [Feeder(site, f"Together {number}", stations=8) for number in range(3)]
    site.weather.calls.clear()
    for feeder in feeders:
        assert feeder.start_run().status_code == 202
    for feeder in feeders:
        assert has_ended(feeder)
    # More where a worker was so slow that another took its run.
    assert len(site.weather.calls) >= 24
    # One that was held up on its way comes close to the next.
    assert site.weather.most_calls_within(2.0) <= 10
    for feeder in feeders:
        assert feeder.compare().is_clean


def test_f_17_clocks_that_are_an_hour_apart_change_nothing(site: Site) -> None:
    is_clean(scenes.f_17(site, KILLS))


def test_f_18_of_two_starts_at_once_one_runs_and_the_other_hears_which(site: Site) -> None:
    # Pages enough for the run to be open when the last of them asks.
    feeder = Feeder(site, "Twice at once", stations=80)
    callers = [Caller(site) for _ in range(4)]
    url = f"{site.server.api}/feeds/{feeder.feed}/run"
    answers: list[requests.Response] = []
    gate = threading.Barrier(len(callers))

    def start(caller: Caller) -> None:
        gate.wait()
        answers.append(caller.ask("POST", url))

    threads = [threading.Thread(target=start, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (started,) = [answer for answer in answers if answer.status_code == 202]
    others = [answer for answer in answers if answer is not started]
    assert {answer.status_code for answer in others} == {409}
    named = {answer.json()["detail"]["details"]["run"] for answer in others}
    assert named == {started.json()["id"]}
    assert has_ended(feeder)
    assert len(feeder.runs()) == 1
    assert feeder.compare().is_clean
