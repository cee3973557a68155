"""Each event that the security page names leaves one line, found by the request's id."""

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.factories import days
from tests.running import PROJECT, Server, eventually, job
from tests.security.audit_log import Events, asked, events, later, one
from tests.security.people import PASSWORD, People, Person

pytestmark = pytest.mark.slow

MANY = 100_500


@pytest.fixture
def owner(somebody: People) -> Person:
    return somebody("analyst")


@pytest.fixture
def path(owner: Person) -> str:
    made = owner("POST", "/datasets", 201, json={"name": "watched"}).json()
    return f"/datasets/{made['id']}"


def names(found: tuple[requests.Response, Events]) -> list[str]:
    return sorted(event["action"] for event in found[1])


def test_sign_in_renewal_reuse_and_sign_out(owner: Person, guarded_admin: Person) -> None:
    anyone = requests.Session()
    right = {"username": owner.username, "password": PASSWORD}
    found = asked(guarded_admin, anyone, "POST", "/auth/token", json=right)
    event = one(found)
    assert (event["action"], event["user"]["id"]) == ("login", owner.id)
    wrong = {**right, "password": "not-the-right-one-1"}
    event = one(asked(guarded_admin, anyone, "POST", "/auth/token", json=wrong))
    assert (event["action"], event["outcome"]) == ("login.failed", "failed")
    old = {"refresh": found[0].json()["refresh"]}
    renewed = anyone.post(f"{guarded_admin.server.api}/auth/refresh", json=old, timeout=60)
    assert renewed.status_code == 200
    event = one(asked(guarded_admin, anyone, "POST", "/auth/refresh", json=old))
    assert (event["action"], event["user"]["id"]) == ("refresh.reused", owner.id)
    again = anyone.post(f"{guarded_admin.server.api}/auth/token", json=right, timeout=60).json()
    body = {"refresh": again["refresh"]}
    assert one(asked(guarded_admin, anyone, "POST", "/auth/revoke", json=body))["action"] == (
        "logout"
    )


def test_keys_and_passwords(owner: Person, guarded_admin: Person) -> None:
    body = {"name": "a key", "scopes": ["data:read"]}
    found = asked(guarded_admin, owner, "POST", "/auth/api-keys", json=body)
    assert one(found)["action"] == "key.created"
    key = f"/auth/api-keys/{found[0].json()['id']}"
    assert one(asked(guarded_admin, owner, "DELETE", key))["action"] == "key.revoked"
    body = {"current_password": PASSWORD, "new_password": "another-sentence-77"}
    event = one(asked(guarded_admin, owner, "POST", "/users/me/password", json=body))
    assert (event["action"], event["object_id"]) == ("password.changed", owner.id)


def test_people_and_their_roles(owner: Person, guarded_admin: Person) -> None:
    path = f"/users/{owner.id}"
    for body, action in (
        ({"roles": ["steward"]}, "user.roles_changed"),
        ({"is_active": False}, "user.deactivated"),
        ({"is_active": True}, "user.activated"),
        ({"email": f"new-{owner.username}@example.org"}, "user.changed"),
    ):
        event = one(asked(guarded_admin, guarded_admin, "PATCH", path, json=body))
        assert (event["action"], event["user"]["id"]) == (action, guarded_admin.id)
        assert event["object_id"] == owner.id
    assert "user.removed" in names(asked(guarded_admin, guarded_admin, "DELETE", path))


def test_sharing_and_visibility(
    owner: Person, path: str, somebody: People, guarded_admin: Person
) -> None:
    other = somebody("analyst")
    body = {"user": other.id, "permission": "view"}
    found = asked(guarded_admin, owner, "POST", f"{path}/shares", json=body)
    event = one(found)
    assert event["action"] == "share.given"
    assert (event["details"]["user"], event["details"]["permission"]) == (other.id, "view")
    share = f"{path}/shares/{found[0].json()['id']}"
    assert one(asked(guarded_admin, owner, "DELETE", share))["action"] == "share.withdrawn"
    body = {"role": "viewer", "permission": "view"}
    event = one(asked(guarded_admin, owner, "POST", f"{path}/shares", json=body))
    assert event["details"]["role"] == "viewer"
    event = one(asked(guarded_admin, owner, "PATCH", path, json={"visibility": "public"}))
    assert event["details"] == {"from": "private", "to": "public"}
    event = one(asked(guarded_admin, owner, "PATCH", path, json={"embargo_days": 7}))
    assert event["details"]["embargo_days"] == {"from": None, "to": 7}
    event = one(asked(guarded_admin, owner, "DELETE", path))
    assert (event["action"], f"/datasets/{event['object_id']}") == ("dataset.deleted", path)


