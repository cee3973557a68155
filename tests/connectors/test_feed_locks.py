"""Feeds that somebody changes while their run is at work: one waits for the other, in one order."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from connectors import services
from connectors.models import Feed, Run
from connectors.services import recording
from datastream.core.errors import InvalidInputError
from datastream.core.models import OPEN
from tests.connectors.collecting import API
from tests.connectors.fakes.lines import LINES, FakeLines
from tests.connectors.fakes.server import status
from tests.factories import make_dataset, make_user, signed_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed_db", "one_by_one")]
WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted
AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"""


@pytest.fixture
def feed(fake_lines: FakeLines, committed_db: None) -> Feed:
    """One station for two years: two requests."""
    parameters = {"stations": ["A"], "start": "2001-01-01", "end": "2002-12-31"}
    dataset = make_dataset(make_user("steward"))
    return services.make_feed(dataset, LINES, name="levels", product="", parameters=parameters)


def patched(feed: Feed) -> Callable[[], Any]:
    client = signed_in(feed.dataset.owner)
    path = f"{API}/feeds/{feed.pk}"
    return lambda: client.patch(path, {"lookback_days": 7}, format="json").status_code


def deleted(feed: Feed) -> Callable[[], Any]:
    client = signed_in(feed.dataset.owner)
    return lambda: client.delete(f"{API}/feeds/{feed.pk}").status_code


def due(feed: Feed) -> Callable[[], Any]:
    services.change_feed(feed, schedule={"every": "6h"})
    Feed.objects.update(next_run_at=Now() - timedelta(minutes=1))
    return services.start_due


def until_somebody_waits() -> None:
    """Until another connection waits for what this one holds; at most a minute."""
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")


def elsewhere(work: Callable[[], Any]) -> Future[Any]:
    """Have it done in another connection."""

    def do() -> Any:
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(do)
    finally:
        pool.shutdown(wait=False)


def in_the_midst(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> list[Future[Any]]:
    """Let somebody else do it while a run notes what became of its first request."""
    update, doing = recording._update, list[Future[Any]]()

    def slowly(run: Run, facts: dict[str, Any]) -> None:
        update(run, facts)
        if "requests" in facts and not doing:
            doing.append(elsewhere(work))
            until_somebody_waits()

    monkeypatch.setattr(recording, "_update", slowly)
    return doing


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize(("work", "told"), [(patched, 200), (deleted, 204), (due, 0)])
def test_f_19_a_run_and_who_changes_its_feed_never_wait_for_each_other(
    work: Callable[[Feed], Callable[[], Any]], told: int, is_answered: bool, feed: Feed,
    fake_lines: FakeLines, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if not is_answered:
        fake_lines.script(status(403))
    doing = in_the_midst(monkeypatch, work(feed))
    run = services.start_run(feed)
    ended = services.execute_run(run.pk)
    assert doing[0].result(timeout=60) == told
    if work is deleted:
        assert (ended, Run.objects.count(), Feed.objects.count()) == (None, 0, 0)
    else:
        assert ended is not None
        assert (ended.status in OPEN, ended.attempt, ended.requests) == (False, 1, 2)


def test_f_18_a_feed_that_is_due_is_started_once_by_hand(feed: Feed) -> None:
    start_due = due(feed)
    with transaction.atomic():
        run = services.start_run(feed)
        doing = elsewhere(start_due)
        until_somebody_waits()
    assert doing.result(timeout=60) == 0
    assert list(Run.objects.values_list("pk", flat=True)) == [run.pk]


def test_two_who_make_feeds_at_once_do_not_pass_the_limit(feed: Feed, settings: Any) -> None:
    settings.FEEDS_PER_USER = 2
    facts = {"connector": LINES.name, "parameters": feed.parameters}
    with transaction.atomic():
        services.create_feed(feed.dataset, name="second", **facts)
        doing = elsewhere(lambda: services.create_feed(feed.dataset, name="third", **facts))
        until_somebody_waits()
    with pytest.raises(InvalidInputError):
        doing.result(timeout=60)
    assert Feed.objects.count() == 2
