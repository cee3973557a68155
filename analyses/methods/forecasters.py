"""Forecasting: what a method is given and gives, and seasonal naive, ETS and Theta."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analyses.methods.calendar import YEAR_DAYS, Step
from analyses.methods.regular_rows import bridged
from analyses.methods.slopes import Floats, Ints

WAVES = 3
ETS_FORMS = ((None, False), ("add", False), ("add", True))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be forecast.

    Attributes
    ----------
    season : periods after which the seasons return, 1 where there are none
    order, seasonal_order : of SARIMA, where they are given
    """

    step: Step
    season: int
    horizon: int
    confidence: float
    order: tuple[int, int, int] | None = None
    seasonal_order: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next periods: shape (horizon,) each, in the unit of what was known."""

    mean: Floats
    lower: Floats
    upper: Floats

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite([self.mean, self.lower, self.upper]).all())


@dataclass(frozen=True, slots=True)
class Fitted:
    """A method whose form and parameters are settled.

    Attributes
    ----------
    predict : values up to any moment, from the same first period on, to what comes next
    form, parameters : what was settled, for whoever reads the results
    """

    predict: Callable[[Floats], Forecast]
    form: str
    parameters: dict[str, Any] = field(default_factory=dict)


# Values in standard units, NaN where a period is missing.
Fit = Callable[[Floats, Plan], Fitted]


def normal_forecast(mean: Floats, deviation: Floats, confidence: float) -> Forecast:
    from scipy.special import ndtri

    reach = float(ndtri((1 + confidence) / 2)) * deviation
    return Forecast(mean, mean - reach, mean + reach)


def waves(places: Ints) -> Floats:
    """A constant and three pairs of waves a year, of days."""
    angles = 2 * np.pi * np.outer(places, np.arange(1, WAVES + 1)) / YEAR_DAYS
    return np.column_stack([np.ones(places.size), np.sin(angles), np.cos(angles)])


def without_waves(fit: Fit) -> Fit:
    """Let a method see days without their seasons, which are put back into what it forecasts."""

    def fit_rest(values: Floats, plan: Plan) -> Fitted:
        if plan.step != "day":
            return fit(values, plan)
        there = np.flatnonzero(np.isfinite(values))
        sizes = np.linalg.lstsq(waves(there), values[there], rcond=None)[0]
        rest = Plan(plan.step, 1, plan.horizon, plan.confidence, plan.order)

        def predict(known: Floats) -> Forecast:
            seasons = waves(np.arange(known.size + plan.horizon)) @ sizes
            ahead = seasons[known.size :]
            found = within.predict(known - seasons[: known.size])
            return Forecast(found.mean + ahead, found.lower + ahead, found.upper + ahead)

        within = fit(values - waves(np.arange(values.size)) @ sizes, rest)
        return Fitted(
            predict, f"{within.form} on what {WAVES} waves a year leave", within.parameters
        )

    return fit_rest


def seasonal_naive(_values: Floats, plan: Plan) -> Fitted:
    """Say what was there one season ago, or longer ago where that is missing.

    A season that never had a value takes the mean of all. The deviation is that of one season to
    the next, and grows with the root of their number: Hyndman and Athanasopoulos 2021, section 5.5.
    """

    def predict(known: Floats) -> Forecast:
        cycles = np.pad(known, (-known.size % plan.season, 0), constant_values=np.nan)
        cycles = cycles.reshape(-1, plan.season)
        rows = np.where(np.isfinite(cycles), np.arange(len(cycles))[:, None], -1).max(axis=0)
        last = cycles[rows, np.arange(plan.season)]
        last = np.where(rows < 0, np.nanmean(known), last)
        changes = known[plan.season :] - known[: -plan.season]
        deviation = np.sqrt(np.mean(changes[np.isfinite(changes)] ** 2))
        ahead = np.arange(plan.horizon)
        deviations = deviation * np.sqrt(ahead // plan.season + 1)
        return normal_forecast(last[ahead % plan.season], deviations, plan.confidence)

    return Fitted(predict, f"the value {plan.season} {plan.step}s before")


def ets(values: Floats, plan: Plan) -> Fitted:
    """Exponential smoothing with additive errors; its trend is chosen by AICc."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    season = {"seasonal": "add", "seasonal_periods": plan.season} if plan.season > 1 else {}

    def model(known: Floats, trend: str | None, is_damped: bool) -> Any:  # noqa: FBT001 - as statsmodels
        import pandas as pd

        regular = pd.Series(bridged(known, plan.season))
        return ETSModel(regular, error="add", trend=trend, damped_trend=is_damped, **season)

    found = [(form, model(values, *form).fit(disp=False)) for form in ETS_FORMS]
    form, best = min(found, key=lambda pair: finite_or_last(pair[1].aicc))

    def predict(known: Floats) -> Forecast:
        from scipy.special import ndtri

        settled = model(known, *form).smooth(best.params)
        ahead = settled.get_prediction(start=known.size, end=known.size + plan.horizon - 1)
        mean = np.asarray(ahead.predicted_mean, np.float64)
        reach = float(ndtri((1 + plan.confidence) / 2)) * np.sqrt(ahead.forecast_variance)
        return Forecast(mean, mean - reach, mean + reach)

    names = {"smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend"}
    told = zip(best.model.param_names, map(float, best.params), strict=True)
    smoothing = {name: value for name, value in told if name in names}
    letters = {None: "N", "add": "A"}[form[0]] + ("d" if form[1] else "")
    name = f"ETS(A,{letters},{'A' if season else 'N'})"
    return Fitted(predict, name, smoothing)


def finite_or_last(number: float) -> float:
    return float(number) if np.isfinite(number) else np.inf


def theta(values: Floats, plan: Plan) -> Fitted:
    """Half the slope of a straight line, and exponential smoothing; fitted anew at each moment.

    The seasons are those of a classical decomposition. The deviation is that of exponential
    smoothing with drift, which Theta is: Hyndman and Billah 2003.
    """

    def settled(known: Floats) -> tuple[Any, Floats, Floats]:
        from statsmodels.tsa.forecasting.theta import ThetaModel
        from statsmodels.tsa.seasonal import seasonal_decompose

        regular = bridged(known, plan.season)
        seasons = np.zeros(regular.size)
        if plan.season > 1:
            seasons = seasonal_decompose(regular, model="additive", period=plan.season).seasonal
        return ThetaModel(regular - seasons, deseasonalize=False).fit(), regular - seasons, seasons

    def predict(known: Floats) -> Forecast:
        result, rest, seasons = settled(known)
        alpha, ahead = float(result.params["alpha"]), np.arange(plan.horizon)
        mean = np.asarray(result.forecast(plan.horizon), np.float64)
        mean = mean + seasons[ahead % plan.season - plan.season]
        deviation = one_step_deviation(rest, alpha)
        return normal_forecast(mean, deviation * np.sqrt(1 + ahead * alpha**2), plan.confidence)

    parameters = settled(values)[0].params
    told = {"alpha": float(parameters["alpha"])}
    return Fitted(predict, "Theta(2)", told)


def one_step_deviation(values: Floats, alpha: float) -> float:
    """Root mean square error of exponential smoothing that starts at the first value."""
    from scipy.signal import lfilter

    levels = lfilter([alpha], [1, alpha - 1], values, zi=[(1 - alpha) * values[0]])[0]
    return float(np.sqrt(np.mean((values[1:] - levels[:-1]) ** 2)))
