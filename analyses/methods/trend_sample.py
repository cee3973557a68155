"""What a trend is fitted to: values, or means of complete months or years."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import PeriodMeans, interval_of, period_means, years_since
from analyses.methods.slopes import Floats
from datasets.series import Series

YEARS_FOR_MEANS = 10
SHORT_YEARS = 10
NORMAL_YEARS = 30


@dataclass(frozen=True, slots=True)
class Sample:
    """What the line is fitted to; the timestamp of a mean is the start of its period."""

    step: str
    timestamps: NDArray[np.datetime64]
    values: Floats
    years: float
    used: NDArray[np.bool_]


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
    where = means.places_of(series.timestamps)
    return Sample(means.step, means.periods[counted], means.means[counted], years, counted[where])


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
