"""Writers and readers at the same time, on connections of their own."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.db import connection

from datasets import ingest, services
from datasets.ingest import Author, Key
from datasets.models import Dataset, PointVersion, Receipt
from datasets.selectors import points
from datasets.selectors.points import Selection
from datasets.selectors.series import series
from datasets.services.purge import FACTS
from datastream.core.errors import ConflictError, NotFoundError
from tests.datasets.reading import point, read, view
from tests.factories import make_dataset, make_user, write
from tests.threads import at_once

pytestmark = pytest.mark.slow
DAYS = [f"2001-01-{day:02}" for day in range(1, 21)]
ROUNDS = 40


@pytest.fixture
def dataset(db: None) -> Iterator[Dataset]:
    """A dataset that all connections see, with 0 on each of 20 days.

    Another connection commits and deletes it, for that of the test is in a transaction.
    """

    def make() -> Dataset:
        made = make_dataset(make_user("steward"))
        write(made, [point({"A": 0}, day, station="s") for day in DAYS])
        return made

    def delete() -> None:
        if Dataset.objects.filter(pk=made.pk).exists():
            services.delete_dataset(view(made))
        made.owner.delete()

    (made,) = at_once(make)
    yield made
    at_once(delete)


def writer(dataset: Dataset, days: list[str], rounds: int, sign: int) -> Callable[[], list[Any]]:
    """Write one number to all days at once, another each round."""

    def work() -> list[Any]:
        return [
            write(dataset, [point({"A": sign * (n + 1)}, day, station="s") for day in days])
            for n in range(rounds)
        ]

    return work


def test_two_writers_in_opposite_order_wait_for_each_other(dataset: Dataset):
    outcomes = at_once(writer(dataset, DAYS, ROUNDS, 1), writer(dataset, DAYS[::-1], ROUNDS, -1))
    revisions = sorted(
        outcome.revision for outcomes_of_one in outcomes for outcome in outcomes_of_one
    )
    assert revisions == list(range(2, 2 * ROUNDS + 2))
    seen = view(dataset).dataset
    assert (seen.revision, seen.point_count) == (2 * ROUNDS + 1, len(DAYS))
    assert PointVersion.objects.filter(dataset=dataset).count() == 2 * ROUNDS * len(DAYS)
    for revision in range(1, seen.revision + 1):
        assert len({one["value"]["A"] for one in read(dataset, revision)}) == 1


def test_no_reader_sees_half_a_write(dataset: Dataset):
    done = threading.Event()

    def write_on() -> None:
        try:
            writer(dataset, DAYS, 3 * ROUNDS, 1)()
        finally:
            done.set()

    def read_on() -> list[set[float]]:
        """All of one read in one statement, and page by page at one revision."""
        found = []
        while not done.is_set():
            seen = view(dataset)
            found.append(set(series(seen, "A", station="s").values.tolist()))
            found.append({one["value"]["A"] for one in paged(seen)})
        return found

    _, *reads = at_once(write_on, read_on, read_on)
    for found in reads:
        assert len(found) > 10
        assert {len(numbers) for numbers in found} == {1}
        assert len({min(numbers) for numbers in found}) > 3, "the reads saw no change"


def paged(seen: Any) -> list[Any]:
    selection, found, after = Selection(seen.dataset.revision), [], None
    while True:
        page = points.page(seen, selection, limit=3, after=after)
        found += orjson.loads(page.results)
        if page.last is None:
            assert len(found) == len(DAYS)
            return found
        after = page.last


def test_a_pinned_revision_stays_the_same_while_points_come_and_go(dataset: Dataset):
    pinned = read(dataset, 1)
    done = threading.Event()

    def come_and_go() -> None:
        try:
            for n in range(ROUNDS):
                cell = None if n % 2 else n
                write(dataset, [point({"A": cell}, day, station="s") for day in DAYS[n % 5 :: 2]])
        finally:
            done.set()

    def read_on() -> list[Any]:
        found = []
        while not done.is_set():
            found.append(read(dataset, 1))
        return found

    _, found = at_once(come_and_go, read_on)
    assert all(one == pinned for one in found)


def test_one_key_sent_by_many_at_once_is_stored_once(dataset: Dataset):
    def send() -> Any:
        batch = ingest.from_records([point({"A": 9}, "2002-01-01", station="s")])
        author = Author(route="test", user=dataset.owner)
        try:
            return ingest.write(dataset.pk, batch, author=author, key=Key("k", "body")).body()
        except ConflictError as error:
            return error.details

    answers = at_once(*[send] * 6)
    bodies = [answer for answer in answers if answer != {"reason": "still running"}]
    assert bodies
    assert all(body == bodies[0] and body["inserted"] == 1 for body in bodies)
    assert Receipt.objects.filter(idempotency_key="k").count() == 1
    assert view(dataset).dataset.revision == 2


def test_the_same_new_names_from_many_at_once_are_made_once(dataset: Dataset):
    def by_writing() -> Any:
        return write(dataset, [point({"NEW": 1}, station="new")]).revision

    def by_declaring() -> Any:
        made = 0
        for add, facts in ((services.add_station, {"code": "new"}),
                           (services.add_variable, {"name": "NEW"})):  # fmt: skip
            try:
                add(view(dataset), **facts)
                made += 1
            except ConflictError:
                pass
        return made

    at_once(by_writing, by_declaring, by_writing, by_declaring, by_declaring)
    assert dataset.stations.filter(code="new").count() == 1
    assert dataset.variables.filter(name="NEW").count() == 1
    assert view(dataset).dataset.revision == 2


def test_a_dataset_deleted_beneath_its_writers_leaves_no_points(dataset: Dataset):
    begun = threading.Event()

    def write_on() -> int:
        done = 0
        try:
            for n in range(200):
                write(dataset, [point({"A": n + 1}, day, station=f"s{n}") for day in DAYS])
                done += 1
                if done > 5:
                    begun.set()
        except NotFoundError:
            pass
        return done

    def delete() -> None:
        begun.wait(timeout=60)
        services.delete_dataset(view(dataset))

    first, second, _ = at_once(write_on, write_on, delete)
    assert 5 < first + second < 400
    with connection.cursor() as cursor:
        for table in FACTS:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE dataset_id = %s", [dataset.pk])  # noqa: S608
            assert cursor.fetchone()[0] == 0
