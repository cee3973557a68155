"""Runs: one at a time, from their checkpoint, counted, taken up after a crash."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User
from connectors import services
from connectors.models import Coverage, Feed, Run
from connectors.registry import connectors
from datasets.models import Dataset, Revision
from datastream.core.errors import ConflictError, InvalidInputError
from tests.connectors.fakes.noaa import FakeNoaa
from tests.connectors.fakes.server import Reply

CODE = "USW00094728"
YEARS = {"stations": [CODE], "start": "2012-01-01", "end": "2014-12-31"}


@pytest.fixture
def feed(admin: User) -> Feed:
    """Three years of Central Park: three requests."""
    noaa = connectors["noaa"]
    target = services.target_of(noaa, admin, name="Central Park")
    return services.make_feed(
        target, noaa, name="central park", product="daily-summaries", parameters=YEARS
    )


def run_of(feed: Feed) -> Run:
    return services.start_run(feed)


def test_a_run_counts_what_it_did(feed: Feed, fake_noaa: FakeNoaa) -> None:
    run = services.execute_run(run_of(feed).pk)
    assert run is not None
    assert (run.status, run.requests, run.checkpoint, run.attempt) == ("succeeded", 3, 3, 1)
    assert (run.received, run.inserted, run.rejected) == (1096, 1096, 0)
    assert run.finished_at is not None
    assert run.lease_until is None


def test_f_18_a_feed_runs_once_at_a_time(feed: Feed) -> None:
    going = run_of(feed)
    with pytest.raises(ConflictError) as caught:
        run_of(feed)
    assert caught.value.details == {"run": str(going.pk)}
    assert Run.objects.count() == 1


def test_after_a_run_has_ended_the_next_may_start(feed: Feed, fake_noaa: FakeNoaa) -> None:
    services.execute_run(run_of(feed).pk)
    assert run_of(feed).status == "queued"


def test_f_02_a_killed_run_goes_on_from_its_checkpoint(feed: Feed, fake_noaa: FakeNoaa) -> None:
    class Killed(BaseException):
        """As if the process had ended: no `except Exception` sees it."""

    run = run_of(feed)

    def kill_before_the_third(done: int, planned: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        services.execute_run(run.pk, kill_before_the_third)
    run.refresh_from_db()
    assert (run.status, run.checkpoint, len(fake_noaa.calls)) == ("running", 2, 2)
    # Nobody may take it before its lease is over.
    assert services.execute_run(run.pk) is None
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))
    again = services.execute_run(run.pk)
    assert again is not None
    assert (again.status, again.attempt, again.checkpoint) == ("succeeded", 2, 3)
    asked = [call.params["startDate"] for call in fake_noaa.calls]
    assert asked == ["2012-01-01", "2013-01-01", "2014-01-01"]
    assert (again.inserted, Revision.objects.count()) == (1096, 3)


def test_f_03_points_and_checkpoint_come_together_or_not_at_all(
    feed: Feed, fake_noaa: FakeNoaa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed while it notes what is covered")

    monkeypatch.setattr(services, "_cover", fail)
    run = services.execute_run(run_of(feed).pk)
    assert run is not None
    assert (run.status, run.checkpoint, run.inserted) == ("failed", 0, 0)
    assert Revision.objects.count() == 0
    assert run.error == {"code": "SERVER_ERROR", "message": "It failed (RuntimeError)."}


def test_a_run_that_keeps_killing_its_worker_is_given_up(feed: Feed) -> None:
    run = run_of(feed)
    Run.objects.filter(pk=run.pk).update(
        status="running", attempt=services.TRIES, lease_until=Now() - timedelta(seconds=1)
    )
    ended = services.execute_run(run.pk)
    assert ended is not None
    ended.refresh_from_db()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "WORKER_DIED"


def test_f_02_the_sweep_takes_up_a_run_that_was_left(
    feed: Feed, fake_noaa: FakeNoaa, django_capture_on_commit_callbacks: Any
) -> None:
    run = run_of(feed)
    Run.objects.filter(pk=run.pk).update(
        status="running", attempt=1, lease_until=Now() - timedelta(seconds=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 2)


def test_f_13_a_bad_row_is_left_out_and_the_run_is_partial(feed: Feed, fake_noaa: FakeNoaa) -> None:
    def spoil(reply: Reply) -> Reply:
        from dataclasses import replace

        return replace(reply, body=reply.body.replace(b'"2012-03-05"', b'"2012-03-99"', 1))

    fake_noaa.script(spoil)
    run = services.execute_run(run_of(feed).pk)
    assert run is not None
    assert (run.status, run.rejected, run.received, run.inserted) == ("partial", 1, 1096, 1095)


def test_f_14_a_renamed_column_stops_the_run_before_anything_is_stored(
    feed: Feed, fake_noaa: FakeNoaa
) -> None:
    def rename(reply: Reply) -> Reply:
        from dataclasses import replace

        return replace(reply, body=reply.body.replace(b'"DATE"', b'"DAY"', 1))

    fake_noaa.script(rename)
    run = services.execute_run(run_of(feed).pk)
    assert run is not None
    assert run.error is not None
    assert (run.status, run.error["code"], run.inserted) == ("failed", "SCHEMA_DRIFT", 0)
    assert Revision.objects.count() == 0
    assert Coverage.objects.get().state == "failed"


def test_a_feed_of_the_same_name_gets_the_new_parameters(feed: Feed) -> None:
    noaa = connectors["noaa"]
    again = services.make_feed(
        feed.dataset, noaa, name=feed.name, product="", parameters={**YEARS, "end": "2013-12-31"}
    )
    assert (again.pk, Feed.objects.count()) == (feed.pk, 1)
    assert again.parameters["end"] == "2013-12-31"


def test_wrong_parameters_make_no_feed(feed: Feed) -> None:
    noaa = connectors["noaa"]
    with pytest.raises(InvalidInputError):
        services.make_feed(
            feed.dataset, noaa, name="other", product="", parameters={"stations": ["x"]}
        )
    assert Feed.objects.count() == 1


def test_the_target_of_a_feed_is_found_again(feed: Feed, admin: User) -> None:
    again = services.target_of(connectors["noaa"], admin, name="Central Park")
    assert (again.pk, Dataset.objects.count()) == (feed.dataset_id, 1)


def test_an_unknown_connector_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        services.connector_named("oracle")
    assert "noaa" in caught.value.details["connector"][0]
