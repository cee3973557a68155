"""The connector for Canada against the fake service, over HTTP, and through the whole engine."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.base import Page, Window
from connectors.models import Coverage, Document, Feed, Run
from connectors.registry import connectors
from datasets.models import Dataset, Station, Variable
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits
from tests.connectors.fakes import climatedata_ca as fake_facts
from tests.connectors.fakes.climatedata_ca import FakeClimatedataCa
from tests.connectors.fakes.climatedata_grid import degrees
from tests.connectors.fakes.server import cut, outage_page, status

CANADA = connectors["climatedata_ca"]
CODE = "1018611"
MONTREAL = [45.63, -73.81]


@pytest.fixture(scope="module")
def running() -> Iterator[FakeClimatedataCa]:
    with FakeClimatedataCa() as fake:
        yield fake


@pytest.fixture
def canada(running: FakeClimatedataCa) -> FakeClimatedataCa:
    running.reset()
    return running


def collect(
    canada: FakeClimatedataCa, product: str, start: str, end: str, **parameters: Any
) -> list[Page]:
    """All pages for the days from `start` up to `end`, which is not included."""
    found = CANADA.product(product)
    given = parameters | ({"start": start} if found.is_dated else {})
    settled = found.check(given)
    window = Window(date.fromisoformat(start), date.fromisoformat(end))
    pages: list[Page] = []
    with Client(canada.base_url, headers={}, limits=Limits(backoff_s=0.001)) as client:
        for place in found.places(settled):
            waiting = found.requests(settled, place, window)
            while waiting:
                request = waiting.pop(0)
                answer = client.ask(request.path, request.params, json=request.json)
                page = found.parse(request, answer)
                pages.append(page)
                waiting = [page.next, *waiting] if page.next else waiting
    return pages


def test_daily_values_are_those_of_the_station(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "climate-daily", "2024-02-27", "2024-03-02", station=CODE)
    rows = page.table.to_pylist()
    assert [row["timestamp"].date() for row in rows] == [
        date(2024, 2, 27), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1),
    ]  # fmt: skip
    for row in rows:
        told = fake_facts.daily(CODE, row["timestamp"].date())
        assert row["MEAN_TEMPERATURE"] == told["MEAN_TEMPERATURE"]
        assert row["TOTAL_SNOW"] == pytest.approx(told["TOTAL_SNOW"] * 10)


def test_27_years_come_in_two_pages_and_without_a_third(canada: FakeClimatedataCa) -> None:
    pages = collect(canada, "climate-daily", "1950-01-01", "1977-01-01", station=CODE,
                    variables=["MEAN_TEMPERATURE"])  # fmt: skip
    assert [page.table.num_rows for page in pages] == [5000, 4862]
    assert [call.params.get("offset") for call in canada.calls] == [None, "5000"]


def test_hourly_values_are_those_of_the_days_in_utc(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "climate-hourly", "2024-07-01", "2024-07-03", station=CODE)
    moments = page.table["timestamp"].to_pylist()
    assert (moments[0], len(moments)) == (datetime(2024, 7, 1, tzinfo=UTC), 48)
    assert moments[-1] == datetime(2024, 7, 2, 23, tzinfo=UTC)
    assert page.table["WIND_SPEED"].to_pylist()[18] == 5.0


def test_months_and_their_completeness(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "climate-monthly", "2020-01-01", "2021-01-01", station=CODE)
    assert page.table.num_rows == 12
    said = page.table["metadata"].to_pylist()
    assert said[1] == '{"quality":{"MEAN_TEMPERATURE":3}}'


def test_stations_of_a_province(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "climate-stations", "1970-01-01", "1970-01-02", province="BC")
    assert {one.code for one in page.stations} == {"1018611", "101HF66", "1160899"}
    assert page.stations[0].latitude == 48.4133


@pytest.mark.parametrize(
    ("product", "rows"), [("ahccd-monthly", 24), ("ahccd-seasonal", 8), ("ahccd-annual", 2)]
)
def test_homogenized_series(canada: FakeClimatedataCa, product: str, rows: int) -> None:
    (page,) = collect(canada, product, "2000-01-01", "2002-01-01", station="1160899")
    assert page.table.num_rows == rows
    assert page.table.column_names == ["station", "timestamp", "temp_mean"]


def test_projections_up_to_2100(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "projections", "1950-01-01", "2101-01-01",
                      points=[MONTREAL], variables=["tx_max"])  # fmt: skip
    assert page.table.num_rows == 151
    told = [degrees("ssp585_tx_max_p50", (year, 1)) for year in range(1950, 2101)]
    assert page.table["ssp585_tx_max_p50_annual"].to_pylist() == told
    assert len(page.variables) == 9


def test_all_months_of_several_points(canada: FakeClimatedataCa) -> None:
    pages = collect(canada, "projections", "2020-01-01", "2021-01-01", month="all",
                    points=[MONTREAL, [49.9, -97.1]], variables=["tx_max"])  # fmt: skip
    assert [page.table.num_rows for page in pages] == [12, 12]


def test_averages_and_changes_of_30_years(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "projections-30y", "1950-01-01", "2101-01-01",
                      points=[MONTREAL], variables=["tx_max"], month="jul")  # fmt: skip
    assert page.table.num_rows == 13
    assert "ssp126_tx_max_delta_1991_2020_p90_monthly_30y" in page.table.column_names


def test_observed_and_modelled_series(canada: FakeClimatedataCa) -> None:
    (page,) = collect(canada, "grid-series", "1950-01-01", "2101-01-01",
                      points=[MONTREAL], variables=["tx_max"])  # fmt: skip
    assert page.table.num_rows == 151
    assert page.table["observed_tx_max_annual"].drop_null().to_pylist()[0] == degrees(
        "observed", 1950
    )


def test_a_point_in_the_sea_is_not_taken_for_the_coast(canada: FakeClimatedataCa) -> None:
    canada.grid.snaps_to = (47.6, -52.7)
    with pytest.raises(ProviderRefusedError, match="nearest cell"):
        collect(canada, "projections", "1950-01-01", "2101-01-01",
                points=[[47.6, -53.0]], variables=["tx_max"])  # fmt: skip


def test_a_refusal_in_plain_text_carries_its_words(canada: FakeClimatedataCa) -> None:
    with pytest.raises(ProviderRefusedError, match="Invalid variable requested"):
        collect(canada, "projections", "1950-01-01", "2101-01-01",
                points=[MONTREAL], variables=["ice_days"])  # fmt: skip


def test_a_combination_without_a_file_is_an_outage(canada: FakeClimatedataCa) -> None:
    canada.grid.missing = {"tx_max"}
    with pytest.raises(ProviderUnavailableError, match="500"):
        collect(canada, "projections", "1950-01-01", "2101-01-01",
                points=[MONTREAL], variables=["tx_max"])  # fmt: skip


def test_a_wrong_value_is_refused_by_geomet_in_its_words(canada: FakeClimatedataCa) -> None:
    with (
        Client(canada.base_url, headers={}) as client,
        pytest.raises(ProviderRefusedError, match="strictly positive"),
    ):
        client.ask("collections/climate-daily/items", {"f": "json", "limit": "0"})


def test_what_passes_is_overcome(canada: FakeClimatedataCa) -> None:
    canada.script(status(429, Retry_After="0"), cut(), outage_page(503))
    (page,) = collect(canada, "climate-daily", "2024-01-01", "2024-01-11", station=CODE)
    assert (page.table.num_rows, len(canada.calls)) == (10, 4)


# Through the engine


@pytest.fixture
def unhurried(
    canada: FakeClimatedataCa, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> FakeClimatedataCa:
    """The fake in the place of both services, asked without waiting between requests."""
    settings.GEOMET_BASE_URL = settings.CLIMATEDATA_CA_BASE_URL = canada.base_url
    for product in CANADA.products:
        quota = replace(product.quota, per_second=1e6)
        monkeypatch.setattr(type(product), "quota", quota)
    return canada


def feed_of(owner: User, product: str, **parameters: Any) -> Feed:
    dataset = services.target_of(CANADA, owner, name=f"Canada {product}", product=product)
    return services.create_feed(
        dataset, connector=CANADA.name, name=product, product=product, parameters=parameters
    )


def run(feed: Feed) -> Run:
    done = services.execute_run(services.start_run(feed).pk)
    assert done is not None
    assert (done.status, done.error) == ("succeeded", None)
    return done


def test_a_feed_collects_each_day_once(admin: User, unhurried: FakeClimatedataCa) -> None:
    days = {"start": "2022-12-30", "end": "2023-01-10"}
    feed = feed_of(admin, "climate-daily", stations=[CODE, "6158355"], **days)
    done = run(feed)
    assert (done.requests, done.received, done.inserted, done.rejected) == (2, 24, 24, 0)
    again = run(feed)
    assert (again.requests, again.inserted, again.updated, again.unchanged) == (2, 0, 0, 24)
    states = Coverage.objects.filter(feed=feed).values_list("station", "state")
    assert set(states) == {(CODE, "fetched"), ("6158355", "fetched")}
    assert Document.objects.filter(feed_id=feed.pk).count() == 4


def test_pages_of_a_request_are_followed_and_covered_once(
    admin: User, unhurried: FakeClimatedataCa
) -> None:
    span = {"start": "2000-01-01", "end": "2014-12-31", "variables": ["MEAN_TEMPERATURE"]}
    feed = feed_of(admin, "climate-daily", stations=[CODE], **span)
    done = run(feed)
    assert (done.planned, done.checkpoint, done.requests, done.inserted) == (1, 1, 2, 5479)
    assert Coverage.objects.filter(feed=feed).count() == 1


def test_stations_are_declared_and_have_no_points(
    admin: User, unhurried: FakeClimatedataCa
) -> None:
    feed = feed_of(admin, "climate-stations", province="BC")
    done = run(feed)
    assert (done.status, done.received) == ("succeeded", 0)
    facts = Station.objects.filter(dataset=feed.dataset, code="101HF66").values_list("elevation_m")
    assert facts.get() == (9.1,)


def test_projections_of_years_to_come_are_collected_and_described(
    admin: User, unhurried: FakeClimatedataCa
) -> None:
    feed = feed_of(admin, "projections", points=[MONTREAL], variables=["tx_max", "prcptot"])
    done = run(feed)
    # Two indices of 151 years at one point: a row of one index is completed by the other.
    assert (done.requests, done.inserted + done.updated + done.unchanged) == (2, 302)
    assert Variable.objects.filter(dataset=feed.dataset).count() == 18
    assert Dataset.objects.get().license == "Terms of use of ClimateData.ca"
    assert services.plan_of(feed).requests == ()


@pytest.mark.parametrize(
    ("product", "parameters", "rows"),
    [
        ("climate-hourly", {"station": CODE, "start": "2024-07-01", "end": "2024-07-02"}, 48),
        ("climate-monthly", {"station": CODE, "start": "2020-01-01", "end": "2020-12-31"}, 12),
        ("ahccd-monthly", {"station": CODE, "start": "2000-01-01", "end": "2000-12-31"}, 12),
        ("ahccd-seasonal", {"station": CODE, "start": "2000-12-01", "end": "2001-11-30"}, 4),
        ("ahccd-annual", {"station": CODE, "start": "2000-01-01", "end": "2009-12-31"}, 10),
        ("projections-30y", {"points": [MONTREAL], "variables": ["tx_max"]}, 13),
        ("grid-series", {"points": [MONTREAL], "variables": ["tx_max"]}, 151),
    ],
)
def test_every_other_product_is_collected(
    admin: User, unhurried: FakeClimatedataCa, product: str, parameters: dict[str, Any], rows: int
) -> None:
    done = run(feed_of(admin, product, **parameters))
    assert (done.received, done.inserted, done.rejected) == (rows, rows, 0)
