"""The rows of an export as columns, piece by piece."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from datasets.exports import texts
from datasets.exports.copying import DELIMITER, QUOTE
from datasets.exports.plans import Plan

PARSING = csv.ParseOptions(delimiter=DELIMITER, quote_char=QUOTE, newlines_in_values=True)
INSTANT = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Rows:
    """Some points in a row.

    Attributes
    ----------
    plan : the export that they belong to
    places : shape (n,), the station of each, as a place in the arrays of the plan
    timestamp : shape (n,), instants in µs, UTC
    cells : column of the plan → shape (n,), text unless it was asked for as a number; null where
        the point has none
    """

    plan: Plan
    places: NDArray[np.int64]
    timestamp: pa.Array
    cells: Mapping[str, pa.Array]

    @property
    def micros(self) -> NDArray[np.int64]:
        return _whole(self.timestamp)

    def ids(self) -> pa.Array:
        return texts.ids(self.plan.heads, self.places, self.micros)

    def instants(self) -> pa.Array:
        return texts.instants(self.micros)

    def of_station(self, told: pa.Array) -> pa.Array:
        """For each point what is told of its station."""
        return told.take(texts.places_of(self.places))


def read(
    plan: Plan, pieces: Iterable[bytes], *, numbers: frozenset[str] = frozenset()
) -> Iterator[Rows]:
    """The rows of each piece; these columns as numbers, the others as texts."""
    kinds = [pa.float64() if name in numbers else pa.string() for name in plan.columns]
    names = [str(place) for place in range(2 + len(kinds))]
    converting = csv.ConvertOptions(
        column_types=dict(zip(names, [pa.int64(), INSTANT, *kinds], strict=True)),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    order = np.argsort(plan.numbers)
    for piece in pieces:
        table = csv.read_csv(
            pa.BufferReader(piece),
            # The whole piece is one block; its own thread is enough for it.
            csv.ReadOptions(use_threads=False, block_size=len(piece) + 1, column_names=names),
            PARSING,
            converting,
        )
        station, timestamp, *cells = (column.chunk(0) for column in table.columns)
        places = np.searchsorted(plan.numbers, _whole(station), sorter=order)
        plan.read.rows += len(timestamp)
        yield Rows(plan, order[places], timestamp, dict(zip(plan.columns, cells, strict=True)))


def _whole(column: pa.Array) -> NDArray[np.int64]:
    """The 64 bits of each of a column's cells, of which all are there; `to_numpy` loads pandas."""
    _, cells = column.buffers()
    return np.frombuffer(cells, np.int64)[column.offset : column.offset + len(column)]
