"""Ribbons: the days of one year over what is usual and what has been on each day of the year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from analyses.methods.calendar import PeriodMeans, leap_day_of, period_means, year_of
from analyses.methods.normals import MIN_YEARS, WMO_YEARS, Limits, Normal, Reference, day_normals
from analyses.methods.schemas import WINDOW_DAYS
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words, yearly
from visualizations.charts.crowded import left_out
from visualizations.charts.look import Spec
from visualizations.charts.subject import Floats, Periods, Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

EDGES = ("min", "p10", "p50", "p90", "max")
NORMAL_YEARS = 30
EPOCH = 1970


@dataclass(frozen=True)
class Base:
    """What is usual on each day of the drawn year, NaN where nobody knows; None without years.

    `years` is how many years the numbers are of, from `first` to `last`.
    """

    first: int
    last: int
    years: int
    edges: dict[str, Floats] | None
    note: str = ""


@dataclass(frozen=True)
class Ribbon:
    """The drawn year: its days, their values with NaN where there is none, and the base."""

    year: int
    days: NDArray[np.datetime64]
    values: Floats
    base: Base
    found: Periods

    def outside(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Days below the 10 % and above the 90 % line."""
        if self.base.edges is None:
            none = np.zeros(self.days.size, np.bool_)
            return none, none
        low, high = self.base.edges["p10"], self.base.edges["p90"]
        return np.asarray(self.values < low), np.asarray(self.values > high)


def compile_ribbon(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    about = subject.subject("Ribbon", series, options, facts)
    heads = ["timestamp", f"value ({about.series.unit})"]
    reason = yearly.no_mean(about.series) or subject.reason_against(about.series, options, "day")
    if reason:
        return subject.nothing(about, reason, heads)
    found = subject.periods(about.series, "day")
    year = options.get("year", int(year_of(found.means.periods[-1:])[0]))
    ribbon = of_year(about, found, year, options)
    if np.isnan(ribbon.values).all():
        return subject.nothing(about, f"There are no complete days in {year}.", heads)
    told = "" if words.plain(facts.title) else f", {year}"
    if ribbon.base.edges and told:
        told += f" against {words.years(ribbon.base.first, ribbon.base.last)}"
    spec = look.picture(
        facts,
        title=about.title + told,
        subtitle=subtitle(about, ribbon, options),
        layer=layers(about, ribbon),
    )
    return Drawing(spec, alt_text(about, ribbon), columns(about, ribbon))


def of_year(about: Subject, found: Periods, year: int, options: Mapping[str, Any]) -> Ribbon:
    """The days from 1 January to 31 December, and the base put on the same days."""
    first, end = np.array([year - EPOCH, year + 1 - EPOCH], "datetime64[Y]").astype("datetime64[D]")
    days = first + np.arange((end - first).astype(int))
    values = np.full(days.size, np.nan)
    own = found.means.periods.astype("datetime64[D]")
    inside = year_of(own) == year
    values[(own[inside] - days[0]).astype(np.int64)] = found.values[inside]
    return Ribbon(year, days, values, base_of(about, found, days, options), found)


# ------------------------------------------------------------------ base


def base_of(
    about: Subject, found: Periods, days: NDArray[np.datetime64], options: Mapping[str, Any]
) -> Base:
    """What is usual in the base years, or in all other years where too few of them are complete."""
    first, last = options["reference_start"], options["reference_end"]
    drawn = int(year_of(days[:1])[0])
    whole = complete_years(about.series)
    inside = whole[(whole >= first) & (whole <= last)]
    note = ""
    if inside.size < yearly.MIN_COVERAGE * (last - first + 1):
        inside = whole[whole != drawn]
        note = f"Under 80 % of {words.years(first, last)} is complete, so "
        note += "the base is all other complete years."
    if inside.size < MIN_YEARS:
        have = f"there {'is' if inside.size == 1 else 'are'} {inside.size}"
        return Base(0, 0, 0, None, f"No bands: they need {MIN_YEARS} base years, and {have}.")
    if note:
        first, last = int(inside[0]), int(inside[-1])
    # The deviation of the largest values has no number, and it is not drawn.
    with np.errstate(over="ignore", invalid="ignore"):
        normals = day_normals(
            only_years(found, inside),
            Reference(first, last, ""),
            window_days=options["window_days"],
            limits=Limits(yearly.MIN_COVERAGE),
        )
    factor = found.means.expected.max() if found.is_total else 1
    edges = {name: factor * on(days, normals, name) for name in EDGES}
    return Base(first, last, int(inside.size), edges, note)


def complete_years(series: Series) -> NDArray[np.int64]:
    means = period_means(series, "year")
    return year_of(means.periods[means.complete(yearly.MIN_COVERAGE)])


def only_years(found: Periods, years: NDArray[np.int64]) -> PeriodMeans:
    """The same days; those of other years count as not there."""
    means = found.means
    counts = np.where(np.isin(year_of(means.periods), years), means.counts, 0)
    return replace(means, counts=counts)


def on(days: NDArray[np.datetime64], normals: list[Normal], name: str) -> Floats:
    """One number of the normals for each day; a year without 29 February leaves its out."""
    by_day = np.array([getattr(normal, name) for normal in normals], np.float64)
    places = leap_day_of(days.astype("datetime64[us]"))
    return np.asarray(by_day[places], np.float64)


# ------------------------------------------------------------------ drawn


def layers(about: Subject, ribbon: Ribbon) -> list[Spec]:
    x = month_axis(ribbon.days)
    low, high = span(about, ribbon)
    per = " a day" if ribbon.found.is_total else ""
    y: Spec = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False, "clamp": True},
        "axis": look.value_axis(f"{about.named}{per}", low, high),
    }
    return [*bands(ribbon, x=x, y=y), *line(ribbon, x=x, y=y), *marks(ribbon, x=x, y=y)]


