import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors.providers.globe
from connectors.base import Page, PageRefusedError, Product, Rejected, Request, SchemaDriftError
from connectors.registry import connectors as registry
from datastream.core.answers import Answer
from datastream.core.errors import (
    InvalidInputError,
    PlatformError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.fakes.globe import OUTAGE, SITES, fields_of, record
from tests.connectors.planned import planned

assert connectors.providers.globe.__doc__
GLOBE = registry["globe"]
AIR = GLOBE.product("air_temps")
MAY = {"country": "KEN", "start": "2025-05-01", "end": "2025-05-31"}
DAY = date(2025, 5, 14)
HERE = SITES[0]


def one(protocol: str = "air_temps", day: date = DAY, outer: Any = (), **fields: Any) -> Any:
    """A record of Kenya; `fields` are of its data, without their prefix."""
    made = record(protocol, HERE, day, fields)
    return {**made, **dict(outer)}


def content(*records: Any, count: int | None = None, **more: Any) -> bytes:
    number = len(records) if count is None else count
    return orjson.dumps({"count": number, "message": "success", "results": records, **more})


def answer(body: bytes, content_type: str = "application/json") -> Answer:
    headers = {"content-type": content_type}
    return Answer("", 200, headers, body, datetime(2026, 1, 1, tzinfo=UTC))


def request_of(product: Product = AIR, **parameters: Any) -> Request:
    (request,) = planned(product, {**MAY, **parameters})
    return request


def read(*records: Any, product: str = "air_temps") -> Page:
    chosen = GLOBE.product(product)
    return chosen.parse(request_of(chosen), answer(content(*records)))


def column(page: Page, name: str) -> list[Any]:
    found: list[Any] = page.table[name].to_pylist()
    return found


def metadata(page: Page) -> list[Any]:
    return [json.loads(text) for text in column(page, "metadata")]


def temperatures(*values: Any) -> list[Any]:
    return [one(day=date(2025, 5, n), CurrentTemp=v) for n, v in enumerate(values, 1)]


# What is asked


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


def test_of_two_observations_of_an_instant_the_one_updated_last_holds() -> None:
    first = one(outer={"updateDate": "2025-05-20T00:00:00", "pid": 7}, CurrentTemp=30)
    second = one(outer={"updateDate": "2025-05-15T00:00:00", "pid": 7}, CurrentTemp=20)
    for records in ([first, second], [second, first]):
        page = read(*records)
        assert column(page, "air_temperature") == [30]
        assert "1 observations of one site and instant" in page.notes[0]


def test_one_without_a_value_holds_nothing_back() -> None:
    first = one(outer={"updateDate": "2025-05-20T00:00:00"}, CurrentTemp=None)
    page = read(first, one(CurrentTemp=20))
    assert (column(page, "air_temperature"), page.notes) == ([20], ())


def test_two_observations_of_one_pid_at_two_instants_are_two_points() -> None:
    page = read(
        one(outer={"pid": 7}, CurrentTemp=43, MeasuredAt="2025-05-14T11:47:00"),
        one(outer={"pid": 7}, CurrentTemp=42, MeasuredAt="2025-05-14T11:44:00"),
    )
    assert column(page, "air_temperature") == [43, 42]
    assert len(page.stations) == 1


# Persons


def test_no_person_and_no_comment_gets_into_a_point() -> None:
    text = str(read(one(CurrentTemp=20)).table.to_pylist())
    assert "59515189" not in text
    assert "Amina" not in text
    assert "Academy" not in text


def test_what_is_kept_of_an_answer_has_no_person_and_reads_the_same() -> None:
    made = one(CurrentTemp=20, FieldNotes="by Amina", NorthCaption="Amina's home")
    whole = answer(content(made, count=1))
    kept = AIR.kept(whole)
    assert b"59515189" not in kept
    assert b"Amina" not in kept
    again = AIR.parse(request_of(), answer(kept))
    assert again == AIR.parse(request_of(), whole)


def test_of_an_answer_that_was_cut_within_a_person_nothing_is_kept() -> None:
    whole = content(one(CurrentTemp=20))
    assert AIR.kept(answer(whole[:-9])) == b""
    assert AIR.kept(answer(b"<html>away</html>")) == b"<html>away</html>"


# Places


def around(records: list[Any], **parameters: Any) -> Page:
    (request,) = planned(AIR, {"start": "2025-05-01", "end": "2025-05-31", **parameters})
    return AIR.parse(request, answer(content(*records)))


def at(latitude: float | None, longitude: float | None, site: int = 1) -> Any:
    outer = {"latitude": latitude, "longitude": longitude, "siteId": site}
    return one(outer=outer, CurrentTemp=20)


def test_of_the_box_around_a_circle_the_corners_are_left_out() -> None:
    # Along the equator 0.1° are 11.12 km; the corner of 0.1° each way is 15.7 km away.
    records = [at(10.0, 20.05, 1), at(10.09, 20.09, 2), at(10.0, 19.95, 3)]
    page = around(records, latitude=10, longitude=20, distance_km=11)
    assert column(page, "station") == ["1", "3"]
    assert (page.rejected, page.notes, len(page.stations)) == ((), (), 2)


def test_a_circle_across_the_antimeridian_measures_the_short_way() -> None:
    parameters = {"latitude": -16.8, "longitude": 179.9, "distance_km": 50}
    settled = {"start": "2025-05-01", "end": "2025-05-31", **parameters}
    _, east = planned(AIR, settled)
    page = AIR.parse(east, answer(content(at(-16.8, -179.9, 1), at(-16.6, -179.65, 2))))
    assert column(page, "station") == ["1"]


def test_a_site_outside_the_box_or_without_a_place_is_left_out_and_told() -> None:
    inside = [at(-4.5, 39.5, n) for n in range(4)]
    page = around([*inside, at(12, 39.5, 8), at(0, 0, 9)], bbox=[39, -5, 40, -4])
    assert page.table.num_rows == 4
    assert page.notes == ("2 records of elsewhere than was asked for were left out.",)


def test_where_most_records_are_of_elsewhere_the_question_was_not_heeded() -> None:
    with pytest.raises(ProviderRefusedError, match="2 of 3 records"):
        around([at(12, 12, 1), at(13, 13, 2), at(-4.5, 39.5, 3)], bbox=[39, -5, 40, -4])
    strangers = [one(outer={"countryCode": code}, CurrentTemp=20) for code in ("USA", "CAN")]
    with pytest.raises(ProviderRefusedError):
        read(*strangers)


def test_a_site_of_no_country_is_of_the_one_that_was_asked_for() -> None:
    assert read(one(outer={"countryCode": None}, CurrentTemp=20)).table.num_rows == 1


# Outages and drift


def test_an_outage_with_status_200_is_not_zero_observations() -> None:
    with pytest.raises(ProviderUnavailableError, match="Connection refused"):
        AIR.parse(request_of(), answer(json.dumps(OUTAGE).encode()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"count":0,"message":"failure","results":[]}',
        b'{"count":0,"message":"success"}',
        b'{"type":"FeatureCollection","features":[],"message":"success"}',
        content(*temperatures(20))[:-5],
        b"<!DOCTYPE html><html><body>502</body></html>",
        b"",
    ],
)
def test_anything_but_success_with_results_is_an_outage(body: bytes) -> None:
    with pytest.raises(ProviderUnavailableError):
        AIR.parse(request_of(), answer(body))


