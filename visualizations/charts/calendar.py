"""Calendars: a square a day, rows weekdays from Monday, columns weeks, a block a year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from analyses.methods.calendar import year_of
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words, yearly
from visualizations.charts.crowded import left_out
from visualizations.charts.look import Spec
from visualizations.charts.subject import Periods, Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

WEEK, WEEKS = 7, 54
# Rows of a block: a line of months, seven days and a space.
HEAD, BLOCK = 1.3, 9.0
NARROW = 0.06
EPOCH = 1970
MOST_YEARS = 10
RAIN_EDGES = (0.1, 1.0, 5.0, 10.0, 20.0, 30.0)
# The classes of rain are in mm a day; units that are as good, and what makes them so.
TO_MM = {"mm": 1, "cm": 10, "m": 1000, "inch": 25.4, "in": 25.4, "kg m-2": 1} | {
    "mm d-1": 1, "mm day-1": 1,
}  # fmt: skip
MOST_EDGES = 8
NO_VALUE = "no value"


@dataclass(frozen=True)
class Days:
    """The days that are drawn, from the first with a value to the last; NaN where one has none.

    `values` are in the unit of the classes, which is mm for rain.
    """

    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    found: Periods
    unit: str
    is_in_mm: bool

    @property
    def years(self) -> NDArray[np.int64]:
        return year_of(self.days)


@dataclass(frozen=True)
class Classes:
    edges: NDArray[np.float64]
    names: list[str]
    colours: list[str]

    def of(self, values: NDArray[np.float64]) -> list[str]:
        places = np.searchsorted(self.edges, values, "right")
        return [
            NO_VALUE if np.isnan(value) else self.names[place]
            for place, value in zip(places.tolist(), values.tolist(), strict=True)
        ]


def compile_calendar(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    about = subject.subject("Calendar", series, options, facts)
    head = f"value ({about.series.unit})"
    reason = yearly.no_mean(about.series) or subject.reason_against(about.series, options, "day")
    if reason:
        return subject.nothing(about, reason, ["timestamp", head])
    days = last_years(about.series, options["years"])
    if np.isnan(days.values).all():
        reason = yearly.none_complete("day", days.found.crowded)
        return subject.nothing(about, reason, ["timestamp", head])
    classes = classes_of(about, days)
    spec = look.picture(
        facts,
        title=about.title,
        subtitle=subtitle(about, days),
        layer=layers(about, days, classes),
        below_px=8,
        classes=[*classes.names, NO_VALUE],
    )
    columns: dict[str, Column] = {
        "timestamp": subject.stamps(days.days),
        f"{days.found.noun} ({about.series.unit})": days.found.values[-days.days.size :],
    }
    return Drawing(spec, alt_text(about, days), columns)


def last_years(series: Series, most: int) -> Days:
    last = int(year_of(series.timestamps[-1:])[0])
    first = np.datetime64(last - most + 1 - EPOCH, "Y").astype("datetime64[us]")
    recent = series.timestamps >= first
    cut = replace(series, timestamps=series.timestamps[recent], values=series.values[recent])
    found = subject.periods(cut, "day")
    factor = TO_MM.get(series.unit) if rain.is_rain(series) else None
    values = found.values * (factor or 1)
    unit = "mm" if factor else series.unit
    days = found.means.periods.astype("datetime64[D]")
    return Days(days, values, found, unit, is_in_mm=factor is not None)


# ------------------------------------------------------------------ classes


def classes_of(about: Subject, days: Days) -> Classes:
    values = days.values[~np.isnan(days.values)]
    edges = np.array(RAIN_EDGES) if days.is_in_mm else round_edges(values)
    ramp = look.RAIN if rain.is_rain(about.series) else look.VIRIDIS
    names = names_of(edges, float(values[0]), days)
    places = np.linspace(0, len(ramp) - 1, len(names)).round().astype(int)
    return Classes(edges, names, [ramp[i] for i in places.tolist()])


def names_of(edges: NDArray[np.float64], value: float, days: Days) -> list[str]:
    """What the legend calls the classes; without edges all values are equal to this one."""
    if not edges.size:
        return [f"= {words.number(value, words.decimals(value))}"]
    texts = [
        f"{edge:g}" if days.is_in_mm else words.number(edge, digits_of(edges))
        for edge in edges.tolist()
    ]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    return [f"< {texts[0]}", *between, f"≥ {texts[-1]}"]


def digits_of(edges: NDArray[np.float64]) -> int:
    step = float(np.diff(edges).min()) if edges.size > 1 else abs(float(edges[0]))
    return max(0, words.decimals(step) - 1)


def round_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most eight round limits between which 96 of 100 values lie; none where all are equal."""
    low, high = (float(q) for q in np.quantile(values, [0.02, 0.98]))
    if low == high:
        low, high = float(values.min()), float(values.max())
    # So small a span is rounding, and its limits could not be told apart.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return np.empty(0)
    bottom, top = look.nice(low, high, MOST_EDGES)
    step = look.step_of(low, high, MOST_EDGES)
    edges = bottom + step * np.arange(round((top - bottom) / step) + 1)
    return np.asarray(edges[(edges > low) & (edges <= high)][:MOST_EDGES], np.float64)