def month_axis(days: NDArray[np.datetime64]) -> Spec:
    """A tick at the start of each month, with its name behind it."""
    first, end = (int(t.astype("datetime64[ms]").astype(np.int64)) for t in (days[0], days[-1] + 1))
    year = days[0].astype("datetime64[Y]")
    months = np.arange(year.astype("datetime64[M]"), (year + 1).astype("datetime64[M]"))
    return {
        "field": "t",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [first, end], "nice": False},
        "axis": {
            "title": None,
            "grid": False,
            "values": months.astype("datetime64[ms]").astype(np.int64).tolist(),
            "labelExpr": f"{subject.MONTH_LABELS}[utcmonth(datum.value)]",
            "labelAlign": "left",
            "labelOffset": 4,
            "labelOverlap": True,
        },
    }


def span(about: Subject, ribbon: Ribbon) -> tuple[float, float]:
    shown = [ribbon.values, *(ribbon.base.edges or {}).values()]
    low, high = float(np.nanmin(np.concatenate(shown))), float(np.nanmax(np.concatenate(shown)))
    largest = max(abs(low), abs(high))
    air = max(0.04 * (high - low) or 0.1 * largest or 1.0, 1e-9 * largest)
    floor = 0.0 if low >= 0 and rain.is_rain(about.series) else low - air
    return look.nice(floor, high + air)


def bands(ribbon: Ribbon, *, x: Spec, y: Spec) -> list[Spec]:
    edges = ribbon.base.edges
    if edges is None:
        return []
    parts: list[Spec] = []
    stamps = subject.stamps(ribbon.days)
    for low, high, colour in (("min", "max", look.WIDE_BAND), ("p10", "p90", look.BAND)):
        rows = look.rows(t=stamps, lo=listed(edges[low]), hi=listed(edges[high]))
        parts.append(
            {
                "data": {"values": rows},
                "mark": {"type": "area", "color": colour, "opacity": 1},
                "encoding": {"x": x, "y": {"field": "lo", **y}, "y2": {"field": "hi"}},
            }
        )
    median = look.rows(t=stamps, v=listed(edges["p50"]))
    dashes = {"type": "line", "color": look.MUTED, "strokeDash": [6, 4], "strokeWidth": 1.5}
    parts.append(
        {
            "data": {"values": median},
            "mark": dashes,
            "encoding": {"x": x, "y": {"field": "v", **y}},
        }
    )
    return parts


def line(ribbon: Ribbon, *, x: Spec, y: Spec) -> list[Spec]:
    """The year; a day without a value breaks the line, and one between two such is a dot."""
    there = ~np.isnan(ribbon.values)
    before, after = np.append(False, there[:-1]), np.append(there[1:], False)
    alone = there & ~before & ~after
    encoding = {"x": x, "y": {"field": "v", **y}}
    stamps = np.array(subject.stamps(ribbon.days))
    stroke = {"type": "line", "color": look.TEXT, "strokeWidth": 1.6, "strokeJoin": "round"}
    dot = {"type": "point", "filled": True, "size": 24, "opacity": 1, "color": look.TEXT}
    year = look.rows(t=stamps.tolist(), v=listed(ribbon.values))
    parts: list[Spec] = [{"data": {"values": year}, "mark": stroke, "encoding": encoding}]
    if alone.any():
        dots = look.rows(t=stamps[alone].tolist(), v=ribbon.values[alone].tolist())
        parts.append({"data": {"values": dots}, "mark": dot, "encoding": encoding})
    return parts


