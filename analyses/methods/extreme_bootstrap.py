"""How sure a fit to extremes is: the same fit to many samples like the one there is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analyses.methods.extreme_fits import (
    Family,
    Fit,
    fit_l_moments,
    fit_likelihood,
    probability,
    variate,
)
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints

Estimator = Literal["maximum_likelihood", "l_moments"]
Kind = Literal["parametric", "blocks"]

FEWEST = 5  # extremes that a sample must have to be fitted at all
TELL_EVERY = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """Extremes on a scale where they are of the order of one; the lowest are turned upside down.

    Attributes
    ----------
    times : from −1 at the first to 0 at the last, where the location moves; else None
    blocks : place of the year of each, and how many years there are
    observed : years of observation; each extreme is the only one of its year in a gev
    """

    family: Family
    values: Floats
    times: Floats | None
    blocks: Ints
    n_blocks: int
    observed: float

    @property
    def rate(self) -> float:
        """Extremes in a year."""
        return 1.0 if self.family == "gev" else self.values.size / self.observed

    def at_end(self, fit: Fit) -> Floats:
        """The values as if the location had always been where it is at the end."""
        return self.values if self.times is None else self.values - fit.slope * self.times


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Parameters, return levels and distances of each fit to another sample, and how many failed.

    Attributes
    ----------
    parameters : shape (resamples − failed, 4); location, scale, shape, slope
    levels : shape (resamples − failed, periods)
    distances : shape (resamples − failed, 2); Anderson–Darling, Kolmogorov–Smirnov
    """

    parameters: Floats
    levels: Floats
    distances: Floats
    failed: int


def fit_sample(sample: Sample, estimator: Estimator) -> Fit | None:
    if sample.values.size < FEWEST:
        return None
    if estimator == "l_moments":
        return fit_l_moments(sample.values, sample.family)
    return fit_likelihood(sample.values, sample.family, sample.times)


def return_levels(fit: Fit, rate: float, periods: Sequence[float]) -> Floats:
    """Level that is passed once in each period on average, at time 0 (Coles 2001, 3.4 and 4.12).

    NaN for a period in which a peak is expected less than once.
    """
    years = np.asarray(periods, np.float64)
    if fit.family == "gev":
        return variate(fit, -np.log(-np.log1p(-1 / years)))
    expected = rate * years
    return np.where(expected > 1, variate(fit, np.log(np.maximum(expected, 1.0))), np.nan)


def distances(fit: Fit, values: Floats) -> tuple[float, float]:
    """Anderson–Darling's A² and Kolmogorov–Smirnov's D between values and a distribution."""
    n = values.size
    share = np.sort(probability(fit, values))
    rank = np.arange(1, n + 1)
    largest = max(float((rank / n - share).max()), float((share - (rank - 1) / n).max()))
    inside = np.clip(share, 1e-15, 1 - 1e-15)
    logs = np.log(inside) + np.log1p(-inside[::-1])
    return -n - float((2 * rank - 1) @ logs) / n, largest


def resample(  # noqa: PLR0913 - what is drawn, how, how often, and what is asked of each
    sample: Sample,
    fit: Fit,
    *,
    kind: Kind,
    estimator: Estimator,
    periods: Sequence[float],
    resamples: int,
    seed: int,
) -> Bootstrap:
    """Fit samples drawn from the fit ("parametric"), or from the years there are ("blocks")."""
    rng = np.random.default_rng(seed)
    parameters, levels, away = [], [], []
    for number in range(resamples):
        drawn = _from_fit(sample, fit, rng) if kind == "parametric" else _from_years(sample, rng)
        found = fit_sample(drawn, estimator)
        if found is not None:
            parameters.append(found.vector)
            levels.append(return_levels(found, drawn.rate, periods))
            away.append(distances(found, drawn.at_end(found)))
        if number % TELL_EVERY == 0:
            progress(number / resamples)
    made = len(parameters)
    return Bootstrap(
        parameters=np.array(parameters).reshape(made, 4),
        levels=np.array(levels).reshape(made, len(periods)),
        distances=np.array(away).reshape(made, 2),
        failed=resamples - made,
    )


def _from_fit(sample: Sample, fit: Fit, rng: np.random.Generator) -> Sample:
    if sample.family == "gpd":
        # How many peaks there are is chance too.
        size = int(rng.poisson(sample.values.size))
        return replace(sample, values=variate(fit, rng.standard_exponential(size)))
    values = variate(fit, -np.log(rng.standard_exponential(sample.values.size)))
    if sample.times is not None:
        values = values + fit.slope * sample.times
    return replace(sample, values=values)


def _from_years(sample: Sample, rng: np.random.Generator) -> Sample:
    """As many years, drawn with replacement, each with all of its extremes."""
    years = rng.integers(sample.n_blocks, size=sample.n_blocks)
    often = np.bincount(years, minlength=sample.n_blocks)[sample.blocks]
    places = np.repeat(np.arange(sample.values.size), often)
    times = None if sample.times is None else sample.times[places]
    return replace(sample, values=sample.values[places], times=times)


def share_beyond(drawn: Floats, observed: float) -> float | None:
    """Share of samples from the fit that are as far away: the p of a test of fit."""
    if not drawn.size or not math.isfinite(observed):
        return None
    return float((1 + (drawn >= observed).sum()) / (1 + drawn.size))
