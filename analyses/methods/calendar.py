"""Days, months, seasons and years (UTC): how many values they should hold, and their means."""

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datasets.series import Series

Step = Literal["day", "month", "season", "year"]
Moments = NDArray[np.datetime64]

YEAR_DAYS = 365.2425  # mean year of the Gregorian calendar
SECOND = 1_000_000
DAY = 86_400 * SECOND
YEAR = YEAR_DAYS * DAY
LONGEST_YEARS = 500  # between two values
FEW_DAYS = np.timedelta64(4, "D")  # by which middles and ends of months differ, and less
HALF = 0.5  # of its values a month must have for its season or year to count
CROWDED = 1.5  # times as many values as the interval leads to expect are clearly too many
UNITS: dict[Step, str] = {"day": "D", "month": "M", "season": "M", "year": "Y"}
STEP_MONTHS: dict[Step, int] = {"day": 0, "month": 1, "season": 3, "year": 12}
STEP_DAYS: dict[Step, int] = {"day": 1, "month": 28, "season": 90, "year": 365}
SEASON_STARTS = {"DJF": 12, "MAM": 3, "JJA": 6, "SON": 9}  # first of three months
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# Of days: pentads, dekads and halves begin anew with each month (1st, 11th and 21st).
PARTS_OF_MONTHS = (5, 10, 15)
DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True, slots=True)
class Interval:
    """Time from one value to the next: whole months, or else a fixed number of microseconds.

    With `parts`, each month has so many values, of which the last stands for what is left of it.
    """

    months: int = 0
    microseconds: int = 0
    inferred: bool = False
    parts: int = 0

    def __str__(self) -> str:
        if self.months:
            years, months = divmod(self.months, 12)
            return f"P{years}Y" if not months else f"P{self.months}M"
        if self.microseconds % DAY == 0:
            return f"P{self.microseconds // DAY}D"
        for name, size in (("H", 3600 * SECOND), ("M", 60 * SECOND), ("S", SECOND)):
            if self.microseconds % size == 0:
                return f"PT{self.microseconds // size}{name}"
        return f"PT{self.microseconds / SECOND:.6f}S"

    def after(self, moments: Moments, steps: int | NDArray[np.int64] = 1) -> Moments:
        """So many intervals later."""
        if self.months:
            return months_later(moments, steps * self.months)
        if not self.parts:
            return np.asarray(moments + steps * np.timedelta64(self.microseconds, "us"))
        numbers = self.part_numbers(moments)
        left = moments - self.part_starts(numbers)
        return np.asarray(self.part_starts(numbers + steps) + left)

    def part_numbers(self, moments: Moments) -> NDArray[np.int64]:
        """In which part of a month each moment is, counted from January 1970."""
        month = moments.astype("datetime64[M]")
        into = (moments - month.astype("datetime64[us]")).astype(np.int64) // self.microseconds
        return np.asarray(month.astype(np.int64) * self.parts + np.minimum(into, self.parts - 1))

    def part_starts(self, numbers: NDArray[np.int64]) -> Moments:
        months = (numbers // self.parts).astype("datetime64[M]").astype("datetime64[us]")
        into = numbers % self.parts * np.timedelta64(self.microseconds, "us")
        return np.asarray(months + into)

    def coarser_than(self, step: Step) -> bool:
        """Whether some periods of this step can hold no value at all."""
        if self.months:
            return self.months > STEP_MONTHS[step]
        return self.microseconds > STEP_DAYS[step] * DAY


def months_later(moments: Moments, months: int | NDArray[np.int64]) -> Moments:
    """The same day and time so many months later; a month without that day has its last."""
    month, day = moments.astype("datetime64[M]"), moments.astype("datetime64[D]")
    later = month + months
    last = (later + 1).astype("datetime64[D]") - 1
    found = np.minimum(later.astype("datetime64[D]") + (day - month.astype("datetime64[D]")), last)
    return np.asarray(found.astype("datetime64[us]") + (moments - day))


def parse_interval(text: str) -> Interval | None:
    """Read an ISO 8601 duration; None where it is none, mixes months and days, or is absurd."""
    match = DURATION.fullmatch(text)
    if not match:
        return None
    years, months, weeks, days, hours, minutes, seconds = (
        float(part or 0) for part in match.groups()
    )
    whole = int(12 * years + months)
    days += 7 * weeks
    fixed = round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND)
    if (whole > 0) == (fixed > 0) or max(whole / 12, fixed / YEAR) > LONGEST_YEARS:
        return None
    return Interval(months=whole, microseconds=fixed)


