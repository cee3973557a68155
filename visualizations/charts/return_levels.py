"""Return levels: what is passed once in so many years, with intervals and the extremes seen.

Of the results of `extremes` it reads `return_levels` (`period`, `level`, `lower`, `upper`),
`quantile_pairs` (`observed`, `modelled`, `period`), `approach`, `side`, `block`, `n`, `estimator`,
`bootstrap` (`kind`, `confidence`), `return_levels_at`, `warning`, `reason`, `variable`, `station`
and `unit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.words import phrases
from visualizations.charts import look, outcome, scales, words
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Floats, Results
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

MOST_DOTS = 5000
TICKS = [float(f"{m}e{p}") for p in range(7) for m in (1, 2, 5)]
ESTIMATORS = {"maximum_likelihood": "maximum likelihood", "l_moments": "L-moments"}


@dataclass(frozen=True)
class Levels:
    """Levels by period with their intervals, and the extremes seen at the periods they stand for.

    Attributes
    ----------
    curve : shape (n, 2), period and level of the fit, ascending
    """

    periods: Floats
    level: Floats
    lower: Floats
    upper: Floats
    seen: Floats
    seen_at: Floats
    curve: NDArray[np.float64]


def compile_return_levels(results: Results, options: Mapping[str, Any], facts: Facts) -> Drawing:
    name = outcome.variable(results)
    title = outcome.heading(results, facts, f"{name}, return levels")
    levels = levels_of(results)
    if not levels.curve.size:
        text = outcome.reason(results, "The analysis has no return levels.")
        heads = [*table(levels, results)]
        return outcome.without(facts, kind="Return levels", title=title, text=text, columns=heads)
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(levels, results, outcome.where(results, facts, title)),
        layer=layers(levels, results),
        below_px=58,
    )
    return Drawing(spec, alt_text(levels, results, title), table(levels, results))


def levels_of(results: Results) -> Levels:
    rows = sorted(results.get("return_levels") or [], key=lambda row: row["period"])
    columns = [
        outcome.numbers([row.get(name) for row in rows])
        for name in ("period", "level", "lower", "upper")
    ]
    pairs = results.get("quantile_pairs") or {}
    seen_at, seen, modelled = (
        outcome.numbers(pairs.get(name)) for name in ("period", "observed", "modelled")
    )
    # What comes more often than once a year is no return level.
    rare = seen_at >= 1
    seen_at, seen, modelled = seen_at[rare], seen[rare], modelled[rare]
    curve = np.column_stack([np.append(columns[0], seen_at), np.append(columns[1], modelled)])
    curve = curve[np.isfinite(curve).all(axis=1)]
    curve = curve[np.argsort(curve[:, 0], kind="stable")]
    if not np.isfinite(columns[1]).any():
        curve = curve[:0]
    periods, level, lower, upper = columns
    return Levels(periods, level, lower, upper, seen=seen, seen_at=seen_at, curve=curve)


def subtitle(levels: Levels, results: Results, where: str) -> list[str]:
    n = int(outcome.number(results.get("n")))
    is_peaks = results.get("approach") == "peaks_over_threshold"
    side = "lowest" if results.get("side") == "lowest" else "highest"
    block = words.plain(str(results.get("block") or "year"), 20)
    of = "" if block == "year" else f" ({block})"
    sample = (
        f"generalized Pareto distribution of {phrases.count(n, 'peak')} over a threshold{of}"
        if is_peaks
        else f"generalized extreme value distribution of the {side} of "
        f"{phrases.count(n, 'year')}{of}"
    )
    estimator = ESTIMATORS.get(str(results.get("estimator")), "")
    told = [f"{where}Line: {sample}{', by ' if estimator else ''}{estimator}. Dots: as observed."]
    bootstrap = results.get("bootstrap") or {}
    confidence = outcome.number(bootstrap.get("confidence"))
    if np.isfinite(levels.lower).any() and np.isfinite(confidence):
        kind = words.plain(str(bootstrap.get("kind") or ""), 20)
        told.append(f"Band: {100 * confidence:g} % interval by bootstrap ({kind}).")
    told.append(longest(levels, results))
    if results.get("return_levels_at"):
        told.append(f"The location moves; levels are those of {results['return_levels_at'][:10]}.")
    return [*told, words.plain(str(results.get("warning") or ""))]


def longest(levels: Levels, results: Results) -> str:
    """The level of 100 years, or else of the longest period, with its interval."""
    there = np.flatnonzero(np.isfinite(levels.level))
    hundred = there[levels.periods[there] == 100]
    at = int(hundred[0]) if hundred.size else int(there[-1])
    level, lower, upper = (float(v[at]) for v in (levels.level, levels.lower, levels.upper))
    told = f"Once in {levels.periods[at]:g} years: "
    if not np.isfinite([lower, upper]).all():
        return f"{told}{outcome.valued(level, results)}."
    digits = words.decimals(upper - lower) if upper > lower else words.decimals(level)
    shown = [words.number(v, digits) for v in (level, lower, upper)]
    return f"{told}{words.with_unit(shown[0], outcome.unit(results))} ({shown[1]} to {shown[2]})."


def layers(levels: Levels, results: Results) -> list[Spec]:
    dots = slice(None, None, outcome.every(levels.seen.size, MOST_DOTS))
    first = min(float(levels.curve[0, 0]), float(levels.periods.min()))
    last = float(max(levels.curve[-1, 0], levels.periods.max()))
    x = period_axis(first, last if last > first else 2 * first)
    everything = [levels.curve[:, 1], levels.lower, levels.upper, levels.seen]
    domain = scales.span(*everything)
    name = scales.named(outcome.variable(results), outcome.unit(results))
    y = scales.axis(name, domain)
    drawn = []
    banded = np.isfinite(levels.lower) & np.isfinite(levels.upper)
    if banded.any():
        drawn.append(band(levels, banded, x=x, y=y))
    drawn.append(
        {
            "data": {
                "values": look.rows(t=levels.curve[:, 0].tolist(), v=levels.curve[:, 1].tolist())
            },
            "mark": {"type": "line", "color": look.SERIES[0], "strokeWidth": 2.5},
            "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
        }
    )
    there = np.isfinite(levels.seen)
    drawn.append(
        {
            "data": {
                "values": look.rows(
                    t=levels.seen_at[there][dots].tolist(), v=levels.seen[there][dots].tolist()
                )
            },
            "mark": {"type": "point", "color": look.SERIES[1], "size": 40, "strokeWidth": 1.6},
            "encoding": {"x": {"field": "t", **x}, "y": {"field": "v", **y}},
        }
    )
    return drawn


def period_axis(first: float, last: float) -> Spec:
    ticks = [tick for tick in TICKS if first <= tick <= last]
    return {
        "type": "quantitative",
        "scale": {"type": "log", "domain": [first, last], "nice": False, "clamp": True},
        "axis": {
            "title": "return period, years",
            "values": ticks,
            "labelOverlap": True,
            "labelSeparation": 6,
            "format": ",",
        },
    }


def band(levels: Levels, banded: NDArray[np.bool_], *, x: Spec, y: Spec) -> Spec:
    rows = look.rows(
        t=levels.periods[banded].tolist(),
        lo=levels.lower[banded].tolist(),
        hi=levels.upper[banded].tolist(),
    )
    return {
        "data": {"values": rows},
        "mark": {"type": "area", "color": look.SERIES[0], "opacity": 0.2, "line": False},
        "encoding": {"x": {"field": "t", **x}, "y": {"field": "lo", **y}, "y2": {"field": "hi"}},
    }


def table(levels: Levels, results: Results) -> dict[str, Column]:
    """The levels first, then the extremes seen; a row has one or the other."""
    many = levels.seen.size
    none = np.full(many, np.nan)
    found = {"return period (years)": np.append(levels.periods, levels.seen_at)}
    for name, column in (("level", levels.level), ("lower", levels.lower), ("upper", levels.upper)):
        found[outcome.headed(name, results)] = np.append(column, none)
    seen = np.append(np.full(levels.periods.size, np.nan), levels.seen)
    return {**found, outcome.headed("observed", results): seen}


def alt_text(levels: Levels, results: Results, title: str) -> str:
    side = "lowest" if results.get("side") == "lowest" else "highest"
    seen = levels.seen[np.isfinite(levels.seen)]
    told = f"Return levels: {title}, by return period on a logarithmic axis. "
    if seen.size:
        extreme = float(seen.min() if side == "lowest" else seen.max())
        many = int(outcome.number(results.get("n")))
        told += f"The {side} of {many:,} observed: {outcome.valued(extreme, results)}. "
    return told + longest(levels, results)


kinds.add(
    Kind(
        name="return_levels",
        title="Return levels",
        description="Levels that are passed once in so many years, with their intervals, and the "
        "extremes that were observed.",
        options={},
        required=(),
        version=1,
        compile=compile_return_levels,
        draws="results",
        named_by=(),
        analyses=("extremes",),
    )
)
