"""Generalized extreme value and Pareto distributions, fitted by L-moments or maximum likelihood.

The shape is that of Coles 2001 (An Introduction to Statistical Modeling of Extreme Values): above
zero the tail is heavy, below zero it ends. scipy's `genextreme` has the opposite sign (c = −shape)
and its `genpareto` the same (c = shape); Hosking's k is −shape in both.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analyses.methods.slopes import Floats

Family = Literal["gev", "gpd"]

LOG_2, LOG_3 = math.log(2), math.log(3)
MOST_SKEW = 0.999  # of L-moments; beyond it one value outweighs all others
SMALL = 1e-3  # below it a series stands for what would cancel
FORBIDDEN = 1e12  # likelihood of parameters under which a value is impossible
LEAST_SHAPE = -1.0  # below it the likelihood of a gev has no maximum


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters of a distribution, in the unit of its values; the shape has none.

    Attributes
    ----------
    location : of a gev at time 0; a gpd is one of excesses, so 0
    slope : by how much the location rises in one unit of time
    """

    family: Family
    location: float
    scale: float
    shape: float
    slope: float = 0.0

    @property
    def vector(self) -> Floats:
        return np.array([self.location, self.scale, self.shape, self.slope])


def variate(fit: Fit, reduced: Floats) -> Floats:
    """The value at each reduced variate: −log(−log F) of a gev, −log(1 − F) of a gpd."""
    grown = np.expm1(fit.shape * reduced) / fit.shape if fit.shape else reduced
    return np.asarray(fit.location + fit.scale * grown)


def reduced_variate(fit: Fit, values: Floats) -> Floats:
    """The opposite of `variate`; what the distribution cannot reach is −∞ or ∞."""
    z = (values - fit.location) / fit.scale
    if not fit.shape:
        return np.asarray(z)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(np.maximum(fit.shape * z, -1.0)) / fit.shape)


def probability(fit: Fit, values: Floats) -> Floats:
    """Share of the distribution at or below each value."""
    reduced = reduced_variate(fit, values)
    if fit.family == "gev":
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(-np.exp(-reduced)))
    return np.asarray(-np.expm1(-np.maximum(reduced, 0.0)))


# ---------------------------------------------------------------- L-moments


def l_moments(values: Floats) -> tuple[float, float, float]:
    """First and second sample L-moment and their ratio t3, unbiased.

    Hosking 1990, doi:10.1111/j.2517-6161.1990.tb01775.x, equation 3.1 by way of the probability
    weighted moments b0, b1, b2. t3 is NaN where all values are equal.
    """
    ordered, n = np.sort(values), values.size
    rank = np.arange(n, dtype=np.float64)
    b0 = float(ordered.mean())
    b1 = float(rank @ ordered) / (n * (n - 1))
    b2 = float((rank * (rank - 1)) @ ordered) / (n * (n - 1) * (n - 2))
    l2, l3 = 2 * b1 - b0, 6 * b2 - 6 * b1 + b0
    return b0, l2, l3 / l2 if l2 > 0 else math.nan


def fit_l_moments(values: Floats, family: Family) -> Fit | None:
    """The distribution with the L-moments of the sample; None where there is none."""
    l1, l2, t3 = l_moments(values)
    if not (l2 > 0 and abs(t3) < MOST_SKEW):
        return None
    if family == "gpd":
        k = l1 / l2 - 2
        return Fit("gpd", 0.0, (1 + k) * l1, -k)
    k = _gev_k(t3)
    if abs(k) < 1e-7:
        scale = l2 / math.log(2)
        return Fit("gev", l1 - float(np.euler_gamma) * scale, scale, 0.0)
    gamma = math.gamma(1 + k)
    scale = l2 * k / ((1 - 2**-k) * gamma)
    return Fit("gev", l1 - scale * (1 - gamma) / k, scale, -k)


def _gev_k(t3: float) -> float:
    """Solve Hosking, Wallis and Wood 1985, doi:10.1080/00401706.1985.10488049, equation 14."""
    from scipy.optimize import brentq

    def excess(k: float) -> float:
        if k == 0:
            return 2 * LOG_3 / LOG_2 - 3 - t3
        return 2 * math.expm1(-k * LOG_3) / math.expm1(-k * LOG_2) - 3 - t3

    return float(brentq(excess, -1 + 1e-9, 60.0))


# ---------------------------------------------------------------- maximum likelihood


def fit_likelihood(values: Floats, family: Family, times: Floats | None = None) -> Fit | None:
    """The likeliest distribution, with a location that moves in time where times are given.

    None where the search ends nowhere, or at a shape below −1, where there is no maximum. Values
    should be of the order of one: the search knows no other scale.
    """
    from scipy.optimize import minimize

    start = _start(values, family, times)
    if start is None:
        return None
    found = minimize(
        _mean_objective, start, args=(values, family, times), jac=True, method="BFGS",
        options={"gtol": 1e-6, "maxiter": 300},
    )  # fmt: skip
    fit = _fit_of(found.x, family)
    is_near = float(np.abs(found.jac).max()) <= 1e-3
    if not (is_near and fit.shape > LEAST_SHAPE and fit.scale > 0):
        return None
    return fit


