"""Check of each value against what neighbouring stations say, after Durre et al. 2010."""

from collections.abc import Iterator, Sequence

import numpy as np

from analyses.methods.calendar import Moments, interval_of
from analyses.methods.neighbours import Lines, aligned, fit, weighted
from analyses.methods.outlier_checks import Check, check_of, nothing
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series

MIN_PAIRS = 40
AROUND = np.timedelta64(15, "D")
DAY = np.timedelta64(1, "D")


def spatial(
    series: Series,
    neighbours: Sequence[Series],
    *,
    threshold: float,
    limit: float,
    min_correlation: float,
    min_neighbours: int,
) -> Check:
    """Standardised difference from an estimate by the neighbours.

    By calendar month, with 15 days on both sides: the line from each neighbour with at least 40
    common values and a high enough correlation; the mean of what the lines say, weighted by the
    index of agreement; the difference of each value from it, standardised over the window. Of daily
    values the one of the neighbour's three days that is closest is taken, since days do not end at
    the same hour everywhere. Where values are further apart than a day, all are one window.

    Parameters
    ----------
    threshold : standardised difference above which a value is doubted
    limit : smallest difference that is doubted, in the unit of the series
    min_correlation : of a neighbour with the series over the window
    min_neighbours : with fewer a value is not judged
    """
    n = series.values.size
    if len(neighbours) < min_neighbours:
        there = f"there are {len(neighbours)}" if len(neighbours) != 1 else "there is 1"
        reason = f"At least {min_neighbours} neighbouring stations are needed, and {there}."
        return nothing(n, threshold, reason)
    table, _ = closest(series, neighbours)
    scores, expected = np.full(n, np.nan), np.full(n, np.nan)
    for core, window, lines, weights in judgements(
        series, table, min_correlation=min_correlation, min_neighbours=min_neighbours
    ):
        estimates = weighted(lines.estimates(table[window]), weights, at_least=min_neighbours)
        inner = slice(core.start - window.start, core.stop - window.start)
        expected[core] = estimates[inner]
        scores[core] = standardised(series.values[window] - estimates)[inner]
    reason = (
        f"No month has {min_neighbours} neighbours with {MIN_PAIRS} common values alike enough."
    )
    found = check_of(scores, expected, threshold, reason)
    far = np.abs(series.values - expected) >= limit
    return Check(found.scores, expected, threshold, found.doubted & far, found.reason)


def judgements(
    series: Series, table: Floats, *, min_correlation: float, min_neighbours: int
) -> Iterator[tuple[slice, slice, Lines, Floats]]:
    """Places that are judged, those around that judge them, by which lines, and their weights."""
    for core, window in windows(series):
        lines = fit(series.values[window], table[window])
        usable = lines.usable(min_pairs=MIN_PAIRS, min_correlation=min_correlation)
        if usable.sum() >= min_neighbours:
            yield core, window, lines, np.where(usable, lines.agreements, 0.0)


def standardised(residuals: Floats) -> Floats:
    """Size of each residual from their mean, in standard deviations; NaN where they are equal."""
    there = residuals[np.isfinite(residuals)]
    if there.size < 2:
        return np.full(residuals.size, np.nan)
    spread = float(np.std(there, ddof=1))
    if not spread > 0:
        return np.full(residuals.size, np.nan)
    return np.asarray(np.abs(residuals - float(np.mean(there))) / spread)


def closest(series: Series, neighbours: Sequence[Series]) -> tuple[Floats, Ints]:
    """The neighbours' values; of daily ones that of the day before, the day or the day after.

    And how many days after the series' time each of them is: 0, -1 or 1.
    """
    stamps = series.timestamps
    table = aligned(stamps, neighbours)
    shifts = np.zeros(table.shape, np.int64)
    interval = interval_of(series)
    if interval is None or str(interval) != "P1D":
        return table, shifts
    for shift in (-1, 1):
        other = aligned(stamps + shift * DAY, neighbours)
        # Compared with a NaN nothing is closer; the day itself stays where both are as close.
        nearer = np.abs(other - series.values[:, None]) < np.abs(table - series.values[:, None])
        table, shifts = np.where(nearer, other, table), np.where(nearer, shift, shifts)
    return table, shifts


def windows(series: Series) -> Iterator[tuple[slice, slice]]:
    """Places of each calendar month, and of the values that it is judged by."""
    stamps: Moments = series.timestamps
    if not stamps.size:
        return
    interval = interval_of(series)
    if interval is None or interval.coarser_than("day"):
        yield slice(0, stamps.size), slice(0, stamps.size)
        return
    months = np.unique(stamps.astype("datetime64[M]"))
    starts = months.astype("datetime64[us]")
    ends = (months + 1).astype("datetime64[us]")
    edges = [
        np.searchsorted(stamps, some) for some in (starts, ends, starts - AROUND, ends + AROUND)
    ]
    for number, (first, last, lo, hi) in enumerate(zip(*edges, strict=True)):
        if number % 100 == 0:
            progress(number / months.size)
        yield slice(first, last), slice(lo, hi)
