"""GLOBE: records that meet, persons, places, outages, drift and pages."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, PageRefusedError, Request, SchemaDriftError
from datastream.core.errors import (
    PlatformError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.fakes.globe import OUTAGE, fields_of, record
from tests.connectors.globe_answers import (
    AIR,
    DAY,
    HERE,
    column,
    content,
    one,
    read,
    request_of,
    temperatures,
)
from tests.connectors.reading import answer, planned


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


def heights(page: Page) -> dict[Any, float]:
    return dict(zip(column(page, "timestamp"), column(page, "tree_height"), strict=True))


@pytest.mark.parametrize("ids", [(1, 2, 3), (None, None, None)])
def test_three_trees_of_a_site_and_instant_are_three_points_in_any_order(ids: Any) -> None:
    at = "2025-05-14T00:00:00"
    trees = [
        one("tree_heights", TreeHeightAvgM=height, MeasuredAt=at, TreeHeightId=n)
        for n, height in zip(ids, (7.5, 9.0, 12.5), strict=True)
    ]
    whole = heights(read(*trees, product="tree_heights"))
    assert sorted(whole.values()) == [7.5, 9.0, 12.5]
    assert {moment.replace(microsecond=0) for moment in whole} == {
        datetime(2025, 5, 14, tzinfo=UTC)
    }
    alone = [heights(read(tree, product="tree_heights")) for tree in reversed(trees)]
    assert {**alone[0], **alone[1], **alone[2]} == whole


def test_an_answer_without_a_whole_tree_is_read_as_any_other() -> None:
    with pytest.raises(PageRefusedError):
        read({"protocol": "tree_heights"}, {}, product="tree_heights")


def test_a_corrected_tree_keeps_its_instant_by_its_own_id() -> None:
    (first, second) = (
        heights(read(one("tree_heights", TreeHeightAvgM=h, TreeHeightId=5), product="tree_heights"))
        for h in (7.5, 9.0)
    )
    assert list(first) == list(second)


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


@pytest.mark.parametrize("depth", [300, 1000, 100_000])
def test_of_an_answer_that_is_nested_too_deep_nothing_is_kept_that_names_a_person(
    depth: int,
) -> None:
    deep = b"[" * depth + b"]" * depth
    assert AIR.kept(answer(deep)) == deep
    assert AIR.kept(answer(b'{"airtempsUserid": 1, "results": %b}' % deep)) == b""


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
