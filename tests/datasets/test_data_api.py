"""Reading and writing points over the API."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset, Revision
from datasets.selectors import points as selector
from tests.datasets.reading import keys, point, view
from tests.factories import days, make_dataset, write

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Five days at each of stations b, a and none; revision 2 changed one day and removed one."""
    made = make_dataset(analyst, name="filled")
    made.variables.create(name="TMAX", unit="degC")
    write(made, [{**one, "station": code} for code in ("b", "a", "") for one in days(5)])
    write(made, [point({"TMAX": 99}, "2001-01-02", station="a"),
                 point({"TMAX": None, "TMIN": None}, "2001-01-03", station="a")])  # fmt: skip
    return made


@pytest.fixture
def url(db: None, filled: Dataset) -> str:
    return f"/api/v1/datasets/{filled.pk}/data"


@pytest.fixture
def get(api: APIClient, url: str) -> Get:
    """`get(limit=2)` answers 200 with this body."""

    def read(**query: Any) -> Any:
        answer = api.get(f"{url}?{urlencode(query, doseq=True)}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return read


def pages(api: APIClient, url: str, between: Callable[[], Any] = lambda: None) -> list[Any]:
    """The results of all pages; `between` is called after each."""
    found: list[Any] = []
    following: str | None = url
    while following:
        answer = api.get(following)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        assert page["results"] or not found
        found += page["results"]
        following = page["next"]
        between()
    return found


# ------------------------------------------------------------------ what is read


def test_a_page_says_what_it_is(get: Get, filled: Dataset):
    page = get()
    assert (page["dataset"], page["revision"], page["next"]) == (str(filled.pk), 2, None)
    assert page["units"] == {"TMAX": "degC"}
    assert page["results"][0] == {
        "id": page["results"][0]["id"],
        "timestamp": "2001-01-01T00:00:00Z",
        "station": "b",
        "value": {"TMAX": 10.5, "TMIN": 0},
        "metadata": {},
    }


def test_stations_come_in_order_of_creation_and_points_in_order_of_time(get: Get):
    found = keys(get()["results"])
    times = [f"2001-01-0{n}T00:00:00Z" for n in (1, 2, 3, 4, 5)]
    expected = [(code, time) for code in ("b", "a", "") for time in times]
    expected.remove(("a", "2001-01-03T00:00:00Z"))
    assert found == expected
    assert keys(get(order="desc")["results"]) == expected[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [2, 5, 13, 14])
def test_pages_hold_every_point_once_whatever_their_size(
    api: APIClient, url: str, get: Get, limit: int, order: str
):
    whole = get(order=order)["results"]
    assert pages(api, f"{url}?limit={limit}&order={order}") == whole
    assert len(get(limit=limit, order=order)["results"]) == min(limit, 14)


@pytest.mark.parametrize("limit", [14, 15])
def test_the_last_page_has_no_next(get: Get, limit: int):
    assert get(limit=limit)["next"] is None


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_stay_as_they_were_while_data_come_in(
    api: APIClient, url: str, get: Get, filled: Dataset, order: str
):
    whole = get(order=order)["results"]
    number = iter(range(100))

    def write_all_over() -> None:
        n = next(number)
        sent = [{**one, "station": code, "value": {"TMAX": -n - 1}}
                for code in ("b", "a", "", f"new{n}") for one in days(8, "2000-12-30")]  # fmt: skip
        write(filled, sent)

    assert pages(api, f"{url}?limit=3&order={order}", write_all_over) == whole
    assert view(filled).dataset.revision > 4


def test_next_keeps_the_whole_query(get: Get):
    page = get(
        limit=2, station=["a", "b"], variables="TMAX", fields="timestamp,value", order="desc"
    )
    query = parse_qs(urlsplit(page["next"]).query)
    assert query.pop("cursor")
    assert query == {
        "limit": ["2"], "station": ["a", "b"], "variables": ["TMAX"], "order": ["desc"],
        "fields": ["timestamp,value"],
    }  # fmt: skip


def test_start_is_in_and_end_is_out(get: Get):
    page = get(start="2001-01-02", end="2001-01-04", station="b")
    assert [one["timestamp"][:10] for one in page["results"]] == ["2001-01-02", "2001-01-03"]
    assert len(get(start="2001-01-05")["results"]) == 3
    assert len(get(end="2001-01-01T00:00:00.000001Z")["results"]) == 3
    assert get(start="2001-01-02", end="2001-01-02")["results"] == []
    assert len(get(start="2001-01-01T19:00:00-05:00", end="2001-01-02T00:00:00.5")["results"]) == 3
    assert len(get(start="0001-01-01", end="9999-12-31T23:59:59.999999Z")["results"]) == 14


def test_several_stations_may_be_chosen_also_the_one_without_a_code(get: Get):
    assert {one["station"] for one in get(station="")["results"]} == {""}
    found = get(station=["a", "b", "a"])["results"]
    assert [one["station"] for one in found] == ["b"] * 5 + ["a"] * 4


def test_variables_choose_values_and_points_that_have_any(get: Get):
    found = get(variables="TMIN", station="a")["results"]
    assert [list(one["value"]) for one in found] == [["TMIN"]] * 4
    both = get(variables="TMIN,TMAX", station="b")["results"][0]["value"]
    assert both == {"TMIN": 0, "TMAX": 10.5}
    assert get(variables="TMIN")["units"] == {}


def test_fields_choose_what_is_told_of_a_point(get: Get):
    found = get(fields="value,timestamp", limit=1)["results"]
    assert found == [{"timestamp": "2001-01-01T00:00:00Z", "value": {"TMAX": 10.5, "TMIN": 0}}]
    assert list(get(fields="id", limit=1)["results"][0]) == ["id"]


def test_an_earlier_revision_answers_as_it_stood(get: Get):
    before = get(revision=1)
    assert before["revision"] == 1
    assert len(before["results"]) == 15
    assert {one["value"]["TMAX"] for one in before["results"]} <= {10.5, 11.5, 12.5, 13.5, 14.5}
    assert get(revision=0)["results"] == []
    assert get(revision=2)["results"] == get()["results"]


def test_as_of_answers_as_it_stood_then(get: Get, filled: Dataset):
    first, second = Revision.objects.filter(dataset=filled).values_list("created_at", flat=True)
    assert get(as_of=first.isoformat())["results"] == get(revision=1)["results"]
    assert get(as_of=second.isoformat())["revision"] == 2
    assert get(as_of="2001-01-01")["results"] == []


def test_an_empty_dataset_has_an_empty_page(api: APIClient, dataset: Dataset):
    page = api.get(f"/api/v1/datasets/{dataset.pk}/data").json()
    assert (page["revision"], page["next"], page["results"]) == (0, None, [])


def test_a_point_at_the_end_of_time_ends_no_page(api: APIClient, dataset: Dataset):
    last = "9999-12-31T23:59:59.999999Z"
    first = "0001-01-01T00:00:00Z"
    write(dataset, [point({"A": 1}, time, station=code) for code in "ab" for time in (first, last)])
    url = f"/api/v1/datasets/{dataset.pk}/data"
    found = pages(api, f"{url}?limit=1")
    assert keys(found) == [("a", first), ("a", last), ("b", first), ("b", last)]
    assert pages(api, f"{url}?limit=1&order=desc") == found[::-1]
    for one in found:
        assert api.get(f"{url}/{one['id']}").json() == one


# ------------------------------------------------------------------ cursors


@pytest.fixture
def cursor(get: Get) -> str:
    return str(parse_qs(urlsplit(get(limit=2)["next"]).query)["cursor"][0])


def test_in_42_a_cursor_changed_anywhere_is_refused(api: APIClient, url: str, cursor: str):
    changed = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :]
               for i in range(0, len(cursor), 15)]  # fmt: skip
    for bad in [*changed, cursor[:-1], cursor[1:], "", "x", cursor * 2, "A" * 7_000, "\u0663"]:
        answer = api.get(f"{url}?{urlencode({'cursor': bad})}")
        assert (answer.status_code, list(answer.json()["detail"]["details"])) == (400, ["cursor"])


