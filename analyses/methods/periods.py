"""Means of days, months or years as one regular column, for methods that want one."""

from dataclasses import dataclass

import numpy as np

from analyses.methods.calendar import (
    UNITS,
    Interval,
    Moments,
    Step,
    interval_of,
    not_complete,
    period_means,
    place_in_year,
)
from analyses.methods.slopes import Floats, Ints
from analyses.registry import Explanation
from datasets.series import Series

STEPS: tuple[Step, ...] = ("day", "month", "year")


@dataclass(frozen=True, slots=True)
class Periods:
    """From the first to the last complete period, one place each.

    Attributes
    ----------
    starts : datetime64[us], start of each period
    values : mean of each in the unit of the series, NaN where it is not complete
    """

    step: Step
    starts: Moments
    values: Floats

    @property
    def n(self) -> int:
        return int(np.isfinite(self.values).sum())

    @property
    def missing(self) -> int:
        return int(np.isnan(self.values).sum())

    @property
    def season(self) -> Ints:
        """Month of the year from 0, or day of a leap year from 0; a year has no seasons."""
        return place_in_year(self.starts, self.step)

    def last(self, count: int) -> "Periods":
        return Periods(self.step, self.starts[-count:], self.values[-count:])


def periods_of(series: Series, step: Step, *, min_coverage: float) -> Periods:
    """Take the means of complete periods; before the first and after the last there is nothing."""
    means = period_means(series, step)
    values = np.where(means.complete(min_coverage), means.means, np.nan)
    there = np.flatnonzero(np.isfinite(values))
    span = slice(there[0], there[-1] + 1) if there.size else slice(0, 0)
    return Periods(step, means.periods[span], values[span])


def finest_step(series: Series) -> Step:
    """Days, unless the values are farther apart."""
    interval = interval_of(series) or Interval()
    return next((step for step in STEPS if not interval.coarser_than(step)), "year")


def explain_periods(series: Series, periods: Periods) -> Explanation:
    """Say which values are in one of the periods that count."""
    unit = UNITS[periods.step]
    own = series.timestamps.astype(f"datetime64[{unit}]")
    complete = periods.starts[np.isfinite(periods.values)].astype(f"datetime64[{unit}]")
    codes = np.where(np.isin(own, complete), 0, 1)
    return Explanation(codes, ("", not_complete(periods.step)))
