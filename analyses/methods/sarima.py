"""SARIMA with an order that is given, or chosen from a few by AICc."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.forecasters import (
    Fitted,
    Forecast,
    Plan,
    finite_or_last,
    normal_forecast,
)
from analyses.methods.regular_rows import bridged
from analyses.methods.slopes import Floats

# Seasons that explain so much of what the trend leaves are taken away by differences: Hyndman and
# Athanasopoulos 2021, section 9.10.
STRONG_SEASONS = 0.64
SIGNIFICANT = 0.05
SHORT = ((1, 0), (0, 1), (1, 1), (2, 0), (2, 1))
PLAIN = ((0, 0), *SHORT, (2, 2))
MOST_STEPS = 60

Order = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Form:
    order: Order
    seasonal: Order
    season: int
    has_constant: bool

    def __str__(self) -> str:
        p, d, q = self.order
        told = f"ARIMA({p},{d},{q})"
        if self.season > 1:
            told += "({},{},{})[{}]".format(*self.seasonal, self.season)
        return told + (" with a constant" if self.has_constant else "")

    def model(self, values: Floats, *, is_differenced: bool = False) -> Any:
        """`is_differenced` is quicker, and has the same parameters but no forecasts."""
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        return SARIMAX(
            values,
            order=self.order,
            seasonal_order=(*self.seasonal, self.season if self.season > 1 else 0),
            trend="c" if self.has_constant else None,
            simple_differencing=is_differenced,
            concentrate_scale=True,
        )

    def fit(self, values: Floats) -> Any:
        model = self.model(values, is_differenced=True)
        if not model.k_params:
            return model.filter(np.empty(0), cov_type="none")
        return model.fit(disp=False, cov_type="none", maxiter=MOST_STEPS)


def sarima(values: Floats, plan: Plan) -> Fitted:
    """Fit by maximum likelihood; what is missing stays missing."""
    form, best = given(values, plan) if plan.order else chosen(values, plan)

    def predict(known: Floats) -> Forecast:
        ahead = form.model(known).filter(best.params, cov_type="none").get_forecast(plan.horizon)
        deviation = np.sqrt(np.maximum(ahead.var_pred_mean, 0))
        return normal_forecast(np.asarray(ahead.predicted_mean), deviation, plan.confidence)

    told = dict(zip(best.model.param_names, map(float, best.params), strict=True))
    # In standard units, as the others are not: it would say nothing to anyone.
    told.pop("intercept", None)
    return Fitted(predict, str(form), told)


def given(values: Floats, plan: Plan) -> tuple[Form, Any]:
    seasonal = plan.seasonal_order if plan.season > 1 and plan.seasonal_order else (0, 0, 0)
    order = plan.order or (0, 0, 0)
    form = Form(order, seasonal, plan.season, order[1] + seasonal[1] == 0)
    return form, form.fit(values)


def chosen(values: Floats, plan: Plan) -> tuple[Form, Any]:
    """Differences by two tests, then the best of at most nine forms by AICc, step by step."""
    seasonal_difference, difference = differences(bridged(values, plan.season), plan.season)
    has_constant = difference + seasonal_difference < 2

    def form(short: tuple[int, int], long: tuple[int, int]) -> Form:
        seasonal = (long[0], seasonal_difference, long[1])
        return Form((short[0], difference, short[1]), seasonal, plan.season, has_constant)

    usual = (0, 1) if seasonal_difference else (1, 0)
    first = [form(s, usual) for s in SHORT] if plan.season > 1 else [form(s, (0, 0)) for s in PLAIN]
    best = best_of(first, values)
    short = best[0].order[0], best[0].order[2]
    others = [form(short, (1, 1)), form(short, (0, 0))] if plan.season > 1 else []
    if has_constant and difference + seasonal_difference:
        others.append(Form(best[0].order, best[0].seasonal, plan.season, has_constant=False))
    return best_of(others, values, best)


def best_of(
    forms: list[Form], values: Floats, best: tuple[Form, Any] | None = None
) -> tuple[Form, Any]:
    found = [(form, form.fit(values)) for form in forms]
    found = ([best] if best else []) + found
    return min(found, key=lambda pair: finite_or_last(pair[1].aicc))


def differences(values: Floats, season: int) -> tuple[int, int]:
    """How often to take differences: of seasons where they are strong, of neighbours by KPSS."""
    from statsmodels.tsa.seasonal import STL
    from statsmodels.tsa.stattools import kpss

    seasonal = 0
    if season > 1:
        parts = STL(values, period=season, seasonal=11).fit()
        spread = np.var(parts.resid + parts.seasonal)
        strength = 1 - np.var(parts.resid) / spread if spread > 0 else 0.0
        seasonal = int(strength >= STRONG_SEASONS)
    rest = values[season:] - values[:-season] if seasonal else values
    if np.ptp(rest) == 0:
        return seasonal, 0
    p = kpss(rest, regression="c", nlags="auto", result_object=False)[1]
    return seasonal, int(p < SIGNIFICANT)