def log_likelihood(fit: Fit, values: Floats, times: Floats | None = None) -> float:
    return -_objective(_parameters(fit, with_slope=times is not None), values, fit.family, times)[0]


def standard_errors(fit: Fit, values: Floats, times: Floats | None = None) -> Floats | None:
    """Of location, scale, shape and slope, by the observed information (Coles 2001, 2.6.4).

    NaN for what is not fitted; None where the likelihood is not curved like a maximum.
    """
    at = _parameters(fit, with_slope=times is not None)
    step = 1e-5
    rows = [
        (
            _objective(at + shift, values, fit.family, times)[1]
            - _objective(at - shift, values, fit.family, times)[1]
        )
        / (2 * step)
        for shift in step * np.eye(at.size)
    ]
    information = (np.array(rows) + np.array(rows).T) / 2
    try:
        variances = np.diag(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(variances) & (variances > 0)).all():
        return None
    errors = np.full(4, np.nan)
    places = [0, 1, 2, 3][: at.size] if fit.family == "gev" else [1, 2]
    errors[places] = np.sqrt(variances)
    # The likelihood knows the logarithm of the scale.
    errors[1] *= fit.scale
    return errors


def _start(values: Floats, family: Family, times: Floats | None) -> Floats | None:
    """L-moments, or a shape of zero where a value would be impossible under theirs."""
    slope, level = 0.0, values
    if times is not None:
        spread = times - times.mean()
        slope = float(spread @ values) / float(spread @ spread)
        level = values - slope * times
    found = fit_l_moments(level, family)
    if found is None:
        return None
    l1, l2, _ = l_moments(level)
    scale = l1 if family == "gpd" else l2 / LOG_2
    gumbel = Fit(family, l1 - float(np.euler_gamma) * scale, scale, 0.0, slope)
    for guess in (replace(found, shape=max(found.shape, -0.5), slope=slope), gumbel):
        theta = _parameters(guess, with_slope=times is not None)
        if _objective(theta, values, family, times)[0] < FORBIDDEN:
            return theta
    return None


def _parameters(fit: Fit, *, with_slope: bool) -> Floats:
    own = [math.log(fit.scale), fit.shape]
    if fit.family == "gpd":
        return np.array(own)
    return np.array([fit.location, *own, *([fit.slope] if with_slope else [])])


def _fit_of(theta: Floats, family: Family) -> Fit:
    numbers = [float(number) for number in theta]
    if family == "gpd":
        return Fit("gpd", 0.0, math.exp(numbers[0]), numbers[1])
    return Fit("gev", numbers[0], math.exp(numbers[1]), numbers[2], *numbers[3:])


def _mean_objective(
    theta: Floats, values: Floats, family: Family, times: Floats | None
) -> tuple[float, Floats]:
    """The objective for one value: how exactly its gradient vanishes must not depend on n."""
    total, gradient = _objective(theta, values, family, times)
    return total / values.size, gradient / values.size


def _objective(
    theta: Floats, values: Floats, family: Family, times: Floats | None
) -> tuple[float, Floats]:
    """Negative log-likelihood and its gradient (Coles 2001, equations 3.7 and 4.10)."""
    fit = _fit_of(theta, family)
    z = (values - fit.location - (0.0 if times is None else fit.slope * times)) / fit.scale
    u = fit.shape * z
    if not u.min() > -1:
        return FORBIDDEN, np.zeros(theta.size)
    w = np.log1p(u) / fit.shape if fit.shape else z
    by_w = np.full(w.size, 1 + fit.shape)
    total = z.size * math.log(fit.scale) + (1 + fit.shape) * float(w.sum())
    if family == "gev":
        last = np.exp(-w)
        total += float(last.sum())
        by_w -= last
    by_z = by_w / (1 + u)
    by_scale = z.size - float(by_z @ z)
    by_shape = float(w.sum()) + float(by_w @ (z * z * _bend(u)))
    if family == "gpd":
        gradient = [by_scale, by_shape]
    else:
        gradient = [-float(by_z.sum()) / fit.scale, by_scale, by_shape]
        if times is not None:
            gradient.append(-float(by_z @ times) / fit.scale)
    if not math.isfinite(total):
        return FORBIDDEN, np.zeros(theta.size)
    return total, np.array(gradient)


def _bend(u: Floats) -> Floats:
    """(1/(1+u) − log(1+u)/u)/u: how log(1 + shape·z)/shape changes with the shape, over z²."""
    small = np.abs(u) < SMALL
    safe = np.where(small, 1.0, u)
    exact = (1 / (1 + safe) - np.log1p(safe) / safe) / safe
    return np.asarray(np.where(small, -1 / 2 + u * (2 / 3 + u * (-3 / 4 + u * 4 / 5)), exact))
