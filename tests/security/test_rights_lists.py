"""Lists reach no further than what the caller may see, and what may be seen is asked each time."""

import uuid
from typing import Any

import pytest

from tests.security.people import People, Person
from tests.security.world import POINTS, VISIBILITIES, World, picture_of

pytestmark = pytest.mark.slow
KINDS = ("datasets", "analyses", "visualizations")
ORDERINGS = {
    "datasets": ("name", "-created_at", "updated_at", "point_count", "start", "end"),
    "analyses": ("created_at", "finished_at", "type", "status"),
    "visualizations": ("created_at", "updated_at", "title", "kind"),
}


def everything(person: Person, path: str, **query: Any) -> list[Any]:
    """The results of all pages; each page says the same count, which is theirs."""
    page = person("GET", path, 200, params={"page_size": 50, **query}).json()
    count, found = page["count"], page["results"]
    while page["next"]:
        page = person("GET", page["next"], 200).json()
        assert page["count"] == count
        found += page["results"]
    assert len(found) == count
    return list(found)


@pytest.mark.parametrize("who", ["anonymous", "viewer", "analyst", "steward", "view"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_05_all_pages_together_hold_what_may_be_seen_and_nothing_else(
    kind: str, who: str, world: World
) -> None:
    person = world.people[who]
    found = {one["id"]: one for one in everything(person, f"/{kind}")}
    for identity, one in found.items():
        person("GET", f"/{kind}/{identity}", 200)
        if kind == "datasets":
            assert one["visibility"] in {"public", "internal"} or one["permissions"], one
            assert who != "anonymous" or one["visibility"] == "public"
    may = {"anonymous": {"public"}, "view": set(VISIBILITIES)}.get(who, {"internal", "public"})
    there = {v for v in VISIBILITIES if world.ids[v][kind] in found}
    assert there == may
    for ordering in ORDERINGS[kind]:
        again = everything(person, f"/{kind}", ordering=ordering)
        assert {one["id"] for one in again} == set(found), ordering


def test_a_05_filters_and_search_do_not_find_what_is_hidden(world: World, somebody: People) -> None:
    word = f"hidden{uuid.uuid4().hex[:8]}"
    owner, stranger = somebody("analyst"), world.people["analyst"]
    facts = {"name": word, "description": word, "source": word, "tags": [word]}
    dataset = owner("POST", "/datasets", 201, json=facts).json()["id"]
    owner("POST", f"/datasets/{dataset}/data", 200, json={**POINTS[0], "value": {word: 1}})
    place = {"code": "far", "latitude": -89.5, "longitude": 12.5}
    owner("POST", f"/datasets/{dataset}/stations", 201, json=place)
    queries = [
        {"search": word}, {"source": word}, {"tag": word}, {"variable": word},
        {"owner": owner.id}, {"bbox": "12,-90,13,-89"}, {"visibility": "private"},
    ]  # fmt: skip
    for query in queries:
        ids = [one["id"] for one in everything(stranger, "/datasets", **query)]
        assert dataset not in ids, query
        assert dataset in [one["id"] for one in everything(owner, "/datasets", **query)], query
    for query in queries[:6]:
        assert everything(stranger, "/datasets", **query) == []


@pytest.mark.parametrize(
    "kind", [*KINDS, "exports", "feeds", "runs", "documents", "users", "audit"]
)
@pytest.mark.parametrize(
    "name",
    [
        "owner__password", "owner__password__startswith", "user__email", "user__password__regex",
        "shares__user", "shares__permission", "dataset__owner", "workspace", "granted",
        "groups__name", "password", "is_superuser", "deleted_at", "dataset__visibility", "key",
        "api_keys__secret_hash", "secret_hash",
    ],
)  # fmt: skip
def test_a_05_nothing_is_sorted_filtered_or_shown_through_a_relation(
    kind: str, name: str, world: World
) -> None:
    for query in ({name: "a"}, {"ordering": name}, {"ordering": f"-{name}"}, {"fields": name}):
        answer = world.ask("admin", "GET", f"/{kind}", params=query)
        assert answer.status_code == 400, (query, answer.text[:200])
        assert set(answer.json()["detail"]["details"]) <= {name, "ordering", "fields"}


def test_a_05_people_are_not_searched_through_what_they_own(world: World) -> None:
    for text in (world.people["owner"].username, world.people["owner"].email):
        assert everything(world.people["admin"], "/datasets", search=text) == []
        assert everything(world.people["admin"], "/visualizations", search=text) == []


# ------------------------------------------------------------------ rights that change


def shared(world: World, somebody: People, permission: str) -> tuple[str, str, Person]:
    """A new private dataset, a share on it, and the analyst who has it."""
    person = somebody("analyst")
    dataset = world.dataset("private")
    body = {"user": person.id, "permission": permission}
    share = world.made("owner", "POST", f"/datasets/{dataset}/shares", json=body)["id"]
    world.made("owner", "POST", f"/datasets/{dataset}/data", json=POINTS)
    return dataset, f"/datasets/{dataset}/shares/{share}", person


def test_a_06_a_withdrawn_share_works_on_the_next_request_on_open_pages_too(
    world: World, somebody: People
) -> None:
    dataset, share, person = shared(world, somebody, "view")
    pages = ("data", "changes")
    following = {
        name: person("GET", f"/datasets/{dataset}/{name}?limit=1", 200).json()["next"]
        for name in pages
    }
    listed = person("GET", "/datasets?page_size=1", 200).json()
    assert listed["results"][0]["id"] == dataset
    for name in pages:
        person("GET", following[name], 200)
    world.made("owner", "DELETE", share)
    for name in pages:
        person("GET", following[name], 404)
    person("GET", f"/datasets/{dataset}", 404)
    ids = [one["id"] for one in everything(person, "/datasets")]
    assert dataset not in ids
    assert len(ids) == listed["count"] - 1


def test_a_06_page_two_of_a_list_shows_nothing_that_was_withdrawn(
    world: World, somebody: People
) -> None:
    first, share, person = shared(world, somebody, "view")
    second = world.dataset("private")
    body = {"user": person.id, "permission": "view"}
    world.made("owner", "POST", f"/datasets/{second}/shares", json=body)
    page = person("GET", "/datasets?page_size=1", 200).json()
    assert page["results"][0]["id"] == second
    assert person("GET", page["next"], 200).json()["results"][0]["id"] == first
    world.made("owner", "DELETE", share)
    after = person("GET", page["next"]).json()
    assert first not in str(after)


def test_a_06_a_lesser_share_works_on_the_next_request(world: World, somebody: People) -> None:
    dataset, _, person = shared(world, somebody, "manage")
    person("PATCH", f"/datasets/{dataset}", 200, json={"visibility": "private"})
    for right, status in (("edit", 403), ("view", 403)):
        body = {"user": person.id, "permission": right}
        world.made("owner", "POST", f"/datasets/{dataset}/shares", json=body)
        person("PATCH", f"/datasets/{dataset}", status, json={"visibility": "private"})
    person("POST", f"/datasets/{dataset}/data", 403, json=POINTS)


def test_a_06_a_lowered_role_works_on_the_next_request(world: World, somebody: People) -> None:
    dataset, _, person = shared(world, somebody, "edit")
    key = person("POST", "/auth/api-keys", 201, json={"name": "k", "scopes": ["data:write"]})
    headers = {"Authorization": f"Api-Key {key.json()['key']}"}
    person("POST", f"/datasets/{dataset}/data", 200, json=POINTS)
    person("POST", f"/datasets/{dataset}/data", 200, json=POINTS, headers=headers)
    world.made("admin", "PATCH", f"/users/{person.id}", json={"roles": ["viewer"]})
    person("POST", f"/datasets/{dataset}/data", 403, json=POINTS)
    person("POST", f"/datasets/{dataset}/data", 403, json=POINTS, headers=headers)
    person("POST", "/datasets", 403, json={"name": "More"})
    person("GET", f"/datasets/{dataset}", 200)


def test_a_06_an_admin_who_is_none_any_more_sees_nothing_more(
    world: World, somebody: People
) -> None:
    person, hidden = somebody("admin"), f"/datasets/{world.ids['private']['datasets']}"
    person("GET", hidden, 200)
    person("GET", "/users", 200)
    world.made("admin", "PATCH", f"/users/{person.id}", json={"roles": ["analyst"]})
    person("GET", hidden, 404)
    person("GET", "/users", 403)
    person("GET", "/audit", 403)


def test_a_06_permissions_of_a_group_changed_in_the_database_work_on_the_next_request(
    world: World, somebody: People
) -> None:
    person, group = somebody("viewer"), f"writers-{uuid.uuid4().hex[:8]}"
    database = world.server.database()
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO auth_group (name) VALUES (%s) RETURNING id", [group])
        ((number,),) = cursor.fetchall()
        cursor.execute(
            "INSERT INTO memberships (user_id, group_id, workspace_id) "
            "SELECT user_id, %s, workspace_id FROM memberships WHERE user_id = %s",
            [number, person.id],
        )
        person("POST", "/datasets", 403, json={"name": "One"})
        cursor.execute(
            "INSERT INTO auth_group_permissions (group_id, permission_id) "
            "SELECT %s, id FROM auth_permission WHERE codename IN "
            "('add_dataset', 'change_dataset', 'add_visualization')",
            [number],
        )
        made = person("POST", "/datasets", 201, json={"name": "One"}).json()["id"]
        assert person("GET", f"/datasets/{made}").json()["permissions"][-1] == "manage"
        cursor.execute("DELETE FROM auth_group_permissions WHERE group_id = %s", [number])
        person("POST", "/datasets", 403, json={"name": "Two"})
        person("PATCH", f"/datasets/{made}", 403, json={"name": "Two"})
        public = world.ids["public"]["datasets"]
        person("POST", "/visualizations", 403, json=picture_of(public))
        cursor.execute("DELETE FROM memberships WHERE group_id = %s", [number])
        cursor.execute("DELETE FROM auth_group WHERE id = %s", [number])
    database.close()
