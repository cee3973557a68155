"""What is missing in a series: its gaps, and its months and years by the rule of the WMO."""

from dataclasses import dataclass

import numpy as np

from analyses.methods.calendar import (
    Interval,
    Moments,
    month_of,
    period_means,
    year_of,
)
from analyses.methods.neighbours import Bools
from analyses.methods.slopes import Ints
from analyses.methods.summary import intervals_between
from datasets.coverage import is_month_missing
from datasets.series import Series

# From the 28th on, times of months count from the end of the month.
LATE = np.timedelta64(27, "D")


@dataclass(frozen=True, slots=True)
class Gaps:
    """Between which values some are missing, and how many.

    Attributes
    ----------
    places : shape (g,), place of the value before each gap
    missing : shape (g,), number of missing values, above 0
    """

    places: Ints
    missing: Ints

    @property
    def total(self) -> int:
        return int(self.missing.sum())

    def of(self, chosen: Bools) -> "Gaps":
        return Gaps(self.places[chosen], self.missing[chosen])


def find_gaps(series: Series, interval: Interval) -> Gaps:
    """Gaps between the first value and the last; a value may be a quarter of an interval early."""
    if series.timestamps.size < 2:
        return Gaps(np.empty(0, np.int64), np.empty(0, np.int64))
    missing = np.asarray(intervals_between(series.timestamps, interval), np.int64) - 1
    places = np.flatnonzero(missing > 0)
    return Gaps(places, missing[places])


def instants(series: Series, interval: Interval, gaps: Gaps) -> Moments:
    """Every missing instant of these gaps, in order: the value before and so many intervals."""
    starts = np.repeat(series.timestamps[gaps.places], gaps.missing)
    before = np.repeat(np.cumsum(gaps.missing) - gaps.missing, gaps.missing)
    return steps_after(series, interval, starts, np.arange(starts.size) - before + 1)


def steps_after(series: Series, interval: Interval, starts: Moments, counts: Ints) -> Moments:
    """So many intervals after values of the series."""
    if not interval.months:
        return interval.after(starts, counts)
    own = series.timestamps - series.timestamps.astype("datetime64[M]").astype("datetime64[us]")
    if (own >= LATE).all():
        months = starts.astype("datetime64[M]")
        later = months + counts * interval.months
        left = (months + 1).astype("datetime64[us]") - starts
        return np.asarray((later + 1).astype("datetime64[us]") - left)
    return interval.after(starts, counts)


@dataclass(frozen=True, slots=True)
class Months:
    """Calendar months from January of the first year to December of the last.

    Attributes
    ----------
    starts : datetime64[M]
    days, missing : days of each month, and those without a value
    is_missing : by the rule
    """

    starts: Moments
    days: Ints
    missing: Ints
    is_missing: Bools


def count_months(series: Series, *, min_coverage: float) -> Months:
    """Judge each month by its days (UTC); a day counts with enough of its expected values.

    For values a day or less apart.
    """
    means = period_means(series, "day")
    enough = (means.coverage >= min_coverage - 1e-12) & (means.counts > 0)
    starts = all_months(series)
    edges = np.append(starts, starts[-1:] + 1).astype("datetime64[D]")
    present = np.zeros(int((edges[-1] - edges[0]).astype(np.int64)), np.bool_)
    first = int((means.periods[0].astype("datetime64[D]") - edges[0]).astype(np.int64))
    present[first : first + enough.size] = enough
    numbers = (edges - edges[0]).astype(np.int64)
    missing = np.add.reduceat(~present, numbers[:-1], dtype=np.int64)
    return Months(starts, np.diff(numbers), missing, is_month_missing(present, numbers))


def count_monthly_values(series: Series) -> Months:
    """Of one value a month: the month is there or not, and nothing is known of its days."""
    starts = all_months(series)
    days = np.diff(np.append(starts, starts[-1:] + 1).astype("datetime64[D]")).astype(np.int64)
    is_missing = ~np.isin(starts, series.timestamps.astype("datetime64[M]"))
    return Months(starts, days, np.where(is_missing, days, 0), is_missing)


def all_months(series: Series) -> Moments:
    first, last = series.timestamps[[0, -1]].astype("datetime64[Y]")
    return np.arange(first.astype("datetime64[M]"), (last + 1).astype("datetime64[M]"))


def month_rows(months: Months, series: Series) -> list[dict[str, object]]:
    """A row for each month from the first value's to the last value's."""
    ends = series.timestamps[[0, -1]].astype("datetime64[M]")
    inside = np.flatnonzero((months.starts >= ends[0]) & (months.starts <= ends[1]))
    names = np.datetime_as_string(months.starts[inside])
    return [
        {
            "month": str(name),
            "days": int(months.days[place]),
            "missing_days": int(months.missing[place]),
            "is_missing": bool(months.is_missing[place]),
        }
        for name, place in zip(names, inside, strict=True)
    ]


def year_rows(months: Months) -> list[dict[str, object]]:
    """A row for each year; it wants all twelve months, whatever is outside the series included."""
    years = year_of(months.starts)[month_of(months.starts) == 1]
    days, missing, gone = (
        column.reshape(-1, 12).sum(axis=1)
        for column in (months.days, months.missing, months.is_missing)
    )
    return [
        {
            "year": int(year),
            "days": int(days[place]),
            "missing_days": int(missing[place]),
            "missing_months": int(gone[place]),
            "is_missing": bool(gone[place]),
        }
        for place, year in enumerate(years)
    ]
