"""The climate indices of ClimateData.ca, with their units, months and grids."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Variable
from datastream.core.errors import InvalidInputError

TEMPERATURES = ("tg_mean", "tn_mean", "tn_min", "tx_mean", "tx_max")
AMOUNTS = ("prcptot", "rx1day", "rx5day", "snx1day", "sntot", "ratot", "rax1day")
DEGREE_DAYS = ("cddcold_18", "hddheat_17", "hddheat_18", "gddgrow_0", "gddgrow_5", "gddgrow_10")
DAYS_OF_YEAR = ("first_fall_frost", "last_spring_frost", "first_snowfall", "last_snowfall")
DAYS = (
    "r1mm", "r10mm", "r20mm", "cdd", "frost_days", "ice_days", "dlyfrzthw_tx0_tn-1",
    "frost_free_season", "tnlt_-15", "tnlt_-25", "tr_18", "tr_20", "tr_22", "txgt_25", "txgt_27",
    "txgt_29", "txgt_30", "txgt_32", "txgt_37", "HXmax30", "HXmax35", "HXmax40",
    "snowfall_season_length", "sn2mm", "sn10mm",
)  # fmt: skip
SPEI = ("spei_3m", "spei_12m")
NUMBERS = ("nr_cdd", *SPEI)
# Levels that return in so many years; of them there are only 30-year averages.
RETURN_LEVELS = tuple(
    f"rl{years}{what}" for what in ("pr", "tasmax", "tasmin") for years in (5, 10, 20, 25, 30, 50)
)
UNITS: Mapping[str, str] = {
    **dict.fromkeys(TEMPERATURES, "degC"),
    **dict.fromkeys(AMOUNTS, "mm"),
    **dict.fromkeys(DEGREE_DAYS, "K d"),
    **dict.fromkeys(DAYS, "d"),
    **dict.fromkeys((*DAYS_OF_YEAR, *NUMBERS), "1"),
    **{name: "mm d-1" if name.endswith("pr") else "degC" for name in RETURN_LEVELS},
}
SERIES = tuple(sorted(set(UNITS) - set(RETURN_LEVELS)))
AVERAGES = tuple(sorted(set(UNITS) - set(SPEI)))

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SEASONS = ("winter", "spring", "summer", "fall")
# The name of a step in the names of variables, and how long its values stand for.
STEPS: Mapping[str, tuple[str, str]] = {
    "ann": ("annual", "P1Y"),
    "annual_jul_jun": ("july_to_june", "P1Y"),
    "2qsapr": ("april_to_september", "P6M"),
    **dict.fromkeys(SEASONS, ("seasonal", "P3M")),
    **dict.fromkeys((*MONTHS, "all"), ("monthly", "P1M")),
}
SCENARIOS: Mapping[str, tuple[str, ...]] = {
    "CMIP5": ("rcp26", "rcp45", "rcp85"),
    "CMIP6": ("ssp126", "ssp245", "ssp370", "ssp585"),
}


@dataclass(frozen=True, slots=True)
class Statistic:
    """What of an index a column holds: `scenario` and `percentile`, and `change` of 30 years."""

    scenario: str
    percentile: str
    change: str = ""


def variable_of(index: str, month: str, statistic: Statistic, *, years: int = 1) -> Variable:
    """The variable of a statistic; scenario, percentile and step are in its name.

    It has no standard name: what looks for observations must not find the results of models.
    """
    step, interval = STEPS[month]
    parts = [statistic.scenario, plain(index), statistic.change, statistic.percentile, step]
    if years > 1:
        parts.append(f"{years}y")
    change = statistic.change.removeprefix("delta_").replace("_", " to ")
    what = f"Change of {index} since {change}" if change else index
    unit = UNITS[index]
    return Variable(
        "_".join(filter(None, parts)),
        # A difference of temperatures has no zero point to be converted.
        "K" if change and unit == "degC" else unit,
        interval=f"P{years}Y" if years > 1 else interval,
        description=(
            f"{what}, {step.replace('_', ' ')}, {statistic.scenario}"
            f"{', ' + statistic.percentile + ' of the models' if statistic.percentile else ''}"
            f"{f', mean of {years} years' if years > 1 else ''}."
        ),
    )


def plain(index: str) -> str:
    """An index as a part of a name: tnlt_-15 is tnlt_minus15."""
    return index.replace("-", "minus")


def grid_degrees(index: str) -> float:
    """The spacing of the grid that an index is on."""
    if index.startswith("spei"):
        return 1.0
    return 0.1 if index.startswith("HXmax") else 1 / 12


def refuse_combination(index: str, month: str, ensemble: str) -> None:
    """InvalidInputError for what is known not to exist."""
    if index in RETURN_LEVELS and (month, ensemble) != ("ann", "CMIP6"):
        message = f"{index} exists for the month `ann` and CMIP6 only."
        raise InvalidInputError.of("variables", message)
    if index in SPEI and month == "ann":
        message = f"{index} has no year; ClimateData.ca's `ann` of it is December: ask for `dec`."
        raise InvalidInputError.of("month", message)
