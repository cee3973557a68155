"""IN-34 to IN-44: queries, headers and paths."""

import string
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import pytest

from tests.factories import days
from tests.hostile.conftest import Fresh
from tests.hostile.target import CANARY, CSV, JSON, LIST, Target, fields

pytestmark = pytest.mark.slow

FILTERS = ("start", "end", "created_after", "bbox")
WINDOW = "/window?variable=TMAX"


def refused(target: Target, path: str, name: str, value: str) -> None:
    """400 naming the parameter; lists take an empty filter for none."""
    if path == LIST and value == "" and name in FILTERS:
        return
    mark = "&" if "?" in path else "?"
    detail = target.ask(f"{path}{mark}{urlencode({name: value})}")
    assert detail["code"] == "VALIDATION_ERROR"
    assert fields(detail) == [name]


PATHS = [LIST, "/data", "/stations", "/variables", "/revisions", "/shares", "/receipts",
         "/changes?since=0", WINDOW, "/completeness", ""]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_in_34_parameters_that_are_unknown(target: Target, path: str):
    for name in (
        "nonsense",
        "__class__",
        "a\x00b",
        "access_token",
        "api_key",
        "é",
        "START",
        "file",
    ):
        refused(target, path, name, CANARY)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [(LIST, "page", "1"), (LIST, "fields", "id"), ("", "fields", "id"), ("/data", "start", "2001"),
     ("/data", "limit", "1"), ("/data", "revision", "1"), ("/data", "variables", "TMAX"),
     ("/data", "order", "asc"), ("/data", "cursor", "x"), ("/data", "bbox", "0,0,1,1"),
     ("/data", "format", "csv"), ("/data", "units", "TMAX:degF"), ("/data", "flags", "include"),
     (WINDOW, "px", "9"), (WINDOW, "variable", "TMAX"), ("/changes?since=0", "since", "0"),
     ("/stations", "fields", "id"), ("/revisions", "page", "1")],
)  # fmt: skip
def test_in_34_single_parameters_that_come_twice(target: Target, path: str, name: str, value: str):
    mark = "&" if "?" in path else "?"
    twice = urlencode([(name, value), (name, value)])
    assert name in target.ask(f"{path}{mark}{twice}")["details"]


@pytest.mark.parametrize(
    ("query", "name"),
    [("on_invalid=skip&on_invalid=skip", "on_invalid"), ("nonsense=1", "nonsense"),
     ("on_invalid=ignore", "on_invalid"), ("on_conflict=", "on_conflict"), ("start=2001", "start"),
     ("missing=-9999,x", "missing"), ("missing=nan", "missing"), ("missing=1_0", "missing")],
)  # fmt: skip
@pytest.mark.parametrize("kind", [JSON, CSV])
def test_in_34_parameters_of_a_write(target: Target, kind: str, query: str, name: str):
    body = "[]" if kind == JSON else "timestamp,TMAX\n"
    assert fields(target.send(body, path=f"/data?{query}", kind=kind)) == [name]


@pytest.mark.parametrize(
    "order", ["owner", "owner__password", "dataset__owner", "nonsense", "", "-", "na\x00me", "\x07",
              "--name", "name;drop", "name desc", "?", "1", "name,", "a" * 5000],
)  # fmt: skip
def test_in_35_orders_by_what_is_not_offered(target: Target, order: str):
    for path in (LIST, "/stations", "/variables", "/revisions", "/shares"):
        refused(target, path, "ordering", order)


@pytest.mark.parametrize(
    "name", ["owner__password__startswith", "owner__email", "name__regex", "name__contains",
             "shares__user", "id__in", "stations__code", "variables__name__iregex", "owner_id"],
)  # fmt: skip
def test_in_36_filters_through_relations(target: Target, name: str):
    refused(target, LIST, name, "a")


@pytest.mark.parametrize("words", ["a\x00b", "x" * 7_000, "é" * 201])
@pytest.mark.parametrize("path", [LIST, "/stations", "/variables"])
def test_in_37_searches_that_are_too_long_or_hold_nul(target: Target, path: str, words: str):
    refused(target, path, "search", words)


@pytest.mark.parametrize(
    "words", ["%", "_", "\\", "'", '"; --', "(", "[a-z]*", "\u202e", "{{7*7}}"]
)
def test_in_37_a_search_is_words_and_nothing_else(target: Target, words: str):
    answer = target.get(f"{LIST}?{urlencode({'search': words})}")
    assert (answer.status, answer.json()["count"]) == (200, 0)


NUMBERS = ["0", "-1", "1.5", "NaN", "1" + "0" * 30, "", " 1", "1e2", "٣", "x", "0x10", "+1"]
COUNTED = [("/stations", "page_size"), ("/variables", "page"), ("/revisions", "page_size"),
           (WINDOW, "px"), ("/changes?since=0", "limit"), ("/receipts", "page")]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_in_38_numbers_of_pages(target: Target, number: str):
    for path, name in ((LIST, "page"), (LIST, "page_size"), ("/data", "limit")):
        refused(target, path, name, number)


