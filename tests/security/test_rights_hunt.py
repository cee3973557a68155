"""Ways round the rights that no single promise names."""

import statistics
import uuid
from functools import partial
from typing import Any

import pytest
import requests

from tests.running import eventually, job
from tests.security.people import People, Person
from tests.security.world import (
    ANALYSIS,
    POINTS,
    World,
    analysed,
    drawn,
    exported,
    picture_of,
)
from tests.timing import assert_within, seconds_of

pytestmark = pytest.mark.slow
TAGGED = ("", "/data", "/data?format=csv", "/changes", "/window?variable=T&station=A")


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


def withdrawn(world: World, somebody: People) -> tuple[str, str, Person]:
    """A private dataset with points, a share on it, and the analyst who has it."""
    person, dataset = somebody("analyst"), world.dataset("private")
    world.made("owner", "POST", f"/datasets/{dataset}/data", json=POINTS)
    body = {"user": person.id, "permission": "view"}
    share = world.made("owner", "POST", f"/datasets/{dataset}/shares", json=body)["id"]
    return dataset, f"/datasets/{dataset}/shares/{share}", person


@pytest.mark.parametrize("path", TAGGED)
def test_a_tag_from_somebody_else_opens_nothing(path: str, world: World) -> None:
    hidden = f"/datasets/{world.ids['private']['datasets']}{path}"
    tag = world.ask("owner", "GET", hidden).headers["ETag"]
    unknown = f"/datasets/{world.ids['unknown']['datasets']}{path}"
    for header in ("If-None-Match", "If-Match"):
        for value in (tag, "*", '"x"'):
            told = [
                refused(world.ask("analyst", "GET", one, headers={header: value}))
                for one in (hidden, unknown)
            ]
            assert told[0][0] == 404
            assert told[0] == told[1]


def test_a_state_is_not_to_be_guessed_by_writing(world: World) -> None:
    ids = world.ids["private"]
    paths = {
        "PATCH": [f"/datasets/{ids['datasets']}", f"/visualizations/{ids['visualizations']}"],
        "DELETE": [
            f"/datasets/{ids['datasets']}", f"/datasets/{ids['datasets']}/data/{ids['point']}",
            f"/datasets/{ids['datasets']}/shares/{ids['shares']}", f"/analyses/{ids['analyses']}",
            f"/visualizations/{ids['visualizations']}", f"/exports/{ids['exports']}",
        ],
    }  # fmt: skip
    for method, those in paths.items():
        for path in those:
            for tag in ("*", '"stale"'):
                answer = world.ask("analyst", method, path, json={}, headers={"If-Match": tag})
                assert answer.status_code == 404, (method, path, answer.text)


@pytest.mark.parametrize("kind", ["datasets", "analyses", "visualizations", "exports", "receipts"])
def test_what_is_hidden_takes_as_long_to_refuse_as_what_never_was(kind: str, world: World) -> None:
    def ask(case: str) -> None:
        answer = world.ask("analyst", "GET", f"/{kind}/{world.ids[case][kind]}")
        assert answer.status_code == 404

    def difference() -> float:
        spent: dict[str, list[float]] = {"private": [], "unknown": []}
        for _ in range(150):
            for case, times in spent.items():
                times.append(seconds_of(partial(ask, case)))
        hidden, unknown = (statistics.median(times) for times in spent.values())
        return abs(hidden - unknown) / unknown

    assert_within(0.10, difference)


def test_an_export_from_before_a_right_was_withdrawn_is_gone(
    world: World, somebody: People
) -> None:
    dataset, share, person = withdrawn(world, somebody)
    headers = {"Prefer": "respond-async"}
    url = f"/datasets/{dataset}/data?format=csv"
    job = person("GET", url, 202, headers=headers).json()["id"]
    path = f"/exports/{job}"
    assert eventually(lambda: person("GET", path, 200).json()["status"] == "succeeded", 60)
    person("GET", f"{path}/file", 200)
    world.made("owner", "DELETE", share)
    unknown = f"/exports/{uuid.uuid4()}"
    for end in ("", "/file"):
        told = person("GET", path + end, 404)
        assert refused(told) == refused(person("GET", unknown + end, 404))
    person("GET", f"{path}/file", 404, headers={"Range": "bytes=0-3"})
    person("DELETE", path, 404)
    assert person("GET", "/exports", 200).json()["count"] == 0


