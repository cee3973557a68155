"""Trend of a series: Theil–Sen line, Mann–Kendall test and least squares beside them."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import (
    YEAR,
    PeriodMeans,
    interval_of,
    period_means,
    years_since,
)
from analyses.methods.mann_kendall import Autocorrelation, mann_kendall, variance_factor
from analyses.methods.results import head, per, plain, timestamps_of
from analyses.methods.slopes import Floats, Sen, theil_sen
from analyses.registry import Analysis, analyses
from datasets.series import Series

YEARS_FOR_MEANS = 10
SHORT_YEARS = 10
NORMAL_YEARS = 30
DECADE = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the line is fitted to; the timestamp of a mean is the start of its period."""

    step: str
    timestamps: NDArray[np.datetime64]
    values: Floats
    years: float
    used: NDArray[np.bool_]


@np.errstate(over="ignore", invalid="ignore")
def trend(
    series: Series,
    *,
    step: str = "auto",
    min_coverage: float = 0.8,
    confidence: float = 0.95,
    autocorrelation: Autocorrelation = "yue_wang",
) -> dict[str, Any]:
    """Find how a series changes with time, and how sure that is.

    Parameters
    ----------
    series : in its unit; slopes are in that unit per year of 365.2425 days and per decade
    step : "raw" values, means of each "month" or "year", or "auto": years where 10 are complete
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is left out, and so is one that the
        series does not reach the end of.
    confidence : 0.5 to 0.999
        Of all intervals, and of the limit above which Hamed and Rao count a lag.
    autocorrelation : how the variance of Kendall's S is corrected; it is never made smaller

    Returns
    -------
    dict
        Values stand at their real times; nothing is filled.
        With fewer than three values, or equal ones, numbers are None and `reason` says why.

    References
    ----------
    Theil 1950; Sen 1968; Mann 1945; Kendall 1975; Hamed and Rao 1998; Yue and Wang 2004.
    """
    sample = sample_of(series, step, min_coverage=min_coverage)
    result = heading(series, sample) | {"confidence": confidence}
    reason = reason_against(sample)
    if reason:
        return plain(result | NOTHING | {"reason": reason})
    origin = sample.timestamps[0]
    x, y = years_since(sample.timestamps, origin), sample.values
    free = theil_sen(x, y, confidence=confidence)
    factor = variance_factor(y - free.slope * x, autocorrelation, confidence=confidence)
    line = free if factor == 1 else theil_sen(x, y, confidence=confidence, factor=factor)
    return plain(
        result
        | {
            "theil_sen": slopes(free, line) | {"intercept_at": timestamps_of(origin)[0]},
            "mann_kendall": asdict(mann_kendall(y, factor=factor))
            | {"autocorrelation": autocorrelation},
            "least_squares": least_squares(x, y, confidence=confidence),
            "line": drawn_line(sample, x, line),
            "band": drawn_band(sample, x, line),
            "warning": warning_about(sample.years),
            "reason": None,
        }
    )


NOTHING: dict[str, Any] = {
    "theil_sen": None,
    "mann_kendall": None,
    "least_squares": None,
    "line": None,
    "band": None,
    "warning": None,
}


def sample_of(series: Series, step: str, *, min_coverage: float) -> Sample:
    if step == "raw" or series.values.size == 0:
        return raw_sample(series)
    if step == "auto":
        means = period_means(series, "year")
        enough = int(means.complete(min_coverage).sum()) >= YEARS_FOR_MEANS
        return mean_sample(series, means, min_coverage) if enough else raw_sample(series)
    return mean_sample(
        series, period_means(series, "month" if step == "month" else "year"), min_coverage
    )


def raw_sample(series: Series) -> Sample:
    stamps, interval = series.timestamps, interval_of(series)
    years = 0.0
    if stamps.size:
        end = interval.after(stamps[-1:]) if interval else stamps[-1:]
        years = float(years_since(end, stamps[0])[0])
    return Sample("raw", stamps, series.values, years, np.ones(stamps.size, np.bool_))


def mean_sample(series: Series, means: PeriodMeans, min_coverage: float) -> Sample:
    counted = means.complete(min_coverage)
    if not counted.any():
        nothing = np.zeros(series.values.size, np.bool_)
        return Sample(means.step, means.periods[:0], means.means[:0], 0.0, nothing)
    places = np.flatnonzero(counted)
    years = float(years_since(means.edges[places[-1] + 1], means.edges[places[0]]))
    where = np.searchsorted(means.edges, series.timestamps, side="right") - 1
    return Sample(means.step, means.periods[counted], means.means[counted], years, counted[where])


def heading(series: Series, sample: Sample) -> dict[str, Any]:
    """`n` counts what the line is fitted to, `n_values` the values in it."""
    used = series.timestamps[sample.used]
    ends = timestamps_of(used[[0, -1]]) if used.size else [None, None]
    return head(series) | {
        "n": int(sample.values.size),
        "n_values": int(used.size),
        "start": ends[0],
        "end": ends[1],
        "step": sample.step,
        "years": round(sample.years, 4),
        "units": {
            "per_decade": per(series.unit, "decade"),
            "per_year": per(series.unit, "year"),
            "intercept": series.unit,
            "line": series.unit,
            "band": series.unit,
            "years": "year",
            "mann_kendall": "1",
            "r_squared": "1",
            "p": "1",
            "lag_1_autocorrelation": "1",
            "durbin_watson": "1",
        },
    }


