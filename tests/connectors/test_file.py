import io
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import connectors.providers.file
from connectors.base import Page, PageRefusedError, Rejected, SchemaDriftError, Station
from connectors.registry import connectors as registry
from datastream.core.errors import InvalidInputError, PlatformError, ProviderUnavailableError
from tests.connectors.reading import answer, planned

assert connectors.providers.file.__doc__
TABLE = registry["file"].product("table")
URL = "https://rivers.example.org/stages.csv"
STAGE = {"stage": {"name": "river_stage", "unit": "m", "description": "Above zero."}}
BASE: dict[str, Any] = {"location": URL, "variables": STAGE, "timestamp": "time"}


def read(body: str | bytes, **parameters: Any) -> Page:
    (request,) = planned(TABLE, {**BASE, **parameters})
    return TABLE.parse(request, answer(body))


def column(page: Page, name: str = "river_stage") -> list[Any]:
    found: list[Any] = page.table[name].to_pylist()
    return found


def packed(**columns: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


ROWS = "time,stage\n" + "".join(f"2024-05-{day:02}T06:00:00Z,1.5\n" for day in range(1, 21))


# What is asked


def test_the_whole_table_is_asked_for_once() -> None:
    (request,) = planned(TABLE, BASE)
    assert (request.path, request.params, request.place.station) == (URL, {}, URL)
    assert TABLE.address(TABLE.check(BASE)) == "https://rivers.example.org"


def test_a_path_is_a_file_of_the_server() -> None:
    assert TABLE.address(TABLE.check({**BASE, "location": "/data/a.csv"})) == "file:/data/a.csv"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("https://x.example/a.CSV?v=2", "csv"),
        ("https://x.example/a.jsonl", "ndjson"),
        ("/data/a.parquet", "parquet"),
    ],
)
def test_the_ending_tells_the_format(location: str, kind: str) -> None:
    assert TABLE.check({**BASE, "location": location})["format"] == kind


def test_settled_parameters_settle_to_the_same() -> None:
    settled = TABLE.check({**BASE, "location": "https://x.example/download", "format": "csv"})
    assert TABLE.check(settled) == settled


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"location": "http://rivers.example.org/a.csv"}, "location"),
        ({"location": "ftp://rivers.example.org/a.csv"}, "location"),
        ({"location": "file:///etc/passwd.csv"}, "location"),
        ({"location": "https://name:word@rivers.example.org/a.csv"}, "location"),
        ({"location": "https:///a.csv"}, "location"),
        ({"location": "data/a.csv"}, "location"),
        ({"location": "/data/../etc/a.csv"}, "location"),
        ({"location": "/data/a\0.csv"}, "location"),
        ({"location": "https://rivers.example.org/a\r\nb.csv"}, "location"),
        ({"location": "https://rivers.example.org\\@other/a.csv"}, "location"),
        ({"location": "https://rivers.example.org/a"}, "format"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"variables": {}}, "variables"),
        ({"variables": {"stage": {"name": "timestamp"}}}, "variables"),
        ({"variables": {"river stage": {}}}, "variables"),
        ({"variables": {"a": {"name": "x"}, "b": {"name": "x"}}}, "variables"),
        ({"variables": {"a": {"units": "m"}}}, "variables"),
        ({"station_column": "site", "station": "R1"}, "station_column"),
        ({"station_name": "Rhine"}, "station"),
        ({"station": "R1", "latitude": 50}, "latitude"),
        ({"delimiter": ";"}, "delimiter"),
    ],
)
def test_wrong_parameters_are_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        TABLE.check({**BASE, **change})
    assert set(caught.value.details) == {named}


# What a table holds


def test_csv_with_semicolons_decimal_commas_and_marks_for_no_value() -> None:
    page = read(
        "\ufefftime;site;stage\r\n2024-05-01 06:00;R1;1,25\r\n2024-05-01 07:00;R1;NA\r\n"
        '2024-05-01 06:00;"R;2"; -9999 \r\n2024-05-01 08:00;R1;\r\n2024-05-01 09:00;R1;-0,5\r\n',
        separator=";", decimal=",", missing=["NA", -9999], station_column="site",
        timezone="Europe/Berlin",
    )  # fmt: skip
    assert column(page) == [1.25, -0.5]
    assert column(page, "timestamp")[0] == datetime(2024, 5, 1, 4, tzinfo=UTC)
    assert page.stations == (Station("R1"),)


def test_a_variable_is_as_the_feed_says() -> None:
    (variable,) = read(ROWS).variables
    assert (variable.name, variable.unit) == ("river_stage", "m")
    assert variable.description == "Above zero."


def test_a_station_is_as_the_feed_says() -> None:
    facts = {"latitude": 50.9, "longitude": 6.97, "elevation_m": 35}
    page = read(ROWS, station="R1", station_name="Rhine at Cologne", **facts)
    assert page.stations == (Station("R1", "Rhine at Cologne", 50.9, 6.97, 35),)
    assert set(column(page, "station")) == {"R1"}


