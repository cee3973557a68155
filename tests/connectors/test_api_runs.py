"""Runs, coverage and raw answers over the API."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEvent, User
from connectors import bodies, services
from connectors.models import Coverage, Document, Feed, Run
from datasets.models import Dataset
from datastream.core import clock
from tests.conftest import ClientOf
from tests.connectors.collecting import API, CODE, make_document, make_feed
from tests.connectors.fakes.noaa import FakeNoaa
from tests.factories import make_dataset

RUNS, DOCUMENTS = f"{API}/runs", f"{API}/documents"


@pytest.fixture
def dataset(steward: User) -> Dataset:
    return make_dataset(steward)


@pytest.fixture
def feed(dataset: Dataset) -> Feed:
    return make_feed(dataset)


@pytest.fixture
def run(feed: Feed) -> Run:
    return services.start_run(feed)


@pytest.fixture
def client(steward: User, client_of: ClientOf) -> APIClient:
    return client_of(steward)


def refused(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    return set(answer.json()["detail"]["details"])


# ------------------------------------------------------------------ runs


def test_a_run_tells_what_it_did(client: APIClient, run: Run, fake_noaa: FakeNoaa) -> None:
    done = services.execute_run(run.pk)
    assert done is not None
    told = client.get(f"{RUNS}/{run.pk}").json()
    names = ("requests", "received", "inserted", "updated", "unchanged", "rejected", "checkpoint")
    assert {name: told[name] for name in names} == {name: getattr(done, name) for name in names}
    assert (told["status"], told["error"]) == ("succeeded", None)
    assert told["received"] == 1096
    assert told["planned"] == told["checkpoint"]
    assert (told["rejections"], told["notes"]) == ([], [])
    assert told["finished_at"].endswith("Z")


def test_a_run_tells_why_it_failed(client: APIClient, run: Run) -> None:
    rejections = [{"row": 7, "field": "TMAX", "message": "Not a number."}]
    error = {"code": "SCHEMA_DRIFT", "message": "No unit.", "details": {}}
    Run.objects.filter(pk=run.pk).update(status="failed", error=error, rejections=rejections)
    told = client.get(f"{RUNS}/{run.pk}").json()
    assert (told["error"], told["rejections"]) == (error, rejections)
    # A page of five hundred would hold fifty thousand of those.
    (listed,) = client.get(RUNS).json()["results"]
    assert told.keys() - listed.keys() == {"parameters", "rejections", "notes"}
    assert refused(client.get(RUNS, {"fields": "rejections"})) == {"fields"}


def test_runs_are_filtered_and_sorted(client: APIClient, run: Run, steward: User) -> None:
    services.cancel_run(run)
    other = services.start_run(make_feed(make_dataset(steward)))
    both = [str(run.pk), str(other.pk)]

    def found(**query: Any) -> list[str]:
        return [one["id"] for one in client.get(RUNS, query).json()["results"]]

    assert found(ordering="created_at") == both
    assert found() == both[::-1]
    assert found(feed=str(run.feed_id)) == found(status="cancelled") == both[:1]
    assert found(dataset=str(run.feed.dataset_id), trigger="hand") == both[:1]
    tomorrow = clock.text(clock.now() + timedelta(days=1))
    assert found(created_after=tomorrow) == []
    assert set(found(created_before=tomorrow)) == set(both)
    for name in ("feed__name", "feed", "dataset", "lease_until", "attempt", "parameters"):
        assert refused(client.get(RUNS, {"ordering": name})) == {"ordering"}
    for query in ({"feed": "x"}, {"status": "x"}, {"trigger": "x"}, {"created_after": "x"}):
        assert refused(client.get(RUNS, query)) == set(query)


def test_a_run_is_cancelled_once(client: APIClient, run: Run) -> None:
    path = f"{RUNS}/{run.pk}/cancel"
    assert client.post(path).json()["status"] == "cancelled"
    again = client.post(path)
    assert (again.status_code, again.json()["detail"]["code"]) == (409, "CONFLICT")


def test_a_list_asks_no_more_for_more_runs(
    client: APIClient, run: Run, dataset: Dataset, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as first:
        client.get(RUNS)
    for _ in range(4):
        services.start_run(make_feed(dataset))
    with django_assert_num_queries(len(first)):
        assert client.get(RUNS).json()["count"] == 5


# ------------------------------------------------------------------ coverage


def cover(feed: Feed, station: str, year: int, state: str, reason: str = "") -> None:
    start = datetime(year, 1, 1, tzinfo=UTC)
    end = start.replace(year=year + 1)
    facts = {"station": station, "state": state, "reason": reason}
    Coverage.objects.create(feed=feed, start=start, end=end, **facts)


def test_coverage_is_told_span_by_span(client: APIClient, feed: Feed) -> None:
    path = f"{API}/feeds/{feed.pk}/coverage"
    assert client.get(path).json()["results"] == []
    cover(feed, CODE, 2013, "failed", "It did not answer.")
    cover(feed, CODE, 2012, "fetched")
    cover(feed, "A", 2014, "empty")
    cover(make_feed(feed.dataset), "B", 2012, "fetched")

    def found(**query: Any) -> list[tuple[str, str]]:
        page = client.get(path, query).json()["results"]
        return [(one["station"], one["start"][:4]) for one in page]

    assert found() == [("A", "2014"), (CODE, "2012"), (CODE, "2013")]
    assert found(station=CODE, state="failed") == [(CODE, "2013")]
    assert found(start="2013-01-01", end="2014-01-01") == [(CODE, "2013")]
    assert found(ordering="-start", page_size=1) == [("A", "2014")]
    (failed,) = client.get(path, {"state": "failed"}).json()["results"]
    assert failed["reason"] == "It did not answer."
    assert (failed["start"], failed["end"]) == ("2013-01-01T00:00:00Z", "2014-01-01T00:00:00Z")
    assert refused(client.get(path, {"feed": str(feed.pk)})) == {"feed"}
    assert refused(client.get(path, {"ordering": "feed__name"})) == {"ordering"}


# ------------------------------------------------------------------ raw answers

PAGE = b"<!doctype html><script>alert(1)</script>" * 3


def test_a_raw_answer_is_told_without_its_body(client: APIClient, run: Run) -> None:
    document = make_document(run, PAGE)
    told = client.get(f"{DOCUMENTS}/{document.pk}").json()
    assert (told["feed"], told["run"]) == (str(run.feed_id), str(run.pk))
    assert (told["status"], told["size"]) == (200, document.size)
    assert "body" not in told
    assert client.get(DOCUMENTS).json()["results"] == [told]
    assert refused(client.get(DOCUMENTS, {"fields": "body"})) == {"fields"}
    assert refused(client.get(DOCUMENTS, {"ordering": "body"})) == {"ordering"}


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/json", "text/csv", ""])
def test_a_body_is_never_taken_for_a_page(client: APIClient, run: Run, kind: str) -> None:
    document = make_document(run, PAGE, headers={"content-type": f"{kind}; charset=utf-8"})
    answer = client.get(f"{DOCUMENTS}/{document.pk}/body", HTTP_ACCEPT="text/html")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == PAGE  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    assert not answer["Content-Disposition"].endswith(('html"', 'svg"'))
    told = AuditEvent.objects.get(action="document.downloaded", object_id=str(document.pk))
    assert told.details["feed"] == str(run.feed_id)


def test_a_body_of_several_parts_is_whole_from_any_of_them(client: APIClient, run: Run) -> None:
    whole = b"".join(b"%d," % n for n in range(300_000))
    make_document(run, whole, parts=3)
    make_document(run, b"another", sequence=1)
    parts = Document.objects.filter(sequence=0)
    assert len(parts) == 3
    for part in parts:
        answer = client.get(f"{DOCUMENTS}/{part.pk}/body")
        chunks = list(answer.streaming_content)  # type: ignore[attr-defined]
        assert b"".join(chunks) == whole
        assert max(map(len, chunks)) <= bodies.CHUNK_BYTES


def test_a_small_part_that_unpacks_to_very_much_is_sent_in_chunks(run: Run) -> None:
    document = make_document(run, bytes(50_000_000))
    chunks = [len(chunk) for chunk in bodies.send(document)]
    assert (sum(chunks), max(chunks)) == (50_000_000, bodies.CHUNK_BYTES)


def test_an_empty_answer_is_empty_and_a_cut_one_no_answer(client: APIClient, run: Run) -> None:
    document = make_document(run, b"")
    assert b"".join(bodies.send(document)) == b""
    Document.objects.update(body=gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(EOFError):
        list(bodies.send(document))


def test_the_head_of_a_body_is_sent_without_it_and_noted_by_nobody(
    client: APIClient, run: Run
) -> None:
    document = make_document(run, PAGE)
    answer = client.head(f"{DOCUMENTS}/{document.pk}/body")
    assert (answer.status_code, answer.content) == (200, b"")
    assert not AuditEvent.objects.filter(action="document.downloaded").exists()


def test_raw_answers_are_filtered(client: APIClient, run: Run, dataset: Dataset) -> None:
    first = make_document(run, b"1")
    services.cancel_run(run)
    other = services.start_run(make_feed(dataset))
    second = make_document(other, b"2", received_at=clock.now() + timedelta(hours=1))

    def found(**query: Any) -> list[str]:
        return [one["id"] for one in client.get(DOCUMENTS, query).json()["results"]]

    assert found() == [str(second.pk), str(first.pk)]
    assert found(run=str(run.pk)) == found(feed=str(run.feed_id)) == [str(first.pk)]
    soon = clock.text(clock.now() + timedelta(minutes=30))
    assert found(received_after=soon) == [str(second.pk)]
    assert found(received_before=soon) == [str(first.pk)]
    assert found(run=str(dataset.pk)) == []
    assert refused(client.get(DOCUMENTS, {"feed": "x"})) == {"feed"}


def test_the_answers_of_a_run_can_be_fetched(
    client: APIClient, run: Run, fake_noaa: FakeNoaa
) -> None:
    services.execute_run(run.pk)
    services.move_documents()
    (told, *_) = client.get(DOCUMENTS, {"run": str(run.pk)}).json()["results"]
    assert told["request"]["place"]["station"] == CODE
    answer = client.get(f"{DOCUMENTS}/{told['id']}/body")
    assert b"".join(answer.streaming_content).startswith(b'"STATION"')  # type: ignore[attr-defined]
    assert json.dumps(told)
