"""MSC GeoMet: the quirks of times, homogenized series and stations, and of what is no answer."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.base import Page, SchemaDriftError, Window
from datastream.core.errors import InvalidInputError, ProviderRefusedError, ProviderUnavailableError
from tests.connectors.geomet_answers import (
    CANADA,
    CODE,
    answer_of,
    ask,
    collection,
    day,
    metadata,
    read,
    values,
)
from tests.connectors.reading import planned

# Times


def test_a_daily_value_stays_on_its_date() -> None:
    page = read(day(1))
    assert page.table["timestamp"].to_pylist() == [datetime(2024, 7, 1, tzinfo=UTC)]


def test_hourly_values_are_stored_by_utc_and_those_of_other_days_are_left_out() -> None:
    product, (request,) = ask("climate-hourly", "2024-07-01", "2024-07-01")
    hours = {
        "2024-06-30T23:00:00": "2024-06-30 15:00:00",
        # No daylight saving: midnight of a summer day in Victoria is 08:00 and not 07:00.
        "2024-07-01T08:00:00": "2024-07-01 00:00:00",
        "2024-07-02T00:00:00": "2024-07-01 16:00:00",
    }
    rows = [{"UTC_DATE": utc, "LOCAL_DATE": local, "TEMP": 9.5} for utc, local in hours.items()]
    page = product.parse(request, answer_of(collection(*rows)))
    assert page.table["timestamp"].to_pylist() == [datetime(2024, 7, 1, 8, tzinfo=UTC)]
    assert page.rejected == ()


def test_pressure_and_visibility_of_the_hour_become_hpa_and_m() -> None:
    product, (request,) = ask("climate-hourly", "2024-07-01", "2024-07-01")
    row = {"UTC_DATE": "2024-07-01T08:00:00", "STATION_PRESSURE": 101.32, "VISIBILITY": 16.1,
           "WIND_SPEED": 18, "WIND_DIRECTION": 36}  # fmt: skip
    page = product.parse(request, answer_of(collection(row)))
    kept = [values(page, name)[0] for name in ("STATION_PRESSURE", "VISIBILITY", "WIND_SPEED")]
    assert kept == [1013.2, 16100.0, 5.0]
    assert values(page, "WIND_DIRECTION") == [360.0]


def test_a_calm_comes_from_nowhere() -> None:
    product, (request,) = ask("climate-hourly", "2024-07-01", "2024-07-01")
    row = {"UTC_DATE": "2024-07-01T08:00:00", "WIND_SPEED": 0, "WIND_DIRECTION": 0}
    page = product.parse(request, answer_of(collection(row)))
    assert values(page, "WIND_SPEED") == [0.0]
    assert "WIND_DIRECTION" not in page.table.column_names


def test_a_month_of_few_days_is_suspect() -> None:
    product, (request,) = ask("climate-monthly", "1970-01-01", "1970-02-28")
    rows = [
        {"LOCAL_DATE": "1970-01", "MEAN_TEMPERATURE": -10.2, "DAYS_WITH_VALID_MEAN_TEMP": 25},
        {"LOCAL_DATE": "1970-02", "MEAN_TEMPERATURE": -0.9, "DAYS_WITH_VALID_MEAN_TEMP": 24},
    ]
    page = product.parse(request, answer_of(collection(*rows)))
    assert metadata(page) == [None, {"quality": {"MEAN_TEMPERATURE": 3}}]
    assert values(page, "MEAN_TEMPERATURE") == [-10.2, -0.9]


def test_extremes_of_a_month_are_declared_as_such() -> None:
    variables = CANADA.product("climate-monthly").variables
    assert variables["MAX_TEMPERATURE"].cell_method == "time: maximum"
    assert variables["NORMAL_MEAN_TEMPERATURE"].standard_name == ""


# Homogenized series


def homogenized(name: str, start: str, end: str, *rows: dict[str, Any]) -> Page:
    product, (request,) = ask(name, start, end)
    full = [{"station_id__id_station": CODE, **row} for row in rows]
    return product.parse(request, answer_of(collection(*full)))


def test_homogenized_months_may_come_unsorted_and_have_short_names() -> None:
    page = homogenized(
        "ahccd-monthly", "1981-01-01", "1981-02-28",
        {"date": "1981-02", "temp_mean__temp_moyenne": -2.6, "wind_speed__vitesse_vent": 18,
         "wind_speed_units__vitesse_vent_unites": "kph"},
        {"date": "1981-01", "temp_mean__temp_moyenne": -7.9, "wind_speed__vitesse_vent": -9999.9},
    )  # fmt: skip
    months = [moment.month for moment in page.table["timestamp"].to_pylist()]
    assert dict(zip(months, values(page, "temp_mean"), strict=True)) == {2: -2.6, 1: -7.9}
    assert values(page, "wind_speed") == [5.0, None]


def test_homogenized_extremes_are_means_of_those_of_the_days() -> None:
    methods = {
        one.name: one.cell_method for one in CANADA.product("ahccd-annual").variables.values()
    }
    assert methods["temp_max"] == "time: maximum within days time: mean over days"
    assert methods["temp_min"] == "time: minimum within days time: mean over days"


def test_a_unit_that_is_said_otherwise_is_drift() -> None:
    unit = {"temp_mean_units__temp_moyenne_unites": "F"}
    with pytest.raises(SchemaDriftError, match="is in F"):
        homogenized("ahccd-monthly", "1981-01-01", "1981-01-31",
                    {"date": "1981-01", "temp_mean__temp_moyenne": 40, **unit})  # fmt: skip


def test_the_winter_of_a_year_begins_in_december_of_the_year_before() -> None:
    rows = [
        {"year__annee": 1981, "period_value__valeur_periode": name, "rain__pluie": n}
        for n, name in enumerate(("Fal", "Win", "Smr", "Spr"))
    ]
    page = homogenized("ahccd-seasonal", "1980-12-01", "1981-11-30", *rows)
    firsts = [f"{moment:%Y-%m-%d}" for moment in page.table["timestamp"].to_pylist()]
    assert firsts == ["1981-09-01", "1980-12-01", "1981-06-01", "1981-03-01"]


def test_a_period_nobody_knows_is_a_bad_row() -> None:
    rows = [
        {"year__annee": 1981, "period_value__valeur_periode": name, "rain__pluie": 1}
        for name in ("Ann", "Jan")
    ]
    page = homogenized("ahccd-annual", "1981-01-01", "1981-12-31", *rows)
    assert (page.table.num_rows, len(page.rejected)) == (1, 1)


def test_years_outside_of_the_window_are_left_out_without_a_word() -> None:
    rows = [
        {"year__annee": year, "period_value__valeur_periode": "Ann", "rain__pluie": 900}
        for year in range(1950, 2021)
    ]
    page = homogenized("ahccd-annual", "2001-01-01", "2010-12-31", *rows)
    assert (page.table.num_rows, page.rejected) == (10, ())


# Stations


def stations(parameters: dict[str, Any], *rows: dict[str, Any], **more: Any) -> Page:
    product = CANADA.product("climate-stations")
    (request,) = planned(product, parameters)
    return product.parse(request, answer_of(collection(*rows, **more)))


def test_stations_have_their_geometry_and_their_height_as_a_number() -> None:
    row = {"LATITUDE": 482600000, "LONGITUDE": -1231800000, "ELEVATION": "9.10", "TIMEZONE": "PST"}
    page = stations(
        {"bbox": [-123.4, 48.4, -123.3, 48.45]}, row | {"CLIMATE_IDENTIFIER": "101HF66"}
    )
    (station,) = page.stations
    assert (station.code, station.elevation_m) == ("101HF66", 9.1)
    assert (station.latitude, station.longitude) == (48.4133, -123.3247)
    assert (station.timezone, page.table.num_rows) == ("Etc/GMT+8", 0)


def test_stations_by_code_are_asked_for_together() -> None:
    product = CANADA.product("climate-stations")
    settled = product.check({"stations": ["1018611", "101HF66"]})
    (place,) = product.places(settled)
    (request,) = product.requests(settled, place, Window(date(1970, 1, 1), date(1970, 1, 2)))
    assert request.params["CLIMATE_IDENTIFIER"] == "1018611|101HF66"


@pytest.mark.parametrize(
    ("parameters", "row"),
    [
        ({"stations": ["101HF66"]}, {}),
        ({"province": "ON"}, {"PROV_STATE_TERR_CODE": "BC"}),
        ({"bbox": [-80, 43, -79, 44]}, {}),
    ],
)
def test_stations_that_were_not_asked_for_stop_everything(
    parameters: dict[str, Any], row: dict[str, Any]
) -> None:
    with pytest.raises(SchemaDriftError):
        stations(parameters, row)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"stations": ["1018611"], "province": "BC"},
        {"province": "British Columbia"},
        {"bbox": [-123.3, 48.4, -123.4, 48.45]},
        {"bbox": [-123.3, 48.4]},
        {"station": "1018611", "stations": ["1018611"]},
    ],
)
def test_an_area_or_codes_are_needed(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        CANADA.product("climate-stations").check(parameters)


# Answers that are none


def test_html_is_an_outage_also_with_status_200() -> None:
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    with pytest.raises(ProviderUnavailableError):
        product.parse(request, answer_of(b"<html><body>Gateway</body></html>", "text/html"))


def test_json_that_was_cut_is_not_taken() -> None:
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    body = json.dumps(collection(day(1))).encode()
    with pytest.raises(ProviderUnavailableError):
        product.parse(request, answer_of(body[: len(body) // 2]))


def test_a_refusal_with_status_200_carries_its_words() -> None:
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    body = {"code": "InvalidParameterValue", "description": "bad sortby property"}
    with pytest.raises(ProviderRefusedError, match="bad sortby property"):
        product.parse(request, answer_of(body))


@pytest.mark.parametrize("body", [[], {}, {"type": "FeatureCollection", "features": [1]}, 3])
def test_json_of_another_shape_is_drift(body: Any) -> None:
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    with pytest.raises(SchemaDriftError):
        product.parse(request, answer_of(body))
