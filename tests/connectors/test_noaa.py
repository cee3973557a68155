import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, PageRefusedError, Rejected, SchemaDriftError, Station
from connectors.providers.noaa.daily_summaries import DailySummaries
from datastream.core.errors import (
    InvalidInputError,
    PlatformError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.reading import answer, planned
from tests.connectors.reading import said as metadata

NOAA = DailySummaries()
CODE = "USW00094728"
DATA = Path(__file__).parents[1] / "data" / "noaa"
FIRST = date(2014, 1, 1)
YEAR = {"station": CODE, "start": "2014-01-01", "end": "2014-12-31"}


def read(text: str | bytes, content_type: str = "text/csv", **parameters: Any) -> Page:
    (request,) = planned(NOAA, YEAR | parameters)
    return NOAA.parse(request, answer(text, content_type))


def sheet(rows: int = 1, *changed: str, head: str = '"TMAX","TMAX_ATTRIBUTES"') -> str:
    """As many days as `rows` with a TMAX of 4.4, the first of them put in place of these."""
    lines = [
        f'"{CODE}","{FIRST + timedelta(days=index)}","  4.4",",,W,2400"' for index in range(rows)
    ]
    lines[: len(changed)] = changed
    return "\n".join([f'"STATION","DATE",{head}', *lines]) + "\n"


def one(cells: str, head: str = '"TMAX","TMAX_ATTRIBUTES"') -> Page:
    return read(sheet(1, f'"{CODE}","2014-01-05",{cells}', head=head))


# What is asked


def test_a_plan_has_one_request_a_station_and_ten_years() -> None:
    requests = planned(
        NOAA,
        {"stations": [CODE, "USC00411885"], "start": "1999-12-30", "end": "2020-02-01"},
    )
    assert [(r.station, r.window.start, r.window.end) for r in requests] == [
        (code, first, after)
        for code in (CODE, "USC00411885")
        for first, after in (
            (date(1999, 12, 30), date(2009, 12, 30)),
            (date(2009, 12, 30), date(2019, 12, 31)),
            (date(2019, 12, 31), date(2020, 2, 2)),
        )
    ]


@pytest.mark.parametrize("start", ["1970-01-01", "1971-07-15", "1972-02-29"])
def test_fifty_years_of_a_station_are_five_requests(start: str) -> None:
    last = date.fromisoformat(start).replace(year=int(start[:4]) + 50, day=1) - timedelta(days=1)
    assert len(planned(NOAA, YEAR | {"start": start, "end": last.isoformat()})) == 5


def test_a_request_asks_for_metric_units_attributes_and_the_last_day() -> None:
    (request,) = planned(NOAA, YEAR | {"variables": ["TMAX", "PRCP"]})
    assert request.path == "access/services/data/v1"
    assert request.params == {
        "dataset": "daily-summaries",
        "stations": CODE,
        "startDate": "2014-01-01",
        "endDate": "2014-12-31",
        "dataTypes": "TMAX,PRCP",
        "format": "csv",
        "units": "metric",
        "includeAttributes": "true",
        "includeStationName": "true",
        "includeStationLocation": "true",
    }


def test_station_ids_are_settled_to_their_bare_form_once_each() -> None:
    parameters = {**YEAR, "stations": [f"GHCND:{CODE}", CODE.lower(), "US1COTG0003"]}
    del parameters["station"]
    assert NOAA.check(parameters)["stations"] == [CODE, "US1COTG0003"]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, {"start"}),
        ({"start": "2014-01-01", "end": "2014-01-01"}, {"stations"}),
        (YEAR | {"stations": [CODE]}, {"stations"}),
        (YEAR | {"station": "KNYC"}, {"station"}),
        (YEAR | {"station": f"{CODE},{CODE}"}, {"station"}),
        (YEAR | {"station": 94728}, {"station"}),
        (YEAR | {"start": "2014-02-30"}, {"start"}),
        (YEAR | {"start": "20140101"}, {"start"}),
        (YEAR | {"start": "2015-01-01"}, {"end"}),
        (YEAR | {"start": "0014-01-01", "end": "9999-12-31"}, {"start", "end"}),
        (YEAR | {"variables": ["TMAX", "tmin"]}, {"variables"}),
        (YEAR | {"variables": []}, {"variables"}),
        (YEAR | {"units": "standard", "token": "x"}, {"units", "token"}),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], named: set[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        NOAA.check(parameters)
    assert set(caught.value.details) == named


# What an answer holds


def test_recorded_values_are_those_of_the_daily_file() -> None:
    # GHCN-Daily by_station file of USW00094728, 5 January 2014: TMAX 44, TMIN -27, PRCP 36 (all in
    # tenths), SNOW 0 with the flag T, SNWD 100, AWND 17, WSF5 76.
    page = read((DATA / "central_park_2014.csv").read_bytes())
    row = page.table.slice(4, 1).to_pylist()[0]
    assert row["timestamp"] == datetime(2014, 1, 5, tzinfo=UTC)
    assert {name: row[name] for name in ("TMAX", "TMIN", "PRCP", "SNOW", "SNWD")} == {
        "TMAX": 4.4, "TMIN": -2.7, "PRCP": 3.6, "SNOW": 0.0, "SNWD": 100.0,
    }  # fmt: skip
    assert (row["AWND"], row["WSF5"], row["WT01"]) == (1.7, 7.6, None)
    assert json.loads(row["metadata"])["flags"] == {"SNOW": "T"}


def test_padded_values_are_read_and_columns_without_a_value_left_out() -> None:
    (request,) = planned(
        NOAA, {"station": "USW00026616", "start": "1897-01-01", "end": "1897-12-31"}
    )
    page = NOAA.parse(request, answer((DATA / "kotzebue_1897.csv").read_bytes()))
    assert page.table.schema.names == ["station", "timestamp", "TMAX", "TMIN", "WT18", "metadata"]
    assert page.table["WT18"].to_pylist()[18:] == [None, None, 1.0, None]
    assert page.table["TMAX"].null_count == 1
    assert page.table["metadata"].null_count == 22


def test_the_station_is_described_as_the_provider_does() -> None:
    page = read((DATA / "central_park_2014.csv").read_bytes())
    assert page.stations == (
        Station(CODE, "NY CITY CENTRAL PARK, NY US", 40.77898, -73.96925, 42.7),
    )


def test_an_unknown_elevation_is_none() -> None:
    page = one('"4.4","91.0","-999.9"', head='"TMAX","LATITUDE","ELEVATION"')
    assert page.stations == (Station(CODE),)


def test_attributes_may_have_three_parts_or_four() -> None:
    page = one(
        '"4.4",",,W","0.0",",,7,0700"', head='"TMAX","TMAX_ATTRIBUTES","PRCP","PRCP_ATTRIBUTES"'
    )
    assert metadata(page) == [{"sources": {"TMAX": "W", "PRCP": "7"}, "times": {"PRCP": "0700"}}]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("T,,W", {"flags": {"TMAX": "T"}, "sources": {"TMAX": "W"}}),
        (",I,6,", {"flags": {"TMAX": ",I"}, "quality": {"TMAX": 4}, "sources": {"TMAX": "6"}}),
        ("T,I,a", {"flags": {"TMAX": "T,I"}, "quality": {"TMAX": 4}, "sources": {"TMAX": "a"}}),
        ("A,,", {"flags": {"TMAX": "A"}, "quality": {"TMAX": 4}}),
        ("P,,", {"flags": {"TMAX": "P"}, "quality": {"TMAX": 3}}),
        ("P,X,", {"flags": {"TMAX": "P,X"}, "quality": {"TMAX": 4}}),
        ("A,X,", {"flags": {"TMAX": "A,X"}, "quality": {"TMAX": 4}}),
        (" , , ", None),
        ("", None),
    ],
)
def test_letters_become_flags_quality_and_source(attributes: str, said: object) -> None:
    assert metadata(one(f'"4.4","{attributes}"')) == [said]


