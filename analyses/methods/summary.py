"""Summary of a series: how many values, how they lie, and what is missing."""

from typing import Any

import numpy as np

from analyses.methods.calendar import SECOND, Interval, Moments, interval_of
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.slopes import Floats
from analyses.registry import Analysis, analyses
from datasets.series import Series

QUANTILES = {"p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}
MOMENTS = ("mean", "std", "skewness", "kurtosis")


@np.errstate(over="ignore", invalid="ignore")
def summary(series: Series) -> dict[str, Any]:
    """Describe a series in numbers.

    Parameters
    ----------
    series : in its unit

    Returns
    -------
    dict
        Over the values there are; nothing is filled. Values are in the unit of the series, skewness
        and kurtosis in none; completeness is a share from 0 to 1, the longest gap is in seconds.
        What needs more values than there are is None; `reason` says so under two.

    References
    ----------
    Percentiles: type 7 of Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566. Standard
    deviation with n − 1. Skewness g1 and excess kurtosis g2 of Joanes and Gill 1998,
    doi:10.1111/1467-9884.00122, not corrected for small samples.
    """
    return plain(
        head(series)
        | {"units": units_of(series.unit), "count": series.values.size}
        | places(series)
        | moments(series.values)
        | quantiles(series.values)
        | presence(series)
        | {"reason": reason_against(series.values.size)}
    )


def units_of(unit: str) -> dict[str, str]:
    valued = ("first", "last", "min", "max", "mean", "std", *QUANTILES)
    return dict.fromkeys(valued, unit) | {
        "skewness": "1",
        "kurtosis": "1",
        "completeness": "1",
        "longest_gap.seconds": "s",
    }


def reason_against(count: int) -> str | None:
    if count == 0:
        return "There are no values."
    return "A spread and gaps need at least 2 values, and there is 1." if count == 1 else None


def places(series: Series) -> dict[str, Any]:
    """First, last, smallest and largest value with their times, the earliest where several tie."""
    values = series.values
    if values.size == 0:
        return dict.fromkeys(("first", "last", "min", "max"))
    at = {
        "first": 0,
        "last": values.size - 1,
        "min": int(np.argmin(values)),
        "max": int(np.argmax(values)),
    }
    stamps = timestamps_of(series.timestamps[list(at.values())])
    return {
        name: {"value": values[place], "timestamp": stamp}
        for (name, place), stamp in zip(at.items(), stamps, strict=True)
    }


def moments(values: Floats) -> dict[str, float | None]:
    answer: dict[str, float | None] = dict.fromkeys(MOMENTS)
    if values.size:
        answer["mean"] = float(np.mean(values))
    if values.size > 1:
        answer["std"] = float(np.std(values, ddof=1))
    if values.size > 2 and np.ptp(values) > 0:
        # In standard deviations, so that their powers neither vanish nor overflow.
        scaled = (values - np.mean(values)) / np.std(values)
        answer["skewness"] = float(np.mean(scaled**3))
        answer["kurtosis"] = float(np.mean(scaled**4)) - 3
    return answer


def quantiles(values: Floats) -> dict[str, float | None]:
    if values.size == 0:
        return dict.fromkeys(QUANTILES)
    found = np.percentile(values, list(QUANTILES.values()))
    return dict(zip(QUANTILES, map(float, found), strict=True))


def presence(series: Series) -> dict[str, Any]:
    """How many values there should be from the first to the last, and the longest gap."""
    interval = interval_of(series)
    answer: dict[str, Any] = {
        "interval": str(interval) if interval else None,
        "interval_source": None,
        "expected": None,
        "completeness": None,
        "longest_gap": None,
    }
    if interval is None:
        return answer
    answer["interval_source"] = (
        "the most common spacing of the values" if interval.inferred else "declared"
    )
    if series.values.size == 0:
        return answer
    expected = int(intervals_between(series.timestamps[[0, -1]], interval)[0]) + 1
    answer["expected"] = expected
    answer["completeness"] = min(1.0, series.values.size / expected)
    answer["longest_gap"] = longest_gap(series, interval)
    return answer


def intervals_between(moments: Moments, interval: Interval) -> Any:
    """Whole intervals from each moment to the next; a quarter of one too early still counts."""
    if interval.months:
        return np.diff(moments.astype("datetime64[M]")).astype(np.int64) // interval.months
    spacing = np.diff(moments).astype("timedelta64[us]").astype(np.int64)
    return (spacing + interval.microseconds // 4) // interval.microseconds


def longest_gap(series: Series, interval: Interval) -> dict[str, Any] | None:
    """Between two neighbours with at least one expected value missing between them."""
    missing = intervals_between(series.timestamps, interval) - 1
    spacing = np.diff(series.timestamps).astype("timedelta64[us]").astype(np.int64)
    if not (missing > 0).any():
        return None
    place = int(np.argmax(np.where(missing > 0, spacing, 0)))
    start, end = timestamps_of(series.timestamps[place : place + 2])
    return {
        "start": start,
        "end": end,
        "seconds": spacing[place] / SECOND,
        "missing": missing[place],
    }


analyses.add(
    Analysis(
        name="summary",
        title="Summary",
        description=(
            "Count, first, last, extremes with their times, mean, spread, percentiles, "
            "completeness and the longest gap of each series."
        ),
        parameters={},
        required=(),
        references=(
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (percentiles, type 7)",
            "Joanes and Gill 1998, doi:10.1111/1467-9884.00122 (skewness g1, kurtosis g2)",
        ),
        version=1,
        several=True,
        compute=summary,
    )
)
