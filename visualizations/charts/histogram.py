"""Histograms: how many values lie in each of some equal classes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, subject, words
from visualizations.charts.look import Spec
from visualizations.charts.subject import Floats, Subject
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

FEWEST, MOST = 5, 200
MANY = 30
SMALLEST = 1e-290  # span, still far from where floats end
# The neighbour's edge stays to be seen; in shares of a class.
NARROW = 0.03


@dataclass(frozen=True)
class Classes:
    """Counts between edges; each class holds its lower edge, the last one its upper edge too."""

    edges: Floats
    counts: NDArray[np.int64]

    @property
    def width(self) -> float:
        return float(self.edges[1] - self.edges[0])


def compile_histogram(
    series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Drawing:
    about = subject.subject("Histogram", series, options, facts)
    values = about.series.values
    heads = [f"from ({about.series.unit})", f"to ({about.series.unit})", "values", "share"]
    if not values.size:
        return subject.nothing(about, subject.no_values(options), heads)
    classes = classes_of(values, options.get("classes"))
    spec = look.picture(
        facts,
        title=about.title,
        subtitle=subtitle(about, classes, options),
        layer=layers(about, classes, options),
        below_px=58,
    )
    columns: dict[str, Column] = {
        heads[0]: classes.edges[:-1],
        heads[1]: classes.edges[1:],
        "values": classes.counts,
        "share": classes.counts / values.size,
    }
    return Drawing(spec, alt_text(about, classes), columns)


# ------------------------------------------------------------------ classes


def classes_of(values: Floats, wanted: int | None) -> Classes:
    """Classes of a round width that begin at a multiple of it."""
    low, high = float(values.min()), float(values.max())
    # So small a span is rounding, and its classes could not be told apart.
    if high - low <= max(1e-9 * max(abs(low), abs(high)), SMALLEST):
        width = 0.02 * max(abs(low), abs(high))
        edges = low + (width if width > SMALLEST else 1.0) * np.arange(-2.5, 3)
        return Classes(edges, np.array([0, 0, values.size, 0, 0]))
    width = width_of(values, wanted)
    first, last = np.floor(low / width), np.floor(high / width) + 1
    # As multiples and not as a sum: 0.3 must be the edge that 0.3 is compared with.
    edges = np.round(width * np.arange(first, last + 1), digits_of(width) + 1)
    # What rounding of the edges leaves outside lies on them.
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return Classes(edges, counts.astype(np.int64))


def width_of(values: Floats, wanted: int | None) -> float:
    """By Freedman and Diaconis (1981) where no number is asked for, and never under the resolution.

    Classes narrower than the steps in which values are reported would be empty by turns.
    """
    low, high = float(values.min()), float(values.max())
    number = wanted
    if number is None:
        upper, lower = (float(q) for q in np.quantile(values, [0.75, 0.25]))
        width = 2 * (upper - lower) / np.cbrt(values.size)
        # Where half of all are equal, as dry days are, the rule has no answer.
        number = int(min((high - low) / width, 60.0)) if width > (high - low) / 1e6 else 30
    number = max(FEWEST, min(number, MOST))
    width = look.step_of(low, high, number)
    # A few values do not show in which steps they are reported.
    if values.size < MANY:
        return width
    return max(width, look.step_of(0.0, resolution(values), 1))


def resolution(values: Floats) -> float:
    """The smallest difference of two values that is more than rounding."""
    different = np.unique(values)
    gaps = np.diff(different)
    return float(gaps[gaps > 1e-9 * np.abs(different).max()].min())


def digits_of(width: float) -> int:
    return max(0, -int(np.floor(np.log10(width))))


# ------------------------------------------------------------------ drawn


def layers(about: Subject, classes: Classes, options: Mapping[str, Any]) -> list[Spec]:
    is_share = options["show"] == "share"
    heights = classes.counts * (100 / about.series.values.size if is_share else 1.0)
    x, y = across(about, classes), upward(float(heights.max()), is_share=is_share)
    gap = NARROW * classes.width
    some = classes.counts > 0
    bars = {
        "data": {
            "values": look.rows(
                lo=(classes.edges[:-1] + gap)[some].tolist(),
                hi=(classes.edges[1:] - gap)[some].tolist(),
                v=heights[some].tolist(),
            )
        },
        "mark": {"type": "rect", "color": look.SERIES[0]},
        "encoding": {
            "x": {"field": "lo", **x},
            "x2": {"field": "hi"},
            "y": {"field": "v", **y},
            "y2": {"datum": 0},
        },
    }
    return [bars, median_line(about, x)]


def across(about: Subject, classes: Classes) -> Spec:
    low, high = float(classes.edges[0]), float(classes.edges[-1])
    return {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            **look.value_axis(about.named, low, high),
            "grid": False,
            "tickCount": {"expr": "max(2, ceil(width / 90))"},
            "labelOverlap": True,
        },
    }


def upward(highest: float, *, is_share: bool) -> Spec:
    top = look.nice(0.0, 1.04 * highest)[1]
    ticks = "max(2, ceil(height / 50))"
    if not is_share:
        # No tick between one value and two.
        top = float(math.ceil(top))
        ticks = f"min({top:.0f}, {ticks})"
    return {
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {
            "title": "share of the values, %" if is_share else "number of values",
            "tickCount": {"expr": ticks},
        },
    }


def median_line(about: Subject, x: Spec) -> Spec:
    return {
        "data": {"values": [{"t": float(np.median(about.series.values))}]},
        "mark": {"type": "rule", "color": look.SERIES[1], "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {"x": {"field": "t", **x}},
    }


# ------------------------------------------------------------------ words


def subtitle(about: Subject, classes: Classes, options: Mapping[str, Any]) -> list[str]:
    values = about.series.values
    spread = float(values.max() - values.min())
    digits = words.decimals(spread) + 1 if spread else words.decimals(float(values[0]))
    width = words.with_unit(
        words.number(classes.width, digits_of(classes.width)), about.series.unit
    )
    period = words.period(about.series.timestamps)
    told = [about.opening(f"{period}, {phrases.count(values.size, 'value')}")]
    if not spread:
        told.append(f"All values are {subject.shown(about, float(values[0]), digits)}.")
        return [*told, about.left_out()]
    told[0] += f" in classes of {width}"
    middle = (
        f"Dashed: median {subject.shown(about, float(np.median(values)), digits)}. "
        f"Mean {subject.shown(about, mean(values), digits)}"
    )
    if values.size > 1:
        deviation = subject.shown(about, deviation_of(values), digits)
        middle += f", standard deviation {deviation}"
    return [*told, middle, about.left_out()]


def mean(values: Floats) -> float:
    # Halved, so that the sum of the largest values stays a number.
    return float(2 * np.mean(values / 2))


def deviation_of(values: Floats) -> float:
    # Scaled, so that the squares of the largest values stay numbers.
    scale = float(np.abs(values).max()) or 1.0
    return scale * float(np.std(values / scale, ddof=1))


def alt_text(about: Subject, classes: Classes) -> str:
    values = about.series.values
    told = f"Histogram: {about.title}, {phrases.count(values.size, 'value')}"
    told += f", {words.period(about.series.timestamps)}."
    top = int(classes.counts.argmax())
    if np.count_nonzero(classes.counts) > 1:
        digits = digits_of(classes.width)
        low, high = (words.number(float(edge), digits) for edge in classes.edges[top : top + 2])
        share = words.number(100 * float(classes.counts[top]) / values.size, 0)
        high = words.with_unit(high, about.series.unit)
        told += f" The fullest class is {low} to {high} with {share} % of them."
    return f"{told} {subject.ends(about, values, about.series.timestamps.astype('datetime64[D]'))}"


kinds.add(
    Kind(
        name="histogram",
        title="Histogram",
        description="How many values lie in each of some equal classes, with the median.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            "classes": {
                "type": "integer",
                "minimum": FEWEST,
                "maximum": MOST,
                "description": "About how many classes; their width is rounded. Left out, the "
                "spread and the number of values tell.",
            },
            "show": {
                "type": "string",
                "enum": ["count", "share"],
                "default": "count",
                "description": "Height of a bar: number of values, or their share in %.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_histogram,
        references=("Freedman and Diaconis 1981, doi:10.1007/BF01025868 (width of the classes)",),
    )
)
