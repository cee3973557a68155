"""Decomposition of a series: trend, one season or several, and what remains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Step, not_complete, reason_against_means
from analyses.methods.rain import amount_interval
from analyses.methods.regular_rows import (
    MAX_GAP,
    PER_YEAR,
    Rows,
    bridged,
    reason_against_gaps,
    reason_against_length,
    rows_of,
)
from analyses.methods.results import extent, head, plain, timestamps_of
from analyses.methods.schemas import MIN_COVERAGE
from analyses.methods.slopes import Floats
from analyses.methods.stl import Parts, Smoothing, decompose, smoothing_of, strength
from analyses.methods.words import pattern
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series


@np.errstate(over="ignore", invalid="ignore")
def decomposition(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    step: Step = "month",
    periods: list[int] | None = None,
    seasonal_window: int | None = None,
    trend_window: int | None = None,
    robust: bool = False,
    min_coverage: float = 0.8,
    max_gap: int | None = None,
    max_missing: float = 0.1,
) -> dict[str, Any]:
    """Split the means of months or days into trend, season and remainder, which add up to them.

    Parameters
    ----------
    series : in its unit
    step : "month" or "day", in UTC
    periods : lengths of the seasons in months or days; None: one year, of 12 months or 365 days
        Where the one season of days is 365 long, 29 February is left out, so that years keep step.
    seasonal_window : seasons over which a season is smoothed, odd; None: 11, and 15 and 19 for more
    trend_window : months or days over which the trend is smoothed, odd; None: by the season
    robust : whether what stands out is given less weight
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is missing.
    max_gap : months or days; None: 3 months, 31 days
        Longer gaps are not bridged, and there is no result.
    max_missing : 0 to 1
        Neither is there with a larger share of missing periods.

    Returns
    -------
    dict
        Columns of equal length in the unit of the series. A missing period is filled for the fit,
        by the mean of its place in the season and the anomalies on both sides of the gap, and is
        None in every column.

    References
    ----------
    Cleveland et al. 1990; Bandara, Hyndman and Bergmeir 2021; Hyndman and Athanasopoulos 2021.
    """
    lengths = sorted(periods or [PER_YEAR[step]])
    rows = rows_of(series, step, lengths, min_coverage)
    gap = MAX_GAP[step] if max_gap is None else max_gap
    y = rows.values[rows.fitted]
    reason = (
        reason_against_means(series, step)
        or reason_against_length(rows, step, lengths[-1])
        or reason_against_gaps(y, step, lengths[-1], max_gap=gap, max_missing=max_missing)
    )
    smoothings = [
        smoothing_of(length, place=place, window=seasonal_window, trend=trend_window)
        for place, length in enumerate(lengths)
    ]
    result = (
        heading(series, rows, step)
        | amount_interval(series, step)
        | {
            "step": step,
            "robust": robust,
            "periods": lengths,
            "seasonal_windows": [one.window for one in smoothings],
            "trend_window": smoothings[-1].trend_window,
        }
    )
    if reason:
        return plain(result | NOTHING | {"reason": reason})
    return plain(result | numbers_of(rows, smoothings, robust=robust) | {"reason": None})


NOTHING: dict[str, Any] = {
    "strength": {"trend": None, "seasons": None},
    "timestamps": [],
    "values": [],
    "trend": [],
    "seasons": [],
    "remainder": [],
}


def numbers_of(rows: Rows, smoothings: list[Smoothing], *, robust: bool) -> dict[str, Any]:
    y = rows.values[rows.fitted]
    parts = parts_of(y, smoothings, robust=robust)
    strengths = strengths_of(parts, np.isfinite(y))
    return {"strength": strengths} | columns_of(rows, parts, smoothings)


def parts_of(y: Floats, smoothings: list[Smoothing], *, robust: bool) -> Parts:
    # Around zero and of order one, so that nothing overflows in the smoothers.
    level = float(np.nanmedian(y))
    scale = float(np.nanmax(np.abs(y - level)))
    whole = bridged((y - level) / scale, smoothings[-1].period)
    found = decompose(whole, smoothings, robust=robust)
    return Parts(
        trend=found.trend * scale + level,
        seasons=found.seasons * scale,
        remainder=found.remainder * scale,
    )


def columns_of(rows: Rows, parts: Parts, smoothings: list[Smoothing]) -> dict[str, Any]:
    def column(part: Floats) -> Floats:
        whole = np.full(rows.values.size, np.nan)
        whole[rows.fitted] = part
        whole[np.isnan(rows.values)] = np.nan
        return whole

    return {
        "timestamps": timestamps_of(rows.timestamps),
        "values": np.where(rows.fitted, rows.values, np.nan),
        "trend": column(parts.trend),
        "seasons": [
            {"period": one.period, "values": column(part)}
            for one, part in zip(smoothings, parts.seasons, strict=True)
        ],
        "remainder": column(parts.remainder),
    }


def strengths_of(parts: Parts, there: NDArray[np.bool_]) -> dict[str, Any]:
    remainder = parts.remainder[there]
    return {
        "trend": strength(parts.trend[there], remainder),
        "seasons": [strength(season[there], remainder) for season in parts.seasons],
    }


def heading(series: Series, rows: Rows, step: Step) -> dict[str, Any]:
    """`n` counts the values in the periods that are fitted."""
    stamps = series.timestamps[rows.used]
    missing = np.isnan(rows.values[rows.fitted])
    return (
        head(series)
        | {"n": stamps.size}
        | extent(stamps)
        | {
            "n_periods": (~missing).sum(),
            "missing_periods": missing.sum(),
            "leap_days": (~rows.fitted).sum(),
            "units": units_of(series.unit, step),
        }
    )


def units_of(unit: str, step: Step) -> dict[str, str]:
    lengths = ("periods", "seasons.period", "trend_window")
    valued = ("values", "trend", "seasons", "remainder")
    return dict.fromkeys(valued, unit) | dict.fromkeys(lengths, step) | {"strength": "1"}


def explain(
    series: Series,
    path: tuple[str | int, ...],
    *,
    step: Step = "month",
    periods: list[int] | None = None,
    min_coverage: float = 0.8,
    **_others: object,
) -> Explanation:
    """Which values are fitted."""
    rows = rows_of(series, step, sorted(periods or [PER_YEAR[step]]), min_coverage)
    codes = np.where(rows.used, 0, np.where(rows.is_leap_day, 2, 1))
    reasons = ("", not_complete(step), "29 February is left out.")
    return Explanation(codes, reasons)


def fitting_windows(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check what no schema can say: windows are odd, and the trend's is longer than any season."""
    wrong: dict[str, list[str]] = {}
    for name in ("seasonal_window", "trend_window"):
        if parameters[name] is not None and parameters[name] % 2 == 0:
            wrong[name] = ["Must be odd."]
    longest = max(parameters["periods"] or [PER_YEAR[parameters["step"]]])
    trend = parameters["trend_window"]
    if trend is not None and trend <= longest:
        wrong["trend_window"] = [f"Must be longer than a season: more than {longest}."]
    return wrong


