"""Rolling-origin back-test: what a method would have said at moments of the past, and how good."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from analyses.methods.forecasters import Fit, Forecast, Plan
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints

NAIVE = "seasonal_naive"
T = TypeVar("T")


class NotFittedError(Exception):
    """A method came to no numbers; its message is a sentence."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Between the unit of the series and standard units, in which all methods are fitted.

    So neither the unit nor huge numbers can change what is found.
    """

    middle: float
    spread: float
    is_log: bool

    def to(self, values: Floats) -> Floats:
        values = np.log(values) if self.is_log else values
        return np.asarray((values - self.middle) / self.spread)

    def back(self, forecast: Forecast) -> Forecast:
        found = [
            self.middle + self.spread * one
            for one in (forecast.mean, forecast.lower, forecast.upper)
        ]
        return Forecast(*(np.exp(one) if self.is_log else one for one in found))


def scale_of(values: Floats, *, is_log: bool) -> Scale:
    there = values[np.isfinite(values)]
    there = np.log(there) if is_log else there
    largest = float(np.abs(there).max()) or 1.0
    return Scale(mean_of(there), float(np.std(there / largest)) * largest, is_log)


@dataclass(frozen=True, slots=True)
class Past:
    """The moments at which is forecast, and what came: shape (origins, horizon), NaN if missing.

    `origins` are numbers of periods known. `naive_error` is the mean absolute difference of one
    season to the next before the first origin, the unit of MASE.
    """

    origins: Ints
    actual: Floats
    naive_error: float


def origins_of(size: int, *, horizon: int, fewest: int, most: int) -> Ints:
    """Moments at equal distances up to the last with all its periods known, within the last third.

    The distance has no common divisor with a year of months, so that no season is left out.
    """
    last = size - horizon
    first = max(fewest, min(2 * size // 3, last - most + 1))
    count = min(most, last - first + 1)
    distance = max(1, (last - first) // max(1, count - 1))
    while math.gcd(distance, 12) > 1:
        distance -= 1
    return last - distance * np.arange(count)[::-1]


def past_of(values: Floats, origins: Ints, plan: Plan) -> Past:
    actual = values[origins[:, None] + np.arange(plan.horizon)]
    before = values[: origins[0]]
    changes = np.abs(before[plan.season :] - before[: -plan.season])
    return Past(origins, actual, mean_of(changes[np.isfinite(changes)]))


def mean_of(values: Floats) -> float:
    """Divided first: the sum of huge numbers is infinite."""
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    return float(np.mean(values / largest)) * largest if values.size else math.nan


@dataclass(frozen=True, slots=True)
class Judged:
    """What one method said at each origin, in the unit of the series: shape (origins, horizon)."""

    errors: Floats
    is_within: Floats

    def at(self, horizons: slice) -> "Judged":
        return Judged(self.errors[:, horizons], self.is_within[:, horizons])


def judge(
    fit: Fit, values: Floats, *, past: Past, plan: Plan, scale: Scale, shares: tuple[float, float]
) -> Judged:
    """Fit before the first origin, and forecast at each; `shares` of the progress it stands for.

    Raises
    ------
    NotFittedError
    """
    standard = scale.to(values)
    fitted = attempted(lambda: fit(standard[: past.origins[0]], plan))
    errors, is_within = np.empty_like(past.actual), np.empty_like(past.actual)
    for row, origin in enumerate(past.origins):
        found = attempted(lambda known=standard[:origin]: fitted.predict(known))  # type: ignore[misc]
        if not found.is_finite:
            raise NotFittedError("It came to no finite numbers.")
        found, actual = scale.back(found), past.actual[row]
        errors[row] = found.mean - actual
        within = (found.lower <= actual) & (actual <= found.upper)
        is_within[row] = np.where(np.isfinite(actual), within, np.nan)
        progress(shares[0] + (shares[1] - shares[0]) * (row + 1) / past.origins.size)
    return Judged(errors, is_within)


def attempted(work: Callable[[], T]) -> T:
    """What it gives; an error of linear algebra or of a library's checks is no bug of ours."""
    try:
        return work()
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError) as error:
        raise NotFittedError(f"It could not be fitted ({type(error).__name__}).") from error


def scores(one: Judged, naive: Judged, past: Past) -> dict[str, Any]:
    """Over all that came; see the page of the analysis for each."""
    there = np.isfinite(past.actual)
    errors = one.errors[there]
    if not errors.size:
        return {"n": 0} | dict.fromkeys(("mae", "mase", "rmse", "bias", "skill", "coverage"))
    largest = float(np.abs(errors).max()) or 1.0
    square = float(np.mean((errors / largest) ** 2))
    square_of_naive = float(np.mean((naive.errors[there] / largest) ** 2))
    error = mean_of(np.abs(errors))
    return {
        "n": int(errors.size),
        "mae": error,
        "mase": error / past.naive_error if past.naive_error > 0 else None,
        "rmse": math.sqrt(square) * largest,
        "bias": mean_of(errors),
        "skill": 1 - square / square_of_naive if square_of_naive > 0 else None,
        "coverage": float(one.is_within[there].mean()),
    }


def scores_by_horizon(name: str, one: Judged, naive: Judged, past: Past) -> list[dict[str, Any]]:
    rows = []
    for place in range(past.actual.shape[1]):
        at = slice(place, place + 1)
        column = Past(past.origins, past.actual[:, at], past.naive_error)
        rows.append(
            {"method": name, "horizon": place + 1} | scores(one.at(at), naive.at(at), column)
        )
    return rows
