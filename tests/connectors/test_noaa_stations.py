"""The search in the station lists of GHCN-Daily."""

from typing import Any

import pytest

from connectors.base import Page, Request, SchemaDriftError, Station
from connectors.providers.noaa import stations
from connectors.providers.noaa.stations import StationSearch
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.reading import answer, planned

SEARCH = StationSearch()
LIST = """\
USW00094728  40.7794  -73.9692   42.7 NY NY CITY CNTRL PARK             HCN 72506
USC00305800  40.7300  -74.0000 -999.9 NY NEW YORK LOWER BROADWAY
CA001018620  48.6500 -123.4333   19.5 BC VICTORIA INTL A                    71799
RSM00024266  67.5500  133.3831  137.0    VERHOJANSK                     GSN     24266
"""
INVENTORY = """\
USW00094728  40.7794  -73.9692 TMAX 1869 2026
USW00094728  40.7794  -73.9692 SNWD 1912 2026
USC00305800  40.7300  -74.0000 PRCP 1850 1900
CA001018620  48.6500 -123.4333 TMAX 1940 2026
"""


def asked(**parameters: Any) -> Request:
    (request,) = planned(SEARCH, parameters)
    return request


def read(request: Request, body: str) -> Page:
    return SEARCH.parse(request, answer(body, "text/plain"))


def found(**parameters: Any) -> list[str]:
    return [one.code for one in read(asked(**parameters), LIST).stations]


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({"country": "us"}, ["USW00094728", "USC00305800"]),
        ({"name": "park"}, ["USW00094728"]),
        ({"name": "new  york", "country": "US"}, ["USC00305800"]),
        ({"bbox": [-74, 40, -73, 41]}, ["USW00094728", "USC00305800"]),
        ({"bbox": [100, 60, 180, 90]}, ["RSM00024266"]),
        ({"country": "GM"}, []),
    ],
)
def test_stations_are_found_by_country_name_and_box(filters: Any, codes: list[str]) -> None:
    assert found(**filters) == codes


def test_a_station_is_described_and_an_elevation_may_be_unknown() -> None:
    page = read(asked(country="US"), LIST)
    assert page.stations == (
        Station("USW00094728", "NY CITY CNTRL PARK", 40.7794, -73.9692, 42.7),
        Station("USC00305800", "NEW YORK LOWER BROADWAY", 40.73, -74.0),
    )
    assert (page.table.num_rows, page.next) == (0, None)


def test_an_element_is_looked_up_in_the_inventory_first() -> None:
    first = asked(element="TMAX", bbox=[-130, 30, -60, 50])
    assert first.path.endswith("ghcnd-inventory.txt")
    page = read(first, INVENTORY)
    assert page.stations == ()
    assert page.next is not None
    assert page.next.path.endswith("ghcnd-stations.txt")
    second = read(page.next, LIST)
    assert [one.code for one in second.stations] == ["USW00094728", "CA001018620"]


def test_an_element_that_nobody_has_needs_no_second_list() -> None:
    page = read(asked(element="WESD"), INVENTORY)
    assert (page.next, page.stations) == (None, ())


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"country": "USA"},
        {"bbox": [1, 2, 3]},
        {"bbox": [10, 0, -10, 5]},
        {"bbox": [0, 50, 10, 40]},
        {"bbox": [0, -100, 10, 40]},
        {"name": "%"},
        {"element": "HEAT"},
        {"start": "2014-01-01"},
    ],
)
def test_wrong_filters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        SEARCH.check(parameters)


def test_a_name_is_text_and_no_pattern() -> None:
    assert found(name="NY.CITY") == []


def test_too_many_matches_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stations, "MOST", 1)
    with pytest.raises(ProviderRefusedError, match="2 stations match"):
        found(country="US")


@pytest.mark.parametrize("body", ["", "  \n", LIST + "USW0009", "<html>Down</html>"])
def test_a_list_that_was_cut_is_not_taken(body: str) -> None:
    with pytest.raises(ProviderUnavailableError):
        read(asked(country="US"), body)


def test_another_form_is_drift() -> None:
    with pytest.raises(SchemaDriftError):
        read(asked(country="US"), "id,latitude,longitude,elevation,name of the station\n" * 3)


def test_a_bad_line_is_rejected_and_the_others_are_found() -> None:
    bad = LIST.replace("48.6500", "north  ")
    page = read(asked(bbox=[-180, 40, 180, 70]), bad)
    assert [(row.row, row.field) for row in page.rejected] == [(2, "LATITUDE")]
    assert len(page.stations) == 3


def test_different_searches_are_known_for_themselves() -> None:
    places = {asked(country="US").place, asked(country="CA").place, asked(name="US").place}
    assert len(places) == 3
