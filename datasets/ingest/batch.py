"""A batch of sent points as columns, and what is wrong with its rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets import times
from datasets.ingest.metadata import metadata_problem, metadata_text
from datastream.core.errors import InvalidInputError, RowError

LISTED = 100
RESERVED = frozenset({"id", "timestamp", "station", "metadata"})
VARIABLES_MAX = 200

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


def check_columns(names: Sequence[str]) -> None:
    """Refuse columns that cannot be points: no times, one twice, or too many."""
    if "timestamp" not in names:
        raise InvalidInputError.of("timestamp", "There is no column named timestamp.")
    twins = sorted(name for name, count in Counter(names).items() if count > 1)
    if twins:
        raise InvalidInputError.of(twins[0][:80] or "value", "This column stands twice.")
    check_count([name for name in names if name not in RESERVED])


def check_count(variables: Sequence[str]) -> None:
    if len(variables) > VARIABLES_MAX:
        message = f"More than {VARIABLES_MAX} variables, which is the most a dataset has."
        raise InvalidInputError.of(variables[VARIABLES_MAX][:80] or "value", message)


def from_table(table: pa.Table | pa.RecordBatch, *, timezone: str | None = None) -> Batch:
    """A batch from columns: `timestamp`, optional `station` and `metadata`, the rest variables.

    `timezone` (IANA) is that of times without an offset; without it they are UTC. A null cell
    says nothing.
    """
    names = table.schema.names
    check_columns(names)
    columns = {name: _flat(column) for name, column in zip(names, table.columns, strict=True)}
    read = times.from_arrow(columns["timestamp"], in_zone(timezone))
    problems = Problems.none(table.num_rows)
    problems.add(read.bad, "timestamp", times.MESSAGE)
    batch = Batch(
        station=_stations(columns.get("station"), table.num_rows),
        micros=read.micros,
        values={name: columns[name] for name in names if name not in RESERVED},
        problems=problems,
        numbers_as_text=True,
    )
    if "metadata" in columns:
        batch.metadata = _metadata_texts(columns["metadata"], problems)
    return batch


def in_zone(name: str | None) -> tzinfo | None:
    return None if name is None else times.zone(name)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
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
