"""Points as JSON has them, held against a reading row by row."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from datasets.ingest import Batch, from_records
from datasets.ingest.metadata import metadata_problem
from tests.datasets.reading import point

KNOWN = {"id", "timestamp", "station", "value", "metadata"}
TIMES = {"2001-01-01": 978307200_000000, "2001-01-01T01:00:00+01:00": 978307200_000000,
         "1969-12-31T23:59:59.5Z": -500_000}  # fmt: skip
DEEP: Any = {}
for _ in range(25):
    DEEP = {"a": DEEP}

Row = dict[str, Any]


def read_one(record: Any) -> Row | None:
    """What a point says, by the words of the contract; None where it is wrong."""
    if not isinstance(record, dict) or set(record) - KNOWN:
        return None
    station, metadata = record.get("station"), record.get("metadata")
    time, value = record.get("timestamp"), record.get("value")
    if not isinstance(time, str) or time not in TIMES or not isinstance(value, dict):
        return None
    if not isinstance(station, str | None) or not all(map(is_cell, value.values())):
        return None
    if metadata is not None and metadata_problem(metadata):
        return None
    return {
        "micros": TIMES[time],
        "station": station or "",
        "said": {name: cell for name, cell in value.items() if cell is not None},
        "removed": {name for name, cell in value.items() if cell is None},
    }


def is_cell(cell: Any) -> bool:
    if isinstance(cell, bool):
        return False
    return cell is None or isinstance(cell, str | float) or (
        isinstance(cell, int) and -(2**53) <= cell <= 2**53
    )  # fmt: skip


def row_of(batch: Batch, row: int) -> Row | None:
    if batch.problems.bad[row]:
        return None
    columns = [*batch.values.items(), *batch.texts.items()]
    return {
        "micros": batch.micros[row],
        "station": batch.station[row].as_py(),
        "said": {n: column[row].as_py() for n, column in columns if column[row].is_valid},
        "removed": {name for name, removed in batch.removed.items() if removed[row]},
    }


whole = st.one_of(st.integers(-9, 9), st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63]))
numbers = st.floats(allow_nan=False, allow_infinity=False) | whole
scalars = st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(["", "a", "1"]))
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
)
names = st.sampled_from(["A", "B", "ä"])
times = st.sampled_from(list(TIMES))
flags = st.fixed_dictionaries(
    {"flags": st.dictionaries(names, st.sampled_from(["I", "J"]))},
    optional={"quality": st.dictionaries(names, st.sampled_from([1, 4, 7, True, 1.0]))},
)


def points_with(cells: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"timestamp": times, "value": st.dictionaries(names, cells)},
        optional={"station": st.sampled_from(["a", "b", ""]), "metadata": flags},
    )


odd = anything | st.fixed_dictionaries(
    {"timestamp": times | anything, "value": st.dictionaries(names, anything) | anything},
    optional={"station": anything, "metadata": anything | st.just(DEEP), "id": anything,
              "other": anything},
)  # fmt: skip
# Most of what is sent is alike throughout, so that not only the odd ways are gone.
sendings = st.one_of(
    st.lists(points_with(st.floats(-9, 9))),
    st.lists(points_with(numbers)),
    st.lists(points_with(scalars)),
    st.lists(st.one_of(points_with(numbers), odd)),
)


@given(sendings)
@example([point({"A": 1.5}), point({"A": 2**53 + 1}), point({"A": None}), point({})])
@example([point({"A": 1}), point({"A": "x"}), point({"A": True})])
def test_points_together_say_what_each_says_alone(records: list[Any]):
    batch = from_records(records)
    assert [row_of(batch, row) for row in range(len(batch))] == list(map(read_one, records))
    listed = {error["row"] for error in batch.problems.listed}
    assert listed == {row for row, record in enumerate(records) if read_one(record) is None}


@given(st.lists(flags, min_size=1))
def test_the_same_metadata_on_many_points_are_kept_on_each(said: list[Any]):
    batch = from_records([point({"A": 1}, metadata=one) for one in said])
    alone = [from_records([point({"A": 1}, metadata=one)]) for one in said]
    kept = [one.metadata and one.metadata[0].as_py() for one in alone]
    assert (batch.metadata.to_pylist() if batch.metadata else [None] * len(said)) == kept
    assert batch.problems.bad.tolist() == [bool(metadata_problem(one)) for one in said]
