"""Drought indices of months: SPI and SPEI at several scales, and the droughts in them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analyses.methods.drought_events import events
from analyses.methods.drought_explanation import explained
from analyses.methods.drought_months import Months, Prepared, prepare
from analyses.methods.normals import ordered_years, without_reference
from analyses.methods.progress import progress
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.schemas import REFERENCE_YEARS
from analyses.methods.slopes import Floats
from analyses.methods.standardized import OF_SUMS, Distribution, Way, standardized
from analyses.methods.variables import RAIN, TMAX, TMEAN, TMIN
from analyses.methods.words import weather
from analyses.registry import Analysis, Explanation, Input, analyses
from datasets.series import Series

MOST_SCALE = 24
SCALES = [1, 3, 6, 12]
MOST_LIMIT = 8.21  # beyond it a normal quantile has no digits left


@np.errstate(over="ignore", invalid="ignore")
def drought(  # noqa: PLR0913 - these are the parameters of the analysis
    *,
    precipitation: Series,
    tmax: Series | None = None,
    tmin: Series | None = None,
    tmean: Series | None = None,
    index: str = "spi",
    scales: Sequence[int] = SCALES,
    distribution: str = "auto",
    fit: Way = "lmoments",
    evapotranspiration: str = "auto",
    reference_start: int | None = None,
    reference_end: int | None = None,
    max_missing_days: int = 0,
    limit: float = 3,
) -> dict[str, Any]:
    """Compute the SPI or SPEI of months at several scales, and list the droughts.

    Parameters
    ----------
    precipitation : an amount such as mm, or a rate such as mm d-1, by month or finer
    tmax, tmin, tmean : degC, for the SPEI
    index : "spi" of precipitation, or "spei" of precipitation less evapotranspiration
    scales : months that are summed up
    distribution : "gamma", "pearson3" or "log_logistic"
        "auto": gamma for the SPI, log-logistic for the SPEI.
    fit : "lmoments"; for gamma also "ml" or Thom's approximation of it, "app"
    evapotranspiration : "hargreaves" or "thornthwaite"; "auto": the first that can be computed
    reference_start, reference_end : years, both counted in, that distributions are fitted to
        None: 1991–2020 where 24 of them are complete, else all complete years of the series.
    max_missing_days : days of precipitation that a month may miss
    limit : no number is further from zero

    Returns
    -------
    dict
        `values` holds a column for each scale, with one number a month, None where a month of the
        sum is missing or its month of the year could not be fitted.

    References
    ----------
    McKee et al. 1993; Vicente-Serrano et al. 2010, doi:10.1175/2009JCLI2909.1.
    """
    temperatures = {"tmax": tmax, "tmin": tmin, "tmean": tmean}
    heading = heading_of(precipitation, temperatures if index == "spei" else {}, index)
    if not precipitation.values.size:
        return plain(heading | NOTHING | {"reason": "There are no values of precipitation."})
    prepared = prepare(
        precipitation,
        temperatures,
        index=index,
        evapotranspiration=evapotranspiration,
        reference_years=(reference_start, reference_end),
        max_missing_days=max_missing_days,
    )
    chosen = distribution_of(index, distribution)
    found = results_of(prepared, sorted(scales), distribution=chosen, way=fit, limit=limit)
    return plain(heading | {"distribution": chosen, "fit": fit, "limit": limit} | found)


UNITS = {
    "values": "1",
    "totals": "mm",
    "evapotranspiration": "mm",
    "limit": "1",
    "scale": "month",
    "events": "1",
    "events.scale": "month",
    "events.months": "month",
    # Of the distributions of sums of rain, or of rain less evapotranspiration.
    "fits.parameters": "1",
    **dict.fromkeys((f"fits.parameters.{name}" for name in OF_SUMS), "mm"),
}
NOTHING: dict[str, Any] = {
    "timestamps": [],
    "totals": [],
    "evapotranspiration": None,
    "values": {},
    "events": [],
    "fits": [],
}


def distribution_of(index: str, asked: str) -> Distribution:
    usual: Distribution = "gamma" if index == "spi" else "log_logistic"
    given: dict[str, Distribution] = {
        "gamma": "gamma",
        "pearson3": "pearson3",
        "log_logistic": "log_logistic",
    }
    return given.get(asked, usual)


def heading_of(
    precipitation: Series, temperatures: Mapping[str, Series | None], index: str
) -> dict[str, Any]:
    others = {name: head(one) for name, one in temperatures.items() if one is not None}
    main = head(precipitation)
    return {
        "station": main["station"],
        "index": index,
        "variables": {"precipitation": main, **others},
        "n": main["n"] + sum(one["n"] for one in others.values()),
        "left_out": main["left_out"] + sum(one["left_out"] for one in others.values()),
        "start": main["start"],
        "end": main["end"],
        "units": UNITS,
    }


def results_of(
    prepared: Prepared,
    scales: Sequence[int],
    *,
    distribution: Distribution,
    way: Way,
    limit: float,
) -> dict[str, Any]:
    months = prepared.months
    columns: dict[str, Any] = {}
    listed: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for place, scale in enumerate(scales if months.reason is None else (), 1):
        values, fitted = standardized(
            prepared.sums(scale),
            prepared.month_of_year,
            prepared.is_reference,
            distribution=distribution,
            way=way,
            has_zeros=months.evaporation is None,
        )
        values = np.clip(values, -limit, limit)
        columns[str(scale)] = values
        listed += events_of(scale, values, months)
        fits += [{"scale": scale, **asdict(one)} for one in fitted]
        progress(place / len(scales))
    return {
        "reference": asdict(prepared.reference) if prepared.reference else None,
        "formula": months.formula,
        "timestamps": timestamps_of(months.starts),
        "totals": months.rain,
        "evapotranspiration": months.evaporation,
        "values": columns,
        "n_periods": {scale: np.isfinite(one).sum() for scale, one in columns.items()},
        "missing_periods": {scale: np.isnan(one).sum() for scale, one in columns.items()},
        "events": listed,
        "fits": fits,
        "reason": reason_of(prepared, columns, fits),
    }


def events_of(scale: int, values: Floats, months: Months) -> list[dict[str, Any]]:
    """Droughts by McKee et al. 1993; `end` is the first month that no longer belongs to it."""
    starts = np.append(months.starts, months.starts[-1:] + 1)
    stamps = timestamps_of(starts)
    return [
        {
            "scale": scale,
            "start": stamps[one.first],
            "end": stamps[one.after],
            "months": one.after - one.first,
            "magnitude": one.magnitude,
            "intensity": one.magnitude / (one.after - one.first),
            "peak": one.peak,
            "peak_at": stamps[one.peak_at],
            "category": one.category,
            "is_cut_off": one.is_cut_off,
        }
        for one in events(values)
    ]


def reason_of(
    prepared: Prepared, columns: Mapping[str, Floats], fits: Sequence[Mapping[str, Any]]
) -> str | None:
    """Why there is no number at all, if so."""
    if prepared.months.reason:
        return prepared.months.reason
    if any(np.isfinite(one).any() for one in columns.values()):
        return None
    if not prepared.months.is_there.any():
        return "Every month misses values, or has far too many."
    if prepared.reference is None:
        return without_reference(prepared.asked)
    return next((str(one["reason"]) for one in fits if one["reason"]), None)


@np.errstate(over="ignore", invalid="ignore")
def explain(
    series: Series,
    path: Sequence[str | int],
    *,
    precipitation: Series,
    tmax: Series | None = None,
    tmin: Series | None = None,
    tmean: Series | None = None,
    **own: Any,
) -> Explanation:
    """Tell which values of one of the series made a number such as ("values", "3", 100).

    Those of the months that are summed up, and those of all sums that the distribution of this
    month of the year is fitted to. Any other path leads to what all complete months made.
    """
    chosen = {name: entry["default"] for name, entry in PARAMETERS.items()} | own
    if not precipitation.values.size:
        return Explanation(np.zeros(series.values.size, np.int64))
    temperatures = {"tmax": tmax, "tmin": tmin, "tmean": tmean}
    prepared = prepare(
        precipitation,
        temperatures,
        index=chosen["index"],
        evapotranspiration=chosen["evapotranspiration"],
        reference_years=(chosen["reference_start"], chosen["reference_end"]),
        max_missing_days=chosen["max_missing_days"],
    )
    return explained(series, path, prepared, {"precipitation": precipitation, **temperatures})


def rules(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check which distributions fit which index, and which ways of fitting there are."""
    wrong = dict(ordered_years(parameters))
    index, asked, fit = (parameters[name] for name in ("index", "distribution", "fit"))
    distribution = distribution_of(index, asked)
    if index == "spei" and distribution == "gamma":
        wrong["distribution"] = ["The SPEI has negative sums, which a gamma distribution has not."]
    if fit != "lmoments" and distribution != "gamma":
        wrong["fit"] = [f"{distribution} is fitted by L-moments only."]
    return wrong


