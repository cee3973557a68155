"""Climate indices of a station's daily temperatures and precipitation, by year and month."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analyses.methods.index_definitions import INDICES, Index, Options
from analyses.methods.index_explanation import explained, not_needed
from analyses.methods.index_preparation import (
    BASE_YEARS,
    Limits,
    Prepared,
    hemisphere_of,
    needed,
    prepare,
)
from analyses.methods.progress import progress
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.variables import RAIN, TMAX, TMIN
from analyses.methods.words import weather
from analyses.registry import Analysis, Explanation, Input, analyses
from datasets.series import Series

ALL = list(INDICES)
WANT_BASE = tuple(name for name, index in INDICES.items() if index.wants_base)


@np.errstate(over="ignore", invalid="ignore")
def climate_indices(  # noqa: PLR0913 - these are the parameters of the analysis
    *,
    tmax: Series | None = None,
    tmin: Series | None = None,
    precipitation: Series | None = None,
    indices: Sequence[str] = ALL,
    base_start: int | None = None,
    base_end: int | None = None,
    rnn_mm: float = 25,
    growing_above_degc: float = 10,
    heating_below_degc: float = 18,
    cooling_above_degc: float = 18,
    max_missing_year: int = 15,
    max_missing_month: int = 3,
) -> dict[str, Any]:
    """Compute climate indices of daily values for every year, and month where they are defined so.

    Parameters
    ----------
    tmax, tmin : degC, one value a day; None leaves out what needs it
    precipitation : an amount a day such as mm or kg m-2, or a rate such as mm d-1 or kg m-2 s-1
    indices : names of `INDICES`
    base_start, base_end : years, both counted in
        None: 1961–1990, 1991–2020, 1981–2010 or 1971–2000, the first of which 70 % of all days
        have values; else up to 30 years of the series.
    rnn_mm : mm, for Rnnmm
    growing_above_degc, heating_below_degc, cooling_above_degc : degC, for degree days
    max_missing_year, max_missing_month : days
        With more missing days a year or month has no number; nor has a year with such a month.

    Returns
    -------
    dict
        `annual` and `monthly` hold columns, one entry for each period from the first year with a
        value to the last, None where too many days are missing.

    References
    ----------
    Zhang et al. 2011, doi:10.1002/wcc.147; Zhang et al. 2005, doi:10.1175/JCLI3366.1.
    """
    wanted = [INDICES[name] for name in ALL if name in indices]
    all_given = {"tmax": tmax, "tmin": tmin, "precipitation": precipitation}
    used = needed(all_given, indices)
    heading = heading_of(used)
    given = {name: one for name, one in used.items() if one.values.size}
    if not given:
        return plain(heading | NOTHING | {"reason": "There are no values."})
    prepared = prepared_for(
        given,
        {
            "base_start": base_start,
            "base_end": base_end,
            "rnn_mm": rnn_mm,
            "growing_above_degc": growing_above_degc,
            "heating_below_degc": heating_below_degc,
            "cooling_above_degc": cooling_above_degc,
            "max_missing_year": max_missing_year,
            "max_missing_month": max_missing_month,
        },
    )
    return plain(heading | {"hemisphere": hemisphere_of(given)} | found(prepared, wanted))


def found(prepared: Prepared, wanted: Sequence[Index]) -> dict[str, Any]:
    """The columns of what can be computed, and why the rest cannot."""
    refused = {one.name: why for one in wanted if (why := prepared.reason_against(one))}
    computed = [one for one in wanted if one.name not in refused]
    return {
        "base": asdict(prepared.base) if prepared.base else None,
        "units": {one.name: one.unit for one in computed} | {"missing_days": "d"},
        "not_computed": refused,
        **columns_of(prepared, computed),
    }


NOTHING: dict[str, Any] = {
    "base": None,
    "hemisphere": None,
    "units": {},
    "not_computed": {},
    "annual": {"timestamps": []},
    "monthly": {"timestamps": []},
}


def heading_of(given: Mapping[str, Series]) -> dict[str, Any]:
    """What was computed on: each series by its parameter, and all of them together."""
    heads = {name: head(one) for name, one in given.items()}
    starts = [one["start"] for one in heads.values() if one["start"]]
    ends = [one["end"] for one in heads.values() if one["end"]]
    return {
        "station": next(iter(heads.values()))["station"],
        "variables": heads,
        "n": sum(one["n"] for one in heads.values()),
        "left_out": sum(one["left_out"] for one in heads.values()),
        "start": min(starts, default=None),
        "end": max(ends, default=None),
    }


def columns_of(prepared: Prepared, computed: Sequence[Index]) -> dict[str, Any]:
    days = prepared.days
    annual: dict[str, Any] = {"timestamps": timestamps_of(days.dates[days.year_edges[:-1]])}
    monthly: dict[str, Any] = {"timestamps": timestamps_of(days.dates[days.month_edges[:-1]])}
    has_number = False
    for place, index in enumerate(computed, 1):
        annual[index.name] = prepared.numbers(index, "annual")
        has_number |= bool(np.isfinite(annual[index.name]).any())
        if index.is_monthly:
            monthly[index.name] = prepared.numbers(index, "monthly")
            has_number |= bool(np.isfinite(monthly[index.name]).any())
        progress(place / len(computed))
    by_year = {name: prepared.missing([name]).sum(axis=1) for name in prepared.weather.values}
    by_month = {name: prepared.missing([name]).ravel() for name in prepared.weather.values}
    reason = None if has_number else reason_without_numbers(computed)
    return {
        "annual": annual | {"missing_days": by_year},
        "monthly": monthly | {"missing_days": by_month},
        "reason": reason,
    }


def reason_without_numbers(computed: Sequence[Index]) -> str:
    if not computed:
        return "None of the indices can be computed; `not_computed` says why."
    return "Every year and month misses more days than are allowed."


def explain(
    series: Series,
    path: Sequence[str | int],
    *,
    tmax: Series | None = None,
    tmin: Series | None = None,
    precipitation: Series | None = None,
    **own: Any,
) -> Explanation:
    """Tell which values of one of the three series made a number of the results."""
    all_given = {"tmax": tmax, "tmin": tmin, "precipitation": precipitation}
    used = needed(all_given, own.get("indices", ALL))
    given = {name: one for name, one in used.items() if one.values.size}
    name = next((name for name, one in all_given.items() if one is series), "")
    if name not in used:
        return not_needed(series)
    if not given or path[:1] not in [("annual",), ("monthly",)]:
        return Explanation(np.zeros(series.values.size, np.int64))
    return explained(series, name, path, prepared_for(given, own))


def prepared_for(given: Mapping[str, Series], own: Mapping[str, Any]) -> Prepared:
    """From the parameters of the analysis; what is left out of them has its default."""
    chosen = {name: entry["default"] for name, entry in PARAMETERS.items()} | dict(own)
    return prepare(
        given,
        base_years=(chosen["base_start"], chosen["base_end"]),
        options=Options(
            rnn_mm=chosen["rnn_mm"],
            growing_above_degc=chosen["growing_above_degc"],
            heating_below_degc=chosen["heating_below_degc"],
            cooling_above_degc=chosen["cooling_above_degc"],
            is_south=hemisphere_of(given) == "south",
        ),
        limits=Limits(chosen["max_missing_year"], chosen["max_missing_month"]),
    )


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check the base period: both years or neither, in order, and neither too few nor too many."""
    start, end = parameters.get("base_start"), parameters.get("base_end")
    if start is None and end is None:
        return {}
    if start is None or end is None:
        return {"base_end" if end is None else "base_start": ["Give both years or neither."]}
    fewest, most = BASE_YEARS
    if not fewest <= end - start + 1 <= most:
        return {"base_end": [f"The base period must have {fewest} to {most} years."]}
    return {}