def test_ndjson_has_numbers_texts_and_lines_that_are_nothing() -> None:
    page = read(
        '{"time":"2024-05-01T06:00:00Z","stage":1.5,"more":{"a":1}}\n'
        '\n{"stage":"2","time":"2024-05-01T07:00:00Z"}\n'
        '{"time":"2024-05-01T08:00:00Z"}\n'
        '{"time":"2024-05-01T09:00:00Z","stage":\n',
        location="https://x.example/a.ndjson",
    )
    assert column(page) == [1.5, 2.0]
    assert page.rejected == (Rejected(3, "", "Not a JSON object."),)


def test_parquet_has_instants_numbers_of_any_width_and_coded_texts() -> None:
    days = [datetime(2024, 5, day) for day in (1, 2, 3)]  # noqa: DTZ001  without a zone
    body = packed(
        time=pa.array(days, pa.timestamp("ms")),
        stage=pa.array([1.5, float("nan"), None], pa.float32()),
        ice=pa.array(["none", "thin", "none"]).dictionary_encode(),
        site=pa.array([7, 7, 8]),
    )
    variables = {**STAGE, "ice": {"kind": "text", "unit": "1"}}
    page = read(
        body, location="https://x.example/a.parquet", variables=variables,
        station_column="site", timezone="America/Toronto",
    )  # fmt: skip
    assert column(page) == [1.5, None, None]
    assert column(page, "ice") == ["none", "thin", "none"]
    assert column(page, "station") == ["7", "7", "8"]
    assert column(page, "timestamp")[0] == datetime(2024, 5, 1, 4, tzinfo=UTC)


def test_texts_that_mean_no_value_are_none() -> None:
    variables = {"ice": {"kind": "text", "unit": "1"}}
    page = read(
        "time,ice\n2024-05-01,none\n2024-05-02,-99\n2024-05-03,?\n",
        variables=variables, missing=["?", -99],
    )  # fmt: skip
    assert column(page, "ice") == ["none"]


def test_of_two_rows_of_one_time_the_later_holds() -> None:
    page = read(ROWS + "2024-05-02T08:00:00+02:00,9\n")
    assert page.table.num_rows == 20
    assert column(page)[-1] == 9
    assert page.notes == ("1 rows were left out: a later one has the same station and time.",)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("2024-06-31T06:00:00Z,1", "time"),
        ("yesterday,1", "time"),
        (",1", "time"),
        ("2024-06-01T06:00:00Z,high", "stage"),
        ("2024-06-01T06:00:00Z,inf", "stage"),
        ("2024-06-01T06:00:00Z,1e999", "stage"),
        ("2024-06-01T06:00:00Z,1,2", ""),
        ("2024-06-01T06:00:00Z", ""),
    ],
)
def test_f_13_a_bad_row_is_rejected_and_the_others_kept(line: str, field: str) -> None:
    lines = ROWS.splitlines()
    page = read("\n".join([*lines[:5], line, *lines[5:]]) + "\n")
    assert [(row.row, row.field) for row in page.rejected] == [(4, field)]
    assert page.table.num_rows == 20


def test_f_13_with_more_bad_rows_nothing_is_kept() -> None:
    with pytest.raises(PageRefusedError, match="2 of 22 rows"):
        read(ROWS + "a,1\nb,1\n")


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ("time,level\n2024-05-01,1\n", URL),
        ("when,stage\n2024-05-01,1\n", URL),
        ("time,stage,stage\n2024-05-01,1,2\n", URL),
        (b"time,stage\n2024-05-01,1\xff\n", URL),
        ('{"time":"2024-05-01","level":1}\n', "https://x.example/a.ndjson"),
        (packed(time=["2024-05-01"], level=[1]), "https://x.example/a.parquet"),
        (packed(time=[1], stage=[1]), "https://x.example/a.parquet"),
        (packed(time=["2024-05-01"], stage=[[1]]), "https://x.example/a.parquet"),
        (b"PAR1 and then something else", "https://x.example/a.parquet"),
        ("time,stage\n2024-05-01,1\n", "https://x.example/a.parquet"),
    ],
)
def test_f_14_a_column_gone_or_another_format_is_drift(body: str | bytes, location: str) -> None:
    with pytest.raises(SchemaDriftError):
        read(body, location=location)


@pytest.mark.parametrize("body", ["", "\n", "<!DOCTYPE html><html>Sorry</html>"])
def test_f_10_nothing_or_a_web_page_is_an_outage(body: str) -> None:
    with pytest.raises(ProviderUnavailableError):
        read(body)


def test_a_table_without_rows_has_none() -> None:
    assert read("time,stage\n").table.num_rows == 0


def test_columns_that_nobody_asks_for_may_be_anything() -> None:
    page = read("time,x,x,stage\n2024-05-01,a,b,1\n")
    assert (column(page), column(page, "timestamp")) == ([1], [datetime(2024, 5, 1, tzinfo=UTC)])


@settings(max_examples=40, deadline=None)
@given(
    st.binary() | st.text('"\n,09-.:TZtimestage{}').map(lambda text: (ROWS + text).encode()),
    st.sampled_from(["csv", "ndjson", "parquet"]),
)
def test_no_body_raises_anything_but_our_own_errors(body: bytes, kind: str) -> None:
    try:
        page = read(body, format=kind)
    except PlatformError:
        return
    assert page.table.column_names[:2] == ["station", "timestamp"]


def test_there_is_no_end_to_what_a_table_may_cover() -> None:
    assert planned(TABLE, BASE)[0].window.start == date(1970, 1, 1)
