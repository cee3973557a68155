"""Two series against each other at the times at which both have values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.results import timestamps_of
from analyses.methods.words import phrases
from datasets.series import Series
from visualizations.charts import common, look, scales, words
from visualizations.charts.look import Spec
from visualizations.charts.thinning import within
from visualizations.registry import Drawing, Facts, Kind, kinds

Floats = NDArray[np.float64]
MOST_DOTS = 5000
# Hexagons across the plot, and down it: about as wide as they are high in the usual size.
ACROSS, DOWN = 54, 20
# Colours end where 99 of 100 hexagons do.
SHARE_IN_COLOUR = 0.99
LINE_COLOUR = look.SERIES[1]


@dataclass(frozen=True)
class Pairs:
    """Values of both series at the same times, the names they have in words, and their spans."""

    timestamps: NDArray[np.datetime64]
    x: Floats
    y: Floats
    names: list[str]
    units: list[str]
    spans: list[tuple[float, float]]

    @property
    def n(self) -> int:
        return self.x.size


def compile_scatter(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    cut = [within(one, options.get("start"), options.get("end")) for one in series]
    pairs = pairs_of(cut)
    place = common.place(cut, facts)
    title = words.heading(
        facts.title, where=place, what=f"{pairs.names[1]} against {pairs.names[0]}"
    )
    if not pairs.n:
        return empty(cut, facts, title)
    is_dots = pairs.n <= MOST_DOTS
    line = line_of(pairs, options["line"])
    r = correlation(pairs)
    marks = [dots(pairs) if is_dots else hexagons(pairs)]
    if line is not None:
        marks.append(line_mark(pairs, line))
    spec = look.picture(
        facts,
        title=title,
        subtitle=[
            *subtitle(cut, pairs, r, line, where=words.before(place, title)),
            common.left_out(cut),
        ],
        layer=marks,
        below_px=58,
    )
    return Drawing(spec, alt_text(pairs, title, r), columns(cut, pairs))


def pairs_of(series: Sequence[Series]) -> Pairs:
    first, second = series
    stamps, left, right = np.intersect1d(
        first.timestamps, second.timestamps, assume_unique=True, return_indices=True
    )
    x, y = first.values[left], second.values[right]
    units = [one.unit for one in series]
    return Pairs(stamps, x, y, common.names(series), units, [scales.span(x), scales.span(y)])


def empty(series: Sequence[Series], facts: Facts, title: str) -> Drawing:
    text = "The two series have no value at the same time."
    if not all(one.values.size for one in series):
        text = "There are no values in this period of at least one of the two series."
    spec = look.sentence(facts, title=title, text=text)
    heads = common.column_names(series)
    return Drawing(spec, f"Scatter: {title}. {text}", {"timestamp": [], **{h: [] for h in heads}})


def correlation(pairs: Pairs) -> float | None:
    """Pearson's r; None where one of the two does not change or is too large to square."""
    with np.errstate(all="ignore"):
        x, y = (v - v.mean() for v in (pairs.x, pairs.y))
        # What is left of equal values after subtracting their mean is rounding.
        if any(np.ptp(v) <= 1e-12 * np.abs(v).max() for v in (pairs.x, pairs.y)):
            return None
        x, y = x / np.abs(x).max(), y / np.abs(y).max()
        r = float(np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y)))
    return r if np.isfinite(r) else None


def line_of(pairs: Pairs, kind: str) -> tuple[float, float] | None:
    """Intercept and slope of the line that was asked for, where there is one."""
    if kind == "equal":
        return 0.0, 1.0
    if kind == "none" or correlation(pairs) is None:
        return None
    x, y = pairs.x - pairs.x.mean(), pairs.y - pairs.y.mean()
    slope = float(np.sum(x * y) / np.sum(x * x))
    return float(pairs.y.mean() - slope * pairs.x.mean()), slope


def subtitle(
    series: Sequence[Series],
    pairs: Pairs,
    r: float | None,
    line: tuple[float, float] | None,
    *,
    where: str,
) -> list[str]:
    is_dots = pairs.n <= MOST_DOTS
    what = "One dot a time" if is_dots else f"Hexagons: how many of the times (over {MOST_DOTS:,})"
    told_r = (
        "r is not defined: one of the two does not change"
        if r is None
        else (f"r = {words.number(r, 2)} (Pearson)")
    )
    if pairs.n == 1:
        told_r = "r needs more than one pair"
    told = [f"{where}{what}, {words.period(pairs.timestamps)}; n = {pairs.n:,}, {told_r}"]
    alone = [one.values.size - pairs.n for one in series]
    if any(alone):
        left = " and ".join(
            f"{phrases.count(n, 'value')} of {name}"
            for n, name in zip(alone, pairs.names, strict=True)
            if n
        )
        told.append(f"Left out: {left} at other times.")
    if line == (0.0, 1.0):
        told.append("Line: equal values.")
    elif line is not None:
        told.append(f"Line: least squares, slope {words.number(line[1], words.decimals(line[1]))}.")
    return told


def axes(pairs: Pairs) -> tuple[Spec, Spec]:
    x, y = (
        scales.axis(scales.named(name, unit), domain, across=place == 0)
        for place, (name, unit, domain) in enumerate(
            zip(pairs.names, pairs.units, pairs.spans, strict=True)
        )
    )
    return x, y


def dots(pairs: Pairs) -> Spec:
    x, y = axes(pairs)
    size, opacity = (45, 0.7) if pairs.n <= 500 else (22, 0.45)
    return {
        "data": {"values": look.rows(t=pairs.x.tolist(), v=pairs.y.tolist())},
        "mark": {"type": "circle", "color": look.SERIES[0], "size": size, "opacity": opacity},
        "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
    }


