"""Climatology of a series: normals of each month or day of the year."""

from dataclasses import asdict
from typing import Any

import numpy as np

from analyses.methods.calendar import PeriodMeans, Step, leap_day_of, period_means
from analyses.methods.normals import (
    LEAP_DAY,
    MIN_COVERAGE,
    MIN_YEARS,
    REFERENCE_YEARS,
    WINDOW_DAYS,
    Limits,
    Normal,
    Reference,
    choose_reference,
    day_normals,
    month_or_year_normals,
    ordered_years,
    reason_against,
)
from analyses.methods.results import head, plain, timestamps_of
from analyses.registry import Analysis, analyses
from datasets.series import Series


@np.errstate(over="ignore", invalid="ignore")
def climatology(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    by: str = "month",
    reference_start: int | None = None,
    reference_end: int | None = None,
    window_days: int = 15,
    min_years: int = MIN_YEARS,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Describe each month or day of the year over a reference period.

    Parameters
    ----------
    series : in its unit
    by : "month" or "day_of_year"
    reference_start, reference_end : years, both counted in
        None: 1991–2020 where 24 of them are complete, else all complete years of the series.
    window_days : days, odd
        Days of the year taken together for the one in the middle; not used for months.
    min_years : years
        With fewer a month or day has no normal, and its `reason` says so.
    min_coverage : 0 to 1
        A month or day of one year with a smaller share of its expected values does not count.

    Returns
    -------
    dict
        `normals` holds 12 or 366 entries in the unit of the series. Monthly normals are means of
        monthly means; percentiles, extremes and the standard deviation are those of the means of
        single months, or of single days. Nothing is filled.

    References
    ----------
    WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals.
    """
    step: Step = "month" if by == "month" else "day"
    reference = choose_reference(
        series, start=reference_start, end=reference_end, min_coverage=min_coverage
    )
    reason = reason_against(series, step, reference)
    means = period_means(series, step)
    normals: list[Normal] = []
    limits = Limits(min_coverage, min_years)
    if reference and not reason and step == "month":
        normals = month_or_year_normals(means, reference, limits=limits)
    elif reference and not reason:
        normals = day_normals(means, reference, window_days=window_days, limits=limits)
    if normals and all(normal.mean is None for normal in normals):
        reason = f"No {step} of the year has {min_years} years with enough values."
    return plain(
        head(series)
        | used(series, reference)
        | {
            "by": by,
            "window_days": window_days if step == "day" else None,
            "reference": asdict(reference) if reference else None,
            "februaries_29": leap_days(means, reference, min_coverage) if step == "day" else None,
            "units": units_of(series.unit),
            "normals": [asdict(normal) for normal in normals],
            "reason": reason,
        }
    )


def used(series: Series, reference: Reference | None) -> dict[str, Any]:
    """Count the values within the reference, and say from when to when they are."""
    if reference is None:
        return {"n": 0, "start": None, "end": None}
    stamps = series.timestamps[reference.holds(series.timestamps)]
    ends = timestamps_of(stamps[[0, -1]]) if stamps.size else [None, None]
    return {"n": stamps.size, "start": ends[0], "end": ends[1]}


def leap_days(means: PeriodMeans, reference: Reference | None, min_coverage: float) -> int:
    """How many real days of 29 February stand behind their normal."""
    if reference is None:
        return 0
    counted = means.complete(min_coverage) & reference.holds(means.periods)
    return int((leap_day_of(means.periods[counted]) == LEAP_DAY).sum())


def units_of(unit: str) -> dict[str, str]:
    names = ("mean", "std", "min", "p10", "p50", "p90", "max")
    return dict.fromkeys(names, unit) | {"years": "1", "n": "1"}


analyses.add(
    Analysis(
        name="climatology",
        title="Climatology",
        description=(
            "Normals of each month or day of the year over a reference period: mean, spread, "
            "percentiles and extremes."
        ),
        parameters={
            "by": {
                "type": "string",
                "enum": ["month", "day_of_year"],
                "default": "month",
                "description": "Twelve months, or 366 days of a leap year.",
            },
            **REFERENCE_YEARS,
            "window_days": WINDOW_DAYS,
            "min_years": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": MIN_YEARS,
                "description": "Fewest years from which a normal is made.",
            },
            "min_coverage": MIN_COVERAGE,
        },
        required=("variable",),
        references=(
            "WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals",
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (percentiles, type 7)",
        ),
        version=1,
        rules=ordered_years,
        compute=climatology,
    )
)
