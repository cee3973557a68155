"""Normals: what each month, season, day of the year or year is like over a reference period."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.calendar import (
    SEASON_STARTS,
    Moments,
    PeriodMeans,
    Step,
    leap_day_of,
    period_means,
    period_numbers,
    place_in_year,
    reason_against_means,
    year_of,
)
from analyses.methods.slopes import Floats, Ints
from datasets.series import Series

WMO_YEARS = (1991, 2020)
WMO_ENOUGH = 24  # complete years, 80 % of the thirty
MIN_YEARS = 3
LEAP_DAY = 59
DAYS = 366
PERIODS: dict[Step, tuple[str, ...]] = {
    "month": tuple(f"{month:02d}" for month in range(1, 13)),
    "season": tuple(SEASON_STARTS),
    "year": ("year",),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Years from the first to the last, both counted in, and how they were chosen."""

    start: int
    end: int
    chosen: str

    def holds(self, moments: Moments, step: Step = "day") -> Any:
        """Whether each moment is in these years; the December of a season is in the year after."""
        years = calendar_years_of(moments, step)
        return (years >= self.start) & (years <= self.end)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a period of one year, and a normal, must have to count."""

    min_coverage: float
    min_years: int = MIN_YEARS


@dataclass(frozen=True, slots=True)
class Normal:
    """One month, season, day of the year, or the year; numbers in the unit of the series.

    `years` counts those with a value in it, `n` the means of periods taken together.
    """

    period: str
    years: int
    n: int
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    max: float | None = None
    reason: str | None = None


def ordered_years(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check what no schema can say: the reference ends after it starts."""
    start, end = parameters.get("reference_start"), parameters.get("reference_end")
    if start is not None and end is not None and end < start:
        return {"reference_end": ["Must not be before `reference_start`."]}
    return {}


def choose_reference(
    series: Series, *, start: int | None, end: int | None, min_coverage: float
) -> Reference | None:
    """Take the years asked for, else 1991–2020 where 24 of them are complete, else all complete.

    A year left open is the first or last complete one. None where there is none.
    """
    if start is not None and end is not None:
        return Reference(start, end, "as asked")
    means = period_means(series, "year")
    # A station that rests in July still has normals of the other months.
    years = year_of(means.periods[means.complete(min_coverage, least_month=0)])
    standard = int(((years >= WMO_YEARS[0]) & (years <= WMO_YEARS[1])).sum())
    if start is None and end is None and standard >= WMO_ENOUGH:
        return Reference(*WMO_YEARS, "the climatological standard normal period of the WMO")
    first = start if start is not None else int(years[0]) if years.size else None
    last = end if end is not None else int(years[-1]) if years.size else None
    if first is None or last is None or last < first:
        return None
    chosen = "from the first to the last complete year of the series"
    if start is not None or end is not None:
        chosen = "one year as asked, the other the first or last complete year of the series"
    return Reference(first, last, chosen)


def calendar_years_of(moments: Moments, step: Step) -> Ints:
    """The year of each moment; a December is of the winter, and so of the year, that follows."""
    return 1970 + period_numbers(moments, step) // 4 if step == "season" else year_of(moments)


def calendar_normals(means: PeriodMeans, reference: Reference, *, limits: Limits) -> list[Normal]:
    """Normals of the complete months, seasons or years of the reference: twelve, four, or one.

    The mean of monthly means as in WMO-No. 1203, with a share of the days in place of its rule
    that at most ten days may be missing.
    """
    counted = means.complete(limits.min_coverage) & reference.holds(means.periods, means.step)
    values, places = means.means[counted], place_in_year(means.periods[counted], means.step)
    samples = [values[places == place] for place in range(len(PERIODS[means.step]))]
    return [
        normal_of(name, sample, years=sample.size, min_years=limits.min_years)
        for name, sample in zip(PERIODS[means.step], samples, strict=True)
    ]


def day_normals(
    means: PeriodMeans,
    reference: Reference,
    *,
    window_days: int,
    limits: Limits,
) -> list[Normal]:
    """Normals of the 366 days of a leap year, each from the days around it in all years.

    December and January are neighbours, within the reference years. 29 February takes the days
    around it in every year, so it has a normal even where no leap year is in the reference.
    """
    counted = means.complete(limits.min_coverage) & reference.holds(means.periods)
    values, years = means.means[counted], year_of(means.periods[counted])
    by_day = by_day_of_year(leap_day_of(means.periods[counted]))
    labels = np.datetime_as_string(np.datetime64("2000-01-01") + np.arange(DAYS))
    reach = window_days // 2
    normals = []
    for day in range(DAYS):
        around = [by_day[(day + shift) % DAYS] for shift in range(-reach, reach + 1)]
        places = np.concatenate(around)
        count = np.unique(years[places]).size
        normals.append(
            normal_of(str(labels[day])[5:], values[places], years=count, min_years=limits.min_years)
        )
    return normals


def by_day_of_year(days: Ints) -> list[Ints]:
    """Where each of the 366 days stands in the array."""
    order = np.argsort(days, kind="stable")
    return np.split(order, np.searchsorted(days[order], np.arange(1, DAYS)))


def normal_of(period: str, sample: Floats, *, years: int, min_years: int) -> Normal:
    if years < max(min_years, 1):
        reason = f"At least {min_years} years are needed, and there are {years}."
        return Normal(period, years, sample.size, reason=reason)
    low, p10, p50, p90, high = (float(q) for q in np.percentile(sample, [0, 10, 50, 90, 100]))
    return Normal(
        period,
        years,
        sample.size,
        mean=float(np.mean(sample)),
        std=float(np.std(sample, ddof=1)) if sample.size > 1 else None,
        min=low,
        p10=p10,
        p50=p50,
        p90=p90,
        max=high,
    )


def reason_against(
    series: Series, step: Step, reference: Reference | None, *, asked: tuple[int | None, int | None]
) -> str | None:
    """Why there can be no normals at all, if so; `asked` are the years that were asked for."""
    reason = reason_against_means(series, step)
    if reason:
        return reason
    return without_reference(asked) if reference is None else None


def without_reference(asked: tuple[int | None, int | None]) -> str:
    """Why no year is the first or last of a reference."""
    if any(year is not None for year in asked):
        return "No complete year lies within the reference that was asked for."
    return "The series has no complete year, so there is no reference period."
