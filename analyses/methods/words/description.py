"""Sentences on what a series is like: `summary`, `climatology`, `anomaly`."""

from collections.abc import Sequence
from typing import Any

from analyses.methods.calendar import MONTHS
from analyses.methods.words.phrases import (
    UNKNOWN,
    Results,
    amount,
    amounts,
    at,
    count,
    counted,
    entries,
    joined,
    moment,
    number,
    percent,
    reference,
    signed,
    span,
    subject,
    text_at,
    unit_of,
    used,
    valued,
    verb,
)  # fmt: skip


def summary(results: Results) -> list[str]:
    unit = text_at(results, "unit")
    mean, spread = (valued(amount(results, name), unit) for name in ("mean", "std"))
    return [
        (
            f"{subject(results)} is {mean} on average, with a standard deviation of {spread}, "
            f"{span(results)}."
        ),
        f"Its highest value is {record(results, 'max')}, its lowest {record(results, 'min')}.",
        counted(results, used(results)),
        presence(results),
    ]


def record(results: Results, name: str) -> str:
    value = valued(amount(results, f"{name}.value"), text_at(results, "unit"))
    return f"{value} ({moment(at(results, f'{name}.timestamp'))})"


def presence(results: Results) -> str:
    expected, share = amount(results, "expected"), amount(results, "completeness")
    if expected is None:
        return "How many values there should be is not known."
    missing = amount(results, "longest_gap.missing")
    lacks = f"the longest gap lacks {count(missing, 'value')}"
    gap = "there is no gap" if missing is None else lacks
    return f"{percent(share)} of the {number(expected, digits=0)} expected values are there; {gap}."


def climatology(results: Results) -> list[str]:
    unit, normals = unit_of(results), entries(results, "normals")
    known = [(mean, one) for one in normals if (mean := amount(one, "mean")) is not None]
    by = text_at(results, "by") or "period"
    what = "day" if by == "day_of_year" else by
    if not known:
        return [f"No {what} of the year has a normal of {subject(results)}."]
    (low, lowest), (high, highest) = (pick(known, key=lambda pair: pair[0]) for pick in (min, max))
    lacking = len(normals) - len(known)
    none = f"; {count(lacking, what)} of the year {verb(lacking, 'has', 'have')} none"
    return [
        (
            f"Normals of {subject(results)}, {reference(results)}: highest in {called(highest)} "
            f"({valued(high, unit)}), lowest in {called(lowest)} ({valued(low, unit)})."
        ),
        f"Each normal is made of {years_of([one for _, one in known])}{none if lacking else ''}.",
        counted(results, used(results)),
    ]


def years_of(normals: Sequence[Any]) -> str:
    """From how many years to how many the normals are made of."""
    years = [n for one in normals if (n := amount(one, "years"))]
    if not years:
        return f"years whose number is {UNKNOWN}"
    most = count(max(years), "year")
    return most if min(years) == max(years) else f"{number(min(years), digits=0)} to {most}"


def called(normal: Results) -> str:
    """A month by its name, a day of the year as 07-31."""
    period = text_at(normal, "period")
    is_month = len(period) == 2 and period.isascii() and period.isdecimal()
    return MONTHS[int(period) - 1] if is_month and 1 <= int(period) <= 12 else period or UNKNOWN


def anomaly(results: Results) -> list[str]:
    step = text_at(results, "step")
    is_ratio = at(results, "kind") == "ratio"
    unit = "" if is_ratio else unit_of(results)
    stamps = entries(results, "timestamps")
    known = [
        (value, moment(when, step))
        for value, when in zip(amounts(results, "values"), stamps, strict=False)
        if value is not None
    ]
    if not known:
        return [f"No {step or 'period'} of {subject(results)} has an anomaly."]
    write = number if is_ratio else signed
    told = [
        f"{joined(write(value), unit)} ({when})"
        for value, when in (max(known), min(known, key=lambda pair: pair[0]), known[-1])
    ]
    how = "as ratios to" if is_ratio else "as differences from"
    return [
        (
            f"{step.capitalize() or 'Period'}s of {subject(results)} {how} the normal of "
            f"{reference(results)}: highest {told[0]}, lowest {told[1]}, last {told[2]}."
        ),
        presence_of(results, len(known), step),
        counted(results, used(results)),
    ]


def presence_of(results: Results, n: int, step: str) -> str:
    missing = amount(results, "missing_periods")
    if not missing:
        return f"All {count(n, step or 'period')}, {span(results, step)}, have an anomaly."
    without = f"{number(missing, digits=0)} {verb(missing)} without enough values or a normal"
    return f"{count(n, step or 'period')} {verb(n, 'has', 'have')} an anomaly; {without}."
