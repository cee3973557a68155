"""The trend of each season or month, and the seasonal Kendall test and slope of all together."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Step, period_means, period_numbers
from analyses.methods.mann_kendall import Autocorrelation, average_ranks, normal_test
from analyses.methods.normals import PERIODS
from analyses.methods.rain import amount_interval
from analyses.methods.slopes import Floats, Ints, Sen, interval_ranks
from analyses.methods.trend_line import fit, significance, slopes
from datasets.series import Series

By = Literal["none", "season", "month"]

FEWEST = 3  # years in which a season has a trend of its own
MOST_YEARS = 1_000  # the slopes of twelve months over so many years take 100 MB


@dataclass(frozen=True, slots=True)
class Years:
    """Means of complete seasons or months.

    Attributes
    ----------
    names : of the seasons or months
    years : shape (n,), calendar years, ascending; DJF belongs to the year of its January
    table : shape (n, seasons), NaN where one is not complete
    used : shape of the series, which of its values are in the table
    places : shape of the series, in which column each value is
    """

    names: tuple[str, ...]
    years: Ints
    table: Floats
    used: NDArray[np.bool_]
    places: Ints


def years_of(series: Series, by: By, *, min_coverage: float) -> Years:
    step: Step = "season" if by == "season" else "month"
    names = PERIODS[step]
    means = period_means(series, step)
    if not means.means.size:
        return Years(
            names,
            np.empty(0, np.int64),
            np.empty((0, len(names))),
            np.empty(0, np.bool_),
            np.empty(0, np.int64),
        )
    counted = means.complete(min_coverage)
    numbers = period_numbers(means.periods, step)
    first = int(numbers[0]) // len(names)
    table = np.full((int(numbers[-1]) // len(names) - first + 1, len(names)), np.nan)
    table[numbers // len(names) - first, numbers % len(names)] = np.where(
        counted, means.means, np.nan
    )
    where = means.places_of(series.timestamps)
    years = 1970 + first + np.arange(table.shape[0])
    return Years(names, years, table, counted[where], numbers[where] % len(names))


def seasonal_trend(
    series: Series,
    by: By,
    *,
    min_coverage: float,
    confidence: float,
    autocorrelation: Autocorrelation,
) -> dict[str, Any]:
    """Test each season or month by itself, and all together.

    Hirsch, Slack and Smith 1982, doi:10.1029/WR018i001p00107: S and its variance are summed over
    the seasons, and the slope is the median of the slopes between the same season of two years.
    The corrected variance adds the covariances of the seasons (Hirsch and Slack 1984,
    doi:10.1029/WR020i006p00727); it is never made smaller.
    """
    years = years_of(series, by, min_coverage=min_coverage)
    answer: dict[str, Any] = {
        "by": by,
        "n": int(np.isfinite(years.table).sum()),
        "n_values": int(years.used.sum()),
        **amount_interval(series, by),
        **NOTHING,
        "seasons": [],
        "reason": reason_against(years),
    }
    if answer["reason"]:
        return answer
    for name, column in zip(years.names, years.table.T, strict=True):
        one = season_trend(
            years.years, column, confidence=confidence, autocorrelation=autocorrelation
        )
        answer["seasons"].append({"season": name} | one)
    return answer | together(years, confidence=confidence, is_corrected=autocorrelation != "none")


NOTHING: dict[str, Any] = {"theil_sen": None, "mann_kendall": None, "homogeneity": None}


def reason_against(years: Years) -> str | None:
    per_season = np.isfinite(years.table).sum(axis=0)
    if years.years.size > MOST_YEARS:
        return f"The series spans more than {MOST_YEARS} years."
    if per_season.max(initial=0) < FEWEST:
        return f"No season or month is complete in {FEWEST} years."
    if not (years.table < np.fmax.reduce(years.table)).any():
        return "All values of each season or month are equal, so there is no trend to test."
    return None


def season_trend(
    years: Ints, values: Floats, *, confidence: float, autocorrelation: Autocorrelation
) -> dict[str, Any]:
    """The trend of one season; years are whole, so that leap years do not count."""
    there = np.isfinite(values)
    y, n = values[there], int(there.sum())
    nothing = {"n": n, "theil_sen": None, "mann_kendall": None}
    if n < FEWEST:
        return nothing | {"reason": f"A trend needs {FEWEST} years, and there are {n}."}
    if np.ptp(y) == 0:
        return nothing | {"reason": "All values are equal, so there is no trend to test."}
    found = fit(
        years[there].astype(np.float64), y, confidence=confidence, autocorrelation=autocorrelation
    )
    return {
        "n": n,
        "theil_sen": slopes(found.line, found.wide),
        "mann_kendall": significance(found),
        "reason": None,
    }


def together(years: Years, *, confidence: float, is_corrected: bool) -> dict[str, Any]:
    """The seasonal Kendall test and slope."""
    s = np.array([kendall_s(column) for column in years.table.T])
    covariances = covariances_of(years.table)
    variance = float(np.trace(covariances))
    wide = max(variance, float(covariances.sum())) if is_corrected else variance
    found = within(years)
    line, corrected = (pooled_line(found, of, confidence=confidence) for of in (variance, wide))
    z, p = normal_test(int(s.sum()), variance)
    corrected_z, corrected_p = normal_test(int(s.sum()), wide)
    return {
        "theil_sen": slopes(line, corrected),
        "mann_kendall": {
            "tau": float(s.sum()) / found.size,
            "s": int(s.sum()),
            "variance": variance,
            "z": z,
            "p": p,
            "factor": wide / variance,
            "corrected_variance": wide,
            "corrected_z": corrected_z,
            "corrected_p": corrected_p,
        },
        "homogeneity": homogeneity(s, np.diag(covariances)),
    }


def signs_of(values: Floats) -> Floats:
    """Sign of every value minus every other; 0 where one of them is missing."""
    return np.asarray(np.nan_to_num(np.sign(values[:, np.newaxis] - values), nan=0.0))


def kendall_s(values: Floats) -> int:
    return int(np.tril(signs_of(values)).sum())


def covariances_of(table: Floats) -> Floats:
    """Covariances of S between the seasons, with ties and missing values.

    Hirsch and Slack 1984, equation 6, by Dietz and Killeen 1981: (K + 4 Σ R R − n (n+1) (n+1)) / 3,
    K being Kendall's S of two seasons and R their ranks; what is missing has the middle rank.
    """
    signs = np.array([signs_of(column).ravel() for column in table.T], np.float32)
    ranks = np.array([centred_ranks(column) for column in table.T])
    # Sums of up to a million of −1, 0 and 1 are exact in single precision.
    k = (signs @ signs.T).astype(np.float64) / 2
    return np.asarray((k + 4 * ranks @ ranks.T) / 3)


def centred_ranks(values: Floats) -> Floats:
    there = np.isfinite(values)
    ranks = np.zeros(values.size)
    if there.any():
        ranks[there] = average_ranks(values[there]) - (there.sum() + 1) / 2
    return ranks


def within(years: Years) -> Floats:
    """Slopes between all pairs of years of the same season."""
    found = []
    for column in years.table.T:
        there = np.isfinite(column)
        x, y = years.years[there], column[there]
        first, second = np.triu_indices(x.size, 1)
        found.append((y[second] - y[first]) / (x[second] - x[first]))
    return np.concatenate(found)


def pooled_line(found: Floats, variance: float, *, confidence: float) -> Sen:
    """The median of the slopes, and their ranks that the variance of S gives (Gilbert 1987)."""
    below, above = interval_ranks(found.size, variance, confidence=confidence)
    sorted_at = np.partition(found, [below, above])
    return Sen(
        slope=float(np.median(found)),
        intercept=math.nan,  # each season has one of its own
        lower=float(sorted_at[below]),
        upper=float(sorted_at[above]),
    )


def homogeneity(s: Ints, variances: Floats) -> dict[str, Any] | None:
    """Whether the seasons agree: van Belle and Hughes 1984, doi:10.1029/WR020i001p00127."""
    from scipy.stats import chi2

    tested = variances > 0
    if tested.sum() < 2:
        return None
    z = s[tested] / np.sqrt(variances[tested])
    chi_squared, degrees = float(((z - z.mean()) ** 2).sum()), int(tested.sum()) - 1
    return {
        "chi_squared": chi_squared,
        "degrees": degrees,
        "p": float(chi2.sf(chi_squared, degrees)),
    }
