"""IN-34 to IN-44: queries, headers and paths."""

from urllib.parse import quote, urlencode
from uuid import UUID

import pytest

from tests.hostile.conftest import Target

pytestmark = pytest.mark.slow

LIST = "/api/v1/datasets"


def refused(target: Target, path: str, name: str, value: str) -> None:
    """400 naming the parameter."""
    detail = target.ask(f"{path}?{urlencode({name: value})}")
    assert detail["code"] == "VALIDATION_ERROR"
    assert list(detail["details"]) == [name]


PATHS = [LIST, "/data", "/stations", "/variables", "/revisions", "/shares", ""]


@pytest.mark.parametrize("path", PATHS)
def test_in_34_parameters_that_are_unknown_or_doubled(target: Target, path: str):
    for name in ("nonsense", "__class__", "a\x00b", "access_token", "api_key", "é"):
        refused(target, path, name, "1")
    assert list(target.ask(f"{path}?fields=id&fields=id")["details"]) == ["fields"]
    for query in ("on_invalid=skip&on_invalid=skip", "nonsense=1"):
        target.send([], path=f"/data?{query}")


@pytest.mark.parametrize("path", [LIST, "/stations", "/variables", "/revisions", "/shares"])
@pytest.mark.parametrize(
    "order", ["owner", "owner__password", "dataset__owner", "nonsense", "", "-", "na\x00me", "\x07",
              "--name", "name;drop", "name desc", "?", "1", "name,", "a" * 5000],
)  # fmt: skip
def test_in_35_orders_by_what_is_not_offered(target: Target, path: str, order: str):
    refused(target, path, "ordering", order)


@pytest.mark.parametrize(
    "name", ["owner__password__startswith", "owner__email", "name__regex", "name__contains",
             "shares__user", "id__in", "stations__code", "variables__name__iregex", "owner_id"],
)  # fmt: skip
def test_in_36_filters_through_relations(target: Target, name: str):
    refused(target, LIST, name, "a")


@pytest.mark.parametrize("words", ["a\x00b", "x" * 10_000, "é" * 201])
@pytest.mark.parametrize("path", [LIST, "/stations", "/variables"])
def test_in_37_searches_that_are_too_long_or_hold_nul(target: Target, path: str, words: str):
    refused(target, path, "search", words)


@pytest.mark.parametrize(
    "words", ["%", "_", "\\", "'", '"; --', "(", "[a-z]*", "\u202e", "{{7*7}}"]
)
def test_in_37_a_search_is_words_and_nothing_else(target: Target, words: str):
    answer = target.client.get(f"{LIST}?{urlencode({'search': words})}")
    assert (answer.status_code, answer.json()["count"]) == (200, 0)


NUMBERS = ["0", "-1", "1.5", "NaN", "1" + "0" * 30, "", " 1", "1e2", "٣", "x", "0x10", "+1"]


@pytest.mark.parametrize("number", NUMBERS)
def test_in_38_numbers_of_pages(target: Target, number: str):
    for path, name in ((LIST, "page"), (LIST, "page_size"), ("/data", "limit")):
        refused(target, path, name, number)


def test_in_38_sizes_past_the_maximum_and_pages_past_the_last(target: Target):
    refused(target, LIST, "page_size", "501")
    refused(target, "/data", "limit", "50001")
    assert target.ask(f"{LIST}?page=2", status=404)["code"] == "NOT_FOUND"
    assert target.ask(f"{LIST}?page=999999999", status=404)["code"] == "NOT_FOUND"
    for path in (f"{LIST}?page_size=500", f"{target.url}/data?limit=50000"):
        assert target.client.get(path).status_code == 200


@pytest.mark.parametrize(
    "time", ["x", "2001-02-30", "10000-01-01", "0000-01-01", "0001-01-01T00:00+01:00", "1e9", "now",
             "2001-01-01T00:00:00.1234567Z", "2001-01-01' OR 1=1", "infinity"],
)  # fmt: skip
def test_in_39_times_that_are_none(target: Target, time: str):
    for path, name in (
        ("/data", "start"),
        ("/data", "end"),
        (LIST, "start"),
        (LIST, "created_after"),
    ):
        refused(target, path, name, time)


