"""Sentences on change: `trend`, `changepoint`."""

from collections.abc import Sequence

from analyses.methods.words.phrases import (
    LEVEL,
    Results,
    amount,
    at,
    between,
    count,
    counted,
    decimals,
    entries,
    joined,
    listed,
    moment,
    number,
    probability,
    signed,
    span,
    spoken,
    subject,
    text_at,
    unit_of,
    used,
    valued,
    warned,
)  # fmt: skip

TINY = 1e-9  # of the largest rate
TESTS = {
    "pettitt": "Pettitt",
    "snht": "SNHT",
    "buishand_range": "Buishand range",
    "buishand_u": "Buishand U",
}


def trend(results: Results) -> list[str]:
    step = text_at(results, "step")
    return [
        slope(results, step),
        counted(results, f"{used(results, 'n_values')}{means(results, step)}"),
        *seasons(results),
        *warned(results),
    ]


def slope(results: Results, step: str) -> str:
    """The trend with its interval and test; where chance would do, that no trend is seen."""
    confidence = amount(results, "confidence")
    value = corrected_slope(results)
    numbers = ("corrected_per_decade_lower", "corrected_per_decade_upper")
    lower, upper = (amount(results, f"theil_sen.{name}") for name in numbers)
    p = amount(results, "mann_kendall.corrected_p")
    unit = f"{unit_of(results)} per decade".removeprefix("1 ").strip()
    test = f"Mann–Kendall {probability(p)} {correction(results)}"
    if value is None or p is None or p > 1 - (confidence or 0.95):
        told = between(value, lower, upper, unit=unit, share=confidence)
        return (
            f"No trend of {subject(results)} can be told apart from chance, "
            f"{span(results, step)}: {told}; {test}."
        )
    if value < 0 and lower is not None and upper is not None:
        value, lower, upper, does = -value, -upper, -lower, "falls by"
    else:
        does = "rises by" if value > 0 else "has a trend of"
    told = between(value, lower, upper, unit=unit, share=confidence)
    return f"{subject(results)} {does} {told}, {span(results, step)}; {test}."


def corrected_slope(results: Results) -> float | None:
    """The slope that the corrected interval is of: of whitened values, where they are tested."""
    found = amount(results, "theil_sen.corrected_per_decade")
    return amount(results, "theil_sen.per_decade") if found is None else found


def correction(results: Results) -> str:
    """What was done about values that depend on those before."""
    if at(results, "mann_kendall.autocorrelation") == "none":
        return "without a correction for autocorrelation"
    factor = amount(results, "mann_kendall.factor")
    removed = amount(results, "mann_kendall.removed_autocorrelation")
    if factor == 1 and not removed:
        return "(no autocorrelation to correct for)"
    return "after correction for autocorrelation"


def means(results: Results, step: str) -> str:
    n = amount(results, "n")
    return f", as means of {count(n, f'complete {step}')}" if step in {"year", "month"} else ""


def seasons(results: Results) -> list[str]:
    by = at(results, "seasonal.by")
    if not by:
        return []
    told = []
    all_seasons = entries(results, "seasonal.seasons")
    digits = digits_of([corrected_slope(one) for one in all_seasons])
    for one in all_seasons:
        p = amount(one, "mann_kendall.corrected_p")
        mark = "" if p is None else f" ({probability(p)})"
        rate = signed(corrected_slope(one), digits=digits)
        told.append(f"{text_at(one, 'season')} {rate}{mark}")
    p = amount(results, "seasonal.mann_kendall.corrected_p")
    if not told or p is None:
        return [text for text in [text_at(results, "seasonal.reason")] if text]
    unit = text_at(results, "units.per_decade") or "per decade"
    if interval := text_at(results, "seasonal.amount_interval"):
        unit = unit.replace(" per decade", f" {spoken(interval)} per decade")
    return [f"By {by}, in {unit}: {listed(told)}; seasonal Kendall test of all: {probability(p)}."]


def digits_of(rates: Sequence[float | None]) -> int:
    """As many as the smallest of several rates needs; what is only rounding needs none."""
    sizes = [abs(rate) for rate in rates if rate]
    return decimals(min((one for one in sizes if one > TINY * max(sizes)), default=0))


def changepoint(results: Results) -> list[str]:
    step = text_at(results, "step")
    n = amount(results, "n_values")
    n = amount(results, "n") if n is None else n
    return [
        tested(results, step),
        segments(results, step),
        counted(results, f"{used({'n': n})}{means(results, step)}"),
        *warned(results),
    ]


def tested(results: Results, step: str) -> str:
    """What the tests for one change say together; several at once find more by chance."""
    known = [(p, name) for name in TESTS if (p := amount(results, f"tests.{name}.p")) is not None]
    if not known:
        return f"No test for a change of {subject(results)} has an answer."
    clear = [(p, name) for p, name in known if p < LEVEL]
    if not clear:
        p, name = min(known)
        return (
            f"No change in the mean of {subject(results)} can be told apart from chance, "
            f"{span(results, step)}: the smallest of {count(len(known), 'test')} is "
            f"{probability(p)} ({TESTS[name]})."
        )
    told = [change(results, name, p, step) for p, name in clear]
    return (
        f"{len(clear)} of {count(len(known), 'test')} {'finds' if len(clear) == 1 else 'find'} a "
        f"change in the mean of {subject(results)}, {span(results, step)}: {'; '.join(told)}."
    )


def change(results: Results, name: str, p: float, step: str) -> str:
    one = at(results, f"tests.{name}")
    difference = joined(signed(amount(one, "difference")), unit_of(results))
    return f"{TESTS[name]} {where(one, step)} ({difference}, {probability(p)})"


def where(one: Results, step: str) -> str:
    first, second = (moment(at(one, name), step) for name in ("last_before", "first_after"))
    return f"between {first} and {second}"


def segments(results: Results, step: str) -> str:
    unit, name = unit_of(results), text_at(results, "method") or "PELT"
    method = name[:1].upper() + name[1:]
    found = entries(results, "changes")
    if not found:
        return f"{method}, which looks for several changes, finds none."
    largest = max(found, key=lambda one: abs(amount(one, "difference") or 0))
    before, after = (valued(amount(largest, f"mean_{name}"), unit) for name in ("before", "after"))
    return (
        f"{method}, which looks for several changes, finds {number(len(found), digits=0)}; the "
        f"largest is {where(largest, step)}, from {before} to {after}."
    )
