"""Least squares of a line, with errors for independent values and for dependent ones."""

import math
from typing import Any

import numpy as np

from analyses.methods.autocorrelation import lag_1
from analyses.methods.slopes import Floats

DECADE = 10.0


def least_squares(x: Floats, y: Floats, *, confidence: float) -> dict[str, Any]:
    """Fit a line to three values or more, for comparison: residuals are taken for normal.

    The errors named `hac` allow for residuals that are alike in time or vary in spread (Newey and
    West 1987), too little in short series; the others take them for independent.
    """
    from scipy.stats import linregress, t

    fit = linregress(x, y)
    degrees = x.size - 2
    reach = float(t.ppf((1 + confidence) / 2, degrees))
    residuals = y - fit.intercept - fit.slope * x
    squares = float(residuals @ residuals)
    exact = math.sqrt(squares) <= 1e-12 * float(np.abs(y).max()) * math.sqrt(y.size)
    lags = newey_west_lags(x.size)
    error = newey_west_error(x, residuals, lags=lags)
    return {
        "per_decade": DECADE * fit.slope,
        "per_decade_lower": DECADE * (fit.slope - reach * fit.stderr),
        "per_decade_upper": DECADE * (fit.slope + reach * fit.stderr),
        "per_year": fit.slope,
        "intercept": fit.intercept,
        "r_squared": fit.rvalue**2,
        "p": fit.pvalue,
        "hac_per_decade_lower": DECADE * (fit.slope - reach * error),
        "hac_per_decade_upper": DECADE * (fit.slope + reach * error),
        "hac_p": 2 * float(t.sf(abs(fit.slope) / error, degrees)) if error else None,
        "hac_lags": lags,
        # What is left of an exact line is rounding, and says nothing about neighbours.
        "durbin_watson": None if exact else float(np.sum(np.diff(residuals) ** 2)) / squares,
        "lag_1_autocorrelation": None if exact else lag_1(residuals),
    }


def newey_west_lags(n: int) -> int:
    """The rule of thumb of Newey and West 1994, doi:10.2307/2297912."""
    return min(int(4 * (n / 100) ** (2 / 9)), n - 1)


def newey_west_error(x: Floats, residuals: Floats, *, lags: int) -> float:
    """Standard error of the slope with Bartlett's weights and n / (n − 2).

    Newey and West 1987, doi:10.2307/1913610. With x around its mean the slope's variance stands by
    itself, so no matrix is needed.
    """
    centred = x - x.mean()
    scores = centred * residuals
    total = float(scores @ scores)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(scores[lag:] @ scores[:-lag])
    spread = float(centred @ centred)
    return math.sqrt(max(total, 0.0) * x.size / (x.size - 2)) / spread
