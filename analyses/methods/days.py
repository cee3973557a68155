"""Daily values on a calendar of whole years, and what is counted in its years and months."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analyses.methods.calendar import DAY, Moments, infer_interval, leap_day_of, year_of
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series
from datastream.core.errors import InvalidInputError

MOST_YEARS = 1000
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Days:
    """Every day from 1 January of the first year to 31 December of the last.

    Attributes
    ----------
    dates : datetime64[D], shape (n,)
    year_edges, month_edges : places where a year or month starts, and n
    """

    dates: Moments
    year_edges: Ints
    month_edges: Ints

    @property
    def first_year(self) -> int:
        return int(year_of(self.dates[:1])[0])

    @property
    def leap_days(self) -> Ints:
        """Day in the calendar of a leap year, 0 to 365."""
        return leap_day_of(self.dates)

    @property
    def days_of_year(self) -> Ints:
        """1 to 366; 1 March is 60 or 61."""
        starts = np.repeat(self.year_edges[:-1], np.diff(self.year_edges))
        return np.asarray(np.arange(self.dates.size) - starts + 1)


def days_of_years(first: int, last: int) -> Days:
    months = np.arange(12 * (first - 1970), 12 * (last - 1969) + 1).astype("datetime64[M]")
    edges = months.astype("datetime64[D]")
    month_edges = (edges - edges[0]).astype(np.int64)
    dates = np.arange(edges[0], edges[-1])
    return Days(dates, month_edges[::12], month_edges)


def common_days(given: Mapping[str, Series]) -> Days:
    """The whole years that hold all values; InvalidInputError where a series is not daily."""
    for name, series in given.items():
        check_daily(name, series)
    firsts = min(series.timestamps[0] for series in given.values())
    lasts = max(series.timestamps[-1] for series in given.values())
    first, last = (int(year) for year in year_of(np.array([firsts, lasts])))
    if last - first >= MOST_YEARS:
        name = next(iter(given))
        raise InvalidInputError.of(name, f"The values span more than {MOST_YEARS:,} years.")
    return days_of_years(first, last)


def check_daily(name: str, series: Series) -> None:
    dates = series.timestamps.astype("datetime64[D]")
    if (np.diff(dates) == np.timedelta64(0, "D")).any():
        message = f"{series.variable} has several values a day; one for each day is needed."
        raise InvalidInputError.of(name, message)
    interval = infer_interval(series.timestamps)
    if interval is not None and (interval.months or interval.microseconds >= 2 * DAY):
        message = f"The values of {series.variable} are {interval} apart; daily ones are needed."
        raise InvalidInputError.of(name, message)


def on_calendar(series: Series, days: Days) -> Floats:
    """The values by day, NaN where there is none."""
    values = np.full(days.dates.size, np.nan)
    places = (series.timestamps.astype("datetime64[D]") - days.dates[0]).astype(np.int64)
    values[places] = series.values
    return values


# What follows reduces days to periods, each from one edge to the next.


def counts(is_counted: Bools, edges: Ints) -> Ints:
    return np.asarray(np.add.reduceat(is_counted, edges[:-1], dtype=np.int64))


def totals(values: Floats, edges: Ints) -> Floats:
    return np.asarray(np.add.reduceat(np.nan_to_num(values, nan=0.0), edges[:-1]))


def means(values: Floats, edges: Ints) -> Floats:
    return share(totals(values, edges), counts(~np.isnan(values), edges))


def highest(values: Floats, edges: Ints) -> Floats:
    return np.asarray(np.fmax.reduceat(values, edges[:-1]))


def lowest(values: Floats, edges: Ints) -> Floats:
    return np.asarray(np.fmin.reduceat(values, edges[:-1]))


def share(part: Floats | Ints, whole: Floats | Ints) -> Floats:
    """NaN where the whole is nothing."""
    found = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def run_lengths(is_counted: Bools, edges: Ints) -> Ints:
    """How many days in a row, this one the last, count; every period begins anew."""
    places = np.arange(is_counted.size)
    starts = np.repeat(edges[:-1], np.diff(edges))
    last_other = np.maximum.accumulate(np.where(is_counted, -1, places))
    return np.asarray(places - np.maximum(last_other, starts - 1))


def longest_runs(is_counted: Bools, edges: Ints) -> Ints:
    return np.asarray(np.maximum.reduceat(run_lengths(is_counted, edges), edges[:-1]))


def days_in_runs(is_counted: Bools, edges: Ints, *, least: int) -> Ints:
    """Days in runs of at least so many days."""
    lengths = run_lengths(is_counted, edges)
    is_last = np.append(lengths[1:] <= lengths[:-1], [True])
    return np.asarray(
        np.add.reduceat(np.where(is_last & (lengths >= least), lengths, 0), edges[:-1])
    )


def running_totals(values: Floats, width: int) -> Floats:
    """Sum of so many days, this one the last; NaN where one of them is missing."""
    found = np.full(values.size, np.nan)
    found[width - 1 :] = sliding_window_view(values, width).sum(axis=1)
    return found


def starts_of_runs(is_counted: Bools, *, least: int) -> Bools:
    """Where the next so many days, this one the first, all count."""
    found = np.zeros(is_counted.size, np.bool_)
    found[: is_counted.size - least + 1] = sliding_window_view(is_counted, least).all(axis=1)
    return found


def first_places(is_counted: Bools, starts: Ints, ends: Ints) -> Ints:
    """The first place from each start to before its end that counts, else -1."""
    places = np.append(np.flatnonzero(is_counted), is_counted.size)
    found = places[np.searchsorted(places, starts)]
    return np.where(found < ends, found, -1)
