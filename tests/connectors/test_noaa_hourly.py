"""Hourly observations: fields of ISD as the service hands them on, in UTC."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Page, Rejected, SchemaDriftError, Station
from connectors.providers.noaa.global_hourly import GlobalHourly
from datastream.core.errors import InvalidInputError, ProviderUnavailableError
from tests.connectors.reading import answer, planned, said

HOURLY = GlobalHourly()
CODE = "72505394728"
ASKED = {"station": CODE, "start": "2020-01-01", "end": "2020-12-31"}
FIRST = datetime(2020, 1, 1, 0, 51, tzinfo=UTC)
GOOD = {
    "WND": "320,1,N,0036,1",
    "CIG": "22000,5,9,N",
    "VIS": "016093,5,N,5",
    "TMP": "+0306,1",
    "DEW": "-0072,1",
    "SLP": "10112,1",
}


def report(at: str = "2020-01-01T00:51:00", kind: str = "FM-15", **fields: str) -> str:
    cells = [CODE, at, kind, *(GOOD | fields).values()]
    return ",".join(f'"{cell}"' for cell in cells)


def sheet(*reports: str) -> str:
    names = ["STATION", "DATE", "REPORT_TYPE", *GOOD]
    return "\n".join([",".join(f'"{name}"' for name in names), *reports]) + "\n"


def read(*reports: str, **parameters: Any) -> Page:
    (request,) = planned(HOURLY, ASKED | parameters)
    return HOURLY.parse(request, answer(sheet(*reports)))


def value(page: Page, name: str) -> Any:
    return page.table[name][0].as_py() if name in page.table.schema.names else None


def test_a_year_is_a_request_with_the_columns_of_its_variables() -> None:
    first, second = planned(HOURLY, ASKED | {"start": "2019-06-01", "variables": ["wind_speed"]})
    assert first.params["startDate"] == "2019-06-01T00:00:00"
    assert first.params["endDate"] == "2019-12-31T23:59:59"
    assert (second.params["startDate"], second.params["dataTypes"]) == (
        "2020-01-01T00:00:00",
        "WND",
    )


@pytest.mark.parametrize("code", ["USW00094728", "7250539472", "725053-94728"])
def test_stations_have_the_eleven_digits_of_isd(code: str) -> None:
    with pytest.raises(InvalidInputError):
        HOURLY.check(ASKED | {"station": code})
    assert HOURLY.check(ASKED | {"station": "a0735500241"})["stations"] == ["A0735500241"]


def test_numbers_are_scaled_as_the_documentation_of_isd_says() -> None:
    page = read(report())
    assert page.table.drop_columns(["station"]).to_pylist() == [
        {
            "timestamp": FIRST,
            "wind_direction": 320.0,
            "wind_speed": 3.6,
            "ceiling_height": 22000.0,
            "visibility": 16093.0,
            "air_temperature": 30.6,
            "dew_point": -7.2,
            "sea_level_pressure": 1011.2,
        }
        | ({"metadata": None} if "metadata" in page.table.schema.names else {})
    ]


@pytest.mark.parametrize(
    ("field", "text", "variable", "expected"),
    [
        ("WND", "999,9,N,0036,1", "wind_direction", None),
        ("WND", "999,9,N,0036,1", "wind_speed", 3.6),
        ("WND", "320,1,N,9999,9", "wind_speed", None),
        ("WND", "999,9,C,0000,1", "wind_speed", 0.0),
        ("WND", "999,9,V,0021,1", "wind_direction", None),
        ("CIG", "99999,9,9,N", "ceiling_height", None),
        ("VIS", "999999,9,9,9", "visibility", None),
        ("VIS", "009999,1,9,9", "visibility", 9999.0),
        ("TMP", "+9999,9", "air_temperature", None),
        ("TMP", "-0001,1", "air_temperature", -0.1),
        ("SLP", "99999,9", "sea_level_pressure", None),
        ("SLP", "09999,1", "sea_level_pressure", 999.9),
    ],
)
def test_each_field_has_its_own_sign_for_missing(
    field: str, text: str, variable: str, expected: float | None
) -> None:
    assert value(read(report(**{field: text})), variable) == expected


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("1", None),
        ("5", None),
        ("2", {"flags": {"air_temperature": "2"}, "quality": {"air_temperature": 3}}),
        ("6", {"flags": {"air_temperature": "6"}, "quality": {"air_temperature": 3}}),
        ("3", {"flags": {"air_temperature": "3"}, "quality": {"air_temperature": 4}}),
        ("7", {"flags": {"air_temperature": "7"}, "quality": {"air_temperature": 4}}),
        *((mark, {"flags": {"air_temperature": mark}}) for mark in "049ACIMPRU"),
    ],
)
def test_quality_codes_become_qartod(mark: str, expected: object) -> None:
    assert said(read(report(TMP=f"+0306,{mark}"))) == [expected]


def test_times_are_utc_and_not_moved_to_the_hour() -> None:
    page = read(report("2020-06-30T23:54:00"))
    assert page.table["timestamp"].to_pylist() == [datetime(2020, 6, 30, 23, 54, tzinfo=UTC)]


def test_of_several_reports_of_a_minute_the_best_has_each_field() -> None:
    page = read(
        report(kind="FM-12", TMP="+0100,1", WND="100,1,N,0090,1"),
        report(kind="FM-15", TMP="+9999,9", WND="999,9,C,0000,1"),
        report(kind="SY-MT", TMP="+0200,1"),
    )
    assert page.table.num_rows == 1
    assert value(page, "air_temperature") == 10.0
    # Speed and direction are of one report.
    assert (value(page, "wind_speed"), value(page, "wind_direction")) == (0.0, None)
    assert page.notes == ("2 more reports of the same minutes filled gaps.",)


def test_half_a_wind_is_not_filled_up_from_another_report() -> None:
    page = read(
        report(kind="FM-12", WND="100,1,N,0090,1"), report(kind="FM-15", WND="270,1,N,9999,9")
    )
    assert (value(page, "wind_speed"), value(page, "wind_direction")) == (None, 270.0)


def test_a_summary_of_a_day_has_no_values_of_its_own() -> None:
    empty = dict.fromkeys(GOOD, "")
    page = read(report(), report("2020-01-01T23:59:00", "SOD", **empty))
    assert page.table["timestamp"].to_pylist() == [FIRST]


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (report("2020-02-30T00:51:00"), "DATE"),
        (report("2020-01-01"), "DATE"),
        (report("2021-01-01T00:00:00"), "DATE"),
        (report(TMP="30.6"), "TMP"),
        (report(WND="320,1,N,36"), "WND"),
        (report().replace(CODE, "00000099999"), "STATION"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_kept(bad: str, column: str) -> None:
    page = read(report("2020-05-01T00:51:00"), bad)
    assert [(row.row, row.field) for row in page.rejected] == [(1, column)]
    assert page.table.num_rows == 1


def test_a_reason_shows_what_stood_there() -> None:
    page = read(report("2020-05-01T00:51:00"), report(TMP="warm"))
    assert page.rejected == (Rejected(1, "TMP", "Not a field as documented: 'warm'."),)


def test_only_what_was_asked_for_is_taken() -> None:
    page = read(report(), variables=["wind_speed"])
    assert "wind_direction" not in page.table.schema.names


def test_the_station_is_described() -> None:
    (request,) = planned(HOURLY, ASKED)
    head = '"STATION","DATE","NAME","LATITUDE","TMP"'
    text = f'{head}\n"{CODE}","2020-01-01T00:51:00","NY","40.8","+0306,1"\n'
    page = HOURLY.parse(request, answer(text))
    assert page.stations == (Station(CODE, "NY", 40.8),)


def test_other_columns_are_drift_and_a_web_page_an_outage() -> None:
    (request,) = planned(HOURLY, ASKED)
    with pytest.raises(SchemaDriftError):
        HOURLY.parse(request, answer(sheet(report()).replace("STATION", "ID")))
    text = f'"STATION","DATE","TEMP"\n"{CODE}","2020-01-01T00:51:00","30.6"\n'
    with pytest.raises(SchemaDriftError):
        HOURLY.parse(request, answer(text))
    with pytest.raises(ProviderUnavailableError):
        HOURLY.parse(request, answer("<html>Down</html>"))
    assert HOURLY.parse(request, answer("[]")).table.num_rows == 0
