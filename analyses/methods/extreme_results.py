"""What a fit to extremes says, back in the unit of the series."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyses.methods.extreme_bootstrap import (
    Bootstrap,
    Estimator,
    Kind,
    Sample,
    distances,
    fit_sample,
    resample,
    return_levels,
    share_beyond,
)
from analyses.methods.extreme_fits import (
    FORBIDDEN,
    Fit,
    l_moments,
    log_likelihood,
    standard_errors,
    variate,
)
from analyses.methods.slopes import Floats

FAR = 2  # times as long as the series: a return level from there on is a guess
NAMES = ("location", "scale", "shape", "slope_per_decade")
NOTHING = (
    "parameters", "standard_errors", "standard_errors_from", "log_likelihood", "fits", "l_moments",
    "return_levels", "return_levels_at", "bootstrap", "trend_test", "goodness_of_fit",
    "quantile_pairs", "warning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the fit is asked for: the parameters of the analysis that do not choose values."""

    estimator: Estimator
    return_periods: Sequence[float]
    bootstrap: Kind
    resamples: int
    seed: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How extremes were moved and scaled to be of the order of one: x = sign · (centre + spread·z).

    Attributes
    ----------
    sign : −1 where the series was turned upside down
    span_years : length of the unit of time, where the location moves
    at : start of the block at time 0
    """

    centre: float
    spread: float
    sign: float
    span_years: float = 0.0
    at: str | None = None

    @classmethod
    def of(cls, values: Floats, *, sign: float, centre: float | None = None) -> "Scale":
        """Mean distance from the centre, which is the median unless it is given.

        Values that have a given centre are distances from it already.
        """
        if values.size == 0:
            return cls(0.0, 0.0, sign)
        middle = float(np.median(values)) if centre is None else 0.0
        away = np.abs(values - middle)
        most = float(away.max())
        spread = most * float(np.mean(away / most)) if most else 0.0
        return cls(middle if centre is None else centre, spread, sign)

    def within(self, values: Floats) -> Floats:
        return np.asarray((values - self.centre) / self.spread)

    def back(self, values: Floats) -> Floats:
        return np.asarray(self.sign * (self.centre + self.spread * values))

    def numbers(self, vector: Floats) -> dict[str, float | None]:
        """Location, scale, shape and slope in the unit of the series."""
        location, scale, shape, slope = (float(number) for number in vector)
        moved = self.sign * self.spread * slope / self.span_years * 10 if self.span_years else None
        values = (float(self.back(np.array(location))), self.spread * scale, shape, moved)
        return dict(zip(NAMES, values, strict=True))

    def errors(self, vector: Floats) -> dict[str, float | None]:
        """The same for their errors; the location of a gpd is its threshold and has none."""
        location, scale, shape, slope = (float(number) for number in vector)
        moved = self.spread * slope / self.span_years * 10 if self.span_years else None
        values = (self.spread * location, self.spread * scale, shape, moved)
        return dict(zip(NAMES, values, strict=True))


def nothing(asked: Asked) -> dict[str, Any]:
    empty = [{"period": period} | NO_LEVEL for period in asked.return_periods]
    return dict.fromkeys(NOTHING) | {"return_levels": empty}


NO_LEVEL = dict.fromkeys(("level", "lower", "upper"))


def fitted(sample: Sample | str, scale: Scale, asked: Asked) -> dict[str, Any]:
    """Everything that follows from the sample; only a reason where there is no such or no fit."""
    if isinstance(sample, str):
        return nothing(asked) | {"reason": sample}
    fit = fit_sample(sample, asked.estimator)
    if fit is None:
        reason = f"There is no distribution that fits by {asked.estimator}."
        return nothing(asked) | {"reason": reason}
    drawn = resample(
        sample,
        fit,
        kind=asked.bootstrap,
        estimator=asked.estimator,
        periods=asked.return_periods,
        resamples=asked.resamples,
        seed=asked.seed,
    )
    errors, source = errors_of(sample, fit, drawn, asked.estimator)
    still = replace(sample, times=None)
    estimators: tuple[Estimator, ...] = ("maximum_likelihood", "l_moments")
    both = {name: fit_sample(still, name) for name in estimators}
    return {
        "parameters": scale.numbers(fit.vector),
        "standard_errors": None if errors is None else scale.errors(errors),
        "standard_errors_from": source,
        "log_likelihood": likelihood_of(sample, fit, scale),
        "fits": {name: one and scale.numbers(one.vector) for name, one in both.items()},
        "l_moments": l_moments_of(sample, scale),
        "return_levels": levels_of(sample, fit, drawn, scale, asked),
        "return_levels_at": scale.at,
        "bootstrap": bootstrap_of(drawn, asked),
        "trend_test": trend_test(sample, fit, both["maximum_likelihood"]),
        "goodness_of_fit": goodness_of(sample, fit, drawn, asked.bootstrap),
        "quantile_pairs": pairs_of(sample, fit, scale),
        "warning": warning_about(sample, asked.return_periods),
        "reason": None,
    }


def bootstrap_of(drawn: Bootstrap, asked: Asked) -> dict[str, Any]:
    return {
        "kind": asked.bootstrap,
        "resamples": asked.resamples,
        "failed": drawn.failed,
        "seed": asked.seed,
        "confidence": asked.confidence,
    }


def errors_of(
    sample: Sample, fit: Fit, drawn: Bootstrap, estimator: Estimator
) -> tuple[Floats | None, str | None]:
    """Standard errors by the curvature of the likelihood, else the spread of the bootstrap."""
    if estimator == "maximum_likelihood":
        found = standard_errors(fit, sample.values, sample.times)
        if found is not None:
            return found, "observed information"
    if len(drawn.parameters) < 2:
        return None, None
    errors = np.std(drawn.parameters, axis=0, ddof=1)
    if fit.family == "gpd":
        errors[0] = np.nan
    return errors, "bootstrap"


def likelihood_of(sample: Sample, fit: Fit, scale: Scale) -> float | None:
    """In the unit of the series; None where L-moments make one of the values impossible."""
    found = log_likelihood(fit, sample.values, sample.times)
    if found <= -FORBIDDEN:
        return None
    return found - sample.values.size * math.log(scale.spread)


def l_moments_of(sample: Sample, scale: Scale) -> dict[str, float]:
    """Of the maxima or the peaks themselves."""
    l1, l2, t3 = l_moments(sample.values)
    return {"l1": float(scale.back(np.array(l1))), "l2": scale.spread * l2, "t3": scale.sign * t3}


def levels_of(
    sample: Sample, fit: Fit, drawn: Bootstrap, scale: Scale, asked: Asked
) -> list[dict[str, Any]]:
    """Level and interval of each period; percentiles of the samples."""
    levels = scale.back(return_levels(fit, sample.rate, asked.return_periods))
    tail = (1 - asked.confidence) / 2
    edges = np.full((2, levels.size), np.nan)
    if len(drawn.levels):
        edges = np.quantile(scale.back(drawn.levels), [tail, 1 - tail], axis=0)
    return [
        {"period": period, "level": level, "lower": lower, "upper": upper}
        for period, level, lower, upper in zip(asked.return_periods, levels, *edges, strict=True)
    ]


def trend_test(sample: Sample, fit: Fit, still: Fit | None) -> dict[str, float] | None:
    """Twice what the likelihood gains by the trend, χ² with one degree (Coles 2001, 6.2)."""
    if sample.times is None or still is None:
        return None
    gain = log_likelihood(fit, sample.values, sample.times) - log_likelihood(still, sample.values)
    statistic = max(0.0, 2 * gain)
    return {"statistic": statistic, "p": math.erfc(math.sqrt(statistic / 2))}


def goodness_of(sample: Sample, fit: Fit, drawn: Bootstrap, kind: str) -> dict[str, float | None]:
    """Distances from the fit; p by samples from it, each fitted again, else there is none.

    Tables of critical values do not hold for parameters that the same values gave.
    """
    found = distances(fit, sample.at_end(fit))
    result: dict[str, float | None] = {}
    for place, name in enumerate(("anderson_darling", "kolmogorov_smirnov")):
        beyond = drawn.distances[:, place] if kind == "parametric" else np.empty(0)
        result |= {name: found[place], f"{name}_p": share_beyond(beyond, found[place])}
    return result


def pairs_of(sample: Sample, fit: Fit, scale: Scale) -> dict[str, Floats]:
    """Each extreme beside the quantile of the fit at its share i/(n + 1), least extreme first.

    Where the location moves, extremes are moved to where it is at the end.
    """
    observed = np.sort(sample.at_end(fit))
    share = np.arange(1, observed.size + 1) / (observed.size + 1)
    reduced = -np.log(-np.log(share)) if fit.family == "gev" else -np.log1p(-share)
    return {
        "observed": scale.back(observed),
        "modelled": scale.back(variate(fit, reduced)),
        "period": 1 / (sample.rate * (1 - share)),
    }


def warning_about(sample: Sample, periods: Sequence[float]) -> str | None:
    most = FAR * sample.observed
    if max(periods) > most:
        return (
            f"There are {sample.observed:.0f} years of observation; levels of more than "
            f"{most:.0f} years say little."
        )
    return None
