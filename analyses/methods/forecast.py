"""What comes next, by the method that would have been best so far."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from analyses.methods.backtest import NAIVE, origins_of, past_of, scale_of, scores_by_horizon
from analyses.methods.boosting import EXTRA
from analyses.methods.calendar import UNITS, Step, reason_against_means
from analyses.methods.forecast_methods import (
    WANT_ALL,
    Work,
    choices,
    final_forecast,
    ranked,
    try_all,
)
from analyses.methods.forecasters import Forecast, Plan
from analyses.methods.neighbours import Bools
from analyses.methods.periods import Periods, explain_periods, periods_of
from analyses.methods.progress import progress
from analyses.methods.rain import amount_interval
from analyses.methods.regular_rows import PER_YEAR
from analyses.methods.results import head_of, plain, timestamps_of
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE
from analyses.methods.words import pattern
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

FEWEST = {"day": 730, "month": 36, "year": 15}  # known at the first origin
MOST = {"day": 7305, "month": 1200, "year": 1000}
LONGEST = {"day": 366, "month": 120, "year": 30}
HISTORY = {"day": 730, "month": 120, "year": 100}
MOST_MISSING = 0.5
FEWEST_ORIGINS = 5
NEVER = "Comes before the periods that are used."


@np.errstate(all="ignore")
def forecast(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    method: str = "auto",
    step: Step = "month",
    horizon: int = 12,
    confidence: float = 0.95,
    origins: int = 20,
    transform: str = "none",
    order: list[int] | None = None,
    seasonal_order: list[int] | None = None,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Forecast the means of the next days, months or years.

    Parameters
    ----------
    series : in its unit
    method : "auto" takes the one with the smallest MASE in the back-test
    step : "day", "month" or "year"
    horizon : number of periods
    confidence : of the prediction intervals
    origins : moments of the past from which is forecast, at most
    transform : "log" for positive values whose swings grow with their level
    order, seasonal_order : (p, d, q) of SARIMA; None: chosen by AICc
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is missing.

    Returns
    -------
    dict
        `forecast` and its intervals, `history` before it, and `backtest` with the scores of every
        method. A method is fitted on what is before the first origin only.

    References
    ----------
    Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, 3rd edition.
    """
    all_periods = periods_of(series, step, min_coverage=min_coverage)
    periods = all_periods.last(MOST[step])
    plan = Plan(step, PER_YEAR[step], horizon, confidence, triple(order), triple(seasonal_order))
    reason = reason_against_means(series, step) or reason_against(periods, horizon, transform)
    result = head_of(series, used_by(series, step, min_coverage)) | {
        **amount_interval(series, step),
        "step": step,
        "horizon": horizon,
        "confidence": confidence,
        "units": units_of(series.unit),
        "n_periods": periods.n,
        "missing_periods": periods.missing,
        "earlier_periods": all_periods.values.size - periods.values.size,
        "history": history_of(periods),
    }
    if reason:
        return plain(result | NOTHING | {"reason": reason})
    scale = scale_of(periods.values, is_log=transform == "log")
    places = origins_of(periods.values.size, horizon=horizon, fewest=FEWEST[step], most=origins)
    work = Work(periods, plan, scale, past_of(periods.values, places, plan))
    with warnings.catch_warnings():
        # It sets filters of its own when it is first imported.
        import statsmodels.tools.sm_exceptions  # noqa: F401

        # What a fit warns of, such as too few steps, shows in the back-test.
        warnings.simplefilter("ignore")
        return plain(result | NOTHING | answer(method, work))


NOTHING: dict[str, Any] = {
    "method": None,
    "model": None,
    "measured_coverage": None,
    "filled_periods": None,
    "forecast": None,
    "backtest": None,
    "methods_left_out": [],
}


def triple(order: list[int] | None) -> tuple[int, int, int] | None:
    return None if order is None else (order[0], order[1], order[2])