def test_writes_and_deletions_of_points(owner: Person, path: str, guarded_admin: Person) -> None:
    data = f"{path}/data"
    key = {"Idempotency-Key": f"k-{time.time()}"}
    event = one(asked(guarded_admin, owner, "POST", data, json=days(4), headers=key))
    assert event["action"] == "points.written"
    assert {name: event["details"][name] for name in ("received", "inserted", "revision")} == {
        "received": 4, "inserted": 4, "revision": 1,
    }  # fmt: skip
    # What was answered from the receipt wrote nothing.
    assert asked(guarded_admin, owner, "POST", data, json=days(4), headers=key)[1] == []
    point = owner("GET", data, 200).json()["results"][0]["id"]
    body = {"value": {"TMAX": 1.5}}
    event = one(asked(guarded_admin, owner, "PATCH", f"{data}/{point}", json=body))
    assert (event["action"], event["details"]["updated"]) == ("points.written", 1)
    event = one(asked(guarded_admin, owner, "DELETE", f"{data}/{point}"))
    assert (event["action"], event["details"]["deleted"]) == ("points.deleted", 1)
    span = f"{data}?start=2001-01-02&end=2001-01-04"
    event = one(asked(guarded_admin, owner, "DELETE", span))
    assert (event["details"]["deleted"], event["details"]["revision"]) == (2, 4)


def test_analyses_and_pictures_that_are_deleted(
    owner: Person, path: str, guarded_admin: Person
) -> None:
    owner("POST", f"{path}/data", 200, json=days(30))
    body: dict[str, Any] = {"type": "summary", "parameters": {"variable": "TMAX"}}
    made = owner("POST", f"{path}/analysis", json=body).json()
    job(lambda: owner("GET", f"/analyses/{made['id']}", 200))
    found = asked(guarded_admin, owner, "DELETE", f"/analyses/{made['id']}")
    assert one(found)["action"] == "analysis.deleted"
    body = {"title": "x", "kind": "line", "dataset": path.rpartition("/")[2],
            "options": {"variables": ["TMAX"]}}  # fmt: skip
    picture = owner("POST", "/visualizations", 201, json=body).json()
    at = f"/visualizations/{picture['id']}"
    event = one(asked(guarded_admin, owner, "PATCH", at, json={"visibility": "public"}))
    assert event["action"] == "visualization.visibility_changed"
    assert one(asked(guarded_admin, owner, "DELETE", at))["action"] == "visualization.deleted"


def send_many(owner: Person, path: str, count: int) -> None:
    """So many points, one a minute at one station."""
    first = datetime(2001, 1, 1)  # noqa: DTZ001 - sent without an offset
    rows = [f"{(first + timedelta(minutes=i)).isoformat()},S,{i % 40}\n" for i in range(count)]
    body = "timestamp,station,TMAX\n" + "".join(rows)
    owner("POST", f"{path}/data", 200, data=body, headers={"Content-Type": "text/csv"})


def test_large_exports(owner: Person, path: str, guarded_admin: Person) -> None:
    send_many(owner, path, MANY)
    found = asked(guarded_admin, owner, "GET", f"{path}/data?format=csv")
    event = one(found)
    assert (event["action"], event["outcome"]) == ("data.exported", "done")
    assert event["details"]["rows"] == MANY
    assert event["details"]["bytes"] == len(found[0].content)
    small = asked(guarded_admin, owner, "GET", f"{path}/data?format=csv&end=2001-01-02")
    assert small[1] == []
    prefer = {"Prefer": "respond-async"}
    found = asked(guarded_admin, owner, "GET", f"{path}/data?format=ndjson", headers=prefer)
    assert one(found)["action"] == "data.export_requested"
    export = found[0].json()["id"]
    dataset = path.rpartition("/")[2]

    def told() -> Events:
        all_of_it = events(guarded_admin, object=dataset, action="data.exported")
        return [event for event in all_of_it if event["details"].get("export") == export]

    assert eventually(lambda: bool(told()), 60)
    (event,) = told()
    assert (event["details"]["rows"], event["user"]["id"]) == (MANY, owner.id)


