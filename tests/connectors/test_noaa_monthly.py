"""The Global Summary of the Month: months as dates, attributes laid out by element."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.base import Page, Rejected, SchemaDriftError, Station, Window
from connectors.providers.noaa.global_summary_of_the_month import GlobalSummaryOfTheMonth
from datastream.core.errors import ProviderUnavailableError
from tests.connectors.reading import answer, planned, said

GSOM = GlobalSummaryOfTheMonth()
CODE = "USW00094728"
ASKED = {"station": CODE, "start": "2014-01-01", "end": "2014-12-31"}


def sheet(head: str, *cells: str, months: tuple[str, ...] = ()) -> str:
    dates = months or tuple(f"2014-{n:02}" for n in range(1, len(cells) + 1))
    lines = [f'"{CODE}","{month}",{cell}' for month, cell in zip(dates, cells, strict=True)]
    return "\n".join([f'"STATION","DATE",{head}', *lines]) + "\n"


def read(text: str, **parameters: Any) -> Page:
    (request,) = planned(GSOM, ASKED | parameters)
    return GSOM.parse(request, answer(text))


def test_a_hundred_years_are_one_request_of_whole_months() -> None:
    (request,) = planned(GSOM, {"station": CODE, "start": "1869-01-15", "end": "2014-02-10"})
    assert request.params["dataset"] == "global-summary-of-the-month"
    assert request.params["units"] == "metric"
    assert (request.params["startDate"], request.params["endDate"]) == ("1869-01-01", "2014-02-28")
    # What is known afterwards are the days that were asked for.
    assert request.window == Window(date(1869, 1, 15), date(2014, 2, 11))


def test_a_year_is_looked_back_upon() -> None:
    assert GSOM.lookback_days == 366


def test_a_month_is_stored_as_its_first_day() -> None:
    page = read(sheet('"TMAX","TMAX_ATTRIBUTES"', '"4.17",",,,Z"', '"4.28",",,,Z"'))
    assert page.table["timestamp"].to_pylist() == [
        datetime(2014, 1, 1, tzinfo=UTC),
        datetime(2014, 2, 1, tzinfo=UTC),
    ]
    assert page.table["TMAX"].to_pylist() == [4.17, 4.28]


@pytest.mark.parametrize(
    ("element", "value", "attributes", "expected"),
    [
        ("TAVG", "1.44", ",Z", {"sources": "Z"}),
        ("TAVG", "1.44", "3,Z", {"sources": "Z", "missing_days": "3"}),
        ("TMAX", "4.17", "4,,,S", {"sources": "S", "missing_days": "4"}),
        ("PRCP", "64.4", ",T,,Z", {"flags": "T", "sources": "Z"}),
        ("PRCP", "64.4", ",A,,Z", {"flags": "A", "quality": 3, "sources": "Z"}),
        ("PRCP", "0.0", ",P,,Z", {"flags": "P", "quality": 3, "sources": "Z"}),
        ("TMIN", "-1.2", ",,I,Z", {"flags": ",I", "quality": 4, "sources": "Z"}),
        ("EMXT", "12.2", ",Z,30,+", {"sources": "Z", "days": "30", "repeated": "+"}),
        ("EMXT", "31.8", "4,S,13,", {"sources": "S", "missing_days": "4", "days": "13"}),
        ("EMXP", "21.6", ",T,Z,12,", {"flags": "T", "sources": "Z", "days": "12"}),
        ("CDSD", "0.0", "Z", {"sources": "Z"}),
        ("DX90", "0", ",Z", {"sources": "Z"}),
        ("TMAX", "4.17", ",,", {}),
        ("TMAX", "4.17", ",,,Z,5,6", {}),
    ],
)
def test_each_element_has_its_own_layout_of_attributes(
    element: str, value: str, attributes: str, expected: dict[str, object]
) -> None:
    page = read(sheet(f'"{element}","{element}_ATTRIBUTES"', f'"{value}","{attributes}"'))
    told = {key: entries[element] for key, entries in (said(page)[0] or {}).items()}
    assert told == expected
    assert page.table[element].to_pylist() == [float(value)]


def test_a_total_of_several_days_is_suspect_within_a_month() -> None:
    assert GSOM.flags["A"].quality == 3


def test_snow_is_in_mm_and_degree_days_in_kelvin_days() -> None:
    units = {name: GSOM.variables[name].unit for name in ("SNOW", "HTDD", "DX90", "AWND")}
    assert units == {"SNOW": "mm", "HTDD": "K d", "DX90": "1", "AWND": "m s-1"}


def test_the_station_is_described() -> None:
    page = read(sheet('"NAME","ELEVATION","TAVG"', '"NEW YORK, US","42.7","1.44"'))
    assert page.stations == (Station(CODE, "NEW YORK, US", elevation_m=42.7),)


def test_a_month_that_comes_twice_holds_once() -> None:
    page = read(sheet('"TAVG"', '"1.0"', '"2.0"', months=("2014-01", "2014-01")))
    assert page.rejected == (
        Rejected(1, "DATE", "Another row of this month came before: '2014-01'."),
    )
    assert page.table["TAVG"].to_pylist() == [1.0]


@pytest.mark.parametrize("month", ["2014-13", "2014-01-01", "2014", "x"])
def test_what_is_no_month_is_rejected(month: str) -> None:
    page = read(sheet('"TAVG"', '"1.0"', '"2.0"', months=("2014-01", month)))
    assert page.rejected == (Rejected(1, "DATE", f"Not a month: '{month}'."),)


@pytest.mark.parametrize("text", ["", "[]", '"STATION","DATE"\n'])
def test_nothing_to_tell_is_an_answer_without_rows(text: str) -> None:
    assert read(text).table.num_rows == 0


def test_a_web_page_is_an_outage() -> None:
    with pytest.raises(ProviderUnavailableError):
        read("<html>Down</html>")


def test_values_in_another_unit_are_drift() -> None:
    with pytest.raises(SchemaDriftError, match="TMAX"):
        read(sheet('"TMAX"', '"78.3"', '"84.1"', '"91.0"'))


def test_renamed_columns_are_drift_and_new_ones_are_noted() -> None:
    with pytest.raises(SchemaDriftError, match="TX"):
        read(sheet('"TX"', '"1.0"'))
    assert "NEW1" in read(sheet('"TAVG","NEW1"', '"1.0","2"')).notes[0]


def test_only_what_was_asked_for_is_taken() -> None:
    page = read(sheet('"TAVG","PRCP"', '"1.0","2"'), variables=["PRCP"])
    assert page.table.schema.names[:3] == ["station", "timestamp", "PRCP"]