def marks(ribbon: Ribbon, *, x: Spec, y: Spec) -> list[Spec]:
    parts: list[Spec] = []
    shapes = (("triangle-down", look.LOW), ("triangle-up", look.HIGH))
    for days, (shape, colour) in zip(ribbon.outside(), shapes, strict=True):
        if days.any():
            stamps = subject.stamps(ribbon.days[days])
            parts.append(
                {
                    "data": {"values": look.rows(t=stamps, v=ribbon.values[days].tolist())},
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "shape": shape,
                        "size": 34,
                        "opacity": 1,
                        "color": colour,
                    },
                    "encoding": {"x": x, "y": {"field": "v", **y}},
                }
            )
    return parts


def listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


# ------------------------------------------------------------------ words


def subtitle(about: Subject, ribbon: Ribbon, options: Mapping[str, Any]) -> list[str]:
    base, found = ribbon.base, ribbon.found
    unit = f", {about.unit}" if about.unit else ""
    told = [about.opening(f"Line: {ribbon.year}, {found.noun} of each UTC day{unit}")]
    if base.edges:
        told[0] += (
            f". Dashed: median. Dark band: 10–90 %, light band: lowest to highest, "
            f"{options['window_days']}-day window, {words.years(base.first, base.last)}"
            f" ({enough(base.years)})"
        )
        below, above = (int(days.sum()) for days in ribbon.outside())
        told.append(
            f"▲ {phrases.count(above, 'day')} above the 90 % line ▼ "
            f"{phrases.count(below, 'day')} below the 10 % line"
        )
    told += [base.note, missing(ribbon), about.left_out()]
    return told


def enough(years: int) -> str:
    told = phrases.count(years, "year")
    return told if years >= NORMAL_YEARS else f"{told} only; a climate normal needs {NORMAL_YEARS}"


def missing(ribbon: Ribbon) -> str:
    """Days without a value; those after the end of the series are not missing but to come."""
    there = np.flatnonzero(~np.isnan(ribbon.values))
    last = int(there[-1])
    end = ribbon.found.means.periods[-1].astype("datetime64[D]")
    is_cut = ribbon.days[0] <= end < ribbon.days[-1] or (
        end == ribbon.days[-1] and ribbon.found.is_unfinished
    )
    days = ribbon.days[: last + 1] if is_cut else ribbon.days
    many = ribbon.found.crowded
    dense = ribbon.found.means.periods[many.places].astype("datetime64[D]")
    n = int(np.isin(days, dense).sum())
    gaps = days.size - there.size - n
    told = [f"{phrases.count(gaps, 'day')} without a value." if gaps else ""]
    told.append(left_out(many, "day", n))
    if is_cut:
        told.append(f"{ribbon.year} is unfinished: to {ribbon.days[last]}.")
    return " ".join(filter(None, told))


def alt_text(about: Subject, ribbon: Ribbon) -> str:
    told = f"Ribbon: {about.title}, days of {ribbon.year}"
    if ribbon.base.edges:
        below, above = (int(days.sum()) for days in ribbon.outside())
        base = words.years(ribbon.base.first, ribbon.base.last)
        told += (
            f" as a line over bands of what is usual (10 to 90 %) and of lowest to highest in "
            f"{base}. {phrases.count(above, 'day')} above the usual, {below} below"
        )
    return f"{told}. {subject.ends(about, ribbon.values, ribbon.days)}"


def columns(about: Subject, ribbon: Ribbon) -> dict[str, Column]:
    unit = about.series.unit
    found: dict[str, Column] = {
        "timestamp": subject.stamps(ribbon.days),
        f"{ribbon.found.noun} ({unit})": ribbon.values,
    }
    names = {"min": "lowest", "p50": "median", "max": "highest", "p10": "10 %", "p90": "90 %"}
    for name, values in (ribbon.base.edges or {}).items():
        found[f"base {names[name]} ({unit})"] = values
    return found


kinds.add(
    Kind(
        name="ribbon",
        title="A year against the usual",
        description="The days of one year as a line over bands of the base years: 10 to 90 % and "
        "lowest to highest of the days around each, with marks on the days outside.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            "year": {
                "type": "integer",
                "minimum": yearly.FIRST_YEAR,
                "maximum": yearly.LAST_YEAR,
                "description": "The year that is drawn; left out, the last with values.",
            },
            **{
                name: {
                    "type": "integer",
                    "minimum": yearly.FIRST_YEAR,
                    "maximum": yearly.LAST_YEAR,
                    "default": year,
                    "description": f"{which} year of the base period.",
                }
                for name, year, which in (
                    ("reference_start", WMO_YEARS[0], "First"),
                    ("reference_end", WMO_YEARS[1], "Last"),
                )
            },
            "window_days": WINDOW_DAYS
            | {
                "description": "Days of the year, an odd number, taken together for the bands at "
                "the one in the middle."
            },
        },
        required=("variable",),
        version=1,
        compile=compile_ribbon,
    )
)
