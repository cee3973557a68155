"""A-02 and A-09 from the audit log's side: refusals change nothing, nobody writes the log."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
import requests

from datastream.core import clock
from tests.factories import days
from tests.running import Server, eventually
from tests.security.audit_log import asked, events, one
from tests.security.people import People, Person

pytestmark = pytest.mark.slow

CHANGES = (
    "UPDATE audit_events SET action = 'x'", "UPDATE audit_seals SET position = 0",
    "DELETE FROM audit_events", "DELETE FROM audit_seals", "TRUNCATE audit_events",
    "TRUNCATE audit_seals", "DROP TABLE audit_events", "DROP TABLE audit_seals",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL", "ALTER TABLE audit_seals DISABLE TRIGGER ALL",
)  # fmt: skip
KEPT = ("revision", "point_count", "station_count", "updated_at", "visibility", "embargo_days")


@dataclass
class Place:
    """A dataset of somebody, with points, and others who may not do everything with it."""

    owner: Person
    path: str

    def state(self) -> list[Any]:
        """All that a refusal must leave as it is."""
        about = self.owner("GET", self.path, 200)
        body = about.json()
        data = self.owner("GET", f"{self.path}/data", 200)
        shares = self.owner("GET", f"{self.path}/shares", 200).json()
        revisions = self.owner("GET", f"{self.path}/revisions", 200).json()["count"]
        facts = [body[name] for name in KEPT]
        return [facts, about.headers["ETag"], data.headers["ETag"], data.json(), shares, revisions]


@pytest.fixture
def place(somebody: People) -> Callable[..., Place]:
    def make(**facts: Any) -> Place:
        owner = somebody("analyst")
        made = owner("POST", "/datasets", 201, json={"name": "kept", **facts}).json()
        path = f"/datasets/{made['id']}"
        owner("POST", f"{path}/data", 200, json=days(3))
        return Place(owner, path)

    return make


def nobody(place: Place, somebody: People) -> requests.Session:
    return requests.Session()


def with_bad_token(place: Place, somebody: People) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer a.b.c"
    return session


def with_narrow_key(place: Place, somebody: People) -> requests.Session:
    body = {"name": "narrow", "scopes": ["data:read"]}
    made = place.owner("POST", "/auth/api-keys", 201, json=body).json()
    session = requests.Session()
    session.headers["Authorization"] = f"Api-Key {made['key']}"
    return session


def viewer(place: Place, somebody: People) -> Person:
    return somebody("viewer")


def analyst(place: Place, somebody: People) -> Person:
    return somebody("analyst")


def shared(place: Place, somebody: People) -> Person:
    person = somebody("analyst")
    body = {"user": person.id, "permission": "view"}
    place.owner("POST", f"{place.path}/shares", 201, json=body)
    return person


REFUSALS = [
    ("nobody writes", nobody, "internal", "POST", "/data", 401, "AUTHENTICATION_REQUIRED"),
    ("a bad token", with_bad_token, "internal", "POST", "/data", 401, "INVALID_TOKEN"),
    ("a narrow key", with_narrow_key, "private", "POST", "/data", 403, "INSUFFICIENT_SCOPE"),
    ("a viewer writes", viewer, "internal", "POST", "/data", 403, "PERMISSION_DENIED"),
    ("an analyst deletes", analyst, "internal", "DELETE", "", 403, "PERMISSION_DENIED"),
    ("who views deletes a range", shared, "private", "DELETE",
     "/data?start=2001-01-01&end=2002-01-01", 403, "PERMISSION_DENIED"),
    ("who views shares", shared, "private", "POST", "/shares", 403, "PERMISSION_DENIED"),
    ("hidden: write", analyst, "private", "POST", "/data", 404, "NOT_FOUND"),
    ("hidden: change", analyst, "private", "PATCH", "", 404, "NOT_FOUND"),
    ("hidden: read", analyst, "private", "GET", "/data", 404, "NOT_FOUND"),
]  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[0])
def test_a_02_a_refusal_changes_nothing_and_leaves_one_line(
    refusal: Any, place: Any, somebody: People, guarded_admin: Person
) -> None:
    _, who, visibility, method, below, status, code = refusal
    there = place(visibility=visibility)
    caller = who(there, somebody)
    before = there.state()
    sent = {"visibility": "public"} if method == "PATCH" else days(9, "2020-01-01")
    body = {} if method in {"GET", "DELETE"} else {"json": sent}
    answer, told = asked(guarded_admin, caller, method, there.path + below, **body)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (status, code)
    assert there.state() == before
    event = one((answer, told))
    assert (event["action"], event["outcome"]) == ("denied", "denied")
    assert (event["object_type"], event["object_id"]) == ("dataset", there.path.split("/")[-1])
    assert (event["details"]["status"], event["details"]["method"]) == (status, method)
    assert event["address"] == "127.0.0.1"
    known = isinstance(caller, Person)
    assert (event["user"] or {}).get("id") == (caller.id if known else _owner(who, there))


def _owner(who: Any, there: Place) -> str | None:
    return there.owner.id if who is with_narrow_key else None


def test_a_02_a_write_that_is_refused_leaves_a_receipt_and_one_line(
    place: Any, guarded_admin: Person
) -> None:
    there = place()
    before = there.state()
    bad = [*days(2, "2020-01-01"), {"timestamp": "never", "value": {"TMAX": 1}}]
    event = one(asked(guarded_admin, there.owner, "POST", f"{there.path}/data", json=bad))
    assert (event["action"], event["outcome"]) == ("points.refused", "failed")
    receipt = there.owner("GET", f"/receipts/{event['details']['receipt']}", 200).json()
    assert receipt["status"] == "refused"
    assert there.state() == before


def test_a_02_a_hidden_dataset_and_none_leave_equal_lines(
    place: Any, somebody: People, guarded_admin: Person
) -> None:
    caller, unknown = somebody("analyst"), "/datasets/00000000-0000-4000-8000-000000000000"
    lines = [
        one(asked(guarded_admin, caller, "GET", path)) for path in (place().path, unknown)
    ]  # fmt: skip
    for line in lines:
        for name in ("id", "at", "request_id", "object_id"):
            line.pop(name)
    assert lines[0] == lines[1]


# ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_09_the_audit_log_has_no_writing_method(method: str, guarded_admin: Person) -> None:
    newest = events(guarded_admin)[0]
    for path in ("/audit", f"/audit/{newest['id']}"):
        answer = guarded_admin(method, path, 405, json={"action": "x"})
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) <= {"GET", "HEAD"}
    assert guarded_admin("GET", f"/audit/{newest['id']}", 200).json() == newest


def test_a_09_the_application_may_not_change_what_was_written(guarded: Server) -> None:
    with guarded.database("datastream_app").cursor() as cursor:
        for statement in CHANGES:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)


def test_a_09_authors_and_times_are_the_servers(place: Any, guarded_admin: Person) -> None:
    there, other = place(), guarded_admin.id
    began = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 600))
    for name, value in (("owner", other), ("created_at", "2001-01-01T00:00:00Z"),
                        ("updated_at", "2001-01-01T00:00:00Z"), ("id", other)):  # fmt: skip
        for method, path in (("PATCH", there.path), ("POST", "/datasets")):
            answer = there.owner(method, path, 400, json={"name": "x", name: value})
            assert name in answer.json()["detail"]["details"]
    about = there.owner("GET", there.path, 200).json()
    assert about["owner"]["id"] == there.owner.id
    assert about["created_at"] > began
    asked_for = {"type": "summary", "parameters": {"variable": "TMAX"}}
    refused = there.owner("POST", f"{there.path}/analysis", json={**asked_for, "user": other})
    assert refused.status_code == 400
    done = there.owner("POST", f"{there.path}/analysis?wait=10", json=asked_for).json()
    assert there.owner.id in str(done["user"])
    (receipt,) = there.owner("GET", f"{there.path}/receipts", 200).json()["results"]
    assert there.owner.id in str(receipt["user"])
    assert receipt["created_at"] > began


def test_a_09_the_log_says_who_it_was_whatever_is_sent(place: Any, guarded_admin: Person) -> None:
    there = place()
    headers = {"X-Forwarded-For": "203.0.113.9", "X-User": guarded_admin.id, "Date": "x"}
    event = one(
        asked(guarded_admin, there.owner, "POST", f"{there.path}/data",
              json=days(1, "2020-01-01"), headers=headers)
    )  # fmt: skip
    assert event["user"] == {"id": there.owner.id, "username": there.owner.username}
    assert (event["address"], event["credential"]) == ("127.0.0.1", "jwt")
    seconds = abs(clock.now() - clock.parse(event["at"], "at")).total_seconds()
    assert seconds < 60


# ------------------------------------------------------------------ the chain


def sealed(guarded: Server, event: int) -> bool:
    with guarded.database("datastream_app").cursor() as cursor:
        cursor.execute("SELECT FROM audit_seals WHERE event_id = %s", [event])
        return bool(cursor.rowcount)


def test_events_are_sealed_while_a_slow_transaction_goes_on(
    guarded: Server, place: Any, guarded_admin: Person
) -> None:
    with closing(guarded.database("datastream_app")) as slow, slow.cursor() as cursor:
        slow.autocommit = False
        cursor.execute(
            "INSERT INTO audit_events (credential, credential_id, action, object_type, object_id, "
            "outcome, request_id, details) VALUES ('', '', 'slow', '', '', 'done', '', '{}') "
            "RETURNING id"
        )
        (held,) = cursor.fetchone()
        there = place()
        event = one(
            asked(guarded_admin, there.owner, "POST", f"{there.path}/data", json=days(5))
        )  # fmt: skip
        assert event["id"] > held
        assert eventually(lambda: sealed(guarded, event["id"]), 60)
        assert not sealed(guarded, held)
        slow.commit()
    assert eventually(lambda: sealed(guarded, held), 60)