def test_what_is_said_of_an_outage_names_no_person() -> None:
    body = content(one(CurrentTemp=20), message="failure: timeout")
    with pytest.raises(ProviderUnavailableError) as caught:
        AIR.parse(request_of(), answer(body))
    assert caught.value.message == "GLOBE did not answer properly: failure: timeout"
    assert caught.value.details == {}


@pytest.mark.parametrize("body", [b"[]", b"3", b'{"message":"success","results":[]}'])
def test_another_shape_is_drift(body: bytes) -> None:
    with pytest.raises(SchemaDriftError):
        AIR.parse(request_of(), answer(body))


def test_f_14_a_renamed_field_is_drift() -> None:
    with pytest.raises(SchemaDriftError, match="airtempsTemp"):
        read(one(Temp=20))


def test_records_without_any_measured_field_are_no_drift() -> None:
    assert read(one()).table.num_rows == 0


def test_f_14_another_unit_is_drift() -> None:
    with pytest.raises(SchemaDriftError, match="unit"):
        read(*temperatures(*[68] * 9, 20, 20))
    assert read(*temperatures(*[68] * 5, *[20] * 6)).table.num_rows == 11


# Pages


def paged(count: int, request: Request | None = None, first: int = 20) -> Page:
    records = temperatures(first, 21)
    return AIR.parse(request or request_of(), answer(content(*records, count=count)))


def test_pages_go_on_until_all_records_have_come() -> None:
    assert paged(2).next is None
    follow = paged(3).next
    assert follow is not None
    assert (follow.params["from"], follow.params["size"], follow.page) == ("2", "500", 1)
    last = AIR.parse(follow, answer(content(one(day=date(2025, 5, 9), CurrentTemp=9), count=3)))
    assert (last.next, last.table.num_rows) == (None, 1)


def test_a_page_that_comes_again_is_not_read_and_all_are_asked_for_at_once() -> None:
    follow = paged(5).next
    assert follow is not None
    page = paged(5, follow)
    assert page.table.num_rows == 0
    assert "the same page again" in page.notes[0]
    assert page.next is not None
    assert not {"from", "size"} & page.next.params.keys()
    whole = AIR.parse(page.next, answer(content(*temperatures(1, 2, 3, 4, 5))))
    assert (whole.table.num_rows, whole.next) == (5, None)


def test_all_at_once_when_size_is_not_heeded_needs_no_second_page() -> None:
    page = AIR.parse(request_of(), answer(content(*temperatures(*range(20)))))
    assert (page.table.num_rows, page.next) == (20, None)


def test_fewer_records_than_there_are_and_then_none_is_an_outage() -> None:
    follow = paged(5).next
    assert follow is not None
    with pytest.raises(ProviderUnavailableError, match="2 of 5 records"):
        AIR.parse(follow, answer(content(count=5)))


@settings(max_examples=25, deadline=None)
@given(st.binary() | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.integers(0, 99),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from([*one(CurrentTemp=1), *one(CurrentTemp=1)["data"], "count", "results"]),
        inner,
    ),
).map(lambda value: content(value, one(CurrentTemp=value, outer={"siteName": value}))))  # fmt: skip
def test_no_answer_raises_anything_but_our_own_errors(body: bytes) -> None:
    try:
        AIR.kept(answer(body))
        page = AIR.parse(request_of(), answer(body))
    except PlatformError:
        return
    assert page.table.num_rows <= 2


def test_the_fake_makes_records_of_what_the_connector_reads() -> None:
    made = record("air_temps", HERE, DAY, fields_of("air_temps", HERE, DAY))
    assert made["data"]["airtempsCurrentTemp"] == column(read(made), "air_temperature")[0] or (
        isinstance(made["data"]["airtempsCurrentTemp"], str)
    )
