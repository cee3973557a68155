"""Periods that hold far more values than the interval of their series allows, and their words.

They are of another interval, so neither their share nor their total is known, and they are left out
as those with too few are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import PeriodMeans, Step, interval_of
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import words


@dataclass(frozen=True)
class Crowded:
    """Which periods that have ended are; `allowed` is as in " for one value a day", or empty."""

    places: NDArray[np.bool_]
    allowed: str

    @property
    def count(self) -> int:
        return int(self.places.sum())


def crowded(series: Series, means: PeriodMeans) -> Crowded:
    interval = words.interval(interval_of(series))
    places = np.logical_and(means.crowded, means.finished)
    return Crowded(places, f" for {interval}" if interval else "")


def left_out(found: Crowded, step: Step, count: int | None = None) -> str:
    """A sentence about all of them, or about so many; "" where there are none."""
    n = found.count if count is None else count
    told = f"{phrases.count(n, step)} with far too many values{found.allowed} {phrases.verb(n)}"
    return f"{told} left out." if n else ""


def or_too_many(found: Crowded) -> str:
    """What to add to a sentence that says of each period why it does not count."""
    return f" or far too many{found.allowed}" if found.count else ""