def temperature(parameter: str, what: str, names: tuple[str, ...]) -> Input:
    description = f"Name of the daily or monthly {what} temperature, for the SPEI."
    return Input(parameter, description, unit="degC", is_required=False, names=names)


PARAMETERS: dict[str, dict[str, Any]] = {
    "index": {
        "type": "string",
        "enum": ["spi", "spei"],
        "default": "spi",
        "description": "SPI of precipitation, or SPEI of precipitation less evapotranspiration.",
    },
    "scales": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": MOST_SCALE},
        "minItems": 1,
        "maxItems": MOST_SCALE,
        "uniqueItems": True,
        "default": SCALES,
        "description": f"How many months are summed up, 1 to {MOST_SCALE}.",
    },
    "distribution": {
        "type": "string",
        "enum": ["auto", "gamma", "pearson3", "log_logistic"],
        "default": "auto",
        "description": "Distribution of the sums; auto takes gamma for the SPI and log-logistic "
        "for the SPEI.",
    },
    "fit": {
        "type": "string",
        "enum": ["lmoments", "ml", "app"],
        "default": "lmoments",
        "description": "L-moments; for gamma also maximum likelihood, or Thom's approximation of "
        "it (app).",
    },
    "evapotranspiration": {
        "type": "string",
        "enum": ["auto", "hargreaves", "thornthwaite"],
        "default": "auto",
        "description": "Of SPEI only: formula of potential evapotranspiration; auto takes "
        "Hargreaves where both extremes of temperature are there.",
    },
    **REFERENCE_YEARS,
    "max_missing_days": {
        "type": "integer",
        "minimum": 0,
        "maximum": 10,
        "default": 0,
        "description": "Most missing days of precipitation with which a month counts.",
    },
    "limit": {
        "type": "number",
        "minimum": 1,
        "maximum": MOST_LIMIT,
        "default": 3,
        "description": "Numbers further from zero are set to this.",
    },
}

