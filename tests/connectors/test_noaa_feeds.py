"""Feeds of each product of NOAA, from the fake service into a dataset."""

from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.credentials import keep_credential
from connectors.models import Coverage, Document, Feed, Run
from connectors.registry import connectors
from datasets.models import Station
from tests.connectors.fakes.noaa import TOKEN, FakeNoaa

pytestmark = pytest.mark.slow

CODE = "USW00003017"
DAYS = {"stations": [CODE], "start": "2013-11-01", "end": "2014-02-28"}
HOURS = {"stations": ["72505394728"], "start": "2014-01-01", "end": "2014-01-05"}


def run_of(
    admin: User, noaa: FakeNoaa, monkeypatch: pytest.MonkeyPatch, name: str, parameters: Any
) -> Run:
    connector = connectors["noaa"]
    product = connector.product(name)
    monkeypatch.setattr(type(product), "quota", replace(product.quota, per_second=1e6))
    target = services.target_of(connector, admin, name=name, product=name)
    feed = services.make_feed(target, connector, name=name, product=name, parameters=parameters)
    if product.credential is not None:
        feed.credential = keep_credential("noaa", admin, label="cdo", secret=TOKEN)
        feed.save()
    run = services.execute_run(services.start_run(Feed.objects.get(pk=feed.pk)).pk)
    assert run is not None
    return run


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("daily-summaries", DAYS, (120, 1)),
        ("global-summary-of-the-month", DAYS, (4, 1)),
        ("global-hourly", HOURS, (120, 1)),
        ("ghcn-daily-dly", DAYS, (120, 1)),
        ("ghcn-daily-by-station", DAYS, (120, 1)),
        ("cdo", DAYS, (120, 2)),
    ],
)
def test_a_feed_of_each_product_fills_its_dataset(
    admin: User,
    fake_noaa: FakeNoaa,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    parameters: Any,
    expected: tuple[int, int],
) -> None:
    rows, requests = expected
    run = run_of(admin, fake_noaa, monkeypatch, name, parameters)
    assert (run.status, run.error, run.inserted, run.rejected) == ("succeeded", None, rows, 0)
    assert len(fake_noaa.calls) == requests
    assert Document.objects.filter(run_id=run.pk).count() == requests
    assert set(Coverage.objects.values_list("state", flat=True)) == {"fetched"}
    station = Station.objects.get(dataset=run.feed.dataset)
    assert station.code == parameters["stations"][0]


def test_a_search_declares_stations_and_makes_no_points(
    admin: User, fake_noaa: FakeNoaa, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = {"element": "SNWD", "bbox": [-130, 35, -60, 50]}
    run = run_of(admin, fake_noaa, monkeypatch, "stations", filters)
    assert (run.status, run.received, run.requests) == ("succeeded", 0, 2)
    found = Station.objects.filter(dataset=run.feed.dataset).values_list("code", "elevation_m")
    assert dict(found) == {"USW00094728": 42.7, "USW00003017": 1650.2, "USW00024233": 112.8}


def test_a_replay_of_a_search_finds_the_same(
    admin: User, fake_noaa: FakeNoaa, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(admin, fake_noaa, monkeypatch, "stations", {"element": "TMAX", "name": "denver"})
    Station.objects.filter(dataset=run.feed.dataset).delete()
    again = services.execute_run(services.start_replay(run.feed).pk)
    assert again is not None
    assert (again.status, len(fake_noaa.calls)) == ("succeeded", 2)
    assert Station.objects.get(dataset=run.feed.dataset).code == CODE


def test_climate_data_online_without_a_token_is_not_asked(admin: User, fake_noaa: FakeNoaa) -> None:
    noaa = connectors["noaa"]
    target = services.target_of(noaa, admin, name="cdo", product="cdo")
    feed = services.make_feed(target, noaa, name="cdo", product="cdo", parameters=DAYS)
    run = services.execute_run(services.start_run(feed).pk)
    assert run is not None
    assert run.status == "failed"
    assert fake_noaa.calls == []
