"""Extremes of a series: how often a level is passed, by block maxima or peaks over a threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from analyses.methods.calendar import reason_against_means, years_since
from analyses.methods.extreme_bootstrap import Estimator, Kind, Sample
from analyses.methods.extreme_explanation import explain
from analyses.methods.extreme_results import Asked, Scale, fitted
from analyses.methods.extreme_samples import (
    PARTS,
    Blocks,
    Part,
    Peaks,
    find_blocks,
    find_peaks,
    level_of,
    part_of,
)
from analyses.methods.rain import amount_interval
from analyses.methods.results import head, per, plain, timestamps_of
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE, SEED
from analyses.methods.words import weather
from analyses.registry import Analysis, analyses
from datasets.series import Series

Approach = Literal["block_maxima", "peaks_over_threshold"]
Side = Literal["highest", "lowest"]

PERIODS = [2, 5, 10, 20, 50, 100]
FEWEST = 10  # extremes
MOST_PEAKS = 10_000


@np.errstate(all="ignore")
def extremes(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    approach: Approach = "block_maxima",
    side: Side = "highest",
    block: str = "year",
    first_month: int = 1,
    min_coverage: float = 0.8,
    threshold: float | None = None,
    threshold_quantile: float = 0.95,
    run_days: float = 3,
    estimator: Estimator = "maximum_likelihood",
    trend: bool = False,
    return_periods: Sequence[float] = PERIODS,
    bootstrap: Kind = "parametric",
    resamples: int = 500,
    seed: int = 1,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Fit a distribution to the extremes of a series and say what is passed once in so many years.

    Parameters
    ----------
    series : in its unit
    approach : a generalized extreme value distribution of the highest value of each block, or a
        generalized Pareto distribution of what peaks have above a threshold
    side : "lowest" does the same to the series turned upside down
    block : "year", a season ("DJF") or a month ("July"): one block a year
    first_month : 1 to 12
        With which a year begins.
    min_coverage : 0 to 1
        A block with a smaller share of its expected values is left out, and so is one that the
        series does not reach the end of. Peaks are counted against the values there are.
    threshold : in the unit of the series; else the quantile of the values that stands for it
    run_days : days
        Values above the threshold that are no further apart are one event: its highest counts.
    estimator : of the parameters that return levels are made of
    trend : whether the location of the block maxima moves linearly in time
    return_periods : years
    bootstrap, resamples, seed, confidence : of the intervals of the return levels

    Returns
    -------
    dict
        Parameters with standard errors, return levels with intervals, tests of fit, and the
        extremes themselves, which of precipitation are the amounts of an interval, and no means.
        With fewer than ten numbers are None and `reason` says why.

    References
    ----------
    Coles 2001, An Introduction to Statistical Modeling of Extreme Values, Springer; Hosking 1990,
    doi:10.1111/j.2517-6161.1990.tb01775.x.
    """
    part = part_of(block, first_month)
    sign = 1.0 if side == "highest" else -1.0
    turned = replace(series, values=sign * series.values)
    if approach == "block_maxima":
        found, sample, scale = of_blocks(turned, part, sign, min_coverage=min_coverage, trend=trend)
    else:
        level = level_of(turned, part, sign, threshold=threshold, quantile=threshold_quantile)
        found, sample, scale = of_peaks(turned, part, sign, threshold=level, run_days=run_days)
    result = head(series) | {
        "approach": approach,
        "side": side,
        "block": block,
        "first_month": part.first_month,
        "estimator": estimator,
        "units": units_of(series.unit),
        "blocks": None,
        "threshold": None,
        "peaks": None,
    }
    asked = Asked(estimator, return_periods, bootstrap, resamples, seed, confidence)
    return plain(result | found | fitted(sample, scale, asked) | amount_interval(series, "year"))


