"""Taylor diagram: correlation, spread and error of a series against a reference, in one point.

Of the results of `comparison` it reads `scores` and each of `months` (`n`, `r`, `normalised_std`,
`normalised_centred_rmse`; of a month `month`), `series` (the compared one and the reference:
`variable`, `station`, `station_name`), `step`, `start`, `end`, `reason`, `variable` and `station`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.words import phrases
from visualizations.charts import labels, look, outcome, subject, words
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Results
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

RAYS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
READ = ("r", "normalised_std", "normalised_centred_rmse")
ARC = np.linspace(0, 1, 61)
LEAST_REACH = 1.5
# A spread so many times that of the reference is drawn at the edge.
FARTHEST = 5.0
# Of the radius in a picture of the usual size.
USUAL_PX = 340
# Smaller than this there is no room for numbers.
ROOMY = {"expr": "min(width, height) > 140 ? 1 : 0"}


@dataclass(frozen=True)
class Point:
    """One comparison; `spread` and `error` are in standard deviations of the reference."""

    name: str
    r: float
    spread: float
    error: float
    n: int

    @property
    def place(self) -> tuple[float, float]:
        length = min(self.spread, FARTHEST)
        return length * self.r, length * float(np.sqrt(max(0.0, 1 - self.r**2)))


def compile_taylor(results: Results, options: Mapping[str, Any], facts: Facts) -> Drawing:
    names = names_of(results)
    what = f"{names[0]} against {names[1]}"
    title = words.heading(facts.title, where=words.plain(facts.place, 80), what=what)
    points = points_of(results, with_months=options["months"])
    if not points:
        text = outcome.reason(results, "The two series cannot be compared.")
        return outcome.without(
            facts, kind="Taylor diagram", title=title, text=text, columns=[*table(points)]
        )
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(results, points, names, where=outcome.where(results, facts, title)),
        layer=layers(points),
        below_px=40,
    )
    return Drawing(spec, alt_text(points, title, names), table(points))


def names_of(results: Results) -> list[str]:
    """Of the compared series and of the reference."""
    told = []
    series = [*(results.get("series") or [])[:2], {}, {}][:2]
    for one, otherwise in zip(series, (outcome.variable(results), "the reference"), strict=True):
        parts = one.get("variable") or otherwise, one.get("station_name") or one.get("station")
        told.append(", ".join(words.plain(str(part), 60) for part in parts if part))
    return told if told[0] != told[1] else [told[0], f"{told[1]} of the reference"]


def points_of(results: Results, *, with_months: bool) -> list[Point]:
    """All pairs first, then each month that has a point."""
    rows = [("all", results.get("scores") or {})]
    if with_months:
        rows += [
            (subject.MONTHS[int(one["month"]) - 1], one)
            for one in results.get("months") or []
            if str(one.get("month")).isdigit() and 1 <= int(one["month"]) <= 12
        ]
    found = []
    for name, row in rows:
        r, spread, error = (outcome.number(row.get(key)) for key in READ)
        if np.isfinite([r, spread, error]).all():
            found.append(Point(name, r, spread, error, n=int(outcome.number(row.get("n")))))
    return found if found and found[0].name == "all" else []


def subtitle(
    results: Results, points: Sequence[Point], names: Sequence[str], *, where: str
) -> list[str]:
    one = points[0]
    axes = "Distance from the corner: standard deviation as a share of its own; angle: correlation"
    error = "dashed rings: centred root mean square error, likewise."
    pairs = ", ".join(filter(None, (phrases.count(one.n, "pair"), outcome.period(results))))
    scores = f"spread {words.number(one.spread, 2)}, error {words.number(one.error, 2)}."
    told = [
        f"{where}Diamond: {names[1]}. {axes}; {error}",
        f"{pairs}: r = {words.number(one.r, 2)}, {scores}",
    ]
    if len(points) > 1:
        told.append(
            f"Small dots: {phrases.count(len(points) - 1, 'month')} of the year, each alone."
        )
    if any(point.spread > FARTHEST for point in points):
        told.append(f"Spreads above {FARTHEST:g} are drawn at the edge.")
    return told


def layers(points: Sequence[Point]) -> list[Spec]:
    reach = max(LEAST_REACH, *(1.1 * min(point.spread, FARTHEST) for point in points))
    step = 0.5 if reach <= 3 else 1.0
    reach = float(np.ceil(reach / step) * step)
    x, y = axes(reach, is_half=any(point.r < 0 for point in points))
    is_half = any(point.r < 0 for point in points)
    return [
        *grid(reach, step, is_half=is_half, x=x, y=y),
        *errors(reach, step, is_half=is_half, x=x, y=y),
        reference(x, y),
        *dots(points, x, y, reach=reach),
    ]


def axes(reach: float, *, is_half: bool) -> tuple[Spec, Spec]:
    """Both in the same number of px for one standard deviation, whatever the size is."""
    side = "(min(width / 2, height) - 24)" if is_half else "(min(width, height) - 24)"
    begin = f"width / 2 - {side}" if is_half else f"(width - {side}) / 2"
    end = f"width / 2 + {side}" if is_half else f"(width + {side}) / 2"
    x = {
        "type": "quantitative",
        "axis": None,
        "scale": {
            "domain": [-reach if is_half else 0, reach],
            "range": [{"expr": begin}, {"expr": end}],
            "nice": False,
            "zero": False,
        },
    }
    y = {
        "type": "quantitative",
        "axis": None,
        "scale": {
            "domain": [0, reach],
            "range": [{"expr": "height"}, {"expr": f"height - {side}"}],
            "nice": False,
            "zero": False,
        },
    }
    return x, y


def curves(found: Sequence[tuple[Any, Any]], x: Spec, y: Spec, **mark: Any) -> Spec:
    rows = [
        {"t": float(a), "v": float(b), "k": number, "lo": place}
        for number, (xs, ys) in enumerate(found)
        for place, (a, b) in enumerate(zip(xs, ys, strict=True))
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "line", "strokeWidth": 1, "color": look.AXIS} | mark,
        "encoding": {
            "x": {"field": "t", **x},
            "y": {"field": "v", **y},
            "detail": {"field": "k", "type": "nominal"},
            "order": {"field": "lo", "type": "quantitative"},
        },
    }


def grid(reach: float, step: float, *, is_half: bool, x: Spec, y: Spec) -> list[Spec]:
    """Circles of equal spread, rays of equal correlation, and their numbers."""
    angles = ARC * np.pi / (1 if is_half else 2)
    lengths = np.arange(step, reach + step / 2, step)
    rays = [*RAYS, 1.0, *(-one for one in RAYS[1:] if is_half), *([-1.0] if is_half else [])]
    circles = [(length * np.cos(angles), length * np.sin(angles)) for length in lengths]
    ends = [(one, float(np.sqrt(1 - one**2))) for one in rays]
    spread = [
        {"t": float(length), "v": 0, "k": f"{length:g}"} for length in (0.0, *lengths.tolist())
    ]
    told = [
        {
            "t": a * reach * 1.035,
            "v": b * reach * 1.035,
            "k": words.number(a, 2).rstrip("0").rstrip(".") or "0",
        }
        for a, b in ends
    ]
    return [
        curves(circles, x, y, color=look.GRID),
        curves([circles[-1]], x, y),
        curves([([0, a * reach], [0, b * reach]) for a, b in ends], x, y, color=look.GRID),
        curves([([-reach if is_half else 0, reach], [0, 0])], x, y),
        outcome.text_at(spread, x, y, dy=14, opacity=ROOMY),
        outcome.text_at(told, x, y, opacity=ROOMY),
    ]


def errors(reach: float, step: float, *, is_half: bool, x: Spec, y: Spec) -> list[Spec]:
    """Rings of equal error around the reference, as far as they are inside."""
    found, told = [], []
    for length in np.arange(step, 2 * reach, step):
        xs, ys = 1 + length * np.cos(ARC * np.pi), length * np.sin(ARC * np.pi)
        inside = (np.hypot(xs, ys) <= reach) & (is_half | (xs >= 0))
        if inside.sum() < 2:
            continue
        found.append((xs[inside], ys[inside]))
        middle = int(np.flatnonzero(inside)[inside.sum() // 2])
        told.append({"t": float(xs[middle]), "v": float(ys[middle]), "k": f"{length:g}"})
    return [
        curves(found, x, y, color=look.SERIES[2], strokeDash=[4, 4]),
        outcome.text_at(told, x, y, color=look.SERIES[2], dy=-7, opacity=ROOMY),
    ]


def reference(x: Spec, y: Spec) -> Spec:
    return {
        "data": {"values": [{"t": 1, "v": 0}]},
        "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 160}
        | {"color": look.TEXT, "opacity": 1},
        "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
    }


def dots(points: Sequence[Point], x: Spec, y: Spec, *, reach: float) -> list[Spec]:
    rows: list[Spec] = [
        {"t": point.place[0], "v": point.place[1], "k": point.name} for point in points
    ]
    place = {"x": {"field": "t", **x}, "y": {"field": "v", **y}}
    mark = {"type": "circle", "opacity": 1}
    spots = np.array([(row["t"], -row["v"]) for row in rows]) * USUAL_PX / reach
    kept = labels.with_room(spots, [row["k"] for row in rows], size=12, radius=5)
    return [
        {
            "data": {"values": rows[1:]},
            "mark": mark | {"size": 45, "color": look.SERIES[3]},
            "encoding": place,
        },
        outcome.text_at(
            [rows[i] for i in kept if i], x, y, align="left", dx=6, fontSize=11, opacity=ROOMY
        ),
        {
            "data": {"values": rows[:1]},
            "mark": mark | {"size": 170, "color": look.SERIES[1]},
            "encoding": place,
        },
        outcome.text_at(
            rows[:1], x, y, align="left", dx=10, fontSize=14, fontWeight="bold", color=look.TEXT
        ),
    ]


def table(points: Sequence[Point]) -> dict[str, Column]:
    return {
        "pairs": [point.name for point in points],
        "n": [point.n for point in points],
        "r": [point.r for point in points],
        "normalised std": [point.spread for point in points],
        "normalised centred rmse": [point.error for point in points],
    }


def alt_text(points: Sequence[Point], title: str, names: Sequence[str]) -> str:
    one = points[0]
    spread, error = (words.number(value, 2) for value in (one.spread, one.error))
    told = (
        f"Taylor diagram: {title}. The diamond is {names[1]}; the large dot, {names[0]}: "
        f"correlation {words.number(one.r, 2)}, standard deviation {spread} times and centred "
        f"error {error} times the standard deviation of the reference."
    )
    if len(points) < 3:
        return told
    best, worst = (f(points[1:], key=lambda point: point.r) for f in (max, min))
    return (
        f"{told} Of the months, {best.name} has the highest correlation "
        f"({words.number(best.r, 2)}) and {worst.name} the lowest ({words.number(worst.r, 2)})."
    )


kinds.add(
    Kind(
        name="taylor",
        title="Taylor diagram",
        description="How well a series follows a reference: correlation, spread and centred error "
        "as one point, of all pairs and of each month of the year.",
        options={
            "months": {
                "type": "boolean",
                "default": True,
                "description": "Whether each month of the year has a small point of its own.",
            },
        },
        required=(),
        version=1,
        compile=compile_taylor,
        references=("Taylor 2001, doi:10.1029/2000JD900719",),
        draws="results",
        named_by=(),
        analyses=("comparison",),
    )
)