def infer_interval(timestamps: Moments) -> Interval | None:
    """Take the most common spacing; months where all values stand at one place in the month.

    Middles and ends of months are such places, though not on the same day of each. Of spacings
    that are equally common the shortest is taken. Fewer than two values have none.
    """
    if timestamps.size < 2:
        return None
    spacings = np.diff(timestamps.astype("datetime64[M]")).astype(np.int64)
    steps = np.diff(timestamps).astype("timedelta64[us]").astype(np.int64)
    step = most_common(steps)
    if spacings.min() > 0 and is_one_place(timestamps, steps % step):
        return Interval(months=most_common(spacings), inferred=True)
    return Interval(microseconds=step, inferred=True)


def is_one_place(timestamps: Moments, left_over: NDArray[np.int64]) -> bool:
    """Whether all values stand at about the same time of their month, from its start or end.

    `left_over` is what the spacings are more than whole steps. Where that is nothing, values 30
    days apart have only not yet drifted far.
    """
    month = timestamps.astype("datetime64[M]")
    into = timestamps - month.astype("datetime64[us]")
    ahead = (month + 1).astype("datetime64[us]") - timestamps
    if into.min() == into.max():
        return True
    if left_over.size > 2 and not left_over.any():
        return False
    return any(place.max() - place.min() <= FEW_DAYS for place in (into, ahead))


def most_common(numbers: NDArray[np.int64]) -> int:
    found, counts = np.unique(numbers, return_counts=True)
    return int(found[np.argmax(counts)])


def interval_of(series: Series) -> Interval | None:
    """The declared interval, else the inferred one."""
    found = parse_interval(series.interval) or infer_interval(series.timestamps)
    return found and in_parts(found, series.timestamps)


