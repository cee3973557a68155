"""Multiple linear regression of a series on others, on time and on the seasons."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analyses.methods.calendar import Moments, years_since
from analyses.methods.least_squares import newey_west_lags
from analyses.methods.linear_model import NOTHING, Term, least_squares, reason_against
from analyses.methods.pairs import (
    MEANS,
    STEP,
    PairStep,
    Sample,
    common_times,
    delayed,
    described,
    explained,
    name_of,
    reason_without,
    sampled,
    values_at,
)
from analyses.methods.rain import amount_interval
from analyses.methods.results import extent, head, per, plain, timestamps_of
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE
from analyses.methods.words import relation
from analyses.registry import MAIN, Analysis, Explanation, Input, analyses
from datasets.series import Series


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def regression(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    predictors: Sequence[Series],
    step: PairStep = "month",
    lag: int = 0,
    trend: bool = False,
    harmonics: int = 0,
    hac_lags: int | None = None,
    confidence: float = 0.95,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Tell a series from others by ordinary least squares.

    Parameters
    ----------
    series, predictors : in any units; only times that all of them have are taken
    step : "raw" values at exactly equal times, or means of each complete "day", "month" or "year"
    lag : steps by which all predictors come earlier; of raw values intervals of the series
    trend : whether time is a predictor too
    harmonics : 0 to 4, waves of a year, half a year and so on that are predictors too
    hac_lags : lags of the errors that do not take neighbours for independent
        None: 4 · (n / 100)^(2/9), Newey and West's rule of thumb of 1994.
    confidence : 0.5 to 0.999, of all intervals
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is left out.

    Returns
    -------
    dict
        `terms` with their coefficients, `fit`, `diagnostics` and the most influential times. With
        terms that follow from each other all is empty and `reason` says which do.

    References
    ----------
    Longley 1967; Newey and West 1987; Breusch and Pagan 1979; Koenker 1981; Cook 1977.
    """
    samples, times, reason = paired(series, predictors, step, lag=lag, min_coverage=min_coverage)
    y = values_at(samples[0], times)
    terms = terms_of(samples, times, trend=trend, harmonics=harmonics)
    used = chosen_lags(times.size, hac_lags)
    found: dict[str, Any] = dict(NOTHING)
    reason = reason or reason_against(y, terms)
    if not reason:
        found = least_squares(y, terms, unit=series.unit, confidence=confidence, hac_lags=used)
        for one in found["influence"]:
            one["timestamp"] = timestamps_of(times[one.pop("place")])[0]
    return plain(
        head(series)
        | {"n": times.size}
        | extent(times)
        | amount_interval(series, step)
        | {
            "step": step,
            "lag": lag,
            "lag_unit": samples[0].lag_unit,
            "hac_lags": used,
            "confidence": confidence,
            "units": units_of(series.unit),
            "series": [one_of(one, times, step) for one in samples],
            "reason": reason,
        }
        | found
    )


def one_of(sample: Sample, times: Moments, step: PairStep) -> dict[str, Any]:
    return described(sample, times) | amount_interval(sample.series, step)


def units_of(unit: str) -> dict[str, str]:
    """The coefficient of a term and its errors have the `unit` of the term, which stands beside."""
    tested = ("t", "p", "hac_t", "hac_p", "standardised", "vif")
    pure = (*(f"terms.{name}" for name in tested), "fit", "diagnostics")
    influence = ("cooks_distance", "leverage", "studentised")
    valued = ("residual", "residual_std", "fit.residual_std")
    return dict.fromkeys(valued, unit) | dict.fromkeys((*pure, *influence), "1")


def paired(
    series: Series, predictors: Sequence[Series], step: PairStep, *, lag: int, min_coverage: float
) -> tuple[list[Sample], Moments, str | None]:
    """All of them, the predictors beside what they come before; their times; why there are none."""
    main, *others = (sampled(one, step, min_coverage=min_coverage) for one in (series, *predictors))
    if lag and main.spacing is None:
        return [main, *others], main.times[:0], "The interval of the first series is not known."
    samples = [main, *(delayed(one, lag, beside=main) for one in others)]
    times = common_times(samples)
    return samples, times, reason_without(samples, times, step=step)


def terms_of(
    samples: Sequence[Sample], times: Moments, *, trend: bool, harmonics: int
) -> list[Term]:
    """What the first of the series is told from, at times that all of them have."""
    unit = samples[0].series.unit
    terms = [predictor(one, place, times, unit) for place, one in enumerate(samples[1:], 1)]
    if not times.size:
        return terms
    return [
        *terms,
        *(of_time(times, unit) if trend else []),
        *of_season(times, harmonics, unit),
    ]


