import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from queue import Empty
from typing import Any

import psycopg2
import pytest
from celery import Celery
from django.db import connection, transaction
from kombu.simple import SimpleQueue
from kombu.transport.sqlalchemy import Transport
from pytest_django import DjangoCaptureOnCommitCallbacks

from connectors import services
from connectors.models import Run
from datastream import celery
from datastream.core import clock, jobs, leases
from tests.connectors.collecting import make_feed
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_app() -> Iterator[Celery]:
    """An application whose queue is in memory, so that what is sent can be read."""
    app = Celery("other", broker="memory://", set_as_current=False)
    app.set_current()
    yield app
    celery.app.set_current()
    app.close()


def sent(app: Celery) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    with app.connection_for_read() as broker, closing(SimpleQueue(broker, "celery")) as queue:
        while True:
            try:
                message = queue.get_nowait()
            except Empty:
                return found
            message.ack()
            found.append((message.headers["task"], message.payload[1]))


def test_a_task_is_sent_by_name_with_its_ids_after_commit(
    other_app: Celery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("connectors.execute_run", run_id=7, kind="feed")
        assert sent(other_app) == []
    assert sent(other_app) == [("connectors.execute_run", {"run_id": 7, "kind": "feed"})]


def test_nothing_is_sent_when_the_transaction_is_rolled_back(
    other_app: Celery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        jobs.enqueue("connectors.execute_run", run_id=7)
        transaction.set_rollback(True)
    assert sent(other_app) == []


def test_runs_and_analyses_wait_in_queues_of_their_own() -> None:
    def queue_of(task: str) -> str:
        return str(celery.app.amqp.router.route({}, task)["queue"].name)

    assert queue_of("connectors.execute_run") == "runs"
    assert queue_of("analyses.execute") == "analyses"
    assert {queue_of(task) for task in ("analyses.sweep", "connectors.sweep")} == {"datastream"}
    # Each has an exchange of its own, or all would get what is for one; and a worker has all.
    queues = celery.app.amqp.queues.consume_from.values()
    assert {(one.name, one.exchange.name, one.routing_key) for one in queues} == {
        (name, name, name) for name in ("analyses", "datastream", "runs")
    }


def test_what_waits_already_is_not_queued_again_and_again(
    other_app: Celery,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def swept() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return leases.sweep(Run.objects.all(), "connectors.execute_run", "run_id")

    monkeypatch.setattr(leases, "SWEPT_AT_ONCE", 2)
    dataset = make_dataset()
    for _ in range(3):
        services.start_run(make_feed(dataset))
    Run.objects.update(created_at=clock.now() - timedelta(hours=1))
    assert [swept(), swept()] == [2, 0]
    assert len(sent(other_app)) == 2
    assert swept() == 2
    assert len(sent(other_app)) == 2


def test_a_worker_looks_into_its_queue_five_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Transport, "polling_interval", 1.0)
    celery.look_often()
    assert celery.app.connection_for_read().transport.polling_interval == 0.2


def test_an_object_in_place_of_an_id_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="run_id must be an id, not dict"):
        jobs.enqueue("connectors.execute_run", run_id={})  # type: ignore[arg-type]


def test_a_queue_that_is_down_is_logged_and_does_not_fail_the_request(
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    down = Celery("down", broker="sqla+postgresql+psycopg2://nobody@/none?host=/nowhere")
    down.conf.task_publish_retry = False
    try:
        with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
            jobs.enqueue("connectors.execute_run", run_id=7)
    finally:
        celery.app.set_current()
        down.close()
    assert "could not be queued now" in caplog.text


def test_a_tick_runs_the_periodic_task_it_names(worked: list[str]) -> None:
    celery.tick("tests.sweep")
    assert worked == ["tests.sweep"]


def test_a_tick_leaves_the_work_to_another_worker_that_is_at_it(worked: list[str]) -> None:
    with (
        closing(psycopg2.connect(**connection.get_connection_params())) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('tick tests.sweep', 0))")
        celery.tick("tests.sweep")
        # A connection that is closed may hold its locks for a moment, into the next test.
        cursor.execute("SELECT pg_advisory_unlock_all()")
    assert worked == []


@pytest.fixture
def worked() -> Iterator[list[str]]:
    """The names of the periodic tasks that ran; there is one, `tests.sweep`."""
    seen: list[str] = []

    @celery.app.task(name="tests.sweep")
    def sweep() -> None:
        seen.append("tests.sweep")

    yield seen
    celery.app.tasks.unregister("tests.sweep")


def test_every_periodic_task_of_the_settings_is_there(settings: Any) -> None:
    assert settings.PERIODIC_TASKS.keys() <= celery.app.tasks.keys()


def test_consumed_messages_are_deleted_and_waiting_ones_stay() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE kombu_message (id int, visible bool, timestamp timestamp);"
            "INSERT INTO kombu_message VALUES (1, true, NULL),"
            "(2, false, (now() AT TIME ZONE 'UTC') - interval '61 seconds'),"
            "(3, false, now() AT TIME ZONE 'UTC')"
        )
        assert celery.tidy_queue() == 1
        cursor.execute("SELECT array_agg(id ORDER BY id) FROM kombu_message")
        assert cursor.fetchone() == ([1, 3],)
