"""Raw answers: kept with the points, moved, tidied and replayed; the same with and without MongoDB.

`make test-mongodb` runs these tests with MONGODB_URL.
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.test import Client

from connectors import services
from connectors.base import Place, Request, Window
from connectors.models import Document, Feed, Run
from connectors.registry import connectors
from connectors.routers import DOCUMENTS
from connectors.services import documents
from datasets import access
from datasets.models import Dataset
from datasets.selectors.series import series
from datastream.core import clock
from datastream.core.answers import Answer
from tests.connectors.fakes.lines import LINES, FakeLines
from tests.factories import make_user

IS_ELSEWHERE = DOCUMENTS in configured.DATABASES
needs_mongodb = pytest.mark.skipif(not IS_ELSEWHERE, reason="needs MONGODB_URL")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_by_one")]
HERE = Document.objects.using(DEFAULT_DB_ALIAS)


@pytest.fixture(autouse=True)
def store(committed_db: None) -> Iterator[None]:
    yield
    if IS_ELSEWHERE:
        Document.objects.all().delete()


@pytest.fixture
def feed(fake_lines: FakeLines, store: None) -> Feed:
    """Two stations for a year: two requests."""
    target = services.target_of(LINES, make_user("admin"), name="Levels")
    parameters = {"stations": ["A", "B"], "start": "2001-01-01", "end": "2001-12-31"}
    return services.make_feed(target, LINES, name="levels", product="", parameters=parameters)


def executed(run: Run) -> Run:
    done = services.execute_run(run.pk)
    assert done is not None
    return done


def values(feed: Feed) -> list[tuple[list[str], list[float]]]:
    view = access.full_view(Dataset.objects.get(pk=feed.dataset_id))
    found = [series(view, "level", station=code) for code in ("A", "B")]
    return [(one.timestamps.astype(str).tolist(), one.values.tolist()) for one in found]


@contextmanager
def store_away() -> Iterator[None]:
    """Nobody answers where documents live."""
    there: Any = connections[DOCUMENTS]
    there.ensure_connection()
    there.close_pool()
    with pytest.MonkeyPatch.context() as away:
        away.setitem(there.settings_dict, "HOST", "mongodb://127.0.0.1:1/none?replicaSet=rs0")
        away.setitem(there.settings_dict["OPTIONS"], "serverSelectionTimeoutMS", 200)
        try:
            yield
        finally:
            there.close_pool()


def keep(feed: Feed, *sizes: int, age: timedelta = timedelta(), is_moved: bool = True) -> None:
    """Documents that are so large."""
    run = Run(feed=feed)
    request = Request("lines", {}, Place("A"), Window(date(2001, 1, 1), date(2002, 1, 1)))
    received_at = clock.now() - age
    documents.keep(
        run,
        [
            (n, request, documents.Packed(200, {}, bytes(size), received_at + timedelta(seconds=n)))
            for n, size in enumerate(sizes)
        ],
    )
    if is_moved:
        services.move_documents()


def test_the_store_is_the_one_that_is_configured() -> None:
    assert router.db_for_read(Document) == (DOCUMENTS if IS_ELSEWHERE else DEFAULT_DB_ALIAS)
    assert router.db_for_read(Run) == DEFAULT_DB_ALIAS


def test_an_answer_is_kept_as_it_came(feed: Feed) -> None:
    run = executed(services.start_run(feed))
    services.move_documents()
    first, second = Document.objects.filter(run_id=run.pk).order_by("sequence")
    assert (first.sequence, second.sequence, first.status) == (0, 1, 200)
    assert gzip.decompress(bytes(first.body)).startswith(b'{"rows": [["A", "2001-01-01"')
    assert first.request["params"]["station"] == "A"
    assert (first.headers["content-type"], first.feed_id) == ("application/json", feed.pk)
    request, answer = documents.read(run.pk, 1)
    assert (request.place, request.window.days, request.page) == (Place("B"), 365, 0)
    assert answer.body.startswith(b'{"rows": [["B"')


def test_a_large_answer_is_kept_in_parts(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PART_BYTES", 1000)
    run = executed(services.start_run(feed))
    services.move_documents()
    assert Document.objects.filter(run_id=run.pk, part=1).exists()
    _, answer = documents.read(run.pk, 0)
    assert answer.body.endswith(b'"more": false}')


def test_the_headers_of_a_request_are_not_kept(feed: Feed) -> None:
    run = services.start_run(feed)
    window = Window(date(2001, 1, 1), date(2002, 1, 1))
    request = Request("x", {"a": ["1", "2"]}, Place("A"), window, {"q": 1}, {"token": "secret"}, 3)
    answer = Answer("", 200, {}, b"text", clock.now())
    documents.keep(run, [(0, request, documents.pack(answer, answer.body))])
    services.move_documents()
    again, _ = documents.read(run.pk, 0)
    assert again == replace(request, headers={})


def test_a_replay_gives_what_was_stored_without_asking(feed: Feed, fake_lines: FakeLines) -> None:
    executed(services.start_run(feed))
    fake_lines.change = 0.5
    executed(services.start_run(feed))
    before = values(feed)
    fake_lines.calls.clear()
    again = executed(services.start_replay(feed))
    # What was corrected is for a moment what it was before, and then again as corrected.
    assert (again.status, again.planned, again.checkpoint) == ("succeeded", 4, 4)
    assert (again.received, again.inserted) == (750, 0)
    assert values(feed) == before
    assert fake_lines.calls == []


def test_a_replay_into_an_empty_dataset_fills_it(feed: Feed) -> None:
    executed(services.start_run(feed))
    before = values(feed)
    other = services.target_of(LINES, make_user("admin"), name="Other")
    services.change_feed(feed, dataset=other)
    run = executed(services.start_replay(feed))
    assert (run.inserted, values(feed)) == (730, before)
    # Of the provider's present answers a replay knows nothing.
    assert not feed.coverage.exists()


def test_a_replay_passes_over_what_could_not_be_read(feed: Feed, fake_lines: FakeLines) -> None:
    fake_lines.script(lambda reply: replace(reply, body=b'{"other": 1}'))
    assert executed(services.start_run(feed)).status == "failed"
    assert executed(services.start_run(feed)).status == "succeeded"
    again = executed(services.start_replay(feed))
    assert (again.status, again.checkpoint == again.planned) == ("succeeded", True)
    assert "other names" in again.notes[0]


def test_documents_that_are_too_old_are_deleted(feed: Feed, settings: Any) -> None:
    settings.DOCUMENTS_KEEP_DAYS = 30
    keep(feed, 10, 10, age=timedelta(days=31))
    keep(feed, 10, age=timedelta(days=29))
    assert services.tidy_documents() == 2
    assert Document.objects.count() == 1
    assert services.tidy_documents() == 0


def test_the_oldest_go_while_all_are_too_large(feed: Feed, settings: Any) -> None:
    settings.DOCUMENTS_MAX_MB = 1
    keep(feed, *[300_000] * 5)
    assert services.tidy_documents() == 2
    assert sorted(Document.objects.values_list("sequence", flat=True)) == [2, 3, 4]
    assert services.tidy_documents() == 0


def test_nothing_is_moved_where_documents_live_here(feed: Feed) -> None:
    executed(services.start_run(feed))
    assert services.move_documents() == (2 if IS_ELSEWHERE else 0)
    assert services.move_documents() == 0
    assert Document.objects.count() == 2


@needs_mongodb
def test_documents_wait_here_until_they_are_moved(feed: Feed) -> None:
    executed(services.start_run(feed))
    assert (HERE.count(), Document.objects.count()) == (2, 0)
    services.move_documents()
    assert (HERE.count(), Document.objects.count()) == (0, 2)


@needs_mongodb
def test_a_move_that_was_killed_half_way_moves_nothing_twice(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed(services.start_run(feed))
    copies = list(HERE.all())
    Document.objects.using(DOCUMENTS).bulk_create(copies[:1])
    assert services.move_documents() == 2
    assert (HERE.count(), Document.objects.count()) == (0, 2)


@needs_mongodb
def test_a_replay_reads_what_has_not_been_moved_yet(feed: Feed) -> None:
    executed(services.start_run(feed))
    assert executed(services.start_replay(feed)).checkpoint == 2


@needs_mongodb
def test_f_06_a_store_that_is_away_delays_no_points(feed: Feed) -> None:
    def is_ready() -> tuple[int, str]:
        answer = Client().get("/health/ready")
        return answer.status_code, answer.json()["status"]

    assert is_ready() == (200, "ok")
    with store_away():
        assert executed(services.start_run(feed)).inserted == 730
        assert services.move_documents() == 0
        assert is_ready() == (200, "degraded")
    assert services.move_documents() == 2
    assert is_ready() == (200, "ok")


@needs_mongodb
def test_a_move_leaves_the_rest_to_the_next(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOVED_AT_ONCE", 1)
    monkeypatch.setattr(documents, "MOVES_IN_A_TICK", 2)
    keep(feed, *[10] * 5, is_moved=False)
    assert [services.move_documents() for _ in range(4)] == [2, 2, 1, 0]


@needs_mongodb
def test_answers_that_wait_are_tidied_while_their_store_is_away(feed: Feed, settings: Any) -> None:
    settings.DOCUMENTS_KEEP_DAYS, settings.DOCUMENTS_MAX_MB = 30, 1
    keep(feed, 10, age=timedelta(days=31))
    keep(feed, 10, age=timedelta(days=31), is_moved=False)
    keep(feed, *[600_000] * 2, is_moved=False)
    with store_away():
        assert services.tidy_documents() == 2
    assert (HERE.count(), Document.objects.count()) == (1, 1)
    assert services.tidy_documents() == 1


@needs_mongodb
def test_the_oldest_go_wherever_they_are(feed: Feed, settings: Any) -> None:
    settings.DOCUMENTS_MAX_MB = 1
    keep(feed, 300_000, 300_000, age=timedelta(hours=1))
    keep(feed, 300_000, age=timedelta(hours=2), is_moved=False)
    keep(feed, 300_000, 300_000, is_moved=False)
    assert services.tidy_documents() == 2
    assert (HERE.count(), Document.objects.count()) == (2, 1)


@needs_mongodb
def test_while_the_store_is_away_whoever_asks_for_answers_is_told_to_come_back(feed: Feed) -> None:
    keep(feed, 10)
    (document,) = Document.objects.all()
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user("admin"))
    paths = [f"/api/v1/documents{end}" for end in ("", f"/{document.pk}", f"/{document.pk}/body")]
    pages = ("", f"{document.pk}/change/", f"{document.pk}/answer/")
    paths += [f"/admin/connectors/document/{end}" for end in pages]
    with store_away():
        for path in paths:
            answer = browser.get(path)
            assert (answer.status_code, answer["Retry-After"]) == (503, "5"), path


def test_the_connector_of_these_tests_is_registered(fake_lines: FakeLines) -> None:
    assert LINES.name in connectors
