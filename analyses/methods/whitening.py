"""Pre-whitening: values from which the likeness of neighbours is taken before they are tested."""

import math
from statistics import NormalDist
from typing import Literal

import numpy as np

from analyses.methods.autocorrelation import lag_1
from analyses.methods.slopes import Floats

Whitening = Literal["pre_whitening", "trend_free_pre_whitening"]


def removable(values: Floats, *, confidence: float) -> float:
    """The lag-1 correlation where it is above chance, else 0.

    The limit is that of Anderson 1942, doi:10.1214/aoms/1177731638. What is negative stays: to
    remove it would make a trend look surer than it is without.
    """
    n = values.size
    if n < 4 or np.ptp(values) == 0:
        return 0.0
    limit = (NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(n - 2) - 1) / (n - 1)
    r = lag_1(values - values.mean())
    return r if r > limit else 0.0


def whitened(x: Floats, y: Floats, *, slope: float, r: float, share: float) -> Floats:
    """Take the share r of each value's predecessor from it; all but the first, so n − 1 values.

    The line is taken away before and given back after, `share` of its slope, so that a gap bends
    nothing. 1 − r is what is left where it is not taken away at all (von Storch 1995); with 1 it is
    the trend-free way (Yue et al. 2002, doi:10.1002/hyp.1095).
    """
    rest = y - slope * x
    return np.asarray(rest[1:] - r * rest[:-1] + share * slope * x[1:])
