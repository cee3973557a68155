"""Anomalies of a series: each day, month or year against its normal."""

from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from analyses.methods.calendar import PeriodMeans, Step, period_means, place_in_year
from analyses.methods.normals import (
    MIN_YEARS,
    Limits,
    Reference,
    calendar_normals,
    choose_reference,
    day_normals,
    ordered_years,
    reason_against,
)
from analyses.methods.normals_explanation import USED, behind
from analyses.methods.rain import amount_interval
from analyses.methods.results import head_of, plain, timestamps_of
from analyses.methods.schemas import MIN_COVERAGE, REFERENCE_YEARS, WINDOW_DAYS
from analyses.methods.slopes import Floats
from analyses.methods.words import description
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

Kind = Literal["difference", "ratio"]
COLUMNS = ("timestamps", "values", "means", "normals", "n_values", "coverage")


@np.errstate(over="ignore", invalid="ignore")
def anomaly(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    step: Step = "month",
    reference_start: int | None = None,
    reference_end: int | None = None,
    kind: Kind = "difference",
    window_days: int = 15,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Compare each day, month or year with the normal of the same calendar period.

    Parameters
    ----------
    series : in its unit
    step : "day", "month" or "year", in UTC
    reference_start, reference_end : years, both counted in
        None: 1991–2020 where 24 of them are complete, else all complete years of the series.
    kind : "difference" in the unit of the series, or "ratio" to the normal, without a unit
        A ratio makes sense only where zero means none, as for precipitation.
    window_days : days, odd
        Days of the year taken together for the normal of a day; only for days.
    min_coverage : 0 to 1
        A period with a smaller share of its expected values has no anomaly, and neither has one
        that the series does not reach the end of: an unfinished year is no year.

    Returns
    -------
    dict
        Columns of equal length, one entry for each period from the first value to the last: start
        of the period, anomaly, mean, normal, number of values and coverage. Normals are means of
        the complete periods of the reference and want three years. What is missing is None.

    References
    ----------
    WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals.
    """
    reference = choose_reference(
        series, start=reference_start, end=reference_end, min_coverage=min_coverage
    )
    reason = reason_against(series, step, reference, asked=(reference_start, reference_end))
    columns: dict[str, Any] = {name: [] for name in COLUMNS}
    if reference and not reason:
        means = period_means(series, step)
        normals = normals_of(means, reference, window_days=window_days, min_coverage=min_coverage)
        columns = columns_of(means, normals, kind=kind, min_coverage=min_coverage)
        reason = reason_afterwards(normals, columns["values"], kind)
    values = np.asarray(columns["values"], np.float64)
    told = explain(series, (), step=step, min_coverage=min_coverage)
    return plain(
        head_of(series, told.codes == USED)
        | ({} if kind == "ratio" else amount_interval(series, step))
        | {
            "step": step,
            "kind": kind,
            "reference": asdict(reference) if reference else None,
            "window_days": window_days if step == "day" else None,
            "units": units_of(series.unit, kind),
            "n_periods": np.isfinite(values).sum(),
            "missing_periods": np.isnan(values).sum(),
            **columns,
            "reason": reason,
        }
    )


def normals_of(
    means: PeriodMeans, reference: Reference, *, window_days: int, min_coverage: float
) -> Floats:
    """The normal of each period, NaN where it has none."""
    limits = Limits(min_coverage)
    if means.step == "day":
        found = day_normals(means, reference, window_days=window_days, limits=limits)
    else:
        found = calendar_normals(means, reference, limits=limits)
    table = np.array([np.nan if normal.mean is None else normal.mean for normal in found])
    return np.asarray(table[place_in_year(means.periods, means.step)])


def columns_of(
    means: PeriodMeans, normals: Floats, *, kind: Kind, min_coverage: float
) -> dict[str, Any]:
    observed = np.where(means.complete(min_coverage), means.means, np.nan)
    if kind == "difference":
        values = observed - normals
    else:
        # Nothing is a share of a normal that is zero or below.
        values = np.full(observed.size, np.nan)
        np.divide(observed, normals, out=values, where=normals > 0)
    return {
        "timestamps": timestamps_of(means.periods),
        "values": values,
        "means": observed,
        "normals": normals,
        "n_values": means.counts,
        "coverage": means.coverage,
    }


def reason_afterwards(normals: Floats, values: Floats, kind: Kind) -> str | None:
    """Why no period at all has an anomaly, if so."""
    if np.isnan(normals).all():
        return f"No normal has {MIN_YEARS} years with enough values in the reference period."
    if kind == "ratio" and not (normals > 0).any():
        return "The normals are not above zero, so there is no ratio to them."
    return "No period has enough values." if np.isnan(values).all() else None


def units_of(unit: str, kind: Kind) -> dict[str, str]:
    return {
        "values": unit if kind == "difference" else "1",
        "means": unit,
        "normals": unit,
        "n_values": "1",
        "coverage": "1",
    }


def explain(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    path: tuple[str | int, ...],
    *,
    step: Step = "month",
    reference_start: int | None = None,
    reference_end: int | None = None,
    window_days: int = 15,
    min_coverage: float = 0.8,
    **_others: object,
) -> Explanation:
    """The values of one period, of its normal, or of an anomaly both; else all complete ones."""
    means = period_means(series, step)
    found = behind(series, means, min_coverage=min_coverage)
    column, place = path if len(path) == 2 else (None, None)
    if column not in COLUMNS or not isinstance(place, int) or place >= means.means.size:
        return found.said(found.of_any())
    codes = found.of_period(place)
    if column in {"n_values", "coverage"}:
        return found.said(np.where(found.where == place, USED, codes))
    if column in {"values", "normals"}:
        reference = choose_reference(
            series, start=reference_start, end=reference_end, min_coverage=min_coverage
        )
        usual = int(place_in_year(means.periods[[place]], step)[0])
        of_normal = found.of_normal(reference, usual, window_days=window_days)
        is_own = (found.where == place) & (column == "values")
        codes = np.where(is_own, codes, of_normal)
    return found.said(codes)


analyses.add(
    Analysis(
        name="anomaly",
        title="Anomaly",
        description=(
            "Each day, month or year as its difference from, or ratio to, the normal of the same "
            "calendar period."
        ),
        parameters={
            "step": {
                "type": "string",
                "enum": ["day", "month", "year"],
                "default": "month",
                "description": "What is compared with its normal.",
            },
            **REFERENCE_YEARS,
            "kind": {
                "type": "string",
                "enum": ["difference", "ratio"],
                "default": "difference",
                "description": "Difference in the unit of the series, or ratio without a unit.",
            },
            "window_days": WINDOW_DAYS,
            "min_coverage": MIN_COVERAGE,
        },
        only_with={"window_days": {"step": ("day",)}},
        missing=(
            "Nothing is filled. A day, month or year with less than `min_coverage` of its expected "
            "values does not count, and a normal wants a number of years that do."
        ),
        references=("WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals",),
        version=2,
        rules=ordered_years,
        compute=anomaly,
        says=description.anomaly,
        explain=explain,
    )
)
