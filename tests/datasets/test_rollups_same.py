"""From roll-ups, from the points and by pandas: the same statistics."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from datasets.models import Dataset
from datasets.selectors import aggregates
from datasets.selectors.aggregates import Page, Question
from datasets.selectors.points import Selection
from datasets.services import rollups
from datasets.summaries import numbers_of
from tests.datasets.reading import read, view
from tests.datasets.summarising import compare, frame, statistics
from tests.factories import make_dataset, write

STATISTICS = ("mean", "min", "max", "sum", "std")
STEPS = ["day", "week", "month", "quarter", "season", "year"]
START = datetime(2003, 10, 20, tzinfo=UTC)
REVISIONS = 3


def some_points(random: np.random.Generator) -> list[dict[str, Any]]:
    """Values at two stations some hours or days apart, with gaps, flags and removals."""
    step = timedelta(hours=int(random.choice([6, 24, 24 * 9])))
    found = []
    for number in random.choice(90, size=int(random.integers(1, 60)), replace=False).tolist():
        value: dict[str, Any] = {"A": round(float(random.normal(1000, 3)), 2)}
        if random.random() < 0.5:
            value["B"] = float(random.integers(-9, 9))
        quality = {"A": 4} if random.random() < 0.2 else {}
        if random.random() < 0.15:
            value, quality = {"A": None, "B": None}, {}
        found.append({
            "timestamp": (START + int(number) * step).isoformat(),
            "station": str(random.choice(["x", "y"])),
            "value": value,
            "metadata": {"quality": quality},
        })  # fmt: skip
    return found


def grown(owner: User, seed: int, *, rolled_up_at: int) -> Dataset:
    """A dataset of some revisions, whose roll-ups were made at one of them."""
    random = np.random.default_rng(seed)
    made = make_dataset(owner)
    made.variables.create(name="A", interval="PT6H")
    made.variables.create(name="B", interval="PT6H")
    for number in range(1, REVISIONS + 1):
        write(made, some_points(random))
        if number == rolled_up_at:
            rollups.roll_up(made.pk)
    return made


def page(dataset: Dataset, selection: Selection, step: str, *, is_raw: bool) -> Any:
    seen = view(dataset)
    if is_raw:
        seen.dataset.rollup_revision = 0
    asked = aggregates.reading(seen, selection, Question(step, UTC, STATISTICS))
    return asked, aggregates.page(asked, limit=10_000)


def results(asked: aggregates.Reading, found: Page) -> list[dict[str, Any]]:
    numbers = numbers_of(asked, found, {})
    times = [f"{one}Z" for one in found.timestamps.astype("datetime64[us]").astype(str)]
    return [
        {
            "timestamp": time,
            "station": station,
            "value": {name: {n: v[i] for n, v in told.items()} for name, told in numbers.items()},
        }
        for i, (time, station) in enumerate(zip(times, found.stations, strict=True))
    ]


def check(owner: User, seed: int, step: str, revisions: tuple[int, int], days: tuple[int, int]):
    """`days`: where the window begins and ends, counted from the first; none where 0."""
    rolled_up_at, asked_at = revisions
    dataset = grown(owner, seed, rolled_up_at=rolled_up_at)
    asked_at = min(asked_at, view(dataset).dataset.revision)
    start, end = (START + timedelta(days=n, hours=5) if n else None for n in days)
    selection = Selection(asked_at, start, end, variables=("A", "B"))
    _, raw = page(dataset, selection, step, is_raw=True)
    asked, rolled = page(dataset, selection, step, is_raw=False)
    np.testing.assert_allclose(rolled.table.numbers, raw.table.numbers, rtol=1e-9, atol=1e-9)
    assert rolled.stations == raw.stations
    inside = [
        one
        for one in read(dataset, asked_at)
        if (start is None or datetime.fromisoformat(one["timestamp"]) >= start)
        and (end is None or datetime.fromisoformat(one["timestamp"]) < end)
    ]
    for name in ("A", "B") if inside else ():
        expected = statistics(frame(inside, name), step)
        compare(results(asked, rolled), expected, step=step, variable=name)


@pytest.mark.parametrize(
    ("step", "revisions", "days"),
    [("day", (1, 3), (0, 0)), ("month", (2, 1), (17, 60)), ("season", (3, 3), (9, 0))],
)
def test_three_ways_give_the_same(
    db: None, analyst: User, step: str, revisions: tuple[int, int], days: tuple[int, int]
):
    check(analyst, 7, step, revisions, days)


@pytest.mark.slow
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    seed=st.integers(0, 2**32 - 1),
    step=st.sampled_from(STEPS),
    revisions=st.tuples(st.integers(1, REVISIONS), st.integers(0, REVISIONS)),
    days=st.tuples(st.integers(0, 80), st.just(0) | st.integers(81, 400)),
)
def test_three_ways_give_the_same_whatever_happened(
    db: None,
    analyst: User,
    seed: int,
    step: str,
    revisions: tuple[int, int],
    days: tuple[int, int],
):
    check(analyst, seed, step, revisions, days)
