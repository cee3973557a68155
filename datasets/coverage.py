"""Which periods hold enough values to speak for themselves."""

import numpy as np
from numpy.typing import NDArray

from datasets.periods import Bools, Ints

Floats = NDArray[np.float64]

# WMO-No. 1203, Guidelines on the Calculation of Climate Normals, 2017: of individual months.
MOST_MISSING, MOST_IN_A_ROW = 10, 4


def ratio(count: Floats, expected: Floats) -> Floats:
    """Share of the expected values that are there; NaN where none or nobody knows how many."""
    shares: Floats = np.full(np.broadcast(count, expected).shape, np.nan)
    np.divide(count, expected, out=shares, where=expected > 0)
    return shares


def is_month_missing(present: Bools, months: Ints) -> Bools:
    """Whether more than 10 days of a month are missing, or 5 or more one after the other.

    Parameters
    ----------
    present : shape (days,); whether a day has a value
    months : shape (n + 1,); number of the first day of each month, and of days in all
    """
    starts, days = months[:-1], np.arange(len(present))
    missing = np.add.reduceat(~present, starts, dtype=np.int64)
    # The last day that ended a row of missing days: one with a value, or before the month.
    breaks = np.where(present, days, -1)
    breaks[starts] = np.where(present[starts], starts, starts - 1)
    rows = days - np.maximum.accumulate(breaks)
    longest = np.maximum.reduceat(rows, starts)
    is_missing: Bools = (missing > MOST_MISSING) | (longest > MOST_IN_A_ROW)
    return is_missing
