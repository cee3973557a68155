"""Roll-ups: brought up to date by the worker, read only where they are valid."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from datasets.models import Dataset, Rollup
from datasets.selectors import aggregates
from datasets.selectors.aggregates import Page, Question
from datasets.selectors.points import Selection
from datasets.services import rollups
from tests.datasets.reading import point, view
from tests.factories import days, make_dataset, make_user, write

# What only the statement about points, or only that about roll-ups, has in it.
RAW, ROLLED = "width_bucket(p.timestamp", "width_bucket(r.start"
FAILED: dict[str, Any] = {"metadata": {"quality": {"TMAX": 4}}}


def page(dataset: Dataset, question: Question | None = None, **selected: Any) -> Page:
    seen = view(dataset)
    selected.setdefault("revision", seen.dataset.revision)
    selected.setdefault("variables", ("TMAX",))
    asked = question or Question("month", UTC, ("mean", "min", "max", "sum", "std"))
    return aggregates.page(aggregates.reading(seen, Selection(**selected), asked), limit=10_000)


def sources(dataset: Dataset, question: Question | None = None, **selected: Any) -> set[str]:
    """From what an answer was made."""
    with CaptureQueriesContext(connection) as queries:
        page(dataset, question, **selected)
    text = " ".join(one["sql"] for one in queries)
    return {name for name, sign in (("raw", RAW), ("rolled", ROLLED)) if sign in text}


def stored(dataset: Dataset, period: str = "day") -> list[tuple[Any, ...]]:
    found = Rollup.objects.filter(dataset=dataset, period=period).order_by("variable_id", "start")
    return list(found.values_list("start", "n", "flagged", "sum", "min", "max", "revision"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ------------------------------------------------------------------------------ made
def test_a_day_and_its_month_are_rolled_up(dataset: Dataset):
    write(dataset, [point({"TMAX": 1}, "2001-01-01T06:00"), point({"TMAX": 4}, "2001-01-01T18:00"),
                    point({"TMAX": 7}, "2001-01-31T18:00"),
                    point({"TMAX": 99}, "2001-01-31T19:00", **FAILED)])  # fmt: skip
    rollups.roll_up(dataset.pk)
    assert stored(dataset) == [
        (at("2001-01-01"), 2, 0, 5, 1, 4, 1), (at("2001-01-31"), 1, 1, 7, 7, 7, 1),
    ]  # fmt: skip
    assert stored(dataset, "month") == [(at("2001-01-01"), 3, 1, 12, 1, 7, 1)]
    month = Rollup.objects.get(dataset=dataset, period="month")
    assert month.squared_deviations == pytest.approx(9 + 0 + 9)
    dataset.refresh_from_db()
    assert dataset.rollup_revision == 1


def test_only_what_a_revision_touched_is_made_again(dataset: Dataset):
    write(dataset, days(70))
    rollups.roll_up(dataset.pk)
    write(dataset, [point({"TMAX": 50}, "2001-02-03")])
    rollups.roll_up(dataset.pk)
    made = {start: revision for start, *_, revision in stored(dataset)}
    assert {start for start, revision in made.items() if revision == 2} == {at("2001-02-03")}
    months = {start: revision for start, *_, revision in stored(dataset, "month")}
    assert months == {at("2001-01-01"): 1, at("2001-02-01"): 2, at("2001-03-01"): 1}


def test_a_period_that_became_empty_has_none(dataset: Dataset):
    write(dataset, days(32))
    rollups.roll_up(dataset.pk)
    write(dataset, [point({"TMAX": None, "TMIN": None}, "2001-02-01")])
    rollups.roll_up(dataset.pk)
    assert len(stored(dataset)) == 62
    assert [start for start, *_ in stored(dataset, "month")] == [at("2001-01-01")] * 2


def test_a_day_of_failed_values_only_is_kept_for_their_count(dataset: Dataset):
    write(dataset, [point({"TMAX": 3}, **FAILED)])
    rollups.roll_up(dataset.pk)
    assert stored(dataset) == [(at("2001-01-01"), 0, 1, 0, None, None, 1)]
    found = page(dataset)
    assert (found.table.count.tolist(), found.table.flagged.tolist()) == ([[0]], [[1]])


def test_what_is_up_to_date_is_left_alone(dataset: Dataset):
    write(dataset, days(3))
    rollups.roll_up(dataset.pk)
    dataset.refresh_from_db()
    before = dataset.updated_at
    with CaptureQueriesContext(connection) as queries:
        rollups.roll_up(dataset.pk)
    assert not any("rollups" in one["sql"] for one in queries)
    dataset.refresh_from_db()
    assert dataset.updated_at == before


def test_many_variables_and_spans_are_made_in_bounded_steps(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
):
    value = {f"V{number:02}": float(number) for number in range(9)}
    write(dataset, [point(value, f"20{year:02}-03-01") for year in range(1, 30)])
    write(dataset, [point(value, f"20{year:02}-03-02") for year in range(1, 30)])
    for name, size in (("DAYS_AT_ONCE", 700), ("MONTHS_AT_ONCE", 13), ("VARIABLES_AT_ONCE", 4)):
        monkeypatch.setattr(rollups, name, size)
    rollups.roll_up(dataset.pk)
    assert len(stored(dataset)) == 9 * 29 * 2
    assert len(stored(dataset, "month")) == 9 * 29


def test_deviations_do_not_drown_in_a_large_mean(dataset: Dataset):
    # A sum of squares would lose all digits: 1e8 squared is 1e16.
    values = [1e8 + number % 3 for number in range(60)]
    write(dataset, [point({"TMAX": one}, f"2001-01-{n // 2 + 1:02}T{n % 2}2:00")
                    for n, one in enumerate(values)])  # fmt: skip
    question = Question("month", UTC, ("std",))
    raw = page(dataset, question).table.values(0, "std")
    rollups.roll_up(dataset.pk)
    rolled = page(dataset, question).table.values(0, "std")
    assert rolled == pytest.approx(raw, rel=1e-9)
    # The variance of 0, 1, 2 as often as each other, of a sample of 60.
    assert rolled[0] ** 2 == pytest.approx(2 / 3 * 60 / 59, rel=1e-9)


def test_a_deleted_dataset_is_not_rolled_up(dataset: Dataset):
    write(dataset, days(3))
    Dataset.objects.filter(pk=dataset.pk).update(deleted_at=timezone.now())
    rollups.roll_up(dataset.pk)
    assert stored(dataset) == []
    assert rollups.sweep() == 0


def test_a_write_queues_its_roll_up_and_the_sweep_what_was_lost(
    dataset: Dataset, django_capture_on_commit_callbacks: Callable[..., Any]
):
    with django_capture_on_commit_callbacks(execute=True):
        write(dataset, days(3))
    assert len(stored(dataset)) == 6
    write(dataset, days(5))
    with django_capture_on_commit_callbacks(execute=True):
        assert rollups.sweep() == 1
    assert len(stored(dataset)) == 10
    assert rollups.sweep() == 0


# ------------------------------------------------------------------------------ read
@pytest.fixture
def rolled(dataset: Dataset) -> Dataset:
    """Sixty days, rolled up at revision 1."""
    write(dataset, days(60))
    rollups.roll_up(dataset.pk)
    return dataset


@pytest.mark.parametrize(
    ("question", "source"),
    [(Question("day", UTC), "rolled"), (Question("week", UTC, ("std",)), "rolled"),
     (Question("month", UTC), "rolled"), (Question("season", UTC), "rolled"),
     (Question("year", ZoneInfo("Etc/UTC")), "rolled"), (Question("12h", UTC), "raw"),
     (Question("month", UTC, ("median",)), "raw"), (Question("month", UTC, ("p95",)), "raw"),
     (Question("month", ZoneInfo("Europe/Paris")), "raw"),
     (Question("month", UTC, failed=True), "raw")],
    ids=["day", "week", "month", "season", "year", "12h", "median", "p95", "zone", "failed"],
)  # fmt: skip
def test_roll_ups_answer_what_they_know(rolled: Dataset, question: Question, source: str):
    assert sources(rolled, question) == {source}


def test_before_they_are_made_the_points_are_read(dataset: Dataset):
    write(dataset, days(60))
    assert sources(dataset) == {"raw"}
    assert Rollup.objects.filter(dataset=dataset).count() == 0


def test_only_what_changed_since_is_read_from_the_points(rolled: Dataset):
    write(rolled, [point({"TMAX": 500}, "2001-02-20")])
    assert sources(rolled) == {"raw", "rolled"}
    assert page(rolled).table.values(0, "max").tolist() == [16.5, 500, 13.5]
    assert sources(rolled, end=at("2001-02-01")) == {"rolled"}
    # And of an earlier revision what changed afterwards.
    rollups.roll_up(rolled.pk)
    assert sources(rolled, revision=1) == {"raw", "rolled"}
    assert page(rolled, revision=1).table.values(0, "max").tolist() == [16.5, 16.5, 13.5]


def test_a_part_of_a_period_is_read_from_the_points(rolled: Dataset):
    window: dict[str, Any] = {"start": at("2001-01-10"), "end": at("2001-03-01")}
    assert sources(rolled, **window) == {"raw", "rolled"}
    assert page(rolled, **window).table.count[:, 0].tolist() == [22, 28]
    assert sources(rolled, start=at("2001-02-01"), end=at("2001-03-01")) == {"rolled"}


def test_roll_ups_made_since_the_dataset_was_seen_are_not_taken(rolled: Dataset):
    seen = view(rolled)
    write(rolled, [point({"TMAX": 500}, "2001-02-20")])
    rollups.roll_up(rolled.pk)
    asked = aggregates.reading(
        seen, Selection(1, variables=("TMAX",)), Question("year", UTC, ("max",))
    )
    with CaptureQueriesContext(connection) as queries:
        found = aggregates.page(asked, limit=10)
    assert found.table.values(0, "max").tolist() == [16.5]
    assert any(RAW in one["sql"] for one in queries)


def test_a_read_writes_nothing(dataset: Dataset):
    write(dataset, days(60))
    with CaptureQueriesContext(connection) as queries:
        page(dataset)
    written = ("INSERT", "UPDATE", "DELETE")
    assert not [one["sql"] for one in queries if one["sql"].lstrip().startswith(written)]


# ------------------------------------------------------------------------------ together
def in_thread(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=60)


@pytest.mark.slow
def test_one_worker_is_at_it_and_holds_up_no_writer(committed_db: None):
    dataset = make_dataset(make_user("steward"))
    write(dataset, days(40))
    rollups.roll_up(dataset.pk)
    write(dataset, [point({"TMAX": 1}, "2001-01-03")])
    Dataset.objects.filter(pk=dataset.pk).update(rollup_revision=1)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(rollups.TRY_LOCK, [str(dataset.pk)])
        in_thread(lambda: rollups.roll_up(dataset.pk))
        assert Dataset.objects.get(pk=dataset.pk).rollup_revision == 1
        # A writer does not wait; what it queues finds the other worker busy.
        outcome = in_thread(lambda: write(dataset, [point({"TMAX": 2}, "2001-01-03")]))
        assert outcome.revision == 3
    rollups.roll_up(dataset.pk)
    assert Dataset.objects.get(pk=dataset.pk).rollup_revision == 3


@pytest.mark.slow
def test_what_is_read_while_others_write_and_roll_up_is_of_one_revision(committed_db: None):
    dataset = make_dataset(make_user("steward"))
    write(dataset, [{**one, "value": {"TMAX": 0.0}} for one in days(40)])
    stop = threading.Event()

    def keep_writing() -> int:
        n = 0
        try:
            while not stop.is_set():
                n += 1
                write(dataset, [{**one, "value": {"TMAX": float(n)}} for one in days(40)])
            return n
        finally:
            connection.close()

    def keep_reading() -> list[list[float]]:
        try:
            return [page(dataset).table.values(0, "std").tolist() for _ in range(60)]
        finally:
            stop.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        writing, reading = pool.submit(keep_writing), pool.submit(keep_reading)
        found = reading.result(timeout=120)
        assert writing.result(timeout=60) > 1
    # All days of a revision have the same value.
    assert all(deviation == 0 for one in found for deviation in one)


@pytest.mark.slow
def test_a_deletion_in_the_midst_leaves_nothing_behind(committed_db: None):
    dataset = make_dataset(make_user("steward"))
    with transaction.atomic():
        write(dataset, days(40))
        connection.run_on_commit.clear()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # Its end waits for the dataset's row, which is held by who is about to delete it.
            Dataset.objects.select_for_update().get(pk=dataset.pk)
            making = pool.submit(lambda: in_thread(lambda: rollups.roll_up(dataset.pk)))
            with pytest.raises(TimeoutError):
                making.result(timeout=1)
            Dataset.objects.filter(pk=dataset.pk).update(deleted_at=timezone.now())
        making.result(timeout=120)
    assert Rollup.objects.filter(dataset_id=dataset.pk).count() == 0
