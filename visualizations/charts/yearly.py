"""Years of a series: complete ones, their base period, and what the words for both are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from analyses.methods.calendar import PeriodMeans, Step, period_means, totals_of, year_of
from analyses.methods.results import timestamps_of
from analyses.methods.variables import TURNS, is_direction
from analyses.methods.words import phrases
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from visualizations.charts import common, look, words
from visualizations.charts.crowded import Crowded, crowded, or_too_many
from visualizations.charts.crowded import left_out as crowded_out
from visualizations.charts.thinning import within
from visualizations.registry import Column, Drawing, Facts

Floats = NDArray[np.float64]

# A year with a smaller share of its values, and a base period with a smaller share of its years,
# do not count.
MIN_COVERAGE = 0.8
NORMAL_YEARS = 30
FIRST_YEAR, LAST_YEAR = 1, 9999


@dataclass(frozen=True)
class Yearly:
    """All calendar years from the first to the last that is complete; NaN where one is not.

    Attributes
    ----------
    series : the complete years alone, as a series of its own with one value a year
    missing : how many of the years have too few values
    crowded : of all years with values, those with far too many
    unfinished : the last year with values where the series ends before it does
    """

    series: Series
    years: NDArray[np.int64]
    values: Floats
    counts: NDArray[np.int64]
    is_total: bool
    unfinished: int | None
    missing: int
    crowded: Crowded

    @property
    def noun(self) -> str:
        return "total" if self.is_total else "mean"


@dataclass(frozen=True)
class Base:
    """The period whose mean is zero, and a sentence where it is not the one asked for."""

    first: int
    last: int
    level: float
    note: str

    @property
    def years(self) -> str:
        return words.years(self.first, self.last)


@dataclass(frozen=True)
class Anomalies:
    """`place` is empty where the title names it."""

    years: Yearly
    base: Base
    differences: Floats
    title: str
    place: str


def yearly(series: Series, options: Mapping[str, Any]) -> Yearly:
    """Means of the complete years of the chosen period; totals of amounts of rain."""
    cut = within(series, options.get("start"), options.get("end"))
    means = period_means(cut, "year")
    complete = np.flatnonzero(means.complete(MIN_COVERAGE))
    is_total = rain.adds_up(series)
    part = slice(complete[0], complete[-1] + 1) if complete.size else slice(0, 0)
    values = totals_of(cut, means) if is_total else means.means
    values = np.where(means.complete(MIN_COVERAGE), values, np.nan)
    years, many = year_of(means.periods), crowded(cut, means)
    few = np.isnan(values) & ~many.places
    found = Series(
        variable=series.variable,
        unit=series.unit,
        station=series.station,
        standard_name=series.standard_name,
        left_out=series.left_out,
        cell_method=series.cell_method,
        timestamps=means.periods[complete],
        values=values[complete],
        interval="P1Y",
    )
    return Yearly(
        series=found,
        years=years[part],
        values=values[part],
        counts=means.counts[part],
        is_total=is_total,
        unfinished=unfinished_year(means),
        missing=int(few[part].sum()),
        crowded=many,
    )


def unfinished_year(means: PeriodMeans) -> int | None:
    if means.finished.size == 0 or means.finished[-1]:
        return None
    return int(year_of(means.periods[-1:])[0])


def base_of(found: Yearly, options: Mapping[str, Any]) -> Base:
    """The mean of the base period, or of all years where too few of the period are complete."""
    first, last = options["reference_start"], options["reference_end"]
    inside = (found.years >= first) & (found.years <= last) & ~np.isnan(found.values)
    length = last - first + 1
    if inside.sum() >= MIN_COVERAGE * length:
        level = mean(found.values[inside])
        return Base(first, last, level, short(length))
    n = found.series.values.size
    level = mean(found.series.values)
    note = (
        f"Under 80 % of {words.years(first, last)} is complete, so the difference is from "
        f"{'the only complete year' if n == 1 else f'all {n} complete years'}. {short(n)}"
    )
    return Base(int(found.years[0]), int(found.years[-1]), level, note.strip())


def mean(values: Floats) -> float:
    # Summed as differences, so that the mean of equal values is exactly theirs.
    return float(values[0] + (values - values[0]).mean())


def short(n: int) -> str:
    return f"A base of under {NORMAL_YEARS} years is short." if n < NORMAL_YEARS else ""


def left_out(found: Yearly, *, shown_as: str) -> str:
    """A sentence about years that are not drawn."""
    told = []
    if found.missing:
        years = phrases.count(found.missing, "year")
        told.append(f"{shown_as}: {years} with {too_few('year', 'the')}.")
    told.append(crowded_out(found.crowded, "year"))
    if found.unfinished:
        told.append(f"{found.unfinished} is unfinished and left out.")
    return " ".join(filter(None, [*told, common.left_out([found.series])]))


def no_mean(series: Series) -> str:
    """Why means of it say nothing; "" where they do."""
    if is_direction(series.standard_name):
        return TURNS.format(what="mean or order; `wind_rose` draws it.")
    return ""


def reason_against(series: Series, found: Yearly, options: Mapping[str, Any]) -> str:
    """Why there is nothing to draw; "" where there is."""
    if found.series.values.size:
        return ""
    if not within(series, options.get("start"), options.get("end")).values.size:
        return f"There are no values {'in this period' if series.values.size else 'yet'}."
    return none_complete("year", found.crowded)


def none_complete(step: Step, many: Crowded) -> str:
    """Why there is nothing where there are values."""
    few = f"{too_few(step, 'its')}{or_too_many(many)}"
    return f"No {step} is complete: each has {few}, or has not ended."


def too_few(step: Step, whose: str) -> str:
    """Why a period does not count; a year or season is also told by its emptiest month."""
    month = " or under half of those of a month" if step in {"season", "year"} else ""
    return f"under {100 * MIN_COVERAGE:.0f} % of {whose} values{month}"


def anomalies(
    kind: str, series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Anomalies | Drawing:
    """Differences of the complete years from the base period, or a drawing that says why not."""
    if len(series) != 1:
        raise InvalidInputError.of("variable", f"{kind} show one series, not {len(series)}.")
    one = series[0]
    where, name = common.place(series, facts), words.variable(one)
    title = words.heading(facts.title, where=where, what=name)
    found = yearly(one, options)
    reason = no_mean(one) or reason_against(one, found, options)
    if reason:
        spec = look.sentence(facts, title=title, text=reason)
        heads = ("timestamp", "year", f"{found.noun} ({one.unit})", f"difference ({one.unit})")
        return Drawing(spec, f"{kind}: {title}. {reason}", {head: [] for head in heads})
    base = base_of(found, options)
    place = words.unless_named(where, title)
    return Anomalies(found, base, found.values - base.level, title=title, place=place)


def opening(found: Anomalies, mark: str, *, is_told: bool = False) -> str:
    """The first line under the title: place, marks, years, unit and the base if not told yet."""
    unit = words.unit(found.years.series.unit)
    first, last = int(found.years.years[0]), int(found.years.years[-1])
    what = f"{found.place}. {mark}" if found.place else mark
    per = " a year" if found.years.is_total else ""
    told = f"{what}, {words.years(first, last)}"
    if not is_told:
        told += f". Difference from the {found.base.years} mean"
    return f"{told}, {unit}{per}" if unit else told


def table(found: Anomalies) -> dict[str, Column]:
    unit = found.years.series.unit
    return {
        "timestamp": list(timestamps_of(timestamps(found.years))),
        "year": found.years.years,
        f"{found.years.noun} ({unit})": found.years.values,
        f"difference ({unit})": found.differences,
    }


def extremes(found: Anomalies) -> str:
    """Highest and lowest year, for the alternative text."""
    if np.nanmax(found.differences) == np.nanmin(found.differences):
        return "No year differs from another."
    told = []
    digits = words.decimals(*found.differences[~np.isnan(found.differences)])
    for word, at in (
        ("Highest", int(np.nanargmax(found.differences))),
        ("lowest", int(np.nanargmin(found.differences))),
    ):
        value = words.signed(float(found.differences[at]), digits)
        shown = words.with_unit(value, found.years.series.unit)
        told.append(f"{word}: {found.years.years[at]} with {shown}")
    return "; ".join(told) + "."


def timestamps(found: Yearly) -> NDArray[np.datetime64]:
    return (found.years - 1970).astype("datetime64[Y]").astype("datetime64[us]")


def reference_options(first: int, last: int) -> dict[str, dict[str, Any]]:
    limits = {"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}
    return {
        "reference_start": limits
        | {"default": first, "description": "First year of the base period, whose mean is zero."},
        "reference_end": limits | {"default": last, "description": "Last year of the base period."},
        "step": {
            "type": "string",
            "enum": ["year"],
            "default": "year",
            "description": "What one value stands for.",
        },
    }