def of_blocks(
    series: Series, part: Part, sign: float, *, min_coverage: float, trend: bool
) -> tuple[dict[str, Any], Sample | str, Scale]:
    """What is said of the blocks, and the sample made of them or why there is none."""
    blocks = find_blocks(series, part, min_coverage=min_coverage)
    used = np.flatnonzero(blocks.counted)
    values = blocks.highest[used]
    found = {
        "n": used.size,
        "n_values": blocks.counts[used].sum(),
        "blocks": columns_of(series, blocks, sign),
    }
    scale = Scale.of(values, sign=sign)
    reason = reason_against_blocks(series) or reason_against_values(
        values, scale, "complete blocks"
    )
    if reason:
        return found, reason, scale
    times = None
    if trend:
        years = years_since(blocks.starts[used], blocks.starts[used[-1]])
        times = years / -years[0]
        at = timestamps_of(blocks.starts[used[-1]])[0]
        scale = replace(scale, span_years=float(-years[0]), at=at)
    size = used.size
    return found, Sample("gev", scale.within(values), times, np.arange(size), size, size), scale


def columns_of(series: Series, blocks: Blocks, sign: float) -> dict[str, Any]:
    there = blocks.places >= 0
    at: list[str | None] = [None] * there.size
    for place, stamp in zip(
        np.flatnonzero(there), timestamps_of(series.timestamps[blocks.places[there]]), strict=True
    ):
        at[place] = stamp
    return {
        "timestamps": timestamps_of(blocks.starts),
        "values": sign * blocks.highest,
        "at": at,
        "n_values": blocks.counts,
        "coverage": blocks.coverage,
        "used": blocks.counted,
    }


def of_peaks(
    series: Series, part: Part, sign: float, *, threshold: float, run_days: float
) -> tuple[dict[str, Any], Sample | str, Scale]:
    """What is said of the peaks, and the sample made of them or why there is none."""
    peaks = find_peaks(series, part, threshold=threshold, run_days=run_days)
    values, many = series.values[peaks.places], peaks.places.size
    excesses = values - threshold
    scale = Scale.of(excesses, sign=sign, centre=threshold)
    inside = int(part.numbers(series.timestamps)[1].sum())
    found: dict[str, Any] = {
        "n": many,
        "n_values": inside,
        "threshold": {
            "value": sign * threshold,
            "above": peaks.above.size,
            "share": peaks.above.size / inside if inside else None,
            "extremal_index": many / peaks.above.size if many else None,
            "per_year": many / peaks.observed if peaks.observed else None,
            "years": peaks.observed,
        },
    }
    if many > MOST_PEAKS:
        return found, f"There are {many} peaks, and at most {MOST_PEAKS} are taken.", scale
    found["peaks"] = {
        "timestamps": timestamps_of(series.timestamps[peaks.places]) if many else [],
        "values": sign * values,
    }
    reason = reason_against_blocks(series) or reason_against_values(excesses, scale, "peaks")
    return found, reason or sample_of(peaks, scale.within(values)), scale


def sample_of(peaks: Peaks, values: Any) -> Sample:
    years = peaks.all_years
    return Sample("gpd", values, None, peaks.years - years[0], years.size, peaks.observed)


def reason_against_blocks(series: Series) -> str | None:
    return reason_against_means(series, "year", of="extremes")


def reason_against_values(values: Any, scale: Scale, what: str) -> str | None:
    if values.size < FEWEST:
        return f"At least {FEWEST} {what} are needed, and there are {values.size}."
    if not np.isfinite(scale.spread):
        return "The values are too large to compute with."
    if scale.spread == 0 or np.ptp(values) == 0:
        return f"The extremes of all {what} are equal."
    return None


