"""How often the wind comes from where, and how strong it is then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import interval_of
from analyses.methods.words import phrases
from datasets.series import Series
from datastream.core import units
from datastream.core.errors import InvalidInputError
from visualizations.charts import common, look, words
from visualizations.charts.look import Spec
from visualizations.charts.thinning import within
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

Floats = NDArray[np.float64]
SECTORS = (
    *("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE"),
    *("S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"),
)
WIDTH_DEG = 360 / len(SECTORS)
# Limits of the classes, by unit; of another unit those in m/s, converted and rounded.
LIMITS = {"m s-1": (2, 4, 6, 8, 11), "knot": (4, 8, 12, 16, 22), "km h-1": (7, 14, 22, 30, 40)}
COLOURS = look.RAIN[1:]
# The hole in the middle, as a share of the radius; its words say how often it is calm.
HOLE = 0.14
RADIUS = "(min(width, height) / 2 - 22)"
# Below this there is no room for words between the petals.
ROOMY = {"expr": "min(width, height) > 200 ? 1 : 0"}
RING_STEPS = (1, 2, 5, 10, 20, 25, 50)


@dataclass(frozen=True)
class Rose:
    """Counts of values: of each sector and class of speed, calm, and of no one direction.

    Attributes
    ----------
    counts : shape (16, classes)
    limits : between the classes, in `unit`; `calm_below` likewise
    """

    counts: NDArray[np.int64]
    calm: int
    variable: int
    limits: tuple[float, ...]
    calm_below: float
    unit: str
    without_speed: int
    timestamps: NDArray[np.datetime64]

    @property
    def n(self) -> int:
        return int(self.counts.sum()) + self.calm + self.variable

    @property
    def percent(self) -> Floats:
        """Shape (16, classes), of all values with a speed."""
        shares: Floats = 100 * self.counts / max(self.n, 1)
        return shares


def compile_wind_rose(
    series: Sequence[Series], options: Mapping[str, Any], facts: Facts
) -> Drawing:
    cut = [within(one, options.get("start"), options.get("end")) for one in series]
    direction, speed = cut
    title = words.heading(facts.title, where=common.place(cut, facts), what="wind rose")
    rose = rose_of(direction, speed, options["calm_below"])
    if not rose.n:
        text = "There are no wind speeds in this period."
        spec = look.sentence(facts, title=title, text=text)
        return Drawing(spec, f"Wind rose: {title}. {text}", table(rose))
    place = common.place(cut, facts)
    spec = look.picture(
        facts,
        title=title,
        subtitle=[*subtitle(rose, speed, words.before(place, title)), common.left_out(cut)],
        layer=layers(rose),
        below_px=20,
    )
    return Drawing(spec, alt_text(rose, title), table(rose))


def rose_of(direction: Series, speed: Series, calm_below: float) -> Rose:
    """Count every speed once: as calm, in a sector and class, or as of no one direction."""
    factor = metres_per_second(speed)
    limits = limits_of(speed.unit, factor)
    calm_limit = calm_below / factor
    degrees = in_degrees(direction, speed.timestamps)
    is_calm = speed.values < calm_limit
    is_from = (degrees >= 0) & (degrees <= 360) & ~is_calm
    sectors = np.floor((degrees[is_from] + WIDTH_DEG / 2) / WIDTH_DEG).astype(np.int64)
    classes = np.searchsorted(limits, speed.values[is_from], side="right")
    counts = np.zeros((len(SECTORS), len(limits) + 1), np.int64)
    np.add.at(counts, (sectors % len(SECTORS), classes), 1)
    variable = int((~is_calm & ~is_from).sum())
    return Rose(
        *(counts, int(is_calm.sum()), variable, limits),
        calm_below=float(f"{calm_limit:.2g}"),
        unit=speed.unit,
        without_speed=direction.values.size - int(np.isfinite(degrees).sum()),
        timestamps=speed.timestamps,
    )


def metres_per_second(speed: Series) -> float:
    """What one of the speed's unit is in m/s; 1 where no unit is declared."""
    if not speed.unit:
        return 1.0
    try:
        return float(units.conversion(speed.unit, "m s-1").factor)
    except InvalidInputError as error:
        message = f"{speed.variable} is in {speed.unit}, which is not a unit of speed."
        raise InvalidInputError.of("speed", message) from error


def limits_of(unit: str, factor: float) -> tuple[float, ...]:
    found = LIMITS.get(unit) or tuple(float(f"{limit / factor:.1g}") for limit in LIMITS["m s-1"])
    return tuple(map(float, sorted(set(found))))


