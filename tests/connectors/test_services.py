"""Runs: one at a time, from their checkpoint, counted; what they ask for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from connectors import services
from connectors.base import Window
from connectors.models import Feed, Run
from datasets.models import Revision
from datastream.core.errors import ConflictError, InvalidInputError
from tests.connectors.fakes.lines import FakeLines
from tests.connectors.fakes.server import outage_page, status
from tests.connectors.run_tools import WHOLE, executed, run_of, spans


def test_a_run_counts_what_it_did(lines_feed: Feed, fake_lines: FakeLines) -> None:
    run = run_of(lines_feed)
    assert (run.status, run.attempt, run.error) == ("succeeded", 1, None)
    assert (run.planned, run.requests, run.checkpoint) == (6, 6, 6)
    assert (run.received, run.inserted, run.rejected) == (2190, 2190, 0)
    assert run.finished_at is not None
    assert run.lease_until is None
    assert spans(lines_feed) == WHOLE
    assert len(fake_lines.calls) == 6


def test_a_run_says_how_far_it_is(lines_feed: Feed, fake_lines: FakeLines) -> None:
    fake_lines.script(status(403), outage_page(403))
    said: list[tuple[int, int]] = []
    services.execute_run(
        services.start_run(lines_feed).pk, lambda done, planned: said.append((done, planned))
    )
    assert said == sorted(said)
    assert (said[0], said[-1]) == ((0, 6), (6, 6))


def test_f_18_a_feed_runs_once_at_a_time(lines_feed: Feed) -> None:
    going = services.start_run(lines_feed)
    with pytest.raises(ConflictError) as caught:
        services.start_run(lines_feed)
    assert caught.value.details == {"run": str(going.pk)}
    assert Run.objects.count() == 1


def test_after_a_run_has_ended_the_next_may_start(lines_feed: Feed) -> None:
    run_of(lines_feed)
    assert services.start_run(lines_feed).status == "queued"


def test_f_16_the_next_run_asks_for_the_look_back_alone(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    run_of(lines_feed)
    fake_lines.calls.clear()
    fake_lines.change = 0.5
    again = run_of(lines_feed)
    assert {(call.params["start"], call.params["end"]) for call in fake_lines.calls} == {
        ("2003-12-22", "2004-01-01")
    }
    assert (again.requests, again.inserted, again.updated) == (2, 0, 20)
    assert Revision.objects.filter(run_id=again.pk).exists()
    assert spans(lines_feed) == WHOLE


def test_f_16_after_a_pause_the_look_back_begins_before_the_last_run(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    """A back-fill and a replay between them did not ask for the newest days."""
    first = last_day(200)
    services.change_feed(lines_feed, parameters={"stations": ["A"], "start": first.isoformat()})
    last = run_of(lines_feed)
    executed(services.back_fill(lines_feed, Window(first, first + timedelta(days=1))))
    executed(services.start_replay(lines_feed))
    Run.objects.filter(pk=last.pk).update(created_at=Now() - timedelta(days=90))
    fake_lines.calls.clear()
    plan = services.plan_of(lines_feed)
    run_of(lines_feed)
    since = last_day(90) - timedelta(days=lines_feed.lookback_days)
    assert min(call.params["start"] for call in fake_lines.calls) == since.isoformat()
    assert plan.window is not None
    assert plan.window.start == since


def last_day(days_ago: int) -> date:
    return (datetime.now(UTC) - timedelta(days=days_ago)).date()


def test_a_run_with_nothing_to_do_succeeds_without_asking(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    run_of(lines_feed)
    services.change_feed(lines_feed, lookback_days=0)
    fake_lines.calls.clear()
    said: list[tuple[int, int]] = []
    run = services.execute_run(
        services.start_run(lines_feed).pk, lambda *counts: said.append(counts)
    )
    assert run is not None
    assert (run.status, run.planned, run.requests, said) == ("succeeded", 0, 0, [(0, 0)])
    assert fake_lines.calls == []


def test_a_feed_that_begins_tomorrow_has_nothing_to_do(lines_feed: Feed) -> None:
    services.change_feed(lines_feed, parameters={"stations": ["A"], "start": "2150-01-01"})
    assert run_of(lines_feed).status == "succeeded"


def test_what_has_no_dates_is_asked_for_each_time(fake_lines: FakeLines, lines_feed: Feed) -> None:
    services.change_feed(lines_feed, product="undated")
    counts = [run_of(lines_feed).requests for _ in range(2)]
    assert counts == [2, 2]


def test_a_back_fill_asks_for_its_days_again(
    lines_feed: Feed, fake_lines: FakeLines, django_capture_on_commit_callbacks: Any
) -> None:
    run_of(lines_feed)
    fake_lines.calls.clear()
    fake_lines.change = 1.0
    with django_capture_on_commit_callbacks(execute=True):
        run = services.back_fill(lines_feed, Window(date(2002, 1, 1), date(2002, 2, 1)))
    run.refresh_from_db()
    assert (run.status, run.trigger, run.requests, run.updated) == ("succeeded", "back-fill", 2, 62)
    assert {call.params["end"] for call in fake_lines.calls} == {"2002-02-01"}
    assert spans(lines_feed) == WHOLE


def test_other_stations_are_asked_for_and_the_known_ones_are_not(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    run_of(lines_feed)
    fake_lines.calls.clear()
    changed = {**lines_feed.parameters, "stations": ["A", "B", "C"]}
    services.change_feed(lines_feed, parameters=changed, lookback_days=0)
    assert run_of(lines_feed).requests == 3
    assert {call.params["station"] for call in fake_lines.calls} == {"C"}


def test_another_question_forgets_what_is_known(lines_feed: Feed) -> None:
    run_of(lines_feed)
    services.change_feed(lines_feed, parameters={**lines_feed.parameters, "kind": "other"})
    assert spans(lines_feed) == []
    assert run_of(lines_feed).requests == 6


def test_a_run_that_began_with_another_question_says_nothing_of_the_new_one(
    lines_feed: Feed,
) -> None:
    run = services.start_run(lines_feed)
    other = Feed.objects.get(pk=lines_feed.pk)
    services.change_feed(other, parameters={**other.parameters, "kind": "other"})
    assert executed(run).inserted == 2190
    assert spans(lines_feed) == []


def test_a_run_takes_other_days_but_no_other_question(lines_feed: Feed) -> None:
    run = run_of(lines_feed, start="2002-12-31", end="2003-01-01")
    assert (run.requests, run.received) == (4, 4)
    with pytest.raises(InvalidInputError):
        services.start_run(lines_feed, kind="other")
    with pytest.raises(InvalidInputError):
        services.start_run(lines_feed, start="soon")


def test_run_again_takes_the_days_of_the_old_run(
    lines_feed: Feed, django_capture_on_commit_callbacks: Any
) -> None:
    old = run_of(lines_feed, start="2002-12-31", end="2003-01-01")
    services.change_feed(lines_feed, parameters={**lines_feed.parameters, "kind": "other"})
    with django_capture_on_commit_callbacks(execute=True):
        again = services.run_again(Run.objects.get(pk=old.pk))
    again.refresh_from_db()
    assert (again.received, again.parameters["kind"]) == (4, "other")