def units_of(unit: str) -> dict[str, str]:
    valued = (
        "location", "scale", "level", "lower", "upper", "values", "threshold.value",
        "l_moments.l1", "l_moments.l2",
    )  # fmt: skip
    return dict.fromkeys(valued, unit) | {
        "slope_per_decade": per(unit, "decade"),
        "observed": unit,
        "modelled": unit,
        "shape": "1",
        "period": "year",
        "l_moments.t3": "1",
        "threshold.share": "1",
        "threshold.extremal_index": "1",
        "threshold.per_year": "year-1",
        "threshold.years": "year",
        "coverage": "1",
        "log_likelihood": "1",
        "goodness_of_fit": "1",
        "trend_test": "1",
    }


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check what no schema can say: a trend is one of block maxima, by likelihood."""
    wrong: dict[str, list[str]] = {}
    if parameters.get("trend"):
        if parameters.get("approach") == "peaks_over_threshold":
            wrong["trend"] = ["Only the location of block maxima can have a trend."]
        elif parameters.get("estimator") == "l_moments":
            wrong["trend"] = ["Needs `estimator` to be maximum_likelihood."]
    return wrong


analyses.add(
    Analysis(
        name="extremes",
        title="Extremes",
        description=(
            "Return levels with their intervals: a generalized extreme value distribution of the "
            "extremes of each year, season or month, or a generalized Pareto distribution of "
            "peaks over a threshold."
        ),
        parameters={
            "approach": {
                "type": "string",
                "enum": ["block_maxima", "peaks_over_threshold"],
                "default": "block_maxima",
                "description": "Extremes of blocks of time, or peaks over a threshold.",
            },
            "side": {
                "type": "string",
                "enum": ["highest", "lowest"],
                "default": "highest",
                "description": "Which extremes: a lowest value is passed downwards.",
            },
            "block": {
                "type": "string",
                "enum": ["year", *PARTS],
                "default": "year",
                "description": "Part of each year that is taken: all of it, a season or a month.",
            },
            "first_month": {
                "type": "integer",
                "minimum": 1,
                "maximum": 12,
                "default": 1,
                "description": "Month with which a year begins; only where `block` is year.",
            },
            "min_coverage": MIN_COVERAGE
            | {
                "description": "Smallest share of its expected values with which a block counts, "
                "which also wants half of each of its months; only for block maxima."
            },
            "threshold": {
                "type": ["number", "null"],
                "minimum": -1e300,
                "maximum": 1e300,
                "default": None,
                "description": "Of peaks only: the level that they are above (below it: "
                "lowest), in the unit of the series; if left out, "
                "`threshold_quantile` of the values.",
            },
            "threshold_quantile": {
                "type": "number",
                "minimum": 0.5,
                "maximum": 0.9999,
                "default": 0.95,
                "description": "Share of the values that are less extreme than the threshold.",
            },
            "run_days": {
                "type": "number",
                "minimum": 0,
                "maximum": 366,
                "default": 3,
                "description": "Of peaks only: values beyond the threshold that are at most so "
                "many days apart are one event.",
            },
            "estimator": {
                "type": "string",
                "enum": ["maximum_likelihood", "l_moments"],
                "default": "maximum_likelihood",
                "description": "How the parameters are found that return levels are made of.",
            },
            "trend": {
                "type": "boolean",
                "default": False,
                "description": "Whether the location of block maxima moves linearly in time.",
            },
            "return_periods": {
                "type": "array",
                "items": {"type": "number", "minimum": 1.01, "maximum": 1_000_000},
                "minItems": 1,
                "maxItems": 50,
                "default": PERIODS,
                "description": "Return periods in years.",
            },
            "bootstrap": {
                "type": "string",
                "enum": ["parametric", "blocks"],
                "default": "parametric",
                "description": "Samples for the intervals: drawn from the fitted distribution, or "
                "whole years drawn with replacement.",
            },
            "resamples": {
                "type": "integer",
                "minimum": 100,
                "maximum": 5000,
                "default": 500,
                "description": "How many samples are drawn.",
            },
            "seed": SEED,
            "confidence": CONFIDENCE | {"maximum": 0.99},
        },
        only_with={
            "first_month": {"block": ("year",)},
            "min_coverage": {"approach": ("block_maxima",)},
            "threshold": {"approach": ("peaks_over_threshold",)},
            "threshold_quantile": {"threshold": (None,), "approach": ("peaks_over_threshold",)},
            "run_days": {"approach": ("peaks_over_threshold",)},
        },
        missing=(
            "Nothing is filled. A block with less than `min_coverage` of its expected values is "
            "left out, and so is one that the series does not reach the end of. Peaks are counted "
            "against the values there are, so that gaps do not make them rarer."
        ),
        references=(
            "Coles 2001, An Introduction to Statistical Modeling of Extreme Values, Springer",
            "Hosking 1990, doi:10.1111/j.2517-6161.1990.tb01775.x (L-moments)",
            "Hosking, Wallis and Wood 1985, doi:10.1080/00401706.1985.10488049",
            "Hosking and Wallis 1987, doi:10.1080/00401706.1987.10488243 (Pareto)",
        ),
        version=1,
        rules=rules,
        compute=extremes,
        says=weather.extremes,
        explain=explain,
        libraries=("numpy", "scipy"),
    )
)
