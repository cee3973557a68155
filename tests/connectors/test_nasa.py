"""The products of NASA POWER: what is asked, and what an answer holds."""

from datetime import date
from typing import Any

import pytest

from connectors.base import (
    Place,
    Request,
    Window,
)
from connectors.providers.nasa.units import cf_unit
from connectors.providers.nasa.variables import INTERVALS, RADIATION_UNITS, variables_of
from connectors.registry import connectors
from datastream.core import clock
from datastream.core.errors import (
    InvalidInputError,
)
from datastream.core.units import conversion
from tests.connectors.reading import planned

NASA = connectors["nasa"]
TODAY = date(2026, 7, 1)
WEEK: dict[str, Any] = {
    "latitude": 45.0,
    "longitude": -75.0,
    "parameters": ["T2M"],
    "start": "2024-01-01",
    "end": "2024-01-07",
}
BOX = {"latitude_min": 50, "latitude_max": 52, "longitude_min": 8, "longitude_max": 10}
NORMALS: dict[str, Any] = {**BOX, "parameters": ["T2M"]}
HESSE: dict[str, Any] = {**NORMALS, "start": "2024-01-01", "end": "2024-01-07"}


def plan(product: str = "", **parameters: Any) -> list[Request]:
    return planned(NASA.product(product), parameters)


def asked(product: str = "", **changed: Any) -> Request:
    (request,) = plan(product, **(WEEK | changed))
    return request


# What is asked


def test_the_default_product_is_the_daily_one() -> None:
    assert NASA.product().name == "daily"


def test_a_week_of_a_point_is_one_request_with_everything_said() -> None:
    request = asked()
    assert request.path == "api/temporal/daily/point"
    assert request.params == {
        "parameters": "T2M",
        "community": "AG",
        "latitude": "45",
        "longitude": "-75",
        "start": "20240101",
        "end": "20240107",
        "format": "JSON",
        "time-standard": "UTC",
        "user": "DataStreamPro",
    }
    assert request.place == Place("45N75W")


def test_all_years_and_parameters_of_a_place_are_one_request() -> None:
    request = asked(start="1981-01-01", end="2025-12-31", parameters=[f"P{n}" for n in range(20)])
    assert (request.params["start"], request.params["end"]) == ("19810101", "20251231")


def test_more_than_twenty_parameters_are_several_requests() -> None:
    names = [f"P{n}" for n in range(45)]
    requests = plan(**(WEEK | {"parameters": names}))
    assert [r.params["parameters"] for r in requests] == [
        ",".join(names[:20]), ",".join(names[20:40]), ",".join(names[40:]),
    ]  # fmt: skip
    places = [r.place for r in requests]
    assert places == [
        Place("45N75W", "P0 and 19 more"),
        Place("45N75W", "P20 and 19 more"),
        Place("45N75W", "P40 and 4 more"),
    ]


def test_more_than_fifteen_parameters_are_several_requests_by_the_hour() -> None:
    requests = plan("hourly", **(WEEK | {"parameters": [f"P{n}" for n in range(16)]}))
    assert [len(str(r.params["parameters"]).split(",")) for r in requests] == [15, 1]


def test_hours_are_asked_for_in_parts_that_fit_the_memory() -> None:
    years = WEEK | {"start": "2001-01-01", "end": "2020-12-31"}
    assert len(plan("hourly", **years)) == 1
    requests = plan("hourly", **(years | {"parameters": [f"P{n}" for n in range(15)]}))
    assert len(requests) == 10
    assert all(r.window.days <= 731 for r in requests)


def test_a_box_is_asked_for_with_hyphens_and_one_parameter_at_a_time() -> None:
    requests = plan("monthly-region", **BOX, parameters=["T2M", "PS"], start="2022-01-01")
    assert [r.params["parameters"] for r in requests] == ["T2M", "PS"]
    assert requests[0].path == "api/temporal/monthly/regional"
    sides = {k: v for k, v in requests[0].params.items() if k.startswith(("lat", "lon"))}
    assert sides == {
        "latitude-min": "50", "latitude-max": "52", "longitude-min": "8", "longitude-max": "10",
    }  # fmt: skip
    assert requests[0].place == Place("50N8E..52N10E", "T2M")


