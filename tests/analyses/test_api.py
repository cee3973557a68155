"""Analyses over HTTP: who may request, see, cancel and delete them."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.registry import analyses as registry
from datasets import access
from datasets.models import Dataset
from datasets.services import share
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write

API = "/api/v1"
BODY = {"type": "summary", "parameters": {"variable": "TMAX"}}


def filled(owner: User, visibility: str = "private") -> Dataset:
    dataset = make_dataset(owner, visibility=visibility)
    write(dataset, days(60, station="A"))
    dataset.refresh_from_db()
    return dataset


def made(dataset: Dataset, user: User) -> Analysis:
    view = access.view(user, dataset.pk)
    analysis = services.request_analysis(view, "summary", BODY["parameters"], user=user)  # type: ignore[arg-type]
    services.execute(analysis.pk)
    return analysis


def post(client: APIClient, dataset: Dataset, query: str = "", **changed: Any) -> Any:
    path = f"{API}/datasets/{dataset.pk}/analysis{query}"
    return client.post(path, {**BODY, **changed}, format="json")


def test_a_request_is_202_with_where_to_look(analyst: User, api: APIClient) -> None:
    answer = post(api, filled(analyst))
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    assert answer["Location"] == f"{API}/analyses/{answer.json()['id']}"
    assert api.get(answer["Location"]).json()["id"] == answer.json()["id"]


def test_waiting_for_what_was_computed_before_is_200_with_the_result(
    analyst: User, api: APIClient
) -> None:
    dataset = filled(analyst)
    made(dataset, analyst)
    answer = post(api, dataset, "?wait=5")
    assert answer.status_code == 200
    assert answer.json()["results"]["series"][0]["count"] == 60


def test_waiting_for_the_worker_gives_the_result(committed_db: None, client_of: ClientOf) -> None:
    analyst = make_user("analyst")
    dataset = filled(analyst)
    answer = post(client_of(analyst), dataset, "?wait=5")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    series = [{"parameter": "variable", "station": "A", "variable": "TMAX"}]
    told = {"dataset": str(dataset.pk), "revision": 1, "series": series}
    assert answer.json()["inputs"] == [told]
    assert answer.json()["user"] == str(analyst.pk)
    said = answer.json()["words"]
    assert said[2] == "60 values are used; none is left out for its flag."


@pytest.mark.parametrize(
    "wait", ["-1", "21", "1.5", "NaN", "", "x", "0" * 9 + "9" * 5000, "٣", "1_0"]
)
def test_a_wait_that_is_none_is_400_and_makes_no_job(
    analyst: User, api: APIClient, wait: str
) -> None:
    answer = post(api, filled(analyst), f"?wait={wait}")
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {"wait"}
    assert Analysis.objects.count() == 0


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"type": "astrology"}, "type"),
        ({"type": ["summary"]}, "type"),
        ({"type": None}, "type"),
        ({"type": {"a": 1}}, "type"),
        ({"type": "__import__('os')"}, "type"),
        ({"parameters": {"variable": "TMAX", "window": 10**9}}, "window"),
        ({"parameters": [1]}, "parameters"),
        ({"parameters": "x"}, "parameters"),
        ({"parameters": {"variable": "{{7*7}}"}}, "variable"),
        ({"status": "succeeded"}, "status"),
        ({"user": "7a5fe989-ad62-4244-875d-3dcd5d2215f5"}, "user"),
    ],
    ids=str,
)
def test_in_51_a_wrong_request_is_400_naming_it_and_makes_no_job(
    analyst: User, api: APIClient, changed: dict[str, Any], named: str
) -> None:
    answer = post(api, filled(analyst), **changed)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()["detail"]["details"]
    assert Analysis.objects.count() == 0


@pytest.mark.parametrize(
    ("who", "visibility", "status"),
    [
        (None, "private", 401), (None, "public", 401),
        ("viewer", "private", 404), ("viewer", "internal", 403), ("viewer", "public", 403),
        ("analyst", "private", 404), ("analyst", "internal", 202), ("analyst", "public", 202),
        ("steward", "private", 404), ("steward", "public", 202), ("admin", "private", 202),
    ],
)  # fmt: skip
def test_who_may_run_one_on_a_dataset_of_somebody_else(
    analyst: User, client_of: ClientOf, who: str | None, visibility: str, status: int
) -> None:
    client = client_of(make_user(who) if who else None)
    answer = post(client, filled(analyst, visibility))
    # A viewer may run none; whether the dataset is there is told to nobody by that.
    assert answer.status_code in ({status} if (who, status) != ("viewer", 404) else {403, 404})


def test_an_analysis_is_seen_only_while_its_dataset_is(
    analyst: User, viewer: User, client_of: ClientOf
) -> None:
    dataset = filled(analyst, "internal")
    path = f"{API}/analyses/{made(dataset, analyst).pk}"
    anyone, other = client_of(None), client_of(viewer)
    assert (anyone.get(path).status_code, other.get(path).status_code) == (404, 200)
    Dataset.objects.filter(pk=dataset.pk).update(visibility="private")
    hidden, unknown = other.get(path), other.get(f"{API}/analyses/{uuid.uuid4()}")
    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    assert other.get(f"{API}/analyses").json()["count"] == 0


Do = Callable[[APIClient, str], Any]
DELETE: Do = lambda client, path: client.delete(path)  # noqa: E731
RERUN: Do = lambda client, path: client.post(f"{path}/rerun")  # noqa: E731
CANCEL: Do = lambda client, path: client.post(f"{path}/cancel")  # noqa: E731


@pytest.mark.parametrize(
    ("do", "allowed"),
    [(DELETE, 204), (RERUN, 202), (CANCEL, 200)],
    ids=["delete", "rerun", "cancel"],
)
@pytest.mark.parametrize(
    ("who", "may"),
    [("nobody", False), ("viewer", False), ("other analyst", False), ("steward", False),
     ("author", True), ("owner", True), ("manager", True), ("editor", False), ("admin", True)],
)  # fmt: skip
def test_only_its_author_and_who_manages_the_dataset_end_or_repeat_it(
    analyst: User, client_of: ClientOf, do: Do, allowed: int, who: str, may: bool
) -> None:
    dataset = filled(analyst, "public")
    author = make_user("analyst")
    view = access.view(author, dataset.pk)
    analysis = services.request_analysis(view, "summary", {"variable": "TMAX"}, user=author)
    people = {"nobody": None, "author": author, "owner": analyst, "other analyst": make_user()}
    person = (
        people[who]
        if who in people
        else make_user(who if who in {"viewer", "steward", "admin"} else "analyst")
    )
    if who in {"manager", "editor"}:
        right = "manage" if who == "manager" else "edit"
        share(access.view(analyst, dataset.pk), right, user=person)
    answer = do(client_of(person), f"{API}/analyses/{analysis.pk}")
    refused = 401 if who == "nobody" else 403
    assert answer.status_code == (allowed if may else refused)
    assert Analysis.objects.filter(pk=analysis.pk).exists() != (may and do is DELETE)


def test_an_author_who_became_a_viewer_reads_only(analyst: User, client_of: ClientOf) -> None:
    from accounts.services import set_roles

    author = make_user("analyst")
    analysis = made(filled(analyst, "public"), author)
    client = client_of(author)
    set_roles(author, ["viewer"])
    assert client.delete(f"{API}/analyses/{analysis.pk}").status_code == 403
    assert client.get(f"{API}/analyses/{analysis.pk}").status_code == 200


def test_what_is_done_cannot_be_cancelled(analyst: User, api: APIClient) -> None:
    analysis = made(filled(analyst), analyst)
    answer = api.post(f"{API}/analyses/{analysis.pk}/cancel")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (409, "CONFLICT")


def test_a_list_is_filtered_and_its_queries_do_not_grow(
    analyst: User, api: APIClient, django_assert_num_queries: Any
) -> None:
    dataset = filled(analyst)
    made(dataset, analyst)
    with CaptureQueriesContext(connection) as first:
        api.get(f"{API}/analyses")
    for _ in range(4):
        made(dataset, analyst)
    with django_assert_num_queries(len(first)):
        assert api.get(f"{API}/analyses").json()["count"] == 5
    assert api.get(f"{API}/analyses", {"status": "failed"}).json()["count"] == 0
    assert api.get(f"{API}/analyses", {"type": "summary"}).json()["count"] == 5
    assert api.get(f"{API}/analyses", {"dataset": str(dataset.pk)}).json()["count"] == 5
    for query in ({"status": "x"}, {"dataset": "x"}, {"user": "x"}):
        assert api.get(f"{API}/analyses", query).status_code == 400


def test_the_catalogue_has_every_analysis_with_the_schema_of_its_parameters(db: None) -> None:
    listed = APIClient().get(f"{API}/analysis-types").json()
    assert [one["type"] for one in listed["results"]] == registry.names()
    for one in listed["results"]:
        assert one["parameters"]["type"] == "object"
        assert one["parameters"]["additionalProperties"] is False
        assert one["title"]
        assert one["references"]
        for name, about in one["parameters"]["properties"].items():
            assert about["description"], (one["type"], name)