def reason_against(periods: Periods, horizon: int, transform: str) -> str | None:
    step, needed = periods.step, FEWEST[periods.step] + horizon + FEWEST_ORIGINS - 1
    values = periods.values
    if values.size < needed:
        return (
            f"At least {needed} {step}s are needed to forecast {horizon} and to test that, and "
            f"there are {values.size}."
        )
    if periods.missing > MOST_MISSING * values.size:
        return f"More than half of the {step}s are missing or not complete."
    early = values[: FEWEST[step]]
    if np.isfinite(early).sum() < MOST_MISSING * early.size:
        return f"More than half of the first {early.size} {step}s are missing or not complete."
    there = values[np.isfinite(values)]
    if np.ptp(there) <= 1e-12 * np.abs(there).max():
        return "All values are equal, so there is nothing to learn from."
    if transform == "log" and there.min() <= 0:
        return "Not all values are above zero, so they have no logarithms."
    return None


def answer(method: str, work: Work) -> dict[str, Any]:
    """The forecast of the method asked for, or of the best, with the back-test of all tried."""
    names, left_out = choices(method, work.periods)
    found, failed = try_all(names, work)
    left_out += failed
    if NAIVE not in found:
        return {"reason": f"No two {work.plan.step}s one season apart are known."}
    table = ranked(found, work.past)
    rows = [
        row
        for name, one in found.items()
        for row in scores_by_horizon(name, one, found[NAIVE], work.past)
    ]
    result: dict[str, Any] = {
        "methods_left_out": left_out,
        "backtest": {
            "origins": timestamps_of(work.periods.starts[work.past.origins]),
            "n_origins": work.past.origins.size,
            "naive_error": work.past.naive_error,
            "methods": table,
            "horizons": rows,
        },
    }
    for row in [row for row in table if method in {"auto", row["method"]}]:
        name = row["method"]
        last = final_forecast(name, work)
        if last is not None:
            fitted, ahead = last
            progress(1.0)
            return result | {
                "method": name,
                "model": {"form": fitted.form, "parameters": fitted.parameters},
                "measured_coverage": row["coverage"],
                "filled_periods": work.periods.missing if name in WANT_ALL else 0,
                "forecast": columns_of(work.periods, ahead),
                "reason": None,
            }
    why = [row["reason"] for row in left_out if row["method"] == method]
    return result | {"reason": (why or ["It could not be fitted to all that is known."])[0]}


def history_of(periods: Periods) -> dict[str, Any]:
    """The last periods before the forecast, for who draws it."""
    tail = periods.last(HISTORY[periods.step])
    stamps = timestamps_of(tail.starts) if tail.starts.size else []
    return {"timestamps": stamps, "values": tail.values}


def columns_of(periods: Periods, ahead: Forecast) -> dict[str, Any]:
    unit = UNITS[periods.step]
    last = periods.starts[-1].astype(f"datetime64[{unit}]")
    starts = last + np.arange(1, ahead.mean.size + 1)
    return {
        "timestamps": timestamps_of(starts),
        "mean": ahead.mean,
        "lower": ahead.lower,
        "upper": ahead.upper,
    }


def units_of(unit: str) -> dict[str, str]:
    ours = dict.fromkeys(("history", "forecast", "naive_error", "mae", "rmse", "bias"), unit)
    return (
        ours
        | dict.fromkeys(("mase", "skill", "coverage", "measured_coverage", "n"), "1")
        | {"model.parameters": "1"}
    )


def explain(
    series: Series, _path: tuple[str | int, ...], *, step: Step, min_coverage: float, **_own: Any
) -> Explanation:
    """A forecast is made of all periods that are complete and not too long ago."""
    periods = periods_of(series, step, min_coverage=min_coverage).last(MOST[step])
    told = explain_periods(series, periods)
    if not periods.starts.size:
        return told
    codes = np.where(series.timestamps < periods.starts[0], 2, told.codes)
    return Explanation(codes, (*told.reasons, NEVER))


