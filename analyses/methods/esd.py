"""The generalised test of extreme studentised deviates, and its robust form."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analyses.methods.slopes import Floats, Ints
from analyses.methods.spread import robust_spread

Direction = Literal["both", "high", "low"]


@dataclass(frozen=True, slots=True)
class Esd:
    """The candidates, the farthest out first, and how many of them are outliers.

    Attributes
    ----------
    places : where the candidates stand in the values
    statistics, critical : of the test for so many outliers; NaN where no spread is left
    n_outliers : the candidates from the first to this number
    """

    places: Ints
    statistics: Floats
    critical: Floats
    n_outliers: int


def generalised_esd(
    values: Floats,
    *,
    most: int,
    alpha: float = 0.05,
    is_robust: bool = False,
    direction: Direction = "both",
) -> Esd:
    """Test whether there are one, two … up to `most` outliers in normal values.

    Parameters
    ----------
    values : shape (n,), any unit
        Finite, in any order.
    most : number of candidates
        At most n - 2 are tested.
    alpha : significance level
    is_robust : with median and median absolute deviation, which the outliers themselves cannot
        move, in place of mean and standard deviation; the critical values stay those of Rosner
    direction : "high" or "low" tests one side only

    Returns
    -------
    Esd
        Time is that of sorting, and for each candidate that of one pass over the values.

    References
    ----------
    Rosner 1983, doi:10.1080/00401706.1983.10487848; NIST/SEMATECH e-Handbook of Statistical
    Methods, 1.3.5.17.3; robust form: Vallis, Hochenbaum and Kejariwal 2014 (HotCloud '14).
    """
    count = max(0, min(most, values.size - 2))
    order = np.argsort(values, kind="stable")
    left = values[order]
    places, statistics = np.empty(count, np.int64), np.full(count, np.nan)
    for number in range(count):
        middle, spread = centre(left, is_robust=is_robust)
        # Of sorted values the farthest from any middle is the first or the last.
        high, low = left[-1] - middle, middle - left[0]
        is_high = direction == "high" or (direction == "both" and high >= low)
        if spread > 0:
            statistics[number] = (high if is_high else low) / spread
        places[number] = order[-1] if is_high else order[0]
        order, left = (order[:-1], left[:-1]) if is_high else (order[1:], left[1:])
    critical = critical_values(values.size, count, alpha=alpha, direction=direction)
    beyond = np.flatnonzero(statistics > critical)
    return Esd(places, statistics, critical, int(beyond[-1]) + 1 if beyond.size else 0)


def centre(values: Floats, *, is_robust: bool) -> tuple[float, float]:
    """Middle and spread; the spread of values that are equal up to rounding is 0."""
    if is_robust:
        middle = float(np.median(values))
        spread = robust_spread(values, middle)
    else:
        middle, spread = float(values.mean()), float(values.std(ddof=1))
    largest = max(abs(float(values[0])), abs(float(values[-1])))
    return middle, spread if spread > 1e-12 * largest else 0.0


def critical_values(n: int, count: int, *, alpha: float, direction: Direction) -> Floats:
    """Lambda of Rosner for the first, second … test, with half the level on each of two sides."""
    from scipy.stats import t

    number = np.arange(1, count + 1)
    left = n - number + 1
    sides = 2 if direction == "both" else 1
    # The last test of all compares with the two values that are left.
    quantile = t.ppf(1 - alpha / (sides * left), left - 2)
    return np.asarray((left - 1) * quantile / np.sqrt((left - 2 + quantile**2) * left))
