"""What is drawn of a long or gappy series: calendar steps with their extremes, and gaps as gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Interval, interval_of
from datasets.series import Series, SteppedSeries
from datastream.core import clock

Moments = NDArray[np.datetime64]
Floats = NDArray[np.float64]

SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class Step:
    """A step of the calendar: so many of numpy's units; months and years count as their longest."""

    name: str
    unit: str
    size: int
    length_us: int


# Steps follow the calendar: dividing the span by the pixels would draw waves that are not there.
STEPS = (
    Step("second", "s", 1, SECOND),
    Step("10 seconds", "s", 10, 10 * SECOND),
    Step("minute", "m", 1, 60 * SECOND),
    Step("10 minutes", "m", 10, 600 * SECOND),
    Step("hour", "h", 1, 3600 * SECOND),
    Step("3 hours", "h", 3, 3 * 3600 * SECOND),
    Step("6 hours", "h", 6, 6 * 3600 * SECOND),
    Step("12 hours", "h", 12, 12 * 3600 * SECOND),
    Step("day", "D", 1, DAY),
    Step("week", "W", 1, 7 * DAY),
    Step("month", "M", 1, 31 * DAY),
    Step("quarter", "M", 3, 92 * DAY),
    Step("year", "Y", 1, 366 * DAY),
    Step("decade", "Y", 10, 3653 * DAY),
    Step("century", "Y", 100, 36_525 * DAY),
)
MOST_STEPS = 1500  # at the default width of 1,200 px: more than one a pixel shows nothing more
MONDAY_DAYS = 4  # 1970-01-05 was one; numpy's weeks begin on Thursdays
EPOCH = 1970
MIN_SHARE = 0.5
STEP_NAMES = {"3h": "3 hours", "6h": "6 hours", "12h": "12 hours"}
LARGEST = 1e300  # sums and spans of larger values leave the range of float64


@dataclass(frozen=True)
class Trace:
    """One series as it is drawn: means of a step with lowest and highest, or the values as such.

    `step` is "" where nothing was left out; then lowest and highest are the values. `gaps` counts
    those of the series itself, also the ones that a step hides, but where it came in steps.
    `is_thin` marks steps with under half of their values: their mean says too little.
    """

    timestamps: Moments
    values: Floats
    lowest: Floats
    highest: Floats
    breaks: NDArray[np.bool_]  # True where a gap lies between this point and the next
    gaps: int
    is_thin: NDArray[np.bool_]
    step: str = ""

    @property
    def marks(self) -> int:
        """Points of line and band, gaps, and at most one dot for each stretch between gaps."""
        return int(self.values.size) * (2 if self.step else 1) + 2 * int(self.breaks.sum()) + 1


def within(series: Series, start: str | None, end: str | None) -> Series:
    """The part from start, inclusive, to end, exclusive; steps were cut when they were read."""
    if isinstance(series, SteppedSeries):
        return series
    stamps = series.timestamps
    first = np.searchsorted(stamps, moment(start)) if start else 0
    last = np.searchsorted(stamps, moment(end)) if end else stamps.size
    return replace(
        series,
        timestamps=stamps[first:last],
        values=np.clip(series.values[first:last], -LARGEST, LARGEST),
    )


def moment(text: str) -> np.datetime64:
    return np.datetime64(clock.parse(text, "time").replace(tzinfo=None), "us")


def longest_pause(series: Series) -> np.timedelta64:
    """Longest spacing that is not a gap: one and a half intervals.

    Values at irregular times have no interval; there it is one and a half times the spacing that
    nine of ten stay under.
    """
    if series.timestamps.size < 2:
        return np.timedelta64(0, "us")
    spacings = np.diff(series.timestamps).astype(np.int64)
    interval = interval_of(series)
    usual = length_us(interval) if interval else float(np.quantile(spacings, 0.9))
    if interval and interval.inferred and np.mean(spacings <= 1.5 * usual) < 0.5:
        usual = float(np.quantile(spacings, 0.9))
    return np.timedelta64(int(1.5 * usual), "us")


