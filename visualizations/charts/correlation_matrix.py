"""A square of correlation coefficients of each series with each other.

Of the results of `correlation` it reads `series` (`variable`, `station`, `station_name`),
`matrices` (`r`, `p`, `n`, `n_eff`), `method`, `step`, `deseasonalise`, `detrend`, `effective_size`,
`n`, `start`, `end` and `reason`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from visualizations.charts import common, look, outcome, scales, words
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Floats, Results
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

METHODS = {
    "pearson": "Pearson’s r",
    "spearman": "Spearman’s rank correlation",
    "kendall": "Kendall’s tau",
}
STEPS = {"raw": "values at equal times", "day": "daily means", "month": "monthly means"}
STEPS |= {"year": "yearly means"}
SURE = 0.05
# Names stand across where there are so few, else their numbers do.
MOST_NAMED = 5
NUMBERS_IN_CELLS = 16
LABEL_PX = 220
# For all names across, however narrow the picture is.
ACROSS_PX = 540
DARK_FROM = 0.6


def compile_correlation_matrix(
    results: Results, options: Mapping[str, Any], facts: Facts
) -> Drawing:
    names = names_of(results)
    title = words.heading(
        facts.title, where=words.plain(facts.place, 80), what="correlation of the series"
    )
    r, p, n = (matrix(results, name, len(names)) for name in ("r", "p", "n"))
    beside = ~np.eye(len(names), dtype=bool)
    if not np.isfinite(r[beside]).any():
        text = outcome.reason(results, "No two series have a correlation.")
        heads = [*table(names, r, p, n)]
        return outcome.without(
            facts, kind="Correlation matrix", title=title, text=text, columns=heads
        )
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(results, n[beside], outcome.where(results, facts, title)),
        layer=layers(names, r, p),
        below_px=46,
    )
    widest = 14 * max(look.breadth(f"{len(names)}  {name}") for name in names)
    spec["usermeta"]["left_px"] = min(LABEL_PX, widest)
    spec = look.fitted(spec, look.WIDTH, look.HEIGHT)
    return Drawing(spec, alt_text(title, names, r), table(names, r, p, n))


def names_of(results: Results) -> list[str]:
    """Variable and station of each, as far as they differ."""
    series = results.get("series") or []
    variables = [words.plain(str(one.get("variable") or ""), 40) for one in series]
    stations = [
        words.plain(str(one.get("station_name") or one.get("station") or ""), 40) for one in series
    ]
    told = [
        ", ".join(filter(None, (v, s if len(set(stations)) > 1 else "")))
        for v, s in zip(variables, stations, strict=True)
    ]
    return common.unlike([one or "series" for one in told])


def matrix(results: Results, name: str, size: int) -> Floats:
    rows = (results.get("matrices") or {}).get(name) or []
    found: Floats = np.full((size, size), np.nan)
    for place, row in enumerate(rows[:size]):
        numbers = outcome.numbers(row)[:size]
        found[place, : numbers.size] = numbers
    return found


def subtitle(results: Results, n: Floats, where: str) -> list[str]:
    method = METHODS.get(str(results.get("method")), "Correlation")
    step = STEPS.get(str(results.get("step")), "")
    pairs = n[np.isfinite(n)]
    many = ""
    if pairs.size:
        few, most = int(pairs.min()), int(pairs.max())
        many = f", {few:,} pairs" if few == most else f", {few:,} to {most:,} pairs"
    removed = [
        word
        for name, word in (("deseasonalise", "seasons"), ("detrend", "trends"))
        if results.get(name)
    ]
    shown = f"{where}{method} of {step or 'each two series'}{many}"
    marks = "Bold: p < 0.05"
    if results.get("effective_size") != "none":
        marks += ", pairs discounted where neighbouring values are alike"
    return [
        ", ".join(filter(None, (shown, outcome.period(results)))),
        f"{marks}. Grey: no coefficient.",
        f"Taken out before: {' and '.join(removed)}." if removed else "",
    ]


def layers(names: list[str], r: Floats, p: Floats) -> list[Spec]:
    size = len(names)
    across = names if size <= MOST_NAMED else [str(number + 1) for number in range(size)]
    down = [f"{number + 1}  {name}" for number, name in enumerate(names)]
    place = {
        "x": {"field": "t", **axis(across, labelLimit=ACROSS_PX // size, labelAngle=0)},
        "y": {"field": "k", **axis(down, labelLimit=LABEL_PX)},
    }
    places = [(row, column) for row in range(size) for column in range(size) if row != column]
    there = [one for one in places if np.isfinite(r[one])]
    absent = [one for one in places if not np.isfinite(r[one])]

    def cells(chosen: list[tuple[int, int]]) -> list[Spec]:
        return [
            {"t": across[column], "k": down[row], "v": outcome.number(float(r[row, column]))}
            for row, column in chosen
        ]

    colour = scales.coloured((-1.0, 1.0), look.BLUE_RED, title="correlation", is_count=True)
    colour["legend"]["labelExpr"] = "datum.value ? format(datum.value, '+d') : '0'"
    drawn = [rectangles(cells(there), place | {"color": colour})]
    if absent:
        empty = [{**row, "v": None} for row in cells(absent)]
        drawn.append(rectangles(empty, place, color=look.NO_VALUE))
    if size <= NUMBERS_IN_CELLS:
        drawn += numbers(there, r, p, cells, place)
    return drawn


def axis(names: list[str], **more: Any) -> Spec:
    """One name after the other."""
    shown = {"title": None, "domain": False, "ticks": False, "labelOverlap": True}
    scale = {"domain": names, "paddingInner": 0.03}
    return {"type": "ordinal", "sort": names, "scale": scale, "axis": shown | more}


def rectangles(rows: list[Spec], encoding: Spec, **mark: Any) -> Spec:
    return {"data": {"values": rows}, "mark": {"type": "rect", **mark}, "encoding": encoding}


def numbers(
    there: list[tuple[int, int]], r: Floats, p: Floats, cells: Any, place: Spec
) -> list[Spec]:
    """The coefficients, light on dark colours, bold where they are sure."""
    drawn = []
    for is_dark in (False, True):
        for is_sure in (False, True):
            chosen = [
                one
                for one in there
                if (abs(r[one]) >= DARK_FROM) == is_dark and bool(p[one] < SURE) == is_sure
            ]
            if not chosen:
                continue
            told = [
                {**row, "lo": words.number(float(r[one]), 2)}
                for one, row in zip(chosen, cells(chosen), strict=True)
            ]
            weight = "bold" if is_sure else "normal"
            mark = {"type": "text", "fontSize": 13, "fontWeight": weight}
            mark["opacity"] = {"expr": f"height / {len(r)} > 15 ? 1 : 0"}
            drawn.append(
                {
                    "data": {"values": told},
                    # These stand on a colour of their own, whatever the ground of the picture is.
                    "mark": mark | {"color": "#ffffff" if is_dark else "#1b2734"},
                    "encoding": {**place, "text": {"field": "lo", "type": "nominal"}},
                }
            )
    return drawn


def table(names: list[str], r: Floats, p: Floats, n: Floats) -> dict[str, Column]:
    """A row for each two series."""
    rows, columns = np.triu_indices(len(names), 1)
    return {
        "series": [names[i] for i in rows],
        "other": [names[i] for i in columns],
        "r": r[rows, columns],
        "p": p[rows, columns],
        "n": n[rows, columns],
    }


def alt_text(title: str, names: list[str], r: Floats) -> str:
    told = f"Correlation matrix: {title}, of {len(names)} series; blue negative, red positive. "
    rows, columns = np.triu_indices(len(names), 1)
    values = r[rows, columns]
    ends = [
        f"{words.number(float(values[at]), 2)} ({names[rows[at]]} and {names[columns[at]]})"
        for at in (np.nanargmax(values), np.nanargmin(values))
    ]
    return f"{told}Highest: {ends[0]}; lowest: {ends[1]}."


kinds.add(
    Kind(
        name="correlation_matrix",
        title="Correlation matrix",
        description="A square of the correlations of each series with each other.",
        options={},
        required=(),
        version=1,
        compile=compile_correlation_matrix,
        draws="results",
        named_by=(),
        analyses=("correlation",),
    )
)
