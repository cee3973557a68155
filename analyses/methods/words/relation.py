"""Sentences on series side by side: `correlation`, `comparison`, `regression`."""

from typing import Any

from analyses.methods.words.phrases import (
    LEVEL,
    Results,
    amount,
    amounts,
    at,
    between,
    count,
    counted,
    entries,
    joined,
    listed,
    number,
    of_amounts,
    percent,
    probability,
    signed,
    span,
    subject,
    text_at,
    unit_of,
    valued,
)  # fmt: skip


def correlation(results: Results) -> list[str]:
    pairs = pairs_of(results)
    if not pairs:
        return [f"No two of these series, {subject(results)} among them, could be correlated."]
    r, row, column = max(pairs, key=lambda pair: abs(pair[0]))
    names = [subject(one) for one in entries(results, "series")]
    p, n, n_eff, lower, upper = (
        cell_of(results, name, row, column) for name in ("p", "n", "n_eff", "lower", "upper")
    )
    told = between(r, lower, upper, unit="", share=None)
    way = text_at(results, "method").capitalize()
    apart = "" if p is not None and p < LEVEL else ", which cannot be told apart from chance"
    strongest = "" if len(pairs) == 1 else f"The strongest of {count(len(pairs), 'correlation')}: "
    sentences = [
        (
            f"{strongest}{names[row]} and {names[column]} have {way}"
            f" r = {told}, {probability(p)}{apart}, {span(results)}."
        ),
        (
            f"{count(n, 'shared value')} count like {number(n_eff, digits=0)} that do "
            f"not depend on each other."
        ),
    ]
    if len(pairs) > 1:
        by_chance = number(LEVEL * len(pairs), digits=1)
        clear = sum((p or 0) < LEVEL for p in p_values(results, pairs) if p is not None)
        sentences.append(
            f"{clear} of {count(len(pairs), 'correlation')} {'has' if clear == 1 else 'have'} "
            f"p < {LEVEL}; about {by_chance} would by chance alone."
        )
    return sentences + lagged(results, names)


def pairs_of(results: Results) -> list[tuple[float, int, int]]:
    table = entries(results, "matrices.r")
    size = min(len(table), len(entries(results, "series")))
    found = [(cell_of(results, "r", i, j), i, j) for i in range(size) for j in range(i + 1, size)]
    return [(r, i, j) for r, i, j in found if r is not None]


def p_values(results: Results, pairs: list[tuple[float, int, int]]) -> list[float | None]:
    return [cell_of(results, "p", row, column) for _r, row, column in pairs]


def cell_of(results: Results, name: str, row: int, column: int) -> float | None:
    table = entries(results, f"matrices.{name}")
    line = amounts({"line": table[row]}, "line") if row < len(table) else []
    return line[column] if column < len(line) else None


def lagged(results: Results, names: list[str]) -> list[str]:
    """The lag of the strongest likeness, where lags were asked for; chosen of many, so no test."""
    told = []
    for one in entries(results, "lags"):
        lag, r = amount(one, "strongest.lag"), amount(one, "strongest.r")
        place = amount(one, "series")
        if lag is not None and place is not None and int(place) < len(names):
            told.append(f"{names[int(place)]} at lag {signed(lag)} (r = {number(r, digits=2)})")
    unit = text_at(results, "units.lag")
    return [f"Strongest of all lags, in steps of {unit}: {listed(told)}."] if told else []


def comparison(results: Results) -> list[str]:
    unit = unit_of(results)
    series = entries(results, "series")
    other = subject(series[1]) if len(series) > 1 else "the reference"
    one = at(results, "scores")
    bias, rmse = (amount(one, name) for name in ("bias", "rmse"))
    shared = count(amount(one, "n"), "shared value")
    alone = [
        f"{number(amount(each, 'not_shared'), digits=0)} of {subject(each)}" for each in series
    ]
    left = f"; without a partner are {listed(alone)}" if alone else ""
    return [
        (
            f"{subject(results)} against {other}, {span(results)}: bias "
            f"{joined(signed(bias), unit)}, RMSE {valued(rmse, unit)}, "
            f"r = {number(amount(one, 'r'), digits=2)} ({probability(amount(one, 'r_p'))})."
        ),
        counted(results, f"{shared} are used{left}"),
        *mapped(results, unit),
    ]


def mapped(results: Results, unit: str) -> list[str]:
    path = "mapping.validation"
    before, after = (amount(results, f"{path}.{name}.rmse") for name in ("before", "after"))
    if before is None or after is None:
        return []
    does = "lowers" if after < before else "does not lower"
    folds = number(amount(results, f"{path}.folds"), digits=0)
    return [
        (
            f"Quantile mapping {does} the RMSE: {valued(before, unit)} before and "
            f"{valued(after, unit)} after, on stretches it was not fitted to ({folds} folds)."
        )
    ]


def regression(results: Results) -> list[str]:
    share, n = amount(results, "fit.r_squared"), amount(results, "fit.n")
    step = text_at(results, "step")
    noun = step if step in {"day", "month", "year"} else "value"
    terms = [one for one in entries(results, "terms") if at(one, "kind") != "intercept"]
    told = [term(one, results) for one in terms]
    p = amount(results, "fit.f_p")
    apart = "" if p is not None and p < LEVEL else " That cannot be told apart from chance."
    return [
        (
            f"The terms explain {percent(share)} of the variance of {subject(results)}, "
            f"{span(results)} ({count(n, noun)}, {probability(p)}).{apart}"
        ),
        *([f"Per unit of each: {'; '.join(told[:3])}{more(told)}."] if told else []),
        *residuals(results),
        counted(results, f"{count(n, noun)} with a value of every series are used"),
    ]


def more(told: list[str]) -> str:
    return f"; {len(told) - 3} more are in the results" if len(told) > 3 else ""


def term(one: Any, results: Results) -> str:
    """A coefficient with the interval that allows for autocorrelation."""
    low, high = (amount(one, f"hac_{name}") for name in ("lower", "upper"))
    share = amount(results, "confidence")
    unit = unit_of_term(one, results)
    text = between(amount(one, "coefficient"), low, high, unit=unit, share=share)
    return f"{text_at(one, 'name')} {text}, {probability(amount(one, 'hac_p'))}"


def unit_of_term(one: Any, results: Results) -> str:
    """Of the series by that of the predictor, each of them maybe a mean of amounts."""
    unit = of_amounts(results, text_at(one, "unit"))
    place, series = amount(one, "series"), entries(results, "series")
    if place is None or int(place) >= len(series):
        return unit
    other = series[int(place)]
    by = f" per {text_at(other, 'unit')}"
    return f"{unit.removesuffix(by)} per {unit_of(other)}" if unit.endswith(by) else unit


def residuals(results: Results) -> list[str]:
    lag_1 = amount(results, "diagnostics.lag_1_autocorrelation")
    if lag_1 is None or abs(lag_1) < 0.2:
        return []
    return [
        (
            f"What is left depends on what was left before (lag-1 autocorrelation "
            f"{number(lag_1, digits=2)}); "
            "the intervals and p of terms allow for that, that of the whole does not."
        )
    ]