def in_parts(interval: Interval, timestamps: Moments) -> Interval:
    """The same as parts of months, where all values stand at the beginning of one."""
    size = interval.microseconds // DAY
    if interval.microseconds % DAY or size not in PARTS_OF_MONTHS or timestamps.size < 2:
        return interval
    day = timestamps.astype("datetime64[D]")
    into = (day - day.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    hours = timestamps - day
    is_parts = (into % size == 0).all() and (into < 30).all() and (hours == hours[0]).all()
    return replace(interval, parts=30 // size) if is_parts else interval


def expected_values(
    edges: Moments, *, anchor: np.datetime64, interval: Interval
) -> NDArray[np.int64]:
    """Count the instants anchor + k · interval in each window between two edges.

    For intervals of months the edges must be starts of months; the day of the month does not count.
    """
    if interval.parts:
        # What begins after an edge counts; the time of day does not.
        before = edges - np.timedelta64(1, "us")
        return np.asarray(np.diff(interval.part_numbers(before)), np.int64)
    unit, size = ("M", interval.months) if interval.months else ("us", interval.microseconds)
    since = (edges.astype(f"datetime64[{unit}]") - anchor.astype(f"datetime64[{unit}]")).astype(
        np.int64
    )
    return np.asarray(np.diff(-(-since // size)), np.int64)


@dataclass(frozen=True, slots=True)
class PeriodMeans:
    """Means of all calendar periods from the first value's to the last value's, gaps included.

    Attributes
    ----------
    periods : datetime64[us], start of each period
    edges : the same and the end of the last
    means : float64 in the unit of the series, NaN where a period has no value
    counts, expected : values there are and should be
    finished : False where the series ends before the period does
    thinnest : coverage of the emptiest month of each season or year, 1 where it is not known
    crowded : True where it, or one of its months, has clearly more values than it should: they are
        of another interval, and neither their share nor their total is known
    """

    step: Step
    edges: Moments
    means: NDArray[np.float64]
    counts: NDArray[np.int64]
    expected: NDArray[np.int64]
    finished: NDArray[np.bool_]
    thinnest: NDArray[np.float64] | float = 1.0
    crowded: NDArray[np.bool_] | bool = False

    @property
    def periods(self) -> Moments:
        return self.edges[:-1]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the expected values that are there, 0 to 1."""
        return np.minimum(1.0, self.counts / np.maximum(self.expected, 1))

    def places_of(self, moments: Moments) -> NDArray[np.int64]:
        """In which of the periods each moment is."""
        return np.asarray(np.searchsorted(self.edges, moments, side="right") - 1)

    def places_among(self, counted: NDArray[np.bool_], moments: Moments) -> NDArray[np.int64]:
        """The same among the periods that are counted; −1 for a moment in another."""
        places = np.where(counted, np.cumsum(counted) - 1, -1)
        return np.asarray(places[self.places_of(moments)])

    def complete(self, min_coverage: float, *, least_month: float = HALF) -> NDArray[np.bool_]:
        """Which periods count: enough values, not far too many, and not cut off by the end.

        A year or season wants half of the values of each of its months too: without January the
        mean of a year would be too warm.
        """
        enough = self.coverage >= min_coverage - 1e-12
        enough &= self.thinnest >= min(min_coverage, least_month) - 1e-12
        enough &= (self.counts > 0) & (self.expected > 0) & np.logical_not(self.crowded)
        return np.asarray(enough & self.finished)


def period_numbers(moments: Moments, step: Step) -> NDArray[np.int64]:
    """Number of each moment's day, month, season or year, counted from that of January 1970."""
    numbers = moments.astype(f"datetime64[{UNITS[step]}]").astype(np.int64)
    # December, January and February are season 0, 4, 8 …; they belong to the year of January.
    return np.asarray((numbers + 1) // 3 if step == "season" else numbers)


def period_starts(numbers: NDArray[np.int64], step: Step) -> Moments:
    starts = 3 * numbers - 1 if step == "season" else numbers
    return np.asarray(starts.astype(f"datetime64[{UNITS[step]}]").astype("datetime64[us]"))


def period_means(series: Series, step: Step) -> PeriodMeans:
    """Mean of the values of each day, month, season or year, with how many there should be.

    Expected counts come from the interval of the series, declared or inferred. A period in which
    the last value plus one interval does not reach the end is unfinished.
    """
    stamps = series.timestamps
    if stamps.size == 0:
        none = np.empty(0, np.int64)
        edges = np.empty(0, "datetime64[us]")
        return PeriodMeans(step, edges, np.empty(0), none, none, np.empty(0, np.bool_))
    keys = period_numbers(stamps, step)
    where = keys - keys[0]
    counts = np.bincount(where)
    # Not as differences from a level: the mean of a dry month must be 0 and not almost 0.
    sums = np.bincount(where, weights=series.values)
    means = np.full(counts.size, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    edges = period_starts(keys[0] + np.arange(counts.size + 1), step)
    interval = interval_of(series)
    finished = np.ones(counts.size, np.bool_)
    if interval is None:
        expected = np.zeros(counts.size, np.int64)
    else:
        expected = expected_values(edges, anchor=stamps[0], interval=interval)
        finished[-1] = interval.after(stamps[-1:])[0] >= edges[-1]
    thinnest = thinnest_months(stamps, edges, step, interval) if interval else 1.0
    crowded = crowded_periods(stamps, edges, step, interval) if interval else False
    return PeriodMeans(step, edges, means, counts, expected, finished, thinnest, crowded)


def totals_of(series: Series, means: PeriodMeans) -> NDArray[np.float64]:
    """Totals of amounts: the mean times how many values each period holds.

    Of weeks a month holds no whole number: one with five Mondays is no wetter for that.
    """
    interval = interval_of(series)
    if interval is None or interval.months or interval.parts or interval.microseconds <= DAY:
        return np.asarray(means.means * means.expected)
    return np.asarray(means.means * (np.diff(means.edges).astype(float) / interval.microseconds))


def thinnest_months(
    stamps: Moments, edges: Moments, step: Step, interval: Interval
) -> NDArray[np.float64] | float:
    """Coverage of the emptiest month of each season or year; 1 for other periods.

    Where months may hold no value by the interval alone, nothing can be said of them.
    """
    if step not in {"season", "year"} or interval.coarser_than("month"):
        return 1.0
    first, last = edges[[0, -1]].astype("datetime64[M]")
    months = np.arange(first, last + 1)
    where = (stamps.astype("datetime64[M]") - first).astype(np.int64)
    expected = expected_values(months.astype("datetime64[us]"), anchor=stamps[0], interval=interval)
    counts = np.bincount(where, minlength=expected.size)
    shares = counts / np.maximum(expected, 1)
    return np.asarray(shares.reshape(-1, STEP_MONTHS[step]).min(axis=1))


def crowded_periods(
    stamps: Moments, edges: Moments, step: Step, interval: Interval
) -> NDArray[np.bool_]:
    """Which periods have clearly more values than the interval leads to expect, or a month has."""
    found = is_crowded(stamps, edges, interval)
    if step in {"season", "year"} and not interval.coarser_than("month"):
        first, last = edges[[0, -1]].astype("datetime64[M]")
        months = np.arange(first, last + 1).astype("datetime64[us]")
        by_month = is_crowded(stamps, months, interval)
        found |= by_month.reshape(-1, STEP_MONTHS[step]).any(axis=1)
    return found


def is_crowded(stamps: Moments, edges: Moments, interval: Interval) -> NDArray[np.bool_]:
    """Of any windows; the exact number and not the whole one, since a month may begin anywhere."""
    if interval.months:
        usual = np.diff(edges.astype("datetime64[M]")).astype(np.float64) / interval.months
    else:
        usual = np.diff(edges).astype(np.float64) / interval.microseconds
    counts = np.diff(np.searchsorted(stamps, edges))
    return np.asarray(counts > CROWDED * np.maximum(usual, 1))


def reason_against_means(series: Series, step: Step, *, of: str = "means") -> str | None:
    """Why there can be no means, or whatever else, of periods at all, if so."""
    if series.values.size == 0:
        return "There are no values."
    interval = interval_of(series)
    if interval is None:
        return f"There is one value and no declared interval, so no {step} is known to be complete."
    if interval.coarser_than(step):
        return f"The values are {interval} apart, too far for {of} of each {step}."
    return None


def not_complete(step: str) -> str:
    """Why a value is in no mean."""
    told = "too few or far too many values, or the series ends within it"
    return f"Its {step} is not complete: {told}."


def year_of(moments: Moments) -> NDArray[np.int64]:
    return np.asarray(moments.astype("datetime64[Y]").astype(np.int64) + 1970)


def month_of(moments: Moments) -> NDArray[np.int64]:
    """Month of the year, 1 to 12."""
    return np.asarray(moments.astype("datetime64[M]").astype(np.int64) % 12 + 1)


def leap_day_of(moments: Moments) -> NDArray[np.int64]:
    """Day of the year in the calendar of a leap year, 0 to 365: 29 February is always 59."""
    years = moments.astype("datetime64[Y]")
    first = years.astype("datetime64[D]")
    length = ((years + 1).astype("datetime64[D]") - first).astype(np.int64)
    day = (moments.astype("datetime64[D]") - first).astype(np.int64)
    return np.asarray(day + ((length == 365) & (day >= 59)))


def place_in_year(moments: Moments, step: Step) -> NDArray[np.int64]:
    """Which of the twelve months, four seasons, 366 days or one year each moment is in, from 0."""
    if step == "day":
        return leap_day_of(moments)
    if step == "season":
        return np.asarray(period_numbers(moments, step) % len(SEASON_STARTS))
    return month_of(moments) - 1 if step == "month" else np.zeros(moments.size, np.int64)


def years_since(moments: Moments, origin: np.datetime64) -> NDArray[np.float64]:
    """Time since the origin in years of 365.2425 days."""
    return (moments - origin).astype("timedelta64[us]").astype(np.float64) / YEAR
