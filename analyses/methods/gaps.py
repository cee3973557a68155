"""Gaps of a series: where they are, which months and years count, and values to fill them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analyses.methods.calendar import Interval, Moments, interval_of, period_means
from analyses.methods.gap_counts import (
    Gaps,
    count_monthly_values,
    count_months,
    find_gaps,
    instants,
    month_rows,
    year_rows,
)
from analyses.methods.gap_explanation import (
    Network,
    explain_value,
    without_neighbours,
)
from analyses.methods.gap_fills import (
    MIN_PAIRS,
    STEPS,
    Choice,
    Fill,
    by_neighbours,
    climatology,
    interpolation,
    nothing,
    skill_of,
)
from analyses.methods.neighbours import aligned
from analyses.methods.normals import MIN_YEARS, choose_reference, ordered_years, without_reference
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.schemas import MIN_COVERAGE, REFERENCE_YEARS, WINDOW_DAYS
from analyses.methods.slopes import Floats
from analyses.methods.words import quality
from analyses.registry import MAIN, Analysis, Explanation, Input, analyses
from datasets.series import Series

LISTED = 10_000
MOST_FILLED = 100_000
MOST_INTERPOLATED = 366
SHORT = 5
WAYS = ("none", "interpolation", "climatology", "neighbours")


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def gaps(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    neighbours: Sequence[Series] = (),
    fill: str = "none",
    max_gap: int | None = None,
    min_coverage: float = 0.8,
    reference_start: int | None = None,
    reference_end: int | None = None,
    window_days: int = 15,
    most_neighbours: int = 3,
    min_correlation: float = 0.7,
) -> dict[str, Any]:
    """List what is missing, judge months and years, and fill gaps where that is asked for.

    Parameters
    ----------
    series : in its unit
    neighbours : series of the same variable at other stations; only for "neighbours"
    fill : "none", "interpolation", "climatology" or "neighbours"
    max_gap : values
        A longer gap is not filled. None: 5 for interpolation, any for the other ways.
    min_coverage : 0 to 1
        A day with a smaller share of its expected values counts as missing.
    reference_start, reference_end, window_days : of the normals, as in `climatology`
    most_neighbours, min_correlation : which neighbours estimate

    Returns
    -------
    dict
        Gaps, longest first; months and years by the rule of the WMO; filled values, each with the
        root mean square of the errors on values that were hidden.

    References
    ----------
    WMO-No. 1203 (2017); Eischeid et al. 2000.
    """
    # Nothing but the parameters has a name yet.
    given = dict(locals())
    interval = interval_of(series)
    found = gaps_of(series, interval)
    n = series.values.size
    return plain(
        head(series)
        | {
            "units": units_of(series.unit),
            "interval": str(interval) if interval else None,
            "expected": n + found.total if interval else None,
            "missing": found.total if interval else None,
            "completeness": n / (n + found.total) if interval and n else None,
            "n_gaps": found.places.size if interval else None,
            "gaps": rows_of(series, interval, found),
        }
        | completeness(series, interval, min_coverage)
        | filled(series, interval, found, given)
        | {"reason": reason_against(series, interval)}
    )


def gaps_of(series: Series, interval: Interval | None) -> Gaps:
    return find_gaps(series, interval) if interval else Gaps(*[np.empty(0, np.int64)] * 2)


def reason_against(series: Series, interval: Interval | None) -> str | None:
    if not series.values.size:
        return "There are no values."
    if interval is None:
        return "There is one value and no declared interval, so nothing is known to be missing."
    return None


def rows_of(series: Series, interval: Interval | None, found: Gaps) -> list[dict[str, Any]]:
    """The longest gaps: from the first missing value until there is a value again."""
    if interval is None:
        return []
    order = np.argsort(-found.missing, kind="stable")[:LISTED]
    firsts = instants(series, interval, Gaps(found.places[order], np.ones(order.size, np.int64)))
    starts = timestamps_of(firsts)
    ends = timestamps_of(series.timestamps[found.places[order] + 1])
    rows = zip(starts, ends, found.missing[order].tolist(), strict=True)
    return [{"start": start, "end": end, "missing": missing} for start, end, missing in rows]


def completeness(
    series: Series, interval: Interval | None, min_coverage: float
) -> dict[str, list[Any] | str | None]:
    if interval is None or not series.values.size:
        return {"months": [], "years": [], "rule_reason": reason_against(series, interval)}
    if not interval.coarser_than("day"):
        months = count_months(series, min_coverage=min_coverage)
    elif interval.months == 1:
        months = count_monthly_values(series)
    else:
        reason = f"The values are {interval} apart, and the rule is one of days."
        return {"months": [], "years": [], "rule_reason": reason}
    return {
        "months": list(month_rows(months, series)),
        "years": list(year_rows(months)),
        "rule_reason": None,
    }


def filled(
    series: Series, interval: Interval | None, found: Gaps, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What was filled, in time, and how good it is."""
    empty: dict[str, Any] = {"timestamps": [], "values": [], "expected_errors": []}
    if given["fill"] == "none":
        return {"fill": None, "filled": empty}
    at, made = fill_chosen(series, interval, found, given)
    kept = np.isfinite(made.values)
    return {
        "fill": {
            "method": given["fill"],
            "max_gap": longest_of(given),
            "n_filled": int(kept.sum()),
            "n_left": found.total - int(kept.sum()),
            "neighbours": [other.station for other in given["neighbours"]]
            if given["fill"] == "neighbours"
            else [],
            "cross_validation": skill_of(made),
            "reason": made.reason,
        },
        "filled": {
            "timestamps": timestamps_of(at[kept]),
            "values": made.values[kept],
            "expected_errors": made.errors[kept],
        },
    }