def reason_against(sample: Sample) -> str | None:
    what = "values" if sample.step == "raw" else f"complete {sample.step}s"
    if sample.values.size < 3:
        return f"A trend needs at least 3 {what}, and there are {sample.values.size}."
    if np.ptp(sample.values) == 0:
        return "All values are equal, so there is no trend to test."
    return None


def warning_about(years: float) -> str | None:
    # Ten calendar years are 3,652 days at the shortest, a little less than ten mean years.
    if years < SHORT_YEARS - 0.01:
        return f"The series spans {years:.1f} years; under 10 years a trend says little."
    if years < NORMAL_YEARS - 0.01:
        return f"The series spans {years:.1f} years; a climate trend wants 30 years or more."
    return None


def slopes(free: Sen, line: Sen) -> dict[str, float]:
    """Interval of independent values, and the one for the corrected variance."""
    per_year = {
        "per_year": free.slope,
        "per_year_lower": free.lower,
        "per_year_upper": free.upper,
        "corrected_per_year_lower": line.lower,
        "corrected_per_year_upper": line.upper,
    }
    per_decade = {
        name.replace("year", "decade"): DECADE * value for name, value in per_year.items()
    }
    return per_decade | per_year | {"intercept": free.intercept}


def drawn_line(sample: Sample, x: Floats, line: Sen) -> list[list[Any]]:
    ends = timestamps_of(sample.timestamps[[0, -1]])
    return [[t, line.intercept + line.slope * at] for t, at in zip(ends, x[[0, -1]], strict=True)]


def drawn_band(sample: Sample, x: Floats, line: Sen) -> list[list[Any]]:
    """Timestamp, lower, upper: the interval of the slope, through the point of medians."""
    middle = float(np.median(x))
    level = line.intercept + line.slope * middle
    turn = sample.timestamps[0] + np.timedelta64(round(middle * YEAR), "us")
    stamps = timestamps_of(np.array([sample.timestamps[0], turn, sample.timestamps[-1]]))
    band = []
    for stamp, at in zip(stamps, (x[0], middle, x[-1]), strict=True):
        edges = sorted(level + slope * (at - middle) for slope in (line.lower, line.upper))
        band.append([stamp, *edges])
    return band


def least_squares(x: Floats, y: Floats, *, confidence: float) -> dict[str, float | None]:
    """Ordinary least squares for comparison: it takes its residuals for independent and normal."""
    from scipy.stats import linregress, t

    fit = linregress(x, y)
    reach = float(t.ppf((1 + confidence) / 2, x.size - 2)) * fit.stderr
    residuals = y - fit.intercept - fit.slope * x
    squares = float(residuals @ residuals)
    exact = math.sqrt(squares) <= 1e-12 * float(np.abs(y).max()) * math.sqrt(y.size)
    neighbours = float(residuals[1:] @ residuals[:-1])
    return {
        "per_decade": DECADE * fit.slope,
        "per_decade_lower": DECADE * (fit.slope - reach),
        "per_decade_upper": DECADE * (fit.slope + reach),
        "per_year": fit.slope,
        "intercept": fit.intercept,
        "r_squared": fit.rvalue**2,
        "p": fit.pvalue,
        # What is left of an exact line is rounding, and says nothing about neighbours.
        "durbin_watson": None if exact else float(np.sum(np.diff(residuals) ** 2)) / squares,
        "lag_1_autocorrelation": None if exact else neighbours / squares,
    }


analyses.add(
    Analysis(
        name="trend",
        title="Trend",
        description=(
            "Theil–Sen slope with its interval, Mann–Kendall test corrected for autocorrelation, "
            "and least squares for comparison, on values or on means of months or years."
        ),
        parameters={
            "step": {
                "type": "string",
                "enum": ["auto", "raw", "month", "year"],
                "default": "auto",
                "description": "What the line is fitted to; auto takes means of years where at "
                "least 10 years are complete, else the values.",
            },
            "min_coverage": {
                "type": "number",
                "minimum": 0.1,
                "maximum": 1,
                "default": 0.8,
                "description": "Smallest share of its expected values with which a month or a "
                "year counts.",
            },
            "confidence": {
                "type": "number",
                "minimum": 0.5,
                "maximum": 0.999,
                "default": 0.95,
                "description": "Confidence of the intervals.",
            },
            "autocorrelation": {
                "type": "string",
                "enum": ["hamed_rao", "yue_wang", "none"],
                "default": "yue_wang",
                "description": "Correction of the test's variance for dependent values; it never "
                "shrinks below 1.",
            },
        },
        required=("variable",),
        references=(
            "Theil 1950, Proc. Kon. Ned. Akad. v. Wetensch. A 53, 386–392",
            "Sen 1968, doi:10.1080/01621459.1968.10480934",
            "Mann 1945, doi:10.2307/1907187",
            "Kendall 1975, Rank Correlation Methods, Griffin, London",
            "Hamed and Rao 1998, doi:10.1016/S0022-1694(97)00125-X",
            "Yue and Wang 2004, doi:10.1023/B:WARM.0000043140.61082.60",
        ),
        version=1,
        compute=trend,
    )
)
