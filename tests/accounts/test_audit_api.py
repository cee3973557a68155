"""Reading the audit log over the API and in the admin."""

import csv
import io
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEvent, User
from accounts.selectors import audit as selectors
from accounts.services import audit
from datastream.core import origin
from datastream.core.origin import JWT, Credential
from tests.admin import address, browser, statements
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
PATH = "/api/v1/audit"


@pytest.fixture
def reader(admin: User) -> APIClient:
    return signed_in(admin)


def record(user: User | None = None, request_id: str = "", ip: str = "", **more: Any) -> None:
    here = origin.begin(request_id, ip)
    if user is not None:
        here.user_id, here.credential = user.pk, Credential(JWT, "a sign-in")
    audit.record(more.pop("action", "tested"), **more)
    origin.end()


def results(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_an_event_tells_who_what_when_and_from_where(reader: APIClient, analyst: User) -> None:
    record(analyst, "a-request", "192.0.2.7", of=("thing", 7), number=3)
    (event,) = results(reader, action="tested")
    assert event["user"] == {"id": str(analyst.pk), "username": analyst.username}
    assert event["at"].endswith("Z")
    assert {name: event[name] for name in ("object_type", "object_id", "outcome", "address")} == {
        "object_type": "thing", "object_id": "7", "outcome": "done", "address": "192.0.2.7",
    }  # fmt: skip
    assert (event["request_id"], event["details"]) == ("a-request", {"number": 3})
    one = reader.get(f"{PATH}/{event['id']}")
    assert one.json() == event
    assert one.headers["ETag"]


@pytest.mark.parametrize("path", [f"{PATH}/0", f"{PATH}/x", f"{PATH}/{10**30}"])
def test_an_event_that_is_not_there_is_not_found(reader: APIClient, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_what_nobody_known_did_has_no_user(reader: APIClient) -> None:
    record()
    (event,) = results(reader, action="tested")
    assert (event["user"], event["address"]) == (None, None)


def test_each_filter_finds_its_events_only(reader: APIClient, analyst: User, viewer: User) -> None:
    record(analyst, "one", "192.0.2.1", of=("thing", 1))
    record(viewer, "two", "2001:db8::2", of=("place", 2), outcome="failed", action="tried")
    both = results(reader, action="tested") + results(reader, action="tried")
    queries: list[dict[str, Any]] = [
        {"user": str(analyst.pk), "action": "tested"}, {"action": "tested"},
        {"object_type": "thing"}, {"object": "1", "object_type": "thing"},
        {"outcome": "done", "action": "tested"}, {"request_id": "one"}, {"address": "192.0.2.1"},
        {"start": both[0]["at"], "end": both[1]["at"], "action": "tested"},
    ]  # fmt: skip
    for query in queries:
        assert [one["request_id"] for one in results(reader, **query)] == ["one"], query
    assert results(reader, address="2001:DB8:0::2")[0]["request_id"] == "two"
    assert results(reader, credential="jwt") != []
    assert results(reader, credential="oauth2") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("user", "x"), ("outcome", "x"), ("credential", "x"), ("address", "x"), ("start", "x"),
     ("search", "x"), ("ordering", "user_id"), ("user__password", "x"), ("format", "x"),
     ("details", "x"), ("fields", "user_id")],
)  # fmt: skip
def test_what_is_no_filter_is_refused_by_name(reader: APIClient, name: str, value: str) -> None:
    answer = reader.get(PATH, {name: value})
    assert answer.status_code == (406 if name == "format" else 400)
    assert name == "format" or name in answer.json()["detail"]["details"]


def test_the_newest_come_first_unless_asked_otherwise(reader: APIClient) -> None:
    for number in range(3):
        record(number=number)
    for ordering, numbers in (("-id", [2, 1, 0]), ("at", [0, 1, 2])):
        found = results(reader, action="tested", ordering=ordering)
        assert [one["details"]["number"] for one in found] == numbers


