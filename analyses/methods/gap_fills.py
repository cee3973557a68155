"""Ways to fill gaps, each with its errors on values that were hidden from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analyses.methods.calendar import (
    Moments,
    PeriodMeans,
    Step,
    leap_day_of,
    month_of,
    year_of,
)
from analyses.methods.gap_counts import Gaps
from analyses.methods.neighbours import Bools, fit, weighted
from analyses.methods.normals import DAYS, MIN_YEARS, Reference
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series

MOST_TRIED = 2000
FOLDS = 10
MIN_PAIRS = 40
MIN_ERRORS = 10
# Between values so far apart there are normals.
STEPS: dict[str, Step] = {"P1D": "day", "P1M": "month"}


@dataclass(frozen=True, slots=True)
class Fill:
    """Values for the missing instants, and how far off such values were where one is known.

    Attributes
    ----------
    values, errors : shape (missing,), NaN where there is none; an error is a root mean square
    hidden, estimated : equally long, values that were hidden and what was estimated for them
    moments : of those
    reason : why nothing is filled, if so
    """

    values: Floats
    errors: Floats
    hidden: Floats = field(default_factory=lambda: np.empty(0))
    estimated: Floats = field(default_factory=lambda: np.empty(0))
    moments: Moments = field(default_factory=lambda: np.empty(0, "datetime64[us]"))
    reason: str | None = None


def nothing(count: int, reason: str) -> Fill:
    return Fill(np.full(count, np.nan), np.full(count, np.nan), reason=reason)


def skill_of(fill: Fill) -> dict[str, Any] | None:
    """Errors of the estimates; `skill` is what they save of the squared error of a month's mean."""
    there = np.isfinite(fill.hidden) & np.isfinite(fill.estimated)
    hidden, estimated = fill.hidden[there], fill.estimated[there]
    if hidden.size < MIN_ERRORS:
        return None
    errors = estimated - hidden
    squares = float(np.mean(errors**2))
    usual = float(np.mean((hidden - month_means(fill.moments[there], hidden)) ** 2))
    varies = np.ptp(hidden) > 0 and np.ptp(estimated) > 0
    return {
        "n": hidden.size,
        "rmse": np.sqrt(squares),
        "mae": float(np.mean(np.abs(errors))),
        "bias": float(np.mean(errors)),
        "correlation": float(np.corrcoef(hidden, estimated)[0, 1]) if varies else None,
        "skill": 1 - squares / usual if usual > 0 else None,
    }


def month_means(moments: Moments, values: Floats) -> Floats:
    """For each value the mean of all of the same month of the year."""
    months = month_of(moments)
    counts = np.bincount(months, minlength=13)
    sums = np.bincount(months, weights=values, minlength=13)
    return np.asarray((sums / np.maximum(counts, 1))[months])


# ---------------------------------------------------------------- interpolation


def interpolation(series: Series, gaps: Gaps, at: Moments, *, every: Gaps) -> Fill:
    """The straight line between the values on both sides, in time.

    It is tried on values that are there, in stretches as long as each gap; `every` gap of the
    series is in none of them.
    """
    left, right = series.timestamps[gaps.places], series.timestamps[gaps.places + 1]
    low, high = series.values[gaps.places], series.values[gaps.places + 1]
    starts, lengths = np.repeat(left, gaps.missing), np.repeat(right - left, gaps.missing)
    share = (at - starts) / lengths
    values = np.repeat(low, gaps.missing) * (1 - share) + np.repeat(high, gaps.missing) * share
    errors = np.full(values.size, np.nan)
    tried: list[tuple[Floats, Floats, Moments]] = []
    before = gaps_before(series, every)
    for length in np.unique(gaps.missing).tolist():
        hidden, estimated, moments = hide(series, before, length)
        if hidden.size >= MIN_ERRORS:
            rmse = np.sqrt(np.mean((hidden - estimated) ** 2))
            errors[np.repeat(gaps.missing == length, gaps.missing)] = rmse
        tried.append((hidden, estimated, moments))
    return Fill(
        values,
        errors,
        hidden=np.concatenate([hidden for hidden, _, _ in tried]),
        estimated=np.concatenate([estimated for _, estimated, _ in tried]),
        moments=np.concatenate([moments for _, _, moments in tried]),
    )


