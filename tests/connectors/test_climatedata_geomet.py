"""MSC GeoMet: what is asked, and each of its quirks in pages, rows and values."""

import json
import math
from datetime import date

import pytest

from connectors.base import PageRefusedError, SchemaDriftError, Window
from connectors.providers.climatedata_ca.geomet import WIRE_NAMES
from datastream.core.errors import InvalidInputError, ProviderUnavailableError
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

GEOMET = ["climate-daily", "climate-monthly", "climate-hourly", "climate-stations",
          "ahccd-monthly", "ahccd-seasonal", "ahccd-annual"]  # fmt: skip


# What is asked


def test_climate_daily_is_the_default() -> None:
    assert CANADA.product().name == "climate-daily"


def test_daily_values_are_asked_for_27_years_at_a_time() -> None:
    _, requests = ask("climate-daily", "1950-01-01", "2025-12-31")
    assert [(r.window.start.year, r.window.last_day.year) for r in requests] == [
        (1950, 1976), (1977, 2003), (2004, 2025),
    ]  # fmt: skip
    assert all(request.window.days <= 10_000 for request in requests)


def test_hourly_values_are_asked_for_a_year_at_a_time_with_a_day_more_on_both_sides() -> None:
    _, requests = ask("climate-hourly", "2019-12-31", "2020-12-31")
    assert [request.params["datetime"] for request in requests] == [
        "2019-12-30/2020-01-01", "2019-12-31/2021-01-01",
    ]  # fmt: skip


def test_a_request_names_form_order_size_and_fields() -> None:
    _, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31", variables=["TOTAL_SNOW"])
    assert request.path == "collections/climate-daily/items"
    assert request.params == {
        "f": "json",
        "CLIMATE_IDENTIFIER": CODE,
        "datetime": "2024-07-01/2024-07-31",
        "sortby": "LOCAL_DATE",
        "properties": "CLIMATE_IDENTIFIER,STATION_NAME,LOCAL_DATE,TOTAL_SNOW,TOTAL_SNOW_FLAG",
        "limit": "5000",
    }


@pytest.mark.parametrize("name", GEOMET)
def test_only_names_that_geomet_knows_are_sent(name: str) -> None:
    product = CANADA.product(name)
    given = {"stations": [CODE]} | ({"start": "2024-01-01"} if product.is_dated else {})
    settled = product.check(given)
    window = Window(date(2024, 1, 1), date(2024, 3, 1))
    for request in product.requests(settled, product.places(settled)[0], window):
        assert set(request.params) <= WIRE_NAMES
        assert {"f", "sortby", "limit", "properties"} <= set(request.params)


@pytest.mark.parametrize("name", GEOMET)
def test_a_misspelt_parameter_is_refused_by_us(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CANADA.product(name).check({"CLIMATE_IDENTIFER": CODE})
    assert "CLIMATE_IDENTIFER" in caught.value.details


def test_a_code_is_text_of_seven_characters() -> None:
    product = CANADA.product("climate-daily")
    settled = product.check({"station": "101hf66", "start": "2024-01-01"})
    assert settled == {"stations": ["101HF66"], "start": "2024-01-01"}
    for wrong in (1018611, "VICTORIA WEST", "114", "1018611|101HF66"):
        with pytest.raises(InvalidInputError):
            product.check({"station": wrong, "start": "2024-01-01"})


def test_months_are_asked_for_by_those_that_begin_in_the_window() -> None:
    _, (request,) = ask("climate-monthly", "2024-01-15", "2024-04-02")
    assert request.params["datetime"] == "2024-02/2024-04"
    assert ask("climate-monthly", "2024-01-15", "2024-01-31")[1] == []


# Pages


def test_a_full_last_page_has_a_next_link_that_is_not_followed() -> None:
    links = [{"rel": "next", "href": "https://api.weather.gc.ca/x?offset=2"}]
    assert read(day(1), day(2), links=links).next is None


def test_a_page_that_is_not_the_last_is_followed_by_offset() -> None:
    following = read(day(1), day(2), matched=5).next
    assert following is not None
    assert (following.params["offset"], following.page) == ("2", 1)
    product, _ = ask("climate-daily", "2024-07-01", "2024-07-31")
    last = product.parse(following, answer_of(collection(day(3), day(4), day(5), matched=5)))
    assert last.next is None


def test_more_rows_than_a_station_can_have_are_refused() -> None:
    with pytest.raises(SchemaDriftError, match="10,001 rows"):
        read(day(1), matched=10_001)


def test_rows_that_are_promised_and_do_not_come_are_no_end() -> None:
    with pytest.raises(ProviderUnavailableError):
        read(matched=3)
    with pytest.raises(ProviderUnavailableError):
        read(day(1), numberReturned=2)


def test_no_rows_are_no_error() -> None:
    page = read()
    assert (page.table.num_rows, page.stations, page.next) == (0, (), None)


# Rows


def test_rows_of_another_station_stop_everything() -> None:
    with pytest.raises(SchemaDriftError, match="6158355"):
        read(day(1), day(2, CLIMATE_IDENTIFIER="6158355"))


def test_a_filter_that_was_ignored_shows_in_the_days() -> None:
    other = day(1, LOCAL_DATE="1999-01-01 00:00:00")
    with pytest.raises(PageRefusedError):
        read(day(1), other, other | {"LOCAL_DATE": "1999-01-02 00:00:00"})


def test_a_property_may_be_absent_or_null_and_keys_come_in_any_order() -> None:
    page = read(
        {"MAX_REL_HUMIDITY": 90, **day(2)}, dict(reversed(day(1, MIN_TEMPERATURE=None).items()))
    )
    assert values(page, "MEAN_TEMPERATURE") == [16.6, 16.6]
    assert values(page, "MAX_REL_HUMIDITY") == [90.0, None]
    assert "MIN_TEMPERATURE" not in page.table.column_names


def test_properties_that_were_all_renamed_are_drift() -> None:
    with pytest.raises(SchemaDriftError):
        read({"LOCAL_DATE": "2024-07-01 00:00:00", "MEAN_TEMP": 3})


def test_a_renamed_date_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="LOCAL_DATE"):
        read(*({"DATE": "2024-07-01", "MEAN_TEMPERATURE": n} for n in range(3)))