@pytest.mark.parametrize(
    "other", ["order=desc", "station=a", "variables=TMAX", "start=2001-01-01", "revision=1"]
)
def test_a_cursor_of_another_query_is_refused(api: APIClient, url: str, cursor: str, other: str):
    answer = api.get(f"{url}?cursor={cursor}&{other}")
    assert answer.status_code == 400
    assert "cursor" in answer.json()["detail"]["details"]


def test_a_cursor_of_another_dataset_is_refused(api: APIClient, cursor: str, dataset: Dataset):
    write(dataset, days(3))
    answer = api.get(f"/api/v1/datasets/{dataset.pk}/data?cursor={cursor}")
    assert answer.status_code == 400


def test_a_cursor_may_go_on_with_pages_of_another_size(get: Get, cursor: str):
    assert get(cursor=cursor)["results"] == get()["results"][2:]


# ------------------------------------------------------------------ what is refused

REFUSED = {
    "limit": ["0", "-1", "50001", "1.5", "NaN", "x", "", "1e3", "٣", "9" * 30, " 5"],
    "order": ["", "up", "ASC"],
    "revision": ["-1", "3", "x", "", "1.5", "9" * 30, "٢"],
    "as_of": ["x", "", "2001-13-01", "10000-01-01"],
    "start": ["x", "2001-02-30", "2001-W05", "978307200", "2001-01-01T00:00+25:00", "2001-01-06X"],
    "end": ["x", "0000-01-01", "9999-12-31T23:59:59-01:00"],
    "station": ["zzz", "A"],
    "variables": ["zzz", "", "TMAX,", "TMAX,zzz", "tmax"],
    "fields": ["zzz", "", "revision", "value__TMAX", "dataset", "id,"],
    "tmax": ["1"],
    "page": ["1"],
    "value__TMAX__gt": ["1"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts]
)
def test_what_makes_no_sense_is_refused_by_its_name(api: APIClient, url: str, name: str, text: str):
    answer = api.get(f"{url}?{urlencode({name: text})}")
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["detail"]["details"]) == [name]


