"""Feeds of NASA's products from the request to the stored point, against the fake services."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.credentials import keep_credential
from connectors.models import Coverage, Document, Feed, Run
from connectors.providers.nasa.cmr_collections import CmrCollections
from connectors.providers.nasa.cmr_granules import CmrGranules
from connectors.providers.nasa.power import Power
from connectors.registry import connectors
from datasets import access
from datasets.models import Dataset
from datasets.selectors.series import series
from tests.connectors.fakes.nasa import WEATHER, FakeNasa, value

WEEK: dict[str, Any] = {
    "latitude": 45.0,
    "longitude": -75.0,
    "parameters": ["T2M"],
    "start": "2024-01-01",
    "end": "2024-01-07",
}
BOX = {"latitude_min": 50, "latitude_max": 52, "longitude_min": 8, "longitude_max": 10}


@pytest.fixture(scope="module")
def running_nasa() -> Iterator[FakeNasa]:
    with FakeNasa() as nasa:
        yield nasa


@pytest.fixture
def nasa(running_nasa: FakeNasa, settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeNasa:
    """The fake in the place of both hosts, asked without waiting between requests."""
    running_nasa.reset()
    settings.NASA_POWER_BASE_URL = settings.NASA_CMR_BASE_URL = running_nasa.base_url
    for product in (Power, CmrCollections, CmrGranules):
        monkeypatch.setattr(product, "quota", replace(product.quota, per_second=1e6))
    return running_nasa


@pytest.fixture
def dataset(admin: User) -> Dataset:
    return services.target_of(connectors["nasa"], admin, name="Ottawa")


def feed_of(dataset: Dataset, product: str = "", **parameters: Any) -> Feed:
    return services.create_feed(
        dataset,
        connector="nasa",
        name=f"{dataset.name} {product}",
        product=product,
        parameters=parameters or WEEK,
    )


def run_of(feed: Feed) -> Run:
    run = services.execute_run(services.start_run(feed).pk)
    assert run is not None
    return run


def stored(dataset: Dataset, name: str) -> list[float]:
    dataset.refresh_from_db()
    return list(series(access.full_view(dataset), name).values)


def test_a_week_of_a_point_is_stored_with_its_station_and_its_unit(
    nasa: FakeNasa, dataset: Dataset
) -> None:
    feed = feed_of(dataset)
    assert (feed.product, feed.lookback_days) == ("daily", 90)
    run = run_of(feed)
    assert (run.status, run.planned, run.requests, run.inserted) == ("succeeded", 1, 1, 7)
    days = [f"2024010{n}" for n in range(1, 8)]
    assert stored(dataset, "T2M") == [value("T2M", 45.0, -75.0, day) for day in days]
    station = dataset.stations.get()
    assert (station.code, station.latitude, station.longitude) == ("45N75W", 45.0, -75.0)
    assert station.elevation_m is not None
    variable = dataset.variables.get(name="T2M")
    assert (variable.unit, variable.interval) == ("degC", "P1D")
    assert variable.description == "Temperature at 2 m (community AG; in UTC)."
    assert Document.objects.get().request["params"]["time-standard"] == "UTC"


def test_what_was_fetched_is_not_asked_for_again_but_for_the_look_back(
    nasa: FakeNasa, dataset: Dataset
) -> None:
    feed = feed_of(dataset, **(WEEK | {"start": "2023-01-01", "end": "2023-12-31"}))
    run_of(feed)
    nasa.revised = {"20231224": 0.25, "20230105": 0.25}
    again = run_of(feed)
    assert (again.status, again.inserted, again.updated) == ("succeeded", 0, 1)
    # Ninety days, the last one included.
    asked = nasa.calls[-1].params
    assert (asked["start"], asked["end"], len(nasa.calls)) == ("20231003", "20231231", 2)


def test_groups_of_parameters_become_one_point_a_day(nasa: FakeNasa, dataset: Dataset) -> None:
    names = [*WEATHER, "ALLSKY_SFC_SW_DWN"]
    run = run_of(feed_of(dataset, **(WEEK | {"parameters": names})))
    assert (run.status, run.requests, run.inserted, run.updated) == ("succeeded", 2, 7, 7)
    dataset.refresh_from_db()
    assert dataset.point_count == 7
    assert stored(dataset, names[0])[0] == value(names[0], 45.0, -75.0, "20240101")
    assert stored(dataset, names[-1])[0] == value(names[-1], 45.0, -75.0, "20240101")
    assert dataset.variables.get(name=names[-1]).unit == "MJ m-2 d-1"
    assert Coverage.objects.filter(state="fetched").count() == 2


def test_days_that_are_yet_to_come_are_empty_and_asked_for_again(
    nasa: FakeNasa, dataset: Dataset
) -> None:
    nasa.until = date(2023, 12, 31)
    try:
        feed = feed_of(dataset)
        run = run_of(feed)
        assert (run.status, run.inserted, Coverage.objects.get().state) == ("succeeded", 0, "empty")
    finally:
        nasa.until = date(2026, 6, 30)
    assert run_of(feed).inserted == 7


def test_each_cell_of_a_box_is_a_station(nasa: FakeNasa, dataset: Dataset) -> None:
    feed = feed_of(
        dataset,
        "monthly-region",
        **BOX,
        parameters=["T2M", "PS"],
        start="2022-01-01",
        end="2023-12-31",
    )
    run = run_of(feed)
    assert (run.status, run.requests, run.inserted) == ("succeeded", 2, 20 * 24)
    assert dataset.stations.count() == 20
    assert {place.station for place in Coverage.objects.all()} == {"50N8E..52N10E"}


@pytest.mark.parametrize(
    ("product", "rows", "more"),
    [
        ("hourly", 168, {"start": "2024-01-01", "end": "2024-01-07"}),
        ("monthly", 12, {"start": "2023-01-01", "end": "2023-12-31"}),
        ("climatology", 12, {}),
    ],
)
def test_the_other_products_at_points_are_stored(
    nasa: FakeNasa, dataset: Dataset, product: str, rows: int, more: dict[str, str]
) -> None:
    points = [{"latitude": 45.0, "longitude": -75.0}, {"latitude": -33.9, "longitude": 18.4}]
    run = run_of(feed_of(dataset, product, points=points, parameters=["T2M"], **more))
    assert (run.status, run.requests, run.inserted) == ("succeeded", 2, 2 * rows)
    assert {one.code for one in dataset.stations.all()} == {"45N75W", "33.9S18.4E"}


def test_a_unit_that_changes_stops_the_run_before_anything_is_stored(
    nasa: FakeNasa, dataset: Dataset
) -> None:
    nasa.units = {"T2M": "K"}
    run = run_of(feed_of(dataset))
    assert run.error is not None
    assert (run.status, run.error["code"], run.inserted) == ("failed", "SCHEMA_DRIFT", 0)


def test_a_refusal_of_a_parameter_is_told_in_nasas_words(nasa: FakeNasa, dataset: Dataset) -> None:
    run = run_of(feed_of(dataset, **(WEEK | {"parameters": ["FOO"]})))
    assert run.error is not None
    assert run.error["code"] == "PROVIDER_REFUSED"
    assert "One of your parameters is incorrect: FOO." in run.error["message"]


def test_pages_of_the_catalogue_are_kept_as_documents(nasa: FakeNasa, dataset: Dataset) -> None:
    nasa.granules = 2001
    feed = feed_of(dataset, "cmr-granules", short_name="SEA", start="2020-01-01", end="2020-12-31")
    run = run_of(feed)
    assert (run.status, run.requests, run.inserted) == ("succeeded", 3, 0)
    assert run.notes == ["Matching granules: 2,001."]
    assert Document.objects.count() == 3
    # What a search goes on with is never kept.
    assert all(not one.request["headers"] for one in Document.objects.all())
    assert all("cmr-search-after" not in one.headers for one in Document.objects.all())


def test_a_token_goes_to_the_catalogue(nasa: FakeNasa, dataset: Dataset, admin: User) -> None:
    feed = feed_of(dataset, "cmr-collections", keyword="sea")
    feed.credential = keep_credential("nasa", admin, label="earthdata", secret="good-token")
    feed.save()
    assert run_of(feed).status == "succeeded"
    assert {call.headers["authorization"] for call in nasa.calls} == {"Bearer good-token"}


def test_a_token_that_has_ended_is_dropped_and_said(
    nasa: FakeNasa, dataset: Dataset, admin: User
) -> None:
    feed = feed_of(dataset, "cmr-granules", short_name="SEA", start="2020-01-01", end="2020-12-31")
    feed.credential = keep_credential("nasa", admin, label="earthdata", secret="ended")
    feed.save()
    run = run_of(feed)
    assert run.status == "succeeded"
    assert any("renew the key" in note for note in run.notes)
    # Shown once, and to nobody again in this run.
    shown = ["authorization" in call.headers for call in nasa.calls]
    assert shown == [True] + [False] * (len(shown) - 1)
    assert len(shown) > 1


def test_answers_are_read_again_without_asking(nasa: FakeNasa, dataset: Dataset) -> None:
    feed = feed_of(dataset)
    run_of(feed)
    replayed = services.execute_run(services.start_replay(feed).pk)
    assert replayed is not None
    assert (replayed.status, replayed.unchanged, len(nasa.calls)) == ("succeeded", 7, 1)
