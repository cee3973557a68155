"""Spectrum: power by period with the levels of noise, or power by period and time.

Of the results of `spectrum` it reads `periodogram` (`periods`, `power`, `red_noise_level`,
`false_alarm_level`, `peaks`: `period`, `power`, `false_alarm_probability`, `red_noise_level`) or
`wavelet` (`timestamps`, `periods`, `power`: a row a period, `level`, `cone`), `time_unit`,
`confidence`, `step`, `deseasonalise`, `detrend`, `n_times`, `start`, `end`, `reason`, `variable`,
`station` and `unit`. What is missing is null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.words import phrases
from visualizations.charts import look, outcome, scales, wavelet_power, words
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Floats, Results
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

MOST_POINTS = 15_000
MOST_OF_LEVEL = 1_000
# So many peaks have their period written beside them.
MOST_NAMED = 3
# Natural logarithm of the ratio of two periods that are told apart.
APART = 0.2
TICKS = [m * 10.0**p for p in range(-7, 8) for m in (1, 2, 5)]


@dataclass(frozen=True)
class Peak:
    period: float
    power: float
    chance: float
    is_above_red: bool


def compile_spectrum(results: Results, options: Mapping[str, Any], facts: Facts) -> Drawing:
    name = outcome.variable(results)
    is_wavelet = bool(results.get("wavelet"))
    title = outcome.heading(
        results, facts, f"{name}, {'power in time' if is_wavelet else 'spectrum'}"
    )
    where = outcome.where(results, facts, title)
    if is_wavelet:
        return of_wavelet(results, facts, title, where)
    table = results.get("periodogram") or {}
    periods, power = outcome.numbers(table.get("periods")), outcome.numbers(table.get("power"))
    if not np.isfinite(power).any():
        text = outcome.reason(results, "The analysis has no spectrum.")
        heads = [*columns(periods, power, power, unit_of(results))]
        return outcome.without(facts, kind="Spectrum", title=title, text=text, columns=heads)
    red = outcome.numbers(table.get("red_noise_level"))
    red = red if red.size == power.size else np.full(power.size, np.nan)
    peaks = peaks_of(table)
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(results, table, peaks, where),
        layer=layers(results, table, peaks, (periods, power, red)),
        below_px=58,
    )
    told = alt_text(results, title, peaks, periods)
    return Drawing(spec, told, columns(periods, power, red, unit_of(results)))


def of_wavelet(results: Results, facts: Facts, title: str, where: str) -> Drawing:
    found = wavelet_power.waves_of(results["wavelet"])
    span = periods_of(found.periods, unit_of(results))
    if found.power.size == 0 or not np.isfinite(found.power).any():
        text = outcome.reason(results, "The analysis has no wavelet power.")
        return outcome.without(
            facts, kind="Wavelet power", title=title, text=text, columns=["timestamp"]
        )
    confidence = f"{100 * outcome.number(results.get('confidence')):g} %"
    what = "Morlet wavelets: power of each period at each time, as a multiple of the variance"
    veiled = "Veiled: weakened by the ends of the series."
    spec = look.picture(
        facts,
        title=title,
        subtitle=[
            f"{where}{what}{before(results)}.",
            f"Outlined: above red noise, {confidence}. {veiled}",
        ],
        layer=wavelet_power.layers(found, f"period, {unit_of(results)}s"),
    )
    return Drawing(
        spec,
        f"Wavelet power: {title}, {outcome.period(results)}, periods of {span}. "
        f"{wavelet_power.strongest(found, unit_of(results))}",
        wavelet_power.table(found, unit_of(results)),
    )


def unit_of(results: Results) -> str:
    return words.plain(str(results.get("time_unit") or "year"), 10)


def before(results: Results) -> str:
    """What was taken away before."""
    words_of = {"deseasonalise": "seasons", "detrend": "trend"}
    taken = [word for name, word in words_of.items() if results.get(name)]
    return f"; taken away before: {' and '.join(taken)}" if taken else ""


def peaks_of(table: Results) -> list[Peak]:
    found = []
    for row in table.get("peaks") or []:
        period, power, chance, red = (
            outcome.number(row.get(name))
            for name in ("period", "power", "false_alarm_probability", "red_noise_level")
        )
        if np.isfinite([period, power]).all():
            found.append(Peak(period, power, chance, is_above_red=not power <= red))
    return found


def subtitle(results: Results, table: Results, peaks: Sequence[Peak], where: str) -> list[str]:
    n = int(outcome.number(results.get("n_times")))
    step = words.plain(str(results.get("step") or ""), 10)
    what = phrases.count(n, "value") if step == "raw" else phrases.count(n, step) + " with a mean"
    period = outcome.period(results)
    of = f"{what}{', ' if period else ''}{period}{before(results)}"
    told = [f"{where}Lomb–Scargle periodogram of {of}. Power: share of the variance."]
    confidence = 100 * outcome.number(results.get("confidence"))
    levels = []
    if outcome.numbers(table.get("red_noise_level")).size:
        levels.append(f"Dashed: red noise stays below it at one period, {confidence:g} %")
    if np.isfinite(outcome.number(table.get("false_alarm_level"))):
        levels.append(f"Dotted: the highest peak of white noise does, {confidence:g} %")
    told += [f"{'. '.join(levels)}."] if levels else []
    return [*told, named(peaks, unit_of(results))]


def chosen(peaks: Sequence[Peak]) -> list[Peak]:
    """The highest peaks above red noise that do not lie on the flanks of a higher one."""
    found: list[Peak] = []
    for one in peaks:
        is_apart = all(abs(np.log(one.period / other.period)) > APART for other in found)
        if one.is_above_red and is_apart:
            found.append(one)
    return found[:MOST_NAMED]


def named(peaks: Sequence[Peak], unit: str) -> str:
    """The highest peaks, and whether they stand above red noise."""
    if not peaks:
        return "There is no peak."
    told = [f"{length(one.period, unit)} ({words.number(one.power, 2)})" for one in chosen(peaks)]
    if told:
        return f"Highest peaks above red noise (power): {', '.join(told)}."
    one = peaks[0]
    shown = f"{length(one.period, unit)} ({words.number(one.power, 2)})"
    return f"No peak stands above red noise; the highest is at {shown}."


def length(period: float, unit: str) -> str:
    shown = f"{period:,.0f}" if period >= 1000 else f"{period:.3g}"
    return f"{shown} {unit}" if shown == "1" else f"{shown} {unit}s"


def periods_of(periods: Floats, unit: str) -> str:
    if not periods.size:
        return "no length"
    return f"{length(float(periods.min()), unit)} to {length(float(periods.max()), unit)}"


def layers(
    results: Results, table: Results, peaks: Sequence[Peak], columns: tuple[Floats, Floats, Floats]
) -> list[Spec]:
    periods, power, red = columns
    alarm = outcome.number(table.get("false_alarm_level"))
    x = period_axis(periods, f"period, {unit_of(results)}s")
    highest = np.nanmax(np.append(power, [alarm, 1e-6]))
    y = scales.axis("power, share of the variance", (0.0, look.nice(0, 1.08 * highest)[1]))
    place = {"x": {"field": "t", **x}, "y": {"field": "v", **y}}

    def line(ts: Floats, vs: Floats, **mark: Any) -> Spec:
        there = np.isfinite(vs)
        rows = look.rows(t=ts[there].tolist(), v=vs[there].tolist())
        return {"data": {"values": rows}, "mark": {"type": "line", **mark}, "encoding": place}

    kept = outcome.thinned(power, MOST_POINTS)
    drawn = [line(periods[kept], power[kept], color=look.SERIES[0], strokeWidth=1.6)]
    some = slice(None, None, outcome.every(red.size, MOST_OF_LEVEL))
    if np.isfinite(red).any():
        drawn.append(
            line(periods[some], red[some], color=look.SERIES[1], strokeDash=[8, 3], strokeWidth=2)
        )
    if np.isfinite(alarm):
        edge = np.array([periods.min(), periods.max()])
        drawn.append(line(edge, np.full(2, alarm), color=look.MUTED, strokeDash=[2, 2]))
    told = [
        {"t": one.period, "v": one.power, "k": length(one.period, unit_of(results))}
        for one in chosen(peaks)
    ]
    return [*drawn, outcome.text_at(told, x, y, dy=-9, fontSize=13, color=look.TEXT)]


def period_axis(periods: Floats, title: str) -> Spec:
    first, last = float(periods.min()), float(periods.max())
    if first == last:
        first, last = first / 2, last * 2
    return {
        "type": "quantitative",
        "scale": {"type": "log", "domain": [first, last], "nice": False, "clamp": True},
        "axis": {
            "title": title,
            "values": [tick for tick in TICKS if first <= tick <= last] or [first, last],
            "format": ",.6~g" if last >= 1000 else ".3~g",
            "labelOverlap": True,
            "labelSeparation": 6,
        },
    }


def columns(periods: Floats, power: Floats, red: Floats, unit: str) -> dict[str, Column]:
    return {f"period ({unit}s)": periods, "power": power, "red noise level": red}


def alt_text(results: Results, title: str, peaks: Sequence[Peak], periods: Floats) -> str:
    unit = unit_of(results)
    return (
        f"Spectrum: {title}, power of periods of {periods_of(periods, unit)} as a share of the "
        f"variance, on a logarithmic axis. {named(peaks, unit)}"
    )


kinds.add(
    Kind(
        name="spectrum",
        title="Spectrum",
        description="Power by period, with the levels of red and white noise; or, of wavelets, by "
        "period and time.",
        options={},
        required=(),
        version=1,
        compile=compile_spectrum,
        draws="results",
        named_by=(),
        analyses=("spectrum",),
    )
)
