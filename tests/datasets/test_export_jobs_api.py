"""Exports over the API: asked for, followed, fetched, and by whom."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import access, services
from datasets.models import Dataset, Export
from datasets.services import exports
from datastream.core.models import Status
from tests.datasets.exporting import N, ask, done, two_stations
from tests.factories import make_user, signed_in

API = "/api/v1"
PREFER = {"Prefer": "respond-async"}
ASYNC = {"HTTP_PREFER": "respond-async"}
Get = Callable[..., Any]


@pytest.fixture(autouse=True)
def folder(db: None, settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    return two_stations(analyst)


@pytest.fixture
def get(api: APIClient, filled: Dataset) -> Get:
    """`get(format="csv")` is the answer of the analyst's read."""

    def read(client: APIClient = api, headers: Any = None, **query: Any) -> Any:
        query_text = urlencode(query, doseq=True)
        return client.get(f"{API}/datasets/{filled.pk}/data?{query_text}", **(headers or {}))

    return read


@pytest.fixture
def export(filled: Dataset) -> Export:
    """An export of everything that is done."""
    return done(ask(filled))


def file_of(export: Export) -> str:
    return f"{API}/exports/{export.pk}/file"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]["code"]


# ------------------------------------------------------------------ asked for


def test_a_read_that_prefers_it_becomes_a_job(get: Get, filled: Dataset):
    answer = get(headers=ASYNC, format="csv", station="A", start="2001-01-02", order="desc")
    body = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"{API}/exports/{body['id']}"
    assert answer["Preference-Applied"] == "respond-async"
    assert (body["dataset"], body["format"], body["revision"]) == (str(filled.pk), "csv", 2)
    assert (body["status"], body["progress"], body["rows"]) == ("queued", 0, None)
    assert (body["file"], body["digest"], body["error"]) == (None, None, None)
    assert body["created_at"].endswith("Z")
    assert body["query"] == {
        "start": "2001-01-02T00:00:00Z",
        "station": ["A"],
        "order": "desc",
    }


def test_pages_that_are_preferred_as_a_job_become_lines(get: Get):
    body = get(headers=ASYNC).json()
    assert body["format"] == "ndjson"
    made = done(Export.objects.get(pk=body["id"]))
    assert (made.status, made.rows) == (Status.SUCCEEDED, N)


@pytest.mark.parametrize("query", [{"limit": 5}, {"layout": "columns"}])
def test_who_asks_for_a_page_gets_one(get: Get, query: dict[str, Any]):
    answer = get(headers=ASYNC, **query)
    assert answer.status_code == 200
    assert "Preference-Applied" not in answer


@pytest.mark.parametrize("prefer", ["respond-async=no", "wait=5", "", "x; respond-async"])
def test_another_preference_changes_nothing(get: Get, prefer: str):
    assert get(headers={"HTTP_PREFER": prefer}).status_code == 200


def test_head_makes_nothing(api: APIClient, filled: Dataset):
    answer = api.head(f"{API}/datasets/{filled.pk}/data", headers=PREFER)
    assert answer.status_code == 200
    assert not Export.objects.exists()


def test_a_read_past_the_limit_becomes_a_job_without_being_asked(get: Get, settings: Any):
    settings.EXPORT_STREAM_MAX_ROWS = N - 1
    answer = get(format="csv")
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer
    assert get(format="csv", station="A").status_code == 200
    assert get().status_code == 200
    settings.EXPORT_STREAM_MAX_ROWS = N
    assert get(format="csv").status_code == 200


def test_the_same_read_is_the_same_job(get: Get):
    first, second = (get(headers=ASYNC, variables="TMAX").json() for _ in range(2))
    assert first["id"] == second["id"]


def test_past_the_limit_of_jobs_the_answer_says_what_to_do(get: Get):
    for n in range(exports.OPEN_MOST):
        assert get(headers=ASYNC, start=f"2001-01-{n + 1:02}").status_code == 202
    answer = get(headers=ASYNC, start="2001-01-20")
    assert code_of(answer) == (409, "CONFLICT")
    assert "wait for one, or delete one" in answer.json()["detail"]["message"]
    assert len(answer.json()["detail"]["details"]["exports"]) == exports.OPEN_MOST


@pytest.mark.parametrize(
    ("query", "field"),
    [({"station": "X"}, "station"), ({"variables": "X"}, "variables"),
     ({"units": "TMAX:mm"}, "units"), ({"revision": 99}, "revision"), ({"fields": "x"}, "fields")],
)  # fmt: skip
def test_what_the_worker_would_fail_at_is_refused_at_once(get: Get, query: Any, field: str):
    answer = get(headers=ASYNC, **query)
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [field]
    assert not Export.objects.exists()