def predictor(sample: Sample, place: int, times: Moments, unit: str) -> Term:
    one = sample.series
    name = name_of(one)
    facts = {
        "name": name,
        "kind": "series",
        "series": place,
        "unit": per(unit, one.unit) if one.unit not in {"", "1"} else unit,
    }
    return Term(name, facts, values_at(sample, times))


def of_time(times: Moments, unit: str) -> list[Term]:
    """Years since the first time."""
    facts = {"name": "trend", "kind": "trend", "series": None, "unit": per(unit, "year")}
    return [Term("the trend", facts, years_since(times, times[0]))]


def of_season(times: Moments, harmonics: int, unit: str) -> list[Term]:
    """Sine and cosine of so many waves to the calendar year, all years of one length."""
    years = times.astype("datetime64[Y]")
    first, last = (one.astype("datetime64[us]") for one in (years, years + 1))
    share = (times - first).astype(np.float64) / (last - first).astype(np.float64)
    waves: list[Term] = []
    for number in range(1, harmonics + 1):
        angle = 2 * math.pi * number * share
        for name, values in (("sin", np.sin(angle)), ("cos", np.cos(angle))):
            label = f"{name} {number}"
            facts = {"name": label, "kind": "season", "series": None, "unit": unit}
            waves.append(Term(label, facts, values))
    return waves


def chosen_lags(n: int, asked: int | None) -> int:
    """Never more than there are values to lag."""
    return max(0, newey_west_lags(n) if asked is None else min(asked, n - 1))


def explain(
    series: Series,
    _path: Sequence[str | int],
    *,
    predictors: Sequence[Series],
    of: int = 0,
    step: PairStep = "month",
    lag: int = 0,
    min_coverage: float = 0.8,
    **_: Any,
) -> Explanation:
    """Which values of a series stand at the times that all have; every number is made of them."""
    samples, times, _reason = paired(series, predictors, step, lag=lag, min_coverage=min_coverage)
    return explained(samples[of], times, step=step)


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    if parameters["step"] == "year" and parameters["harmonics"]:
        return {"harmonics": ["Must be 0 where the step is a year."]}
    return {}


analyses.add(
    Analysis(
        name="regression",
        title="Regression",
        description=(
            "A series as a sum of others, such as indices of climate modes, of time and of the "
            "seasons: coefficients with their errors, goodness and diagnostics."
        ),
        inputs=(
            MAIN,
            Input(
                "predictors",
                "Series to tell it from: variable, and station and dataset where they are others.",
                form="list",
            ),
        ),
        parameters={
            "step": STEP | {"default": "month"},
            "lag": {
                "type": "integer",
                "minimum": 0,
                "maximum": 366,
                "default": 0,
                "description": "Steps by which all predictors come earlier than the series.",
            },
            "trend": {
                "type": "boolean",
                "default": False,
                "description": "Whether time is a predictor too.",
            },
            "harmonics": {
                "type": "integer",
                "minimum": 0,
                "maximum": 4,
                "default": 0,
                "description": "Number of waves to the year, each a sine and a cosine, that are "
                "predictors too.",
            },
            "hac_lags": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": 366,
                "default": None,
                "description": "Lags of the errors that do not take neighbours for independent; "
                "4 · (n / 100)^(2/9) if left out.",
            },
            "confidence": CONFIDENCE,
            "min_coverage": MIN_COVERAGE,
        },
        only_with={"min_coverage": {"step": MEANS}},
        missing=(
            "Nothing is filled. Only times at which the series and all predictors have a value are "
            "taken; a day, month or year counts where it has `min_coverage` of its values in each."
        ),
        references=(
            "Longley 1967, doi:10.1080/01621459.1967.10500896, and NIST StRD (accuracy)",
            "Newey and West 1987, doi:10.2307/1913610, and 1994, doi:10.2307/2297912 (HAC errors)",
            "Durbin and Watson 1950, doi:10.1093/biomet/37.3-4.409",
            "Breusch and Pagan 1979, doi:10.2307/1911963",
            "Koenker 1981, doi:10.1016/0304-4076(81)90062-2 (its test, studentised)",
            "Jarque and Bera 1980, doi:10.1016/0165-1765(80)90024-5",
            "Cook 1977, doi:10.1080/00401706.1977.10489493",
            "Belsley, Kuh and Welsch 1980, doi:10.1002/0471725153 (condition number, VIF)",
        ),
        version=1,
        rules=rules,
        libraries=("numpy", "scipy", "statsmodels"),
        compute=regression,
        says=relation.regression,
        explain=explain,
    )
)