def length_us(interval: Interval) -> float:
    return interval.months * 31 * 86_400e6 if interval.months else float(interval.microseconds)


def as_steps(series: SteppedSeries) -> Trace:
    mean, lowest, highest = (
        np.clip(numbers, -LARGEST, LARGEST)
        for numbers in (series.values, series.lowest, series.highest)
    )
    return Trace(
        timestamps=series.timestamps,
        values=mean,
        lowest=lowest,
        highest=highest,
        breaks=series.gap_after,
        gaps=int(series.gap_after.sum()),
        step=STEP_NAMES.get(series.step, series.step),
        is_thin=series.counts < MIN_SHARE * np.nan_to_num(series.expected),
    )


def as_it_is(series: Series) -> Trace:
    if isinstance(series, SteppedSeries):
        return as_steps(series)
    stamps, values = series.timestamps, series.values
    found = breaks(stamps, longest_pause(series))
    none = np.zeros(values.size, np.bool_)
    return Trace(stamps, values, values, values, found, gaps=int(found.sum()), is_thin=none)


def choose_step(span_us: int, most: int) -> Step:
    """The finest step of which about so many fit into the span."""
    return next((step for step in STEPS if span_us <= most * step.length_us), STEPS[-1])


def floor(stamps: Moments, step: Step) -> Moments:
    """Start of the step that each instant lies in."""
    if step.unit == "W":
        days = stamps.astype("datetime64[D]").astype(np.int64)
        days = (days - MONDAY_DAYS) // 7 * 7 + MONDAY_DAYS
        return days.astype("datetime64[D]").astype("datetime64[us]")
    keys = stamps.astype(f"datetime64[{step.unit}]").astype(np.int64)
    offset = EPOCH if step.unit == "Y" else 0
    keys = (keys + offset) // step.size * step.size - offset
    return keys.astype(f"datetime64[{step.unit}]").astype("datetime64[us]")


def thinned(series: Series, step: Step, gaps: int) -> Trace:
    """Mean, lowest and highest of each calendar step that has values; extremes are never lost."""
    starts = floor(series.timestamps, step)
    first = np.flatnonzero(np.append(True, starts[1:] != starts[:-1]))
    counts = np.diff(np.append(first, starts.size))
    pause = max(longest_pause(series), np.timedelta64(int(1.5 * step.length_us), "us"))
    interval = interval_of(series)
    expected = step.length_us / length_us(interval) if interval else 0.0
    return Trace(
        timestamps=starts[first],
        values=np.add.reduceat(series.values, first) / counts,
        lowest=np.minimum.reduceat(series.values, first),
        highest=np.maximum.reduceat(series.values, first),
        breaks=breaks(starts[first], pause),
        gaps=gaps,
        step=step.name,
        is_thin=counts < MIN_SHARE * expected,
    )


def breaks(stamps: Moments, pause: np.timedelta64) -> NDArray[np.bool_]:
    """Where a gap follows; after the last point there is none."""
    found = np.zeros(stamps.size, np.bool_)
    found[:-1] = np.diff(stamps) > pause
    return found


def traces(series: Sequence[Series], most: int) -> list[Trace]:
    """All series in at most so many marks: as they are if they fit, else the long ones in steps."""
    whole = [as_it_is(one) for one in series]
    if sum(trace.marks for trace in whole) <= most:
        return whole
    share = most // len(series)
    filled = [one.timestamps for one in series if one.timestamps.size]
    span = max(t[-1] for t in filled) - min(t[0] for t in filled)
    # A step is a point of the band and one of the line, and may be followed by a gap.
    step = choose_step(int(span.astype(np.int64)), min(MOST_STEPS, share // 5))
    return [
        thinned(one, step, trace.gaps) if trace.marks > share and not trace.step else trace
        for one, trace in zip(series, whole, strict=True)
    ]
