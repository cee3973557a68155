"""The products of NASA POWER: what an answer holds."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, PageRefusedError, Request, SchemaDriftError, Station
from datastream.core.errors import PlatformError, ProviderRefusedError, ProviderUnavailableError
from tests.connectors.reading import answer
from tests.connectors.test_nasa import HESSE, NASA, asked, plan

UNITS = {
    "T2M": "C", "T2M_MAX": "C", "PRECTOTCORR": "mm/day", "PS": "kPa", "RH2M": "%", "QV2M": "g/kg",
    "WS10M": "m/s", "WD10M": "Degrees", "GWETTOP": "1", "ALLSKY_SFC_SW_DWN": "MJ/m^2/day",
}  # fmt: skip
Series = Mapping[str, Mapping[str, Any]]


def feature(series: Series, longitude: float = -75.0, latitude: float = 45.0) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude, 84.31]},
        "properties": {"parameter": series},
    }


def body(series: Series, *, units: Mapping[str, str] = UNITS, **header: Any) -> dict[str, Any]:
    """An answer at a point, in the documented form."""
    return {
        **feature(series),
        "header": {
            "title": "NASA/POWER Source Native Resolution Daily Data",
            "sources": ["MERRA2"],
            "fill_value": -999.0,
            "time_standard": "UTC",
        }
        | header,
        "messages": [],
        "parameters": {
            name: {"units": units[name], "longname": f"{name} in words"} for name in series
        },
        "times": {"data": 0.127, "process": 0.01},
    }


def read(content: Any, request: Request | None = None, product: str = "", **headers: str) -> Page:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    told = answer(raw, "application/json", **headers)
    return NASA.product(product).parse(request or asked(product), told)


def values(page: Page, name: str = "T2M") -> dict[str, Any]:
    days = page.table["timestamp"].to_pylist()
    return {f"{day:%Y-%m-%d}": v for day, v in zip(days, page.table[name].to_pylist(), strict=True)}


# What an answer holds


def test_a_day_is_its_midnight_and_the_station_lies_at_the_elevation_of_its_cell() -> None:
    page = read(body({"T2M": {"20240101": 5.68, "20240102": -6.24}}))
    assert values(page) == {"2024-01-01": 5.68, "2024-01-02": -6.24}
    assert page.stations == (Station("45N75W", "", 45.0, -75.0, 84.31),)
    assert set(page.table["station"].to_pylist()) == {"45N75W"}


@pytest.mark.parametrize("fill", [-999.0, -999, -99.0, -99])
def test_a_fill_value_is_no_value(fill: float) -> None:
    page = read(body({"T2M": {"20240101": fill, "20240102": 1.5}}))
    assert values(page) == {"2024-01-02": 1.5}


def test_the_fill_value_is_what_the_header_says() -> None:
    series = {"T2M": {"20240101": -8888.0, "20240102": 1.5}}
    assert values(read(body(series, fill_value=-8888))) == {"2024-01-02": 1.5}


def test_days_that_are_yet_to_come_give_no_rows_and_no_station() -> None:
    page = read(body({"T2M": dict.fromkeys(["20240101", "20240102"], -999.0)}))
    assert (page.table.num_rows, page.stations, page.rejected) == (0, (), ())


def test_an_answer_may_end_early_and_its_series_apart() -> None:
    request = asked(parameters=["T2M", "ALLSKY_SFC_SW_DWN"])
    series = {
        "T2M": {"20240101": 1.0, "20240102": 2.0},
        "ALLSKY_SFC_SW_DWN": {"20240101": 5.5},
    }
    page = read(body(series), request)
    assert values(page) == {"2024-01-01": 1.0, "2024-01-02": 2.0}
    assert page.table["ALLSKY_SFC_SW_DWN"].to_pylist() == [5.5, None]


def test_units_are_those_of_the_answer_in_the_spelling_of_cf() -> None:
    names = list(UNITS)
    page = read(body({name: {"20240101": 0.5} for name in names} | {"PS": {"20240101": 99.5}}),
                asked(parameters=names))  # fmt: skip
    units = {one.name: one.unit for one in page.variables}
    assert units == {
        "T2M": "degC", "T2M_MAX": "degC", "PRECTOTCORR": "mm d-1", "PS": "kPa", "RH2M": "%",
        "QV2M": "g kg-1", "WS10M": "m s-1", "WD10M": "degree", "GWETTOP": "1",
        "ALLSKY_SFC_SW_DWN": "MJ m-2 d-1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("product", "community", "told", "unit"),
    [
        ("daily", "AG", "MJ/m^2/day", "MJ m-2 d-1"),
        ("daily", "RE", "kW-hr/m^2/day", "kW h m-2 d-1"),
        ("hourly", "SB", "Wh/m^2", "W h m-2"),
        ("hourly", "AG", "MJ/hr", "MJ h-1"),
        ("daily", "AG", "W/m^2", "W m-2"),
    ],
)
def test_the_unit_of_sunshine_is_that_of_the_community(
    product: str, community: str, told: str, unit: str
) -> None:
    name = "ALLSKY_SFC_SW_DWN"
    request = asked(product, parameters=[name], community=community)
    stamp = "2024010112" if product == "hourly" else "20240101"
    (variable,) = read(body({name: {stamp: 4.5}}, units={name: told}), request, product).variables
    assert variable.unit == unit
    assert f"community {community}; in UTC" in variable.description


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("T2M", "K"),
        ("T2M", "F"),
        ("PS", "hPa"),
        ("PRECTOTCORR", "mm/hour"),
        ("ALLSKY_SFC_SW_DWN", "C"),
        ("T2M", ""),
        ("SOMETHING_NEW", "furlongs/fortnight"),
    ],
)
def test_another_unit_is_a_drift(name: str, unit: str) -> None:
    with pytest.raises(SchemaDriftError):
        read(body({name: {"20240101": 99.0}}, units={name: unit}), asked(parameters=[name]))


def test_values_that_cannot_be_in_their_unit_are_a_drift() -> None:
    hectopascal = {"PS": {f"202401{day:02d}": 990.0 + day for day in range(1, 8)}}
    with pytest.raises(SchemaDriftError, match="not possible in kPa"):
        read(body(hectopascal), asked(parameters=["PS"]))


def test_a_parameter_that_we_do_not_know_comes_with_its_unit_and_words() -> None:
    page = read(
        body({"CLOUD_AMT": {"20240101": 55.0}}, units={"CLOUD_AMT": "%"}),
        asked(parameters=["CLOUD_AMT"]),
    )
    (variable,) = page.variables
    assert (variable.unit, variable.interval) == ("%", "P1D")
    assert variable.description == "CLOUD_AMT in words (community AG; in UTC)."


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {}},
        {"parameters": None},
        {"parameters": {"T2M": {}}},
        {"properties": {"parameter": {}}},
        {"properties": {}},
        {"geometry": {"type": "Point", "coordinates": [-75.0]}},
        {"geometry": {"type": "Point", "coordinates": [45.0, -75.0, 84.31]}},
        {"header": []},
        {"header": {"fill_value": "none", "time_standard": "UTC"}},
        {"header": {"fill_value": -999.0, "time_standard": "LST"}},
    ],
)
def test_what_is_not_as_documented_is_a_drift(change: dict[str, Any]) -> None:
    with pytest.raises(SchemaDriftError):
        read(body({"T2M": {"20240101": 5.68}}) | change)


def test_an_old_answer_without_a_time_standard_is_read_and_noted() -> None:
    content = body({"T2M": {"20240101": 5.68}}, sources=["merra2"])
    del content["header"]["time_standard"]
    page = read(content)
    assert page.table.num_rows == 1
    assert page.notes == ("The answer does not say its time standard; it was asked for in UTC.",)


def test_messages_become_notes() -> None:
    content = body({"T2M": {"20240101": 5.68}}) | {"messages": ["The period was cut.", "Twice."]}
    assert read(content).notes == ("The period was cut.", "Twice.")


def test_hours_are_the_start_of_the_hour_in_utc() -> None:
    series = {"T2M": {"2024010100": 1.0, "2024010123": 2.0}}
    page = read(body(series), asked("hourly"), "hourly")
    assert page.table["timestamp"].to_pylist() == [
        datetime(2024, 1, 1, 0, tzinfo=UTC),
        datetime(2024, 1, 1, 23, tzinfo=UTC),
    ]


def test_the_thirteenth_month_is_left_out() -> None:
    series = {"T2M": {"202301": 3.24, "202312": 3.84, "202313": 11.77}}
    request = asked("monthly", start="2023-01-01", end="2023-12-31")
    page = read(body(series, time_standard="LST"), request, "monthly")
    assert values(page) == {"2023-01-01": 3.24, "2023-12-01": 3.84}
    assert page.rejected == ()


def test_of_whole_years_only_the_months_of_the_window_are_kept() -> None:
    series = {"T2M": {f"2023{month:02d}": float(month) for month in range(1, 14)}}
    request = asked("monthly", start="2023-03-15", end="2023-05-01")
    assert list(values(read(body(series, time_standard="LST"), request, "monthly")).values()) == [
        3.0,
        4.0,
        5.0,
    ]


def test_a_climatology_is_twelve_points_of_a_nominal_year() -> None:
    names = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    series = {"T2M": {name: float(n) for n, name in enumerate([*names, "ANN"], 1)}}
    (request,) = plan("climatology", latitude=45.0, longitude=-75.0, parameters=["T2M"])
    period = "20-year Climatologies (2001 - 2020)"
    page = read(body(series, range=period, time_standard="LST"), request, "climatology")
    assert values(page) == {f"2001-{month:02d}-01": float(month) for month in range(1, 13)}
    assert period in page.variables[0].description


def region(*features: dict[str, Any], standard: str = "UTC") -> Page:
    (request,) = plan("daily-region", **HESSE, time_standard=standard)
    content = body({"T2M": {}}, time_standard=standard) | {
        "type": "FeatureCollection",
        "features": list(features),
    }
    del content["geometry"], content["properties"]
    return read(content, request, "daily-region")


def test_each_cell_of_a_box_is_a_station() -> None:
    page = region(
        feature({"T2M": {"20240101": 2.98, "20240102": 3.04}}, 8.125, 50.0),
        feature({"T2M": {"20240101": 3.24}}, 8.75, 50.0),
    )
    assert [station.code for station in page.stations] == ["50N8.125E", "50N8.75E"]
    assert page.table["station"].to_pylist() == ["50N8.125E", "50N8.125E", "50N8.75E"]
    assert page.table["T2M"].to_pylist() == [2.98, 3.04, 3.24]


def test_cells_of_local_solar_time_are_others_than_those_of_utc() -> None:
    page = region(feature({"T2M": {"20240101": 2.98}}, 8.125, 50.0), standard="LST")
    assert [station.code for station in page.stations] == ["50N8.125E-LST"]


@pytest.mark.parametrize("place", [(50.0, 8.125), (8.125, 53.5), (12.5, 50.0), (-8.125, 50.0)])
def test_a_cell_that_lies_outside_of_the_box_is_a_drift(place: tuple[float, float]) -> None:
    with pytest.raises(SchemaDriftError, match="not in the box"):
        region(feature({"T2M": {"20240101": 2.98}}, *place))


def test_a_collection_that_does_not_say_so_is_read_all_the_same() -> None:
    """The recorded one begins with `features`."""
    (request,) = plan("daily-region", **HESSE)
    content = body({"T2M": {}}) | {"features": [feature({"T2M": {"20240101": 3.24}}, 8.75, 50.0)]}
    del content["geometry"], content["properties"], content["type"]
    assert read(content, request, "daily-region").table.num_rows == 1


def test_a_cell_that_comes_twice_is_a_drift() -> None:
    cell = feature({"T2M": {"20240101": 2.98}}, 8.125, 50.0)
    with pytest.raises(SchemaDriftError, match="twice"):
        region(cell, cell)


def test_an_empty_box_has_no_rows() -> None:
    assert region().table.num_rows == 0


# Rows that cannot be read


def month_of(**changed: Any) -> dict[str, Any]:
    return {"T2M": {f"202401{day:02d}": float(day) for day in range(1, 31)} | changed}


MONTH = {"end": "2024-01-30"}


@pytest.mark.parametrize("value", ["warm", "", [1], {"a": 1}, "1e9999", "5,6"])
def test_a_bad_value_is_listed_and_ends_nothing(value: Any) -> None:
    page = read(body(month_of(**{"20240105": value})), asked(**MONTH))
    assert page.table.num_rows == 29
    assert [(row.row, row.field) for row in page.rejected] == [(4, "T2M")]


@pytest.mark.parametrize("stamp", ["20240230", "2024011", "2024-01-31", "202401011", "ANN", "x"])
def test_a_stamp_that_is_no_day_is_listed(stamp: str) -> None:
    page = read(body(month_of(**{stamp: 1.0})), asked(**MONTH))
    rows = 0 if stamp == "ANN" else 1
    assert (page.table.num_rows, len(page.rejected)) == (30, rows)


def test_the_thirtieth_of_february_is_not_the_first_of_march() -> None:
    series = {f"202403{day:02d}": 1.0 for day in range(2, 30)} | {"20240230": 2.0}
    page = read(body({"T2M": series}), asked(start="2024-02-01", end="2024-03-31"))
    assert (page.table.num_rows, page.rejected[0].message[:10]) == (28, "Not a date")


def test_a_day_that_was_not_asked_for_is_listed() -> None:
    page = read(body(month_of(**{"20240131": 1.0})), asked(**MONTH))
    assert (page.table.num_rows, page.rejected[0].message[:10]) == (30, "Not within")


def test_a_page_with_many_bad_rows_is_refused() -> None:
    with pytest.raises(PageRefusedError):
        read(body(month_of(**{"20240105": "x", "20240106": "y"})), asked(**MONTH))


# Answers that are none


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"<html><body>Too Many Requests</body></html>", "text/html"),
        (b"Too Many Requests", "text/plain"),
        (b"", "application/json"),
        (b'{"type":"Feature","geometry":{"type":"Po', "application/json"),
    ],
)
def test_what_is_not_json_is_an_outage(raw: bytes, kind: str) -> None:
    with pytest.raises(ProviderUnavailableError):
        read(raw, asked(), **{"content-type": kind})


@pytest.mark.parametrize(
    "content",
    [
        {"header": "The POWER Daily API failed", "messages": ["One of your parameters: FOO."]},
        {"message": "FOO is wrong"},
        {"detail": [{"loc": ["query", "x"], "msg": "FOO required", "type": "value_error"}]},
        {"errors": ["FOO"]},
    ],
)
def test_a_refusal_with_status_200_is_told_in_nasas_words(content: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefusedError, match="FOO") as caught:
        read(content)
    assert not isinstance(caught.value, SchemaDriftError)


@pytest.mark.parametrize("content", [[], "text", 5, None, {}, {"type": "Topology"}])
def test_json_of_another_shape_is_a_drift(content: Any) -> None:
    with pytest.raises(SchemaDriftError):
        read(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PARTS = ["geometry", "properties", "header", "messages", "parameters", "type", "features"]


@settings(max_examples=60, deadline=None)
@given(part=st.sampled_from(PARTS), content=JSON)
def test_whatever_stands_in_a_part_of_the_answer_the_error_is_one_of_ours(
    part: str, content: Any
) -> None:
    answer = body({"T2M": {"20240101": 5.68}}) | {part: content}
    try:
        page = read(answer)
    except PlatformError:
        return
    assert page.table.num_rows <= 1
