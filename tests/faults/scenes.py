"""The rows of the table that kill, for a short run and for a long one."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
import requests

from tests.faults.disk import fill
from tests.faults.feeding import Feeder
from tests.faults.readers import FINAL, points, wait_ready
from tests.faults.rows import Load, Report, drive
from tests.faults.site import PATIENCE_S, PLANTED, Site
from tests.faults.writers import HOURS, Caller
from tests.running import PROJECT, eventually

# Processes of the web server that answer, as `serve` starts them.
WEB = 2
# Shorter than a lease, which a worker cannot renew meanwhile.
HELD_S = 2.0
# What grows when a worker takes a run or stores a page, and when it stores a page.
PROGRESS, PAGES = "sum(attempt), sum(requests)", "sum(requests)"
MOVED = "SELECT id, attempt, requests, status FROM runs WHERE feed_id = %s ORDER BY created_at"


def f_01(site: Site, kills: int) -> Report:
    """A web process is killed while it answers."""

    def kill_one_of_two() -> None:
        # One whose successor still loads everything would be the only one that answers.
        assert eventually(lambda: len(site.answering()) == WEB, PATIENCE_S)
        site.kill_web()

    report = drive(site, "F-01 web process", kill_one_of_two, kills)
    assert eventually(lambda: len(site.answering()) == WEB, PATIENCE_S)
    return report


def f_02(site: Site, kills: int) -> Report:
    """The workers are killed in the middle of pages and analyses."""
    report = Report("F-02 worker", kills)
    load = Load(site, report.name)
    with load.running():
        for _ in range(kills):
            time.sleep(random.uniform(0.3, 2.0))
            # There is something to be taken up.
            assert eventually(lambda: _running(load.feeder) is not None, PATIENCE_S, every_s=0.01)
            moment = time.monotonic()
            site.kill_worker()
            _wait_for_change(load.feeder, PROGRESS)
            report.recoveries_s.append(time.monotonic() - moment)
    load.settle(report)
    return report


def f_02_analysis(site: Site, kills: int) -> Report:
    """The workers are killed in the middle of an analysis, which is held up until the kill."""
    report = Report("F-02 analysis", kills)
    load = Load(site, report.name)
    load.writers[0].write_more(0.5)
    attempts = []
    for _ in range(kills):
        with held(site, "LOCK TABLE data_points IN ACCESS EXCLUSIVE MODE"):
            identity = load.analyst.start_one()
            assert identity is not None
            # It is taken, and waits for the points that it reads, as a sum of them may too.
            assert eventually(
                lambda identity=identity: (
                    _is_taken(site, identity)  # type: ignore[misc]
                    and _waits(site, "%data_points%")
                ),
                PATIENCE_S,
            )
            site.kill_worker()
        moment = time.monotonic()
        status, attempt = ended(site, identity)
        report.recoveries_s.append(time.monotonic() - moment)
        report.findings.stuck += status != "succeeded"
        attempts.append(attempt)
    report.findings += load.compare()
    report.acked_rows = load.ledger.acked_rows
    report.notes["fewest_attempts"] = min(attempts)
    return report


def _is_taken(site: Site, analysis: str) -> bool:
    return bool(site.ask("SELECT 1 FROM analyses WHERE id = %s AND attempt > 0", analysis))


def ended(site: Site, analysis: str) -> tuple[str, int]:
    """The status of an analysis and its attempts, once it has ended or should have."""

    def look() -> tuple[str, int]:
        ((status, attempt),) = site.ask(
            "SELECT status, attempt FROM analyses WHERE id = %s", analysis
        )
        return str(status), int(attempt)

    eventually(lambda: look()[0] in FINAL, PATIENCE_S)
    return look()


def _running(feeder: Feeder) -> Any:
    found = feeder.site.ask(MOVED, feeder.feed)
    return next((row for row in found if row[3] == "running"), None)


def _wait_for_change(feeder: Feeder, counts: str) -> None:
    statement = f"SELECT {counts} FROM runs WHERE feed_id = %s"  # noqa: S608 - counts of ours
    before = feeder.site.ask(statement, feeder.feed)
    assert eventually(lambda: feeder.site.ask(statement, feeder.feed) != before, PATIENCE_S)


def f_03(site: Site, kills: int) -> Report:
    """Killed between page and checkpoint, where it is held up until the kill."""
    report = Report("F-03 page and checkpoint", kills)
    wait_ready(site)
    # More pages than are stored while the worker is not held.
    feeder = Feeder(site, report.name, stations=20 * kills)
    assert feeder.start_run().status_code == 202
    for _ in range(kills):
        assert eventually(lambda: _running(feeder) is not None, PATIENCE_S)
        _kill_between(site, feeder, report)
        # A run that dies again and again without a page between is given up.
        _wait_for_change(feeder, PAGES)
    if not feeder.finish():
        report.findings.stuck += 1
    report.findings += feeder.compare()
    report.feed_rows = sum(1 for _ in feeder.expected())
    return report


def _kill_between(site: Site, feeder: Feeder, report: Report) -> None:
    killed: list[float] = []

    def is_killed() -> bool:
        killed.extend(_killed_between(site, feeder, report))
        return bool(killed)

    # A worker that was held up before it had a page is let go.
    assert eventually(is_killed, PATIENCE_S)
    _wait_for_change(feeder, PROGRESS)
    report.recoveries_s.append(time.monotonic() - killed[0])


def _killed_between(site: Site, feeder: Feeder, report: Report) -> list[float]:
    """When the worker was killed, a page of its in the table and not yet counted; else nothing."""
    with held(site, "SELECT FROM runs WHERE feed_id = %s FOR UPDATE", feeder.feed):
        # The points are in the table, and their transaction waits to count them.
        if not eventually(lambda: _waits(site, 'UPDATE "runs"%checkpoint%'), HELD_S):
            return []
        before = _seen(site, feeder)
        site.kill_worker()
        moment = time.monotonic()
        # Nobody sees the page, nor that it is covered.
        report.findings.torn += _seen(site, feeder) != before or len(set(before)) > 1
    return [moment]


def _seen(site: Site, feeder: Feeder) -> tuple[int, int]:
    ((covered, stored),) = site.ask(
        """SELECT (SELECT coalesce(sum(extract(epoch FROM "end" - start) / 86400), 0)::bigint
                   FROM coverage WHERE feed_id = %s AND state = 'fetched'),
                  (SELECT count(*) FROM data_points WHERE dataset_id = %s)""",
        feeder.feed,
        feeder.dataset,
    )
    return int(covered), int(stored)


def _waits(site: Site, statement: str) -> bool:
    found = site.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s",
        statement,
    )
    return bool(found[0][0])


@contextmanager
def held(site: Site, statement: str, *values: Any) -> Iterator[None]:
    """Hold what a statement locks until the block ends."""
    connection = site.server.database()
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            yield
    finally:
        with suppress(psycopg2.Error):
            connection.rollback()
        connection.close()


def f_03_replacement(site: Site, kills: int) -> Report:
    """Killed in the middle of a range's replacement: the old or the new, never a mixture."""
    report = Report("F-03 range replacement", kills)
    wait_ready(site)
    load = Load(site, report.name)
    (writer, *_), dataset = load.writers, load.dataset
    writer.write_whole(0.5)
    for number in range(1, kills + 1):
        with held(site, "LOCK TABLE revisions IN SHARE MODE"):
            sending = threading.Thread(target=writer.write_whole, args=(float(number),))
            sending.start()
            assert eventually(lambda: _waits(site, "%revisions%"), PATIENCE_S)
            moment = time.monotonic()
            site.kill_all_web()
        found = {value for _, _, value in _read(site, dataset)}
        report.findings.torn += len(found) != 1
        sending.join(PATIENCE_S)
        report.recoveries_s.append(load.recovery_s(moment))
    report.findings += load.compare()
    report.acked_rows = load.ledger.acked_rows
    return report