def test_what_was_made_of_a_dataset_goes_out_of_sight_with_it(world: World) -> None:
    dataset = world.dataset("public")
    world.made("owner", "POST", f"/datasets/{dataset}/data", json=POINTS)
    analysis, picture = analysed(world, dataset), drawn(world, dataset)
    paths = [f"/analyses/{analysis}", f"/visualizations/{picture}"]
    paths += [f"/visualizations/{picture}/{end}" for end in ("spec", "data", "image?format=svg")]
    tags = {}
    for path in paths:
        tags[path] = world.ask("anonymous", "GET", path).headers["ETag"]
    world.made("owner", "PATCH", f"/datasets/{dataset}", json={"visibility": "private"})
    for path in paths:
        for who in ("anonymous", "analyst", "steward"):
            asked = world.ask(who, "GET", path, headers={"If-None-Match": tags[path]})
            assert asked.status_code == 404, (who, path)
        # The author still has a share.
        assert world.ask("edit", "GET", path).status_code == 200
    for kind in ("analyses", "visualizations"):
        listed = world.made("anonymous", "GET", f"/{kind}?page_size=500")
        assert not {analysis, picture} & {one["id"] for one in listed["results"]}


def test_an_author_without_a_right_any_more_reads_and_changes_nothing(
    world: World, somebody: People
) -> None:
    dataset, share, person = withdrawn(world, somebody)
    made = person("POST", f"/datasets/{dataset}/analysis", json=ANALYSIS).json()["id"]
    job(lambda: person("GET", f"/analyses/{made}", 200))
    picture = person("POST", "/visualizations", 201, json=picture_of(dataset)).json()["id"]
    world.made("owner", "DELETE", share)
    for method, path in (
        ("GET", f"/analyses/{made}"), ("POST", f"/analyses/{made}/rerun"),
        ("POST", f"/analyses/{made}/cancel"), ("DELETE", f"/analyses/{made}"),
        ("GET", f"/visualizations/{picture}"), ("GET", f"/visualizations/{picture}/data"),
        ("PATCH", f"/visualizations/{picture}"), ("DELETE", f"/visualizations/{picture}"),
    ):  # fmt: skip
        person(method, path, 404, json={} if method == "PATCH" else None)


def test_a_picture_of_several_datasets_is_for_those_who_may_read_each(world: World) -> None:
    datasets = [world.ids[v]["datasets"] for v in ("public", "internal", "private")]
    series = [{"dataset": one, "station": "A", "variable": "T"} for one in datasets]
    facts = {"title": "Three", "kind": "line", "visibility": "public", "series": series}
    picture = world.made("edit", "POST", "/visualizations", json=facts)["id"]
    for end in ("", "/spec", "/data", "/image?format=svg"):
        path = f"/visualizations/{picture}{end}"
        for who in ("anonymous", "viewer", "analyst", "steward"):
            assert world.ask(who, "GET", path).status_code == 404, (who, path)
        assert world.ask("view", "GET", path).status_code == 200
    # Who manages one of several is not who manages all.
    body = {"title": "Mine"}
    refusal = world.ask("view", "PATCH", f"/visualizations/{picture}", json=body)
    assert refusal.status_code == 403


