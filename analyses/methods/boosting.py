"""Gradient boosting on lags, with scikit-learn where it is installed."""

from typing import Any

import numpy as np

from analyses.methods.calendar import YEAR_DAYS
from analyses.methods.forecasters import Fitted, Forecast, Plan
from analyses.methods.slopes import Floats, Ints
from analyses.registry import Extra

EXTRA = Extra(parameter="method", value="gradient_boosting")
LAGS = {"day": (0, 1, 2, 3, 4, 6, 9, 13, 20, 29), "month": tuple(range(12)), "year": (0, 1, 2, 3)}
# Periods whose mean is the level from which everything is measured.
LEVELS = {"day": 90, "month": 12, "year": 5}
YEARS = {"day": YEAR_DAYS, "month": 12.0, "year": 1.0}
MOST_ROWS = 20_000
TREES: dict[str, Any] = {
    "max_iter": 150,
    "learning_rate": 0.05,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "early_stopping": False,
    "random_state": 0,
}


def gradient_boosting(values: Floats, plan: Plan) -> Fitted:
    """One set of trees for all horizons, and two more for the ends of the interval.

    They learn how far the value so many periods ahead is from the level of the last ones, from
    what the last ones were, the same season before, the time of the year and the horizon.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor as Boosting
    from threadpoolctl import threadpool_limits

    origins, ahead = examples(values.size, plan)
    wanted = values[origins + ahead] - level(values, plan)[origins]
    there = np.isfinite(wanted)
    features = lagged(values, plan, origins[there], ahead[there])
    tail = (1 - plan.confidence) / 2
    losses: list[dict[str, Any]] = [
        {"loss": "squared_error"},
        {"loss": "quantile", "quantile": tail},
        {"loss": "quantile", "quantile": 1 - tail},
    ]
    # More threads than free cores wait for each other, and add up in another order.
    with threadpool_limits(1):
        models = [Boosting(**loss, **TREES).fit(features, wanted[there]) for loss in losses]

    def predict(known: Floats) -> Forecast:
        steps = np.arange(1, plan.horizon + 1)
        last = np.full(plan.horizon, known.size - 1)
        now = lagged(known, plan, last, steps)
        base = level(known, plan)[-1]
        with threadpool_limits(1):
            mean, lower, upper = (np.asarray(model.predict(now)) + base for model in models)
        # Three sets of trees know nothing of each other.
        return Forecast(mean, np.minimum(lower, mean), np.maximum(upper, mean))

    told = {"lags": len(LAGS[plan.step]), "trees": TREES["max_iter"], "examples": int(there.sum())}
    return Fitted(predict, f"trees on {told['lags']} lags", told)


def examples(size: int, plan: Plan) -> tuple[Ints, Ints]:
    """Places of the last known value, and horizons, of at most so many examples."""
    first = max(LAGS[plan.step])
    every = max(1, -(-(size - first) * plan.horizon // MOST_ROWS))
    grid = np.meshgrid(np.arange(first, size - 1, every), np.arange(1, plan.horizon + 1))
    origins, ahead = (part.ravel() for part in grid)
    is_known = origins + ahead < size
    return origins[is_known], ahead[is_known]


def level(values: Floats, plan: Plan) -> Floats:
    import pandas as pd

    rolling = pd.Series(values).rolling(LEVELS[plan.step], min_periods=1)
    return np.asarray(rolling.mean().ffill(), np.float64)


def lagged(values: Floats, plan: Plan, origins: Ints, ahead: Ints) -> Floats:
    """One row for each place and horizon; what is missing is NaN, which the trees can take."""
    lags = np.array(LAGS[plan.step])
    base = level(values, plan)[origins]
    columns = [values[origins[:, None] - lags] - base[:, None], ahead[:, None]]
    if plan.season > 1:
        before = origins + ahead - plan.season * -(-ahead // plan.season)
        columns.append((np.where(before >= 0, values[before], np.nan) - base)[:, None])
    if plan.step != "year":
        angle = 2 * np.pi * (origins + ahead) / YEARS[plan.step]
        columns += [np.sin(angle)[:, None], np.cos(angle)[:, None]]
    return np.hstack(columns)
