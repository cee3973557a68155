"""The catalogue of Earthdata: what is asked, page after page, and when it ends."""

import json
from typing import Any

import pytest

from connectors.base import Page, Place, Request, SchemaDriftError
from connectors.registry import connectors
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.reading import answer, planned

NASA = connectors["nasa"]
SEA: dict[str, Any] = {"short_name": "SEA_SURFACE", "start": "2020-01-01", "end": "2022-12-31"}
AFTER = '["pocloud",1577923200000,2546526969]'
GRANULE = {"meta": {"concept-id": "G2546526969-POCLOUD"}, "umm": {"GranuleUR": "ssh_grids"}}


def asked(product: str = "cmr-granules", **parameters: Any) -> Request:
    (request,) = planned(NASA.product(product), parameters or SEA)
    return request


def read(content: Any, request: Request | None = None, **headers: str) -> Page:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    told = answer(raw, "application/vnd.nasa.cmr.umm_results+json", **named)
    return NASA.product("cmr-granules").parse(request or asked(), told)


def page_of(*items: Any, hits: int = 218) -> dict[str, Any]:
    return {"hits": hits, "took": 222, "items": list(items)}


def test_granules_are_asked_for_by_collection_and_days() -> None:
    request = asked()
    assert request.path == "search/granules.umm_json"
    assert request.params == {
        "short_name": "SEA_SURFACE",
        "temporal[]": "2020-01-01T00:00:00Z,2022-12-31T23:59:59Z",
        "page_size": "2000",
    }
    assert request.headers == {"Client-Id": "datastream-pro"}
    assert request.place == Place("granules")


def test_collections_are_asked_for_without_days() -> None:
    request = asked(
        "cmr-collections",
        keyword="sea surface*",
        bounding_box=[-180, -79.917, 180, 80],
        point=[-123.456789, 50.11],
        cloud_hosted=True,
    )
    assert request.params == {
        "keyword": "sea surface*",
        "bounding_box": "-180,-79.917,180,80",
        "point": "-123.456789,50.11",
        "cloud_hosted": "true",
        "page_size": "500",
    }


@pytest.mark.parametrize(
    ("product", "parameters", "named"),
    [
        ("cmr-granules", {"start": "2020-01-01"}, {"short_name"}),
        ("cmr-granules", {"short_name": "X"}, {"start"}),
        ("cmr-granules", SEA | {"foo": "bar"}, {"foo"}),
        ("cmr-granules", SEA | {"page_size": 5000}, {"page_size"}),
        ("cmr-granules", SEA | {"bounding_box": [1, 2, 3]}, {"bounding_box"}),
        ("cmr-granules", SEA | {"bounding_box": [-10, 60, 10, 50]}, {"bounding_box"}),
        ("cmr-granules", SEA | {"bounding_box": [-10, -91, 10, 50]}, {"bounding_box"}),
        ("cmr-granules", SEA | {"point": [50.11, 108.68]}, {"point"}),
        ("cmr-granules", SEA | {"day_night_flag": "dusk"}, {"day_night_flag"}),
        ("cmr-collections", SEA, {"start", "end"}),
        ("cmr-collections", {"keyword": ""}, {"keyword"}),
    ],
)
def test_wrong_parameters_are_named(
    product: str, parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        NASA.product(product).check(parameters)
    assert set(caught.value.details) == named


def test_the_next_page_is_asked_for_by_a_header_that_is_sent_back_as_it_came() -> None:
    first = asked()
    second = read(page_of(GRANULE), cmr_search_after=AFTER).next
    assert second is not None
    assert second.headers == {"Client-Id": "datastream-pro", "CMR-Search-After": AFTER}
    assert (second.page, second.params, second.place) == (1, first.params, first.place)
    third = read(page_of(GRANULE), second, cmr_search_after='["other",1]').next
    assert third is not None
    assert (third.page, third.headers["CMR-Search-After"]) == (2, '["other",1]')


def test_it_ends_without_items_or_without_the_header() -> None:
    assert read(page_of(), cmr_search_after=AFTER).next is None
    assert read(page_of(GRANULE)).next is None


def test_a_page_has_no_points_and_says_once_how_many_there_are() -> None:
    page = read(page_of(GRANULE), cmr_search_after=AFTER)
    assert (page.table.num_rows, page.stations) == (0, ())
    assert page.notes == ("Matching granules: 218.",)
    assert page.next is not None
    assert read(page_of(GRANULE), page.next).notes == ()


def test_nothing_found_is_no_error() -> None:
    page = read(page_of(hits=0))
    assert (page.next, page.notes) == (None, ("Matching granules: 0.",))


def test_a_search_that_ran_out_of_time_is_a_failure() -> None:
    with pytest.raises(ProviderUnavailableError, match="7fcc5e93"):
        read(page_of(GRANULE), cmr_timed_out="true", cmr_request_id="7fcc5e93")


def test_a_login_page_is_no_answer() -> None:
    with pytest.raises(ProviderUnavailableError):
        read(b"<html><title>Earthdata Login</title></html>")


def test_errors_are_told_in_cmrs_words() -> None:
    with pytest.raises(ProviderRefusedError, match=r"Parameter \[foo\] was not recognized"):
        read({"errors": ["Parameter [foo] was not recognized."]})


@pytest.mark.parametrize(
    "content",
    [[], {}, {"hits": "218", "items": []}, {"hits": 1, "items": {}}, page_of({}), page_of(5)],
)
def test_another_shape_is_a_drift(content: Any) -> None:
    with pytest.raises(SchemaDriftError):
        read(content)


def test_a_token_is_optional_and_goes_into_the_authorization() -> None:
    for name in ("cmr-collections", "cmr-granules"):
        credential = NASA.product(name).credential
        assert credential is not None
        assert (credential.header, credential.prefix) == ("Authorization", "Bearer ")
        assert not credential.is_required
    assert NASA.product("daily").credential is None