def test_a_large_download_that_is_cut_is_told(
    owner: Person, path: str, guarded_admin: Person
) -> None:
    send_many(owner, path, 2 * MANY)
    url = f"{owner.server.api}{path}/data?format=ndjson"
    headers = {"X-Request-ID": f"cut-{time.time()}", "Accept-Encoding": "identity"}
    taken = 0
    with owner.session.get(url, headers=headers, stream=True, timeout=60) as answer:
        for chunk in answer.iter_content(1 << 16):
            taken += len(chunk)
            # About 140 bytes a point.
            if taken > 120 * (MANY + 20_000):
                break
    event = later(guarded_admin, request_id=headers["X-Request-ID"])
    assert event["action"] == "data.exported"
    assert event["details"]["rows"] > 100_000


def test_what_a_command_does_is_told_without_an_address(
    guarded: Server, owner: Person, path: str, guarded_admin: Person, tmp_path: Any
) -> None:
    file = tmp_path / "points.csv"
    file.write_text("timestamp,TMAX\n2001-01-01,1\n")
    dataset = path.rpartition("/")[2]
    words = ["ingest", "file", str(file), "--dataset", dataset, "--owner", owner.username]
    run(guarded, *words)
    (event,) = events(guarded_admin, object=dataset, action="points.written")
    assert (event["credential"], event["credential_id"]) == ("command", "ingest")
    assert (event["address"], event["request_id"]) == (None, "")
    assert event["user"]["id"] == owner.id
    first = events(guarded_admin, credential="command", action="user.created")
    assert [event["credential_id"] for event in first] == ["create_first_admin"]


def run(guarded: Server, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env={**os.environ, "DATASTREAM_VAR": str(guarded.var)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_chain_over_all_of_it_holds(guarded: Server) -> None:
    told = json.loads(run(guarded, "verify_audit", "--json"))
    assert told["intact"]
    assert told["position"] > 0
    assert told["oldest_unsealed_s"] < 30


# ------------------------------------------------------------------ canaries


def test_no_secret_that_was_sent_stands_in_the_log_or_the_audit(
    guarded: Server, owner: Person, guarded_admin: Person
) -> None:
    canary = f"canary{time.time_ns()}"
    anyone, api = requests.Session(), guarded.api
    body = {"username": owner.username, "password": f"{canary}-password"}
    anyone.post(f"{api}/auth/token", json=body, timeout=60)
    anyone.post(f"{api}/auth/refresh", json={"refresh": f"{canary}.refresh.x"}, timeout=60)
    for header, value in (
        ("Authorization", f"Bearer {canary}.b.c"), ("Authorization", f"Bearer {canary}"),
        ("Authorization", f"Api-Key dsk_{canary}"), ("X-API-Key", f"dsk_{canary}"),
        ("Authorization", f"Basic {canary}"), ("Cookie", f"sessionid={canary}"),
    ):  # fmt: skip
        anyone.get(f"{api}/users/me", headers={header: value}, timeout=60)
        anyone.get(f"{api}/datasets?token={canary}", timeout=60)
    change = {"current_password": f"{canary}-old", "new_password": f"{canary}-new-sentence"}
    owner("POST", "/users/me/password", json=change)
    key = owner("POST", "/auth/api-keys", 201, json={"name": "k", "scopes": ["data:read"]}).json()
    fresh = guarded.signed_in(owner.username, owner.password)
    access = str(fresh.headers["Authorization"]).split()[1]
    secrets = [canary, key["key"], key["key"].rsplit("_", 1)[-1], access, access.split(".")[-1]]
    with guarded.database().cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_events e WHERE at > now() - "
                       "interval '10 minutes'")  # fmt: skip
        (audited,) = cursor.fetchone()
    logged = "".join(file.read_text(errors="replace") for file in guarded.logs)
    for secret in secrets:
        assert secret not in audited
        assert secret not in logged
