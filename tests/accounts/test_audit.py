"""What is written to the audit log, and that nobody changes it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from accounts.models import AuditEvent, AuditSeal, User
from accounts.services import audit
from accounts.services.seals import Sealer
from datasets.models import Dataset
from datasets.services import downloads, exports
from datastream.core import origin
from tests.admin import address, browser, filled
from tests.factories import days, make_dataset, signed_in, write
from visualizations.models import Visualization

pytestmark = pytest.mark.django_db

LARGE = ("data?format=csv", "data?format=parquet", "changes?format=ndjson",
         "data?format=csv&resolution=day")  # fmt: skip


def events(action: str = "", **chosen: Any) -> list[AuditEvent]:
    found = AuditEvent.objects.filter(**chosen).order_by("pk")
    return list(found.filter(action=action) if action else found)


def by(request_id: str) -> list[AuditEvent]:
    return events(request_id=request_id)


def refuses(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


@pytest.mark.parametrize("role", ["datastream_owner", "datastream_app"])
@pytest.mark.parametrize("table", ["audit_events", "audit_seals"])
def test_no_role_changes_or_deletes_a_row(role: str, table: str) -> None:
    audit.record("tested")
    Sealer().seal()
    column = "action = 'x'" if table == "audit_events" else "position = position + 1"
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
    assert refuses(f"UPDATE {table} SET {column}")  # noqa: S608
    assert refuses(f"DELETE FROM {table}")  # noqa: S608


def test_the_application_may_not_empty_the_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE datastream_app")
        cursor.execute("SELECT has_table_privilege('audit_events', 'TRUNCATE')")
        assert cursor.fetchone() == (False,)


def test_an_event_says_who_what_to_what_when_from_where(analyst: User) -> None:
    here = origin.begin("a-request", "192.0.2.7")
    here.user_id = analyst.pk
    here.credential = origin.Credential(origin.KEY, "a-key", frozenset())
    audit.record("tested", of=("thing", 7), number=3, name="x")
    origin.end()
    (event,) = events("tested")
    assert (event.user_id, event.credential, event.credential_id) == (analyst.pk, "key", "a-key")
    assert (event.object_type, event.object_id, event.outcome) == ("thing", "7", "done")
    assert (event.address, event.request_id) == ("192.0.2.7", "a-request")
    assert event.details == {"number": 3, "name": "x"}
    assert event.at is not None


def test_what_no_database_takes_is_left_out() -> None:
    audit.record("tested", of=("thing", "a\x00b" + "c" * 100), name="d\x00e")
    (event,) = events("tested")
    assert event.object_id == "ab" + "c" * 62
    assert event.details == {"name": "de"}


def test_an_event_is_undone_with_what_it_tells() -> None:
    def fail() -> None:
        with transaction.atomic():
            audit.record("tested")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert events("tested") == []


def test_a_command_is_told_from_a_request() -> None:
    with origin.command("tidy"):
        audit.record("tested")
    (event,) = events("tested")
    assert (event.credential, event.credential_id, event.address) == ("command", "tidy", None)
    assert origin.current().credential is None


# ------------------------------------------------------------------ denials


@pytest.fixture
def secret(steward: User) -> Dataset:
    """A private dataset of somebody else."""
    return make_dataset(steward)


def told(client: APIClient, method: str, path: str, **more: Any) -> tuple[int, list[AuditEvent]]:
    """The status of an answer, and what the log holds of it."""
    identity = str(uuid.uuid4())
    ask: Callable[..., Any] = getattr(client, method)
    answer = ask(f"/api/v1{path}", HTTP_X_REQUEST_ID=identity, format="json", **more)
    return answer.status_code, by(identity)


def test_a_hidden_object_and_one_that_never_was_leave_the_same_line(
    api: APIClient, secret: Dataset
) -> None:
    for identity in (secret.pk, uuid.uuid4()):
        status, (event,) = told(api, "get", f"/datasets/{identity}")
        assert status == 404
        assert (event.action, event.outcome) == ("denied", "denied")
        assert (event.object_type, event.object_id) == ("dataset", str(identity))
        assert event.details == {
            "operation": "Dataset.retrieve", "method": "GET", "status": 404, "code": "NOT_FOUND",
        }  # fmt: skip


def test_a_child_is_told_under_its_dataset(api: APIClient, secret: Dataset) -> None:
    path = f"/datasets/{str(secret.pk).upper()}/stations/1"
    status, (event,) = told(api, "get", path)
    assert status == 404
    assert (event.object_type, event.object_id) == ("dataset", str(secret.pk))


def test_who_is_not_signed_in_leaves_a_line_without_a_user(secret: Dataset) -> None:
    status, (event,) = told(APIClient(), "delete", f"/datasets/{secret.pk}")
    assert status == 401
    assert (event.user_id, event.credential, event.outcome) == (None, "", "denied")


def test_a_role_that_is_too_small_leaves_a_line(viewer: User) -> None:
    status, (event,) = told(signed_in(viewer), "post", "/datasets", data={"name": "x"})
    assert status == 403
    assert event.user_id == viewer.pk
    assert event.credential == "jwt"


def test_a_bad_token_leaves_a_line() -> None:
    client = APIClient(HTTP_AUTHORIZATION="Bearer x.y.z")
    status, (event,) = told(client, "get", "/users/me")
    assert status == 401
    assert event.details["code"] == "INVALID_TOKEN"


def test_a_failed_sign_in_is_told_once(analyst: User) -> None:
    body = {"username": analyst.username, "password": "wrong-wrong-wrong"}
    status, (event,) = told(APIClient(), "post", "/auth/token", data=body)
    assert status == 401
    assert (event.action, event.outcome) == ("login.failed", "failed")


def test_what_is_no_refusal_leaves_no_denial(api: APIClient, dataset: Dataset) -> None:
    for method, path in (
        ("get", "/datasets?page=99"),
        ("put", f"/datasets/{dataset.pk}"),
        ("get", "/datasets?no=1"),
        ("get", "/nowhere"),
    ):
        status, found = told(api, method, path)
        assert status in {400, 404, 405}
        assert found == []


def test_a_database_in_trouble_changes_no_refusal(
    api: APIClient, secret: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "UNHURRIED", "SELECT 1 FROM nowhere WHERE %s" + ", %s" * 9)
    with transaction.atomic():
        assert api.get(f"/api/v1/datasets/{secret.pk}").status_code == 404
        transaction.set_rollback(True)


# ------------------------------------------------------------------ what is done


def test_sharing_says_with_whom_and_which_right(
    api: APIClient, dataset: Dataset, viewer: User
) -> None:
    path = f"/datasets/{dataset.pk}/shares"
    body = {"user": str(viewer.pk), "permission": "edit"}
    status, (given,) = told(api, "post", path, data=body)
    share = str(given.details.pop("share"))
    assert status == 201
    assert given.action == "share.given"
    assert given.details == {"permission": "edit", "user": str(viewer.pk)}
    status, (withdrawn,) = told(api, "delete", f"{path}/{share}")
    assert status == 204
    assert withdrawn.action == "share.withdrawn"


def test_visibility_is_told_with_what_it_was(api: APIClient, dataset: Dataset) -> None:
    path = f"/datasets/{dataset.pk}"
    _, (event,) = told(api, "patch", path, data={"visibility": "internal"})
    assert event.action == "dataset.visibility_changed"
    assert event.details == {"from": "private", "to": "internal"}
    assert told(api, "patch", path, data={"visibility": "internal"}) == (200, [])


def test_a_dataset_is_told_when_made_changed_and_deleted(api: APIClient) -> None:
    status, (made,) = told(api, "post", "/datasets", data={"name": "x"})
    assert (status, made.action) == (201, "dataset.created")
    path = f"/datasets/{made.object_id}"
    _, (changed,) = told(api, "patch", path, data={"embargo_days": 30, "name": "y"})
    assert changed.action == "dataset.changed"
    assert changed.details["fields"] == ["embargo_days", "name"]
    assert changed.details["embargo_days"] == {"from": None, "to": 30}
    _, (gone,) = told(api, "delete", path)
    assert gone.action == "dataset.deleted"


def test_a_write_is_told_with_its_receipt_and_counts(api: APIClient, dataset: Dataset) -> None:
    path = f"/datasets/{dataset.pk}/data"
    _, (event,) = told(api, "post", path, data=days(3))
    assert event.action == "points.written"
    assert (event.details["inserted"], event.details["revision"]) == (3, 1)
    receipt = event.details["receipt"]
    assert api.get(f"/api/v1/receipts/{receipt}").status_code == 200


def test_a_refused_write_is_told_as_failed(api: APIClient, dataset: Dataset) -> None:
    bad = [{"timestamp": "never", "value": {"TMAX": 1}}]
    status, (event,) = told(api, "post", f"/datasets/{dataset.pk}/data", data=bad)
    assert (status, event.action, event.outcome) == (400, "points.refused", "failed")


def test_deleted_points_are_told(api: APIClient, dataset: Dataset) -> None:
    write(dataset, days(3))
    path = f"/datasets/{dataset.pk}/data?start=2001-01-01&end=2001-01-03"
    _, (event,) = told(api, "delete", path)
    assert (event.action, event.details["deleted"]) == ("points.deleted", 2)


def test_a_role_that_gets_a_permission_in_the_admin_is_told(admin: User) -> None:
    admin.is_superuser = True
    admin.save()
    role, page = Group.objects.create(name="guest"), browser(admin)
    permission = Permission.objects.get(codename="add_dataset")
    path = address(role, "change")
    page.post(path, {**filled(page.get(path)), "permissions": [permission.pk]})
    (event,) = events("role.changed")
    assert (event.object_type, event.object_id) == ("role", "guest")
    assert event.details == {"added": ["datasets.add_dataset"]}
    assert (event.user_id, event.credential) == (admin.pk, "session")


def drawn(api: APIClient, dataset: Dataset) -> Visualization:
    write(dataset, days(3))
    body = {"title": "x", "kind": "line", "dataset": str(dataset.pk),
            "options": {"variables": ["TMAX"]}}  # fmt: skip
    made = api.post("/api/v1/visualizations", body, format="json").json()
    return Visualization.objects.get(pk=made["id"])


def test_a_picture_is_told_when_others_may_see_it_and_when_it_goes(
    api: APIClient, dataset: Dataset
) -> None:
    path = f"/visualizations/{drawn(api, dataset).pk}"
    _, (event,) = told(api, "patch", path, data={"visibility": "public"})
    assert event.details == {"from": "private", "to": "public"}
    assert told(api, "patch", path, data={"title": "y"}) == (200, [])
    _, (event,) = told(api, "delete", path)
    assert event.action == "visualization.deleted"


def test_a_picture_deleted_in_the_admin_is_told(
    api: APIClient, dataset: Dataset, admin: User
) -> None:
    picture = drawn(api, dataset)
    browser(admin).post(address(picture, "delete"), {"post": "yes"})
    (event,) = events("visualization.deleted")
    assert event.user_id == admin.pk


def test_a_large_export_job_is_told_twice_when_asked_for_and_when_done(
    api: APIClient, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.EXPORTS = tmp_path
    monkeypatch.setattr(exports, "LARGE_ROWS", 3)
    write(dataset, days(4))
    identity = "asked-for-all"
    path = f"/api/v1/datasets/{dataset.pk}/data?format=csv"
    headers: dict[str, Any] = {"HTTP_PREFER": "respond-async", "HTTP_X_REQUEST_ID": identity}
    assert api.get(path, **headers).status_code == 202
    (event,) = by(identity)
    assert event.action == "data.export_requested"


@pytest.mark.parametrize("query", LARGE)
def test_a_large_download_is_told_once_it_has_ended(
    api: APIClient, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    write(dataset, days(4))
    path = f"/api/v1/datasets/{dataset.pk}/{query}"
    for most, expected in ((4, []), (3, ["data.exported"])):
        monkeypatch.setattr(downloads, "LARGE_ROWS", most)
        identity = str(uuid.uuid4())
        answer: Any = api.get(path, HTTP_X_REQUEST_ID=identity)
        body = b"".join(answer.streaming_content)
        found = by(identity)
        assert [event.action for event in found] == expected
        for event in found:
            assert (event.details["rows"], event.details["bytes"]) == (4, len(body))
            assert event.details["is_whole"]


def test_a_seal_is_for_one_event_once() -> None:
    audit.record("tested")
    sealer = Sealer()
    assert sealer.seal() >= 1
    assert sealer.seal() == 0
    assert AuditSeal.objects.count() == AuditEvent.objects.count()
