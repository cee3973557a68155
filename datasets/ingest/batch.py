"""A batch of sent points as columns, and what is wrong with its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets import times
from datasets.ingest.metadata import metadata_problem, metadata_text
from datastream.core.errors import InvalidInputError, RowError

LISTED = 100
KNOWN = ("id", "timestamp", "station", "value", "metadata")
RESERVED = frozenset({"id", "timestamp", "station", "metadata"})
VARIABLES_MAX = 200
LARGEST_WHOLE = 2**53
ABSENT = object()

Bools = NDArray[np.bool_]
Message = str | Callable[[int], str]


@dataclass(slots=True)
class Problems:
    """Which rows are bad, and the first hundred reasons."""

    bad: Bools
    listed: list[RowError] = field(default_factory=list)

    @classmethod
    def none(cls, n: int) -> "Problems":
        return cls(np.zeros(n, np.bool_))

    def add(self, rows: Bools | Sequence[int], name: str, message: Message) -> None:
        """Mark rows (a mask or positions) as bad because of a field."""
        where = np.asarray(rows)
        where = np.flatnonzero(where) if where.dtype == np.bool_ else where.astype(np.int64)
        self.bad[where] = True
        for row in where[:LISTED].tolist():
            text = message(row) if callable(message) else message
            self.listed.append({"row": row, "field": name, "message": text})

    @property
    def count(self) -> int:
        return int(self.bad.sum())

    def first(self) -> list[RowError]:
        return sorted(self.listed, key=lambda error: error["row"])[:LISTED]


@dataclass(slots=True)
class Batch:
    """Points as columns of one length n; position in the arrays is the row as it was sent.

    Attributes
    ----------
    station : shape (n,), string, "" for none
    micros : shape (n,), int64, microseconds since 1970 UTC
    values : variable → shape (n,), float64 or string; null says nothing about the variable
    removed : variable → shape (n,), true where the sender takes the variable away
    metadata : shape (n,), string holding a JSON object, or null; None when no row has any
    texts : variable → shape (n,), string: the texts of a variable whose `values` are numbers
    numbers_as_text : whether texts in a number variable are read as numbers, as in CSV
    guarded : whether texts may begin with an apostrophe that keeps spreadsheets from computing
    first : number of its first row in the whole of what was sent, which may come in many batches
    """

    station: pa.Array
    micros: NDArray[np.int64]
    values: dict[str, pa.Array]
    problems: Problems
    removed: dict[str, Bools] = field(default_factory=dict)
    metadata: pa.Array | None = None
    texts: dict[str, pa.Array] = field(default_factory=dict)
    numbers_as_text: bool = False
    guarded: bool = False
    first: int = 0

    def __len__(self) -> int:
        return len(self.micros)


# ------------------------------------------------------------------ from columns


def from_table(table: pa.Table, *, timezone: str | None = None) -> Batch:
    """A batch from columns: `timestamp`, optional `station` and `metadata`, the rest variables.

    `timezone` (IANA) is that of times without an offset; without it they are UTC. A null cell
    says nothing.
    """
    if "timestamp" not in table.column_names:
        raise InvalidInputError.of("timestamp", "There is no column named timestamp.")
    twins = {name for name in table.column_names if table.column_names.count(name) > 1}
    if twins:
        raise InvalidInputError.of(min(twins), "This column stands twice.")
    columns = {name: _flat(table.column(name)) for name in table.column_names}
    read = times.from_arrow(columns["timestamp"], in_zone(timezone))
    problems = Problems.none(table.num_rows)
    problems.add(read.bad, "timestamp", times.MESSAGE)
    batch = Batch(
        station=_stations(columns.get("station"), table.num_rows),
        micros=read.micros,
        values={name: columns[name] for name in columns if name not in RESERVED},
        problems=problems,
        numbers_as_text=True,
    )
    if "metadata" in columns:
        batch.metadata = _metadata_texts(columns["metadata"], problems)
    return batch


def in_zone(name: str | None) -> tzinfo | None:
    return times.zone(name) if name else None


def _flat(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.nulls(0, whole.type)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    other_text = pa.types.is_large_string(whole.type) or pa.types.is_string_view(whole.type)
    return whole.cast(pa.string()) if other_text else whole


def _stations(column: pa.Array | None, n: int) -> pa.Array:
    if column is None:
        return pa.repeat(pa.scalar(""), n)
    return pc.fill_null(column.cast(pa.string()), "")


def _metadata_texts(column: pa.Array, problems: Problems) -> pa.Array | None:
    """JSON objects as text; parsed one by one, but each different text once."""
    coded = column.cast(pa.string()).dictionary_encode()
    texts, reasons = [], []
    for text in coded.dictionary.to_pylist():
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = text
        reasons.append(metadata_problem(value))
        texts.append(None if reasons[-1] else metadata_text(value))
    codes = coded.indices
    for code, reason in enumerate(reasons):
        if reason:
            problems.add(_are(codes, code), "metadata", reason)
    return pa.array(texts, pa.string()).take(codes) if any(texts) else None


def _are(codes: pa.Array, code: int) -> Bools:
    equal = pc.fill_null(pc.equal(codes, code), pa.scalar(value=False))
    mask: Bools = equal.to_numpy(zero_copy_only=False)
    return mask


# ------------------------------------------------------------------ from parsed JSON


def from_records(records: Sequence[Any], *, local: tzinfo | None = None) -> Batch:
    """A batch from points as JSON has them: the one place that looks at single rows.

    `local` is the zone of times without an offset; None is UTC.
    """
    n = len(records)
    problems = Problems.none(n)
    points = [_checked(row, record, problems) for row, record in enumerate(records)]
    read = times.parse(_texts(points, "timestamp", problems), local)
    problems.add(read.bad & ~problems.bad, "timestamp", times.MESSAGE)
    station = pc.fill_null(_texts(points, "station", problems), "")
    values = [_value(row, point, problems) for row, point in enumerate(points)]
    names = sorted({name for value in values for name in value})
    if len(names) > VARIABLES_MAX:
        message = f"More than {VARIABLES_MAX} variables, which is the most a dataset has."
        raise InvalidInputError.of(names[VARIABLES_MAX][:80] or "value", message)
    batch = Batch(station, read.micros, {}, problems)
    for name in names:
        _add_variable(batch, name, [value.get(name, ABSENT) for value in values])
    batch.metadata = _metadata(points, problems)
    return batch


def _checked(row: int, record: Any, problems: Problems) -> Mapping[str, Any]:
    if not isinstance(record, dict):
        problems.add([row], "", "A point is a JSON object.")
        return {}
    unknown = next((name for name in record if name not in KNOWN), None)
    if unknown is not None:
        problems.add([row], _shown(unknown), "There is no such field in a point.")
    return record


def _shown(name: str) -> str:
    """A name somebody made up as the receipt may hold it."""
    return name[:80].replace("\x00", "\ufffd")


def _texts(points: Sequence[Mapping[str, Any]], name: str, problems: Problems) -> pa.Array:
    """A text of every point; null where there is none, which only a station may lack."""
    found = [point.get(name) for point in points]
    odd = [i for i, text in enumerate(found) if text is not None and not isinstance(text, str)]
    problems.add(odd, name, times.MESSAGE if name == "timestamp" else "Not a text.")
    for row in odd:
        found[row] = None
    return pa.array(found, pa.string())


def _value(row: int, point: Mapping[str, Any], problems: Problems) -> Mapping[str, Any]:
    value = point.get("value")
    if isinstance(value, dict):
        return value
    if not problems.bad[row]:
        problems.add([row], "value", "An object of variables and their values is needed.")
    return {}


def _add_variable(batch: Batch, name: str, cells: list[Any]) -> None:
    """Make a column of a variable; ABSENT stands where a point does not name it."""
    removed = np.fromiter((cell is None for cell in cells), np.bool_, len(cells))
    if removed.any():
        batch.removed[name] = removed
    present = [None if cell is ABSENT else cell for cell in cells]
    kinds = {type(cell) for cell in present if cell is not None}
    if not (kinds <= {int, float} or kinds <= {str}):
        present = _apart(batch, name, present)
    elif kinds == {str}:
        batch.values[name] = pa.array(present, pa.string())
        return
    if int in kinds:
        present = _exact(batch, name, present)
    batch.values[name] = pa.array(present, pa.float64())


def _exact(batch: Batch, name: str, cells: list[Any]) -> list[Any]:
    """Refuse whole numbers that a float cannot hold exactly."""
    odd = [i for i, cell in enumerate(cells) if isinstance(cell, int) and abs(cell) > LARGEST_WHOLE]
    batch.problems.add(odd, name, "A whole number beyond ±2^53 is not exact; send it as a float.")
    for row in odd:
        cells[row] = None
    return cells


def _apart(batch: Batch, name: str, cells: list[Any]) -> list[Any]:
    """The numbers; texts are put aside, for which of both is right the variable says."""
    texts = [cell if isinstance(cell, str) else None for cell in cells]
    if any(cell is not None for cell in texts):
        batch.texts[name] = pa.array(texts, pa.string())
    numbers = [cell if type(cell) in {int, float} else None for cell in cells]
    odd = [
        row
        for row, (cell, number, text) in enumerate(zip(cells, numbers, texts, strict=True))
        if cell is not None and number is None and text is None
    ]
    batch.problems.add(odd, name, "Neither a number nor a text.")
    return numbers


def _metadata(points: Sequence[Mapping[str, Any]], problems: Problems) -> pa.Array | None:
    found = [point.get("metadata") for point in points]
    if not any(found):
        odd = [row for row, one in enumerate(found) if one is not None and one != {}]
        problems.add(odd, "metadata", "Not a JSON object.")
        return None
    for row, metadata in enumerate(found):
        reason = metadata_problem(metadata) if metadata is not None else ""
        if reason:
            problems.add([row], "metadata", reason)
            found[row] = None
    return pa.array([metadata_text(one or {}) for one in found], pa.string())
