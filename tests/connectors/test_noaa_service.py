"""The NOAA products against the fake service, over HTTP."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Page, Product, SchemaDriftError
from connectors.registry import connectors
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits
from tests.connectors.fakes.noaa import DIVISORS, TOKEN, FakeNoaa, value
from tests.connectors.fakes.server import body, cut, outage_page, status, wrong_length
from tests.connectors.reading import planned

CODE = "USW00094728"
FIRST = date(2014, 1, 1)
YEAR = {"station": CODE, "start": "2014-01-01", "end": "2014-12-31"}


@pytest.fixture(scope="module")
def running() -> Iterator[FakeNoaa]:
    with FakeNoaa(until=date(2014, 12, 31)) as noaa:
        yield noaa


@pytest.fixture
def noaa(running: FakeNoaa) -> FakeNoaa:
    running.reset()
    return running


def client_of(noaa: FakeNoaa, token: str = TOKEN) -> Client:
    return Client(noaa.base_url, headers={"token": token}, limits=Limits(backoff_s=0.001))


def product_of(name: str = "") -> Product:
    return connectors["noaa"].product(name)


def collect(noaa: FakeNoaa, name: str = "", /, **parameters: Any) -> list[Page]:
    """The pages of all requests, with what follows each."""
    product, pages = product_of(name), []
    with client_of(noaa) as client:
        waiting = planned(product, parameters if name == "stations" else YEAR | parameters)
        while waiting:
            request = waiting.pop(0)
            page = product.parse(request, client.ask(request.path, request.params))
            pages.append(page)
            waiting[:0] = [page.next] if page.next else []
    return pages


def test_collected_values_are_those_of_the_station(noaa: FakeNoaa) -> None:
    pages = collect(noaa, start="2013-12-25", end="2014-01-10")
    rows = list(itertools.chain(*(page.table.to_pylist() for page in pages)))
    days = [date(2013, 12, 25) + timedelta(days=index) for index in range(17)]
    assert [row["timestamp"].date() for row in rows] == days
    for row, day in zip(rows, days, strict=True):
        expected = {element: value(CODE, element, day) for element in DIVISORS}
        assert {element: row[element] for element in DIVISORS} == expected


def test_a_station_that_noaa_does_not_know_has_no_rows(noaa: FakeNoaa) -> None:
    (page,) = collect(noaa, station="USW00000000")
    assert page.table.num_rows == 0


def test_days_without_observations_are_no_rows_and_no_error(noaa: FakeNoaa) -> None:
    noaa.missing = {date(2014, 1, 3), date(2014, 1, 4)}
    noaa.repeated = {date(2014, 1, 5)}
    (page,) = collect(noaa, end="2014-01-10")
    assert (page.table.num_rows, page.rejected) == (8, ())


def test_flags_come_through(noaa: FakeNoaa) -> None:
    noaa.flags = {("PRCP", FIRST): "T,,W,2400", ("TMAX", FIRST): ",I,W"}
    (page,) = collect(noaa, end="2014-01-10")
    first = json.loads(page.table["metadata"][0].as_py())
    assert (first["flags"], first["quality"]) == ({"PRCP": "T", "TMAX": ",I"}, {"TMAX": 4})


def test_a_service_that_forgets_the_units_is_refused(noaa: FakeNoaa) -> None:
    noaa.ignores_units = True
    with pytest.raises(SchemaDriftError):
        collect(noaa)


def test_what_passes_is_overcome(noaa: FakeNoaa) -> None:
    faults = (status(429, Retry_After="0"), cut(), outage_page(503), wrong_length(9))
    noaa.script(*faults)
    (page,) = collect(noaa, end="2014-01-10")
    assert (page.table.num_rows, len(noaa.calls)) == (10, 5)


@pytest.mark.parametrize(
    "fault", [outage_page(), wrong_length(-9), body(lambda b: b[: len(b) // 2])]
)
def test_an_answer_that_only_looks_whole_is_not_taken(noaa: FakeNoaa, fault: Any) -> None:
    noaa.script(fault)
    with pytest.raises(ProviderUnavailableError):
        collect(noaa)


def test_a_refusal_carries_the_words_of_noaa(noaa: FakeNoaa) -> None:
    with (
        client_of(noaa) as client,
        pytest.raises(ProviderRefusedError, match=r"error with your request\. dataset: Dataset is"),
    ):
        client.ask("access/services/data/v1", {"stations": CODE})


# The other products


@pytest.mark.parametrize("name", ["ghcn-daily-dly", "ghcn-daily-by-station", "cdo"])
def test_all_ways_to_the_daily_values_give_the_same(noaa: FakeNoaa, name: str) -> None:
    asked = {"station": "USW00003017", "start": "2013-12-25", "end": "2014-03-10"}
    (expected,) = collect(noaa, **asked)
    pages = collect(noaa, name, **asked)
    names = ["timestamp", *DIVISORS]
    rows: dict[datetime, dict[str, Any]] = {}
    for row in itertools.chain(*(page.table.to_pylist() for page in pages)):
        known = rows.setdefault(row["timestamp"], dict.fromkeys(names))
        known.update({n: row[n] for n in names if row.get(n) is not None})
    assert list(rows.values()) == expected.table.select(names).to_pylist()


def test_a_file_of_a_whole_station_is_one_request(noaa: FakeNoaa) -> None:
    asked = {"station": "USW00003017", "start": "1940-01-01", "end": "2014-12-31"}
    (page,) = collect(noaa, "ghcn-daily-by-station", **asked)
    assert len(noaa.calls) == 1
    assert page.table.num_rows == (date(2015, 1, 1) - date(1994, 7, 18)).days


def test_a_station_without_a_file_is_told_by_its_status(noaa: FakeNoaa) -> None:
    with pytest.raises(ProviderRefusedError, match="404"):
        collect(noaa, "ghcn-daily-dly", station="USW00000000")


def test_climate_data_online_is_paged_from_one(noaa: FakeNoaa) -> None:
    pages = collect(noaa, "cdo", variables=["TMAX", "TMIN", "PRCP"])
    assert [call.params["offset"] for call in noaa.calls] == ["1", "1001"]
    assert {call.headers["token"] for call in noaa.calls} == {TOKEN}
    rows = {row["timestamp"] for page in pages for row in page.table.to_pylist()}
    assert len(rows) == 365


def test_climate_data_online_never_asks_for_a_year_or_more(noaa: FakeNoaa) -> None:
    assert len(collect(noaa, "cdo", start="2012-03-01", end="2014-02-28")) >= 3
    assert {call.params["startdate"][:4] == call.params["enddate"][:4] for call in noaa.calls} == {
        True
    }


def test_a_wrong_token_is_refused_with_the_words_of_noaa(noaa: FakeNoaa) -> None:
    (request,) = planned(product_of("cdo"), YEAR)
    with client_of(noaa, "wrong") as client, pytest.raises(ProviderRefusedError, match="token"):
        client.ask(request.path, request.params)


def test_months_are_summed_from_their_days(noaa: FakeNoaa) -> None:
    (page,) = collect(noaa, "global-summary-of-the-month", start="2014-01-15", end="2014-03-02")
    rain = [value(CODE, "PRCP", FIRST + timedelta(days=n)) or 0 for n in range(31)]
    assert page.table["PRCP"][0].as_py() == pytest.approx(sum(rain), abs=0.06)
    assert [t.month for t in page.table["timestamp"].to_pylist()] == [1, 2, 3]


def test_hours_are_those_of_utc(noaa: FakeNoaa) -> None:
    (page,) = collect(noaa, "global-hourly", station="72505394728", end="2014-01-02")
    first = datetime(2014, 1, 1, 0, 51, tzinfo=UTC)
    assert page.table["timestamp"].to_pylist() == [first + timedelta(hours=n) for n in range(48)]
    assert page.stations[0].name == "NY CITY CENTRAL PARK, NY US"


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({"name": "kotzebue"}, ["USW00026616"]),
        ({"country": "us", "bbox": [-130, 40, -60, 50]}, ["USW00094728", "USW00024233"]),
        ({"element": "WESD"}, []),
        ({"element": "TMAX", "name": "college"}, ["USC00411885"]),
        ({"country": "CA"}, []),
    ],
)
def test_stations_are_found(noaa: FakeNoaa, filters: Any, codes: list[str]) -> None:
    pages = collect(noaa, "stations", **filters)
    assert [one.code for page in pages for one in page.stations] == codes
    assert all(page.table.num_rows == 0 for page in pages)


def test_too_many_requests_of_a_second_are_asked_again_also_without_a_word_on_when(
    noaa: FakeNoaa,
) -> None:
    message = "This token has reached its temporary request limit of 5 per second."
    words = json.dumps({"status": "429", "message": message}).encode()
    noaa.script(*[status(429, words, "application/json")] * 2)
    pages = collect(noaa, "cdo", station="USW00003017", start="2013-12-25", end="2013-12-31")
    assert (pages[0].table.num_rows, len(noaa.calls)) == (7, 3)


def test_a_day_that_is_used_up_is_not_asked_for_again(noaa: FakeNoaa) -> None:
    message = "This token has reached its temporary request limit of 10000 per day."
    words = json.dumps({"status": "429", "message": message}).encode()
    noaa.script(*[status(429, words, "application/json")] * 2)
    with pytest.raises(ProviderUnavailableError, match="10000 per day") as caught:
        collect(noaa, "cdo", station="USW00003017", start="2013-12-25", end="2014-03-10")
    retry_at = datetime.fromisoformat(caught.value.details["retry_at"])
    assert (retry_at.hour, retry_at.minute, len(noaa.calls)) == (0, 0, 1)
    assert timedelta(0) < retry_at - datetime.now(UTC) <= timedelta(days=1)
