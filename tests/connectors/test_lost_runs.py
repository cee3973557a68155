"""Runs that are killed, lost, cancelled, or meet a mistake of ours."""

from typing import Any

import pytest
from django.db import OperationalError

from connectors import services
from connectors.models import Coverage, Document, Feed, Run
from connectors.services import coverage, documents, recording
from datasets import ingest
from datasets.models import Dataset, Receipt, Revision
from datastream.core.errors import ConflictError
from tests.connectors.fakes.lines import FakeLines
from tests.connectors.run_tools import WHOLE, KilledError, executed, let_lease_end, run_of, spans


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


def test_a_run_that_gets_further_each_time_is_not_given_up(lines_feed: Feed) -> None:
    run = services.start_run(lines_feed)
    facts = {"attempt": 9 * services.TRIES, "advanced_in": 9 * services.TRIES - 2}
    Run.objects.filter(pk=run.pk).update(status="running", **facts)
    let_lease_end(run)
    ended = executed(run)
    assert (ended.status, ended.advanced_in) == ("succeeded", ended.attempt)


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