analyses.add(
    Analysis(
        name="decomposition",
        title="Decomposition",
        description=(
            "Means of months or days as the sum of a trend, one season or several, and a remainder "
            "(STL, MSTL), and how strong trend and seasons are."
        ),
        parameters={
            "step": {
                "type": "string",
                "enum": ["month", "day"],
                "default": "month",
                "description": "What is decomposed: means of months or of days.",
            },
            "periods": {
                "type": ["array", "null"],
                "items": {"type": "integer", "minimum": 2, "maximum": 4000},
                "minItems": 1,
                "maxItems": 3,
                "uniqueItems": True,
                "default": None,
                "description": "Lengths of the seasons in months or days, such as [7, 365]; one "
                "year if left out.",
            },
            "seasonal_window": {
                "type": ["integer", "null"],
                "minimum": 7,
                "maximum": 999,
                "default": None,
                "description": "Over how many seasons each season is smoothed, an odd number; a "
                "large one keeps it the same. If left out 11, and 15 and 19 for further seasons.",
            },
            "trend_window": {
                "type": ["integer", "null"],
                "minimum": 3,
                "maximum": 9999,
                "default": None,
                "description": "Over how many months or days the trend is smoothed, an odd number "
                "above the longest season; about one and a half to two seasons if left out.",
            },
            "robust": {
                "type": "boolean",
                "default": False,
                "description": "Whether values that stand out are given less weight.",
            },
            "min_coverage": MIN_COVERAGE,
            "max_gap": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": 366,
                "default": None,
                "description": "Longest gap that is bridged, in months or days; 3 months or 31 "
                "days if left out.",
            },
            "max_missing": {
                "type": "number",
                "minimum": 0,
                "maximum": 0.5,
                "default": 0.1,
                "description": "Largest share of missing months or days.",
            },
        },
        missing=(
            "A month or day with less than `min_coverage` of its expected values is missing. For "
            "the fit gaps of at most `max_gap` are bridged, by what is usual there and the "
            "anomalies around; what is missing is null in every column. With longer gaps, or more "
            "than `max_missing`, there is no result."
        ),
        references=(
            "Cleveland, Cleveland, McRae and Terpenning 1990, J. Official Statistics 6, 3–73 (STL)",
            "Bandara, Hyndman and Bergmeir 2021, arXiv:2107.13462 (MSTL)",
            "Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, section 4.3",
        ),
        version=1,
        rules=fitting_windows,
        compute=decomposition,
        says=pattern.decomposition,
        explain=explain,
        libraries=("numpy", "statsmodels"),
    )
)