def test_one_bad_row_is_listed_and_the_others_are_kept() -> None:
    page = read(day(1), day(2, MEAN_TEMPERATURE="warm"), day(3, MEAN_TEMPERATURE="17.5"))
    assert values(page, "MEAN_TEMPERATURE") == [16.6, 17.5]
    assert [(row.row, row.field) for row in page.rejected] == [(1, "MEAN_TEMPERATURE")]


def test_the_thirtieth_of_february_is_no_date() -> None:
    page = read(day(1), day(2, LOCAL_DATE="2024-02-30 00:00:00"))
    assert (page.table.num_rows, len(page.rejected)) == (1, 1)


def test_a_row_that_comes_twice_is_taken_once() -> None:
    page = read(day(1), day(1), day(2))
    assert (page.table.num_rows, page.rejected) == (2, ())
    assert page.notes == ("1 repeated rows were left out.",)


def test_of_two_rows_of_a_day_that_differ_the_later_holds() -> None:
    page = read(day(1), day(1, MEAN_TEMPERATURE=9.0), *(day(n) for n in range(2, 25)))
    assert values(page, "MEAN_TEMPERATURE")[0] == 9.0
    assert len(page.rejected) == 1


# Values


def test_units_become_those_of_cf() -> None:
    page = read(
        day(1, DIRECTION_MAX_GUST=26, SPEED_MAX_GUST=36, TOTAL_SNOW=0.7, SNOW_ON_GROUND=13),
        day(2, DIRECTION_MAX_GUST=0, SPEED_MAX_GUST=None, TOTAL_SNOW=1.1),
        day(3, DIRECTION_MAX_GUST=36),
    )
    assert values(page, "DIRECTION_MAX_GUST") == [260.0, None, 360.0]
    assert values(page, "SPEED_MAX_GUST") == [10.0, None, None]
    assert values(page, "TOTAL_SNOW") == [7.0, 11.0, None]
    assert values(page, "SNOW_ON_GROUND") == [130.0, None, None]


def test_values_in_another_unit_are_drift() -> None:
    with pytest.raises(SchemaDriftError, match="degC"):
        read(*(day(n, MEAN_TEMPERATURE=166) for n in range(1, 20)))


def test_minus_9999_9_and_null_are_missing_also_in_one_row() -> None:
    page = read(day(1, MIN_TEMPERATURE=-9999.9, MAX_TEMPERATURE=None), day(2, MIN_TEMPERATURE=4))
    assert values(page, "MIN_TEMPERATURE") == [None, 4.0]
    assert values(page, "MEAN_TEMPERATURE") == [16.6, 16.6]


def test_numbers_that_are_none_become_no_values() -> None:
    body = json.dumps(collection(day(1, MIN_TEMPERATURE=math.nan), day(2))).encode()
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    page = product.parse(request, answer_of(body))
    assert "MIN_TEMPERATURE" not in page.table.column_names
    with_infinity = body.replace(b"NaN", b"1e999")
    assert len(product.parse(request, answer_of(with_infinity)).rejected) == 1


@pytest.mark.parametrize("flag", ["E", "A", "F", "B", "D", "^", "I"])
def test_flags_that_mean_suspect_are_grade_3(flag: str) -> None:
    page = read(day(1, MEAN_TEMPERATURE_FLAG=flag))
    assert metadata(page) == [
        {"flags": {"MEAN_TEMPERATURE": flag}, "quality": {"MEAN_TEMPERATURE": 3}}
    ]


@pytest.mark.parametrize("flag", ["T", "C", "L", "S"])
def test_a_trace_and_what_is_uncertain_are_values_that_pass(flag: str) -> None:
    page = read(day(1, TOTAL_PRECIPITATION=0, TOTAL_PRECIPITATION_FLAG=flag))
    assert values(page, "TOTAL_PRECIPITATION") == [0.0]
    assert metadata(page) == [{"flags": {"TOTAL_PRECIPITATION": flag}}]


@pytest.mark.parametrize("flag", ["M", "N", "Y"])
def test_a_flag_that_means_missing_leaves_no_value(flag: str) -> None:
    page = read(day(1, MIN_TEMPERATURE=0, MIN_TEMPERATURE_FLAG=flag))
    assert "MIN_TEMPERATURE" not in page.table.column_names
    assert metadata(page) == [None]


def test_a_day_without_any_value_is_no_row() -> None:
    page = read(day(1, MEAN_TEMPERATURE=None, MEAN_TEMPERATURE_FLAG="M"), day(2))
    assert page.table.num_rows == 1


def test_the_station_lies_where_its_geometry_is() -> None:
    page = read(day(1, LATITUDE=482600000, LONGITUDE=-1231800000))
    (station,) = page.stations
    assert (station.code, station.name) == (CODE, "VICTORIA")
    assert (station.latitude, station.longitude) == (48.4133, -123.3247)
