"""IN-35 to IN-37 on every list of the schema: order, filters and search by what is offered."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.hostile.conftest import made
from tests.hostile.target import LIST, Target, fields
from tests.running import Server

pytestmark = pytest.mark.slow

FEEDS = "/api/v1/feeds"
FEED = {
    "connector": "noaa",
    "parameters": {"stations": ["USW00094728"], "start": "2190-01-01"},
}  # fmt: skip


@dataclass(frozen=True)
class Lists:
    """All lists, as an admin asks who may see each of them."""

    target: Target
    paths: tuple[str, ...]
    takes: dict[str, set[str]]


@pytest.fixture(scope="module")
def lists(attacked_server: Server) -> Iterator[Lists]:
    target = made(attacked_server, attacked_server.admin())
    dataset = target.url.rpartition("/")[2]
    feed = target.make(FEEDS, {**FEED, "name": f"listed {uuid.uuid4()}", "dataset": dataset})["id"]
    schema = target.get("/api/schema").json()
    takes = {
        path.replace("{dataset_id}", dataset).replace("{feed_id}", feed): names
        for path, operations in schema["paths"].items()
        if (names := offered(operations)) & {"ordering", "page"}
    }
    # A list below something else than a dataset or a feed would go by untried.
    assert not [path for path in takes if "{" in path]
    before = target.state
    yield Lists(target, tuple(takes), takes)
    target.known = None
    assert target.state == before


def offered(operations: dict[str, Any]) -> set[str]:
    parameters = operations.get("get", {}).get("parameters", [])
    return {one["name"] for one in parameters if one["in"] == "query"}


def refused(lists: Lists, path: str, name: str, value: str) -> None:
    """400 naming the parameter and nothing else."""
    detail = lists.target.ask(f"{path}?{urlencode({name: value})}")
    assert fields(detail) == [name], (path, name, detail)


def test_the_lists_are_all_there(lists: Lists):
    ends = {path.rpartition("/")[2] for path in lists.paths}
    wanted = {"datasets", "stations", "variables", "revisions", "shares", "users", "analyses"}
    assert wanted | {"visualizations", "exports", "feeds", "runs", "coverage", "documents"} <= ends
    assert LIST in lists.paths


@pytest.mark.parametrize(
    "order",
    ["nonsense", "-nonsense", "owner__password", "user__password", "dataset__owner__email",
     "password",
     "-password", "user__groups", "_state", "pk", "name__lower", "created_at__year", "?", "", "-",
     "--created_at", "+created_at", " created_at", "created_at ", "created_at,",
     "created_at,password",
     "created_at\x00", "created_at\n", "\x07", "\u202ecreated_at", "created_at;drop table users",
     "created_at desc", "a" * 5000],
)  # fmt: skip
def test_in_35_no_list_is_ordered_by_what_is_not_offered(lists: Lists, order: str):
    for path in lists.paths:
        refused(lists, path, "ordering", order)


@pytest.mark.parametrize(
    "name",
    ["owner__password__startswith", "user__password__regex", "password", "password__startswith",
     "email__contains", "owner__email", "user__email__icontains", "dataset__owner__email",
     "shares__user", "groups__name", "key_hash", "hash__startswith", "secret", "id__in", "pk",
     "name__regex", "username__iregex", "name__contains", "created_at__year", "created_at__gt",
     "owner_id", "user_id__gt", "details__password", "_state", "name[]", "name[$regex]", "$where"],
)  # fmt: skip
def test_in_36_no_list_is_filtered_through_relations_and_lookups(lists: Lists, name: str):
    for path in lists.paths:
        assert name not in lists.takes[path], f"{path} offers {name}"
        for value in ("a", "", "^.*$"):
            refused(lists, path, name, value)


@pytest.mark.parametrize("words", ["a\x00b", "\x00", "x" * 7_000, "x " * 3_000, "é" * 201])
def test_in_37_no_list_is_searched_for_nul_or_endless_words(lists: Lists, words: str):
    for path in lists.paths:
        refused(lists, path, "search", words)


def test_in_37_ten_thousand_characters_are_an_address_that_is_too_long(lists: Lists):
    for path in lists.paths:
        lists.target.ask(f"{path}?search={'x' * 10_000}", status=414)
