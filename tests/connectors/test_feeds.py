"""Feeds: made, changed, due and deleted."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from connectors import services
from connectors.models import Coverage, Feed, Run
from connectors.registry import connectors
from connectors.services import runs
from datasets.models import Dataset, Station
from datastream.core import clock
from datastream.core.errors import InvalidInputError, NotFoundError
from datastream.core.models import Status
from tests.connectors.fakes.lines import LINES
from tests.connectors.run_tools import run_of
from tests.factories import days, write


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


@pytest.mark.parametrize("hours", [-1, 1])
def test_f_17_a_schedule_goes_by_the_clock_of_the_database(
    hours: int, lines_feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=hours))
    services.change_feed(lines_feed, schedule={"every": "5m"})
    in_turn = Q(next_run_at__gt=Now(), next_run_at__lte=Now() + timedelta(minutes=5))
    assert Feed.objects.filter(in_turn).exists()
    Feed.objects.update(next_run_at=Now() - timedelta(minutes=1))
    assert services.start_due() == 1
    assert Feed.objects.filter(in_turn).exists()
    Run.objects.update(status=Status.SUCCEEDED)
    assert services.start_due() == 0


def test_a_paused_feed_is_not_due(lines_feed: Feed) -> None:
    services.change_feed(lines_feed, schedule={"cron": "0 6 * * *"})
    services.change_feed(lines_feed, enabled=False)
    assert lines_feed.next_run_at is None
    assert services.start_due() == 0
    services.change_feed(lines_feed, enabled=True)
    assert lines_feed.next_run_at is not None


def test_what_somebody_else_changed_meanwhile_stays(lines_feed: Feed) -> None:
    services.change_feed(lines_feed, schedule={"every": "6h"})
    stale = Feed.objects.get(pk=lines_feed.pk)
    asked = {**stale.parameters, "end": "2001-12-31"}
    services.change_feed(lines_feed, enabled=False, parameters=asked)
    # As a form leaves it.
    stale.lookback_days = 3
    services.change_feed(stale, lookback_days=3)
    stored = Feed.objects.get(pk=lines_feed.pk)
    for feed in (stored, stale):
        assert (feed.enabled, feed.next_run_at, feed.lookback_days) == (False, None, 3)
        assert feed.parameters == asked


def test_a_feed_that_is_gone_is_neither_changed_nor_made_again(lines_feed: Feed) -> None:
    gone = Feed.objects.get(pk=lines_feed.pk)
    services.delete_feed(lines_feed)
    with pytest.raises(NotFoundError):
        services.change_feed(gone, lookback_days=3)
    with pytest.raises(NotFoundError):
        services.delete_feed(gone)
    assert not Feed.objects.exists()


def test_the_known_providers_are_all_there() -> None:
    assert "noaa" in connectors


def test_months_do_not_come_into_a_dataset_of_days(admin: User) -> None:
    """Both have a TMAX, and that of a month is stamped as its first day."""
    noaa = connectors["noaa"]
    dataset = services.target_of(noaa, admin, name="Park")
    asked = {"stations": ["USW00094728"], "start": "2014-01-01"}

    def feed_of(product: str) -> Feed:
        return services.create_feed(
            dataset, connector="noaa", name=product, product=product, parameters=asked
        )

    feed_of("daily-summaries")
    Station.objects.create(dataset=dataset, code="USW00094728")
    write(dataset, days(1, station="USW00094728"))
    with pytest.raises(InvalidInputError) as caught:
        feed_of("global-summary-of-the-month")
    assert "is kept with the interval P1D" in caught.value.details["dataset"][0]
    assert not Feed.objects.filter(product="global-summary-of-the-month").exists()
    # The same values by another way may come.
    feed_of("ghcn-daily-dly")
