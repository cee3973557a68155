"""API keys on a running server, and what no program may do (K-08, K-09, K-10)."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.running import Server
from tests.security.conftest import People, Person
from tests.security.credentials import (
    all_at_once,
    audit_lines,
    key_of,
    rows,
    sign_in,
    status_with,
    with_key,
    with_oauth2,
)

pytestmark = pytest.mark.slow
KEYS = "/auth/api-keys"
EVERY = ["data:read", "data:write", "analysis:run", "admin"]


@pytest.fixture(scope="module")
def analyst(somebody: People) -> Person:
    return somebody("analyst")


def status_of(key: dict[str, Any], server: Server) -> int:
    return status_with(server, f"Api-Key {key['key']}")


# ------------------------------------------------------------------ K-08


def test_k_08_a_key_is_shown_once_and_stored_as_a_keyed_hash(
    guarded: Server, analyst: Person
) -> None:
    made = key_of(analyst)
    parts = re.fullmatch(r"dsk_([0-9A-Za-z]{12,16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", made["key"])
    assert parts is not None
    public_id, secret, _ = parts.groups()
    ((stored,),) = rows(guarded, "SELECT row_to_json(k) FROM api_keys k WHERE id = %s", made["id"])
    hash_key = (guarded.var / "api-key-hash-key").read_text().strip().encode()
    assert stored["secret_hash"] == hmac.new(hash_key, secret.encode(), hashlib.sha256).hexdigest()
    assert stored["public_id"] == public_id
    assert secret not in str(stored)
    assert secret not in analyst("GET", KEYS, 200).text
    assert status_of(made, guarded) == 200


def test_k_08_only_the_whole_key_opens_anything(guarded: Server, analyst: Person) -> None:
    text = key_of(analyst)["key"]
    other = key_of(analyst)["key"]
    swapped = text[:19] + other[19:]
    broken = [text[:i] + ("b" if text[i] == "a" else "a") + text[i + 1 :] for i in (5, 25, 60, 67)]
    for wrong in (*broken, swapped, text[:-1], text + "0", text[4:], text.lower(), "dsk__", "x"):
        assert status_with(guarded, f"Api-Key {wrong}") == 401, wrong
    assert status_with(guarded, f"Bearer {text}") == 401
    headers = {"Authorization": f"Api-Key {text}", "X-API-Key": text}
    assert requests.get(f"{guarded.api}/users/me", headers=headers, timeout=30).status_code == 401
    headers = {"X-API-Key": text}
    assert requests.get(f"{guarded.api}/users/me", headers=headers, timeout=30).status_code == 200


def test_k_08_a_right_public_id_with_another_secret_opens_nothing(
    guarded: Server, analyst: Person
) -> None:
    from accounts.keys import checksum

    public_id = key_of(analyst)["key"].split("_")[1]
    for secret in ("0" * 43, "a" * 43):
        forged = f"dsk_{public_id}_{secret}{checksum(public_id + secret)}"
        assert status_with(guarded, f"Api-Key {forged}") == 401


# ------------------------------------------------------------------ K-09


def test_k_09_no_key_is_made_for_more_than_its_makers_role(
    guarded: Server, somebody: People, guarded_admin: Person
) -> None:
    people = {role: somebody(role) for role in ("viewer", "analyst", "steward")}
    usable = {"viewer": EVERY[:1], "analyst": EVERY[:3], "steward": EVERY[:3], "admin": EVERY}
    for role, person in {**people, "admin": guarded_admin}.items():
        for scope in EVERY:
            status = 201 if scope in usable[role] else 400
            person("POST", KEYS, status, json={"name": scope, "scopes": [scope]})
    for person in (guarded_admin,):
        for one in person("GET", KEYS).json()["results"]:
            person("DELETE", f"{KEYS}/{one['id']}", 204)


def test_k_09_a_key_does_what_its_scopes_say_and_its_makers_role_can_today(
    somebody: People, guarded_admin: Person
) -> None:
    person = somebody("analyst")
    reader = with_key(person, key_of(person, "data:read")["key"])
    writer = with_key(person, key_of(person, "data:read", "data:write")["key"])
    body = {"name": "of a key"}
    refused = reader("POST", "/datasets", 403, json=body)
    assert refused.json()["detail"]["code"] == "INSUFFICIENT_SCOPE"
    writer("POST", "/datasets", 201, json=body)
    guarded_admin("PATCH", f"/users/{person.id}", 200, json={"roles": ["viewer"]})
    writer("POST", "/datasets", 403, json=body)
    writer("GET", "/datasets", 200)
    boss = somebody("admin")
    chief = with_key(boss, key_of(boss, *EVERY)["key"])
    chief("GET", "/users", 200)
    guarded_admin("PATCH", f"/users/{boss.id}", 200, json={"roles": ["steward"]})
    chief("GET", "/users", 403)


def test_k_09_a_key_lives_90_days_unless_told_and_366_at_most(
    guarded: Server, analyst: Person
) -> None:
    now = datetime.now(UTC)
    made = key_of(analyst)
    usual = datetime.fromisoformat(made["expires_at"]) - now
    assert abs(usual - timedelta(days=90)) < timedelta(minutes=2)
    longest = (now + timedelta(days=366)).isoformat()
    key_of(analyst, expires_at=longest)
    for wrong in (now + timedelta(days=366, hours=1), now - timedelta(minutes=1)):
        body = {"name": "x", "scopes": ["data:read"], "expires_at": wrong.isoformat()}
        refused = analyst("POST", KEYS, 400, json=body)
        assert set(refused.json()["detail"]["details"]) == {"expires_at"}
    assert status_of(made, guarded) == 200
    rows(guarded, "UPDATE api_keys SET expires_at = now() WHERE id = %s", made["id"])
    assert status_of(made, guarded) == 401


def test_k_09_the_last_use_is_true_to_a_minute(guarded: Server, analyst: Person) -> None:
    made = key_of(analyst)

    def last_use() -> datetime | None:
        found = {one["id"]: one for one in analyst("GET", KEYS).json()["results"]}
        used = found[made["id"]]["last_used_at"]
        return datetime.fromisoformat(used) if used else None

    assert last_use() is None
    program = with_key(analyst, made["key"])
    # A request that is refused is a use, too.
    program("POST", "/datasets", 403, json={})
    first = last_use()
    assert first is not None
    assert abs(datetime.now(UTC) - first) < timedelta(seconds=60)
    program("GET", "/users/me", 200)
    assert last_use() == first
    early = "UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE id = %s"
    rows(guarded, early, made["id"])
    assert set(all_at_once(lambda: status_of(made, guarded), 4)) == {200}
    again = last_use()
    assert again is not None
    assert abs(datetime.now(UTC) - again) < timedelta(seconds=60)


def test_k_09_a_revoked_key_opens_nothing_from_the_next_request_on(
    guarded: Server, analyst: Person, somebody: People, guarded_admin: Person
) -> None:
    made = key_of(analyst)
    assert status_of(made, guarded) == 200
    for other in (somebody("viewer"), guarded_admin):
        other("DELETE", f"{KEYS}/{made['id']}", 404)
    assert status_of(made, guarded) == 200
    analyst("DELETE", f"{KEYS}/{made['id']}", 204)
    assert status_of(made, guarded) == 401
    assert len(audit_lines(guarded, "key.created", made["id"])) == 1
    assert len(audit_lines(guarded, "key.revoked", made["id"])) == 1


def test_twenty_keys_are_the_most(somebody: People) -> None:
    person = somebody("viewer")
    for _ in range(18):
        key_of(person)
    body = {"name": "one more", "scopes": ["data:read"]}
    statuses = all_at_once(lambda: person("POST", KEYS, json=body).status_code, 6)
    assert sorted(statuses) == [201, 201, 409, 409, 409, 409]


# ------------------------------------------------------------------ K-10


@pytest.mark.parametrize("how", ["key", "oauth2"])
def test_k_10_no_program_makes_keys_or_changes_passwords_or_addresses(
    guarded: Server, somebody: People, guarded_admin: Person, how: str
) -> None:
    boss, other = somebody("admin"), somebody("viewer")
    kept = key_of(boss, *EVERY)
    program = with_key(boss, kept["key"]) if how == "key" else with_oauth2(boss, *EVERY)
    program("GET", "/users", 200)  # it may do all that its scopes say
    passwords = {"current_password": boss.password, "new_password": "a-new-long-sentence-3"}
    address = {"email": f"taken-{boss.username}@example.org", "current_password": boss.password}
    calls: list[tuple[str, str, Any]] = [
        ("GET", KEYS, None),
        ("POST", KEYS, {"name": "x", "scopes": ["data:read"]}),
        ("DELETE", f"{KEYS}/{kept['id']}", None),
        ("POST", "/users/me/password", passwords),
        ("PATCH", "/users/me", address),
        ("PATCH", f"/users/{boss.id}", address),
        ("PATCH", f"/users/{other.id}", {"email": address["email"]}),
        ("DELETE", f"/users/{other.id}", None),
    ]
    for method, path, body in calls:
        refused = program(method, path, json=body)
        assert refused.status_code == 403, (method, path, refused.text)
        assert refused.json()["detail"]["code"] == "INSUFFICIENT_SCOPE", (method, path)
    assert [one["id"] for one in boss("GET", KEYS).json()["results"]] == [kept["id"]]
    assert sign_in(guarded, boss.username, boss.password).status_code == 200
    addresses = [guarded_admin("GET", f"/users/{one.id}").json()["email"] for one in (boss, other)]
    assert addresses == [boss.email, other.email]


def test_k_10_a_key_without_admin_says_nothing_of_people(somebody: People) -> None:
    boss = somebody("admin")
    program = with_key(boss, key_of(boss, "data:read", "data:write")["key"])
    name = f"{boss.username}-x"
    body = {"username": name, "email": f"{name}@example.org", "password": "a-long-sentence-77"}
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/users", None),
        ("GET", f"/users/{boss.id}", None),
        ("POST", "/users", body),
        ("PATCH", f"/users/{boss.id}", {"roles": ["admin"]}),
    ]
    for method, path, sent in calls:
        refused = program(method, path, 403, json=sent)
        assert refused.json()["detail"]["code"] == "INSUFFICIENT_SCOPE"
    assert program("GET", "/users/me", 200).json()["id"] == boss.id
