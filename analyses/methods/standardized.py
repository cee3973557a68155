"""Standardized indices: sums of months as quantiles of the standard normal distribution.

A distribution is fitted to the sums that end in the same month of the year, in the years of the
reference. Sums of zero stand apart: with a share q of them H(x) = q + (1 − q) G(x), where G is
fitted to the others (Thom 1966; Edwards and McKee 1997). Probabilities are taken from the nearer
tail, so that wet extremes are as exact as dry ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analyses.methods.days import Bools
from analyses.methods.slopes import Floats, Ints

Distribution = Literal["gamma", "pearson3", "log_logistic"]
Way = Literal["lmoments", "ml", "app"]
Tails = tuple[Floats, Floats]  # probabilities below and above
LEAST_SUMS = 10
LEAST_POSITIVE = 4
TINY = 1e-6  # skewness as none
SIZES = {"shape", "scale", "deviation"}  # that are above zero
OF_SUMS = ("location", "scale", "mean", "deviation")  # parameters in the unit of the sums


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted to the sums that end in a month of the year.

    Attributes
    ----------
    n, zeros : sums in the reference years, and those of them that are zero
    parameters : by their usual names; None where nothing could be fitted
    """

    month: int
    n: int
    zeros: int
    parameters: dict[str, float] | None = None
    reason: str | None = None


def rolling_sums(values: Floats, months: int) -> Floats:
    """Sum of so many months, this one the last; NaN where one of them is missing."""
    found = np.full(values.size, np.nan)
    if values.size >= months:
        windows = np.lib.stride_tricks.sliding_window_view(values, months)
        found[months - 1 :] = windows.sum(axis=1)
    return found


def standardized(
    sums: Floats,
    month_of_year: Ints,
    is_reference: Bools,
    *,
    distribution: Distribution,
    way: Way,
    has_zeros: bool,
) -> tuple[Floats, list[Fit]]:
    """Quantiles of the standard normal distribution, and the fits of the twelve months."""
    found = np.full(sums.size, np.nan)
    fits = []
    for month in range(1, 13):
        mine = (month_of_year == month) & np.isfinite(sums)
        sample = sums[mine & is_reference]
        fit = fitted(month, sample, distribution=distribution, way=way, has_zeros=has_zeros)
        if fit.parameters is not None:
            below, above = TAILS[distribution](fit.parameters, sums[mine])
            if has_zeros:
                below, above = with_zeros(below, above, sums[mine], fit.zeros / fit.n)
            found[mine] = normal_quantiles(below, above)
        fits.append(fit)
    return found, fits


def fitted(
    month: int, sample: Floats, *, distribution: Distribution, way: Way, has_zeros: bool
) -> Fit:
    zeros = int((sample == 0).sum()) if has_zeros else 0
    fit = Fit(month, sample.size, zeros)
    counted = sample[sample != 0] if has_zeros else sample
    if sample.size < LEAST_SUMS:
        return without(fit, f"A fit wants {LEAST_SUMS} years, and there are {sample.size}.")
    if counted.size < LEAST_POSITIVE:
        return without(fit, f"A fit wants {LEAST_POSITIVE} sums above zero, and there are fewer.")
    if distribution == "gamma" and counted.min() < 0:
        return without(fit, "A gamma distribution has no negative values.")
    if np.ptp(counted) <= 1e-12 * np.abs(counted).max():
        return without(fit, "All sums are equal.")
    try:
        parameters = FITS[distribution, way](counted)
    except (ValueError, RuntimeError, ArithmeticError):  # of the library, on absurd values
        parameters = {"scale": np.nan}
    sizes = [size for name, size in parameters.items() if name in SIZES]
    if not (np.isfinite(list(parameters.values())).all() and min(sizes) > 0):
        return without(fit, "The distribution cannot be fitted to these sums.")
    return Fit(month, fit.n, fit.zeros, parameters)


def without(fit: Fit, reason: str) -> Fit:
    return Fit(fit.month, fit.n, fit.zeros, None, reason)


def with_zeros(below: Floats, above: Floats, sums: Floats, share: float) -> Tails:
    """A sum of zero is as rare as all zeros together."""
    is_zero = sums == 0
    return (
        np.where(is_zero, share, share + (1 - share) * below),
        np.where(is_zero, 1 - share, (1 - share) * above),
    )


