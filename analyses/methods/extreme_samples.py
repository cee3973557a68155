"""Which values of a series are its extremes: the highest of each block, or the peaks above a level.

For the lowest, callers turn the series upside down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import (
    DAY,
    HALF,
    MONTHS,
    SEASON_STARTS,
    YEAR,
    Interval,
    Moments,
    expected_values,
    interval_of,
    most_common,
)
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series

LEAST_SPACINGS = 4  # in a month, that most of them may be said to be equal
# First month and number of months.
PARTS = {
    **{name: (month, 3) for name, month in SEASON_STARTS.items()},
    **{name: (month, 1) for month, name in enumerate(MONTHS, 1)},
}
# Of the Gregorian calendar, leap years counted in.
MONTH_DAYS = (31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of each year that counts: from the first day of a month, so many months."""

    first_month: int
    months: int

    def numbers(self, moments: Moments) -> tuple[Ints, NDArray[np.bool_]]:
        """Year in which the block of each moment begins, and whether the moment is in it."""
        months = moments.astype("datetime64[M]").astype(np.int64) - (self.first_month - 1)
        return months // 12 + 1970, months % 12 < self.months

    def starts(self, years: Ints) -> Moments:
        months = (years - 1970) * 12 + self.first_month - 1
        return months.astype("datetime64[M]").astype("datetime64[us]")

    def ends(self, years: Ints) -> Moments:
        months = (years - 1970) * 12 + self.first_month - 1 + self.months
        return months.astype("datetime64[M]").astype("datetime64[us]")

    def length(self, interval: Interval) -> float:
        """How many values one block holds on average."""
        if interval.months:
            return self.months / interval.months
        if self.months == 12:
            return YEAR / interval.microseconds
        places = [(self.first_month - 1 + ahead) % 12 for ahead in range(self.months)]
        return sum(MONTH_DAYS[place] for place in places) * DAY / interval.microseconds


def part_of(block: str, first_month: int) -> Part:
    return Part(*PARTS.get(block, (first_month, 12)))


@dataclass(frozen=True, slots=True)
class Blocks:
    """The highest value of each block from the first to the last, gaps included.

    Attributes
    ----------
    years : in which each block begins
    highest : NaN where a block has no value
    places : of the highest in the series, the first where several tie; −1 where there is none
    counted : blocks with enough values that the series does not end within
    """

    years: Ints
    starts: Moments
    highest: Floats
    places: Ints
    counts: Ints
    coverage: Floats
    counted: NDArray[np.bool_]


def find_blocks(series: Series, part: Part, *, min_coverage: float) -> Blocks:
    """The highest value of each block; the series has at least two values and an interval."""
    numbers, inside = part.numbers(series.timestamps)
    years = span_of(numbers[inside])
    where, values = numbers[inside] - years[:1], series.values[inside]
    size = years.size
    counts = np.bincount(where, minlength=size)
    highest, places = np.full(size, -np.inf), np.full(size, -1)
    np.maximum.at(highest, where, values)
    tops = np.flatnonzero(values == highest[where])
    there, first = np.unique(where[tops], return_index=True)
    places[there] = np.flatnonzero(inside)[tops[first]]
    expected = _expected(series, part, years)
    coverage = np.minimum(1.0, counts / np.maximum(expected, 1))
    return Blocks(
        years=years,
        starts=part.starts(years),
        highest=np.where(counts > 0, highest, np.nan),
        places=places,
        counts=counts,
        coverage=coverage,
        counted=(coverage >= min_coverage - 1e-12)
        & (counts > 0)
        & (expected > 0)
        & (_thinnest(series, part, years) >= min(min_coverage, HALF) - 1e-12)
        & _finished(series, part, years),
    )


def span_of(years: Ints) -> Ints:
    """All years from the first to the last."""
    return np.arange(years[0], years[-1] + 1) if years.size else years


def _expected(series: Series, part: Part, years: Ints) -> Ints:
    interval = interval_of(series)
    if interval is None or not years.size:
        return np.zeros(years.size, np.int64)
    edges = np.ravel(np.column_stack([part.starts(years), part.ends(years)]))
    return expected_values(edges, anchor=series.timestamps[0], interval=interval)[::2]