def longest_of(given: Mapping[str, Any]) -> int | None:
    """The longest gap that is filled; None: any."""
    longest: int | None = given["max_gap"]
    return longest or (SHORT if given["fill"] == "interpolation" else None)


def fill_chosen(
    series: Series, interval: Interval | None, found: Gaps, given: Mapping[str, Any]
) -> tuple[Moments, Fill]:
    """The missing instants of the gaps that are to be filled, and what stands there."""
    most = longest_of(given)
    chosen = found.of(found.missing <= most) if most else found
    if interval is None or chosen.total == 0:
        return series.timestamps[:0], nothing(0, "No gap is to be filled.")
    if chosen.total > MOST_FILLED:
        reason = f"More than {MOST_FILLED:,} values are missing; choose a shorter period."
        return series.timestamps[:0], nothing(0, reason)
    at = instants(series, interval, chosen)
    made = fill_by(series, interval, (found, chosen), at, given)
    return at, replace(made, values=bounded(series, made.values))


def fill_by(
    series: Series,
    interval: Interval,
    gaps: tuple[Gaps, Gaps],
    at: Moments,
    given: Mapping[str, Any],
) -> Fill:
    """Values for the missing instants; of all gaps and of those chosen."""
    if given["fill"] == "interpolation":
        every, chosen = gaps
        return interpolation(series, chosen, at, every=every)
    if given["fill"] == "climatology":
        return from_climatology(series, interval, at, given)
    return from_neighbours(series, at, given)


def from_climatology(
    series: Series, interval: Interval, at: Moments, given: Mapping[str, Any]
) -> Fill:
    step = STEPS.get(str(interval))
    if step is None:
        reason = f"Normals are those of days or months, and the values are {interval} apart."
        return nothing(at.size, reason)
    limit = given["min_coverage"]
    start, end = given["reference_start"], given["reference_end"]
    reference = choose_reference(series, start=start, end=end, min_coverage=limit)
    if reference is None:
        return nothing(at.size, without_reference((start, end)))
    means = period_means(series, step)
    counted, days = means.complete(limit), given["window_days"]
    made = climatology(means, counted, at, reference=reference, window_days=days)
    reason = f"No time of the year has {MIN_YEARS} years with a value in the reference period."
    return made if np.isfinite(made.values).any() else replace(made, reason=reason)


def from_neighbours(series: Series, at: Moments, given: Mapping[str, Any]) -> Fill:
    others = given["neighbours"]
    if not others:
        return nothing(at.size, "There are no neighbouring stations with values.")
    table, there = aligned(series.timestamps, others), aligned(at, others)
    made = by_neighbours(series, table, at, there=there, choice=choice_of(given))
    reason = (
        f"No neighbour has {MIN_PAIRS} values in common that correlate well enough, and a value "
        "where one is missing."
    )
    return made if np.isfinite(made.values).any() else replace(made, reason=reason)


def choice_of(given: Mapping[str, Any]) -> Choice:
    return Choice(given["most_neighbours"], given["min_correlation"])


def bounded(series: Series, values: Floats) -> Floats:
    """Nothing below zero where the series has nothing below zero, such as precipitation."""
    if series.values.size and series.values.min() >= 0:
        return np.maximum(values, 0.0)
    return values