def test_a_private_picture_of_a_public_dataset_is_its_author_s(world: World) -> None:
    facts = {**picture_of(world.ids["public"]["datasets"]), "visibility": "private"}
    path = f"/visualizations/{world.made('edit', 'POST', '/visualizations', json=facts)['id']}"
    for who in ("anonymous", "viewer", "analyst", "steward", "manage", "owner"):
        for method in ("GET", "PATCH", "DELETE"):
            wanted = 401 if who == "anonymous" and method != "GET" else 404
            assert world.ask(who, method, path, json={}).status_code == wanted, (who, method)
    assert world.ask("admin", "GET", path).status_code == 200


def test_a_cursor_of_one_dataset_is_none_of_another(world: World) -> None:
    mine, other = (world.ids[v]["datasets"] for v in ("public", "internal"))
    for name in ("data", "changes"):
        page = world.made("owner", "GET", f"/datasets/{mine}/{name}?limit=1")
        cursor = page["next"].partition("cursor=")[2].partition("&")[0]
        hidden = f"/datasets/{world.ids['private']['datasets']}/{name}?limit=1&cursor={cursor}"
        assert world.ask("analyst", "GET", hidden).status_code == 404
        moved = f"/datasets/{other}/{name}?limit=1&cursor={cursor}"
        assert world.ask("owner", "GET", moved).status_code == 400
        # The same one serves whoever sees the same.
        assert world.ask("analyst", "GET", page["next"]).status_code == 200


def test_point_ids_of_other_datasets_name_nothing_here(world: World) -> None:
    public, point = world.ids["public"]["datasets"], world.ids["private"]["point"]
    for method, sent in (("GET", None), ("PATCH", {"value": {"T": 1}}), ("DELETE", None)):
        answer = world.ask("owner", method, f"/datasets/{public}/data/{point}", json=sent)
        assert answer.status_code == 404


def test_options_and_head_tell_nothing_of_what_is_hidden(world: World) -> None:
    for kind in ("datasets", "analyses", "visualizations", "exports"):
        told: dict[str, list[Any]] = {"HEAD": [], "OPTIONS": []}
        for case in ("private", "unknown"):
            for method, answers in told.items():
                one = world.ask("analyst", method, f"/{kind}/{world.ids[case][kind]}")
                answers.append((one.status_code, one.text, one.headers.get("Allow")))
        assert told["HEAD"][0] == told["HEAD"][1]
        assert told["OPTIONS"][0] == told["OPTIONS"][1]
        assert told["HEAD"][0][0] == 404


def test_answers_for_one_caller_are_not_kept_for_others(world: World) -> None:
    path = f"/datasets/{world.ids['public']['datasets']}/data"
    for who in ("viewer", "key read", "oauth2 read"):
        assert world.ask(who, "GET", path).headers["Cache-Control"] == "private, no-store"
    key = str(world.people["key read"].session.headers["Authorization"]).partition(" ")[2]
    alone = Person(world.server, "", "", "")
    answer = alone("GET", path, 200, headers={"X-API-Key": key})
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_refusal_says_the_same_whether_or_not_the_rest_is_in_order(world: World) -> None:
    """Who may not write learns nothing from what is said about the body."""
    for end, body in (
        ("", {"visibility": "no such", "x": 1}), ("/stations", {}), ("/variables", {}),
        ("/shares", {"user": "x"}), ("/data", [{}]), ("/analysis", {"type": "no such"}),
    ):  # fmt: skip
        told = []
        for case in ("private", "unknown"):
            path = f"/datasets/{world.ids[case]['datasets']}{end}"
            told.append(refused(world.ask("analyst", "POST" if end else "PATCH", path, json=body)))
        assert told[0] == told[1]
        assert told[0][0] == 404


def test_deleting_an_export_of_somebody_else_keeps_its_file(world: World) -> None:
    dataset = world.ids["public"]["datasets"]
    export = exported(world, dataset, start="1900-01-01")
    for who in ("admin", "manage", "analyst"):
        assert world.ask(who, "DELETE", f"/exports/{export}").status_code == 404
    assert world.ask("owner", "GET", f"/exports/{export}/file").status_code == 200
