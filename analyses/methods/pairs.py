"""Series side by side: at times that they share, or as means of days, months or years."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal, get_args

import numpy as np

from analyses.methods.calendar import (
    DAY,
    Interval,
    Moments,
    interval_of,
    month_of,
    not_complete,
    period_means,
)
from analyses.methods.results import extent
from analyses.methods.slopes import Floats, Ints
from analyses.registry import Explanation
from datasets.series import Series

PairStep = Literal["raw", "day", "month", "year"]
# With these `min_coverage` says which periods are complete.
MEANS: tuple[PairStep, ...] = ("day", "month", "year")
SPACINGS = {"day": Interval(microseconds=DAY), "month": Interval(1), "year": Interval(12)}
USED, INCOMPLETE, ALONE, MET = range(4)
MEETS = -2
WEEK = np.timedelta64(7, "D")  # values of one month that are further apart are no pair
LEAST = 1e-300
ROUNDING = 1e-12

STEP: dict[str, Any] = {
    "type": "string",
    "enum": list(get_args(PairStep)),
    "default": "raw",
    "description": "What is paired: raw values at exactly the same time, or means of the same day, "
    "month or year where it is complete in each series.",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A series as it is paired: its values, or its means of complete days, months or years.

    Attributes
    ----------
    times : strictly ascending; of a mean the start of its period
    values : shape of `times`, in the unit of the series
    places : for each value of the series where in `times` it went, -1 where its period is not
        complete, MEETS where an earlier value took its later time
    spacing : one step, None for values whose interval is not known
    reason : why it holds nothing, if so
    """

    series: Series
    times: Moments
    values: Floats
    places: Ints
    spacing: Interval | None
    reason: str | None = None

    @property
    def lag_unit(self) -> str:
        return str(self.spacing) if self.spacing else ""


def sampled(series: Series, step: PairStep, *, min_coverage: float) -> Sample:
    spacing = interval_of(series) if step == "raw" else SPACINGS[step]
    reason = reason_against(series, step)
    if step == "raw":
        places = np.arange(series.values.size)
        return Sample(series, series.timestamps, series.values, places, spacing, reason)
    if reason:
        nowhere = np.full(series.values.size, -1)
        return Sample(series, series.timestamps[:0], series.values[:0], nowhere, spacing, reason)
    means = period_means(series, step)
    # A sum that is too large for a number has no mean.
    counted = means.complete(min_coverage) & np.isfinite(means.means)
    if not counted.any():
        reason = f"{name_of(series)} has no complete {step}."
    places = means.places_among(counted, series.timestamps)
    return Sample(series, means.periods[counted], means.means[counted], places, spacing, reason)


def reason_against(series: Series, step: PairStep) -> str | None:
    """Why a series has no values or means to pair, if so."""
    if series.values.size == 0:
        return f"{name_of(series)} has no values."
    if step == "raw":
        return None
    interval = interval_of(series)
    if interval is None:
        return f"{name_of(series)} has one value and no declared interval."
    if interval.coarser_than(step):
        apart = f"The values of {name_of(series)} are {interval} apart"
        return f"{apart}, too far for means of each {step}."
    return None


def name_of(series: Series) -> str:
    return f"{series.variable} at {series.station}" if series.station else series.variable


def common_times(samples: Sequence[Sample]) -> Moments:
    """Times at which each of them has a value."""
    return reduce(shared, (one.times for one in samples))


def shared(some: Moments, others: Moments) -> Moments:
    """Those of ascending times that are among other ascending times."""
    if others.size == 0:
        return others
    # Looked up and not sorted together as by np.intersect1d: a table of lags has hundreds.
    places = np.minimum(np.searchsorted(others, some), others.size - 1)
    return np.asarray(some[others[places] == some])


def values_at(sample: Sample, times: Moments) -> Floats:
    """The values at times that are all among its own."""
    return sample.values[np.searchsorted(sample.times, times)]


