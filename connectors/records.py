"""JSON records as columns of text, numbers and times; shared by the connectors that read such."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from connectors.columns import TIMESTAMP, without_sentinels
from connectors.rows import Rows, trimmed
from datasets import times

# Up to 17 digits say all that a float64 can hold; "1e+27" is a number, "1-25" and "1_0" are not.
NUMBER = r"^[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?$"

# In the place of what nobody writes again; it is no number, no time and no code.
TOO_DEEP = "(nested too deep)"


def column_of(values: Sequence[Any]) -> pa.Array:
    """Values of JSON as trimmed text, null where there is none; lists and objects as JSON."""
    try:
        column = pa.array(values)
        is_flat = not pa.types.is_nested(column.type)
        text = column.cast(pa.string()) if is_flat else _written(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        text = _written(values)
    return trimmed(text)


def _written(values: Sequence[Any]) -> pa.Array:
    """Values of several kinds, each as JSON writes it."""
    return pa.array([v if v is None or type(v) is str else _json(v) for v in values], pa.string())


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return TOO_DEEP


def read_numbers(rows: Rows, name: str, sentinels: Sequence[float] = ()) -> pa.Array:
    """A column as numbers; rows that hold something else are bad."""
    text = rows.columns[name]
    values = numbers_of(text)
    rows.fault(pc.and_(pc.is_valid(text), pc.is_null(values)), name, "Not a number")
    return without_sentinels(values, sentinels)


def numbers_of(text: pa.Array) -> pa.Array:
    """Texts as numbers, null for whatever else they hold."""
    is_number = pc.match_substring_regex(text, NUMBER)
    values = pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    # 1e400 has the form of a number, and no float64 its size.
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def without(text: pa.Array, missing: Sequence[str]) -> pa.Array:
    """Texts with null in the place of those that mean "no value"."""
    is_missing = pc.is_in(text, pa.array(missing, pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), text)


def timestamps(read: times.Times) -> pa.Array:
    return pa.array(np.where(read.bad, 0, read.micros), pa.int64()).cast(TIMESTAMP)


def latest_rows(
    stations: pa.Array, moments: pa.Array, *ranks: pa.Array
) -> tuple[pa.BooleanArray, int]:
    """Which rows hold, where several have one station and timestamp, and how many do not.

    The row of the highest rank holds, the first rank counting most; the last of equal ones.
    """
    n = len(moments)
    table = pa.table(
        {
            "station": pc.fill_null(stations, ""),
            "moment": moments.cast(pa.int64()),
            **{f"rank {i}": _ranked(rank) for i, rank in enumerate(ranks)},
            "row": pa.array(np.arange(n)),
        }
    )
    keys = [(name, "ascending") for name in table.column_names]
    order = pc.sort_indices(table, sort_keys=keys).to_numpy()
    codes = stations.dictionary_encode().indices.fill_null(-1).to_numpy()[order]
    micros = np.asarray(table["moment"])[order]
    is_last = np.ones(n, bool)
    is_last[:-1] = (codes[1:] != codes[:-1]) | (micros[1:] != micros[:-1])
    holds = np.zeros(n, bool)
    holds[order] = is_last
    return pa.array(holds), int(n - is_last.sum())


def _ranked(rank: pa.Array) -> pa.Array:
    """A null ranks below all else."""
    return pc.fill_null(rank, "" if pa.types.is_string(rank.type) else 0)
