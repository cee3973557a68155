"""Values of a series that one check or another doubts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analyses.methods.outlier_checks import (
    Check,
    flat_lines,
    hampel,
    jumps,
    robust_z,
    seasonal_iqr,
)
from analyses.methods.outlier_explanation import looked_at
from analyses.methods.progress import progress
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.schemas import WINDOW_DAYS
from analyses.methods.slopes import Floats, Ints
from analyses.methods.spatial_check import spatial
from analyses.methods.spatial_explanation import Doubt, explain_partner, pairs_behind
from analyses.methods.words import quality
from analyses.registry import MAIN, Analysis, Explanation, Input, analyses
from datasets.series import Series

METHODS = ("robust_z", "hampel", "seasonal_iqr", "jumps", "flat_lines", "spatial")
# What estimates best comes first; a flat line expects nothing.
BY_TRUST = ("spatial", "hampel", "jumps", "seasonal_iqr", "robust_z", "flat_lines")
OF_SPATIAL = ("spatial_threshold", "spatial_limit", "min_correlation", "min_neighbours")
LISTED = 20_000
# Of values from a sound station a check like these doubts a few in a thousand at most.
MANY = 0.02
NOT_LOOKED_AT = "What doubts this value does not look at it."
OF_THE_SERIES = "What doubts a value here does not look at neighbours."
NOT_JUDGED = (
    "This check could not judge the value: too few values to compare it with, or equal ones."
)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def outliers(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    neighbours: Sequence[Series] = (),
    methods: Sequence[str] = METHODS,
    z_threshold: float = 3.5,
    hampel_window: int = 31,
    hampel_threshold: float = 5.0,
    season: str = "day_of_year",
    window_days: int = 15,
    iqr_factor: float = 3.0,
    jump_threshold: float = 8.0,
    flat_values: int = 20,
    spatial_threshold: float = 4.0,
    spatial_limit: float = 0.0,
    min_correlation: float = 0.8,
    min_neighbours: int = 3,
) -> dict[str, Any]:
    """Find values that stand out from all others, from those around them or from neighbours.

    Parameters
    ----------
    series : in its unit
    neighbours : series of the same variable at other stations; only for "spatial"
    methods : which checks look at the values
    z_threshold, hampel_threshold, jump_threshold : spreads
        Median absolute deviations, scaled to the standard deviation of normal values.
    hampel_window : values, odd, the one that is judged in the middle
    season, window_days : "month", or "day_of_year" with so many days (odd) taken together
    iqr_factor : ranges between the quartiles, beyond them
    flat_values : equal values, one after the other, from which on all of them are doubted
    spatial_threshold : standard deviations of the differences from the neighbours' estimate
    spatial_limit : in the unit of the series; a smaller difference is no doubt
    min_correlation, min_neighbours : which neighbours count, and how many are needed

    Returns
    -------
    dict
        `doubted` lists the doubted values in time, at most 20,000 of them, those with the largest
        scores. A check that judges nothing says why.

    References
    ----------
    Iglewicz and Hoaglin 1993; Pearson 2002; Tukey 1977; Durre et al. 2010.
    """
    # Nothing but the parameters has a name yet.
    given = dict(locals())
    found = run(series, methods, given)
    return plain(
        head(series)
        | {"units": units_of(series.unit)}
        | told(series, found)
        | {
            "neighbours": [other.station for other in neighbours] if "spatial" in found else [],
            "methods": {name: counts_of(one) for name, one in found.items()},
            "warning": warning_about(series, found),
            "reason": None if series.values.size else "There are no values.",
        }
    )


def run(series: Series, methods: Sequence[str], given: Mapping[str, Any]) -> dict[str, Check]:
    """What each of the checks says, in their order; nothing where there are no values."""
    chosen = [name for name in METHODS if name in methods and series.values.size]
    found: dict[str, Check] = {}
    for name in chosen:
        found[name] = check(name, series, given)
        progress(len(found) / len(chosen))
    return found


def check(name: str, series: Series, given: Mapping[str, Any]) -> Check:
    """One check, with the parameters of the analysis that are its own."""
    if name == "robust_z":
        return robust_z(series, given["z_threshold"])
    if name == "hampel":
        window, threshold = given["hampel_window"], given["hampel_threshold"]
        return hampel(series, window=window, threshold=threshold)
    if name == "seasonal_iqr":
        season, days = given["season"], given["window_days"]
        return seasonal_iqr(series, season=season, window_days=days, factor=given["iqr_factor"])
    if name == "jumps":
        return jumps(series, given["jump_threshold"])
    if name == "flat_lines":
        return flat_lines(series, given["flat_values"])
    return spatial(
        series,
        given["neighbours"],
        threshold=given["spatial_threshold"],
        limit=given["spatial_limit"],
        min_correlation=given["min_correlation"],
        min_neighbours=given["min_neighbours"],
    )


def warning_about(series: Series, found: Mapping[str, Check]) -> str | None:
    doubted = [one.doubted for one in found.values()]
    if not doubted or np.any(doubted, axis=0).sum() <= MANY * series.values.size:
        return None
    return (
        "More than 2 % of the values are doubted: the thresholds are small, or the values are not "
        "ones around a middle, as amounts of precipitation are not."
    )


def counts_of(found: Check) -> dict[str, Any]:
    return {
        "threshold": found.threshold,
        "judged": int(found.judged.sum()),
        "not_judged": int((~found.judged).sum()),
        "doubted": int(found.doubted.sum()),
        "reason": found.reason,
    }


def told(series: Series, found: Mapping[str, Check]) -> dict[str, Any]:
    """How many values are doubted, and a row for each of them."""
    if not found:
        return {"n_doubted": 0, "n_listed": 0, "doubted": []}
    score = shares_of(found).max(axis=0)
    places, listed = doubted_places(score)
    rows = [
        {"timestamp": stamp, "value": series.values[place], "score": score[place]}
        | row_of(found, int(place))
        for stamp, place in zip(timestamps_of(series.timestamps[listed]), listed, strict=True)
    ]
    return {"n_doubted": places.size, "n_listed": listed.size, "doubted": rows}


def shares_of(found: Mapping[str, Check]) -> Floats:
    """Of each check how far a doubted value is beyond its threshold: shape (checks, values)."""
    return np.stack([np.where(c.doubted, c.scores / c.threshold, 0.0) for c in found.values()])


def doubted_places(score: Floats) -> tuple[Ints, Ints]:
    """Places of all values that are doubted, and of those that are listed."""
    places = np.flatnonzero(score > 0)
    return places, np.sort(places[np.argsort(-score[places], kind="stable")[:LISTED]])


def row_of(found: Mapping[str, Check], place: int) -> dict[str, Any]:
    """Which checks doubt a value, their scores, and what the best of them expected."""
    names = [name for name in found if found[name].doubted[place]]
    best = next(name for name in BY_TRUST if name in names)
    return {
        "methods": names,
        "scores": {name: found[name].scores[place] for name in names},
        "expected": found[best].expected[place],
    }


def units_of(unit: str) -> dict[str, str]:
    return {
        "value": unit,
        "expected": unit,
        "score": "1",
        "scores": "1",
        "threshold": "1",
    }


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def explain(series: Series, path: Sequence[Any], *, of: int = 0, **given: Any) -> Explanation:
    """Of one check the values it could judge; of a doubt those it rests on; of all else, all.

    Of a neighbour, from 1 on, those that the check against neighbours compared with.
    """
    if of:
        return explain_neighbour(series, path, of, given)
    doubt = doubt_at(series, path, given)
    if doubt is not None:
        return explain_doubt(series, doubt, given)
    codes = np.zeros(series.values.size, np.int64)
    if len(path) > 1 and path[0] == "methods" and path[1] in METHODS and codes.size:
        codes[~check(str(path[1]), series, given).judged] = 1
    return Explanation(codes, ("", NOT_JUDGED))


def doubt_at(series: Series, path: Sequence[Any], given: Mapping[str, Any]) -> Doubt | None:
    """What a row of `doubted` rests on: for one number the check that gave it, else all of them."""
    if len(path) < 2 or path[0] != "doubted" or not series.values.size:
        return None
    found = run(series, given["methods"], given)
    shares = shares_of(found)
    _, listed = doubted_places(shares.max(axis=0))
    if path[1] >= listed.size:
        return None
    place = int(listed[path[1]])
    names = [name for name in found if found[name].doubted[place]]
    match list(path[2:]):
        case ["scores", str(name)]:
            names = [name]
        case ["score"]:
            names = [list(found)[int(shares[:, place].argmax())]]
        case ["expected"]:
            names = [next(name for name in BY_TRUST if name in names)]
            return Doubt(place, names, is_estimate=True)
        case ["value"]:
            names = []
    return Doubt(place, names)


def explain_doubt(series: Series, doubt: Doubt, given: Mapping[str, Any]) -> Explanation:
    codes = np.ones(series.values.size, np.int64)
    codes[doubt.place] = 0
    for name in doubt.names:
        if name == "spatial":
            codes[pairs_behind(series, doubt, given).any(axis=1)] = 0
        else:
            codes[looked_at(name, series, doubt.place, given)] = 0
    return Explanation(codes, ("", NOT_LOOKED_AT))


def explain_neighbour(
    series: Series, path: Sequence[Any], of: int, given: Mapping[str, Any]
) -> Explanation:
    """The values of a neighbour behind a doubt, or behind all that neighbours say."""
    doubt = doubt_at(series, path, given)
    names = doubt.names if doubt else given["methods"] if is_of_spatial(path) else []
    if "spatial" not in names:
        size = given["neighbours"][of - 1].values.size
        return Explanation(np.ones(size, np.int64), ("", OF_THE_SERIES))
    return explain_partner(series, of - 1, doubt, given)


def is_of_spatial(path: Sequence[Any]) -> bool:
    """Whether neighbours may be behind a number that is not of one doubt."""
    if path[0] == "methods":
        return len(path) == 1 or path[1] == "spatial"
    return path[0] in {"doubted", "n_doubted", "n_listed", "warning"}


def number(default: float, low: float, high: float, description: str) -> dict[str, Any]:
    bounds = {"minimum": low, "maximum": high, "default": default}
    return {"type": "number", **bounds, "description": description}


analyses.add(
    Analysis(
        name="outliers",
        title="Outliers",
        description=(
            "Values that stand out from all others, from those around them, from the same time of "
            "other years or from neighbouring stations. The result can be applied as flags."
        ),
        inputs=(
            MAIN,
            Input(
                "neighbours",
                "Codes of the stations to compare with; the 5 nearest if left out.",
                form="stations",
                nearest=5,
            ),
        ),
        parameters={
            "methods": {
                "type": "array",
                "items": {"type": "string", "enum": list(METHODS)},
                "minItems": 1,
                "maxItems": len(METHODS),
                "uniqueItems": True,
                "default": list(METHODS),
                "description": "The checks that look at the values.",
            },
            "z_threshold": number(
                3.5, 1, 100, "`robust_z`: distance from the median of all values, in spreads."
            ),
            "hampel_window": {
                "type": "integer",
                "minimum": 3,
                "maximum": 301,
                "not": {"multipleOf": 2},
                "default": 31,
                "description": "`hampel`: values, an odd number, around and with the one judged.",
            },
            "hampel_threshold": number(
                5.0, 1, 100, "`hampel`: distance from the median of the window, in its spreads."
            ),
            "season": {
                "type": "string",
                "enum": ["day_of_year", "month"],
                "default": "day_of_year",
                "description": "`seasonal_iqr`: what is the same time of the year.",
            },
            "window_days": {
                **WINDOW_DAYS,
                "description": "`seasonal_iqr`: days, an odd number, taken together for the one in "
                "the middle; only for days of the year.",
            },
            "iqr_factor": number(
                3.0, 0.5, 50, "`seasonal_iqr`: distance beyond a quartile, in interquartile ranges."
            ),
            "jump_threshold": number(
                8.0, 1, 1000, "`jumps`: step from the value before, in spreads of all steps."
            ),
            "flat_values": {
                "type": "integer",
                "minimum": 2,
                "maximum": 100_000,
                "default": 20,
                "description": "`flat_lines`: equal values in a row from which on all are doubted.",
            },
            "spatial_threshold": number(
                4.0, 1, 100, "`spatial`: standardised difference from the neighbours' estimate."
            ),
            "spatial_limit": number(
                0.0, 0, 1e6, "`spatial`: smallest difference doubted, in the unit of the series."
            ),
            "min_correlation": number(
                0.8, 0, 0.99, "`spatial`: smallest correlation with which a neighbour counts."
            ),
            "min_neighbours": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20,
                "default": 3,
                "description": "`spatial`: fewest neighbours with which a value is judged.",
            },
        },
        only_with={
            "z_threshold": {"methods": ("robust_z",)},
            "hampel_window": {"methods": ("hampel",)},
            "hampel_threshold": {"methods": ("hampel",)},
            "season": {"methods": ("seasonal_iqr",)},
            "window_days": {"season": ("day_of_year",), "methods": ("seasonal_iqr",)},
            "iqr_factor": {"methods": ("seasonal_iqr",)},
            "jump_threshold": {"methods": ("jumps",)},
            "flat_values": {"methods": ("flat_lines",)},
            **{name: {"methods": ("spatial",)} for name in OF_SPATIAL},
        },
        missing=(
            "Nothing is filled. Values are compared with those that are there; a step over a gap, "
            "a window that is half gaps and a time that too few neighbours have are not judged."
        ),
        references=(
            "Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers, ASQC (robust z)",
            "Pearson 2002, doi:10.1109/87.974338 (Hampel filter)",
            "Tukey 1977, Exploratory Data Analysis, Addison-Wesley (quartiles)",
            "Durre et al. 2010, doi:10.1175/2010JAMC2375.1 (streaks, spatial regression)",
            "Legates and McCabe 1999, doi:10.1029/1998WR900018 (index of agreement)",
        ),
        version=1,
        compute=outliers,
        says=quality.outliers,
        explain=explain,
    )
)