def used_by(series: Series, step: Step, min_coverage: float) -> Bools:
    return np.asarray(explain(series, (), step=step, min_coverage=min_coverage).codes == 0)


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with the parameters of each step, and with orders without a SARIMA."""
    step, method = parameters["step"], parameters["method"]
    wrong: dict[str, list[str]] = {}
    if parameters["horizon"] > LONGEST[step]:
        wrong["horizon"] = [f"Must be at most {LONGEST[step]} for a step of one {step}."]
    for name in ("order", "seasonal_order"):
        if parameters[name] is not None and method not in {"auto", "sarima"}:
            wrong[name] = ["Is for `sarima` only."]
    if parameters["seasonal_order"] is not None and "seasonal_order" not in wrong:
        if step != "month":
            wrong["seasonal_order"] = ["Is for a step of one month only."]
        elif parameters["order"] is None:
            wrong["order"] = ["Must be given where `seasonal_order` is."]
    return wrong


def order_of(highest: int, words: str) -> dict[str, Any]:
    return {
        "type": ["array", "null"],
        "items": {"type": "integer", "minimum": 0, "maximum": highest},
        "minItems": 3,
        "maxItems": 3,
        "default": None,
        "description": words,
    }


analyses.add(
    Analysis(
        name="forecast",
        title="Forecast",
        description=(
            "Means of the next days, months or years with prediction intervals, by the method that "
            "a rolling-origin back-test found best: seasonal naive, ETS, Theta, SARIMA or gradient "
            "boosting."
        ),
        parameters={
            "method": {
                "type": "string",
                "enum": ["auto", "seasonal_naive", "ets", "theta", "sarima", "gradient_boosting"],
                "default": "auto",
                "description": "How is forecast; auto takes the method with the smallest error in "
                "the back-test. gradient_boosting needs scikit-learn on the server.",
            },
            "step": {
                "type": "string",
                "enum": ["day", "month", "year"],
                "default": "month",
                "description": "Means of what are forecast.",
            },
            "horizon": {
                "type": "integer",
                "minimum": 1,
                "maximum": 366,
                "default": 12,
                "description": "Number of periods: at most 366 days, 120 months or 30 years.",
            },
            "confidence": CONFIDENCE
            | {"maximum": 0.99, "description": "Confidence of the prediction intervals."},
            "origins": {
                "type": "integer",
                "minimum": FEWEST_ORIGINS,
                "maximum": 60,
                "default": 20,
                "description": "From how many moments of the past is forecast in the back-test, at "
                "most.",
            },
            "transform": {
                "type": "string",
                "enum": ["none", "log"],
                "default": "none",
                "description": "Logarithms suit positive values whose swings grow with their "
                "level; the forecast is then the median.",
            },
            "order": order_of(3, "Orders p, d and q of SARIMA; chosen by AICc where not given."),
            "seasonal_order": order_of(
                1, "Seasonal orders P, D and Q of SARIMA, only for months and with `order`."
            ),
            "min_coverage": MIN_COVERAGE,
        },
        missing=(
            "A day, month or year with less than `min_coverage` of its expected values is missing. "
            "Seasonal naive, SARIMA and gradient boosting go without it. For the fit of ETS and "
            "Theta gaps of at most 14 days, 3 months or 2 years are interpolated, and with longer "
            "ones, or more than a tenth missing, they are left out. With more than half missing "
            "there is no forecast."
        ),
        references=(
            "Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, 3rd edition",
            "Hyndman et al. 2008, doi:10.1007/978-3-540-71918-2 (ETS)",
            "Assimakopoulos and Nikolopoulos 2000, doi:10.1016/S0169-2070(00)00066-2 (Theta)",
            "Hyndman and Billah 2003, doi:10.1016/S0169-2070(01)00143-1 (Theta)",
            "Hyndman and Khandakar 2008, doi:10.18637/jss.v027.i03 (choice of SARIMA)",
            "Friedman 2001, doi:10.1214/aos/1013203451 (gradient boosting)",
            "Hyndman and Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001 (MASE)",
            "Murphy 1988, doi:10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2 (skill)",
        ),
        version=2,
        rules=rules,
        compute=forecast,
        says=pattern.forecast,
        explain=explain,
        libraries=("numpy", "scipy", "pandas", "statsmodels"),
        extra=EXTRA,
    )
)
