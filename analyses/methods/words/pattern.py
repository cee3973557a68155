"""Sentences on the order of values in time: `decomposition`, `spectrum`, `forecast`."""

from collections.abc import Sequence
from typing import Any

from analyses.methods.words.phrases import (
    Results,
    amount,
    amounts,
    at,
    between,
    count,
    counted,
    entries,
    joined,
    moment,
    number,
    percent,
    signed,
    span,
    subject,
    text_at,
    unit_of,
    used,
    valued,
)  # fmt: skip

METHODS = {
    "seasonal_naive": "the values one season before",
    "ets": "exponential smoothing (ETS)",
    "theta": "Theta",
    "sarima": "SARIMA",
    "gradient_boosting": "gradient boosting",
}


def decomposition(results: Results) -> list[str]:
    step, unit = text_at(results, "step"), unit_of(results)
    stamps = entries(results, "timestamps")
    rest = known(stamps, amounts(results, "remainder"))
    course = known(stamps, amounts(results, "trend"))
    sentences = [f"{strengths(results)}, {span(results, step)}."]
    if course:
        (first, value), (last, other) = course[0], course[-1]
        sentences.append(
            f"Its trend is {valued(value, unit)} in {moment(first, step)} and "
            f"{valued(other, unit)} in {moment(last, step)}; that describes it and tests nothing."
        )
    if rest:
        when, value = max(rest, key=lambda pair: abs(pair[1]))
        sentences.append(
            f"The largest remainder is {joined(signed(value), unit)} ({moment(when, step)})."
        )
    missing = amount(results, "missing_periods")
    periods = count(amount(results, "n_periods"), step or "value")
    without = f" in {periods}, {number(missing, digits=0)} of them without a value"
    return [*sentences, counted(results, f"{used(results)}{without}")]


def known(stamps: Sequence[Any], values: Sequence[float | None]) -> list[tuple[Any, float]]:
    pairs = zip(stamps, values, strict=False)
    return [(when, value) for when, value in pairs if value is not None]


def strengths(results: Results) -> str:
    """From 0, nothing beside the remainder, to 1."""
    step = text_at(results, "step") or "value"
    trend = number(amount(results, "strength.trend"), digits=2)
    pairs = zip(entries(results, "periods"), amounts(results, "strength.seasons"), strict=False)
    told = [
        f"{number(strength, digits=2)} of the season of {count(amount({'n': n}, 'n'), step)}"
        for n, strength in pairs
    ]
    return " and ".join(
        [f"{subject(results)} has a strength (0 to 1) of {trend} of the trend", *told]
    )


def spectrum(results: Results) -> list[str]:
    told = bands(results) if at(results, "wavelet") else peaks(results)
    n = amount(results, "n_times")
    step = text_at(results, "step")
    times = f", as {count(n, step)}" if step in {"day", "month", "year"} else ""
    return [told, counted(results, f"{used(results)}{times}")]


def peaks(results: Results) -> str:
    """The strongest period that neither white nor red noise would give."""
    confidence = amount(results, "confidence") or 0.95
    found = [one for one in entries(results, "periodogram.peaks") if stands_out(one, confidence)]
    if not found:
        return (
            f"No period of {subject(results)} stands out of noise at {percent(confidence)}, "
            f"{span(results)}."
        )
    best = max(found, key=lambda one: amount(one, "power") or 0)
    p = amount(best, "false_alarm_probability")
    alarm = "not known" if p is None else "below 0.001" if p < 0.001 else number(p, digits=3)
    amplitude = valued(amount(best, "amplitude"), text_at(results, "unit"))
    others = len(found) - 1
    more = f" {count(others, 'other period')} {'does' if others == 1 else 'do'} so too."
    return (
        f"The strongest period of {subject(results)} is {length(best, results)}, {span(results)}: "
        f"amplitude {amplitude}, false-alarm probability {alarm}, above red noise at "
        f"{percent(confidence)}.{more if others else ''}"
    )


def length(peak: Results, results: Results) -> str:
    value = amount(peak, "period")
    unit = text_at(results, "time_unit") or "unit"
    return f"{number(value)} {unit}" if value == 1 else f"{number(value)} {unit}s"


def stands_out(peak: Results, confidence: float) -> bool:
    power, red = amount(peak, "power"), amount(peak, "red_noise_level")
    alarm = amount(peak, "false_alarm_probability")
    if power is None or (alarm is not None and alarm > 1 - confidence):
        return False
    return red is None or power > red


def bands(results: Results) -> str:
    """The period whose power, on average over time, is farthest above that of red noise."""
    names = ("periods", "average_power", "average_level")
    columns = [amounts(results, f"wavelet.{name}") for name in names]
    shares = [
        (power / level, period)
        for period, power, level in zip(*columns, strict=False)
        if period is not None and power is not None and level
    ]
    best = max(shares, default=(0.0, 0.0))
    confidence = percent(amount(results, "confidence"))
    if best[0] <= 1:
        return (
            f"No period of {subject(results)} stands out of red noise at {confidence} in its "
            f"wavelet power averaged over {span(results)}."
        )
    return (
        f"Averaged over {span(results)}, the wavelet power of {subject(results)} stands out of "
        f"red noise at {confidence} most at a period of {length({'period': best[1]}, results)}."
    )


def forecast(results: Results) -> list[str]:
    step, method = text_at(results, "step"), text_at(results, "method")
    stamps = entries(results, "forecast.timestamps")
    if not stamps:
        return [f"There is no forecast of {subject(results)}."]
    ends = [0] if len(stamps) == 1 else [0, len(stamps) - 1]
    told = [f"{moment(stamps[place], step)} {expected(results, place)}" for place in ends]
    n = count(amount(results, "n_periods"), step or "period")
    return [
        f"{subject(results)} by {METHODS.get(method, method)}: {', '.join(told)}.",
        *tested(results, method),
        counted(results, f"{used(results)} in {n}, {span(results)}"),
    ]


def expected(results: Results, place: int) -> str:
    values = [amounts(results, f"forecast.{name}") for name in ("mean", "lower", "upper")]
    mean, low, high = (column[place] if place < len(column) else None for column in values)
    share = amount(results, "confidence")
    return between(mean, low, high, unit=unit_of(results), share=share)


def tested(results: Results, method: str) -> list[str]:
    """How good it was where the truth is known, against the simplest forecast."""
    rows = entries(results, "backtest.methods")
    own: Any = next((one for one in rows if text_at(one, "method") == method), None)
    origins = count(amount(results, "backtest.n_origins"), "start")
    skill = amount(own, "skill")
    if own is None or skill is None:
        return ["How good it is could not be tested."]
    error = valued(amount(own, "mae"), unit_of(results))
    against = (
        "it is no better than the values one season before"
        if skill <= 0
        else f"its skill against the values one season before is {number(skill, digits=2)}"
    )
    held, asked = amount(results, "measured_coverage"), amount(results, "confidence")
    return [
        f"Forecast from {origins} in the past it was off by {error} on average, and {against}.",
        f"Its intervals held {percent(held)} of the values then, where {percent(asked)} should be.",
    ]