def normal_quantiles(below: Floats, above: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(np.where(below < above, ndtri(below), -ndtri(above)))


# ------------------------------------------------------------------ fits


def lmoments(sample: Floats) -> tuple[float, float, float]:
    """The first two L-moments and the L-skewness (Hosking 1990, unbiased)."""
    x = np.sort(sample)
    n, rank = x.size, np.arange(x.size)
    b0 = float(x.mean())
    b1 = float((rank * x).sum() / (n * (n - 1)))
    b2 = float((rank * (rank - 1) * x).sum() / (n * (n - 1) * (n - 2)))
    second = 2 * b1 - b0
    return b0, second, (6 * b2 - 6 * b1 + b0) / second


def gamma_by_lmoments(sample: Floats) -> dict[str, float]:
    """Hosking's approximation of the shape, to 5e-5 (Hosking and Wallis 1997)."""
    mean, second, _ = lmoments(sample)
    ratio = second / mean
    if ratio >= 0.5:
        t = 1 - ratio
        shape = t * (0.7213 - 0.5947 * t) / (1 + t * (-2.1817 + 1.2113 * t))
    else:
        t = np.pi * ratio**2
        shape = (1 - 0.3080 * t) / (t * (1 + t * (-0.05812 + 0.01765 * t)))
    return {"shape": shape, "scale": mean / shape}


def gamma_by_app(sample: Floats) -> dict[str, float]:
    """Thom's approximation of maximum likelihood (Thom 1958), as McKee et al. used it."""
    mean = float(sample.mean())
    a = float(np.log(mean) - np.log(sample).mean())
    shape = (1 + np.sqrt(1 + 4 * a / 3)) / (4 * a)
    return {"shape": float(shape), "scale": mean / float(shape)}


def gamma_by_ml(sample: Floats) -> dict[str, float]:
    from scipy.stats import gamma

    shape, _, scale = gamma.fit(sample, floc=0)
    return {"shape": float(shape), "scale": float(scale)}


def pearson3_by_lmoments(sample: Floats) -> dict[str, float]:
    """Mean, standard deviation and skewness, approximated (Hosking and Wallis 1997)."""
    from scipy.special import gammaln

    mean, second, ratio = lmoments(sample)
    t3 = abs(ratio)
    if t3 <= TINY:
        return {"mean": mean, "deviation": second * float(np.sqrt(np.pi)), "skewness": 0.0}
    if t3 >= 1 / 3:
        t = 1 - t3
        top = t * (0.36067 + t * (-0.59567 + t * 0.25361))
        alpha = top / (1 + t * (-2.78861 + t * (2.56096 + t * -0.77045)))
    else:
        t = 3 * np.pi * t3**2
        alpha = (1 + 0.2906 * t) / (t * (1 + t * (0.1882 + t * 0.0442)))
    beta = np.sqrt(np.pi) * second * np.exp(gammaln(alpha) - gammaln(alpha + 0.5))
    skewness = float(np.copysign(2 / np.sqrt(alpha), ratio))
    return {"mean": mean, "deviation": float(beta * np.sqrt(alpha)), "skewness": skewness}


def log_logistic_by_lmoments(sample: Floats) -> dict[str, float]:
    """Location, scale and shape of the generalized logistic distribution (Hosking 1990).

    The log-logistic of Vicente-Serrano et al. 2010 with three parameters in another spelling: its
    shape is −1/k, and it goes on to k ≥ 0, where sums are skewed to the left.
    """
    mean, second, ratio = lmoments(sample)
    k = -ratio
    if abs(k) <= TINY:
        return {"location": mean, "scale": second, "k": 0.0}
    bend = k * np.pi / np.sin(k * np.pi)
    scale = second / bend
    return {"location": float(mean - scale * (1 - bend) / k), "scale": float(scale), "k": k}


# ------------------------------------------------------------------ probabilities


def gamma_tails(parameters: dict[str, float], x: Floats) -> Tails:
    from scipy.special import gammainc, gammaincc

    shape, scaled = parameters["shape"], np.maximum(x, 0) / parameters["scale"]
    return gammainc(shape, scaled), gammaincc(shape, scaled)


def pearson3_tails(parameters: dict[str, float], x: Floats) -> Tails:
    from scipy.special import gammainc, gammaincc, ndtr

    z = (x - parameters["mean"]) / parameters["deviation"]
    skewness = parameters["skewness"]
    if skewness == 0:
        return ndtr(z), ndtr(-z)
    alpha = 4 / skewness**2
    # Distance from the bound, in units of the scale.
    along = np.maximum(alpha + z * 2 / skewness, 0)
    tails = gammainc(alpha, along), gammaincc(alpha, along)
    return tails if skewness > 0 else (tails[1], tails[0])


def log_logistic_tails(parameters: dict[str, float], x: Floats) -> Tails:
    from scipy.special import expit

    z, k = (x - parameters["location"]) / parameters["scale"], parameters["k"]
    with np.errstate(divide="ignore"):
        y = z if k == 0 else -np.log(np.maximum(1 - k * z, 0)) / k
    return expit(y), expit(-y)


FITS: dict[tuple[Distribution, Way], Callable[[Floats], dict[str, float]]] = {
    ("gamma", "lmoments"): gamma_by_lmoments,
    ("gamma", "app"): gamma_by_app,
    ("gamma", "ml"): gamma_by_ml,
    ("pearson3", "lmoments"): pearson3_by_lmoments,
    ("log_logistic", "lmoments"): log_logistic_by_lmoments,
}
TAILS: dict[Distribution, Callable[[dict[str, float], Floats], Tails]] = {
    "gamma": gamma_tails,
    "pearson3": pearson3_tails,
    "log_logistic": log_logistic_tails,
}