def in_degrees(direction: Series, stamps: NDArray[np.datetime64]) -> Floats:
    """The direction at each of the times; NaN where there is none."""
    factor = 1.0
    if direction.unit:
        try:
            factor = float(units.conversion(direction.unit, "degree").factor)
        except InvalidInputError as error:
            message = f"{direction.variable} is in {direction.unit}, which is not an angle."
            raise InvalidInputError.of("direction", message) from error
    found: Floats = np.full(stamps.size, np.nan)
    _, left, right = np.intersect1d(
        direction.timestamps, stamps, assume_unique=True, return_indices=True
    )
    found[right] = direction.values[left] * factor
    return found


def class_names(rose: Rose) -> list[str]:
    unit = words.unit(rose.unit)
    told = [f"{v:g}" for v in rose.limits]
    lowest = f"{rose.calm_below:g}–{told[0]}" if 0 < rose.calm_below < rose.limits[0] else None
    names = [lowest or f"< {told[0]}", *(f"{a}–{b}" for a, b in pairwise(told))]
    return [f"{name} {unit}".strip() for name in (*names, f"≥ {told[-1]}")]


def ring_step(longest: float) -> int:
    """Percent between two rings, of which there are at most five."""
    return next((step for step in RING_STEPS if longest / step <= 5), RING_STEPS[-1])


def subtitle(rose: Rose, speed: Series, where: str) -> list[str]:
    between = words.interval(interval_of(speed)) if rose.n > 1 else ""
    values = f"{phrases.count(rose.n, 'value')}, {words.period(rose.timestamps)}"
    below = words.with_unit(f"{rose.calm_below:g}", rose.unit)
    variable = f"Variable or no direction: {share(rose.variable, rose)}."
    told = [
        f"{where}Where the wind comes from, in 16 sectors; rings: % of {values}"
        + (f", {between}" if between else ""),
        ". ".join((f"Calm (below {below}): {share(rose.calm, rose)}", variable)),
    ]
    if rose.without_speed:
        told.append(f"Left out: {phrases.count(rose.without_speed, 'direction')} without a speed.")
    if not rose.counts.any():
        told.append("There is no wind from any direction.")
    return told


def share(count: int, rose: Rose) -> str:
    return f"{words.number(100 * count / rose.n, 1)} % ({phrases.count(count, 'value')})"


def layers(rose: Rose) -> list[Spec]:
    longest = float(rose.percent.sum(axis=1).max())
    step = ring_step(longest)
    rings = list(range(step, int(np.ceil(max(longest, 1e-9) / step)) * step + 1, step))
    radius = {
        "type": "quantitative",
        "scale": {
            "type": "linear",
            "domain": [0, rings[-1]],
            "range": [{"expr": f"{HOLE} * {RADIUS}"}, {"expr": RADIUS}],
            "zero": False,
            "nice": False,
        },
    }
    return [*grid(rings, radius), petals(rose, radius), *labels(rose, rings, radius)]


def turn(**fields: str) -> Spec:
    """Angles in radians from north, clockwise, as they are."""
    return {
        channel: {"field": field, "type": "quantitative", "scale": None}
        for channel, field in fields.items()
    }


def grid(rings: Sequence[int], radius: Spec) -> list[Spec]:
    return [
        {
            "data": {"values": [{"v": v, "lo": 0, "hi": 2 * np.pi} for v in (0, *rings)]},
            "mark": {"type": "arc", "fill": None, "stroke": look.GRID, "strokeWidth": 1},
            "encoding": {
                "theta": {"field": "lo", "type": "quantitative", "scale": None},
                "theta2": {"field": "hi"},
                "radius": {"field": "v", **radius, "stack": None},
                "radius2": {"datum": 0},
            },
        }
    ]


def petals(rose: Rose, radius: Spec) -> Spec:
    names = class_names(rose)
    percent = rose.percent
    tops = percent.cumsum(axis=1)
    half = np.radians(WIDTH_DEG) * 0.42
    rows = [
        {
            "t": float(np.radians(number * WIDTH_DEG) - half),
            "hi": float(np.radians(number * WIDTH_DEG) + half),
            "lo": float(tops[number, place] - percent[number, place]),
            "v": float(tops[number, place]),
            "k": names[place],
        }
        for number, place in np.argwhere(rose.counts).tolist()
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "arc", "stroke": look.AXIS, "strokeWidth": 0.6},
        "encoding": {
            "theta": {"field": "t", "type": "quantitative", "scale": None, "stack": None},
            "theta2": {"field": "hi"},
            "radius": {"field": "v", **radius, "stack": None},
            "radius2": {"field": "lo"},
            "color": {
                "field": "k",
                "type": "nominal",
                "sort": names,
                "scale": {"domain": names, "range": [*COLOURS[: len(names) - 1], COLOURS[-1]]},
                "legend": {"title": "speed", "orient": "right", "symbolType": "square"},
            },
        },
    }


