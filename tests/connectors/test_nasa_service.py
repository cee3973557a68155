"""The products of NASA against the fake services, over HTTP."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import Page, Request, SchemaDriftError
from connectors.registry import connectors
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits
from tests.connectors.fakes.nasa import SOLAR_LAG, WEATHER, FakeNasa, cell_of, elevation_m, value
from tests.connectors.fakes.server import body, cut, outage_page, status, wrong_length
from tests.connectors.reading import planned

NASA = connectors["nasa"]
PLACE = {"latitude": 45.0, "longitude": -75.0}
WEEK: dict[str, Any] = {**PLACE, "parameters": ["T2M"], "start": "2024-01-01", "end": "2024-01-07"}
BOX = {"latitude_min": 50, "latitude_max": 52, "longitude_min": 8, "longitude_max": 10}


@pytest.fixture(scope="module")
def running() -> Iterator[FakeNasa]:
    with FakeNasa() as nasa:
        yield nasa


@pytest.fixture
def nasa(running: FakeNasa) -> FakeNasa:
    running.reset()
    return running


def collect(nasa: FakeNasa, product: str = "", **parameters: Any) -> list[Page]:
    found = NASA.product(product)
    requests = planned(found, parameters or WEEK)
    limits = Limits(backoff_s=0.001)
    with Client(nasa.base_url, headers={"User-Agent": "tests"}, limits=limits) as client:
        return [page for request in requests for page in pages(client, found, request)]


def pages(client: Client, product: Any, request: Request | None) -> Iterator[Page]:
    while request is not None:
        answer = client.ask(request.path, request.params, headers=request.headers)
        page = product.parse(request, answer)
        yield page
        request = page.next


def test_collected_days_are_those_of_the_service(nasa: FakeNasa) -> None:
    (page,) = collect(nasa, **(WEEK | {"parameters": ["T2M", "PS"], "start": "2023-12-25"}))
    days = [date(2023, 12, 25) + timedelta(days=index) for index in range(14)]
    rows = page.table.to_pylist()
    assert [row["timestamp"].date() for row in rows] == days
    for row, day in zip(rows, days, strict=True):
        stamp = f"{day:%Y%m%d}"
        expected = {name: value(name, 45.0, -75.0, stamp) for name in ("T2M", "PS")}
        assert {name: row[name] for name in expected} == expected
    assert page.stations[0].elevation_m == elevation_m(cell_of(45.0, -75.0))


def test_all_parameters_of_all_products_at_points_come_with_their_units(nasa: FakeNasa) -> None:
    names = [*WEATHER, "ALLSKY_SFC_SW_DWN"]
    by_hour = [n for n in names if not n.startswith("GWET") and n.count("_M") + n.count("_R") == 0]
    assert len(collect(nasa, **(WEEK | {"parameters": names}))) == 2
    assert len(collect(nasa, "monthly", **(WEEK | {"parameters": names}))) == 2
    assert len(collect(nasa, "climatology", **PLACE, parameters=names)) == 2
    found = collect(nasa, "hourly", **(WEEK | {"parameters": by_hour}))
    assert [page.table.num_rows for page in found] == [7 * 24] * len(found)


@pytest.mark.parametrize(
    ("product", "rows", "dates"),
    [
        ("daily-region", 20 * 7, {"start": "2024-01-01", "end": "2024-01-07"}),
        ("monthly-region", 20 * 12, {"start": "2023-01-01", "end": "2023-12-31"}),
        ("climatology-region", 20 * 12, {}),
    ],
)
def test_a_box_of_two_degrees_has_twenty_cells(
    nasa: FakeNasa, product: str, rows: int, dates: dict[str, str]
) -> None:
    (page,) = collect(nasa, product, **BOX, parameters=["T2M"], **dates)
    assert (len(page.stations), page.table.num_rows) == (20, rows)
    assert {s.longitude for s in page.stations} == {8.125, 8.75, 9.375, 10.0}


def test_communities_have_other_units_and_other_numbers(nasa: FakeNasa) -> None:
    week = WEEK | {"parameters": ["ALLSKY_SFC_SW_DWN"]}
    (farm,) = collect(nasa, **week)
    (energy,) = collect(nasa, **week, community="RE")
    assert [p.variables[0].unit for p in (farm, energy)] == ["MJ m-2 d-1", "kW h m-2 d-1"]
    megajoules = energy.table["ALLSKY_SFC_SW_DWN"][0].as_py() * 3.6
    assert megajoules == pytest.approx(farm.table["ALLSKY_SFC_SW_DWN"][0].as_py(), abs=0.02)


def test_a_day_of_utc_is_another_than_one_of_local_solar_time(nasa: FakeNasa) -> None:
    (utc,) = collect(nasa)
    (local,) = collect(nasa, **WEEK, time_standard="LST")
    assert utc.table["T2M"] != local.table["T2M"]
    assert [page.stations[0].code for page in (utc, local)] == ["45N75W", "45N75W-LST"]
    assert set(local.table["station"].to_pylist()) == {"45N75W-LST"}
    assert "in local solar time" in local.variables[0].description


def test_a_service_that_does_not_look_at_the_time_standard_is_refused(nasa: FakeNasa) -> None:
    nasa.ignores_time_standard = True
    with pytest.raises(SchemaDriftError, match="LST although UTC"):
        collect(nasa)


def test_days_that_are_not_there_yet_are_no_rows(nasa: FakeNasa) -> None:
    first = nasa.until - timedelta(days=6)
    week = {"start": first.isoformat(), "end": nasa.until.isoformat()}
    names = ["T2M", "ALLSKY_SFC_SW_DWN"]
    (page,) = collect(nasa, **(WEEK | week | {"parameters": names}))
    assert page.table["T2M"].null_count == 0
    # Sunshine comes later than the weather.
    assert page.table["ALLSKY_SFC_SW_DWN"].null_count == SOLAR_LAG.days


def test_a_wrong_parameter_is_told_in_nasas_words(nasa: FakeNasa) -> None:
    with pytest.raises(ProviderRefusedError, match="One of your parameters is incorrect: FOO"):
        collect(nasa, **(WEEK | {"parameters": ["FOO"]}))
    # It is never asked again.
    assert len(nasa.calls) == 1


def test_too_many_requests_are_asked_again(nasa: FakeNasa) -> None:
    nasa.script(status(429, b"Too Many Requests", "text/plain", Retry_After="0"), status(503))
    (page,) = collect(nasa)
    assert (page.table.num_rows, len(nasa.calls)) == (7, 3)


def test_a_cut_answer_is_asked_for_again(nasa: FakeNasa) -> None:
    nasa.script(cut(), wrong_length(10))
    assert collect(nasa)[0].table.num_rows == 7


def test_an_outage_page_is_no_data(nasa: FakeNasa) -> None:
    nasa.script(outage_page())
    with pytest.raises(ProviderUnavailableError):
        collect(nasa)


def test_a_unit_that_changes_is_a_drift(nasa: FakeNasa) -> None:
    nasa.script(body(lambda raw: raw.replace(b'"units": "C"', b'"units": "K"')))
    with pytest.raises(SchemaDriftError, match="T2M has come in K"):
        collect(nasa)


# CMR

GRANULES: dict[str, Any] = {"short_name": "SEA", "start": "2020-01-01", "end": "2020-12-31"}


def test_granules_are_harvested_to_the_end(nasa: FakeNasa) -> None:
    nasa.granules = 4001
    found = collect(nasa, "cmr-granules", **GRANULES)
    # The header comes with the last page too; only the next one ends it.
    assert len(found) == len(nasa.calls) == 4
    sent = [call.headers.get("cmr-search-after") for call in nasa.calls]
    assert sent == [None, '["pocloud", 2000]', '["pocloud", 4000]', '["pocloud", 4001]']
    assert all(call.headers["client-id"] == "datastream-pro" for call in nasa.calls)
    assert all("temporal%5B%5D=2020-01-01T00" in call.query for call in nasa.calls)


def test_collections_are_found(nasa: FakeNasa) -> None:
    found = collect(nasa, "cmr-collections", keyword="sea surface")
    assert found[0].notes == ("Matching collections: 1.",)


def test_a_search_that_ran_out_of_time_is_a_failure(nasa: FakeNasa) -> None:
    nasa.is_timed_out = True
    with pytest.raises(ProviderUnavailableError, match="did not finish"):
        collect(nasa, "cmr-granules", **GRANULES)
