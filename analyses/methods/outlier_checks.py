"""Checks of each value of a series against the others of the same series.

Each gives a score to every value that it can judge. A spread is that of the median absolute
deviation, scaled so that it is the standard deviation where values are normal.
"""

from dataclasses import dataclass

import numpy as np

from analyses.methods.calendar import leap_day_of, month_of
from analyses.methods.neighbours import Bools
from analyses.methods.normals import DAYS, by_day_of_year
from analyses.methods.slopes import Floats, Ints
from analyses.methods.spread import MAD_TO_STD, robust_spread
from datasets.series import Series

MIN_VALUES = 5
MIN_SEASON = 10
# Neighbours further apart than so many usual spacings are none.
NEAR = 1.5
AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """What one check says of each value.

    Attributes
    ----------
    scores : shape (n,), NaN where the check cannot judge the value
    expected : shape (n,), what the value should be near, NaN where the check does not say
    threshold : a score above it is a doubt
    doubted : shape (n,)
    reason : why it judges nothing, if so
    """

    scores: Floats
    expected: Floats
    threshold: float
    doubted: Bools
    reason: str | None = None

    @property
    def judged(self) -> Bools:
        return np.isfinite(self.scores)


def check_of(scores: Floats, expected: Floats, threshold: float, reason: str) -> Check:
    """Doubt what is above the threshold; `reason` holds where nothing could be judged."""
    scores = np.where(np.isfinite(scores), scores, np.nan)
    doubted = scores > threshold
    is_empty = not np.isfinite(scores).any()
    return Check(scores, expected, threshold, doubted, reason if is_empty else None)


def nothing(n: int, threshold: float, reason: str) -> Check:
    return Check(np.full(n, np.nan), np.full(n, np.nan), threshold, np.zeros(n, np.bool_), reason)


def distances(values: Floats, middle: Floats, spread: Floats) -> Floats:
    """How many spreads each value is from its middle, NaN where the spread is 0."""
    found = np.full(values.shape, np.nan)
    np.divide(np.abs(values - middle), spread, out=found, where=spread > 0)
    return found


def robust_z(series: Series, threshold: float) -> Check:
    """Distance from the median of all values, in spreads: Iglewicz and Hoaglin 1993."""
    values = series.values
    if values.size < MIN_VALUES:
        return nothing(values.size, threshold, f"There are fewer than {MIN_VALUES} values.")
    middle = np.median(values)
    spread = np.full(values.size, robust_spread(values, middle))
    expected = np.full(values.size, middle)
    reason = "Half of the values or more are equal, so there is no spread to measure by."
    return check_of(distances(values, expected, spread), expected, threshold, reason)


def hampel(series: Series, *, window: int, threshold: float) -> Check:
    """Distance from the median of the values around it, in their spreads: Pearson 2002.

    A value near an end is judged by the window of full length that begins or ends there. A window
    with gaps as long as itself judges nothing.
    """
    values, n = series.values, series.values.size
    if n < window:
        return nothing(n, threshold, f"There are fewer than {window} values.")
    windows = np.lib.stride_tricks.sliding_window_view(values, window)
    middles, spreads = np.empty(len(windows)), np.empty(len(windows))
    step = max(1, AT_ONCE // window)
    for first in range(0, len(windows), step):
        part = windows[first : first + step]
        middle = np.median(part, axis=1)
        middles[first : first + step] = middle
        away = np.abs(part - middle[:, None])
        spreads[first : first + step] = MAD_TO_STD * np.median(away, axis=1)
    stamps = series.timestamps.astype(np.int64)
    lengths = stamps[window - 1 :] - stamps[: n - window + 1]
    spreads[lengths >= 2 * window * np.median(np.diff(stamps))] = 0.0
    place = np.clip(np.arange(n) - window // 2, 0, len(windows) - 1)
    scores = distances(values, middles[place], spreads[place])
    reason = "In every window half of the values or more are equal, or gaps are too long."
    return check_of(scores, middles[place], threshold, reason)


def seasonal_iqr(series: Series, *, season: str, window_days: int, factor: float) -> Check:
    """Distance beyond the quartiles of the same time of the year, in their range: Tukey 1977."""
    values = series.values
    scores, expected = np.full(values.size, np.nan), np.full(values.size, np.nan)
    for judged, around in seasons(series, season, window_days):
        if around.size < MIN_SEASON or not judged.size:
            continue
        low, middle, high = np.percentile(values[around], [25, 50, 75])
        expected[judged] = middle
        if high > low:
            beyond = np.maximum(low - values[judged], values[judged] - high)
            scores[judged] = np.maximum(beyond, 0.0) / (high - low)
    reason = f"No time of the year has {MIN_SEASON} values that differ."
    return check_of(scores, expected, factor, reason)


def seasons(series: Series, season: str, window_days: int) -> list[tuple[Ints, Ints]]:
    """Places of the values of each time of the year, and of those that they are judged by."""
    if season == "month":
        months = month_of(series.timestamps)
        by_month = [np.flatnonzero(months == month) for month in range(1, 13)]
        return [(places, places) for places in by_month if places.size]
    by_day = by_day_of_year(leap_day_of(series.timestamps))
    reach = range(-(window_days // 2), window_days // 2 + 1)
    return [
        (by_day[day], np.concatenate([by_day[(day + shift) % DAYS] for shift in reach]))
        for day in range(DAYS)
        if by_day[day].size
    ]


def jumps(series: Series, threshold: float) -> Check:
    """Step from the value before, in spreads of all steps.

    Steps over a gap are not judged. A step that only leads back to where the values were before
    a doubted one says nothing against the value that it leads to.
    """
    values, n = series.values, series.values.size
    if n < MIN_VALUES:
        return nothing(n, threshold, f"There are fewer than {MIN_VALUES} values.")
    steps, near = np.diff(values), is_near(series)
    usual = steps[near & np.isfinite(steps)]
    middle = float(np.median(usual)) if usual.size else np.nan
    spread = robust_spread(usual, middle) if usual.size else 0.0
    sizes = distances(steps, np.full(n - 1, middle), np.full(n - 1, spread))
    scores, expected = np.full(n, np.nan), np.full(n, np.nan)
    scores[1:], expected[1:] = np.where(near, sizes, np.nan), values[:-1]
    found = check_of(scores, expected, threshold, "Half of the steps or more are equal.")
    back = np.zeros(n, np.bool_)
    away = np.abs(values[2:] - values[:-2] - 2 * middle)
    back[2:] = found.doubted[1:-1] & (away <= threshold * spread)
    return Check(found.scores, expected, threshold, found.doubted & ~back, found.reason)


def is_near(series: Series) -> Bools:
    """Whether each value but the last is followed by its neighbour, and not by a gap."""
    spacing = np.diff(series.timestamps).astype("timedelta64[us]").astype(np.int64)
    return np.asarray(spacing <= NEAR * np.median(spacing))


def flat_lines(series: Series, longest: int) -> Check:
    """How many equal values stand one after the other; gaps between them do not count.

    Zeros are no flat line where no value is below zero: dry days follow each other.
    """
    values, n = series.values, series.values.size
    if n < 2:
        return nothing(n, longest, "There are fewer than 2 values.")
    edges = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0, [True]]))
    lengths = np.diff(edges)
    scores = np.repeat(lengths, lengths).astype(np.float64)
    if values.min() == 0:
        scores[values == 0] = np.nan
    reason = "All values are zero, which may be so for long." if np.isnan(scores).all() else None
    return Check(scores, np.full(n, np.nan), longest, scores >= longest, reason)
