"""Boxes by month: how the values of each month of the year are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyses.methods import rain
from analyses.methods.calendar import month_of
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words, yearly
from visualizations.charts.look import Spec
from visualizations.charts.subject import Floats, Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

HALF_BOX, HALF_CAP = 0.32, 0.16
REACH = 1.5  # of a box's height: Tukey 1977, Exploratory Data Analysis, section 2D
# More rings a month are drawn once where they cannot be told apart; words tell their number.
HEIGHTS = 1000


@dataclass(frozen=True)
class Box:
    """The values of one month of the year; `rings` lie beyond the whiskers."""

    month: int
    n: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    rings: Floats


def compile_boxes(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    about = subject.subject("Boxes by month", series, options, facts)
    taken = taken_of(about.series, options)
    unit = about.series.unit
    heads = ["month", "values", *(f"{name} ({unit})" for name in NAMES), "beyond"]
    if isinstance(taken, str):
        return subject.nothing(about, taken, heads)
    boxes = boxes_of(taken)
    spec = look.picture(
        facts,
        title=about.title,
        subtitle=subtitle(about, taken, boxes, options),
        layer=layers(about, boxes, options),
    )
    columns: dict[str, Column] = {
        "month": [box.month for box in boxes],
        "values": [box.n for box in boxes],
        "beyond": [int(box.rings.size) for box in boxes],
    }
    for head, name in zip(heads[2:-1], NAMES.values(), strict=True):
        columns[head] = [float(getattr(box, name)) for box in boxes]
    return Drawing(spec, alt_text(about, boxes, options), {head: columns[head] for head in heads})


NAMES = {
    "lower whisker": "low",
    "lower quartile": "q1",
    "median": "median",
    "upper quartile": "q3",
    "upper whisker": "high",
}


# ------------------------------------------------------------------ boxes


def taken_of(series: Series, options: Mapping[str, Any]) -> Series | str:
    """The values as they are, or of complete days or months; or why there are none."""
    step, reason = options["step"], yearly.no_mean(series)
    if step == "raw" and not reason:
        return series if series.values.size else subject.no_values(options)
    reason = reason or subject.reason_against(series, options, step)
    if reason:
        return reason
    found = subject.periods(series, step)
    whole = ~np.isnan(found.values)
    if not whole.any():
        return yearly.none_complete(step, found.crowded)
    return replace(series, timestamps=found.means.periods[whole], values=found.values[whole])


def boxes_of(series: Series) -> list[Box]:
    months = month_of(series.timestamps)
    return [box_of(month, series.values[months == month]) for month in np.unique(months).tolist()]


def box_of(month: int, values: Floats) -> Box:
    """Quartiles on the line between two values; whiskers at the last value within their reach."""
    q1, median, q3 = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    reach = REACH * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    low, high = float(inside.min(initial=q1)), float(inside.max(initial=q3))
    rings = np.sort(values[(values < low) | (values > high)])
    return Box(month, int(values.size), low, q1, median, q3, high, rings)


def unlike(rings: Floats, *, low: float, high: float) -> Floats:
    """Of very many rings those that can be told apart, the lowest and the highest among them."""
    if rings.size <= HEIGHTS:
        return rings
    heights = np.floor((rings - low) / ((high - low) / HEIGHTS))
    _, first = np.unique(heights, return_index=True)
    return np.unique(np.append(rings[first], rings[-1:]))


# ------------------------------------------------------------------ drawn


def layers(about: Subject, boxes: list[Box], options: Mapping[str, Any]) -> list[Spec]:
    low = min(float(np.append(box.rings, box.low).min()) for box in boxes)
    high = max(float(np.append(box.rings, box.high).max()) for box in boxes)
    x = {
        "type": "quantitative",
        "scale": {"domain": [0.4, 12.6], "nice": False, "zero": False},
        "axis": {
            "title": None,
            "grid": False,
            "ticks": False,
            "values": list(range(1, 13)),
            "labelExpr": f"{subject.MONTH_LABELS}[datum.value - 1]",
            "labelOverlap": True,
        },
    }
    y = {
        "type": "quantitative",
        "scale": {
            "domain": list(span(about, low, high)),
            "nice": False,
            "zero": False,
            "clamp": True,
        },
        "axis": look.value_axis(axis_title(about, options), low, high),
    }
    return [*frames(boxes, x=x, y=y), rings_of(boxes, low=low, high=high, x=x, y=y)]


def axis_title(about: Subject, options: Mapping[str, Any]) -> str:
    is_total = options["step"] != "raw" and rain.adds_up(about.series)
    return f"{about.named} a {options['step']}" if is_total else about.named


def span(about: Subject, low: float, high: float) -> tuple[float, float]:
    largest = max(abs(low), abs(high))
    air = max(0.04 * (high - low) or 0.1 * largest or 1.0, 1e-9 * largest)
    floor = 0.0 if low >= 0 and rain.is_rain(about.series) else low - air
    return look.nice(floor, high + air)


def frames(boxes: list[Box], *, x: Spec, y: Spec) -> list[Spec]:
    """Box, median and whiskers with their caps."""
    middle = [float(box.month) for box in boxes]
    wide = {"lo": [m - HALF_BOX for m in middle], "hi": [m + HALF_BOX for m in middle]}
    caps = {"lo": [m - HALF_CAP for m in middle], "hi": [m + HALF_CAP for m in middle]}
    ends = {"x": {"field": "lo", **x}, "x2": {"field": "hi"}}
    upright = {"y": {"field": "t", **y}, "y2": {"field": "v"}}
    rule = {"type": "rule", "color": look.TEXT, "strokeWidth": 1.2}
    box = {"type": "rect", "color": look.BAND, "stroke": look.TEXT, "strokeWidth": 1.2}
    parts: list[Spec] = []
    for low, high in (("low", "q1"), ("q3", "high")):
        values = look.rows(lo=middle, t=column(boxes, low), v=column(boxes, high))
        encoding = {"x": {"field": "lo", **x}, **upright}
        parts.append({"data": {"values": values}, "mark": rule, "encoding": encoding})
    for edge in ("low", "high"):
        values = look.rows(**caps, v=column(boxes, edge))
        encoding = {**ends, "y": {"field": "v", **y}}
        parts.append({"data": {"values": values}, "mark": rule, "encoding": encoding})
    values = look.rows(**wide, t=column(boxes, "q1"), v=column(boxes, "q3"))
    parts.append({"data": {"values": values}, "mark": box, "encoding": {**ends, **upright}})
    values = look.rows(**wide, v=column(boxes, "median"))
    encoding = {**ends, "y": {"field": "v", **y}}
    thick = {**rule, "strokeWidth": 3}
    parts.append({"data": {"values": values}, "mark": thick, "encoding": encoding})
    return parts


def column(boxes: list[Box], name: str) -> list[float]:
    return [getattr(box, name) for box in boxes]


def rings_of(boxes: list[Box], *, low: float, high: float, x: Spec, y: Spec) -> Spec:
    drawn = [(box.month, unlike(box.rings, low=low, high=high)) for box in boxes if box.rings.size]
    months = [float(month) for month, rings in drawn for _ in rings]
    values = [value for _, rings in drawn for value in rings.tolist()]
    ring = {"type": "point", "filled": False, "color": look.MUTED, "size": 26, "opacity": 0.9}
    return {
        "data": {"values": look.rows(t=months, v=values)},
        "mark": {**ring, "strokeWidth": 1.1},
        "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
    }


# ------------------------------------------------------------------ words


def subtitle(
    about: Subject, taken: Series, boxes: list[Box], options: Mapping[str, Any]
) -> list[str]:
    what = {"raw": "value"}.get(options["step"], f"complete UTC {options['step']}")
    fewest, most = min(box.n for box in boxes), max(box.n for box in boxes)
    each = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    beyond = sum(int(box.rings.size) for box in boxes)
    rings = phrases.count(beyond, "value") if beyond else "none"
    period = words.period(taken.timestamps)
    n = phrases.count(taken.values.size, what)
    told = [about.opening(f"{period}: {n}, {each} a month of the year")]
    told.append(
        "Box: middle half, with the median. Whiskers: last value within 1.5 boxes. "
        f"Rings: {rings} beyond"
    )
    there = {box.month for box in boxes}
    without = [name for i, name in enumerate(subject.MONTHS, 1) if i not in there]
    if without:
        told.append(f"No values in {', '.join(without)}.")
    return [*told, about.left_out()]


def alt_text(about: Subject, boxes: list[Box], options: Mapping[str, Any]) -> str:
    top, low = max(boxes, key=lambda box: box.median), min(boxes, key=lambda box: box.median)
    spread = max(box.high for box in boxes) - min(box.low for box in boxes)
    digits = words.decimals(spread) + 1 if spread else words.decimals(top.median)
    what = {"raw": "values"}.get(options["step"], f"{options['step']}s")
    told = f"Boxes by month: {about.title}, spread of the {what} of each month of the year, "
    told += f"{phrases.count(sum(box.n for box in boxes), 'value')}."
    if top.median == low.median:
        return f"{told} The median is {subject.shown(about, top.median, digits)} in each."
    return (
        f"{told} Highest median: {subject.shown(about, top.median, digits)} in "
        f"{subject.MONTHS[top.month - 1]}; lowest: {subject.shown(about, low.median, digits)} in "
        f"{subject.MONTHS[low.month - 1]}."
    )


kinds.add(
    Kind(
        name="box_by_month",
        title="Boxes by month",
        description="The spread of the values of each month of the year: middle half, median, "
        "whiskers to the last value within 1.5 boxes, and rings beyond.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            "step": {
                "type": "string",
                "enum": ["raw", "day", "month"],
                "default": "raw",
                "description": "What is spread: the values as they are, or the means (totals of "
                "amounts of rain) of complete days or months.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_boxes,
        references=(
            "Tukey 1977, Exploratory Data Analysis, Addison-Wesley",
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (quartiles)",
        ),
    )
)