def _read(site: Site, dataset: str) -> list[tuple[str, str, float]]:
    texts: list[str] = []

    def has_read() -> bool:
        with suppress(requests.RequestException):
            url = f"{site.server.api}/datasets/{dataset}/data?format=ndjson"
            answer = Caller(site).ask("GET", url)
            if answer.status_code == 200:
                texts.append(answer.text)
        return bool(texts)

    assert eventually(has_read, PATIENCE_S)
    found = points(texts[0])
    assert len(found) in {0, len(HOURS)}, "A part of the range is gone."
    return found


def f_04(site: Site, kills: int) -> Report:
    """The database is killed; writers hear 503 and when to come back."""
    return drive(site, "F-04 database", site.kill_database, kills)


def f_06(site: Site, looks: int) -> Report:
    """The document store is never there: nothing is killed, and nobody waits for it."""
    report = drive(site, "F-06 store out of reach", lambda: None, looks)
    report.kills = 0
    said = requests.get(f"{site.server.url}/health/ready", timeout=30)
    assert (said.status_code, said.json()["status"]) == (200, "degraded"), said.text
    ((report.notes["answers_waiting"],),) = site.ask("SELECT count(*) FROM documents")
    return report


def f_07(site: Site, kills: int) -> Report:
    """Everything is killed, and started again by nothing but its host."""
    return drive(site, "F-07 everything", site.kill_everything, kills)


def f_08(site: Site, times: int) -> Report:
    """The disk is filled under load, and emptied once a writer has heard of it."""
    report = Report("F-08 disk full", times)
    load = Load(site, report.name)
    ballast = site.server.var / "ballast"
    with load.running():
        for _ in range(times):
            heard = load.acks.unavailable
            fill(ballast)
            assert eventually(lambda heard=heard: load.acks.unavailable > heard, PATIENCE_S)  # type: ignore[misc]
            assert site.status("/health/live") == 200
            ballast.unlink()
            report.recoveries_s.append(load.recovery_s(time.monotonic()))
    load.settle(report)
    return report


def f_17(site: Site, kills: int) -> Report:
    """One of two workers has a clock that is an hour ahead."""
    site.stop_second()
    site.start_second(DJANGO_SETTINGS_MODULE=PLANTED, CLOCK_AHEAD_S="3600")
    try:
        return drive(site, "F-17 clocks an hour apart", site.kill_worker, kills)
    finally:
        site.stop_second()
        site.second_settings = {}
        site.start_second()


def probe_private(site: Site) -> int:
    """How often a provider was asked whose address is not public and that nobody has listed."""
    before = len(site.weather.calls)
    words = ["ingest", "noaa", "--station", "USW00000499", "--start", "2001-01-01"]
    subprocess.run(
        [sys.executable, "manage.py", *words, "--end", "2001-01-31"],
        cwd=PROJECT,
        env={**site.server.environment, "OUTBOUND_NETWORKS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return len(site.weather.calls) - before