@pytest.mark.parametrize(("path", "name"), COUNTED)
def test_in_38_numbers_of_pages_wherever_one_is_asked(target: Target, path: str, name: str):
    for number in ("0", "-1", "1.5", "NaN", "1" + "0" * 30, "x"):
        refused(target, path, name, number)


@pytest.mark.parametrize(
    ("path", "name", "most"),
    [(LIST, "page_size", 500), ("/stations", "page_size", 500), ("/data", "limit", 50_000)],
)
def test_in_38_sizes_past_the_maximum(target: Target, path: str, name: str, most: int):
    refused(target, path, name, str(most + 1))
    assert target.get(f"{path}?{name}={most}").status == 200


@pytest.mark.parametrize("page", [2, 999_999_999])
@pytest.mark.parametrize("path", [LIST, "/stations", "/revisions"])
def test_in_38_pages_past_the_last(target: Target, path: str, page: int):
    assert target.ask(f"{path}?page={page}", status=404)["code"] == "NOT_FOUND"


TIMES = ["x", "2001-02-30", "10000-01-01", "0000-01-01", "0001-01-01T00:00+00:01", "1e9", "now", "",
         "2001-01-01T00:00:00.1234567Z", "2001-01-01' OR 1=1", "infinity", "-infinity", "epoch",
         "2001-01-01\x00", "9999-12-31T23:59-00:01"]  # fmt: skip
TIMED = [("/data", "start"), ("/data", "end"), ("/data", "as_of"), (LIST, "start"), (LIST, "end"),
         (LIST, "created_after"), (WINDOW, "start"), (WINDOW, "end")]  # fmt: skip


@pytest.mark.parametrize("time", TIMES)
def test_in_39_times_that_are_none(target: Target, time: str):
    for path, name in (("/data", "start"), (LIST, "start")):
        refused(target, path, name, time)


@pytest.mark.parametrize(("path", "name"), TIMED)
def test_in_39_times_that_are_none_wherever_one_is_asked(target: Target, path: str, name: str):
    for time in ("", "2001-02-30", "9999-12-31T23:59-00:01", "2001-01-01\x00"):
        refused(target, path, name, time)


@pytest.mark.parametrize("path", ["/data?", f"{WINDOW}&", "/data?format=csv&", "/data?estimate=1&"])
def test_in_39_start_after_end(target: Target, path: str):
    assert target.ask(f"{path}start=2001-01-02&end=2001-01-01")["details"].keys() & {"start", "end"}


@pytest.mark.parametrize(
    "query", ["", "start=2001-01-01", "start=2001-01-02&end=2001-01-01", "start=x&end=2001-01-01",
              "station=a", "start=2001-01-01&end=2002-01-01&nonsense=1"],
)  # fmt: skip
def test_in_39_ranges_to_delete_that_are_none(target: Target, query: str):
    detail = target.refused("DELETE", f"/data?{query}", 400)
    assert detail["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    "box", ["1,2,3", "1,2,3,4,5", "nan,0,0,0", "0,0,0,91", "0,-91,0,0", "181,0,0,0", "x", "", ",,,",
            "inf,0,0,0", "1_0,0,0,0", "0,5,0,4", "1e400,0,0,0", "٣,0,0,0", "0, 0, 0, 0",
            "0,0,0,nan", "0,0,-181,0", "0,0,0,0,", "0;0;0;0", "[0,0,0,0]"],
)  # fmt: skip
def test_in_40_boxes_that_are_none(target: Target, box: str):
    for path in (LIST, "/data", "/data?format=csv"):
        refused(target, path, "bbox", box)


@pytest.mark.parametrize("path", PATHS)
def test_in_41_fields_that_are_not_offered(target: Target, path: str):
    for asked in ("password", "owner__password", "dataset_id", "", "id,", "__dict__", "a\x00"):
        refused(target, path, "fields", asked)


# ------------------------------------------------------------------ IN-42

# What a cursor may be written in, and what it may not.
LETTERS = string.ascii_letters + string.digits + "-_.=~+/:"


def cursor_of(target: Target, path: str) -> str:
    following = target.get(path).json()["next"]
    return str(following.split("cursor=")[1].split("&")[0])


def is_refused(target: Target, path: str, cursor: str) -> bool:
    answer = target.get(f"{path}&cursor={cursor}")
    return answer.status == 400 and list(answer.json()["detail"]["details"]) == ["cursor"]


def neighbour(letter: str) -> str:
    """The letter that differs in the fewest bits of what it stands for."""
    return LETTERS[LETTERS.index(letter) ^ 1] if letter in LETTERS else "A"


@pytest.mark.parametrize("path", ["/data?limit=1", "/changes?since=0&limit=1"])
def test_in_42_a_cursor_changed_by_one_letter(target: Target, path: str):
    cursor = cursor_of(target, path)
    assert target.get(f"{path}&cursor={cursor}").status == 200
    with target.watched():
        for place, letter in enumerate(cursor):
            other = neighbour(letter)
            changed = cursor[:place] + other + cursor[place + 1 :]
            assert is_refused(target, path, changed), f"{letter} → {other} at {place}"