def test_in_39_start_after_end(target: Target):
    assert target.ask("/data?start=2001-01-02&end=2001-01-01")["details"]


@pytest.mark.parametrize(
    "box", ["1,2,3", "1,2,3,4,5", "nan,0,0,0", "0,0,0,91", "0,-91,0,0", "181,0,0,0", "x", "", ",,,",
            "inf,0,0,0", "1_0,0,0,0", "0,5,0,4", "1e400,0,0,0", "٣,0,0,0", "0, 0, 0, 0"],
)  # fmt: skip
def test_in_40_boxes_that_are_none(target: Target, box: str):
    if box:
        refused(target, LIST, "bbox", box)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "fields", ["password", "owner__password", "dataset", "right", "", "id,", "__dict__", "a\x00"]
)
def test_in_41_fields_that_are_not_offered(target: Target, path: str, fields: str):
    refused(target, path, "fields", fields)


def test_in_42_cursors_of_nobody(target: Target):
    following = target.client.get(f"{target.url}/data?limit=1").json()["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    changed = [
        cursor[:i] + ("x" if cursor[i] != "x" else "y") + cursor[i + 1 :] for i in (0, 9, 60)
    ]
    for bad in [*changed, cursor[:-1], cursor + "x", "x", "eyJ4IjoxfQ", "A" * 7_500]:
        assert list(target.ask(f"/data?limit=1&cursor={bad}")["details"]) == ["cursor"]
    assert list(target.ask(f"/data?limit=1&cursor={cursor * 50}")["details"]) == ["cursor"]


@pytest.mark.parametrize(
    "accept", ["text/csv", "application/xml", "text/html", "image/png", "x", "../../etc/passwd",
               "application/json;q=x, text/csv", "*", "/"],
)  # fmt: skip
def test_in_43_formats_nobody_serves(target: Target, accept: str):
    for path in (LIST, "/data"):
        answer = target.client.get(
            path if path == LIST else target.url + path, headers={"Accept": accept}
        )
        assert answer.status_code in {200, 406}
        assert answer["Content-Type"] == "application/json"
    if accept == "text/csv":
        detail = target.ask(LIST, status=406, headers={"Accept": accept})
        assert detail["code"] == "NOT_ACCEPTABLE"


NO_IDS = ["%00", "x" * 10_000, "x", "-", "99", "None", "a%0ab", "%F0%9F", "'%20OR%201=1", "..%2fa"]


@pytest.mark.parametrize("identity", NO_IDS)
@pytest.mark.parametrize("path", [LIST, "/data", "/stations", "/variables", "/revisions"])
def test_in_44_ids_that_are_none(target: Target, path: str, identity: str):
    assert target.ask(f"{path}/{identity}", status=404)["code"] == "NOT_FOUND"
    if path == LIST:
        for below in ("data", "stations", "shares"):
            assert target.ask(f"{LIST}/{identity}/{below}", status=404)["code"] == "NOT_FOUND"


def test_in_44_an_id_in_capitals_is_the_same(target: Target):
    upper = f"{LIST}/{str(target.dataset.pk).upper()}"
    assert target.client.get(upper).json() == target.client.get(target.url).json()
    point = target.client.get(f"{target.url}/data").json()["results"][0]
    assert target.client.get(f"{upper}/data/{point['id'].upper()}").json() == point
    assert UUID(point["id"].upper()) == UUID(point["id"])


@pytest.mark.parametrize(
    "path", ["/api/v1/nonsense", "/api/v2/datasets", "/api", "/api/v1//datasets"]
)
def test_paths_that_are_none_are_answered_in_the_one_shape(target: Target, path: str):
    assert target.ask(path, status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("text", [quote("é\x00\x07\u202e"), "%ff%fe", "%", "%zz", "a=b=c&&&", "?x"])
def test_broken_query_strings_are_no_server_errors(target: Target, text: str):
    for path in (LIST, f"{target.url}/data"):
        assert target.client.get(f"{path}?{text}").status_code in {200, 400}
        assert target.client.get(f"{path}?search={text}").status_code in {200, 400}
