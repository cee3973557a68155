"""The Mann–Kendall test for a monotonic trend, and what dependence between values does to it."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from analyses.methods.autocorrelation import autocorrelations, lag_1, sample_size_factor
from analyses.methods.slopes import (
    Floats,
    count_inversions,
    count_ties,
    kendall_variance,
    order_of,
)

Autocorrelation = Literal[
    "hamed_rao", "yue_wang", "pre_whitening", "trend_free_pre_whitening", "none"
]


@dataclass(frozen=True, slots=True)
class MannKendall:
    """Kendall's tau-b and S, and the test that takes values for independent."""

    tau: float
    s: int
    variance: float
    z: float
    p: float


def mann_kendall(y: Floats, *, factor: float = 1.0) -> MannKendall:
    """Test values in order of time (Mann 1945; Kendall 1975), with ties and continuity corrected.

    Parameters
    ----------
    y : shape (n,), n ≥ 2
        Equal values have no trend: S is 0 and p is 1.
    factor : > 0
        What dependence multiplies the variance of S by.
    """
    pairs = y.size * (y.size - 1) // 2
    order = order_of(y)
    untied = pairs - count_ties(y[order])
    s = untied - 2 * count_inversions(order)
    variance = kendall_variance(y) * factor
    z, p = normal_test(s, variance)
    tau = s / math.sqrt(pairs * untied) if untied else 0.0
    return MannKendall(tau=tau, s=s, variance=variance, z=z, p=p)


def normal_test(s: int, variance: float) -> tuple[float, float]:
    """Z of S, one step nearer to zero, and its two-sided p."""
    if variance <= 0:
        return 0.0, 1.0
    z = math.copysign(max(abs(s) - 1, 0), s) / math.sqrt(variance)
    return z, math.erfc(abs(z) / math.sqrt(2))


def variance_factor(residuals: Floats, method: Autocorrelation, *, confidence: float) -> float:
    """What the variance of S is multiplied by because neighbouring values are alike.

    The residuals are those of the Theil–Sen line, in order. Lags count values, so a gap is no lag.
    Never below 1: negative correlation must not make a trend look surer than it would be without.
    Where values are whitened instead it is 1.
    """
    if np.ptp(residuals) == 0 or residuals.size < 3:
        return 1.0
    if method == "yue_wang":
        return max(1.0, yue_wang(residuals))
    if method == "hamed_rao":
        return max(1.0, hamed_rao(residuals, confidence=confidence))
    return 1.0


def hamed_rao(residuals: Floats, *, confidence: float) -> float:
    """Hamed and Rao 1998, doi:10.1016/S0022-1694(97)00125-X: significant lags of the ranks."""
    n = residuals.size
    # Two points that define the line tie but for rounding, which must not decide their ranks.
    level = np.round((residuals - residuals.min()) / np.ptp(residuals), 10)
    rho = autocorrelations(average_ranks(level))[1:]
    rho[np.abs(rho) <= NormalDist().inv_cdf((1 + confidence) / 2) / math.sqrt(n)] = 0.0
    lags = np.arange(1, n, dtype=np.float64)
    weights = (n - lags) * (n - lags - 1) * (n - lags - 2)
    return 1 + 2 / (float(n) * (n - 1) * (n - 2)) * float(weights @ rho)


def yue_wang(residuals: Floats) -> float:
    """Yue and Wang 2004, doi:10.1023/B:WARM.0000043140.61082.60: first-order autoregression.

    The lag-1 correlation r stands for all lags as r^k. The measured correlations of all lags cannot
    be summed instead: by construction they add up to −1/2, whatever the values are.
    """
    r = lag_1(residuals - residuals.mean())
    return sample_size_factor(np.power(r, np.arange(1.0, residuals.size)), residuals.size)


def average_ranks(values: Floats) -> Floats:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])