# ------------------------------------------------------------------ drawn


def layers(about: Subject, days: Days, classes: Classes) -> list[Spec]:
    first = int(days.years[0])
    blocks = int(days.years[-1]) - first + 1
    # The squares of a single year would be towers.
    bottom = BLOCK * max(blocks, 2) - 0.5
    flat = {"nice": False, "zero": False}
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, WEEKS], **flat}}
    y: Spec = {
        "type": "quantitative",
        "axis": rows_axis(first, blocks),
        "scale": {"domain": [-0.5, bottom], "reverse": True, **flat},
    }
    return [cells(about, days, classes, x=x, y=y), months(days, x=x, y=y)]


def rows_axis(first: int, blocks: int) -> Spec:
    """The year at the head of its block, and Monday, Wednesday and Friday at their rows."""
    rows = [0.0, *(HEAD + day for day in (0, 2, 4))]
    values = [round(BLOCK * block + row, 1) for block in range(blocks) for row in rows]
    row = f"round((datum.value % {BLOCK:g}) * 10) / 10"
    names = f"{{'{HEAD}': 'Mon', '{HEAD + 2}': 'Wed', '{HEAD + 4}': 'Fri'}}[toString({row})]"
    is_year = {"test": f"datum.value % {BLOCK:g} < 0.1"}
    return {
        "title": None,
        "grid": False,
        "domain": False,
        "ticks": False,
        "values": values,
        "labelExpr": f"datum.value % {BLOCK:g} < 0.1 ? "
        f"format({first} + floor(datum.value / {BLOCK:g}), 'd') : {names}",
        "labelFontWeight": {"condition": {**is_year, "value": "bold"}, "value": "normal"},
        "labelColor": {"condition": {**is_year, "value": look.TEXT}, "value": look.MUTED},
        "labelFontSize": size_expr(blocks, 13),
        "labelOverlap": False,
    }


def size_expr(blocks: int, most: int) -> Spec:
    """Letters as high as a row, and no higher than usual."""
    return {"expr": f"min({most}, 1.15 * height / {BLOCK * max(blocks, 2):g})"}


def cells(about: Subject, days: Days, classes: Classes, *, x: Spec, y: Spec) -> Spec:
    week, row = places(days)
    colour = {
        "field": "k",
        "type": "nominal",
        "scale": {
            "domain": [*classes.names, NO_VALUE],
            "range": [*classes.colours, look.NO_VALUE],
        },
        "legend": common.class_legend(legend_title(about, days)),
    }
    return {
        "data": {
            "values": look.rows(
                lo=(week + NARROW).tolist(),
                hi=(week + 1 - NARROW).tolist(),
                t=(row - 0.5 + NARROW).tolist(),
                v=(row + 0.5 - NARROW).tolist(),
                k=classes.of(days.values),
            )
        },
        "mark": {"type": "rect", "cornerRadius": 1},
        "encoding": {
            "x": {"field": "lo", **x},
            "x2": {"field": "hi"},
            "y": {"field": "t", **y},
            "y2": {"field": "v"},
            "color": colour,
        },
    }