def test_days_of_a_box_are_asked_for_by_the_year() -> None:
    requests = plan("daily-region", **BOX, parameters=["T2M"], start="2019-12-30", end="2021-01-02")
    assert [r.params["start"] for r in requests] == ["20191230", "20200101", "20210101"]


def test_months_are_asked_for_by_years() -> None:
    request = asked("monthly", start="2019-05-01", end="2023-02-28")
    assert (request.params["start"], request.params["end"]) == ("2019", "2023")


def test_months_of_the_present_year_are_not_asked_for() -> None:
    year = clock.now().year
    monthly = NASA.product("monthly")
    parameters = monthly.check(WEEK)
    (place,) = monthly.places(parameters)
    window = Window(date(year - 2, 5, 1), date(year, 3, 1))
    (request,) = monthly.requests(parameters, place, window)
    assert request.params["end"] == str(year - 1)
    assert request.window.end == date(year, 1, 1)
    assert monthly.requests(parameters, place, Window(date(year, 1, 1), date(year, 3, 1))) == []


def test_the_last_complete_year_of_months_is_always_asked_for_again() -> None:
    assert NASA.product("monthly").lookback_days == 366 + 90
    assert NASA.product("daily").lookback_days == 90


def test_a_climatology_has_no_days_to_ask_for() -> None:
    (request,) = plan("climatology", latitude=-89.5, longitude=-179.5, parameters=["T2M"])
    assert not {"start", "end"} & set(request.params)
    assert request.params["time-standard"] == "LST"


def test_several_points_are_several_places_each_once() -> None:
    points = [
        {"latitude": 50.11, "longitude": 8.68},
        {"latitude": -33.9, "longitude": 18.4},
        {"latitude": 50.110001, "longitude": 8.68},
        {"latitude": -0.00001, "longitude": 0},
    ]
    requests = plan(points=points, parameters=["T2M"], start="2024-01-01")
    assert [r.station for r in requests] == ["50.11N8.68E", "33.9S18.4E", "0N0E"]
    assert requests[1].params["latitude"] == "-33.9"


def test_what_a_user_gave_is_kept_with_its_community_and_time_standard() -> None:
    settled = NASA.product().check(WEEK)
    assert settled == WEEK | {"community": "AG", "time_standard": "UTC"}


@pytest.mark.parametrize("product", ["monthly", "climatology", "climatology-region"])
def test_months_are_those_of_local_solar_time_unless_the_user_says(product: str) -> None:
    told: dict[str, Any] = {"parameters": ["T2M"]}
    told |= BOX if product.endswith("region") else {"latitude": 45.0, "longitude": -75.0}
    told |= {"start": "2023-01-01"} if product == "monthly" else {}
    found = NASA.product(product)
    assert found.check(told)["time_standard"] == "LST"
    assert found.check(found.check(told | {"time_standard": "UTC"}))["time_standard"] == "UTC"


@pytest.mark.parametrize(
    ("product", "standard", "code"),
    [
        ("", "UTC", "45N75W"),
        ("", "LST", "45N75W-LST"),
        ("monthly", "LST", "45N75W"),
        ("monthly", "UTC", "45N75W-UTC"),
    ],
)
def test_a_station_says_a_time_standard_that_is_not_the_usual_one(
    product: str, standard: str, code: str
) -> None:
    request = asked(product, time_standard=standard)
    assert (request.station, request.params["latitude"]) == (code, "45")


def test_corrections_are_asked_for_once_and_together() -> None:
    names = [f"P{n}" for n in range(21)]
    corrected = {"site_elevation": 120.5, "wind_elevation": 50, "wind_surface": "vegtype_1"}
    first, second = plan(**(WEEK | {"parameters": names} | corrected))
    told = {k: first.params[k] for k in ("site-elevation", "wind-elevation", "wind-surface")}
    assert told == {
        "site-elevation": "120.5", "wind-elevation": "50", "wind-surface": "vegtype_1",
    }  # fmt: skip
    assert "site-elevation" not in second.params


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in WEEK.items() if name not in names}


