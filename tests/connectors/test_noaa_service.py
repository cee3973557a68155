"""The NOAA connector against the fake service, over HTTP."""

import itertools
import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import Page, SchemaDriftError
from connectors.providers.noaa import Noaa
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits
from tests.connectors.fakes.noaa import DIVISORS, FakeNoaa, value
from tests.connectors.fakes.server import body, cut, outage_page, status, wrong_length

NOAA = Noaa()
CODE = "USW00094728"
FIRST = date(2014, 1, 1)
YEAR = {"station": CODE, "start": "2014-01-01", "end": "2014-12-31"}


@pytest.fixture(scope="module")
def running() -> Iterator[FakeNoaa]:
    with FakeNoaa() as noaa:
        yield noaa


@pytest.fixture
def noaa(running: FakeNoaa) -> FakeNoaa:
    running.reset()
    return running


def collect(noaa: FakeNoaa, **parameters: Any) -> list[Page]:
    limits = Limits(per_second=math.inf, backoff_s=0.001)
    with Client(noaa.base_url, user_agent="DataStream Pro tests", limits=limits) as client:
        return [
            NOAA.parse(request, client.get(request.path, request.params))
            for request in NOAA.plan("", YEAR | parameters)
        ]


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
    assert (first["flags"], first["quality"]) == ({"PRCP": "T", "TMAX": "I"}, {"TMAX": 4})


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
        Client(noaa.base_url, user_agent="t") as client,
        pytest.raises(ProviderRefusedError, match=r"error with your request\. dataset: Dataset is"),
    ):
        client.get("data/v1", {"stations": CODE})
