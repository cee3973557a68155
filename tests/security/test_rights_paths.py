"""Ids in a path or a body tell nothing about what the caller cannot see."""

import uuid
from typing import Any

import pytest
import requests

from tests.security.asking import SENT, Described, path_of
from tests.security.matrix import OPERATIONS
from tests.security.test_matrix import everything_told
from tests.security.world import POINTS, Ids, World

pytestmark = pytest.mark.slow
# Every operation on a child of a dataset.
CHILDREN = [
    "datasets_stations_retrieve", "datasets_stations_partial_update",
    "datasets_variables_retrieve", "datasets_variables_partial_update",
    "datasets_shares_destroy", "datasets_revisions_retrieve", "datasets_receipts_retrieve",
    "data_retrieve", "data_change", "data_destroy",
]  # fmt: skip


def test_a_03_every_nested_operation_is_asked(described: dict[str, Described]) -> None:
    assert {one.id for one in described.values() if one.path.count("{") == 2} == set(CHILDREN)


def child_ids(world: World) -> Ids:
    """What is in the private dataset, with a revision that no other has."""
    private, public = (f"/datasets/{world.ids[v]['datasets']}" for v in ("private", "public"))
    most = world.made("owner", "GET", public)["revision"]
    number = world.made("owner", "GET", private)["revision"]
    while number <= most:
        point = {**POINTS[0], "timestamp": f"18{number % 90 + 10}-01-01"}
        number = world.made("owner", "POST", f"{private}/data", json=point)["revision"]
    return {**world.ids["private"], "number": str(number)}


def asked(
    world: World, one: Described, name: str, who: str, ids: Ids
) -> tuple[requests.Response, Any]:
    sent = SENT.get(name, lambda world, who: {})(world, who)
    answer = world.ask(who, one.method.upper(), path_of(one.path, ids), **sent)
    return answer, everything_told(answer)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_03_a_child_below_the_wrong_parent_is_not_there(
    name: str, world: World, described: dict[str, Described]
) -> None:
    one, child = described[name], child_ids(world)
    wrong = {**child, "datasets": world.ids["public"]["datasets"]}
    nowhere = {**world.ids["unknown"], "datasets": world.ids["public"]["datasets"]}
    # Who owns both, who manages both, and who may see no more than the parent.
    people = ["owner", "manage", "admin"]
    people += ["analyst", "anonymous"] if one.method == "get" and "receipts" not in name else []
    for who in people:
        answer, told = asked(world, one, name, who, wrong)
        assert answer.status_code == 404, (who, answer.text)
        assert told == asked(world, one, name, who, nowhere)[1]


@pytest.mark.parametrize("name", CHILDREN)
def test_a_03_a_child_below_a_parent_that_cannot_be_seen_is_not_there(
    name: str, world: World, described: dict[str, Described]
) -> None:
    one = described[name]
    hidden = world.ids["private"]["datasets"]
    # Right below its own parent, and a child of another dataset, which the caller does see.
    for ids in (world.ids["private"], {**world.ids["public"], "datasets": hidden}):
        answer, told = asked(world, one, name, "analyst", ids)
        assert answer.status_code == 404, answer.text
        assert told == asked(world, one, name, "analyst", world.ids["unknown"])[1]


# ------------------------------------------------------------------ in a body or a query


def alike(world: World, who: str, method: str, path: str, sent: list[dict[str, Any]]) -> None:
    """Two requests that differ in an id are refused in the same words but for the id."""
    told = []
    for one in sent:
        answer = world.ask(who, method, path, **one["with"])
        assert answer.status_code == 400, answer.text
        text = answer.text.replace(one["id"], "ID")
        told.append((answer.status_code, text, answer.headers.get("Content-Type")))
    assert told[0] == told[1]


@pytest.mark.parametrize("given", ["dataset", "analysis", "series"])
def test_a_04_a_picture_of_what_cannot_be_seen_is_one_of_nothing(given: str, world: World) -> None:
    kind = "analyses" if given == "analysis" else "datasets"
    sent = []
    for case in ("private", "unknown"):
        identity = world.ids[case][kind]
        of: Any = identity
        if given == "series":
            of = [{"dataset": identity, "station": "A", "variable": "T"}]
        picture = {"title": "Mine", "kind": "line", "options": {"variables": ["T"]}, given: of}
        sent.append({"id": identity, "with": {"json": picture}})
    alike(world, "analyst", "POST", "/visualizations", sent)


def test_a_04_one_hidden_series_among_visible_ones_is_not_there(world: World) -> None:
    sent = []
    for case in ("private", "unknown"):
        datasets = [world.ids[one]["datasets"] for one in ("public", case)]
        series = [{"dataset": one, "station": "A", "variable": "T"} for one in datasets]
        picture = {"title": "Mine", "kind": "line", "series": series}
        sent.append({"id": datasets[1], "with": {"json": picture}})
    alike(world, "analyst", "POST", "/visualizations", sent)


def test_a_04_a_share_for_somebody_who_left_is_one_for_nobody(world: World) -> None:
    path = f"/datasets/{world.ids['private']['datasets']}/shares"
    people = (world.people["deactivated"].id, str(uuid.uuid4()))
    sent = [{"id": one, "with": {"json": {"user": one, "permission": "view"}}} for one in people]
    alike(world, "owner", "POST", path, sent)


def test_a_04_an_analysis_finds_only_the_stations_and_variables_of_its_dataset(
    world: World,
) -> None:
    path = f"/datasets/{world.ids['private']['datasets']}"
    names = [f"S{uuid.uuid4().hex[:8]}", f"V{uuid.uuid4().hex[:8]}"]
    world.made("owner", "POST", f"{path}/stations", json={"code": names[0]})
    world.made("owner", "POST", f"{path}/variables", json={"name": names[1]})
    target = f"/datasets/{world.ids['public']['datasets']}/analysis"
    for field, name in zip(("station", "variables"), names, strict=True):
        sent = []
        for identity in (name, uuid.uuid4().hex[:9]):
            value: Any = [identity] if field == "variables" else identity
            parameters = {"variables": ["T"], "station": "A", field: value}
            body = {"type": "summary", "parameters": parameters}
            sent.append({"id": identity, "with": {"json": body}})
        alike(world, "analyst", "POST", target, sent)


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/analyses", "dataset", "datasets"),
        ("/visualizations", "dataset", "datasets"),
        ("/visualizations", "analysis", "analyses"),
        ("/exports", "dataset", "datasets"),
    ],
)
def test_a_04_a_filter_by_a_hidden_id_finds_as_much_as_by_an_unknown_one(
    path: str, name: str, kind: str, world: World
) -> None:
    told = []
    for case in ("private", "unknown"):
        answer = world.ask("analyst", "GET", path, params={name: world.ids[case][kind]})
        assert answer.json()["count"] == 0
        told.append((answer.status_code, answer.text))
    assert told[0] == told[1]


def test_every_operation_with_a_body_is_known(described: dict[str, Described]) -> None:
    """What takes a body takes ids too, some day: then it belongs in the tests above."""
    taking = {one.id for one in described.values() if "requestBody" in one.about}
    assert taking <= {name.partition(":")[0] for name in OPERATIONS}
