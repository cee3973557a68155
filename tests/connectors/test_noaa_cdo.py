"""Climate Data Online v2: JSON rows of a day and element, pages from 1, `{}` for nothing."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.base import Page, PageRefusedError, SchemaDriftError
from connectors.providers.noaa.cdo import ClimateDataOnline
from datastream.core.errors import PlatformError, ProviderRefusedError, ProviderUnavailableError
from tests.connectors.reading import answer, planned, said

CDO = ClimateDataOnline()
CODE = "USC00200230"
ASKED = {"station": f"GHCND:{CODE}", "start": "2013-01-01", "end": "2013-12-31"}


def result(day: str = "2013-09-09", **other: Any) -> dict[str, Any]:
    row = {
        "date": f"{day}T00:00:00",
        "datatype": "PRCP",
        "station": f"GHCND:{CODE}",
        "attributes": ",,7,1800",
        "value": 7.4,
    }
    return row | other


def content(*results: dict[str, Any], **counts: int) -> dict[str, Any]:
    counted = {"offset": 1, "count": len(results), "limit": 1000} | counts
    return {"metadata": {"resultset": counted}, "results": list(results)}


def read(body: object, content_type: str = "application/json", **parameters: Any) -> Page:
    (request,) = planned(CDO, ASKED | parameters)
    text = body if isinstance(body, str) else json.dumps(body)
    return CDO.parse(request, answer(text, content_type))


# What is asked


def test_a_request_names_station_and_units_and_counts_from_one() -> None:
    (request,) = planned(CDO, ASKED | {"variables": ["TMAX", "PRCP"]})
    assert request.path == "cdo-web/api/v2/data"
    assert request.params == {
        "datasetid": "GHCND",
        "stationid": f"GHCND:{CODE}",
        "startdate": "2013-01-01",
        "enddate": "2013-12-31",
        "units": "metric",
        "sortfield": "date",
        "limit": "1000",
        "offset": "1",
        "datatypeid": ["TMAX", "PRCP"],
    }


def test_no_request_spans_a_year_or_more() -> None:
    windows = [r.window for r in planned(CDO, ASKED | {"start": "2011-06-01", "end": "2013-05-31"})]
    assert [(w.start, w.end) for w in windows] == [
        (date(2011, 6, 1), date(2012, 1, 1)),
        (date(2012, 1, 1), date(2013, 1, 1)),
        (date(2013, 1, 1), date(2013, 6, 1)),
    ]


def test_a_token_is_needed_and_goes_into_a_header_of_its_own() -> None:
    assert CDO.credential is not None
    assert (CDO.credential.header, CDO.credential.prefix) == ("token", "")
    assert CDO.credential.is_required


def test_the_quota_is_that_of_a_token() -> None:
    assert (CDO.quota.per_second, CDO.quota.per_day, CDO.quota.page_size) == (5.0, 10_000, 1000)


# What an answer holds


def test_the_midnight_of_a_day_is_of_no_time_zone() -> None:
    page = read(content(result(attributes=",I,7,1800")))
    assert page.table["timestamp"].to_pylist() == [datetime(2013, 9, 9, tzinfo=UTC)]
    assert page.table["PRCP"].to_pylist() == [7.4]
    assert said(page) == [
        {
            "flags": {"PRCP": ",I"},
            "quality": {"PRCP": 4},
            "sources": {"PRCP": "7"},
            "times": {"PRCP": "1800"},
        }
    ]


def test_the_prefix_of_stations_is_taken_off() -> None:
    page = read(content(result()))
    assert [one.code for one in page.stations] == [CODE]
    assert page.table["station"].to_pylist() == [CODE]


def test_elements_of_one_day_become_one_row() -> None:
    page = read(content(result(), result(datatype="TMAX", value=25), result("2013-09-10")))
    assert page.table["TMAX"].to_pylist() == [25.0, None]
    assert page.table["PRCP"].to_pylist() == [7.4, 7.4]


@pytest.mark.parametrize("body", ["{}", " {} ", {"metadata": {"resultset": {"count": 0}}}])
def test_an_empty_object_is_an_answer_without_rows(body: object) -> None:
    page = read(body)
    assert (page.table.num_rows, page.next) == (0, None)


@pytest.mark.parametrize(
    ("offset", "count", "following"), [(1, 1001, "1001"), (1, 1000, None), (1, 2500, "1001")]
)
def test_pages_follow_while_there_are_results(
    offset: int, count: int, following: str | None
) -> None:
    several = [result(attributes=",,7,") for _ in range(1000)]
    page = read(content(*several, offset=offset, count=count))
    assert (page.next and page.next.params["offset"]) == following
    assert (page.next.page if page.next else 0) == (1 if following else 0)


def test_without_a_count_a_full_page_is_followed_and_a_short_one_not() -> None:
    full = {"results": [result() for _ in range(1000)]}
    assert read(full).next is not None
    assert read({"results": [result()]}).next is None


def test_a_last_page_is_followed_by_none() -> None:
    (request,) = planned(CDO, ASKED)
    first = CDO.parse(
        request, answer(json.dumps(content(*[result()] * 1000, count=1001)), "application/json")
    )
    assert first.next is not None
    last = json.dumps(content(result("2013-12-31"), offset=1001, count=1001))
    assert CDO.parse(first.next, answer(last, "application/json")).next is None


# What is refused


@pytest.mark.parametrize(
    "body",
    [
        {"status": "429", "message": "This token has reached its temporary request limit."},
        {"statusCode": "400", "userMessage": "There was an error.", "developerMessage": "limit."},
    ],
)
def test_an_error_body_with_status_200_is_a_refusal_in_its_own_words(body: object) -> None:
    with pytest.raises(ProviderRefusedError, match="limit"):
        read(body)


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        ("<html>Maintenance</html>", "application/json", ProviderUnavailableError),
        ("{}", "text/html", ProviderUnavailableError),
        ('{"results": [{"date"', "application/json", ProviderUnavailableError),
        ("[]", "application/json", SchemaDriftError),
        ('{"results": [3]}', "application/json", SchemaDriftError),
        ('{"results": [{"day": "2013-09-09", "value": 3}]}', "application/json", SchemaDriftError),
        ('{"results": [{"date": "2013-09-09", "value": "3"}]}', "application/json",
         SchemaDriftError),
    ],
)  # fmt: skip
def test_what_is_no_result_is_not_read(
    body: str, content_type: str, error: type[PlatformError]
) -> None:
    with pytest.raises(error):
        read(body, content_type)


def test_values_in_tenths_are_drift() -> None:
    hot = [result(f"2013-09-{n:02}", datatype="TMAX", value=289) for n in range(1, 30)]
    with pytest.raises(SchemaDriftError, match="TMAX"):
        read(content(*hot))


@pytest.mark.parametrize(
    ("other", "column"),
    [
        ({"station": "GHCND:USW00000000"}, "station"),
        ({"date": "2014-01-01T00:00:00"}, "date"),
        ({"date": "2013-02-30T00:00:00"}, "date"),
        ({"value": None}, "value"),
        ({"attributes": "much,too,long"}, "attributes"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_kept(other: dict[str, Any], column: str) -> None:
    page = read(content(result(), result("2013-09-10", **other)))
    assert [(row.row, row.field) for row in page.rejected] == [(1, column)]
    assert page.table.num_rows == 1


def test_too_many_bad_rows_refuse_the_page() -> None:
    with pytest.raises(PageRefusedError):
        read(content(result(), *[result(value=None)] * 2))
