"""What nobody may set, what nobody is told, and what nobody may call."""

import re
import uuid
from typing import Any

import pytest

from tests.security.asking import Described, path_of, request_of
from tests.security.matrix import OPERATIONS
from tests.security.people import PASSWORD, People
from tests.security.world import ANALYSIS, World, patiently, picture_of

pytestmark = pytest.mark.slow
A_TIME, AN_ID = "2001-01-01T00:00:00Z", str(uuid.uuid4())
TIMES = {"created_at": A_TIME, "updated_at": A_TIME}
DATASET = {
    **TIMES, "id": AN_ID, "owner": AN_ID, "permissions": ["manage"], "point_count": 9,
    "station_count": 9, "revision": 9, "start": A_TIME, "end": A_TIME, "workspace": AN_ID,
    "deleted_at": None, "meta_version": 9, "lineage": {"dataset": AN_ID},
}  # fmt: skip
PICTURE = {**TIMES, "id": AN_ID, "owner": AN_ID, "user": AN_ID}
KEY = {
    "id": AN_ID, "user": AN_ID, "secret_hash": "x", "public_id": "x", "last_used_at": A_TIME,
    "created_at": A_TIME, "revoked_at": None,
}  # fmt: skip
FEED = {**TIMES, "id": AN_ID, "next_run_at": A_TIME, "workspace": AN_ID, "owner": AN_ID}
USER = {**TIMES, "id": AN_ID, "is_superuser": True, "granted": [], "last_login": A_TIME}
# By operation: what only the server sets, each with a value of the right kind.
FIXED: dict[str, dict[str, Any]] = {
    "datasets_create": DATASET,
    "datasets_partial_update": DATASET,
    "datasets_stations_create": {"id": 9, "dataset": AN_ID},
    "datasets_stations_partial_update": {"id": 9, "dataset": AN_ID},
    "datasets_variables_create": {"id": 9, "dataset": AN_ID},
    "datasets_variables_partial_update": {"id": 9, "dataset": AN_ID},
    "datasets_shares_create": {**TIMES, "id": AN_ID, "dataset": AN_ID},
    "data_change": {"id": AN_ID, "timestamp": A_TIME, "station": "B", "revision": 9},
    "datasets_analysis_create": {
        **TIMES, "id": AN_ID, "user": AN_ID, "dataset": AN_ID, "status": "succeeded",
        "results": {}, "key": "x", "dataset_revision": 1, "live_of": AN_ID,
    },
    "analyses_partial_update": {
        **TIMES, "id": AN_ID, "status": "succeeded", "results": {}, "type": "trend", "user": AN_ID,
    },
    "analyses_rerun": {"id": AN_ID, "type": "trend", "parameters": {}, "rerun_of": AN_ID},
    "analyses_apply": {
        "id": AN_ID, "owner": AN_ID, "user": AN_ID, "dataset": AN_ID, "visibility": "public",
        "lineage": {}, "revision": 9, "receipt": AN_ID, "results": {}, "doubted": [],
    },
    "visualizations_create": PICTURE,
    "visualizations_partial_update": {**PICTURE, "dataset": AN_ID, "analysis": AN_ID},
    "feeds_create": FEED,
    "feeds_partial_update": {**FEED, "connector": "noaa", "product": "x", "dataset": AN_ID},
    "feeds_run": {
        **TIMES, "id": AN_ID, "feed": AN_ID, "trigger": "replay", "status": "succeeded",
        "parameters": {}, "checkpoint": 9,
    },
    "auth_api_keys_create": KEY,
    "users_create": USER,
    "users_partial_update": {**USER, "password": "a-long-sentence-9"},
    "users_me_update": {**USER, "password": "a-long-sentence-9"},
    "users_me_password": {"username": "x", "is_active": True},
}  # fmt: skip
# Points have an `id` that is passed over, so that an export can be sent again; sign-ins have no
# fields but what is checked.
FREE = {"data_create", "auth_token", "auth_refresh", "auth_revoke"}


def test_a_07_every_operation_with_a_body_has_fixed_fields_here(
    described: dict[str, Described],
) -> None:
    taking = {one.id for one in described.values() if "requestBody" in one.about}
    assert taking == set(FIXED) | FREE


@pytest.mark.parametrize("name", FIXED)
def test_a_07_what_only_the_server_sets_is_refused_by_its_name(
    name: str, world: World, described: dict[str, Described]
) -> None:
    for case in ("public", "any", "self"):
        if case in OPERATIONS[name].rule.cases:
            request = request_of(world, described[name], name, case, "admin")
    for field, value in FIXED[name].items():
        body = {**request.sent.get("json", {}), field: value}
        answer = patiently(request.person, request.method, request.path, json=body)
        assert answer.status_code == 400, (field, answer.text)
        assert list(answer.json()["detail"]["details"]) == [field]


def test_a_07_owner_and_author_are_always_the_caller(world: World, somebody: People) -> None:
    person, other = somebody("analyst"), world.people["owner"].id
    made = person("POST", "/datasets", 201, json={"name": "Mine"}).json()
    assert made["owner"]["id"] == person.id
    person("POST", "/datasets", 400, json={"name": "Mine", "owner": other})
    dataset = world.ids["public"]["datasets"]
    picture = person("POST", "/visualizations", 201, json=picture_of(dataset)).json()
    assert picture["owner"]["id"] == person.id
    analysis = person("POST", f"/datasets/{dataset}/analysis", json=ANALYSIS).json()
    assert analysis["user"] == person.id
    point = {"timestamp": "2001-01-01", "station": "A", "value": {"T": 1}}
    person("POST", f"/datasets/{made['id']}/data", 200, json=point)
    revision = person("GET", f"/datasets/{made['id']}/revisions/1", 200).json()
    assert revision["user"]["id"] == person.id