def delayed(sample: Sample, steps: int, *, beside: Sample) -> Sample:
    """The same with each value standing so many steps later, beside what it may have led to."""
    spacing = beside.spacing
    if steps == 0 or spacing is None:
        return sample
    later = spacing.after(sample.times, steps)
    if not spacing.months and not spacing.parts:
        return replace(sample, times=later)
    # The 30th and 31st may meet on the last day of a shorter month; the first of them stays.
    times, kept, went = np.unique(later, return_index=True, return_inverse=True)
    went = np.where(kept[went] == np.arange(went.size), went, MEETS)
    places = np.where(sample.places < 0, sample.places, went[sample.places])
    if spacing.months:
        times = in_months_of(times, beside.times)
    return replace(sample, times=times, values=sample.values[kept], places=places)


def in_months_of(times: Moments, others: Moments) -> Moments:
    """Times as the other series has them in the same month, where each has one value a month.

    The end of February one month later is 28 March, and March's own value stands on the 31st.
    """
    months, theirs = times.astype("datetime64[M]"), others.astype("datetime64[M]")
    if not others.size or any((months[1:] == months[:-1]).any() for months in (months, theirs)):
        return times
    places = np.minimum(np.searchsorted(theirs, months), others.size - 1)
    near = (theirs[places] == months) & (np.abs(others[places] - times) < WEEK)
    return np.where(near, others[places], times)


def reason_without(samples: Sequence[Sample], times: Moments, *, step: PairStep) -> str | None:
    """Why they share no time, if so."""
    if times.size:
        return None
    reasons = [one.reason for one in samples if one.reason]
    if reasons:
        return reasons[0]
    if step == "raw":
        return "The series share no time exactly; means of a day, month or year may share some."
    return f"The series share no complete {step}."


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is left of values without their seasons or line, and how many numbers that took."""

    values: Floats
    removed: int


def cleaned(values: Floats, times: Moments, *, deseasonalise: bool, detrend: bool) -> Cleaned:
    """Take the normal of each month of the year, and a straight line, from values at their times.

    Both at once, by least squares, so that what is left has nothing of the seasons or of the line
    in it. It is in shares of the largest value: no sum of it overflows.
    """
    shares = values / max(float(np.abs(values).max()), LEAST)
    months = month_of(times) - 1 if deseasonalise else np.zeros(values.size, np.int64)
    left = without_means(shares, months)
    removed = np.unique(months).size - 1
    if detrend:
        since = (times - times[0]).astype("timedelta64[us]").astype(np.float64)
        since = without_means(since / max(float(since[-1]), 1.0), months)
        squares = float(since @ since)
        if squares > 0:
            left = left - since * (float(since @ left) / squares)
            removed += 1
    # What rounding leaves of equal values, or of an exact line, is nothing.
    return Cleaned(np.where(np.ptp(left) > ROUNDING, left, 0.0), removed)


def without_means(values: Floats, groups: Ints) -> Floats:
    """Each value minus the mean of its group."""
    counts = np.bincount(groups)
    sums = np.bincount(groups, weights=values)
    return np.asarray(values - (sums / np.maximum(counts, 1))[groups])


def described(sample: Sample, times: Moments) -> dict[str, Any]:
    """One of several series: how much of it there is, and how much of that is used."""
    series = sample.series
    used = np.isin(sample.times, times, assume_unique=True)
    return {
        "variable": series.variable,
        "station": series.station,
        "station_name": series.station_name,
        "unit": series.unit,
        "n_values": series.values.size,
        "n_times": sample.times.size,
        "n": used.sum(),
        "not_shared": (~used).sum(),
        "incomplete": (sample.places == -1).sum(),
        "left_out": series.left_out,
    } | extent(series.timestamps)


def explained(sample: Sample, times: Moments, *, step: PairStep) -> Explanation:
    """Which values of one of the series stand at these times, or in these periods."""
    what = "time" if step == "raw" else step
    reasons = (
        "",
        not_complete(what),
        f"No value of the other series stands at its {what}."
        if step == "raw"
        else f"The same {step} is not complete in another series.",
        "Delayed by the lag it stands where an earlier value does.",
    )
    is_used = np.append(np.isin(sample.times, times, assume_unique=True), False)
    codes = np.where(is_used[np.maximum(sample.places, -1)], USED, ALONE)
    codes[sample.places == -1] = INCOMPLETE
    codes[sample.places == MEETS] = MET
    return Explanation(codes, reasons)
