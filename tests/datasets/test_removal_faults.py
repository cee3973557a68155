"""Deletions that are killed in the middle, and changes of one point by many at once."""

import importlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import Error, connection, connections

from datasets import ingest, services
from datasets.ingest import Key, Removed
from datasets.models import DataPoint, Dataset, Event, PointVersion, Receipt, RevisionExtent
from datasets.services import purge
from datastream.core.errors import NotFoundError
from tests.datasets.changes import changes
from tests.datasets.reading import point, read, view
from tests.factories import days, make_dataset, make_user, signed_in, write
from tests.threads import at_once

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed_db")]
# The package has a function of the module's name.
REMOVE = importlib.import_module("datasets.ingest.remove")
START, END = datetime(2001, 1, 3, tzinfo=UTC), datetime(2001, 2, 1, tzinfo=UTC)


@pytest.fixture
def dataset() -> Dataset:
    made = make_dataset(make_user("analyst"))
    write(made, [one for code in "ab" for one in days(40, station=code)])
    return made


def apart(work: Callable[[], Any]) -> Any:
    """The result of a function on a connection of its own."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=60)


def killing(number: int, word: str) -> Callable[..., Any]:
    """End the server process of this connection just before the n-th statement with a word."""
    seen = 0

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        nonlocal seen
        seen += word in sql
        if seen == number and word in sql:
            other = connections.create_connection("default")
            try:
                with other.cursor() as cursor:
                    pid = connection.connection.info.backend_pid
                    cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            finally:
                other.close()
        return run(sql, *rest)

    return execute


def state(dataset: Dataset) -> Any:
    """All that a deletion changes."""
    models = (DataPoint, PointVersion, Receipt, Event, RevisionExtent)
    counts = [model._default_manager.filter(dataset=dataset).count() for model in models]
    row = Dataset.everything.filter(pk=dataset.pk).values().get()
    return row, counts, read(dataset), changes(dataset), dataset.revisions.count()


def remove(dataset: Dataset, key: Key | None = None) -> Removed:
    author = ingest.Author("test", dataset.owner)
    return ingest.remove(dataset.pk, start=START, end=END, author=author, key=key)


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "DELETE FROM data_points"), (2, "DELETE FROM data_points"),
     (8, "DELETE FROM data_points"), (1, 'INSERT INTO "receipts"'),
     (1, "INSERT INTO revision_extents"), (1, 'INSERT INTO "events"'), (1, 'UPDATE "datasets"')],
)  # fmt: skip
def test_f_03_a_deletion_killed_in_the_middle_was_never_there(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, number: int, word: str
):
    monkeypatch.setattr(REMOVE, "BATCH", 7)
    before, key = state(dataset), Key("k", "range")

    def killed() -> None:
        with connection.execute_wrapper(killing(number, word)), pytest.raises(Error):
            remove(dataset, key)

    apart(killed)
    assert state(dataset) == before
    # The repeat with the same key does it, and once.
    first, again = remove(dataset, key), remove(dataset, key)
    assert (first.deleted, first) == (58, again)
    assert (len(read(dataset)), len(read(dataset, 1))) == (22, 80)


@pytest.mark.parametrize("number", [1, 3, 7])
def test_a_purge_killed_in_the_middle_is_ended_by_the_next(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, number: int
):
    monkeypatch.setattr(purge, "BATCH", 15)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE datasets SET deleted_at = now() - interval '1 hour'")

    def killed() -> None:
        with connection.execute_wrapper(killing(number, "DELETE FROM")), pytest.raises(Error):
            purge.purge(dataset.pk)

    apart(killed)
    left = DataPoint.objects.filter(dataset=dataset).count()
    assert left == max(80 - 15 * (number - 1), 0)
    assert purge.sweep() == 1
    assert not Dataset.everything.exists()
    assert not DataPoint.objects.exists()


# ------------------------------------------------------------------ at once


def test_of_many_who_change_the_same_state_one_does(dataset: Dataset):
    path = f"/api/v1/datasets/{dataset.pk}/data/{read(dataset)[0]['id']}"
    clients = [signed_in(dataset.owner) for _ in range(4)]
    tag = clients[0].get(path)["ETag"]

    def change(client: Any, number: int) -> Callable[[], Any]:
        body, headers = {"value": {"TMAX": number}}, {"If-Match": tag}
        return lambda: client.patch(path, body, format="json", headers=headers)

    answers = at_once(*(change(client, 100 + n) for n, client in enumerate(clients)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (won,) = (answer.json()["value"] for answer in answers if answer.status_code == 200)
    assert read(dataset)[0]["value"] == won
    assert view(dataset).dataset.revision == 2


def test_a_point_is_deleted_by_one_of_many(dataset: Dataset):
    path = f"/api/v1/datasets/{dataset.pk}/data/{read(dataset)[0]['id']}"
    clients = [signed_in(dataset.owner) for _ in range(4)]
    answers = at_once(*([lambda client=one: client.delete(path) for one in clients]))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
    assert (view(dataset).dataset.revision, view(dataset).dataset.point_count) == (2, 79)


def test_writers_and_a_deletion_leave_counts_that_are_exact(dataset: Dataset):
    def write_on() -> None:
        for number in range(15):
            write(dataset, [point({"TMAX": number}, f"2001-01-{d:02}", station="a")
                            for d in range(1, 29)])  # fmt: skip

    def remove_on() -> int:
        return sum(remove(dataset).deleted for _ in range(10))

    at_once(write_on, write_on, remove_on)
    seen = view(dataset).dataset
    assert seen.point_count == len(read(dataset)) == DataPoint.objects.count()
    for made in dataset.revisions.all():
        told = [one["change"] for one in changes(dataset, made.number - 1, until=made.number)]
        counts = [told.count(kind) for kind in ("inserted", "updated", "deleted")]
        assert counts == [made.inserted, made.updated, made.deleted]


def test_changes_are_read_whole_while_writers_go_on(dataset: Dataset):
    """Pages that are fetched while the same points are written again stay those of one state."""
    done = threading.Event()
    pinned = changes(dataset, until=1)

    def write_on() -> None:
        try:
            for number in range(25):
                write(
                    dataset, [{**one, "value": {"TMAX": number}} for one in days(40, station="a")]
                )
        finally:
            done.set()

    def read_on() -> list[Any]:
        found = []
        while not done.is_set():
            found.append((changes(dataset, until=1, limit=9), changes(dataset, 1, limit=50)))
        return found

    _, found = at_once(write_on, read_on)
    assert len(found) > 2
    for first, later in found:
        assert first == pinned
        told = [one["revision"] for one in later]
        assert all(told.count(revision) == 40 for revision in set(told))


def test_a_deletion_waits_for_the_write_that_is_at_it(dataset: Dataset):
    """What was written before the deletion goes with it; nothing is left behind."""

    def write_on() -> None:
        for number in range(30):
            try:
                write(dataset, [point({"TMAX": number}, station=f"s{number}")])
            except NotFoundError:
                return

    at_once(write_on, write_on, lambda: services.delete_dataset(view(dataset)))
    purge.purge(dataset.pk)
    assert not DataPoint.objects.exists()
    assert not RevisionExtent.objects.exists()
    assert not Dataset.everything.exists()
