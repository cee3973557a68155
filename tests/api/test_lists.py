"""Lists: pages, fields, order, and no parameter that is silently ignored."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.api.conftest import API, Operation, World
from tests.factories import make_dataset

DATASETS = f"{API}/datasets"


def refused(answer: Any) -> set[str]:
    """The parameters that a 400 names."""
    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]["code"] == "VALIDATION_ERROR"
    return set(answer.json()["detail"]["details"])


def test_in_34_an_unknown_parameter_is_named_by_every_operation(
    operations: list[Operation], world: World
) -> None:
    for one in operations:
        key = world.owner.pk if "users" in one.path else world.dataset.pk
        path = one.at(dataset_id=world.dataset.pk, id=key)
        answer = getattr(world.admin, one.method)(f"{path}?colour=red", {}, format="json")
        assert refused(answer) == {"colour"}, one


def test_in_34_a_single_valued_parameter_is_given_once(world: World) -> None:
    assert refused(world.anyone.get(f"{DATASETS}?page=1&page=2")) == {"page"}
    stations = f"{DATASETS}/{world.dataset.pk}/data?station=A&station=A"
    assert world.anyone.get(stations).status_code == 200


def test_in_37_nul_in_a_parameter_is_named(world: World) -> None:
    for name in ("search", "source", "tag", "ordering", "fields"):
        assert refused(world.anyone.get(DATASETS, {name: "a\x00"})) == {name}


def test_pages_join_into_the_whole_list(analyst: User, api: APIClient) -> None:
    made = {str(make_dataset(analyst).pk) for _ in range(5)}
    seen: list[str] = []
    url: str | None = f"{DATASETS}?page_size=2&ordering=created_at"
    while url:
        page = api.get(url).json()
        assert page["count"] == 5
        seen += [one["id"] for one in page["results"]]
        url = page["next"]
    assert (len(seen), set(seen)) == (5, made)
    last = api.get(DATASETS, {"page_size": 2, "page": 3}).json()
    assert "page=2" in last["previous"]


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "NaN", "9" * 30, "", " 1", "１", "1_0", "+1"])
@pytest.mark.parametrize("name", ["page", "page_size"])
def test_in_38_what_is_no_whole_number_is_named(api: APIClient, name: str, text: str) -> None:
    assert refused(api.get(DATASETS, {name: text})) == {name}


def test_in_38_the_largest_page_is_500_and_past_the_last_is_404(api: APIClient) -> None:
    assert api.get(DATASETS, {"page_size": 500}).status_code == 200
    assert refused(api.get(DATASETS, {"page_size": 501})) == {"page_size"}
    past = api.get(DATASETS, {"page": 2})
    assert (past.status_code, past.json()["detail"]["code"]) == (404, "NOT_FOUND")


def test_an_empty_list_is_one_empty_page(api: APIClient) -> None:
    answer = api.get(DATASETS).json()
    assert answer == {"count": 0, "next": None, "previous": None, "results": []}


def test_fields_choose_the_members_of_lists_and_single_resources(world: World) -> None:
    listed = world.anyone.get(DATASETS, {"fields": "id,name"}).json()["results"]
    assert all(set(one) == {"id", "name"} for one in listed)
    single = world.anyone.get(f"{DATASETS}/{world.dataset.pk}", {"fields": "revision"})
    assert single.json() == {"revision": 1}


@pytest.mark.parametrize(
    "fields", ["password", "owner__password", "owner.username", "", "id,", "workspace", "id, name"]
)
def test_in_41_a_field_that_is_not_shown_is_refused(world: World, fields: str) -> None:
    for path in (DATASETS, f"{DATASETS}/{world.dataset.pk}"):
        assert refused(world.anyone.get(path, {"fields": fields})) == {"fields"}


def test_a_tag_of_some_fields_is_not_that_of_all_but_guards_the_same_change(world: World) -> None:
    path = f"{DATASETS}/{world.dataset.pk}"
    whole, part = world.api.get(path), world.api.get(path, {"fields": "name"})
    assert whole["ETag"] != part["ETag"]
    assert world.api.get(path, HTTP_IF_NONE_MATCH=part["ETag"]).status_code == 200
    changed = world.api.patch(path, {"name": "n"}, format="json", HTTP_IF_MATCH=part["ETag"])
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "order",
    ["password", "owner__password", "owner", "-", "", "name,", "name;drop", "?", "pk", "name\r"],
)
def test_in_35_an_order_that_is_not_offered_is_refused(world: World, order: str) -> None:
    assert refused(world.anyone.get(DATASETS, {"ordering": order})) == {"ordering"}


def test_an_order_turns_round(analyst: User, api: APIClient) -> None:
    for name in ("b", "a", "c"):
        make_dataset(analyst, name=name)
    for order, expected in (("name", "abc"), ("-name", "cba"), ("-created_at,name", "cab")):
        found = api.get(DATASETS, {"ordering": order}).json()["results"]
        assert "".join(one["name"] for one in found) == expected


@pytest.mark.parametrize(
    "name", ["owner__password__startswith", "name__regex", "shares__user", "id", "name", "owner_id"]
)
def test_in_36_a_filter_through_relations_is_refused(world: World, name: str) -> None:
    assert refused(world.anyone.get(DATASETS, {name: "a"})) == {name}


def test_a_search_finds_what_has_all_its_words_and_takes_no_signs_for_patterns(
    analyst: User, api: APIClient
) -> None:
    make_dataset(analyst, name="River Rhine 100%", description="stage_hourly")
    for words, count in (("rhine STAGE", 1), ("rhine danube", 0), ("%", 1), ("_", 1), ("100_", 0)):
        assert api.get(DATASETS, {"search": words}).json()["count"] == count, words
    assert refused(api.get(DATASETS, {"search": "x" * 201})) == {"search"}


def test_the_query_count_of_a_list_does_not_grow(
    analyst: User, api: APIClient, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_dataset(analyst)
    with CaptureQueriesContext(connection) as first:
        api.get(DATASETS)
    for _ in range(5):
        make_dataset(analyst)
    with django_assert_num_queries(len(first)):
        api.get(DATASETS)
    assert len(first) <= 7