@pytest.mark.parametrize(("attributes", "flag", "quality"), [("T,,W", "T", 1), (",T,W", ",T", 4)])
def test_a_letter_of_two_meanings_is_stored_as_it_is_declared(
    attributes: str, flag: str, quality: int
) -> None:
    said = metadata(one(f'"4.4","{attributes}"'))[0]
    assert said["flags"] == {"TMAX": flag}
    assert NOAA.flags[flag].quality == quality == said.get("quality", {"TMAX": 1})["TMAX"]


def test_a_missing_value_has_no_flags() -> None:
    page = read(sheet(2, f'"{CODE}","2014-01-01",,"T,I,W"'))
    assert page.table["timestamp"].to_pylist() == [datetime(2014, 1, 2, tzinfo=UTC)]


@pytest.mark.parametrize("text", ["-9999", "-9999.0", " -9999", "-999.9"])
def test_the_sign_for_missing_never_becomes_a_value(text: str) -> None:
    page = read(sheet(2, f'"{CODE}","2014-01-01","{text}",",,W"'))
    assert page.table["TMAX"].to_pylist() == [4.4]


def test_times_of_day_stay_text() -> None:
    page = one('"  830"', head='"PGTM"')
    assert page.table["PGTM"].to_pylist() == ["0830"]