def _thinnest(series: Series, part: Part, years: Ints) -> Floats:
    """Coverage of the emptiest month of each block; 1 where values are further apart."""
    interval = interval_of(series)
    if interval is None or interval.coarser_than("month") or not years.size:
        return np.ones(years.size)
    months = part.starts(years).astype("datetime64[M]")[:, None] + np.arange(part.months)
    edges = np.column_stack([months.ravel(), months.ravel() + 1]).astype("datetime64[us]").ravel()
    expected = expected_values(edges, anchor=series.timestamps[0], interval=interval)[::2]
    counts = np.diff(np.searchsorted(series.timestamps, edges))[::2]
    shares = counts / np.maximum(expected, 1)
    return np.asarray(shares.reshape(-1, part.months).min(axis=1))


def _finished(series: Series, part: Part, years: Ints) -> NDArray[np.bool_]:
    """Where the last value plus one interval reaches the end of the block."""
    if not years.size:
        return np.zeros(0, np.bool_)
    interval = interval_of(series)
    reach = interval.after(series.timestamps[-1:])[0] if interval else series.timestamps[-1]
    return np.asarray(part.ends(years) <= reach)


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest value of each cluster above a threshold.

    Attributes
    ----------
    places : of the peaks in the series
    years : in which the block of each peak begins
    above : how many values are above the threshold
    all_years : from the first to the last in which the part of the year has values
    observed : how many years the values tell of, each of the part of the year
    """

    threshold: float
    places: Ints
    years: Ints
    above: Ints
    all_years: Ints
    observed: float


def level_of(
    series: Series, part: Part, sign: float, *, threshold: float | None, quantile: float
) -> float:
    """The threshold asked for, turned by the sign, else the quantile of the values that count."""
    if threshold is not None:
        return sign * threshold
    inside = part.numbers(series.timestamps)[1]
    return float(np.quantile(series.values[inside], quantile)) if inside.any() else np.nan


def find_peaks(series: Series, part: Part, *, threshold: float, run_days: float) -> Peaks:
    """Peaks strictly above a threshold, at most one in each cluster.

    A cluster ends where no value is above the threshold for more than `run_days` (runs
    declustering, Coles 2001, section 5.3.2, with time in place of a count of values).
    """
    numbers, inside = part.numbers(series.timestamps)
    above = np.flatnonzero(inside & (series.values > threshold))
    interval = interval_of(series)
    observed = 0.0
    if interval:
        observed = values_at(interval, series.timestamps[inside]) / part.length(interval)
    all_years = span_of(numbers[inside])
    if above.size == 0:
        return Peaks(threshold, above, above, above, all_years, observed)
    apart = np.diff(series.timestamps[above]).astype("timedelta64[us]").astype(np.int64)
    begins = np.concatenate([[True], apart > run_days * DAY])
    cluster = np.cumsum(begins) - 1
    order = np.lexsort((-series.values[above], cluster))
    places = above[order[np.flatnonzero(begins)]]
    return Peaks(threshold, places, numbers[places], above, all_years, observed)


def values_at(interval: Interval, stamps: Moments) -> float:
    """How many values at this interval tell of as much time as these do.

    Each tells of one interval, and in a month in which most are at another spacing, of that one:
    twenty years by the hour do not make forty by three hours before them short.
    """
    if interval.coarser_than("month"):
        return float(stamps.size)
    months = stamps.astype("datetime64[M]")
    starts = np.unique(months, return_index=True)[1]
    ends = np.append(starts, stamps.size)[1:]
    found = 0.0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        days = (months[start] + 1).astype("datetime64[D]") - months[start].astype("datetime64[D]")
        length = int(days.astype(np.int64)) * DAY
        own = interval.microseconds or length
        apart = spacing_in(stamps[start:end]) or own
        found += min(end - start, -(-length // apart)) * apart / own
    return found


def spacing_in(stamps: Moments) -> int | None:
    """What is between most of them, if one spacing is."""
    apart = np.diff(stamps).astype("timedelta64[us]").astype(np.int64)
    if apart.size < LEAST_SPACINGS:
        return None
    most = most_common(apart)
    return most if 2 * (apart == most).sum() > apart.size else None
