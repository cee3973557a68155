"""Forecast: what came before, what is expected and between which limits.

Of the results of `forecast` it reads `history` (`timestamps`, `values`), `forecast`
(`timestamps`, `mean`, `lower`, `upper`), `confidence`, `method`, `step`, `horizon`, `backtest`
(`n_origins` and `methods`, each with `method`, `mase`, `skill`, `coverage`), `reason`, `variable`,
`station` and `unit`. What is missing is null.
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

METHODS = {
    "seasonal_naive": "seasonal naive",
    "ets": "ETS",
    "theta": "Theta",
    "sarima": "SARIMA",
    "gradient_boosting": "gradient boosting",
}


@dataclass(frozen=True)
class Ahead:
    """Known values, then the expected ones with their limits; NaN is missing."""

    past: NDArray[np.datetime64]
    known: Floats
    stamps: NDArray[np.datetime64]
    mean: Floats
    lower: Floats
    upper: Floats


def compile_forecast(results: Results, options: Mapping[str, Any], facts: Facts) -> Drawing:
    name = outcome.variable(results)
    title = outcome.heading(results, facts, f"{name}, forecast")
    ahead = ahead_of(results)
    if not np.isfinite(ahead.mean).any():
        text = outcome.reason(results, "The analysis has no forecast.")
        heads = [*table(ahead, results)]
        return outcome.without(facts, kind="Forecast", title=title, text=text, columns=heads)
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(ahead, results, outcome.where(results, facts, title)),
        layer=layers(ahead, results),
    )
    return Drawing(spec, alt_text(ahead, results, title), table(ahead, results))


def ahead_of(results: Results) -> Ahead:
    history, found = results.get("history") or {}, results.get("forecast") or {}
    mean, lower, upper = (outcome.numbers(found.get(key)) for key in ("mean", "lower", "upper"))
    return Ahead(
        past=outcome.instants(history.get("timestamps")),
        known=outcome.numbers(history.get("values")),
        stamps=outcome.instants(found.get("timestamps")),
        mean=mean,
        lower=lower if lower.size == mean.size else np.full(mean.size, np.nan),
        upper=upper if upper.size == mean.size else np.full(mean.size, np.nan),
    )


def method_of(results: Results) -> str:
    given = str(results.get("method") or "")
    return METHODS.get(given) or words.plain(given.replace("_", " "), 40)


def subtitle(ahead: Ahead, results: Results, where: str) -> list[str]:
    step = words.plain(str(results.get("step") or "month"), 10)
    confidence = outcome.number(results.get("confidence"))
    band = ""
    if np.isfinite(ahead.lower).any() and np.isfinite(confidence):
        band = f" Band: {100 * confidence:g} % prediction interval."
    told = [
        f"{where}Means of each {step}: known up to {str(ahead.past[-1])[:10]}, then expected by "
        f"{method_of(results)} for {phrases.count(ahead.mean.size, step)} (dashed).{band}"
        if ahead.past.size
        else f"{where}Expected by {method_of(results)}.{band}"
    ]
    return [*told, tested(results)]


def tested(results: Results) -> str:
    """What the back-test says of the method that was taken."""
    backtest = results.get("backtest") or {}
    rows = [one for one in backtest.get("methods") or [] if one.get("method") == results["method"]]
    if not rows:
        return ""
    row = rows[0]
    told = []
    for key, name in (("mase", "MASE"), ("skill", "skill against the seasonal naive")):
        value = outcome.number(row.get(key))
        told += [f"{name} {words.number(value, 2)}"] if np.isfinite(value) else []
    coverage = outcome.number(row.get("coverage"))
    if np.isfinite(coverage):
        told.append(f"{words.number(100 * coverage, 0)} % of the values inside the intervals")
    origins = outcome.number(backtest.get("n_origins"))
    since = f" from {phrases.count(int(origins), 'moment')} of the past" if origins > 0 else ""
    return f"Back-test{since}: {', '.join(told)}." if told else ""


def layers(ahead: Ahead, results: Results) -> list[Spec]:
    stamps = np.concatenate([ahead.past, ahead.stamps])
    first, last = outcome.milliseconds(stamps[[0, -1]])
    x = look.time_axis(first, last if last > first else first + 86_400_000)
    domain = scales.span(ahead.known, ahead.mean, ahead.lower, ahead.upper)
    y = scales.axis(scales.named(outcome.variable(results), outcome.unit(results)), domain)
    drawn: list[Spec] = []
    there = np.isfinite(ahead.lower) & np.isfinite(ahead.upper)
    if there.any():
        rows = look.rows(
            t=outcome.milliseconds(ahead.stamps[there]),
            lo=ahead.lower[there].tolist(),
            hi=ahead.upper[there].tolist(),
        )
        drawn.append(
            {
                "data": {"values": rows},
                "mark": {"type": "area", "color": look.SERIES[1], "opacity": 0.22},
                "encoding": {"x": x, "y": {"field": "lo", **y}, "y2": {"field": "hi"}},
            }
        )
    if ahead.stamps.size:
        drawn.append(beginning(ahead, x))
    drawn.append(outcome.line(ahead.past, ahead.known, x, y, color=look.SERIES[0], strokeWidth=1.8))
    stroke = {"color": look.SERIES[1], "strokeWidth": 2.5, "strokeDash": look.DASHES[1]}
    # From the last known value on, so that the two lines are one.
    joined = ahead.past.size and np.isfinite(ahead.known[-1])
    stamps = np.append(ahead.past[-1:], ahead.stamps) if joined else ahead.stamps
    mean = np.append(ahead.known[-1:], ahead.mean) if joined else ahead.mean
    drawn.append(outcome.line(stamps, mean, x, y, **stroke))
    return drawn


def beginning(ahead: Ahead, x: Spec) -> Spec:
    """A line where what is known ends."""
    at = outcome.milliseconds((ahead.past if ahead.past.size else ahead.stamps[:1])[-1:])
    return {
        "data": {"values": [{"t": at[0]}]},
        "mark": {"type": "rule", "color": look.AXIS, "strokeDash": [2, 3]},
        "encoding": {"x": x},
    }


def table(ahead: Ahead, results: Results) -> dict[str, Column]:
    before, after = np.full(ahead.past.size, np.nan), np.full(ahead.stamps.size, np.nan)
    history, found = results.get("history") or {}, results.get("forecast") or {}
    stamps = [*(history.get("timestamps") or []), *(found.get("timestamps") or [])]
    columns = {"known": np.append(ahead.known, after)}
    for name in ("mean", "lower", "upper"):
        columns[f"forecast {name}"] = np.append(before, getattr(ahead, name))
    return {"timestamp": stamps} | {
        outcome.headed(name, results): column for name, column in columns.items()
    }


def alt_text(ahead: Ahead, results: Results, title: str) -> str:
    step = words.plain(str(results.get("step") or "month"), 10)
    there = np.flatnonzero(np.isfinite(ahead.mean))
    low, high = (int(there[f(ahead.mean[there])]) for f in (np.argmin, np.argmax))
    told = f"Forecast: {title}, by {method_of(results)}, {phrases.count(ahead.mean.size, step)}"
    if ahead.past.size:
        told += f" after {str(ahead.past[-1])[:10]}"
    ends = [
        f"{outcome.valued(float(ahead.mean[at]), results, float(ahead.mean[other]))} in the {step} "
        f"of {str(ahead.stamps[at])[:10]}"
        for at, other in ((low, high), (high, low))
    ]
    return f"{told}. Lowest expected: {ends[0]}; highest: {ends[1]}. {tested(results)}".strip()


kinds.add(
    Kind(
        name="forecast",
        title="Forecast",
        description="What came before and what is expected, with prediction intervals and what "
        "the back-test says of the method.",
        options={},
        required=(),
        version=1,
        compile=compile_forecast,
        draws="results",
        named_by=(),
        analyses=("forecast",),
    )
)
