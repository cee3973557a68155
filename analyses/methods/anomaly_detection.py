"""Values that are far from what their season and the level around them lead to expect."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from analyses.methods.calendar import Step, reason_against_means
from analyses.methods.esd import Direction, generalised_esd
from analyses.methods.expected import Seasonal, expected_of
from analyses.methods.periods import (
    Periods,
    explain_periods,
    finest_step,
    periods_of,
)
from analyses.methods.progress import progress
from analyses.methods.rain import amount_interval
from analyses.methods.results import head_of, plain, timestamps_of
from analyses.methods.schemas import MIN_COVERAGE, SEED
from analyses.methods.slopes import Floats, Ints
from analyses.methods.spread import robust_spread
from analyses.methods.words import quality
from analyses.registry import Analysis, Explanation, Extra, analyses
from datasets.series import Series
from datastream.core.errors import InvalidInputError

MOST = 1000
TREES = 100  # as in the paper
FEWEST = {"day": 3 * 365, "month": 36, "year": 10}
MOST_MISSING = 0.5
# The smoothers add up weighted values, for which a number must have room.
LARGEST = 1e301
TOO_LARGE = "The values are too large to compute with."
EXTRA = Extra(parameter="method", value="isolation_forest")


@np.errstate(over="ignore", invalid="ignore")
def anomaly_detection(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    method: str = "seasonal_esd",
    step: str = "auto",
    seasonal: Seasonal = "medians",
    direction: Direction = "both",
    max_share: float = 0.02,
    significance: float = 0.05,
    min_score: float = 0.7,
    seed: int = 1,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Find the days, months or years that are unlike what is expected of them.

    Parameters
    ----------
    series : in its unit
    method : "seasonal_esd" or "isolation_forest"
    step : "day", "month", "year", or "auto": the finest of them that the values allow
    seasonal : whether the season is that of medians or of STL
    direction : "both", or only values that are too "high" or too "low"
    max_share : of all periods, that may be anomalies; never more than 1,000
    significance : level of the test; only for seasonal_esd
    min_score : score from which a period is an anomaly; only for isolation_forest
    seed : of the random trees; only for isolation_forest
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is not judged.

    Returns
    -------
    dict
        `anomalies` in order of time. What is expected is a season plus a running median; the
        remainder is what the methods see. Nothing is filled but for the season of STL.

    References
    ----------
    Rosner 1983; Vallis, Hochenbaum and Kejariwal 2014; Liu, Ting and Zhou 2008.
    """
    taken = step_of(series, step)
    periods = periods_of(series, taken, min_coverage=min_coverage)
    reason = reason_against_means(series, taken) or reason_against(periods)
    options = Options(method, seasonal, direction, max_share, significance, min_score, seed)
    return plain(
        head_of(series, explain_periods(series, periods).codes == 0)
        | amount_interval(series, taken)
        | {
            "method": method,
            "step": taken,
            "units": units_of(series.unit),
            "n_periods": periods.n,
            "missing_periods": periods.missing,
        }
        | (NOTHING | {"reason": reason} if reason else judged(periods, options))
    )


NOTHING: dict[str, Any] = {
    "max_anomalies": None,
    "spread": None,
    "n_anomalies": 0,
    "n_high": 0,
    "n_low": 0,
    "anomalies": [],
}


@dataclass(frozen=True, slots=True)
class Options:
    """How anomalies are looked for; see the parameters of the analysis."""

    method: str
    seasonal: Seasonal
    direction: Direction
    max_share: float
    significance: float
    min_score: float
    seed: int


def step_of(series: Series, step: str) -> Step:
    return finest_step(series) if step == "auto" else cast("Step", step)


def judged(periods: Periods, options: Options) -> dict[str, Any]:
    """The anomalies and how many they are, or why there can be none."""
    expected = expected_of(periods, options.seasonal)
    progress(0.3)
    places = np.flatnonzero(np.isfinite(periods.values))
    remainder = (periods.values - expected)[places]
    spread = robust_spread(remainder, float(np.median(remainder)))
    most = min(MOST, max(1, int(options.max_share * remainder.size)))
    result = NOTHING | {"max_anomalies": most, "spread": spread}
    if reason := reason_against_spread(spread, periods):
        return result | {"reason": reason}
    if options.method == "seasonal_esd":
        found, scores = by_test(remainder / spread, most, options)
    else:
        found, scores = by_forest((periods.values - expected) / spread, most, options)
    order = np.argsort(found, kind="stable")
    rows = rows_of(periods, expected, places[found[order]], scores[order])
    high = sum(row["direction"] == "high" for row in rows)
    counts = {"n_anomalies": len(rows), "n_high": high, "n_low": len(rows) - high}
    return result | counts | {"anomalies": rows, "reason": None}


def reason_against(periods: Periods) -> str | None:
    if periods.n < FEWEST[periods.step]:
        return (
            f"At least {FEWEST[periods.step]} complete {periods.step}s are needed to know what is "
            f"expected, and there are {periods.n}."
        )
    if periods.missing > MOST_MISSING * periods.values.size:
        return f"More than half of the {periods.step}s are missing or not complete."
    if np.nanmax(np.abs(periods.values)) > LARGEST:
        return TOO_LARGE
    return None


def reason_against_spread(spread: float, periods: Periods) -> str | None:
    """Rounding is no spread, and neither is one of which no number can be made."""
    largest = float(np.nanmax(np.abs(periods.values)))
    if spread > 1e-12 * largest and np.isfinite(spread):
        return None
    if np.isfinite(spread):
        return "At least half of the values are just as expected: there is no spread to judge by."
    return TOO_LARGE


