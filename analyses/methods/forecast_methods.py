"""The methods of forecasting by name: which can be tried, and how each would have done."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.backtest import (
    NAIVE,
    Judged,
    NotFittedError,
    Past,
    Scale,
    attempted,
    judge,
    scores,
)
from analyses.methods.boosting import EXTRA, gradient_boosting
from analyses.methods.forecasters import (
    Fit,
    Fitted,
    Forecast,
    Plan,
    ets,
    seasonal_naive,
    theta,
    without_waves,
)
from analyses.methods.periods import Periods
from analyses.methods.sarima import sarima
from analyses.methods.slopes import Floats
from datastream.core.errors import InvalidInputError

FITS: dict[str, Fit] = {
    NAIVE: seasonal_naive,
    "ets": without_waves(ets),
    "theta": without_waves(theta),
    "sarima": without_waves(sarima),
    EXTRA.value: without_waves(gradient_boosting),
}
# These want every period, and short gaps are filled for their fit.
WANT_ALL = ("ets", "theta")
LONGEST_GAP = {"day": 14, "month": 3, "year": 2}
MOST_FILLED = 0.1
SHARE_OF_TESTS = 0.9

LeftOut = dict[str, str]


@dataclass(frozen=True, slots=True)
class Work:
    """The periods in the unit of the series, what is to be forecast, and what it is tested on."""

    periods: Periods
    plan: Plan
    scale: Scale
    past: Past


def choices(method: str, periods: Periods) -> tuple[list[str], list[LeftOut]]:
    """Which methods to try, seasonal naive always first, and why not the others."""
    if method == EXTRA.value and not EXTRA.is_installed:
        raise InvalidInputError.of(EXTRA.parameter, EXTRA.advice)
    names = list(FITS) if method == "auto" else list(dict.fromkeys([NAIVE, method]))
    against = {name: reason_against_method(name, periods) for name in names}
    left_out = [{"method": name, "reason": why} for name, why in against.items() if why]
    return [name for name in names if not against[name]], left_out


def reason_against_method(name: str, periods: Periods) -> str | None:
    if name == EXTRA.value and not EXTRA.is_installed:
        return EXTRA.advice
    if name not in WANT_ALL:
        return None
    longest, step = longest_gap(periods.values), periods.step
    if longest > LONGEST_GAP[step]:
        return (
            f"It wants every {step}, and {longest} in a row are missing; up to "
            f"{LONGEST_GAP[step]} would be filled."
        )
    if periods.missing > MOST_FILLED * periods.values.size:
        return f"It wants every {step}, and more than a tenth of them are missing."
    return None


def longest_gap(values: Floats) -> int:
    there = np.flatnonzero(np.isfinite(values))
    return int(np.diff(there).max() - 1) if there.size > 1 else 0


def try_all(names: list[str], work: Work) -> tuple[dict[str, Judged], list[LeftOut]]:
    """What each said at each origin, and which came to nothing."""
    found: dict[str, Judged] = {}
    failed = []
    for number, name in enumerate(names):
        shares = SHARE_OF_TESTS * number / len(names), SHARE_OF_TESTS * (number + 1) / len(names)
        try:
            found[name] = judge(
                FITS[name],
                work.periods.values,
                past=work.past,
                plan=work.plan,
                scale=work.scale,
                shares=shares,
            )
        except NotFittedError as error:
            failed.append({"method": name, "reason": str(error)})
    return found, failed


def ranked(found: dict[str, Judged], past: Past) -> list[dict[str, Any]]:
    """The scores of each method, the best first: the smallest error over all that came."""
    rows = [{"method": name} | scores(one, found[NAIVE], past) for name, one in found.items()]
    return sorted(rows, key=lambda row: np.inf if row["mae"] is None else row["mae"])


def final_forecast(name: str, work: Work) -> tuple[Fitted, Forecast] | None:
    """Fit all that is known, and forecast from its end; None where that comes to nothing."""
    standard = work.scale.to(work.periods.values)
    try:
        fitted = attempted(lambda: FITS[name](standard, work.plan))
        ahead = attempted(lambda: fitted.predict(standard))
    except NotFittedError:
        return None
    return (fitted, work.scale.back(ahead)) if ahead.is_finite else None
