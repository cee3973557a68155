"""GLOBE: what is asked, and how its records become points."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.base import PageRefusedError, Rejected, Request
from datastream.core.errors import (
    InvalidInputError,
)
from tests.connectors.globe_answers import (
    AIR,
    GLOBE,
    MAY,
    column,
    metadata,
    one,
    read,
    request_of,
    temperatures,
)
from tests.connectors.reading import planned


def test_air_temps_is_what_globe_gives_unless_told_otherwise() -> None:
    assert GLOBE.product().name == "air_temps"


def test_a_request_names_the_country_the_last_day_and_capitals() -> None:
    request = request_of()
    assert request.path == "protocol/measureddate/country/"
    assert request.params == {
        "protocols": "air_temps", "startdate": "2025-05-01", "enddate": "2025-05-31",
        "geojson": "FALSE", "sample": "FALSE", "from": "0", "size": "500", "countrycode": "KEN",
    }  # fmt: skip


def test_there_is_one_request_a_month_and_country() -> None:
    parameters = {"countries": ["KEN", "CAN"], "start": "2024-12-30", "end": "2025-02-01"}
    assert [
        (r.station, r.params["startdate"], r.params["enddate"]) for r in planned(AIR, parameters)
    ] == [
        ("KEN", "2024-12-30", "2024-12-31"),
        ("KEN", "2025-01-01", "2025-01-31"),
        ("KEN", "2025-02-01", "2025-02-01"),
        ("CAN", "2024-12-30", "2024-12-31"),
        ("CAN", "2025-01-01", "2025-01-31"),
        ("CAN", "2025-02-01", "2025-02-01"),
    ]


def edges(request: Request) -> tuple[float, ...]:
    names = ("minlon", "minlat", "maxlon", "maxlat")
    return tuple(float(str(request.params[name])) for name in names)


def test_a_box_is_asked_for_by_its_edges() -> None:
    (request,) = planned(AIR, {"bbox": [39, -5, 40.25, -4], "start": "2025-05-01",
                               "end": "2025-05-31"})  # fmt: skip
    assert request.path == "protocol/measureddate/lat/lon/"
    assert edges(request) == (39, -5, 40.25, -4)
    assert "countrycode" not in request.params


def test_a_box_across_the_antimeridian_is_two_places() -> None:
    parameters = {"bbox": [179, -18, -179, -16], "start": "2025-05-01", "end": "2025-05-02"}
    west, east = planned(AIR, parameters)
    assert (edges(west), edges(east)) == ((179, -18, 180, -16), (-180, -18, -179, -16))
    assert west.place != east.place


def test_a_circle_is_asked_for_by_the_box_around_it() -> None:
    circle = {"latitude": 60.0, "longitude": 10.0, "distance_km": 111.195}
    (request,) = planned(AIR, {**circle, "start": "2025-05-01", "end": "2025-05-02"})
    west, south, east, north = edges(request)
    # A degree of latitude is 111.195 km; at 60° one of longitude is half as long.
    assert [south, north] == pytest.approx([59, 61], abs=1e-3)
    assert [west, east] == pytest.approx([8, 12], abs=1e-2)
    assert request.told == {"circle": [60.0, 10.0, 111.195]}


def test_a_circle_across_the_antimeridian_is_two_places() -> None:
    circle = {"latitude": -16.8, "longitude": 179.9, "distance_km": 50}
    west, east = planned(AIR, {**circle, "start": "2025-05-01", "end": "2025-05-02"})
    assert (edges(west)[2], edges(east)[0]) == (180, -180)
    assert edges(east)[2] < -179
    assert west.place != east.place


def test_a_circle_around_a_pole_has_all_longitudes() -> None:
    circle = {"latitude": 89.9, "longitude": 0, "distance_km": 50}
    (request,) = planned(AIR, {**circle, "start": "2025-05-01", "end": "2025-05-02"})
    assert edges(request)[0::2] == (-180, 180)
    assert edges(request)[3] == 90


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"start": "2025-05-01"}, {"countries"}),
        ({**MAY, "country": "KE"}, {"country"}),
        ({**MAY, "country": "Kenya"}, {"country"}),
        ({**MAY, "countries": ["CAN"]}, {"countries"}),
        ({**MAY, "bbox": [1, 2, 3, 4]}, {"countries"}),
        ({"bbox": [1, 2, 3], "start": "2025-05-01"}, {"bbox"}),
        ({"bbox": [1, 4, 3, 2], "start": "2025-05-01"}, {"bbox"}),
        ({"bbox": [1, 2, 3, 91], "start": "2025-05-01"}, {"bbox"}),
        ({"latitude": 1, "longitude": 2, "start": "2025-05-01"}, {"countries"}),
        ({"latitude": 1, "longitude": 2, "distance_km": 0, "start": "2025-05-01"}, {"distance_km"}),
        ({**MAY, "countrycode": "KEN", "contry": "x"}, {"countrycode", "contry"}),
        ({"country": "KEN"}, {"start"}),
        ({**MAY, "start": "1994-12-31"}, {"start"}),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], named: set[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        AIR.check(parameters)
    assert set(caught.value.details) == named


def test_settled_parameters_settle_to_the_same() -> None:
    settled = AIR.check({**MAY, "country": "ken"})
    assert settled["countries"] == ["KEN"]
    assert "country" not in settled
    assert AIR.check(settled) == settled


# What an answer holds


def test_measured_at_is_utc_and_the_solar_time_is_not() -> None:
    made = one(CurrentTemp=43, MeasuredAt="2025-05-14T11:47:00.250")
    assert made["data"]["airtempsSolarMeasuredAt"] != made["data"]["airtempsMeasuredAt"]
    page = read(made)
    assert column(page, "timestamp") == [datetime(2025, 5, 14, 11, 47, 0, 250_000, tzinfo=UTC)]
    assert column(page, "air_temperature") == [43.0]


def test_a_site_is_a_station() -> None:
    (station,) = read(one(CurrentTemp=43)).stations
    assert (station.code, station.name) == ("370205", "outside SSA Building")
    assert (station.latitude, station.longitude) == (-4.02684, 39.7174)
    assert station.elevation_m == 13.2


def test_placeholders_of_positions_are_none() -> None:
    outer = {"latitude": 0, "longitude": 0, "elevation": -9999, "siteName": None}
    (station,) = read(one(outer=outer, CurrentTemp=1)).stations
    assert (station.latitude, station.longitude, station.elevation_m) == (None, None, None)
    (station,) = read(one(outer={"latitude": 12, "elevation": 0}, CurrentTemp=1)).stations
    assert (station.latitude, station.elevation_m) == (12, None)
    (station,) = read(one(outer={"latitude": None}, CurrentTemp=1)).stations
    assert (station.latitude, station.longitude) == (None, None)


def test_midnight_means_that_the_time_is_unknown() -> None:
    page = read(
        one(CurrentTemp=20, MeasuredAt="2025-05-14T00:00:00"),
        one(CurrentTemp=21, MeasuredAt="2025-05-14T00:01:00"),
    )
    assert [said.get("time") for said in metadata(page)] == [{"air_temperature": "unknown"}, None]


def test_without_a_time_it_is_the_date_and_the_time_is_unknown() -> None:
    page = read(one(CurrentTemp=20, MeasuredAt=None))
    assert column(page, "timestamp") == [datetime(2025, 5, 14, tzinfo=UTC)]
    assert metadata(page)[0]["time"] == {"air_temperature": "unknown"}


def test_the_utc_date_may_be_another_than_the_local_one() -> None:
    page = read(one(day=date(2025, 5, 1), CurrentTemp=20, MeasuredAt="2025-04-30T22:10:00"))
    assert column(page, "timestamp") == [datetime(2025, 4, 30, 22, 10, tzinfo=UTC)]
    assert metadata(page)[0]["quality"] == {"air_temperature": 2}


def test_a_time_far_from_its_date_is_suspect() -> None:
    page = read(one(CurrentTemp=20, MeasuredAt="2024-05-14T11:47:00"))
    assert metadata(page)[0]["quality"] == {"air_temperature": 3}


def test_nobody_has_evaluated_a_value_and_an_impossible_one_is_suspect() -> None:
    page = read(*temperatures(43, 61, -90.5))
    assert [said["quality"]["air_temperature"] for said in metadata(page)] == [2, 3, 3]


@pytest.mark.parametrize(
    "missing", [None, "null", "", "  ", "NaN", -99, "-99", -99.0, -9999, "-9999", "-99.00"]
)
def test_marks_for_no_value_are_no_values(missing: Any) -> None:
    page = read(*temperatures(20.5, missing))
    assert column(page, "air_temperature") == [20.5]
    assert (page.rejected, len(page.stations)) == ((), 1)


def test_an_absent_key_is_no_value() -> None:
    assert column(read(*temperatures(20), one()), "air_temperature") == [20]


def test_numbers_come_as_texts_too() -> None:
    page = read(*temperatures("78.1", 20, " 3 ", "1e1", -0.5))
    assert column(page, "air_temperature") == [78.1, 20.0, 3.0, 10.0, -0.5]


@pytest.mark.parametrize("wrong", ["warm", "1_0", "20 C", True, [20], {"temp": 20}, "1e999"])
def test_what_is_no_number_is_rejected_and_the_others_kept(wrong: Any) -> None:
    page = read(*temperatures(*[20] * 20, wrong))
    (rejected,) = page.rejected
    assert (rejected.row, rejected.field) == (20, "airtempsCurrentTemp")
    assert page.table.num_rows == 20


def test_with_more_bad_rows_the_page_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="2 of 12 rows"):
        read(*temperatures(*[20] * 10, "warm", "cold"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"measuredDate": "2025-05-99"}, "measuredDate"),
        ({"measuredDate": None}, "measuredDate"),
        ({"measuredDate": "2025-06-01"}, "measuredDate"),
        ({"siteId": None}, "siteId"),
        ({"siteId": "../x"}, "siteId"),
        ({"protocol": "precipitations"}, "protocol"),
    ],
)
def test_a_record_without_day_site_or_of_another_protocol_is_rejected(
    change: dict[str, Any], field: str
) -> None:
    page = read(*temperatures(20, 21), one(outer=change, CurrentTemp=22))
    assert [(row.row, row.field) for row in page.rejected] == [(2, field)]
    assert page.table.num_rows == 2


def test_what_is_no_record_is_rejected_by_its_number() -> None:
    page = read(temperatures(20)[0], "record", *temperatures(20, 21)[1:])
    assert page.rejected == (Rejected(1, "data", "Not a record with data."),)
    assert page.table.num_rows == 2


def test_categories_and_counts_stay_texts() -> None:
    fields: list[dict[str, Any]] = [
        {"LarvaeCount": "1-25", "WaterSource": "pond", "MosquitoAdults": False},
        {"LarvaeCount": 12, "MosquitoAdults": "true"},
        {"LarvaeCount": "more than 100"},
        {"LarvaeCount": 1e27},
    ]
    records = [
        one("mosquito_habitat_mapper", date(2025, 5, n), **some) for n, some in enumerate(fields, 1)
    ]
    page = read(*records, product="mosquito_habitat_mapper")
    assert column(page, "larvae_count") == ["1-25", "12", "more than 100", "1e+27"]
    assert column(page, "mosquito_adults") == ["false", "true", None, None]


def test_a_cover_of_minus_99_is_no_cover() -> None:
    made = [one("sky_conditions", date(2025, 5, n), CloudCover=cover)
            for n, cover in enumerate(["few", "-99", "obscured"], 1)]  # fmt: skip
    assert column(read(*made, product="sky_conditions"), "cloud_cover") == ["few", "obscured"]


def test_several_quantities_of_a_record_are_one_point() -> None:
    fields: dict[str, Any] = {"CurrentTemp": 20, "MaximumTemp": "25.5", "MinimumTemp": None}
    page = read(one("air_temp_dailies", **fields), product="air_temp_dailies")
    assert page.table.drop_columns(["station", "timestamp", "metadata"]).to_pylist() == [
        {"air_temperature": 20.0, "air_temperature_max": 25.5}
    ]


def test_unknown_fields_are_left_out() -> None:
    page = read(one(CurrentTemp=20, CurrentTempF=68, Aura={"green": [1]}))
    assert page.table.column_names == ["station", "timestamp", "air_temperature", "metadata"]


def test_no_observation_is_no_row() -> None:
    page = read()
    assert (page.table.num_rows, page.stations, page.next, page.notes) == (0, (), None, ())


# Several observations of one site and instant
