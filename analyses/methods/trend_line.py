"""One line: its Theil–Sen slope, its test, and what dependence between values does to both."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyses.methods.mann_kendall import (
    Autocorrelation,
    MannKendall,
    mann_kendall,
    variance_factor,
)
from analyses.methods.slopes import Floats, Sen, theil_sen
from analyses.methods.whitening import removable, whitened

DECADE = 10.0


@dataclass(frozen=True, slots=True)
class Fit:
    """The line and test of independent values, and those that allow for dependence.

    Attributes
    ----------
    line, wide : with the interval of independent values, and with the corrected one; the same slope
        where values are not whitened
    test, corrected : the same test, by another variance or on whitened values
    factor : what the variance of S was multiplied by
    removed : the lag-1 correlation that was taken from the values, 0 where none was
    """

    line: Sen
    wide: Sen
    test: MannKendall
    corrected: MannKendall
    factor: float
    removed: float


def fit(x: Floats, y: Floats, *, confidence: float, autocorrelation: Autocorrelation) -> Fit:
    """Fit a line to three values or more; x is strictly ascending."""
    line, test = theil_sen(x, y, confidence=confidence), mann_kendall(y)
    rest = y - line.slope * x
    # Plain pre-whitening measures the likeness with the trend in it, so it takes some trend away.
    tested = y if autocorrelation == "pre_whitening" else rest
    removed = 0.0
    if autocorrelation in {"pre_whitening", "trend_free_pre_whitening"}:
        removed = removable(tested, confidence=confidence)
    if removed:
        return whitened_fit(x, y, line, confidence=confidence, removed=removed, way=autocorrelation)
    factor = variance_factor(rest, autocorrelation, confidence=confidence)
    if factor == 1:
        return Fit(line, line, test, test, 1.0, 0.0)
    wide = theil_sen(x, y, confidence=confidence, factor=factor)
    return Fit(line, wide, test, mann_kendall(y, factor=factor), factor, 0.0)


def whitened_fit(
    x: Floats, y: Floats, line: Sen, *, confidence: float, removed: float, way: Autocorrelation
) -> Fit:
    """Test whitened values, and take the slope with its interval from them.

    Divided by 1 − r they have the trend of the values themselves, and noise without likeness (Wang
    and Swail 2001, doi:10.1175/1520-0442(2001)014<2204:COEWHI>2.0.CO;2). The slope of the values
    themselves may lie outside this interval.
    """
    left = 1 - removed
    share = left if way == "pre_whitening" else 1.0
    tested = whitened(x, y, slope=line.slope, r=removed, share=share)
    scaled = whitened(x, y, slope=line.slope, r=removed, share=left) / left
    found = theil_sen(x[1:], scaled, confidence=confidence)
    # Through the medians of times and values, as the line of the values themselves.
    intercept = line.intercept + (line.slope - found.slope) * float(np.median(x))
    wide = replace(found, intercept=intercept)
    return Fit(line, wide, mann_kendall(y), mann_kendall(tested), 1.0, removed)


def slopes(line: Sen, wide: Sen) -> dict[str, float]:
    """The slope with its interval for independent values, and both corrected."""
    per_year = {
        "per_year": line.slope,
        "per_year_lower": line.lower,
        "per_year_upper": line.upper,
        "corrected_per_year": wide.slope,
        "corrected_per_year_lower": wide.lower,
        "corrected_per_year_upper": wide.upper,
    }
    per_decade = {
        name.replace("year", "decade"): DECADE * value for name, value in per_year.items()
    }
    return per_decade | per_year


def significance(found: Fit) -> dict[str, Any]:
    return {
        "tau": found.test.tau,
        "s": found.test.s,
        "variance": found.test.variance,
        "z": found.test.z,
        "p": found.test.p,
        "factor": found.factor,
        "removed_autocorrelation": found.removed,
        "corrected_s": found.corrected.s,
        "corrected_variance": found.corrected.variance,
        "corrected_z": found.corrected.z,
        "corrected_p": found.corrected.p,
    }