@pytest.mark.parametrize("text", ["", " \n", "[]", '"STATION","DATE"\n', '"STATION","DATE","TMAX"'])
def test_nothing_to_tell_is_an_answer_without_rows(text: str) -> None:
    page = read(text)
    assert (page.table.num_rows, page.stations, page.rejected) == (0, (), ())
    assert page.table.schema.names == ["station", "timestamp"]


def test_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    text = sheet(3).replace("\n", "\r\n")
    assert read(b"\xef\xbb\xbf" + text.encode()).table.equals(read(sheet(3)).table)


# What is refused


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("<!DOCTYPE html><h1>Outage</h1>", "text/csv"),
        (" \n<html>", ""),
        (sheet(3), "text/html"),
        ("Service is down", "text/plain"),
    ],
)
def test_an_outage_notice_with_status_200_is_an_outage(text: str, content_type: str) -> None:
    with pytest.raises(ProviderUnavailableError, match="NOAA answered with"):
        read(text, content_type)


def test_an_error_body_with_status_200_is_a_refusal() -> None:
    with pytest.raises(ProviderRefusedError, match="No such data set"):
        read('{"errorMessage": "No such data set."}', "application/json")


def drifted(text: str, **parameters: Any) -> str:
    with pytest.raises(SchemaDriftError) as caught:
        read(text, **parameters)
    assert caught.value.code == "SCHEMA_DRIFT"
    return caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        '[{"DATE": "2014-01-05"}]',
        sheet(3).replace("DATE", "DAY"),
        sheet(3).replace("STATION", "ID"),
        sheet(3).replace("TMAX", "TEMPERATURE"),
        sheet(3).replace("TMAX_ATTRIBUTES", "TMAX"),
    ],
)
def test_another_shape_is_drift(text: str) -> None:
    assert drifted(text)


def test_an_element_that_was_asked_for_and_renamed_is_drift() -> None:
    text = sheet(3, head='"TX","TMIN"')
    assert "TX" in drifted(text, variables=["TMAX", "TMIN"])


def test_an_unknown_column_is_left_out_and_noted() -> None:
    page = one('"4.4","9"', head='"TMAX","NEW1"')
    assert "NEW1" not in page.table.schema.names
    assert page.notes == ("Unknown columns were left out: NEW1.",)


def test_an_element_that_was_not_asked_for_is_left_out() -> None:
    page = read(
        sheet(1, f'"{CODE}","2014-01-01","4.4","0"', head='"TMAX","PRCP"'), variables=["TMAX"]
    )
    assert page.table.schema.names == ["station", "timestamp", "TMAX", "metadata"]


def test_a_temperature_beyond_90_is_drift() -> None:
    assert "TMAX lies beyond" in drifted(sheet(30, f'"{CODE}","2014-01-01","  289",",,W"'))


def test_a_temperature_that_failed_its_check_refuses_nothing() -> None:
    page = read(sheet(30, f'"{CODE}","2014-01-01","289.0",",X,W"'))
    assert page.table["TMAX"][0].as_py() == 289
    assert metadata(page)[0]["quality"] == {"TMAX": 4}


def test_temperatures_in_tenths_are_drift_even_when_all_are_small() -> None:
    lines = [f'"{CODE}","{FIRST + timedelta(days=i)}","44","-27"' for i in range(30)]
    assert "tenths" in drifted(sheet(30, *lines, head='"TMAX","TMIN"'))


