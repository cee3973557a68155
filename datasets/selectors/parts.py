"""What is to be aggregated: periods at stations, and which statistics of which variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets import periods
from datasets.models.points import LAST
from datasets.periods import DAY, FIRST, Ints, Step

Floats = NDArray[np.float64]

COUNT, FLAGGED = 0, 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MICROS = int(np.datetime64(LAST[:-1], "us").astype(np.int64))
# The periods of a station are found by their edges, whatever calendar they follow.
PARTS = """parts AS MATERIALIZED (
    SELECT id, first, lo, hi, edges::timestamptz[] AS edges
    FROM unnest(%(ids)s::bigint[], %(firsts)s::int[], %(lo)s::timestamptz[],
                %(hi)s::timestamptz[], %(edges)s::text[]) part(id, first, lo, hi, edges)
)"""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whose days, and how long the periods are."""

    step: Step
    zone: tzinfo

    def edges(self, first: int, last: int) -> Ints:
        return periods.edges(self.step, self.zone, first, last)

    def grain(self, first: int, last: int) -> str | None:
        """The roll-ups of which the periods are made: they keep the days of UTC."""
        if self.step.hours or not periods.is_utc(self.zone, first, last):
            return None
        return "day" if self.step.days else "month"


@dataclass(frozen=True, slots=True)
class Part:
    """Periods in a row at one station, of which is read from `lo` on and before `hi`.

    edges : shape (n + 1,); µs
    first : place of the first period in the answer
    """

    station: int
    edges: Ints
    first: int
    lo: int
    hi: int

    @property
    def size(self) -> int:
        return len(self.edges) - 1

    def cut(self, begin: int, end: int) -> "Part":
        """Only the periods from number `begin` to before `end`."""
        edges = self.edges[begin : end + 1]
        lo, hi = max(self.lo, int(edges[0])), min(self.hi, int(edges[-1]))
        return Part(self.station, edges, self.first + begin, lo, hi)


@dataclass(frozen=True, slots=True)
class Measures:
    """Statistics of variables; `failed`: whether values that failed quality control count.

    `names` and `numbers` of the variables are in the same order.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    statistics: tuple[str, ...] = ()
    failed: bool = False

    @property
    def width(self) -> int:
        """Numbers of a variable and period: its count, how many are flagged, its statistics."""
        return 2 + len(self.statistics)


def parameters(parts: Sequence[Part]) -> dict[str, Any]:
    return {
        "ids": [part.station for part in parts],
        "firsts": [part.first for part in parts],
        "lo": texts([part.lo for part in parts]),
        "hi": texts([part.hi for part in parts]),
        "edges": ["{" + ",".join(texts(part.edges)) + "}" for part in parts],
    }


def texts(instants: Ints | list[int]) -> list[str]:
    """Instants for the database; none is before the first that a point may have.

    As texts, since µs times an interval is a float to it, exact only from 1684 to 2255.
    """
    found = np.maximum(np.asarray(instants, np.int64), FIRST)
    # Dates are quicker to write and to read.
    unit = "us" if np.any(found % DAY) else "D"
    times = found.astype("datetime64[us]").astype(f"datetime64[{unit}]")
    return [f"{time}Z" for time in np.datetime_as_string(times).tolist()]


def micros(instant: datetime) -> int:
    passed = instant - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def instant(number: int) -> datetime:
    """An instant that a datetime can hold."""
    bounded = min(max(number, FIRST), LAST_MICROS)
    naive: datetime = np.datetime64(bounded, "us").item()
    return naive.replace(tzinfo=UTC)
