"""The merge against a model of a few lines of Python, by whichever way it goes in the database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from datasets.ingest import merge
from datasets.models import Dataset, PointVersion
from tests.datasets.reading import read, view
from tests.factories import make_dataset, write

FIRST = datetime(2001, 1, 1, tzinfo=UTC)
# Also where a float of microseconds is no longer exact.
LATE = datetime(9999, 12, 31, 23, 59, 59, 999_990, tzinfo=UTC)
TIMES = [FIRST + timedelta(hours=h) for h in range(4)]
TIMES += [LATE + timedelta(microseconds=n) for n in range(3)]

State = dict[tuple[str, datetime], tuple[dict[str, float], dict[str, str]]]

cells = st.sampled_from([None, 0, 1, 2.5])
points = st.fixed_dictionaries(
    {
        "station": st.sampled_from(["", "a", "b"]),
        "timestamp": st.sampled_from(TIMES).map(datetime.isoformat),
        "value": st.dictionaries(st.sampled_from(["A", "B", "C"]), cells, max_size=3),
    },
    optional={
        "metadata": st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["I", "D"])).map(
            lambda flags: {"flags": flags}
        )
    },
)
batches = st.tuples(
    st.lists(points, max_size=8, unique_by=lambda p: (p["station"], p["timestamp"])),
    st.sampled_from(["update", "update", "skip"]),
)


@dataclass
class Model:
    """What the contract says of a dataset: its states by revision."""

    states: list[State] = field(default_factory=lambda: [{}])

    def write(self, sent: list[dict[str, Any]], on_conflict: str) -> dict[str, int]:
        state = dict(self.states[-1])
        counts = dict.fromkeys(("inserted", "updated", "unchanged", "skipped"), 0)
        for point in sent:
            key = point["station"], datetime.fromisoformat(point["timestamp"])
            old, new = state.get(key), self._merged(state.get(key), point)
            became = self._became(old, new, on_conflict)
            counts[became] += 1
            if became in {"inserted", "updated"}:
                state.pop(key, None)
                if new is not None:
                    state[key] = new
        if counts["inserted"] + counts["updated"]:
            self.states.append(state)
        return {"received": len(sent), "rejected": 0, **counts}

    def _merged(self, old: Any, point: dict[str, Any]) -> Any:
        value, flags = old or ({}, {})
        value = {**value, **point["value"]}
        value = {name: cell for name, cell in value.items() if cell is not None}
        flags = {name: flag for name, flag in flags.items() if name not in point["value"]}
        flags |= point.get("metadata", {}).get("flags", {})
        return (value, flags) if value else None

    def _became(self, old: Any, new: Any, on_conflict: str) -> str:
        if old == new:
            return "unchanged"
        if old is None:
            return "inserted"
        return "skipped" if on_conflict == "skip" else "updated"


def state_of(dataset: Dataset, revision: int | None = None) -> State:
    points = read(dataset, revision)
    state = {
        (one["station"], datetime.fromisoformat(one["timestamp"])): (
            one["value"],
            one["metadata"].get("flags", {}),
        )
        for one in points
    }
    assert len(state) == len(points), "a point is told twice"
    return state


def check(owner: User, written: list[tuple[list[dict[str, Any]], str]], way: str) -> None:
    """Write batches to a dataset and to the model, and compare all they can be asked."""
    dataset, model = make_dataset(owner), Model()
    # A null in a value leaves no way but the long one.
    more = {"NEVER": None} if way == "staged" else {}
    for batch, on_conflict in written:
        sent = [{**one, "value": {**one["value"], **more}} for one in batch]
        outcome = write(dataset, sent, on_conflict=on_conflict)
        assert outcome.counts() == model.write(sent, on_conflict)
        assert outcome.revision == len(model.states) - 1
        seen, state = view(dataset).dataset, model.states[-1]
        instants = [time for _, time in state]
        assert seen.point_count == len(state)
        assert (seen.start, seen.end) == (min(instants, default=None), max(instants, default=None))
        assert state_of(dataset) == state
    assert [state_of(dataset, n) for n in range(len(model.states))] == model.states
    versions = sum(
        old.get(key) is not None and old.get(key) != new.get(key)
        for old, new in zip(model.states, model.states[1:], strict=False)
        for key in old
    )
    assert PointVersion.objects.filter(dataset=dataset).count() == versions


def check_many(examples: int, owner: User) -> None:
    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.lists(batches, min_size=1, max_size=5), st.sampled_from(["short", "staged", "join"]))
    def run(written: list[tuple[list[dict[str, Any]], str]], way: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if way == "join":
                patch.setattr(merge, "MANY", 0)
            check(owner, written, way)

    run()


def test_a_few_histories_are_those_of_the_model(db: None, analyst: User):
    check_many(4, analyst)


@pytest.mark.slow
def test_many_histories_are_those_of_the_model(db: None, analyst: User):
    check_many(150, analyst)


@pytest.mark.slow
def test_a_batch_past_the_limit_goes_by_one_join_and_says_the_same(db: None, analyst: User):
    times = [(FIRST + timedelta(minutes=n)).isoformat() for n in range(merge.MANY + 500)]
    first = [{"station": "", "timestamp": time, "value": {"A": 1.0}} for time in times[::2]]
    second = [
        {"station": "", "timestamp": time, "value": {"A": None} if n % 7 == 0 else {"B": n % 3}}
        for n, time in enumerate(times)
    ]
    check(analyst, [(first, "update"), (second, "update"), (second, "update")], "join")


@pytest.mark.slow
def test_points_are_deleted_one_by_one_and_not_by_a_join_of_all_with_all(dataset: Dataset):
    times = [(FIRST + timedelta(minutes=n)).isoformat() for n in range(15_000)]
    for n in range(20):  # the database knows of others, and of this one nothing
        write(make_dataset(dataset.owner), [{"timestamp": times[n], "value": {"A": 1}}])
    connection.cursor().execute("ANALYZE data_points")
    write(dataset, [{"timestamp": time, "value": {"A": 1}} for time in times])
    start = perf_counter()
    write(dataset, [{"timestamp": time, "value": {"A": None}} for time in times])
    assert perf_counter() - start < 20
    assert view(dataset).dataset.point_count == 0