def test_start_after_end_is_refused(api: APIClient, url: str):
    assert api.get(f"{url}?start=2001-01-03&end=2001-01-02").status_code == 400


def test_revision_and_as_of_exclude_each_other(api: APIClient, url: str):
    assert api.get(f"{url}?revision=1&as_of=2001-01-01").status_code == 400


# ------------------------------------------------------------------ tags


def test_an_unchanged_answer_is_a_304(api: APIClient, url: str, filled: Dataset):
    first = api.get(url)
    tag = first["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.get(url, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert api.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert api.get(f"{url}?limit=2")["ETag"] != tag
    write(filled, [point({"TMAX": 5})])
    changed = api.get(url, headers={"If-None-Match": tag})
    assert (changed.status_code, changed["ETag"] == tag) == (200, False)


def test_a_changed_unit_changes_the_tag(api: APIClient, url: str, filled: Dataset):
    tag = api.get(url)["ETag"]
    variable = filled.variables.get(name="TMAX")
    path = f"/api/v1/datasets/{filled.pk}/variables/{variable.pk}"
    assert api.patch(path, {"unit": "K"}, format="json").status_code == 200
    answer = api.get(url, headers={"If-None-Match": tag})
    assert answer.json()["units"] == {"TMAX": "K"}


def test_the_tag_of_an_old_revision_outlives_new_data(api: APIClient, url: str, filled: Dataset):
    tag = api.get(f"{url}?revision=1")["ETag"]
    write(filled, [point({"TMAX": 5})])
    assert api.get(f"{url}?revision=1", headers={"If-None-Match": tag}).status_code == 304


# ------------------------------------------------------------------ one point


def test_a_point_is_found_by_its_id_in_capitals_too(api: APIClient, url: str, get: Get):
    for one in get()["results"]:
        assert api.get(f"{url}/{one['id']}").json() == one
    assert api.get(f"{url}/{one['id'].upper()}").json() == one


def test_a_point_keeps_its_id_whatever_is_written(api: APIClient, url: str, get: Get):
    before = {(p["station"], p["timestamp"]): p["id"] for p in get(revision=1)["results"]}
    after = {(p["station"], p["timestamp"]): p["id"] for p in get()["results"]}
    assert after.items() <= before.items()


def test_a_point_answers_as_of_a_revision(api: APIClient, url: str, get: Get):
    changed = get(revision=1, station="a")["results"][1]
    assert api.get(f"{url}/{changed['id']}?revision=1").json()["value"] == {"TMAX": 11.5, "TMIN": 1}
    assert api.get(f"{url}/{changed['id']}").json()["value"] == {"TMAX": 99, "TMIN": 1}
    deleted = get(revision=1, station="a")["results"][2]
    assert api.get(f"{url}/{deleted['id']}").status_code == 404
    assert api.get(f"{url}/{deleted['id']}?revision=1").status_code == 200
    assert api.get(f"{url}/{deleted['id']}?revision=0").status_code == 404


def test_a_point_has_a_tag_and_fields(api: APIClient, url: str, get: Get):
    identity = get(limit=1)["results"][0]["id"]
    whole = api.get(f"{url}/{identity}")
    unchanged = api.get(f"{url}/{identity}", headers={"If-None-Match": whole["ETag"]})
    assert unchanged.status_code == 304
    assert api.get(f"{url}/{identity}?fields=station").json() == {"station": "b"}


def test_the_id_of_another_datasets_point_is_not_found(api: APIClient, url: str, dataset: Dataset):
    write(dataset, days(1))
    other = f"/api/v1/datasets/{dataset.pk}/data"
    identity = api.get(other).json()["results"][0]["id"]
    assert api.get(f"{url}/{identity}").status_code == 404


@pytest.mark.parametrize("identity", ["x", "0" * 32, "f" * 32, "%00", "a" * 3000, "None", "-1"])
def test_what_is_no_id_is_not_found(api: APIClient, url: str, identity: str):
    assert api.get(f"{url}/{identity}").status_code == 404


# ------------------------------------------------------------------ queries


def queries(api: APIClient, url: str, **more: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = api.post(url, more["sent"], format="json") if more else api.get(url)
        assert answer.status_code == 200, answer.content
    return len(captured)


def test_the_number_of_queries_is_the_same_for_10_and_1000_points(api: APIClient, dataset: Dataset):
    url = f"/api/v1/datasets/{dataset.pk}/data"
    first = queries(api, url, sent=days(10))
    assert queries(api, url, sent=days(10)) <= first
    few = queries(api, f"{url}?limit=10"), queries(api, f"{url}?limit=5")
    more = queries(api, url, sent=days(1000, "2005-01-01", station="b")) - first
    assert more <= 0
    many = queries(api, url), queries(api, f"{url}?limit=999")
    assert few == many
    changed = [{**one, "value": {"TMAX": -1}} for one in days(1000, "2005-01-01", station="b")]
    assert queries(api, url, sent=changed) == queries(
        api, url, sent=[{**one, "value": {"TMAX": -2}} for one in changed[:10]]
    )


# ------------------------------------------------------------------ beside writes


def test_the_default_page_has_1000_points(api: APIClient, dataset: Dataset):
    write(dataset, days(1001))
    page = api.get(f"/api/v1/datasets/{dataset.pk}/data").json()
    assert len(page["results"]) == 1000
    assert page["next"]


def test_a_read_that_began_before_a_write_sees_nothing_of_it(dataset: Dataset):
    write(dataset, days(3))
    seen = view(dataset)
    write(dataset, [{**one, "value": {"TMAX": -5}} for one in days(4)])
    page = selector.page(seen, selector.Selection(seen.dataset.revision), limit=10)
    assert page.count == 3
    assert b'"TMAX": -5' not in page.results