def gaps_before(series: Series, gaps: Gaps) -> Ints:
    """For each value the number of gaps before it."""
    is_after = np.zeros(series.values.size, np.int64)
    is_after[gaps.places + 1] = 1
    return np.cumsum(is_after)


def hide(series: Series, before: Ints, length: int) -> tuple[Floats, Floats, Moments]:
    """Hide so many values in a row, at up to 2,000 places spread evenly, and interpolate them."""
    n = series.values.size
    if n < length + 2:
        return np.empty(0), np.empty(0), series.timestamps[:0]
    starts = np.flatnonzero(before[length + 1 :] == before[: n - length - 1])
    starts = starts[:: max(1, -(-starts.size // MOST_TRIED))]
    share = np.arange(1, length + 1) / (length + 1)
    places = starts[:, None] + np.arange(1, length + 1)
    low, high = series.values[starts][:, None], series.values[starts + length + 1][:, None]
    estimated = low * (1 - share) + high * share
    return series.values[places].ravel(), estimated.ravel(), series.timestamps[places].ravel()


# ---------------------------------------------------------------- climatology


def climatology(
    means: PeriodMeans, counted: Bools, at: Moments, *, reference: Reference, window_days: int
) -> Fill:
    """The normal of the month, or of the day of the year with the days around it.

    Each normal is tried on every year of the reference that it was made of, without that year.
    """
    is_day = means.step == "day"
    slots = leap_day_of if is_day else month_number
    table = year_table(means, counted & reference.holds(means.periods), reference, slots)
    sums, counts = np.where(np.isfinite(table), table, 0.0), np.isfinite(table).astype(np.float64)
    reach = range(-(window_days // 2), window_days // 2 + 1) if is_day else range(1)
    sums, counts = around(sums, reach), around(counts, reach)
    total, number, years = sums.sum(axis=0), counts.sum(axis=0), (counts > 0).sum(axis=0)
    normals = np.where(years >= MIN_YEARS, total / np.maximum(number, 1), np.nan)
    left = np.where((years - (counts > 0)) >= MIN_YEARS - 1, number - counts, 0)
    without = np.where(left > 0, (total - sums) / np.maximum(left, 1), np.nan)
    errors = table - without
    squares = around(np.where(np.isfinite(errors), errors**2, 0.0), reach).sum(axis=0)
    tried = around(np.isfinite(errors).astype(np.float64), reach).sum(axis=0)
    rmse = np.sqrt(squares / np.where(tried >= MIN_YEARS, tried, np.nan))
    place = slots(at)
    return Fill(
        normals[place],
        rmse[place],
        hidden=table.ravel(),
        estimated=without.ravel(),
        moments=slot_moments(table.shape[1], table.shape[0]),
    )


def around(table: Floats, reach: range) -> Floats:
    """Each column with those around it, December beside January."""
    return np.asarray(np.sum([np.roll(table, shift, axis=1) for shift in reach], axis=0))


def month_number(moments: Moments) -> Ints:
    return month_of(moments) - 1


def year_table(means: PeriodMeans, counted: Bools, reference: Reference, slots: Any) -> Floats:
    """Means of the periods that count: shape (years, days or months of the year), NaN elsewhere."""
    width = DAYS if means.step == "day" else 12
    table = np.full((reference.end - reference.start + 1, width), np.nan)
    periods = means.periods[counted]
    table[year_of(periods) - reference.start, slots(periods)] = means.means[counted]
    return table


def slot_moments(width: int, years: int) -> Moments:
    """An instant in the month of each cell of such a table."""
    days = np.datetime64("2000-01-01") + np.arange(DAYS)
    months = np.arange("2000-01", "2001-01", dtype="datetime64[M]")
    one = days if width == DAYS else months
    return np.tile(one.astype("datetime64[us]"), years)


# ---------------------------------------------------------------- neighbours


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values with the neighbours' values at the same instants, shape (n,) and (n, k)."""

    values: Floats
    table: Floats
    months: Ints

    def of(self, chosen: Bools) -> "Pairs":
        return Pairs(self.values[chosen], self.table[chosen], self.months[chosen])


@dataclass(frozen=True, slots=True)
class Choice:
    """Which neighbours estimate: the best correlated, so many of them, above so much."""

    most: int
    min_correlation: float


def by_neighbours(
    series: Series, table: Floats, at: Moments, there: Floats, choice: Choice
) -> Fill:
    """What lines from the best correlated neighbours say, in the three months around.

    Parameters
    ----------
    table, there : the neighbours' values at the times of the series, and at the missing instants

    Each tenth of the series in turn is hidden and estimated from the other nine.
    """
    pairs = Pairs(series.values, table, month_of(series.timestamps))
    estimated = np.full(series.values.size, np.nan)
    fold = folds(series.values.size)
    for number in range(FOLDS):
        out = fold == number
        hidden = pairs.of(out)
        estimated[out] = estimate(pairs.of(~out), hidden.table, hidden.months, choice)
        progress((number + 1) / (FOLDS + 1))
    values = estimate(pairs, there, month_of(at), choice)
    errors = monthly_rmse(pairs.months, estimated - series.values)[month_of(at)]
    errors = np.where(np.isfinite(values), errors, np.nan)
    return Fill(values, errors, series.values, estimated, series.timestamps)


def folds(n: int) -> Ints:
    """Which tenth each value is in."""
    return np.arange(n) * FOLDS // max(n, 1)


def estimate(known: Pairs, table: Floats, months: Ints, choice: Choice) -> Floats:
    """The mean of what the lines of the month say, each weighted by 1 / (1 − r²)."""
    found = np.full(months.size, np.nan)
    for one in by_month(known, table, months, choice):
        found[one.here] = weighted(one.estimates, one.shares)
    return found


@dataclass(frozen=True, slots=True)
class OfMonth:
    """What the neighbours' lines say in one month of the year.

    Attributes
    ----------
    here, near : which rows are estimated, and which pairs the lines are fitted to
    estimates, shares : shape (rows, k), what each line says, and its weight, 0 for none
    """

    here: Bools
    near: Bools
    estimates: Floats
    shares: Floats


def by_month(known: Pairs, table: Floats, months: Ints, choice: Choice) -> Iterator[OfMonth]:
    """Lines over the three months around each, or over all where no line of these is usable."""
    for month in np.unique(months).tolist():
        near = np.isin(known.months, [(month - 2) % 12 + 1, month, month % 12 + 1])
        lines = fit(known.values[near], known.table[near])
        usable = lines.usable(min_pairs=MIN_PAIRS, min_correlation=choice.min_correlation)
        if not usable.any():
            near = np.ones_like(near)
            lines = fit(known.values, known.table)
            usable = lines.usable(min_pairs=MIN_PAIRS, min_correlation=choice.min_correlation)
        weights = np.where(usable, 1 / np.maximum(1 - lines.correlations**2, 1e-12), 0.0)
        here = months == month
        estimates = lines.estimates(table[here])
        yield OfMonth(here, near, estimates, best(estimates, weights, choice.most))


def best(estimates: Floats, weights: Floats, most: int) -> Floats:
    """The weights of each row's so many best that have a value, 0 for all others."""
    shares = np.where(np.isfinite(estimates), weights, 0.0)
    if shares.shape[1] <= most:
        return shares
    least = -np.partition(-shares, most - 1, axis=1)[:, most - 1 : most]
    return np.where(shares >= least, shares, 0.0)


def monthly_rmse(months: Ints, errors: Floats) -> Floats:
    """Root mean square by month of the year, that of all where a month has under ten errors."""
    there = np.isfinite(errors)
    counts = np.bincount(months[there], minlength=13)
    sums = np.bincount(months[there], weights=errors[there] ** 2, minlength=13)
    every = np.sqrt(sums.sum() / counts.sum()) if counts.sum() >= MIN_ERRORS else np.nan
    found = np.sqrt(sums / np.maximum(counts, 1))
    return np.where(counts >= MIN_ERRORS, found, every)
