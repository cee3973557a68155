"""Climatology of a series: normals of each month, season or day of the year."""

from dataclasses import asdict
from typing import Any

import numpy as np

from analyses.methods.calendar import PeriodMeans, Step, leap_day_of, period_means
from analyses.methods.normals import (
    LEAP_DAY,
    MIN_YEARS,
    Limits,
    Normal,
    Reference,
    calendar_normals,
    choose_reference,
    day_normals,
    ordered_years,
    reason_against,
)
from analyses.methods.normals_explanation import USED, behind
from analyses.methods.rain import amount_interval
from analyses.methods.results import head_of, plain
from analyses.methods.schemas import MIN_COVERAGE, REFERENCE_YEARS, WINDOW_DAYS
from analyses.methods.words import description
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

STEPS: dict[str, Step] = {"month": "month", "season": "season", "day_of_year": "day"}


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
    """Describe each month, season or day of the year over a reference period.

    Parameters
    ----------
    series : in its unit
    by : "month", "season" (DJF, MAM, JJA, SON) or "day_of_year"
    reference_start, reference_end : years, both counted in
        None: 1991–2020 where 24 of them are complete, else all complete years of the series.
    window_days : days, odd
        Days of the year taken together for the one in the middle; only for days.
    min_years : years
        With fewer a month, season or day has no normal, and its `reason` says so.
    min_coverage : 0 to 1
        A month, season or day of one year with a smaller share of its expected values does not
        count.

    Returns
    -------
    dict
        `normals` holds 12, 4 or 366 entries in the unit of the series. Monthly normals are means
        of monthly means; percentiles, extremes and the standard deviation are those of the means
        of single months, seasons or days. Nothing is filled.

    References
    ----------
    WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals.
    """
    step = STEPS[by]
    reference = choose_reference(
        series, start=reference_start, end=reference_end, min_coverage=min_coverage
    )
    reason = reason_against(series, step, reference, asked=(reference_start, reference_end))
    means = period_means(series, step)
    normals: list[Normal] = []
    limits = Limits(min_coverage, min_years)
    if reference and not reason and step != "day":
        normals = calendar_normals(means, reference, limits=limits)
    elif reference and not reason:
        normals = day_normals(means, reference, window_days=window_days, limits=limits)
    if normals and all(normal.mean is None for normal in normals):
        reason = f"No {step} of the year has {min_years} years with enough values."
    found = behind(series, means, min_coverage=min_coverage)
    codes = found.of_normal(reference, None, window_days=window_days)
    return plain(
        head_of(series, codes == USED)
        | amount_interval(series, step)
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


def leap_days(means: PeriodMeans, reference: Reference | None, min_coverage: float) -> int:
    """How many real days of 29 February stand behind their normal."""
    if reference is None:
        return 0
    counted = means.complete(min_coverage) & reference.holds(means.periods)
    return int((leap_day_of(means.periods[counted]) == LEAP_DAY).sum())


def units_of(unit: str) -> dict[str, str]:
    names = ("mean", "std", "min", "p10", "p50", "p90", "max")
    return dict.fromkeys(names, unit) | {"years": "1", "n": "1"}


def explain(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    path: tuple[str | int, ...],
    *,
    by: str = "month",
    reference_start: int | None = None,
    reference_end: int | None = None,
    window_days: int = 15,
    min_coverage: float = 0.8,
    **_others: object,
) -> Explanation:
    """The values in complete months, seasons or days of the reference, near the one asked for."""
    reference = choose_reference(
        series, start=reference_start, end=reference_end, min_coverage=min_coverage
    )
    means = period_means(series, STEPS[by])
    found = behind(series, means, min_coverage=min_coverage)
    place = path[1] if path[:1] == ("normals",) and len(path) > 1 else None
    place = place if isinstance(place, int) else None
    return found.said(found.of_normal(reference, place, window_days=window_days))


analyses.add(
    Analysis(
        name="climatology",
        title="Climatology",
        description=(
            "Normals of each month, season or day of the year over a reference period: mean, "
            "spread, percentiles and extremes."
        ),
        parameters={
            "by": {
                "type": "string",
                "enum": list(STEPS),
                "default": "month",
                "description": "Twelve months, four seasons (DJF, MAM, JJA, SON), or 366 days of a "
                "leap year.",
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
        only_with={"window_days": {"by": ("day_of_year",)}},
        missing=(
            "Nothing is filled. A day, month, season or year with less than `min_coverage` of its "
            "expected values does not count, and a normal wants a number of years that do."
        ),
        references=(
            "WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals",
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (percentiles, type 7)",
        ),
        version=2,
        rules=ordered_years,
        compute=climatology,
        says=description.climatology,
        explain=explain,
    )
)