def test_who_is_not_signed_in_is_told_why_that_is_needed(filled: Dataset, settings: Any):
    Dataset.objects.filter(pk=filled.pk).update(visibility="public")
    settings.EXPORT_STREAM_MAX_ROWS = 1
    url = f"{API}/datasets/{filled.pk}/data"
    for answer in (APIClient().get(url, headers=PREFER), APIClient().get(f"{url}?format=csv")):
        assert code_of(answer) == (401, "AUTHENTICATION_REQUIRED")
        assert "sign in" in answer.json()["detail"]["message"]
        assert answer["WWW-Authenticate"]
    assert APIClient().get(url).status_code == 200


# ------------------------------------------------------------------ followed


def test_a_job_that_is_done_says_where_its_file_is(api: APIClient, export: Export):
    body = api.get(f"{API}/exports/{export.pk}").json()
    assert (body["status"], body["progress"], body["rows"]) == ("succeeded", 1, N)
    assert body["digest"] == f"sha-256={export.digest}"
    assert body["file"] == f"http://testserver{file_of(export)}"
    assert body["expires_at"] is not None
    assert body["size_bytes"] == exports.path_of(export).stat().st_size


def test_a_file_that_has_expired_has_no_address(api: APIClient, export: Export):
    Export.objects.filter(pk=export.pk).update(expires_at=Now() - timedelta(seconds=1))
    assert api.get(f"{API}/exports/{export.pk}").json()["file"] is None
    assert code_of(api.get(file_of(export))) == (404, "NOT_FOUND")


def test_a_failure_says_why(api: APIClient, filled: Dataset):
    export = ask(filled)
    Export.objects.filter(pk=export.pk).update(view_digest="another")
    done(export)
    body = api.get(f"{API}/exports/{export.pk}").json()
    assert (body["status"], body["error"]["code"]) == ("failed", "CONFLICT")
    assert code_of(api.get(file_of(export))) == (409, "CONFLICT")


def test_an_unchanged_job_is_not_sent_again(api: APIClient, export: Export):
    tag = api.get(f"{API}/exports/{export.pk}")["ETag"]
    assert api.get(f"{API}/exports/{export.pk}", HTTP_IF_NONE_MATCH=tag).status_code == 304


def test_the_list_holds_ones_own(api: APIClient, filled: Dataset, export: Export):
    reader = make_user()
    services.share(access.view(filled.owner, filled.pk), "view", user=reader)
    other = ask(filled, user=reader)
    newer = ask(filled, "csv")
    found = api.get(f"{API}/exports").json()["results"]
    assert {one["id"] for one in found} == {str(export.pk), str(newer.pk)}
    of_reader = signed_in(reader).get(f"{API}/exports?status=queued&dataset={filled.pk}").json()
    assert [one["id"] for one in of_reader["results"]] == [str(other.pk)]
    assert api.get(f"{API}/exports?status=running").json()["count"] == 0
    assert api.get(f"{API}/exports?status=odd").status_code == 400
    assert api.get(f"{API}/exports?user={reader.pk}").status_code == 400


def test_l_09_the_list_costs_no_query_for_each_export(api: APIClient, filled: Dataset):
    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert api.get(f"{API}/exports").status_code == 200
        return len(made)

    ask(filled)
    few = queries()
    for n in range(4):
        ask(filled, ["csv", "arrow", "parquet", "geojson"][n])
    assert queries() == few