def labels(rose: Rose, rings: Sequence[int], radius: Spec) -> list[Spec]:
    """The rings' percentages between two sectors, the points of the compass, and calm."""
    calm = f"calm {words.number(100 * rose.calm / rose.n, 0)} %"
    middle = word(calm.split(" ", 1), "width / 2", "height / 2 - 6", color=look.TEXT)
    middle["mark"] |= {"lineHeight": 13, "opacity": ROOMY}
    return [
        text([(22.5 * 2.5, v, f"{v} %") for v in rings], radius, size=12, baseline="bottom"),
        *(point(number, name) for number, name in enumerate(SECTORS) if len(name) < 3),
        middle,
    ]


def point(number: int, name: str) -> Spec:
    """The name of a sector outside the rings."""
    angle = np.radians(number * WIDTH_DEG)
    x = f"width / 2 + {np.sin(angle):.6f} * ({RADIUS} + 12)"
    y = f"height / 2 - {np.cos(angle):.6f} * ({RADIUS} + 12)"
    if len(name) == 1:
        return word(name, x, y, color=look.MUTED, fontSize=14, fontWeight="bold")
    return word(name, x, y, color=look.MUTED, opacity=ROOMY)


def word(told: Any, x: str, y: str, **mark: Any) -> Spec:
    place = {"x": {"expr": x}, "y": {"expr": y}, "align": "center", "baseline": "middle"}
    return {
        "data": {"values": [{"k": told}]},
        "mark": {"type": "text", "fontSize": 12} | place | mark,
        "encoding": {"text": {"field": "k", "type": "nominal"}},
    }


def text(
    told: Sequence[tuple[float, float, str]], radius: Spec, *, size: int, baseline: str
) -> Spec:
    return {
        "data": {"values": [{"t": float(np.radians(a)), "v": v, "k": k} for a, v, k in told]},
        "mark": {"type": "text", "fontSize": size, "baseline": baseline, "color": look.MUTED}
        | {"opacity": ROOMY},
        "encoding": {
            "theta": {"field": "t", "type": "quantitative", "scale": None, "stack": None},
            "radius": {"field": "v", **radius, "stack": None},
            "text": {"field": "k", "type": "nominal"},
        },
    }


def table(rose: Rose) -> dict[str, Column]:
    """A row a sector, in percent; calm and variable stand below them with no sector's numbers."""
    percent = rose.percent
    found: dict[str, Column] = {"from": [*SECTORS, "calm", "variable"]}
    told = 100 * np.array([rose.calm, rose.variable]) / max(rose.n, 1)
    for place, name in enumerate(class_names(rose)):
        found[f"{name} (%)"] = np.append(percent[:, place], [np.nan, np.nan])
    found["all (%)"] = np.append(percent.sum(axis=1), told)
    found["values"] = np.append(rose.counts.sum(axis=1), [rose.calm, rose.variable])
    return found


def alt_text(rose: Rose, title: str) -> str:
    shares = rose.percent.sum(axis=1)
    told = (
        f"Wind rose: {title}, how often the wind comes from each of 16 sectors and how strong, "
        f"{words.period(rose.timestamps)}, {phrases.count(rose.n, 'value')}. "
    )
    if rose.counts.any():
        most = int(shares.argmax())
        told += f"Most often from {SECTORS[most]} ({words.number(float(shares[most]), 1)} %). "
    return told + f"Calm: {share(rose.calm, rose)}. Variable: {share(rose.variable, rose)}."


kinds.add(
    Kind(
        name="wind_rose",
        title="Wind rose",
        description="How often the wind comes from each of 16 sectors, in classes of speed, with "
        "the shares of calm and of no one direction.",
        options={
            "direction": common.NAME
            | {"description": "Name of the variable of where the wind comes from; 0° is north."},
            "speed": common.NAME | {"description": "Name of the variable of its speed."},
            **common.PLACE_AND_PERIOD,
            "calm_below": {
                "type": "number",
                "minimum": 0,
                "maximum": 5,
                "default": 0.5,
                "description": "Speeds below this, in m/s, are calm and have no direction.",
            },
        },
        required=("direction", "speed"),
        version=1,
        compile=compile_wind_rose,
        named_by=("direction", "speed"),
    )
)