def test_temperatures_in_fahrenheit_are_drift() -> None:
    lines = [
        f'"{CODE}","{FIRST + timedelta(days=i)}","{78 + i % 9}","{60 + i % 9}"' for i in range(30)
    ]
    assert "not possible in degC" in drifted(sheet(30, *lines, head='"TMAX","TMIN"'))


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (f'"{CODE}","2014-01-01","warm",",,W"', "TMAX", "Not a number: 'warm'."),
        (f'"{CODE}","2014-01-01","nan",",,W"', "TMAX", "Not a number: 'nan'."),
        (f'"{CODE}","2014-01-01","1e999",",,W"', "TMAX", "Not a number: '1e999'."),
        (f'"{CODE}","2014-02-30","4.4",",,W"', "DATE", "Not a date: '2014-02-30'."),
        (f'"{CODE}","2014-1-1","4.4",",,W"', "DATE", "Not a date: '2014-1-1'."),
        (f'"{CODE}",,"4.4",",,W"', "DATE", "Not a date: ''."),
        ('"USC00411885","2014-01-01","4.4",",,W"', "STATION",
         "Not the station that was asked for: 'USC00411885'."),
        (f'"{CODE}","2015-01-01","4.4",",,W"', "DATE",
         "Not within the days that were asked for: '2015-01-01'."),
        (f'"{CODE}","2014-01-01","4.4","TT,,W"', "TMAX_ATTRIBUTES",
         "Not flags as documented: 'TT,,W'."),
        (f'"{CODE}","2014-01-01","4.4"', "", "It has 3 fields instead of 4."),
        (f'"{CODE}","2014-01-01","4.4",",,W","5"', "", "It has 5 fields instead of 4."),
    ],
)  # fmt: skip
def test_a_bad_row_is_rejected_with_its_reason_and_the_others_kept(
    line: str, column: str, reason: str
) -> None:
    good = sheet(20).splitlines()
    page = read("\n".join([*good[:8], line, *good[9:]]))
    assert page.rejected == (Rejected(7, column, reason),)
    assert page.table["timestamp"].to_pylist() == [
        datetime(2014, 1, day, tzinfo=UTC) for day in range(1, 21) if day != 8
    ]


def with_bad_rows(bad: int, rows: int) -> str:
    lines = [f'"{CODE}","{FIRST + timedelta(days=i)}","?",",,W"' for i in range(bad)]
    return sheet(rows, *lines)


@pytest.mark.parametrize(("bad", "rows"), [(5, 100), (1, 3), (1, 1)])
def test_up_to_five_in_a_hundred_rows_and_any_single_one_may_be_bad(bad: int, rows: int) -> None:
    page = read(with_bad_rows(bad, rows))
    assert (len(page.rejected), page.table.num_rows) == (bad, rows - bad)


@pytest.mark.parametrize(("bad", "rows"), [(6, 100), (2, 3), (300, 300)])
def test_with_more_bad_rows_the_page_is_refused(bad: int, rows: int) -> None:
    with pytest.raises(PageRefusedError, match=f"{bad} of {rows} rows") as caught:
        read(with_bad_rows(bad, rows))
    assert caught.value.details["rejected"] == bad
    assert len(caught.value.details["rows"]) == min(bad, 100)


def test_a_row_that_comes_twice_is_kept_once() -> None:
    lines = sheet(3).splitlines()
    page = read("\n".join([*lines, lines[1], lines[2]]))
    assert page.table.num_rows == 3
    assert page.rejected == ()
    assert page.notes == ("2 repeated rows were left out.",)


def test_of_two_rows_of_a_day_that_differ_the_later_holds() -> None:
    page = read(sheet(30) + f'"{CODE}","2014-01-03","9.9",",,W"\n')
    assert page.rejected == (
        Rejected(2, "DATE", "Another row of this day has other values: '2014-01-03'."),
    )
    assert page.table["TMAX"].to_pylist()[-1] == 9.9
    assert page.table.num_rows == 30


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=len(sheet(0)), max_value=len(sheet(9)) - 2))
def test_an_answer_cut_anywhere_but_at_the_end_of_a_row_is_not_taken(length: int) -> None:
    whole = sheet(9)
    try:
        rows = read(whole[:length]).table.num_rows
    except (ProviderUnavailableError, SchemaDriftError):
        return
    # A last field may be empty, so that a row is whole after its last comma.
    ends = {index for index, letter in enumerate(whole) if letter == "\n"}
    ends |= {end + 1 for end in ends} | {end - len('",,W,2400"') for end in ends}
    assert length in ends
    assert rows == len(whole[:length].strip().splitlines()) - 1


@settings(max_examples=60, deadline=None)
@given(st.binary() | st.text('"\n,09-.STATIONDATE[{<').map(lambda s: (sheet(2) + s).encode()))
def test_no_answer_raises_anything_but_our_own_errors(raw: bytes) -> None:
    try:
        page = read(raw)
    except PlatformError:
        return
    values = page.table["TMAX"].to_pylist() if "TMAX" in page.table.schema.names else []
    assert all(value is None or math.isfinite(value) for value in values)