def degrees(default: int, what: str) -> dict[str, Any]:
    description = f"Base of {what} degree days, in degC."
    bounds = {"minimum": -50, "maximum": 60}
    return {"type": "number", **bounds, "default": default, "description": description}


def base_year(which: str) -> dict[str, Any]:
    return {
        "type": ["integer", "null"],
        "minimum": 1600,
        "maximum": 2400,
        "default": None,
        "description": f"{which} year of the base period of percentiles. If neither year is given: "
        "1961–1990, 1991–2020, 1981–2010 or 1971–2000, the first that the values cover, else up to "
        "the last 30 years of the series.",
    }


def most_missing(default: int, most: int, what: str) -> dict[str, Any]:
    return {
        "type": "integer",
        "minimum": 0,
        "maximum": most,
        "default": default,
        "description": f"Most missing days with which a {what} has a number.",
    }


PARAMETERS: dict[str, dict[str, Any]] = {
    "indices": {
        "type": "array",
        "items": {"type": "string", "enum": ALL},
        "minItems": 1,
        "maxItems": len(ALL),
        "uniqueItems": True,
        "default": ALL,
        "description": "Which indices; all that can be computed of what there is.",
    },
    "base_start": base_year("First"),
    "base_end": base_year("Last"),
    "rnn_mm": {
        "type": "number",
        "minimum": 0,
        "maximum": 2000,
        "default": 25,
        "description": "Least precipitation of a day that Rnnmm counts, in mm.",
    },
    "growing_above_degc": degrees(10, "growing"),
    "heating_below_degc": degrees(18, "heating"),
    "cooling_above_degc": degrees(18, "cooling"),
    "max_missing_year": most_missing(15, 366, "year"),
    "max_missing_month": most_missing(3, 31, "month"),
}

analyses.add(
    Analysis(
        name="indices",
        title="Climate indices",
        description=(
            "The 27 climate change indices of the ETCCDI and degree days, by year and month, from "
            "daily temperatures and precipitation."
        ),
        inputs=(
            Input(
                "tmax",
                "Name of the daily maximum temperature.",
                unit="degC",
                is_required=False,
                names=TMAX,
            ),
            Input(
                "tmin",
                "Name of the daily minimum temperature.",
                unit="degC",
                is_required=False,
                names=TMIN,
            ),
            Input(
                "precipitation",
                "Name of the daily precipitation, as an amount (mm, kg m-2) or rate (mm d-1).",
                is_required=False,
                names=RAIN,
            ),
        ),
        parameters=PARAMETERS,
        only_with={
            "base_start": {"indices": WANT_BASE},
            "base_end": {"indices": WANT_BASE},
            "rnn_mm": {"indices": ("Rnnmm",)},
            "growing_above_degc": {"indices": ("GDDgrow",)},
            "heating_below_degc": {"indices": ("HDDheat",)},
            "cooling_above_degc": {"indices": ("CDDcold",)},
        },
        missing=(
            "Nothing is filled. A year with more than `max_missing_year` missing days, or with a "
            "month that has more than `max_missing_month`, has no number, and neither has such a "
            "month. Thresholds want 70 % of the days of the base period and of those around each "
            "day of the year; a day without a threshold is missing."
        ),
        references=(
            "Zhang et al. 2011, doi:10.1002/wcc.147 (ETCCDI indices)",
            "Zhang et al. 2005, doi:10.1175/JCLI3366.1 (percentiles within the base period)",
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (percentiles, type 8)",
            "Alexander and Herold 2016, ClimPACT2, UNSW (degree days)",
        ),
        version=1,
        rules=rules,
        compute=climate_indices,
        says=weather.indices,
        explain=explain,
    )
)
