"""Spectrum of a series: Lomb–Scargle periodogram, or wavelet power in time."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from analyses.methods.calendar import YEAR_DAYS, Step, not_complete
from analyses.methods.results import extent, head, per, plain, square
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE
from analyses.methods.spectrum_rows import Sampled, anomalies, sampled
from analyses.methods.spectrum_tables import Band, periodogram_table, wavelet_table
from analyses.methods.words import pattern
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

Method = Literal["lomb_scargle", "wavelet"]
AnyStep = Step | Literal["raw"]
TimeUnit = Literal["year", "day"]

FEWEST: dict[str, int] = {"lomb_scargle": 8, "wavelet": 16}
PERIOD: dict[str, Any] = {
    "type": ["number", "null"],
    "minimum": 1e-6,
    "maximum": 1e6,
    "default": None,
}


@np.errstate(over="ignore", invalid="ignore")
def spectrum(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    method: Method = "lomb_scargle",
    step: AnyStep = "month",
    deseasonalise: bool = False,
    detrend: bool = True,
    time_unit: TimeUnit = "year",
    min_period: float | None = None,
    max_period: float | None = None,
    confidence: float = 0.95,
    min_coverage: float = 0.8,
    max_gap: int | None = None,
) -> dict[str, Any]:
    """Find the periods with which a series comes and goes.

    Parameters
    ----------
    series : in its unit
    method : "lomb_scargle" for any times, gaps included, or "wavelet" for power in time
    step : "raw" values, or means of each "day", "month", "season" or "year"
        Wavelets want means.
    deseasonalise : whether the mean of each calendar month, day or season is taken away
    detrend : whether the straight line of least squares is taken away
    time_unit : of all periods, "year" of 365.2425 days or "day"
    min_period, max_period : in that unit; None: as far as the values reach
    confidence : of the levels
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is missing.
    max_gap : days, months, seasons or years that are bridged for wavelets
        None: 31 days, 3 months, 1 season, 1 year. With a longer gap there is no result.

    Returns
    -------
    dict
        `periodogram` or `wavelet`, the other being None. Power is a share of the variance.

    References
    ----------
    Zechmeister and Kürster 2009; Baluev 2008; Torrence and Compo 1998.
    """
    found = sampled(series, step, min_coverage=min_coverage)
    result = heading(series, found, time_unit) | {
        "method": method,
        "step": step,
        "deseasonalise": deseasonalise,
        "detrend": detrend,
        "confidence": confidence,
        "periodogram": None,
        "wavelet": None,
    }
    if found.values.size < FEWEST[method]:
        there = f"and there are {found.values.size}."
        return plain(result | {"reason": f"At least {FEWEST[method]} values are needed, {there}"})
    found = anomalies(found, step, deseasonalise=deseasonalise, detrend=detrend)
    if not found.values.any():
        return plain(result | {"reason": "Nothing is left that varies."})
    band = Band(min_period, max_period, YEAR_DAYS if time_unit == "day" else 1.0)
    if method == "wavelet":
        table, reason = wavelet_table(found, step, band, confidence=confidence, max_gap=max_gap)
        return plain(result | {"wavelet": table, "reason": reason})
    table, reason = periodogram_table(found, band, confidence=confidence)
    return plain(result | {"periodogram": table, "reason": reason})


def heading(series: Series, found: Sampled, time_unit: TimeUnit) -> dict[str, Any]:
    """`n` counts the values that are used, `n_times` those or their means."""
    stamps = series.timestamps[found.used]
    units = {
        "periods": time_unit,
        "period": time_unit,
        "cone": time_unit,
        "frequency": per("1", time_unit),
        "amplitude": series.unit,
        "power": "1",
        "average_power": "1",
        "red_noise_level": "1",
        "false_alarm_level": "1",
        "false_alarm_probability": "1",
        "level": "1",
        "average_level": "1",
        "lag_1": "1",
        "variance": square(series.unit),
    }
    counts = {"n": stamps.size, "n_times": found.values.size}
    return head(series) | counts | extent(stamps) | {"time_unit": time_unit, "units": units}


def explain(
    series: Series,
    path: tuple[str | int, ...],
    *,
    step: AnyStep = "month",
    min_coverage: float = 0.8,
    **_others: object,
) -> Explanation:
    """Which values are used."""
    found = sampled(series, step, min_coverage=min_coverage)
    return Explanation(np.where(found.used, 0, 1), ("", not_complete(step)))


def fitting_method(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check what no schema can say."""
    wrong: dict[str, list[str]] = {}
    if parameters["method"] == "wavelet" and parameters["step"] == "raw":
        wrong["step"] = ["Wavelets want means; choose day, month, season or year."]
    low, high = parameters["min_period"], parameters["max_period"]
    if low is not None and high is not None and low >= high:
        wrong["max_period"] = ["Must be above `min_period`."]
    return wrong


analyses.add(
    Analysis(
        name="spectrum",
        title="Spectrum",
        description=(
            "With which periods a series comes and goes: Lomb–Scargle periodogram with false alarm "
            "probabilities, or Morlet wavelet power in time with its red-noise significance."
        ),
        parameters={
            "method": {
                "type": "string",
                "enum": ["lomb_scargle", "wavelet"],
                "default": "lomb_scargle",
                "description": "Periodogram over the whole time, or power in time.",
            },
            "step": {
                "type": "string",
                "enum": ["raw", "day", "month", "season", "year"],
                "default": "month",
                "description": "Values, for the periodogram alone, or means of each day, month, "
                "season or year.",
            },
            "deseasonalise": {
                "type": "boolean",
                "default": False,
                "description": "Whether the mean of each calendar month, day or season is taken "
                "away before.",
            },
            "detrend": {
                "type": "boolean",
                "default": True,
                "description": "Whether a straight line is taken away before.",
            },
            "time_unit": {
                "type": "string",
                "enum": ["year", "day"],
                "default": "year",
                "description": "Unit of all periods; a year has 365.2425 days.",
            },
            "min_period": PERIOD
            | {"description": "Shortest period, in `time_unit`; as short as there is room for."},
            "max_period": PERIOD
            | {"description": "Longest period, in `time_unit`; as long as the values reach."},
            "confidence": CONFIDENCE | {"description": "Confidence of the levels that are drawn."},
            "min_coverage": MIN_COVERAGE,
            "max_gap": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": 366,
                "default": None,
                "description": "Longest gap that is bridged for wavelets, in days, months, seasons "
                "or years; 31, 3, 1 and 1 if left out.",
            },
        },
        only_with={
            "min_coverage": {"step": ("day", "month", "season", "year")},
            "max_gap": {"method": ("wavelet",)},
        },
        missing=(
            "A period with less than `min_coverage` of its expected values is missing. The "
            "periodogram takes values at their times and fills nothing. For wavelets gaps of at "
            "most `max_gap` are bridged by straight lines, and their power is null; with longer "
            "gaps, or more than 10 % missing, there is no result."
        ),
        references=(
            "Zechmeister and Kürster 2009, doi:10.1051/0004-6361:200811296 (floating mean)",
            "Baluev 2008, doi:10.1111/j.1365-2966.2008.12689.x (false alarm probability)",
            "Torrence and Compo 1998, doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2",
        ),
        version=1,
        rules=fitting_method,
        compute=spectrum,
        says=pattern.spectrum,
        explain=explain,
        libraries=("numpy", "scipy"),
    )
)