def hexagons(pairs: Pairs) -> Spec:
    x, y = axes(pairs)
    centres, counts = hexagons_of(pairs)
    width, height = cell(pairs)
    angles = np.radians(np.arange(30, 390, 60))
    # Each a little larger than its cell, or the ground shines through between neighbours.
    corners = np.column_stack(
        [np.cos(angles) * width / np.sqrt(3), np.sin(angles) * height * 2 / 3]
    )
    points = centres[:, None, :] + corners * 1.03
    number = np.repeat(np.arange(len(counts)), 6)
    most = max(float(np.quantile(counts, SHARE_IN_COLOUR)), 2.0)
    colour = scales.coloured((1.0, most), look.BLUES, title="pairs in a hexagon", is_count=True)
    return {
        "data": {
            "values": look.rows(
                t=points[:, :, 0].ravel().tolist(),
                v=points[:, :, 1].ravel().tolist(),
                k=number.tolist(),
                lo=np.tile(np.arange(6), len(counts)).tolist(),
                hi=np.repeat(counts, 6).tolist(),
            )
        },
        "mark": {"type": "line", "interpolate": "linear-closed", "strokeWidth": 0, "clip": True},
        "encoding": {
            "x": {"field": "t", **x},
            "y": {"field": "v", **y},
            "detail": {"field": "k", "type": "nominal"},
            "order": {"field": "lo", "type": "quantitative"},
            "fill": {**colour, "field": "hi"},
        },
    }


def cell(pairs: Pairs) -> tuple[float, float]:
    """Distance of neighbours in a row, and of rows, in the units of the axes."""
    (left, right), (low, high) = pairs.spans
    return (right - left) / ACROSS, (high - low) / DOWN


def hexagons_of(pairs: Pairs) -> tuple[Floats, NDArray[np.int64]]:
    """Centres of the hexagons that hold a pair, and how many each holds.

    The nearest of the points of two shifted grids is the centre (Carr et al. 1987).
    """
    origin = np.array([one[0] for one in pairs.spans])
    width, height = cell(pairs)
    scaled = (np.column_stack([pairs.x, pairs.y]) - origin) / (width, 2 * height)
    even, odd = np.round(scaled), np.floor(scaled) + 0.5
    # A row is 3/2 of a side away and a neighbour √3 sides: 3 × the squared share of two rows.
    far = [((scaled - grid) ** 2 * (1, 3)).sum(axis=1) for grid in (even, odd)]
    nearest = np.where((far[0] <= far[1])[:, None], even, odd)
    found, counts = np.unique(nearest, axis=0, return_counts=True)
    return found * (width, 2 * height) + origin, counts


def line_mark(pairs: Pairs, line: tuple[float, float]) -> Spec:
    """The part of the line that is inside the plot."""
    x, y = axes(pairs)
    (left, right), (low, high) = pairs.spans
    intercept, slope = line
    ends = [left, right]
    if slope:
        crossing = sorted(((low - intercept) / slope, (high - intercept) / slope))
        ends = [max(left, crossing[0]), min(right, crossing[1])]
    if ends[0] >= ends[1]:
        ends = []
    return {
        "data": {"values": [{"t": t, "v": intercept + slope * t} for t in ends]},
        "mark": {"type": "line", "color": LINE_COLOUR, "strokeWidth": 2.5, "strokeDash": [8, 3]},
        "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
    }


def columns(series: Sequence[Series], pairs: Pairs) -> dict[str, Any]:
    heads = common.column_names(series)
    if pairs.n > MOST_DOTS:
        centres, counts = hexagons_of(pairs)
        return {heads[0]: centres[:, 0], heads[1]: centres[:, 1], "pairs": counts}
    return {
        "timestamp": list(timestamps_of(pairs.timestamps)),
        heads[0]: pairs.x,
        heads[1]: pairs.y,
    }


def alt_text(pairs: Pairs, title: str, r: float | None) -> str:
    mark = "one dot" if pairs.n <= MOST_DOTS else "hexagons coloured by their number,"
    told = "" if r is None else f", correlation r = {words.number(r, 2)}"
    ends = [
        f"{name} from {words.with_unit(low, unit)} to {words.with_unit(high, unit)}"
        for name, unit, low, high in (
            (name, unit, *(words.number(float(v), words.decimals(np.ptp(values) or values[0]) + 1)
                           for v in (values.min(), values.max())))
            for name, unit, values in zip(pairs.names, pairs.units, (pairs.x, pairs.y), strict=True)
        )
    ]  # fmt: skip
    return (
        f"Scatter: {title}, {mark} for each of {phrases.count(pairs.n, 'time')} at which both have "
        f"a value, {words.period(pairs.timestamps)}{told}. Across: {ends[0]}. Up: {ends[1]}."
    )


kinds.add(
    Kind(
        name="scatter",
        title="Scatter",
        description="Two variables against each other at the times at which both have values: "
        f"dots, or hexagons of more than {MOST_DOTS:,} pairs.",
        options={
            "x": common.NAME | {"description": "Name of the variable across."},
            "y": common.NAME | {"description": "Name of the variable upwards."},
            **common.PLACE_AND_PERIOD,
            "line": {
                "type": "string",
                "enum": ["none", "least_squares", "equal"],
                "default": "none",
                "description": "A line: of least squares of the values upwards, or where both "
                "are equal.",
            },
        },
        required=("x", "y"),
        version=1,
        compile=compile_scatter,
        references=("Carr et al. 1987, doi:10.1080/01621459.1987.10478445 (hexagons)",),
        named_by=("x", "y"),
    )
)