def by_test(remainder: Floats, most: int, options: Options) -> tuple[Ints, Floats]:
    """Places of outliers, and how many robust standard deviations each was out when found."""
    test = generalised_esd(
        remainder,
        most=most,
        alpha=options.significance,
        is_robust=True,
        direction=options.direction,
    )
    found = slice(0, test.n_outliers)
    return test.places[found], test.statistics[found]


def by_forest(remainder: Floats, most: int, options: Options) -> tuple[Ints, Floats]:
    """Places and scores of those that few random cuts set apart, among those that are there.

    Each has two features: its remainder, and the change of it since the period before; where that
    is missing, the change counts as none.
    """
    if not EXTRA.is_installed:
        raise InvalidInputError.of(EXTRA.parameter, EXTRA.advice)
    from sklearn.ensemble import IsolationForest

    there = np.isfinite(remainder)
    change = np.nan_to_num(np.diff(remainder, prepend=np.nan))
    features = np.column_stack([remainder, change])[there]
    forest = IsolationForest(n_estimators=TREES, random_state=options.seed).fit(features)
    # The score of Liu et al., 0 to 1; the library gives its negative.
    scores = -forest.score_samples(features)
    high = features[:, 0] > 0
    wanted = {"both": np.ones_like(high), "high": high, "low": ~high}[options.direction]
    found = np.flatnonzero((scores >= options.min_score) & wanted)
    found = found[np.argsort(-scores[found], kind="stable")][:most]
    return found, scores[found]


def rows_of(
    periods: Periods, expected: Floats, places: Ints, scores: Floats
) -> list[dict[str, Any]]:
    if not places.size:
        return []
    columns = zip(
        timestamps_of(periods.starts[places]),
        periods.values[places].tolist(),
        expected[places].tolist(),
        scores.tolist(),
        strict=True,
    )
    return [
        {
            "timestamp": timestamp,
            "value": value,
            "expected": usual,
            "score": score,
            "direction": "high" if value > usual else "low",
        }
        for timestamp, value, usual, score in columns
    ]


def units_of(unit: str) -> dict[str, str]:
    return {"value": unit, "expected": unit, "spread": unit, "score": "1", "n_periods": "1"}


def explain(
    series: Series, _path: tuple[str | int, ...], *, step: str, min_coverage: float, **_own: Any
) -> Explanation:
    """What is expected of one period is made of all that are complete."""
    periods = periods_of(series, step_of(series, step), min_coverage=min_coverage)
    return explain_periods(series, periods)


analyses.add(
    Analysis(
        name="anomaly_detection",
        title="Anomaly detection",
        description=(
            "Days, months or years that are far from what their season and the level around them "
            "lead to expect, with scores: seasonal-hybrid ESD or isolation forest."
        ),
        parameters={
            "method": {
                "type": "string",
                "enum": ["seasonal_esd", "isolation_forest"],
                "default": "seasonal_esd",
                "description": "A test of outliers in the remainder, or a forest of random trees "
                "on the remainder and its changes (needs scikit-learn on the server).",
            },
            "step": {
                "type": "string",
                "enum": ["auto", "day", "month", "year"],
                "default": "auto",
                "description": "Means of what are judged; auto takes the finest that the values "
                "allow.",
            },
            "seasonal": {
                "type": "string",
                "enum": ["medians", "stl"],
                "default": "medians",
                "description": "Season from medians of each month or day of the year, or from a "
                "robust STL, which lets it change over decades.",
            },
            "direction": {
                "type": "string",
                "enum": ["both", "high", "low"],
                "default": "both",
                "description": "Which anomalies are looked for.",
            },
            "max_share": {
                "type": "number",
                "minimum": 0.0001,
                "maximum": 0.2,
                "default": 0.02,
                "description": "Largest share of all periods that may be anomalies; never more "
                f"than {MOST}.",
            },
            "significance": {
                "type": "number",
                "minimum": 0.0001,
                "maximum": 0.5,
                "default": 0.05,
                "description": "Level of the test; only for seasonal_esd.",
            },
            "min_score": {
                "type": "number",
                "minimum": 0.5,
                "maximum": 1,
                "default": 0.7,
                "description": "Score from which a period is an anomaly; only for "
                "isolation_forest.",
            },
            "seed": SEED | {"description": "Seed of the random trees; only for isolation_forest."},
            "min_coverage": MIN_COVERAGE,
        },
        only_with={
            "significance": {"method": ("seasonal_esd",)},
            "min_score": {"method": ("isolation_forest",)},
            "seed": {"method": ("isolation_forest",)},
        },
        missing=(
            "A day, month or year with less than `min_coverage` of its expected values is not "
            "judged. Nothing is filled, but for the fit of `stl`, by the medians; what was filled "
            "is never an anomaly. With more than half missing there is no answer."
        ),
        references=(
            "Rosner 1983, doi:10.1080/00401706.1983.10487848",
            "Vallis, Hochenbaum and Kejariwal 2014, Long-Term Anomaly Detection, HotCloud '14",
            "Cleveland 1979, doi:10.1080/01621459.1979.10481038 (LOWESS)",
            "Cleveland et al. 1990, J. Off. Stat. 6, 3–73 (STL)",
            "Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17 (isolation forest)",
        ),
        version=2,
        compute=anomaly_detection,
        says=quality.anomaly_detection,
        explain=explain,
        libraries=("numpy", "scipy", "pandas", "statsmodels"),
        extra=EXTRA,
    )
)