@pytest.mark.parametrize(
    ("product", "parameters", "named"),
    [
        ("", WEEK | {"latitude": 945.0}, {"latitude"}),
        ("", WEEK | {"longitude": -181}, {"longitude"}),
        ("", WEEK | {"latitude": "45"}, {"latitude"}),
        ("", WEEK | {"latitude": float("nan")}, {"points"}),
        ("", without("latitude"), {"latitude"}),
        ("", without("latitude", "longitude"), {"latitude", "longitude"}),
        ("", WEEK | {"points": [{"latitude": 1, "longitude": 1}]}, {"points"}),
        ("", without("latitude", "longitude") | {"points": [{"latitude": 1}]}, {"points"}),
        ("", without("parameters"), {"parameters"}),
        ("", WEEK | {"parameters": []}, {"parameters"}),
        ("", WEEK | {"parameters": ["T2M", "T2M"]}, {"parameters"}),
        ("", WEEK | {"parameters": ["t2m"]}, {"parameters"}),
        ("", WEEK | {"parameters": ["T2M,PS"]}, {"parameters"}),
        ("", WEEK | {"parameters": ["PRECTOT"]}, {"parameters"}),
        ("", without("start"), {"start"}),
        ("", WEEK | {"start": "20240101"}, {"start"}),
        ("", WEEK | {"start": "1980-12-31"}, {"start"}),
        ("", WEEK | {"end": "2023-12-31"}, {"end"}),
        ("", WEEK | {"community": "XX"}, {"community"}),
        ("", WEEK | {"time_standard": "GMT"}, {"time_standard"}),
        # POWER takes these for nothing, and answers with something else than was meant.
        ("", WEEK | {"time-standard": "UTC", "comunity": "AG"}, {"time-standard", "comunity"}),
        ("", WEEK | {"wind_elevation": 50}, {"wind_surface"}),
        ("", WEEK | {"wind_elevation": 5, "wind_surface": "vegtype_1"}, {"wind_elevation"}),
        ("hourly", WEEK | {"start": "2000-12-31"}, {"start"}),
        ("hourly", WEEK | {"time_standard": "LST"}, {"time_standard"}),
        ("hourly", WEEK | {"parameters": ["T2M_MAX", "GWETTOP"]}, {"parameters"}),
        ("climatology", WEEK, {"start", "end"}),
        ("monthly-region", WEEK | BOX, {"latitude", "longitude"}),
        ("climatology-region", NORMALS | {"latitude_max": 51.9}, {"latitude_max"}),
        ("climatology-region", NORMALS | {"longitude_max": 18.1}, {"longitude_max"}),
        ("climatology-region", NORMALS | {"latitude_max": 48}, {"latitude_max"}),
        ("climatology-region", NORMALS | {"latitude_min": -91}, {"latitude_min"}),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(
    product: str, parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        NASA.product(product).check(parameters)
    assert set(caught.value.details) == named


def test_the_old_name_of_the_precipitation_is_told_its_new_one() -> None:
    with pytest.raises(InvalidInputError) as caught:
        NASA.product().check(WEEK | {"parameters": ["PRECTOT"]})
    assert "PRECTOTCORR" in caught.value.details["parameters"][0]


# Units and variables


@pytest.mark.parametrize("temporal", list(INTERVALS))
def test_every_unit_is_one_that_the_platform_converts(temporal: str) -> None:
    units = {one.unit for one in variables_of(temporal).values()} | RADIATION_UNITS
    assert all(conversion(unit, unit).unit == unit for unit in units)
    assert conversion("kW h m-2 d-1", "MJ m-2 d-1").factor == conversion("3.6", "1").factor


def test_units_are_read_whatever_their_case_and_blanks() -> None:
    told = ["c", " mm / day ", "KW-HR/M^2/DAY", "W m-2 x 40", "dimensionless"]
    assert [cf_unit(text) for text in told] == [
        "degC", "mm d-1", "kW h m-2 d-1", "1", "1",
    ]  # fmt: skip
