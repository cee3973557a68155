"""Tells several things of one site and instant apart, whichever of them a page has."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from connectors.columns import TIMESTAMP
from connectors.providers.globe.protocols import Protocol
from connectors.records import column_of

SECOND = 1_000_000


def own_ids(protocol: Protocol, records: Sequence[Mapping[str, Any]]) -> pa.Array:
    """The id of each observation, as in `landcoversLandCoverId`; null where there is none."""
    keys = sorted(set().union(*(record["data"] for record in records)))
    key = next((key for key in keys if _is_own(protocol, key)), "")
    return column_of([record["data"].get(key) for record in records]).cast(pa.string())


def _is_own(protocol: Protocol, key: str) -> bool:
    name = key.removeprefix(protocol.prefix)
    # Not `Userid`, which is of a person.
    return name != key and name.endswith("Id") and protocol.prefix.startswith(name[:-2].lower())


def told_apart(moments: pa.Array, own: pa.Array, values: Mapping[str, pa.Array]) -> pa.Array:
    """Moments whose microseconds are the last digits of the own id, or else a hash of the values.

    So it is with each record, alone or not: another of its site and instant may come on a later
    page, or months later, and neither may then take the other's place. The second stays true.
    """
    columns = {name: column.to_pylist() for name, column in values.items()}
    rows = [
        {name: column[n] for name, column in columns.items() if column[n] is not None}
        for n in range(len(moments))
    ]
    digits = [_digits(one, row) for one, row in zip(own.to_pylist(), rows, strict=True)]
    micros = moments.cast(pa.int64()).to_numpy()
    apart = micros - micros % SECOND + np.array(digits, np.int64)
    return pa.array(apart).cast(TIMESTAMP)


def _digits(own: str | None, row: Mapping[str, str]) -> int:
    if own is not None and own.isdecimal():
        return int(own) % SECOND
    text = own.encode() if own else orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    return zlib.crc32(text) % SECOND
