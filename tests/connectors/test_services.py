"""Runs: one at a time, from their checkpoint, counted, taken up after a crash."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from accounts.models import User
from connectors import services
from connectors.base import Window
from connectors.models import Coverage, Document, Feed, Run
from connectors.registry import connectors
from connectors.services import collecting, coverage, documents, recording, runs
from datasets import ingest
from datasets.models import Dataset, Receipt, Revision
from datastream.core.errors import ConflictError, InvalidInputError
from tests.connectors.fakes.lines import LINES, FakeLines
from tests.connectors.fakes.server import body, outage_page, status


class KilledError(BaseException):
    """As if the process had ended: no `except Exception` sees it."""


def executed(run: Run) -> Run:
    done = services.execute_run(run.pk)
    assert done is not None
    return done


def run_of(feed: Feed, **parameters: Any) -> Run:
    """A run of the feed that is done."""
    return executed(services.start_run(feed, **parameters))


def let_lease_end(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


def spans(feed: Feed) -> list[tuple[str, str, str, str]]:
    rows = Coverage.objects.filter(feed=feed).order_by("station", "start")
    facts = rows.values_list("station", "start__date", "end__date", "state")
    return [(code, str(start), str(end), state) for code, start, end, state in facts]


WHOLE = [
    ("A", "2001-01-01", "2004-01-01", "fetched"),
    ("B", "2001-01-01", "2004-01-01", "fetched"),
]


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


# ------------------------------------------------------------------ killed, lost, cancelled


def killed_after(run: Run, pages: int) -> Run:
    def kill(done: int, planned: int) -> None:
        if done == pages:
            raise KilledError

    with pytest.raises(KilledError):
        services.execute_run(run.pk, kill)
    run.refresh_from_db()
    return run


@pytest.mark.usefixtures("one_by_one")
def test_f_02_a_killed_run_goes_on_from_its_checkpoint(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    run = killed_after(services.start_run(lines_feed), 2)
    assert (run.status, run.checkpoint, run.inserted) == ("running", 2, 730)
    # Nobody may take it before its lease is over.
    assert services.execute_run(run.pk) is None
    let_lease_end(run)
    fake_lines.calls.clear()
    again = executed(run)
    assert (again.status, again.attempt, again.checkpoint, again.planned) == ("succeeded", 2, 6, 6)
    assert (again.inserted, again.unchanged, len(fake_lines.calls)) == (2190, 0, 4)
    assert spans(lines_feed) == WHOLE


@pytest.mark.usefixtures("one_by_one")
def test_a_run_that_is_killed_between_pages_begins_its_window_anew(
    lines_feed: Feed, fake_lines: FakeLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_lines.page_size = 100
    store = recording.store

    def kill(run: Run, pages: Any) -> None:
        if pages[0].request.page == 2:
            raise KilledError
        store(run, pages)

    run = services.start_run(lines_feed)
    monkeypatch.setattr(recording, "store", kill)
    with pytest.raises(KilledError):
        services.execute_run(run.pk)
    monkeypatch.setattr(recording, "store", store)
    run.refresh_from_db()
    stored = run.inserted
    assert (run.checkpoint, spans(lines_feed)) == (0, [])
    assert stored >= 200
    let_lease_end(run)
    again = executed(run)
    assert (again.status, again.inserted, again.unchanged) == ("succeeded", 2190, stored)
    assert spans(lines_feed) == WHOLE


@pytest.mark.usefixtures("one_by_one")
def test_f_17_a_run_that_another_took_writes_no_more(
    lines_feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = services.start_run(lines_feed)
    store, counts = recording.store, []

    def taken_meanwhile(own: Run, pages: Any) -> None:
        # Whatever a clock of ours says: the database's own has let the lease end.
        let_lease_end(run)
        taken = services.runs.leases.take(Run.objects.all(), run.pk)  # type: ignore[attr-defined]
        assert taken is not None
        try:
            store(own, pages)
        except services.LostError:
            counts.append(Revision.objects.count())
            raise

    monkeypatch.setattr(recording, "store", taken_meanwhile)
    services.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.checkpoint, counts) == ("running", 2, 0, [0])
    assert spans(lines_feed) == []
    assert Document.objects.count() == 0


@pytest.mark.usefixtures("one_by_one")
def test_a_cancelled_run_stops_at_its_next_page(lines_feed: Feed) -> None:
    run = services.start_run(lines_feed)

    def cancel(done: int, planned: int) -> None:
        if done == 2:
            services.cancel_run(run)

    ended = services.execute_run(run.pk, cancel)
    assert ended is not None
    assert (ended.status, ended.checkpoint, ended.inserted) == ("cancelled", 2, 730)
    assert Revision.objects.count() == 2
    with pytest.raises(ConflictError):
        services.cancel_run(run)


STEPS = {
    "stations": (recording, "_declare"),
    "points": (ingest, "write"),
    "counts": (recording, "_update"),
    "coverage": (coverage, "note"),
    "documents": (documents, "keep"),
}


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("step", STEPS)
def test_f_03_a_page_is_stored_with_all_that_belongs_to_it_or_not_at_all(
    lines_feed: Feed, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    module, name = STEPS[step]
    real = getattr(module, name)
    before = Dataset.objects.get(pk=lines_feed.dataset_id).meta_version

    def fail(*words: Any, **more: Any) -> None:
        real(*words, **more)
        # Planning changes the run as well.
        if step != "counts" or "checkpoint" in words[1]:
            raise KilledError

    monkeypatch.setattr(module, name, fail)
    run = services.start_run(lines_feed)
    with pytest.raises(KilledError):
        services.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.checkpoint, run.inserted, run.requests) == (0, 0, 0)
    dataset = Dataset.objects.get(pk=lines_feed.dataset_id)
    assert (dataset.revision, dataset.point_count, dataset.meta_version) == (0, 0, before)
    stored = (Revision, Coverage, Document, Receipt)
    assert [model.objects.count() for model in stored] == [0, 0, 0, 0]
    assert dataset.stations.count() == 0


def test_a_run_that_keeps_killing_its_worker_is_given_up(lines_feed: Feed) -> None:
    run = services.start_run(lines_feed)
    Run.objects.filter(pk=run.pk).update(status="running", attempt=services.TRIES)
    let_lease_end(run)
    ended = executed(run)
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "WORKER_DIED"


def test_f_02_the_sweep_takes_up_a_run_that_was_left(
    lines_feed: Feed, django_capture_on_commit_callbacks: Any
) -> None:
    run = services.start_run(lines_feed)
    Run.objects.filter(pk=run.pk).update(status="running", attempt=1)
    let_lease_end(run)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 2)


def test_f_04_a_run_whose_database_went_away_stays_open(
    lines_feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("terminating connection")

    monkeypatch.setattr(recording, "store", fail)
    run = run_of(lines_feed)
    assert (run.status, run.error) == ("running", None)


def test_a_mistake_of_ours_is_said_without_its_words(
    lines_feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(recording, "store", fail)
    run = run_of(lines_feed)
    assert run.status == "failed"
    assert run.error == {"code": "SERVER_ERROR", "message": "It failed (RuntimeError)."}


# ------------------------------------------------------------------ what a provider gets wrong


def test_f_10_a_window_that_failed_is_asked_for_again_by_the_next_run(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(status(403))
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.checkpoint, run.error["code"]) == ("partial", 5, "PROVIDER_REFUSED")
    failed = Coverage.objects.get(state="failed")
    assert failed.reason == run.error["message"]
    services.change_feed(lines_feed, lookback_days=0)
    again = run_of(lines_feed)
    assert (again.status, again.requests, again.inserted) == ("succeeded", 1, 365)
    assert spans(lines_feed) == WHOLE


def test_f_14_a_changed_shape_fails_the_run_and_nothing_of_it_is_stored(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.columns = ("lines", "more")
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.error["code"], run.inserted) == ("failed", "SCHEMA_DRIFT", 0)
    assert Revision.objects.count() == 0
    assert {state for *_, state in spans(lines_feed)} == {"failed"}
    # What came is kept to be looked at.
    assert Document.objects.count() == 1


@pytest.mark.usefixtures("one_by_one")
def test_f_14_a_shape_that_changes_later_fails_the_run_too(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(body(lambda b: b), body(lambda b: b.replace(b"rows", b"lines")))
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint) == ("failed", 1)


def test_nobody_answers_and_the_rest_is_not_asked(
    lines_feed: Feed, fake_lines: FakeLines, impatient: None
) -> None:
    changed = {**lines_feed.parameters, "stations": [f"S{n}" for n in range(20)]}
    services.change_feed(lines_feed, parameters=changed)
    fake_lines.script(*[status(503)] * 1000)
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.error["code"]) == ("failed", "PROVIDER_UNAVAILABLE")
    assert len(fake_lines.calls) < 20 * 5


def test_f_15_pages_that_repeat_overlap_and_change_order_count_as_unchanged(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.page_size, fake_lines.overlap, fake_lines.is_reversed = 100, 20, True
    run = run_of(lines_feed)
    # Windows of 365 days in pages that go on after 80: five of them.
    assert (run.status, run.requests, run.checkpoint) == ("succeeded", 30, 6)
    assert (run.inserted, run.updated, run.unchanged) == (2190, 0, 6 * 4 * 20)
    assert spans(lines_feed) == WHOLE


def test_in_63_pages_that_never_end_are_given_up(
    lines_feed: Feed, fake_lines: FakeLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST_PAGES", 5)
    fake_lines.is_endless = True
    changed = {**lines_feed.parameters, "stations": ["A"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert run.error is not None
    assert "no end" in run.error["message"]
    assert len(fake_lines.calls) == 6
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]


def test_rows_that_the_dataset_refuses_are_listed_with_their_station(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "unknown"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.inserted, run.rejected) == ("partial", 2190, 1095)
    assert {(one["station"], one["field"]) for one in run.rejections} == {("unknown", "strange")}
    assert {one["row"] for one in run.rejections} <= set(range(366))


def test_a_page_that_the_dataset_cannot_take_costs_only_itself(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "wide"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint, run.inserted) == ("partial", 6, 2190)
    assert {code for code, *_, state in spans(lines_feed) if state == "failed"} == {"wide"}


# ------------------------------------------------------------------ feeds


def test_a_feed_of_the_same_name_gets_the_new_parameters(lines_feed: Feed) -> None:
    again = services.make_feed(
        lines_feed.dataset,
        LINES,
        name=lines_feed.name,
        product="",
        parameters={**lines_feed.parameters, "end": "2002-12-31"},
    )
    assert (again.pk, Feed.objects.count()) == (lines_feed.pk, 1)
    assert again.parameters["end"] == "2002-12-31"


def test_wrong_parameters_make_no_feed(lines_feed: Feed) -> None:
    with pytest.raises(InvalidInputError):
        services.make_feed(
            lines_feed.dataset, LINES, name="other", product="", parameters={"stations": 3}
        )
    assert Feed.objects.count() == 1


def test_another_product_brings_its_variables_and_checks_the_parameters(lines_feed: Feed) -> None:
    services.change_feed(lines_feed, product="undated")
    assert lines_feed.product == "undated"
    with pytest.raises(InvalidInputError):
        services.change_feed(lines_feed, product="no such")


def test_the_target_of_a_feed_is_found_again(lines_feed: Feed, admin: User) -> None:
    again = services.target_of(LINES, admin, name="Levels")
    assert (again.pk, Dataset.objects.count()) == (lines_feed.dataset_id, 1)


def test_an_unknown_connector_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        services.connector_named("oracle")
    assert "noaa" in caught.value.details["connector"][0]


def test_a_deleted_feed_takes_its_runs_along_and_leaves_the_points(lines_feed: Feed) -> None:
    run_of(lines_feed)
    services.start_run(lines_feed)
    services.delete_feed(lines_feed)
    assert (Run.objects.count(), Coverage.objects.count()) == (0, 0)
    assert Dataset.objects.get().point_count == 2190


def test_feeds_that_are_due_start_and_one_that_cannot_holds_up_none(
    lines_feed: Feed, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = services.make_feed(
        lines_feed.dataset, LINES, name="other", product="", parameters=lines_feed.parameters
    )
    for feed in (lines_feed, other):
        services.change_feed(feed, schedule={"every": "6h"})
        Feed.objects.filter(pk=feed.pk).update(next_run_at=Now() - timedelta(hours=1))
    real = runs.feeds.set_due  # type: ignore[attr-defined]

    def broken(feed: Feed) -> None:
        if feed.pk == lines_feed.pk:
            raise InvalidInputError
        real(feed)

    monkeypatch.setattr(runs.feeds, "set_due", broken)  # type: ignore[attr-defined]
    assert services.start_due() == 1
    assert Run.objects.get().feed_id == other.pk
    other.refresh_from_db()
    assert other.next_run_at is not None
    assert services.start_due() == 0


def test_a_paused_feed_is_not_due(lines_feed: Feed) -> None:
    services.change_feed(lines_feed, schedule={"cron": "0 6 * * *"})
    services.change_feed(lines_feed, enabled=False)
    assert lines_feed.next_run_at is None
    assert services.start_due() == 0
    services.change_feed(lines_feed, enabled=True)
    assert lines_feed.next_run_at is not None


def test_the_known_providers_are_all_there() -> None:
    assert "noaa" in connectors