analyses.add(
    Analysis(
        name="drought",
        title="Drought",
        description=(
            "Standardized precipitation index (SPI) or precipitation-evapotranspiration index "
            "(SPEI) of months at scales of 1 to 24 months, and the droughts in them."
        ),
        inputs=(
            Input(
                "precipitation",
                "Name of the precipitation, as an amount (mm, kg m-2) or rate (mm d-1).",
                names=RAIN,
            ),
            temperature("tmax", "maximum", TMAX),
            temperature("tmin", "minimum", TMIN),
            temperature("tmean", "mean", TMEAN),
        ),
        parameters=PARAMETERS,
        only_with={"evapotranspiration": {"index": ("spei",)}},
        missing=(
            "Nothing is filled. A month counts with at most `max_missing_days` missing days of "
            "precipitation, whose place the mean of the others takes, and ten of temperature. A "
            "sum wants all its months, and a fit ten years."
        ),
        references=(
            "McKee, Doesken and Kleist 1993, 8th Conf. on Applied Climatology, 179–184 (SPI)",
            "Vicente-Serrano et al. 2010, doi:10.1175/2009JCLI2909.1 (SPEI)",
            "Hosking and Wallis 1997, doi:10.1017/CBO9780511529443 (L-moments)",
            "Thom 1958, doi:10.1175/1520-0493(1958)086<0117:ANOTGD>2.0.CO;2 (gamma, app)",
            "Stagge et al. 2015, doi:10.1002/joc.4267 (limit)",
            "Allen et al. 1998, FAO Irrigation and Drainage Paper 56 (Hargreaves)",
            "Thornthwaite 1948, doi:10.2307/210739",
        ),
        version=1,
        rules=rules,
        compute=drought,
        says=weather.drought,
        explain=explain,
        libraries=("numpy", "scipy"),
    )
)