def places(days: Days) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Week of the year, 0 to 53, and row of each day."""
    start = days.days.astype("datetime64[Y]").astype("datetime64[D]")
    # 1970-01-01 was a Thursday; Monday is 0.
    first_weekday = (start.astype(np.int64) + 3) % WEEK
    place = (days.days - start).astype(np.int64) + first_weekday
    block = days.years - days.years[0]
    return place // WEEK, BLOCK * block + HEAD + place % WEEK


def months(days: Days, *, x: Spec, y: Spec) -> Spec:
    """The name of each month above the week in which it begins."""
    first, last = int(days.years[0]), int(days.years[-1])
    starts = np.arange(12 * (first - EPOCH), 12 * (last + 1 - EPOCH)).astype("datetime64[M]")
    weeks, rows = places(replace(days, days=starts.astype("datetime64[D]")))
    heads = BLOCK * (rows // BLOCK)
    blocks = last - first + 1
    mark = {"type": "text", "align": "left", "baseline": "middle", "color": look.MUTED}
    return {
        "data": {
            "values": look.rows(
                lo=weeks.tolist(),
                t=heads.tolist(),
                k=[subject.MONTHS[i % 12] for i in range(starts.size)],
            )
        },
        "mark": {**mark, "fontSize": size_expr(blocks, 12)},
        "encoding": {
            "x": {"field": "lo", **x},
            "y": {"field": "t", **y},
            "text": {"field": "k", "type": "nominal"},
        },
    }


# ------------------------------------------------------------------ words


def legend_title(about: Subject, days: Days) -> str:
    unit = words.unit(days.unit)
    per = " a day" if days.found.is_total else ""
    return f"{about.name}, {unit}{per}" if unit else f"{about.name}, no unit given"


def subtitle(about: Subject, days: Days) -> list[str]:
    missing, noun = days.found.missing, days.found.noun
    told = [
        about.opening(f"One square a day ({noun} of the UTC day); columns are weeks, rows weekdays")
    ]
    told.append(
        f"{words.period(days.days)}: {phrases.count(days.days.size, 'day')}, {missing or 'none'} "
        "of them without a value (under 80 % of what there should be)"
    )
    told.append(left_out(days.found.crowded, "day"))
    if about.series.timestamps[0] < days.days[0].astype("datetime64[us]"):
        years = phrases.count(int(np.ptp(days.years)) + 1, "year")
        told.append(f"Only the last {years} of the series.")
    if days.is_in_mm and TO_MM[about.series.unit] != 1:
        told.append(f"Classes in mm; the values were in {about.unit}.")
    return [*told, about.left_out()]


def alt_text(about: Subject, days: Days) -> str:
    told = f"Calendar: {about.title}, one square a day, {words.period(days.days)}; "
    told += "blues from dry to wet" if rain.is_rain(about.series) else "coloured by its classes"
    told += f", grey without a value. {subject.ends(about, days.found.values, days.days)}"
    if days.is_in_mm:
        told += f" {phrases.count(int((days.values >= 1).sum()), 'day')} with at least 1 mm."
    return told


kinds.add(
    Kind(
        name="calendar",
        title="Calendar",
        description="One square a day, with weekdays as rows, weeks as columns and a block a "
        "year, coloured in classes; a day without a value is grey.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            "years": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_YEARS,
                "default": 4,
                "description": "How many years at most, the last of the period; each wants "
                "120 px of height.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_calendar,
    )
)
