"""Sentences on weather at its edges: `indices`, `drought`, `extremes`."""

from collections import Counter

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
    moment,
    number,
    of_amounts,
    probability,
    reference,
    span,
    subject,
    text_at,
    unit_of,
    used,
    valued,
    verb,
    warned,
)  # fmt: skip

# What a reader asks for first, in words.
SHOWN = {
    "SU": "summer days (above 25 degC)",
    "FD": "frost days",
    "TXx": "the hottest day of a year",
    "TNn": "the coldest night of a year",
    "PRCPTOT": "rain of wet days",
    "R20mm": "days with 20 mm or more",
}
MOST_SHOWN = 4
FITS = {
    "maximum_likelihood": "maximum likelihood",
    "l_moments": "L-moments",
    "block_maxima": "GEV",
    "peaks_over_threshold": "GPD",
}


def indices(results: Results) -> list[str]:
    annual = at(results, "annual") or {}
    computed = at(results, "units") or {}
    names = [name for name in computed if name != "missing_days"]
    where = text_at(results, "station")
    head = f"{count(len(names), 'index').replace('indexs', 'indices')} {verb(len(names))} computed"
    told = [one for name in SHOWN if name in names and (one := in_years(name, annual, results))]
    return [
        f"{head}{f' at {where}' if where else ''}, {span(results)}.",
        *([f"Mean of the years with enough days (and range): {'; '.join(told[:MOST_SHOWN])}."]
          if told else []),
        *not_computed(results),
        counted(results, used(results)),
    ]  # fmt: skip


def in_years(name: str, annual: Results, results: Results) -> str:
    """The mean and range of a yearly index over the years that have it."""
    known = [value for value in amounts(annual, name) if value is not None]
    if not known:
        return ""
    unit = at(at(results, "units"), name)
    mean = valued(sum(known) / len(known), unit if isinstance(unit, str) else "")
    ends = f"{number(min(known))} to {number(max(known))}"
    return f"{SHOWN[name]} {mean} ({ends}, {count(len(known), 'year')})"


def not_computed(results: Results) -> list[str]:
    """How many there are none of, and the reason of most of them."""
    refused = at(results, "not_computed")
    if not isinstance(refused, dict) or not refused:
        return []
    (why, _n), *others = Counter(map(str, refused.values())).most_common()
    rest = " Others have other reasons." if others else ""
    return [f"{len(refused)} {verb(len(refused))} not: {why}{rest}"]


def drought(results: Results) -> list[str]:
    name = text_at(results, "index").upper() or "The index"
    where = text_at(results, "station")
    scales = at(results, "values") or {}
    events = entries(results, "events")
    by_scale = Counter(number(amount(one, "scale"), digits=0) for one in events)
    counts = ", ".join(f"{by_scale[scale]} at {scale}" for scale in sorted(scales, key=by_number))
    return [
        (
            f"{name}{f' at {where}' if where else ''}, {span(results)}, fitted to "
            f"{reference(results)}: "
            f"droughts by scale in months: {counts or 'none'}."
        ),
        *longest(events),
        *lately(results, name),
        counted(results, used(results)),
    ]


def by_number(scale: str) -> tuple[int, str]:
    return len(scale), scale


def longest(events: object) -> list[str]:
    found = entries({"events": events}, "events")
    if not found:
        return []
    one = max(found, key=lambda event: amount(event, "magnitude") or 0)
    cut = ", and may have gone on" if at(one, "is_cut_off") is True else ""
    months, scale = amount(one, "months"), number(amount(one, "scale"), digits=0)
    return [
        (
            f"The heaviest, at {scale} {'month' if scale == '1' else 'months'}, lasted "
            f"{count(months, 'month')} from {moment(at(one, 'start'), 'month')}{cut}; its lowest "
            f"value is {number(amount(one, 'peak'), digits=2)} ({text_at(one, 'category')}, "
            f"{moment(at(one, 'peak_at'), 'month')})."
        )
    ]


def lately(results: Results, name: str) -> list[str]:
    stamps, scales = entries(results, "timestamps"), at(results, "values") or {}
    told = []
    for scale in sorted(scales, key=by_number):
        values = amounts(scales, scale)
        if values and values[-1] is not None:
            told.append(f"{name}-{scale} {number(values[-1], digits=2)}")
    when = moment(stamps[-1], "month") if stamps else ""
    return [f"In the last month, {when}: {', '.join(told)}."] if told and when else []


def extremes(results: Results) -> list[str]:
    chosen = level_of(results)
    if chosen is None:
        return [f"There is no return level of {subject(results)}."]
    side = "falls below" if at(results, "side") == "lowest" else "exceeds"
    told = between(
        amount(chosen, "level"), amount(chosen, "lower"), amount(chosen, "upper"),
        unit=unit_of(results), share=amount(results, "bootstrap.confidence"),
    )  # fmt: skip
    law = FITS.get(text_at(results, "approach"), "fit")
    by = FITS.get(text_at(results, "estimator"), "")
    period = number(amount(chosen, "period"))
    return [
        (
            f"{as_of(results)}nce in {period} years on average {subject(results)} {side} {told}: "
            f"{law} by {by} of "
            f"{sample(results)}, {span(results)}."
        ),
        *fit_of(results),
        counted(results, used(results, "n_values")),
        *warned(results),
    ]


def as_of(results: Results) -> str:
    """The time for which the levels hold, where they move."""
    when = at(results, "return_levels_at")
    return f"As of {moment(when)}, o" if when else "O"


def level_of(results: Results) -> Results | None:
    """The longest return period that the years of observation still say something of."""
    known: list[Results] = [
        one for one in entries(results, "return_levels") if amount(one, "level") is not None
    ]
    years = amount(results, "threshold.years") or amount(results, "n") or 0
    fit = [one for one in known if (amount(one, "period") or 0) <= 2 * years]
    return fit[-1] if fit else known[0] if known else None


def sample(results: Results) -> str:
    n = amount(results, "n")
    if at(results, "approach") != "peaks_over_threshold":
        return f"{count(n, 'extreme')}, one a {text_at(results, 'block') or 'block'}"
    limit = valued(amount(results, "threshold.value"), unit_of(results))
    return f"{count(n, 'peak')} beyond {limit}"


def fit_of(results: Results) -> list[str]:
    """Whether the law fits, and whether it moves in time."""
    told = []
    p = amount(results, "goodness_of_fit.anderson_darling_p")
    if p is not None:
        fits = "speaks against" if p < LEVEL else "does not speak against"
        told.append(f"The Anderson–Darling test {fits} the fit ({probability(p)}).")
    p, slope = amount(results, "trend_test.p"), amount(results, "parameters.slope_per_decade")
    if p is not None:
        unit = of_amounts(results, text_at(results, "units.slope_per_decade") or "per decade")
        apart = "" if p < LEVEL else ", which cannot be told apart from chance"
        told.append(
            f"The location moves by {joined(number(slope), unit)} ({probability(p)}{apart})."
        )
    return [" ".join(told)] if told else []