@pytest.mark.parametrize("role", ["viewer", "analyst", "steward"])
def test_nobody_but_admins_reads_it(role: str, request: pytest.FixtureRequest) -> None:
    client = signed_in(request.getfixturevalue(role))
    assert client.get(PATH).status_code == 403
    assert client.get(f"{PATH}/1").status_code == 403
    assert APIClient().get(PATH).status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_09_nobody_writes_it(reader: APIClient, method: str) -> None:
    record()
    event = AuditEvent.objects.get(action="tested")
    for path in (PATH, f"{PATH}/{event.pk}"):
        answer = getattr(reader, method)(path, {"action": "x"}, format="json")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) <= {"GET", "HEAD"}
    event.refresh_from_db()
    assert event.action == "tested"


def test_a_list_costs_no_query_for_each_event(reader: APIClient, analyst: User) -> None:
    def cost(size: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(results(reader, action="tested", page_size=size)) == size
        return len(captured)

    for _ in range(20):
        record(analyst)
    cost(1)
    assert cost(1) == cost(20)


# ------------------------------------------------------------------ CSV


def lines(client: APIClient, **query: Any) -> list[dict[str, str]]:
    asked: Any = {"format": "csv"} | query
    answer: Any = client.get(PATH, asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit_')
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_all_that_the_filters_let_through(
    reader: APIClient, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "STREAMED", 3)
    for number in range(10):
        record(analyst, f"r{number}", "192.0.2.7", number=number)
    found = lines(reader, action="tested", user=str(analyst.pk))
    assert [one["request_id"] for one in found] == [f"r{number}" for number in range(9, -1, -1)]
    assert found[0]["username"] == analyst.username
    assert found[0]["details"] == '{"number":9}'
    assert found[0]["at"].endswith("Z")
    (told,) = results(reader, action="audit.exported")
    assert told["details"] == {"filters": ["action", "user"]}


@pytest.mark.parametrize("sent", ["=1+1", "+1", "-1", "@x", "'=1", '"a",b'])
def test_no_spreadsheet_computes_what_somebody_sent(reader: APIClient, sent: str) -> None:
    record(None, sent)
    (line,) = lines(reader, action="tested")
    assert line["request_id"] == (sent if sent == '"a",b' else f"'{sent}")


def test_csv_by_accept_and_without_pages(reader: APIClient) -> None:
    answer = reader.get(PATH, HTTP_ACCEPT="text/csv")
    assert answer.headers["Content-Type"] == "text/csv"
    assert "Accept" in answer.headers["Vary"]
    refused = reader.get(PATH, {"format": "csv", "page": "2"})
    assert refused.status_code == 400
    assert "page" in refused.json()["detail"]["details"]


# ------------------------------------------------------------------ the admin


def test_the_admin_shows_events_and_changes_none(admin: User, analyst: User) -> None:
    page = browser(admin)
    record(analyst, "<b>a-request</b>", of=("user", analyst.pk))
    event = AuditEvent.objects.get(action="tested")
    body = page.get(address(AuditEvent, "changelist"), {"q": "tested"}).content.decode()
    assert analyst.username in body
    assert "&lt;b&gt;a-request" in body
    assert address(analyst, "change") in body
    assert page.get(address(event, "change")).status_code == 200
    assert page.get(address(AuditEvent, "add")).status_code == 403
    assert page.post(address(event, "delete"), {"post": "yes"}).status_code == 403


def test_the_admin_finds_events_by_their_ids(admin: User, analyst: User) -> None:
    page = browser(admin)
    record(analyst, "a-request", of=("thing", uuid.uuid4()))
    event = AuditEvent.objects.get(action="tested")
    for words in ("tested", "a-request", str(analyst.pk), event.object_id):
        found = page.get(address(AuditEvent, "changelist"), {"q": words}).context["cl"]
        assert event in found.result_list, words
    chosen = page.get(address(AuditEvent, "changelist"), {"credential": "key"}).context["cl"]
    assert list(chosen.result_list) == []


def test_the_admins_list_costs_no_query_for_each_event(admin: User, analyst: User) -> None:
    page = browser(admin)
    record(analyst)
    few = statements(page, address(AuditEvent, "changelist"))
    for _ in range(20):
        record(analyst)
    assert len(statements(page, address(AuditEvent, "changelist"))) == len(few)
