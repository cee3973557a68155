"""Means of days, months, seasons or years as regular rows, and what is done about their gaps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Moments, Step, leap_day_of, period_means
from analyses.methods.normals import LEAP_DAY
from analyses.methods.slopes import Floats
from datasets.series import Series

PER_YEAR: dict[str, int] = {"day": 365, "month": 12, "year": 1}
# The longest gap that is bridged unless another is asked for.
MAX_GAP: dict[str, int] = {"day": 31, "month": 3, "season": 1, "year": 1}
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Rows:
    """All periods from the first complete one to the last.

    Attributes
    ----------
    values : NaN where a period is not complete
    fitted : False for a 29 February that is left out, so that years have 365 days
    used : shape of the series, which of its values are in a complete period that is fitted
    is_leap_day : shape of the series, which of its values are left out as 29 February
    """

    timestamps: Moments
    values: Floats
    fitted: NDArray[np.bool_]
    used: NDArray[np.bool_]
    is_leap_day: NDArray[np.bool_]


def rows_of(series: Series, step: Step, lengths: list[int], min_coverage: float) -> Rows:
    means = period_means(series, step)
    counted = means.complete(min_coverage)
    counted &= np.isfinite(means.means)
    values = np.where(counted, means.means, np.nan)
    is_leap_day = np.zeros(values.size, np.bool_)
    if step == "day" and lengths == [PER_YEAR["day"]]:
        is_leap_day = leap_day_of(means.periods) == LEAP_DAY
    where = means.places_of(series.timestamps)
    ends = np.flatnonzero(counted & ~is_leap_day)
    kept = slice(ends[0], ends[-1] + 1) if ends.size else slice(0, 0)
    return Rows(
        timestamps=means.periods[kept],
        values=values[kept],
        fitted=~is_leap_day[kept],
        used=(counted & ~is_leap_day)[where],
        is_leap_day=is_leap_day[where],
    )


def reason_against_length(rows: Rows, step: Step, longest: int) -> str | None:
    y = rows.values[rows.fitted]
    if rows.values.size > MOST_ROWS:
        return f"There are {rows.values.size} {step}s, and at most {MOST_ROWS} are decomposed."
    if y.size <= 2 * longest:
        return (
            f"More than two seasons of {longest} {step}s are needed, and from the first complete "
            f"{step} to the last there are {y.size}."
        )
    if np.nanmin(y) == np.nanmax(y):
        return "All values are equal, so there is nothing to decompose."
    return None


def reason_against_gaps(
    y: Floats, step: str, longest: int, *, max_gap: int, max_missing: float
) -> str | None:
    missing = np.isnan(y)
    gap = int(np.diff(np.flatnonzero(~missing)).max()) - 1
    if gap > max_gap:
        return f"The longest gap has {gap} {step}s, and at most {max_gap} are bridged."
    if missing.mean() > max_missing:
        return f"{missing.mean():.1%} of all {step}s are missing, more than {max_missing:.1%}."
    if np.bincount(np.arange(y.size) % longest, weights=~missing).min() == 0:
        return f"One {step} of the season is missing in every season."
    return None


def bridged(y: Floats, period: int) -> Floats:
    """Fill gaps for the fit: the mean of the place in the season, and the anomalies around."""
    there, place = np.isfinite(y), np.arange(y.size) % period
    if there.all():
        return y
    counts = np.maximum(np.bincount(place[there], minlength=period), 1)
    usual = (np.bincount(place[there], weights=y[there], minlength=period) / counts)[place]
    at = np.arange(y.size)
    anomalies = np.interp(at[~there], at[there], (y - usual)[there])
    filled = y.copy()
    filled[~there] = usual[~there] + anomalies
    return filled