def units_of(unit: str) -> dict[str, str]:
    errors = ("values", "expected_errors", "rmse", "mae", "bias")
    numbers = ("expected", "missing", "completeness", "n_gaps", "days", "missing_days")
    return dict.fromkeys(errors, unit) | dict.fromkeys(
        (*numbers, "missing_months", "correlation", "skill"), "1"
    )


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def explain(series: Series, path: Sequence[Any], *, of: int = 0, **given: Any) -> Explanation:
    """Of a month or year the values in it; of what is filled those that made it; else all.

    Of a neighbour, from 1 on, those that are behind what is filled.
    """
    if path[0] in {"fill", "filled"} and given["fill"] == "neighbours":
        at = filled_times(series, given)
        return Network(series, given["neighbours"], at, choice_of(given)).explain(path, of)
    if of:
        return without_neighbours(given["neighbours"][of - 1])
    match list(path):
        case ["filled", "values", int(place)]:
            return explain_value(series, filled_times(series, given)[place : place + 1], given)
    codes = np.zeros(series.values.size, np.int64)
    if len(path) > 1 and path[0] in {"months", "years"}:
        interval = interval_of(series)
        rows = completeness(series, interval, given["min_coverage"])[path[0]]
        if isinstance(rows, list) and isinstance(path[1], int) and path[1] < len(rows):
            row = rows[path[1]]
            wanted = str(row.get("month") or row["year"]).zfill(4)
            names = np.datetime_as_string(series.timestamps, unit="M" if "month" in row else "Y")
            codes[names != wanted] = 1
    return Explanation(codes, ("", "In another month or year."))


def filled_times(series: Series, given: Mapping[str, Any]) -> Moments:
    """When values were filled."""
    interval = interval_of(series)
    at, made = fill_chosen(series, interval, gaps_of(series, interval), given)
    return at[np.isfinite(made.values)]


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check what no schema can say about the parameters."""
    wrong = ordered_years(parameters)
    longest = parameters.get("max_gap")
    if parameters.get("fill") == "interpolation" and longest and longest > MOST_INTERPOLATED:
        wrong["max_gap"] = [f"Must be at most {MOST_INTERPOLATED} for interpolation."]
    return wrong


analyses.add(
    Analysis(
        name="gaps",
        title="Gaps",
        description=(
            "Where values are missing, which months and years are complete by the rule of the WMO, "
            "and values to fill the gaps with. The result can be applied as a new dataset."
        ),
        inputs=(
            MAIN,
            Input(
                "neighbours",
                "Codes of the stations to fill from; the 5 nearest if left out.",
                form="stations",
                nearest=5,
            ),
        ),
        parameters={
            "fill": {
                "type": "string",
                "enum": list(WAYS),
                "default": "none",
                "description": "How gaps are filled.",
            },
            "max_gap": {
                "type": ["integer", "null"],
                "minimum": 1,
                "maximum": MOST_FILLED,
                "default": None,
                "description": "Longest gap that is filled, in values; if left out 5 for "
                "interpolation, any for the other ways.",
            },
            "min_coverage": {
                **MIN_COVERAGE,
                "description": "Smallest share of its expected values with which a day counts.",
            },
            **REFERENCE_YEARS,
            "window_days": WINDOW_DAYS,
            "most_neighbours": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20,
                "default": 3,
                "description": "How many of the best correlated neighbours estimate a value.",
            },
            "min_correlation": {
                "type": "number",
                "minimum": 0,
                "maximum": 0.99,
                "default": 0.7,
                "description": "Smallest correlation with which a neighbour estimates.",
            },
        },
        only_with={
            "max_gap": {"fill": ("interpolation", "climatology", "neighbours")},
            "reference_start": {"fill": ("climatology",)},
            "reference_end": {"fill": ("climatology",)},
            "window_days": {"fill": ("climatology",)},
            "most_neighbours": {"fill": ("neighbours",)},
            "min_correlation": {"fill": ("neighbours",)},
        },
        missing=(
            "Missing values are what is counted. Nothing is filled unless `fill` says how; it is "
            "listed apart with its expected error. What would come before the first value or after "
            "the last is not known to be missing."
        ),
        references=(
            "WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals",
            "Eischeid et al. 2000, doi:10.1175/1520-0450(2000)039<1580:CASCND>2.0.CO;2",
        ),
        version=1,
        rules=rules,
        compute=gaps,
        says=quality.gaps,
        explain=explain,
    )
)
