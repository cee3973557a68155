"""Sentences on what is missing or doubtful: `gaps`, `outliers`, `anomaly_detection`."""

from collections.abc import Sequence
from typing import Any

from analyses.methods.words.phrases import (
    Results,
    amount,
    at,
    count,
    counted,
    entries,
    listed,
    moment,
    number,
    percent,
    span,
    subject,
    text_at,
    unit_of,
    used,
    valued,
    verb,
    warned,
)  # fmt: skip

METHODS = {
    "robust_z": "robust z",
    "hampel": "Hampel",
    "seasonal_iqr": "seasonal IQR",
    "jumps": "jumps",
    "flat_lines": "flat lines",
    "spatial": "neighbours",
    "seasonal_esd": "seasonal-hybrid ESD",
    "isolation_forest": "isolation forest",
}


def gaps(results: Results) -> list[str]:
    expected, missing = amount(results, "expected"), amount(results, "missing")
    share = percent(amount(results, "completeness"))
    found = entries(results, "gaps")
    longest = max(found, key=lambda one: amount(one, "missing") or 0, default=None)
    more = ""
    if longest is not None:
        ends = [moment(at(longest, name)) for name in ("start", "end")]
        n = amount(longest, "missing")
        more = f", the longest from {ends[0]} to {ends[1]} ({count(n, 'value')})"
    return [
        (
            f"{share} of the {number(expected, digits=0)} expected values of {subject(results)} "
            f"are there, {span(results)}; {number(missing, digits=0)} {verb(missing)} missing in "
            f"{count(amount(results, 'n_gaps'), 'gap')}{more}."
        ),
        by_rule(results),
        counted(results, used(results)),
        *filled(results),
    ]


def by_rule(results: Results) -> str:
    told = text_at(results, "rule_reason")
    if told:
        return told
    parts = []
    for name in ("month", "year"):
        rows = entries(results, f"{name}s")
        lacking = sum(at(row, "is_missing") is True for row in rows)
        parts.append(f"{lacking} of {count(len(rows), name)}")
    return f"By the rule of the WMO, {' and '.join(parts)} lack too many days to count."


def filled(results: Results) -> list[str]:
    if at(results, "fill") is None:
        return []
    why = text_at(results, "fill.reason")
    if why:
        return [f"Nothing is filled: {why}"]
    n, left = amount(results, "fill.n_filled"), amount(results, "fill.n_left")
    rmse = amount(results, "fill.cross_validation.rmse")
    told = f"{text_at(results, 'fill.method').capitalize()} fills {count(n, 'value')} and leaves "
    told += number(left, digits=0)
    if rmse is None:
        return [f"{told}; how far off they are is not known."]
    tried = count(amount(results, "fill.cross_validation.n"), "trial")
    unit = text_at(results, "unit")
    return [
        f"{told}; in {tried} with known values hidden its error (RMSE) is {valued(rmse, unit)}."
    ]


def outliers(results: Results) -> list[str]:
    n, doubted = amount(results, "n"), amount(results, "n_doubted")
    told = (
        f"{number(doubted, digits=0)} of {count(n, 'value')} of {subject(results)} "
        f"{verb(doubted)} doubted, {span(results)}"
    )
    rows = entries(results, "doubted")
    return [
        f"{told}{farthest(rows, text_at(results, 'unit'))}.",
        *unable(results),
        counted(results, "Doubted values are not wrong until somebody has judged them"),
        *warned(results),
    ]


def farthest(rows: Sequence[Any], unit: str) -> str:
    if not rows:
        return ""
    worst = max(rows, key=lambda one: amount(one, "score") or 0)
    expected = amount(worst, "expected")
    instead = "" if expected is None else f" where {valued(expected, unit)} is expected"
    ways = [METHODS.get(str(one), str(one)) for one in entries(worst, "methods")]
    by = f" (by {listed(ways)})" if ways else ""
    value = valued(amount(worst, "value"), unit)
    return f"; the farthest off is {value} on {moment(at(worst, 'timestamp'))}{instead}{by}"


def unable(results: Results) -> list[str]:
    """Methods that had nothing to say, and why."""
    methods = at(results, "methods") or {}
    told = [
        f"{METHODS.get(name, name)}: {why}"
        for name in sorted(methods)
        if (why := text_at(methods[name], "reason"))
    ]
    return [f"Not every method could judge: {' '.join(told)}"] if told else []


def anomaly_detection(results: Results) -> list[str]:
    step = text_at(results, "step") or "period"
    n, found = amount(results, "n_periods"), amount(results, "n_anomalies")
    high, low = (number(amount(results, f"n_{name}"), digits=0) for name in ("high", "low"))
    way = METHODS.get(text_at(results, "method"), text_at(results, "method"))
    sides = f", {high} high and {low} low" if found else ""
    rows = entries(results, "anomalies")
    missing, most = amount(results, "missing_periods"), amount(results, "max_anomalies")
    bound = f" {number(most, digits=0)} is the most that was looked for; there may be more."
    return [
        (f"{number(found, digits=0)} of {count(n, step)} of {subject(results)} {verb(found)} "
        f"unlike its season by {way}, {span(results)}{sides}"
        f"{farthest(rows, unit_of(results))}.{bound if found and found == most else ''}"),
        counted(results, f"{used(results)}, {count(missing, step)} {verb(missing, 'has', 'have')} "
                f"too few"),
    ]  # fmt: skip
