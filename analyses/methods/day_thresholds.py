"""Percentiles of each day of the year over a base period, and the days beyond them.

A threshold is the percentile of the five days around a day of the year, in all years of the base
period, with estimator 8 of Hyndman and Fan. A year of the base period helped to make its own
thresholds, so fewer of its days lie beyond them than later. Against that step at both ends of the
base period (Zhang et al. 2005, doi:10.1175/JCLI3366.1) such a year is compared with thresholds made
without it: once for each other year of the base period, which then counts twice, and averaged.
"""

from dataclasses import dataclass

import numpy as np

from analyses.methods.days import Bools, Days
from analyses.methods.slopes import Floats, Ints

REACH = 2  # days before and after
WIDTH = 2 * REACH + 1
YEAR_DAYS = 365  # the 366th of leap years has too few values; it is interpolated
SLOTS = 366
BASE_SHARE = 0.7  # of the days of the base period, and of those around each day of the year
THIRD = 1 / 3
TINY = 1e-6  # values: 70 % sharp is enough however it is rounded


@dataclass(frozen=True, slots=True)
class Base:
    """The values of the base period and where those around each day of the year stand.

    Attributes
    ----------
    values : shape (n,), NaN where one is missing
    years : which year of the period each day belongs to, from 0
    slots : day in the calendar of a leap year, 0 to 365
    days_of_year : 1 to 366
    around : shape (365, years · 5), places in `values`; n where it is outside the period
    expected : shape (365,), values there would be around each day if none were missing
    """

    values: Floats
    years: Ints
    slots: Ints
    days_of_year: Ints
    around: Ints
    expected: Floats

    @property
    def count(self) -> int:
        return int(self.years[-1]) + 1


def base_of(values: Floats, days: Days, within: Bools, *, years: int) -> Base:
    """Of the days of whole years that are within the base period, which has so many years."""
    days_of_year = days.days_of_year[within]
    starts = np.flatnonzero(days_of_year == 1)
    offsets = starts[:, None] + np.arange(-REACH, REACH + 1)
    around = np.arange(YEAR_DAYS)[:, None] + offsets.reshape(1, -1)
    size = days_of_year.size
    around[(around < 0) | (around >= size)] = size
    # Years of the base period before the first value or after the last lack all of theirs.
    expected = (around < size).sum(axis=-1) / starts.size * years
    of_year = np.repeat(np.arange(starts.size), np.diff(np.append(starts, size)))
    return Base(values[within], of_year, days.leap_days[within], days_of_year, around, expected)


def thresholds(base: Base, part: float) -> Floats:
    """The threshold of each of 366 days of the year; NaN where too little is known around it."""
    samples = np.append(base.values, np.nan)[base.around]
    found = quantiles(np.sort(samples, axis=-1), part)
    is_known = np.isfinite(samples).sum(axis=-1) >= BASE_SHARE * base.expected - TINY
    return on_leap_year(np.where(is_known, found, np.nan))


def quantiles(ordered: Floats, part: float) -> Floats:
    """Estimator 8 along the last axis, whose missing values stand last."""
    places, weight = ranks(np.isfinite(ordered).sum(axis=-1), part)
    below, above = (
        np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0] for place in places
    )
    return between(below, above, weight)


def ranks(n: Ints, part: float) -> tuple[tuple[Ints, Ints], Floats]:
    """Places, from 0, of the two ordered values of n that a quantile is between, and how far."""
    place = n * part + (THIRD + part * THIRD) - 1
    below = np.floor(place).astype(np.int64)
    last = np.maximum(n - 1, 0)
    return (np.clip(below, 0, last), np.clip(below + 1, 0, last)), np.asarray(place - below)


def between(below: Floats, above: Floats, weight: Floats) -> Floats:
    """From the nearer of both, so that it never lies beyond the other."""
    step = above - below
    return np.where(weight < 0.5, below + step * weight, above - step * (1 - weight))


def on_leap_year(found: Floats) -> Floats:
    """Stretch 365 days, along the last axis, to 366."""
    known = np.linspace(1, SLOTS, YEAR_DAYS)
    wanted = np.arange(1.0, SLOTS + 1)
    left = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, YEAR_DAYS - 2)
    into = wanted - known[left]
    slope = (found[..., left + 1] - found[..., left]) / (known[left + 1] - known[left])
    # A neighbour that is missing does not matter where it has no weight.
    return np.where(into == 0, found[..., left], found[..., left] + slope * into)


def is_beyond(values: Floats, limits: Floats, *, is_low: bool) -> Bools:
    """A missing value or limit is not beyond."""
    return np.asarray(values < limits if is_low else values > limits)


def shares_in_base(base: Base, part: float, *, is_low: bool) -> Floats:
    """How often each day of the base period is beyond thresholds made without its year, 0 to 1."""
    found = np.zeros(base.values.size)
    table = np.full((base.count, SLOTS + 1), np.nan)  # and a day that no year has
    table[base.years, base.slots] = base.values
    for year in range(base.count):
        mine = base.years == year
        limits = on_leap_year(resampled(base, table, year, part))
        limits = limits[:, base.days_of_year[mine] - 1]
        found[mine] = is_beyond(base.values[mine], limits, is_low=is_low).mean(axis=0)
    return found


def resampled(base: Base, table: Floats, year: int, part: float) -> Floats:
    """Percentiles of 365 days with each other year in place of one, a row for each.

    Only values near the percentile are ordered: those that one of the rows may need.
    """
    is_high = part > 0.5
    sign = -1.0 if is_high else 1.0
    is_mine = np.append(base.years == year, [False])[base.around]
    rest = sign * np.append(base.values, np.nan)[base.around]
    rest[is_mine | np.isnan(rest)] = np.inf
    others = np.delete(sign * table, year, axis=0)
    put_in = others[:, replaced_slots(base, is_mine)]
    put_in[np.isnan(put_in)] = np.inf
    n = np.isfinite(rest).sum(axis=-1) + np.isfinite(put_in).sum(axis=-1)
    (below, above), weight = ranks(n, part)
    if is_high:
        below, above = np.maximum(n - 1 - below, 0), np.maximum(n - 1 - above, 0)
    most = int(max(below.max(), above.max())) + 1
    nearest = np.sort(rest, axis=-1)[:, :most]
    shape = (put_in.shape[0], *nearest.shape)
    ordered = np.sort(np.concatenate([np.broadcast_to(nearest, shape), put_in], axis=-1), axis=-1)
    low, high = (
        sign * np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
        for place in (below, above)
    )
    return np.where(n > 0, between(low, high, weight), np.nan)


def replaced_slots(base: Base, is_mine: Bools) -> Ints:
    """Days of the replaced year around each day of the year, filled up with one that is in none."""
    slots = np.append(base.slots, [SLOTS])[base.around]
    width = int(is_mine.sum(axis=1).max())
    ordered = np.sort(np.where(is_mine, slots, SLOTS), axis=1)
    return np.asarray(ordered[:, :width])
