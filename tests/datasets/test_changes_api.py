"""Changes over the API: pages, streams, tags, and what is refused."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import services
from datasets.models import Dataset
from datasets.views import history
from tests.datasets.changes import changes
from tests.datasets.reading import view
from tests.factories import days, make_dataset, make_user, signed_in, write

ALL = "/api/v1/datasets"
NDJSON = "application/x-ndjson"


@pytest.fixture
def filled(dataset: Dataset) -> Dataset:
    """Three revisions of two stations."""
    write(dataset, [one for code in "ab" for one in days(5, station=code)])
    write(dataset, [{**one, "value": {"TMAX": 0}} for one in days(3, station="b")])
    write(dataset, [{**one, "value": {"TMAX": None, "TMIN": None}} for one in days(2, station="a")])
    return dataset


def get(api: APIClient, dataset: Dataset, query: str = "", **more: Any) -> Any:
    return api.get(f"{ALL}/{dataset.pk}/changes?{query}", **more)


def refused(answer: Any, *names: str) -> None:
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"]["details"].keys() == set(names)


def cursor_of(answer: Any) -> str:
    (cursor,) = parse_qs(urlsplit(str(answer.json()["next"])).query)["cursor"]
    return cursor


# ------------------------------------------------------------------ pages


def test_the_envelope_says_from_where_to_where(api: APIClient, filled: Dataset):
    body = get(api, filled, "since=1").json()
    assert list(body) == ["dataset", "since", "revision", "next", "results"]
    assert (body["dataset"], body["since"], body["revision"], body["next"]) == (
        str(filled.pk), 1, 3, None,
    )  # fmt: skip
    assert body["results"] == changes(filled, 1)
    assert get(api, filled, f"since={body['revision']}").json()["results"] == []


def test_without_a_revision_all_changes_are_told(api: APIClient, filled: Dataset):
    assert get(api, filled).json()["results"] == changes(filled)
    assert get(api, filled, "until=2").json()["results"] == changes(filled, until=2)
    assert get(api, filled, "since=1&until=1").json()["results"] == []


def test_an_empty_dataset_has_no_changes(api: APIClient, dataset: Dataset):
    body = get(api, dataset).json()
    assert (body["revision"], body["next"], body["results"]) == (0, None, [])


def test_pages_stay_at_the_revision_they_began_with(api: APIClient, filled: Dataset):
    expected = changes(filled)
    body = get(api, filled, "limit=3").json()
    found = body["results"]
    while body["next"]:
        write(filled, days(9, start=f"20{len(found) + 10}-01-01"))
        body = api.get(body["next"]).json()
        assert (body["revision"], len(body["results"]) <= 3) == (3, True)
        found += body["results"]
    assert found == expected


def test_stations_and_variables_are_chosen(api: APIClient, filled: Dataset):
    found = get(api, filled, "station=b&station=b").json()["results"]
    assert found == changes(filled, stations=("b",))
    found = get(api, filled, "variables=TMIN").json()["results"]
    assert {one["change"] for one in found if one["revision"] == 2} == set()
    assert all(one["value"] is None or list(one["value"]) == ["TMIN"] for one in found)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=-1", "since"), ("since=1.5", "since"), ("since=", "since"), ("since=x", "since"),
        ("since=4", "since"), (f"since={'9' * 30}", "since"), ("until=4", "until"),
        ("since=2&until=1", "since"), ("since=1&since=2", "since"), ("limit=0", "limit"),
        ("limit=50001", "limit"), ("limit=NaN", "limit"), ("station=nowhere", "station"),
        ("variables=NOTHING", "variables"), ("variables=", "variables"), ("cursor=x", "cursor"),
        ("cursor=", "cursor"), (f"cursor={'x' * 9000}", "cursor"), ("page=1", "page"),
        ("revision=1", "revision"), ("fields=id", "fields"), ("as_of=2001-01-01", "as_of"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(api: APIClient, filled: Dataset, query: str, name: str):
    refused(get(api, filled, query), name)


def test_in_42_a_cursor_is_good_for_its_query_only(api: APIClient, filled: Dataset):
    cursor = cursor_of(get(api, filled, "limit=3"))
    assert get(api, filled, f"limit=5&cursor={cursor}").status_code == 200
    other_end = "A" if cursor[-1] != "A" else "B"
    for query in (f"since=1&cursor={cursor}", f"cursor={cursor}&station=a",
                  f"cursor={cursor[:-1]}", f"cursor={cursor[:-1]}{other_end}"):  # fmt: skip
        refused(get(api, filled, query), "cursor")
    other = make_dataset(filled.owner)
    write(other, days(9))
    refused(get(api, other, f"limit=3&cursor={cursor}"), "cursor")
    points = cursor_of(api.get(f"{ALL}/{filled.pk}/data?limit=3"))
    refused(get(api, filled, f"limit=3&cursor={points}"), "cursor")


# ------------------------------------------------------------------ tags


def test_unchanged_changes_are_not_sent_again(api: APIClient, filled: Dataset):
    whole = get(api, filled)
    for tag in (whole["ETag"], f"W/{whole['ETag']}"):
        answer = get(api, filled, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
    for query in ("since=1", "limit=2", "station=a", "format=ndjson"):
        assert get(api, filled, query)["ETag"] != whole["ETag"]
    pinned = get(api, filled, "until=2")["ETag"]
    write(filled, days(1, start="2030-01-01", station="a"))
    assert get(api, filled, headers={"If-None-Match": whole["ETag"]}).status_code == 200
    assert get(api, filled, "until=2", headers={"If-None-Match": pinned}).status_code == 304


def test_the_head_of_changes_comes_without_them(api: APIClient, filled: Dataset):
    for query in ("", "format=ndjson"):
        answer = api.head(f"{ALL}/{filled.pk}/changes?{query}")
        whole = get(api, filled, query)
        assert (answer.status_code, answer["ETag"]) == (200, whole["ETag"])
        assert answer["Content-Type"] == whole["Content-Type"]


# ------------------------------------------------------------------ streamed


def lines(answer: Any) -> list[Any]:
    assert (answer.status_code, answer["Content-Type"]) == (200, NDJSON)
    text = b"".join(answer.streaming_content)
    assert text.endswith(b"\n")
    return [orjson.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("streamed", [1, 3, 10_000])
def test_a_stream_has_all_changes(
    api: APIClient, filled: Dataset, monkeypatch: pytest.MonkeyPatch, streamed: int
):
    monkeypatch.setattr(history, "STREAMED", streamed)
    assert lines(get(api, filled, "format=ndjson")) == changes(filled)
    assert lines(get(api, filled, "since=1", headers={"Accept": NDJSON})) == changes(filled, 1)


def test_a_stream_has_no_pages(api: APIClient, filled: Dataset):
    refused(get(api, filled, "format=ndjson&limit=3"), "limit")
    cursor = cursor_of(get(api, filled, "limit=3"))
    assert get(api, filled, f"format=ndjson&cursor={cursor}").status_code == 400


def test_a_stream_ends_when_the_dataset_is_deleted(
    api: APIClient, filled: Dataset, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(history, "STREAMED", 2)
    content = iter(get(api, filled, "format=ndjson").streaming_content)
    next(content)
    services.delete_dataset(view(filled))
    with pytest.raises(Exception, match="no such thing"):
        list(content)


# ------------------------------------------------------------------ who may


def test_a_01_who_reads_the_points_reads_their_changes(analyst: User):
    table = {None: (404, 404, 200), "viewer": (404, 200, 200), "admin": (200, 200, 200)}
    datasets = [make_dataset(analyst, visibility=v) for v in ("private", "internal", "public")]
    for role, wanted in table.items():
        client = signed_in(make_user(role) if role else None)
        for dataset, status in zip(datasets, wanted, strict=True):
            assert get(client, dataset).status_code == status
            assert get(client, dataset, "since=x").status_code == (400 if status == 200 else 404)


def test_a_hidden_dataset_answers_like_one_that_never_was(filled: Dataset):
    client = signed_in(make_user("steward"))
    one, other = (client.get(f"{ALL}/{pk}/changes?since=1") for pk in (filled.pk, uuid4()))
    assert (one.status_code, one.content) == (other.status_code, other.content)


def test_queries_do_not_grow(api: APIClient, filled: Dataset):
    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert get(api, filled, query).status_code == 200
        return len(captured)

    few = queries("limit=2&station=a&station=b&variables=TMIN,TMAX")
    for number in range(5):
        write(filled, days(9, start=f"20{number + 10}-01-01", station="b"))
    assert queries("limit=2&station=a&station=b&variables=TMIN,TMAX") == few
    assert queries("limit=5000") <= few