def test_a_job_is_deleted_with_its_file(
    api: APIClient, export: Export, folder: Path, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{API}/exports/{export.pk}").status_code == 204
    assert list(folder.iterdir()) == []
    assert api.get(f"{API}/exports/{export.pk}").status_code == 404
    assert api.delete(f"{API}/exports/{export.pk}").status_code == 404


def test_a_job_that_waits_can_be_taken_back(api: APIClient, filled: Dataset):
    export = ask(filled)
    assert api.delete(f"{API}/exports/{export.pk}").status_code == 204
    exports.execute(export.pk)
    assert not Export.objects.exists()


# ------------------------------------------------------------------ fetched


def body_of(answer: Any) -> bytes:
    body: bytes = answer.getvalue() if answer.streaming else answer.content
    return body


def test_the_file_is_what_the_row_says(api: APIClient, export: Export):
    answer = api.get(file_of(export), HTTP_ACCEPT_ENCODING="gzip, zstd, br")
    body = body_of(answer)
    assert answer.status_code == 200
    assert hashlib.sha256(body).hexdigest() == export.digest
    assert answer["ETag"] == f'"{export.digest}"'
    assert answer["Content-Length"] == str(len(body)) == str(export.size_bytes)
    assert answer["Content-Type"].split(";")[0] == "application/x-ndjson"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kind", ["csv", "geojson", "parquet", "arrow"])
def test_no_format_is_compressed_on_the_way(api: APIClient, filled: Dataset, kind: str):
    export = done(ask(filled, kind))
    answer = api.get(file_of(export), HTTP_ACCEPT_ENCODING="gzip", HTTP_ACCEPT="text/html")
    assert len(body_of(answer)) == int(answer["Content-Length"]) == export.size_bytes
    assert answer.get("Content-Encoding", "identity") == "identity"


def test_a_download_goes_on_where_it_broke_off(api: APIClient, export: Export):
    first = body_of(api.get(file_of(export), HTTP_RANGE="bytes=0-99"))
    rest = api.get(file_of(export), HTTP_RANGE="bytes=100-", HTTP_IF_RANGE=f'"{export.digest}"')
    size = export.size_bytes or 0
    assert rest.status_code == 206
    assert rest["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert hashlib.sha256(first + body_of(rest)).hexdigest() == export.digest


def test_a_range_past_the_end_has_the_one_shape_of_errors(api: APIClient, export: Export):
    answer = api.get(file_of(export), HTTP_RANGE="bytes=999999-")
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{export.size_bytes}"
    assert "Range" in answer.json()["detail"]["details"]


def test_head_and_what_the_client_has_already_cost_no_bytes(api: APIClient, export: Export):
    head = api.head(file_of(export))
    assert (head.status_code, body_of(head)) == (200, b"")
    assert head["Content-Length"] == str(export.size_bytes)
    again = api.get(file_of(export), HTTP_IF_NONE_MATCH=f'"{export.digest}"')
    assert (again.status_code, body_of(again)) == (304, b"")


def test_what_is_not_done_has_no_file_yet(api: APIClient, filled: Dataset):
    export = ask(filled)
    assert code_of(api.get(file_of(export))) == (409, "CONFLICT")


def test_a_file_that_is_gone_is_not_found(api: APIClient, export: Export):
    exports.remove_file(export)
    assert code_of(api.get(file_of(export))) == (404, "NOT_FOUND")


# ------------------------------------------------------------------ by whom


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/file"])
def test_without_signing_in_there_are_no_exports(export: Export, path: str):
    answer = APIClient().get(f"{API}/exports{path.format(id=export.pk)}")
    assert code_of(answer) == (401, "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize("role", ["analyst", "steward", "admin"])
@pytest.mark.parametrize("path", ["/{id}", "/{id}/file"])
def test_an_export_of_somebody_else_answers_like_one_that_never_was(
    export: Export, role: str, path: str
):
    client = signed_in(make_user(role))
    real = client.get(f"{API}/exports{path.format(id=export.pk)}")
    unknown = client.get(f"{API}/exports{path.format(id=uuid4())}")
    assert real.status_code == unknown.status_code == 404
    assert real.content == unknown.content
    assert client.delete(f"{API}/exports/{export.pk}").status_code == 404
    assert Export.objects.filter(pk=export.pk).exists()


def test_a_06_a_withdrawn_share_takes_the_file_away_at_once(filled: Dataset):
    reader = make_user()
    view = access.view(filled.owner, filled.pk)
    shared = services.share(view, "view", user=reader)
    client, export = signed_in(reader), done(ask(filled, user=reader))
    assert body_of(client.get(file_of(export)))
    services.withdraw(view, shared)
    for path in (file_of(export), f"{API}/exports/{export.pk}"):
        assert code_of(client.get(path)) == (404, "NOT_FOUND")
    assert client.get(f"{API}/exports").json()["count"] == 0


def test_a_file_with_more_than_one_may_see_today_is_withheld(api: APIClient, export: Export):
    Export.objects.filter(pk=export.pk).update(view_digest="of before the embargo")
    assert code_of(api.get(file_of(export))) == (404, "NOT_FOUND")


@pytest.mark.parametrize("identity", ["x", "0", "%00", "a" * 10_000])
def test_in_44_what_is_no_id_is_not_found(api: APIClient, identity: str):
    for path in (f"{API}/exports/{identity}", f"{API}/exports/{identity}/file"):
        assert api.get(path).status_code == 404