@pytest.mark.parametrize("path", ["/data?limit=1", "/changes?since=0&limit=1"])
def test_in_42_cursors_of_nobody(target: Target, path: str):
    cursor = cursor_of(target, path)
    others = [
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor + "=",
        cursor * 2,
        cursor[: len(cursor) // 2],
    ]
    others += ["", "x", "eyJ4IjoxfQ", "A" * 7_500, "%00", "é", cursor.swapcase(), cursor[::-1], "."]
    with target.watched():
        for other in others:
            assert is_refused(target, path, quote(other)), other[:100]
    assert list(target.ask(f"{path}&cursor={quote(others[4])}")["details"]) == ["cursor"]
    assert target.ask(f"{path}&cursor={'A' * 10_000}", status=414)


def test_in_42_a_cursor_of_another_question(target: Target, fresh: Fresh):
    cursor = cursor_of(target, "/data?limit=1")
    for query in ("&order=desc", "&variables=TMAX", "&start=2001-01-01", f"&station={CANARY}"):
        assert is_refused(target, f"/data?limit=1{query}", cursor)
    other = fresh()
    other.accepted(days(2))
    assert is_refused(other, "/data?limit=1", cursor)


# ------------------------------------------------------------------ IN-43


@pytest.mark.parametrize(
    "accept", ["application/xml", "text/html", "image/png", "application/pdf", "text/x-csv",
               f"application/{CANARY}", "text/html, application/xml;q=0.9"],
)  # fmt: skip
@pytest.mark.parametrize("path", [LIST, "", "/data", "/stations", "/revisions"])
def test_in_43_media_types_nobody_serves(target: Target, path: str, accept: str):
    detail = target.ask(path, status=406, headers={"Accept": accept})
    assert detail["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    "accept",
    ["x", "../../etc/passwd", "application/json;q=x, text/csv", "*", "/", "a" * 7_000, ","],
)
def test_in_43_media_types_that_are_none(target: Target, accept: str):
    for path in (LIST, "/data"):
        with target.watched():
            answer = target.get(path, Accept=accept)
        assert answer.status in {200, 400, 406}


@pytest.mark.parametrize(
    "form", ["exe", "../../etc/passwd", "csv/../json", "CSV ", "", "x" * 5_000, "%2e%2e",
             "xlsx", "html", "{{7*7}}", "api"],
)  # fmt: skip
def test_in_43_formats_nobody_serves(target: Target, form: str):
    detail = target.ask(f"/data?{urlencode({'format': form})}", status=406)
    assert detail["code"] == "NOT_ACCEPTABLE"


def test_in_43_a_format_with_nul(target: Target):
    refused(target, "/data", "format", "csv\x00")


# ------------------------------------------------------------------ IN-44

# Long ones stay below the limit of an address, past which the answer is 414.
NO_IDS = ["%00", "x" * 7_000, "x", "-", "99", "None", "a%0ab", "%F0%9F", "'%20OR%201=1", "..%2fa",
          "%ff", "{{7*7}}", str(uuid4()), str(uuid4()).replace("-", ""), f"%7B{uuid4()}%7D",
          f"urn:uuid:{uuid4()}"]  # fmt: skip
IDENTIFIED = [LIST, "/data", "/stations", "/variables", "/revisions", "/receipts"]


@pytest.mark.parametrize("identity", NO_IDS, ids=range(len(NO_IDS)))
def test_in_44_ids_that_are_none(target: Target, identity: str):
    for path in IDENTIFIED:
        assert target.ask(f"{path}/{identity}", status=404)["code"] == "NOT_FOUND"
    for below in ("data", "stations", "changes?since=0"):
        assert target.ask(f"{LIST}/{identity}/{below}", status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("identity", ["x" * 10_000, f"{uuid4()}{'0' * 10_000}"], ids=["x", "uuid"])
def test_in_44_an_id_of_ten_kilobytes_is_an_address_that_is_too_long(target: Target, identity: str):
    target.ask(f"{LIST}/{identity}", status=414)


def test_in_44_an_id_in_capitals_is_the_same(target: Target):
    upper = f"{LIST}/{target.url.rpartition('/')[2].upper()}"
    assert target.get(upper).json() == target.get().json()
    point = target.get("/data").json()["results"][0]
    assert target.get(f"{upper}/data/{point['id'].upper()}").json() == point
    assert UUID(point["id"].upper()) == UUID(point["id"])


@pytest.mark.parametrize(
    "path", ["/api/v1/nonsense", "/api/v2/datasets", "/api", "/api/v1//datasets", "/api/v1/../v1"]
)
def test_paths_that_are_none_are_answered_in_the_one_shape(target: Target, path: str):
    assert target.ask(path, status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("text", [quote("é\x00\x07\u202e"), "%ff%fe", "%", "%zz", "a=b=c&&&", "?x"])
def test_broken_query_strings_are_no_server_errors(target: Target, text: str):
    paths: list[Any] = [LIST, f"{target.url}/data"]
    with target.watched():
        for path in paths:
            assert target.get(f"{path}?{text}").status in {200, 400}
            assert target.get(f"{path}?search={text}").status in {200, 400}