@pytest.mark.parametrize(
    ("field", "value"), [("is_admin", True), ("roles", ["admin"]), ("is_active", False)]
)
@pytest.mark.parametrize("role", ["viewer", "analyst", "steward"])
def test_a_07_nobody_but_an_admin_gives_roles(
    role: str, field: str, value: Any, somebody: People
) -> None:
    person = somebody(role)
    before = person("GET", "/users/me", 200).json()
    for path in ("/users/me", f"/users/{person.id}"):
        refused = person("PATCH", path, 403, json={field: value})
        assert refused.json()["detail"]["code"] == "PERMISSION_DENIED"
    name = f"made-{uuid.uuid4().hex[:8]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, field: value}
    person("POST", "/users", 403, json=body)
    assert person("GET", "/users/me", 200).json() == before


# ------------------------------------------------------------------ what nobody is told

EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\.\w+")


def secrets_of(world: World) -> list[str]:
    """Passwords and keys of everybody, as they were given and as they are stored."""
    headers = [person.session.headers for person in world.people.values()]
    credentials = [str(one.get("Authorization", "")).rpartition(" ")[2] for one in headers]
    found = [PASSWORD, "argon2", *credentials]
    database = world.server.database()
    with database.cursor() as cursor:
        cursor.execute("SELECT password FROM users UNION SELECT secret_hash FROM api_keys")
        found += [str(value) for (value,) in cursor.fetchall()]
        cursor.execute("SELECT token_checksum FROM oauth2_provider_accesstoken")
        found += [str(value) for (value,) in cursor.fetchall()]
    database.close()
    return [one for one in found if len(one) > 5]


@pytest.mark.parametrize(
    "name",
    [n for n in OPERATIONS if n.endswith(("_list", "_retrieve", "_me", "_spec", "_data", "list"))],
)
def test_a_08_no_answer_holds_a_secret_or_the_address_of_somebody_else(
    name: str, world: World, described: dict[str, Described]
) -> None:
    one, secrets = described[name.partition(":")[0]], secrets_of(world)
    for who, person in list(world.people.items()):
        if who not in {"anonymous", "viewer", "view", "manage", "owner", "admin", "key read"}:
            continue
        for case in OPERATIONS[name].rule.cases:
            request = request_of(world, one, name, case, who)
            answer = patiently(request.person, "GET", request.path, **request.sent)
            told = answer.text + str(answer.headers)
            assert [secret for secret in secrets if secret in told] == [], (who, case)
            if who != "admin":
                assert set(EMAIL.findall(told)) <= {person.email}, (who, case)


def test_a_08_a_key_is_told_once(somebody: People) -> None:
    person = somebody("analyst")
    made = person("POST", "/auth/api-keys", 201, json={"name": "k", "scopes": ["data:read"]})
    key = made.json()["key"]
    assert key.startswith("dsk_")
    listed = person("GET", "/auth/api-keys", 200).text
    assert made.json()["id"] in listed
    assert key.rsplit("_", 1)[1] not in listed
    body = {"name": PASSWORD, "scopes": "x", "secret": key}
    assert key not in person("POST", "/auth/api-keys", 400, json=body).text


# ------------------------------------------------------------------ what nobody may call

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def declared(described: dict[str, Described]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in described.values():
        found.setdefault(one.path, set()).add(one.method.upper())
    return found


@pytest.mark.parametrize("who", ["anonymous", "analyst", "admin"])
def test_a_10_only_declared_methods_answer(
    who: str, world: World, described: dict[str, Described]
) -> None:
    for path, methods in declared(described).items():
        some = {"users": AN_ID, "api-keys": AN_ID, "audit": "1"}
        for ids in (world.ids["private"], world.ids["unknown"]):
            url = path_of(path, {**world.ids["unknown"], **ids, **some})
            for method in set(METHODS) - methods:
                answer = world.ask(who, method, url)
                assert answer.status_code == 405, (method, url, answer.text)
                if method == "TRACE" and "Allow" not in answer.headers:
                    continue
                allowed = set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
                assert allowed == methods, (method, url)


def test_a_10_headers_and_fields_that_name_another_method_are_ignored(
    world: World,
) -> None:
    path = f"/datasets/{world.dataset('private')}"
    before = world.ask("owner", "GET", path)
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        headers = {header: "DELETE"}
        assert world.ask("owner", "GET", path, headers=headers).json() == before.json()
        assert world.ask("owner", "POST", path, headers=headers).status_code == 405
    assert world.ask("owner", "POST", path, data={"_method": "DELETE"}).status_code == 405
    for name in ("_method", "method", "_httpmethod"):
        refused = world.ask("owner", "GET", path, params={name: "DELETE"})
        assert refused.status_code == 400
        assert list(refused.json()["detail"]["details"]) == [name]
    changed = world.ask("owner", "PATCH", path, json={}, headers={"X-Method-Override": "DELETE"})
    assert changed.status_code == 200
    assert world.ask("owner", "GET", path).status_code == 200
