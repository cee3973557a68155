"""Decomposition: values, trend, seasons and remainder in panels over one axis of time.

Of the results of `decomposition` it reads `timestamps`, `values`, `trend`, `seasons` (`period` and
`values` of each), `remainder`, `strength` (`trend`, `seasons`), `step`, `robust`,
`missing_periods`, `reason`, `variable`, `station` and `unit`. What is missing is null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.words import phrases
from visualizations.charts import look, outcome, scales, words
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Floats, Results
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

# Of the height of the plot, above each panel; its name stands there.
GAP = 0.08


@dataclass(frozen=True)
class Panel:
    name: str
    values: Floats
    colour: str


def compile_decomposition(results: Results, options: Mapping[str, Any], facts: Facts) -> Drawing:
    name = outcome.variable(results)
    title = outcome.heading(results, facts, f"{name}, trend and seasons")
    panels = panels_of(results)
    stamps = outcome.instants(results.get("timestamps"))
    if not stamps.size or not any(np.isfinite(one.values).any() for one in panels):
        text = outcome.reason(results, "The analysis has no parts.")
        heads = ["timestamp", *(outcome.headed(one.name, results) for one in panels)]
        return outcome.without(facts, kind="Decomposition", title=title, text=text, columns=heads)
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(results, panels, outcome.where(results, facts, title)),
        layer=layers(panels, stamps),
    )
    spec["resolve"] = {"scale": {"y": "independent"}}
    columns: dict[str, Column] = {"timestamp": list(results["timestamps"])}
    columns |= {outcome.headed(one.name, results): one.values for one in panels}
    return Drawing(spec, alt_text(results, panels, title), columns)


def panels_of(results: Results) -> list[Panel]:
    seasons = results.get("seasons") or []
    told = [
        ("values", results.get("values"), look.MUTED),
        ("trend", results.get("trend"), look.SERIES[1]),
        *((season_name(one, results), one.get("values"), look.SERIES[0]) for one in seasons),
    ]
    told.append(("remainder", results.get("remainder"), look.MUTED))
    return [Panel(name, outcome.numbers(values), colour) for name, values, colour in told]


def season_name(season: Results, results: Results) -> str:
    if len(results["seasons"]) == 1:
        return "season"
    step = words.plain(str(results.get("step") or "month"), 10)
    return f"season of {outcome.number(season.get('period')):g} {step}s"


def subtitle(results: Results, panels: Sequence[Panel], where: str) -> list[str]:
    step = words.plain(str(results.get("step") or "month"), 10)
    stamps = outcome.instants(results.get("timestamps"))
    unit = words.unit(outcome.unit(results))
    robust = ", robust" if results.get("robust") else ""
    parts = len(panels) - 2
    method = "MSTL" if parts > 2 else "STL"
    means = f"{where}Means of each {step}, {words.period(stamps)}{', ' if unit else ''}{unit}"
    told = [f"{means}; {method}{robust}: the panels below the first add up to it."]
    strength = results.get("strength") or {}
    shares = [("trend", outcome.number(strength.get("trend")))]
    names = [one.name for one in panels[2:-1]]
    shares += list(zip(names, outcome.numbers(strength.get("seasons")), strict=False))
    shown = [f"{name} {words.number(v, 2)}" for name, v in shares if np.isfinite(v)]
    if shown:
        told.append(f"Strength, 0 to 1: {', '.join(shown)}. Bars: the same height in every panel.")
    missing = outcome.number(results.get("missing_periods"))
    if missing > 0:
        told.append(f"Not complete, and a gap: {phrases.count(int(missing), step)}.")
    return told


def layers(panels: Sequence[Panel], stamps: Any) -> list[Spec]:
    x = look.time_axis(*ends(stamps))
    most = look.MAX_MARKS // len(panels) - 10
    bar = bar_height(panels)
    drawn = []
    height = (1 - GAP * len(panels)) / len(panels)
    for place, panel in enumerate(panels):
        top = GAP + place * (height + GAP)
        y = axis(panel, top, top + height)
        kept = outcome.thinned(panel.values, most)
        stroke = {"color": panel.colour, "strokeWidth": 1.3 if kept.size > 300 else 1.8}
        if panel.name == "trend":
            stroke["strokeWidth"] = 2.5
        drawn.append(outcome.line(stamps[kept], panel.values[kept], x, y, **stroke))
        drawn[-1]["layer"] += [bar_mark(panel, bar, y), name_mark(panel, top)]
    return drawn


def ends(stamps: Any) -> tuple[int, int]:
    first, last = outcome.milliseconds(stamps[[0, -1]])
    return (first, last) if first < last else (first - 43_200_000, last + 43_200_000)


def axis(panel: Panel, top: float, bottom: float) -> Spec:
    """Numbers of one panel, between two shares of the height from the top."""
    domain = scales.span(panel.values)
    found = scales.axis("", domain, grid=True, offset=0, orient="left", labelFontSize=12)
    found["axis"] |= {"tickCount": 3, "title": None}
    found["scale"]["range"] = [
        {"expr": f"height * {bottom:.4f}"}, {"expr": f"height * {top:.4f}"}
    ]  # fmt: skip
    return found


def name_mark(panel: Panel, top: float) -> Spec:
    mark = {"type": "text", "align": "left", "baseline": "bottom", "fontSize": 13, "x": 0}
    return {
        "data": {"values": [{"k": panel.name}]},
        "mark": mark | {"y": {"expr": f"height * {top:.4f} - 2"}, "color": look.MUTED},
        "encoding": {"text": {"field": "k", "type": "nominal"}},
    }


def bar_height(panels: Sequence[Panel]) -> float:
    """So much of the unit that the panel with the smallest span is filled by it."""
    spans = [high - low for low, high in (scales.span(one.values) for one in panels)]
    return min(spans)


def bar_mark(panel: Panel, bar: float, y: Spec) -> Spec:
    """A bar at the right edge, as high in every panel: how much the panel is stretched."""
    low, high = y["scale"]["domain"]
    middle = (low + high) / 2
    return {
        "data": {"values": [{"lo": middle - bar / 2, "hi": middle + bar / 2}]},
        "mark": {"type": "rect", "color": look.AXIS, "clip": False}
        | {"x": {"expr": "width + 6"}, "x2": {"expr": "width + 12"}},
        "encoding": {
            "y": {"field": "lo", **y},
            "y2": {"field": "hi"},
        },
    }


def alt_text(results: Results, panels: Sequence[Panel], title: str) -> str:
    stamps = outcome.instants(results.get("timestamps"))
    told = (
        f"Decomposition: {title}, {words.period(stamps)}, in {len(panels)} panels: "
        f"{', '.join(one.name for one in panels)}. "
    )
    trend = panels[1].values[np.isfinite(panels[1].values)]
    first, last = float(trend[0]), float(trend[-1])
    told += f"The trend goes from {outcome.valued(first, results, last)} to "
    told += f"{outcome.valued(last, results, first)}."
    strength = outcome.numbers((results.get("strength") or {}).get("seasons"))
    if strength.size and np.isfinite(strength[0]):
        told += f" Strength of the {panels[2].name}: {words.number(float(strength[0]), 2)}."
    return told


kinds.add(
    Kind(
        name="decomposition",
        title="Decomposition",
        description="Trend, seasons and remainder of a series, in panels over one axis of time.",
        options={},
        required=(),
        version=1,
        compile=compile_decomposition,
        draws="results",
        named_by=(),
        analyses=("decomposition",),
    )
)
