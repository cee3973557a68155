"""Connectors and feeds over the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEvent, User
from connectors import services
from connectors.credentials import keep_credential
from connectors.descriptions import describe
from connectors.models import Feed, Run
from connectors.registry import connectors
from datasets.models import Dataset
from tests.conftest import ClientOf
from tests.connectors.collecting import API, CODE, PARAMETERS, body_of, make_feed
from tests.factories import make_dataset

FEEDS = f"{API}/feeds"


@pytest.fixture
def dataset(steward: User) -> Dataset:
    return make_dataset(steward)


@pytest.fixture
def feed(dataset: Dataset) -> Feed:
    return make_feed(dataset)


@pytest.fixture
def client(steward: User, client_of: ClientOf) -> APIClient:
    """The client of the steward, who owns the dataset."""
    return client_of(steward)


def details(answer: Any) -> set[str]:
    """The fields that a 400 names."""
    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]["code"] == "VALIDATION_ERROR"
    return set(answer.json()["detail"]["details"])


# ------------------------------------------------------------------ connectors


def test_connectors_are_told_to_anybody_as_they_are_declared(db: None) -> None:
    listed = APIClient().get(f"{API}/connectors").json()["results"]
    assert [one["name"] for one in listed] == [one.name for one in connectors]
    told = APIClient().get(f"{API}/connectors/noaa").json()
    noaa = connectors["noaa"]
    assert told in listed
    assert told["parameters"] == noaa.product().schema
    assert (told["license"], told["terms"]) == (noaa.license, noaa.terms)
    for one, product in zip(told["products"], noaa.products, strict=True):
        added = {"is_default": product is noaa.product(), **noaa.terms_of(product)}
        assert one == {**describe(product), **added}
    assert [one["name"] for one in told["products"] if one["is_default"]] == [noaa.product().name]


def test_an_unknown_connector_is_not_there(db: None) -> None:
    answer = APIClient().get(f"{API}/connectors/noaa2")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "NOT_FOUND")


def test_a_connector_has_fields_and_a_tag(db: None) -> None:
    path = f"{API}/connectors/noaa"
    assert APIClient().get(path, {"fields": "name"}).json() == {"name": "noaa"}
    tag = APIClient().get(path)["ETag"]
    assert APIClient().get(path, HTTP_IF_NONE_MATCH=tag).status_code == 304


# ------------------------------------------------------------------ made


def test_a_feed_is_made_with_the_default_product_and_its_look_back(
    client: APIClient, dataset: Dataset
) -> None:
    answer = client.post(FEEDS, body_of(dataset, name="daily"), format="json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert answer["Location"] == f"{FEEDS}/{made['id']}"
    product = connectors["noaa"].product()
    assert made["name"] == "daily"
    assert (made["connector"], made["product"]) == ("noaa", product.name)
    assert (made["dataset"], made["parameters"]) == (str(dataset.pk), PARAMETERS)
    assert (made["lookback_days"], made["enabled"]) == (product.lookback_days, True)
    assert (made["schedule"], made["next_run_at"], made["credential"]) == (None, None, None)
    assert client.get(answer["Location"]).json() == made
    assert AuditEvent.objects.filter(action="feed.created", object_id=made["id"]).count() == 1


def test_feeds_into_the_datasets_of_one_owner_have_a_limit(
    client: APIClient, dataset: Dataset, steward: User, settings: Any
) -> None:
    assert settings.FEEDS_PER_USER == 50
    settings.FEEDS_PER_USER = 2
    mine, others = make_dataset(steward), make_dataset(visibility="internal")
    for target in (dataset, mine, others):
        assert client.post(FEEDS, body_of(target), format="json").status_code == 201
    refused = client.post(FEEDS, body_of(dataset), format="json")
    assert details(refused) == {"dataset"}
    assert "At most 2 feeds" in refused.content.decode()
    assert Feed.objects.count() == 3
    # What is changed is no more than before, and what is gone makes room.
    there = Feed.objects.get(dataset=dataset)
    assert client.patch(f"{FEEDS}/{there.pk}", {"enabled": False}, format="json").status_code == 200
    assert client.delete(f"{API}/datasets/{mine.pk}").status_code == 204
    assert client.post(FEEDS, body_of(dataset), format="json").status_code == 201


def test_a_schedule_says_when_it_runs_next(client: APIClient, dataset: Dataset) -> None:
    body = body_of(dataset, schedule={"cron": "30 6 * * *"}, enabled=False, lookback_days=0)
    made = client.post(FEEDS, body, format="json").json()
    assert (made["schedule"], made["next_run_at"]) == ({"cron": "30 6 * * *"}, None)
    assert (made["enabled"], made["lookback_days"]) == (False, 0)
    path = f"{FEEDS}/{made['id']}"
    changed = client.patch(path, {"enabled": True}, format="json").json()
    assert changed["next_run_at"].endswith("T06:30:00Z")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"connector": "nowhere"}, "connector"),
        ({"connector": ["noaa"]}, "connector"),
        ({"product": "hourly-summaries"}, "product"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"dataset": "x"}, "dataset"),
        ({"dataset": "5a1d1c1e-0000-4000-8000-000000000000"}, "dataset"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {**PARAMETERS, "station": CODE}}, "stations"),
        ({"parameters": {"stations": [CODE]}}, "start"),
        ({"parameters": {**PARAMETERS, "start": "yesterday"}}, "start"),
        ({"parameters": {**PARAMETERS, "end": "1999-01-01"}}, "end"),
        ({"parameters": {**PARAMETERS, "latitude": 945.0}}, "latitude"),
        ({"parameters": {**PARAMETERS, "x\x00": 1}}, "parameters"),
        ({"parameters": {**PARAMETERS, "variables": ["\x00"]}}, "parameters"),
        ({"parameters": {**PARAMETERS, "x": "y" * 40_000}}, "parameters"),
        ({"schedule": {"every": "1m"}}, "schedule"),
        ({"schedule": {"cron": "x"}}, "schedule"),
        ({"schedule": {"cron": "0 0 30 2 *"}}, "schedule"),
        ({"schedule": {"every": "1d", "cron": "* * * * *"}}, "schedule"),
        ({"schedule": "daily"}, "schedule"),
        ({"schedule": []}, "schedule"),
        ({"lookback_days": -1}, "lookback_days"),
        ({"lookback_days": 10**9}, "lookback_days"),
        ({"lookback_days": 1.5}, "lookback_days"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"enabled": None}, "enabled"),
        ({"credential": "x"}, "credential"),
        ({"credential": "5a1d1c1e-0000-4000-8000-000000000000"}, "credential"),
        ({"id": "5a1d1c1e-0000-4000-8000-000000000000"}, "id"),
        ({"next_run_at": "2030-01-01"}, "next_run_at"),
        ({"workspace": None}, "workspace"),
    ],
)
def test_what_is_wrong_with_a_feed_is_named(
    client: APIClient, dataset: Dataset, more: dict[str, Any], named: str
) -> None:
    assert named in details(client.post(FEEDS, body_of(dataset, **more), format="json"))
    assert not Feed.objects.exists()


def test_a_name_is_taken_once_and_free_again_when_the_feed_has_gone(
    client: APIClient, feed: Feed, dataset: Dataset
) -> None:
    body = body_of(dataset, name=feed.name)
    taken = client.post(FEEDS, body, format="json")
    assert (taken.status_code, taken.json()["detail"]["code"]) == (409, "CONFLICT")
    assert client.delete(f"{FEEDS}/{feed.pk}").status_code == 204
    assert client.post(FEEDS, body, format="json").status_code == 201


# ------------------------------------------------------------------ changed


def test_parameters_schedule_and_name_change(client: APIClient, feed: Feed) -> None:
    path = f"{FEEDS}/{feed.pk}"
    more = {**PARAMETERS, "end": "2015-12-31"}
    body = {"name": "other", "parameters": more, "schedule": {"every": "6h"}, "lookback_days": 9}
    answer = client.patch(path, body, format="json")
    assert answer.status_code == 200, answer.content
    changed = answer.json()
    assert {name: changed[name] for name in body} == body
    assert changed["next_run_at"] is not None
    assert changed == client.get(path).json()
    assert AuditEvent.objects.filter(action="feed.changed").count() == 1


@pytest.mark.parametrize("name", ["connector", "product", "dataset", "id", "created_at"])
def test_what_it_is_a_feed_of_never_changes(client: APIClient, feed: Feed, name: str) -> None:
    path = f"{FEEDS}/{feed.pk}"
    same = client.get(path).json()[name]
    assert details(client.patch(path, {name: same}, format="json")) == {name}


@pytest.mark.parametrize(
    ("body", "named"),
    [({"parameters": {"start": "2012-01-01"}}, "stations"), ({"schedule": {"every": "1s"}},
     "schedule"), ({"parameters": None}, "parameters"), ({"name": None}, "name")],
)  # fmt: skip
def test_a_wrong_change_is_named_and_changes_nothing(
    client: APIClient, feed: Feed, body: Any, named: str
) -> None:
    path = f"{FEEDS}/{feed.pk}"
    before = client.get(path)
    assert named in details(client.patch(path, body, format="json"))
    assert client.get(path)["ETag"] == before["ETag"]


def test_a_change_to_the_name_of_another_feed_is_a_conflict(
    client: APIClient, feed: Feed, dataset: Dataset
) -> None:
    other = make_feed(dataset)
    answer = client.patch(f"{FEEDS}/{feed.pk}", {"name": other.name}, format="json")
    assert answer.status_code == 409


def test_a_stale_tag_changes_and_deletes_nothing(client: APIClient, feed: Feed) -> None:
    path = f"{FEEDS}/{feed.pk}"
    old = client.get(path)["ETag"]
    assert client.get(path, HTTP_IF_NONE_MATCH=old).status_code == 304
    new = client.patch(path, {"lookback_days": 3}, format="json", HTTP_IF_MATCH=old)["ETag"]
    assert new != old
    assert client.patch(path, {}, format="json", HTTP_IF_MATCH=old).status_code == 412
    assert client.delete(path, HTTP_IF_MATCH=old).status_code == 412
    assert client.delete(path, HTTP_IF_MATCH=new).status_code == 204
    assert client.get(path).status_code == 404


def test_a_deleted_feed_leaves_the_points_and_one_line(
    client: APIClient, feed: Feed, dataset: Dataset
) -> None:
    assert client.delete(f"{FEEDS}/{feed.pk}").status_code == 204
    assert Dataset.objects.filter(pk=dataset.pk).exists()
    assert AuditEvent.objects.filter(action="feed.deleted", object_id=str(feed.pk)).count() == 1


# ------------------------------------------------------------------ keys


def test_a_feed_takes_a_key_of_the_caller_by_its_id_and_never_tells_it(
    client: APIClient, steward: User, dataset: Dataset
) -> None:
    key = keep_credential("noaa", steward, label="mine", secret="quokka-secret")
    answer = client.post(FEEDS, body_of(dataset, credential=str(key.pk)), format="json")
    assert answer.json()["credential"] == str(key.pk)
    path = f"{FEEDS}/{answer.json()['id']}"
    assert "quokka-secret" not in answer.content.decode() + client.get(path).content.decode()
    assert client.patch(path, {"credential": None}, format="json").json()["credential"] is None


def test_a_key_of_somebody_else_is_as_unknown_as_one_that_never_was(
    client: APIClient, admin: User, client_of: ClientOf, feed: Feed
) -> None:
    key = keep_credential("noaa", admin, label="theirs", secret="x")
    path, told = f"{FEEDS}/{feed.pk}", []
    for identity in (str(key.pk), "5a1d1c1e-0000-4000-8000-000000000000"):
        answer = client.patch(path, {"credential": identity}, format="json")
        assert details(answer) == {"credential"}
        told.append(answer.content)
    assert told[0] == told[1]
    # Admins may use every key.
    mine = client_of(admin).patch(path, {"credential": str(key.pk)}, format="json")
    assert mine.json()["credential"] == str(key.pk)
    # Whoever changes something else leaves it.
    assert client.patch(path, {"lookback_days": 3}, format="json").json()["credential"] == str(
        key.pk
    )


# ------------------------------------------------------------------ lists


def test_feeds_are_filtered_searched_and_sorted(
    client: APIClient, steward: User, dataset: Dataset
) -> None:
    other = make_dataset(steward)
    make_feed(dataset, name="b one", enabled=False)
    make_feed(other, name="a two")

    def names(**query: Any) -> list[str]:
        return [one["name"] for one in client.get(FEEDS, query).json()["results"]]

    assert names() == ["a two", "b one"]
    assert names(ordering="-name") == ["b one", "a two"]
    assert names(dataset=str(other.pk)) == ["a two"]
    assert names(enabled="false") == names(search="ONE") == ["b one"]
    assert names(connector="noaa", product="daily-summaries") == ["a two", "b one"]
    assert names(connector="nasa") == []
    for name in ("dataset__owner", "credential__secret", "credential", "workspace", "parameters"):
        assert details(client.get(FEEDS, {"ordering": name})) == {"ordering"}
    assert details(client.get(FEEDS, {"credential__secret__startswith": "a"})) == {
        "credential__secret__startswith"
    }


def test_a_list_asks_no_more_for_more_feeds(
    client: APIClient, dataset: Dataset, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_feed(dataset)
    with CaptureQueriesContext(connection) as first:
        client.get(FEEDS)
    for _ in range(4):
        make_feed(dataset)
    with django_assert_num_queries(len(first)):
        assert client.get(FEEDS).json()["count"] == 5


# ------------------------------------------------------------------ run and planned


def test_a_plan_tells_what_a_run_would_ask_for(client: APIClient, feed: Feed) -> None:
    plan = client.get(f"{FEEDS}/{feed.pk}/plan").json()
    expected = services.plan_of(feed)
    assert plan["requests"] == len(expected.requests) > 0
    assert (plan["places"], plan["seconds"]) == (1, expected.seconds)
    assert plan["window"] == {"start": "2012-01-01", "end": "2015-01-01"}
    assert not Run.objects.exists()


def test_a_plan_of_days_to_come_is_empty(client: APIClient, dataset: Dataset) -> None:
    feed = make_feed(dataset, parameters={"stations": [CODE], "start": "2190-01-01"})
    plan = client.get(f"{FEEDS}/{feed.pk}/plan").json()
    assert plan == {"requests": 0, "places": 0, "window": None, "seconds": 0}


def test_a_feed_runs_once_at_a_time(client: APIClient, feed: Feed) -> None:
    path = f"{FEEDS}/{feed.pk}/run"
    answer = client.post(path)
    assert answer.status_code == 202, answer.content
    run = answer.json()
    assert answer["Location"] == f"{API}/runs/{run['id']}"
    assert (run["feed"], run["status"], run["trigger"]) == (str(feed.pk), "queued", "hand")
    again = client.post(path, {"start": "2012-01-01", "end": "2013-01-01"}, format="json")
    assert again.status_code == 409
    assert again.json()["detail"]["details"] == {"run": run["id"]}
    assert client.post(f"{API}/runs/{run['id']}/cancel").json()["status"] == "cancelled"
    assert client.post(path, {}, format="json").status_code == 202


def test_a_period_is_filled_again(client: APIClient, feed: Feed) -> None:
    body = {"start": "2012-03-01", "end": "2012-04-01"}
    run = client.post(f"{FEEDS}/{feed.pk}/run", body, format="json").json()
    assert run["trigger"] == "back-fill"
    # In a feed's parameters the last day is included.
    assert run["parameters"] == {**PARAMETERS, "start": "2012-03-01", "end": "2012-03-31"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"start": "2012-03-01"}, "end"),
        ({"end": "2012-03-01"}, "start"),
        ({"start": "2012-03-01", "end": "2012-03-01"}, "end"),
        ({"start": "2012-03-02", "end": "2012-03-01"}, "end"),
        ({"start": "1600-01-01", "end": "2012-03-01"}, "start"),
        ({"start": "2012-01-01", "end": "9999-12-31"}, "end"),
        ({"start": "0001-01-01", "end": "0001-01-02"}, "start"),
        ({"start": "2012-02-30", "end": "2012-03-01"}, "start"),
        ({"start": 20120101, "end": "2012-03-01"}, "start"),
        ({"start": None, "end": None}, "start"),
        ({"parameters": {}}, "parameters"),
        ([], "body"),
    ],
)
def test_what_is_no_period_is_named(client: APIClient, feed: Feed, body: Any, named: str) -> None:
    assert named in details(client.post(f"{FEEDS}/{feed.pk}/run", body, format="json"))
    assert not Run.objects.exists()


@pytest.mark.parametrize("end", ["", "/run", "/plan", "/coverage"])
@pytest.mark.parametrize("identity", ["x", "5a1d1c1e-0000-4000-8000-000000000000", "1", "%00"])
def test_an_id_of_nothing_is_not_there(client: APIClient, identity: str, end: str) -> None:
    path = f"{FEEDS}/{identity}{end}"
    answer = client.post(path) if end == "/run" else client.get(path)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "NOT_FOUND")
