"""Summary of a series: how many values, how they lie, which are records, and what is missing."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analyses.methods.calendar import SECOND, Interval, Moments, interval_of, month_of
from analyses.methods.results import head, plain, timestamps_of
from analyses.methods.slopes import Floats, Ints
from analyses.methods.variables import TURNS, is_direction
from analyses.methods.words import description
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

QUANTILES = {"p01": 1, "p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "p99": 99}
MOMENTS = ("mean", "std", "skewness", "kurtosis")
RECORDS = 5  # highest and lowest values that are listed


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
        Records have the time they were seen, the earliest where several are equal; months are UTC.
        What needs more values than there are, or values that differ, is None; `reason` says so.

    References
    ----------
    Percentiles: type 7 of Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566. Standard
    deviation with n − 1. Skewness g1 and excess kurtosis g2 of Joanes and Gill 1998,
    doi:10.1111/1467-9884.00122, not corrected for small samples.
    """
    return plain(
        head(series)
        | {"units": units_of(series.unit), "count": series.values.size}
        # No other flag leaves values out.
        | {"left_out_by_flag": {"failed": series.left_out}}
        | places(series)
        | records(series)
        | {"records_by_month": records_by_month(series)}
        | (moments(series.values) | quantiles(series.values))
        | presence(series)
        | {"reason": reason_against(series.values)}
        | (without_a_line() if is_direction(series.standard_name) else {})
    )


def without_a_line() -> dict[str, Any]:
    """In place of what a direction does not have."""
    reason = TURNS.format(what="mean, spread or quantiles") + "."
    return dict.fromkeys((*MOMENTS, *QUANTILES)) | {"reason": reason}


def units_of(unit: str) -> dict[str, str]:
    valued = ("first", "last", "min", "max", "highest", "lowest", "mean", "std", *QUANTILES)
    return dict.fromkeys(valued, unit) | {
        "skewness": "1",
        "kurtosis": "1",
        "completeness": "1",
        "longest_gap.seconds": "s",
    }


def reason_against(values: Floats) -> str | None:
    if values.size == 0:
        return "There are no values."
    if values.size == 1:
        return "A spread and gaps need at least 2 values, and there is 1."
    if values.size == 2:
        return "Skewness and kurtosis need at least 3 values, and there are 2."
    return None if np.ptp(values) > 0 else "Equal values have neither skewness nor kurtosis."


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


def records(series: Series) -> dict[str, list[dict[str, Any]]]:
    """The few highest and lowest values with their times, the most extreme first."""
    order = {"highest": -series.values, "lowest": series.values}
    return {
        name: listed(series, np.argsort(by, kind="stable")[:RECORDS]) for name, by in order.items()
    }


def listed(series: Series, at: Ints) -> list[dict[str, Any]]:
    stamps = timestamps_of(series.timestamps[at]) if at.size else []
    return [
        {"value": value, "timestamp": stamp}
        for value, stamp in zip(series.values[at], stamps, strict=True)
    ]


def records_by_month(series: Series) -> list[dict[str, Any]]:
    """Highest and lowest value ever seen in each month of the year, January first."""
    months = month_of(series.timestamps)
    found = []
    for month in range(1, 13):
        at = np.flatnonzero(months == month)
        entry: dict[str, Any] = {"month": month, "n": at.size, "highest": None, "lowest": None}
        if at.size:
            values = series.values[at]
            ends = at[[int(np.argmax(values)), int(np.argmin(values))]]
            entry["highest"], entry["lowest"] = listed(series, ends)
        found.append(entry)
    return found


def moments(values: Floats) -> dict[str, float | None]:
    answer: dict[str, float | None] = dict.fromkeys(MOMENTS)
    # Divided by a power of two, which changes no digit, no square vanishes or overflows.
    scale = math.ldexp(1.0, math.frexp(float(np.abs(values).max(initial=0.0)))[1] - 1)
    values = values / scale
    if values.size:
        answer["mean"] = float(np.mean(values)) * scale
    if values.size > 1:
        answer["std"] = float(np.std(values, ddof=1)) * scale
    if values.size > 2 and np.ptp(values) > 0:
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
    if interval.parts:
        return np.diff(interval.part_numbers(moments))
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


def explain(series: Series, path: Sequence[str | int]) -> Explanation:
    """All values; of the records of a month those of that month."""
    codes = np.zeros(series.values.size, np.int64)
    place = path[1] if len(path) > 1 and path[0] == "records_by_month" else None
    if isinstance(place, int):
        codes[month_of(series.timestamps) != place + 1] = 1
    return Explanation(codes, ("", "It is of another month."))


analyses.add(
    Analysis(
        name="summary",
        title="Summary",
        description=(
            "Count, first, last, mean, spread, percentiles, records with their times, completeness "
            "and the longest gap of each series."
        ),
        parameters={},
        missing="Nothing is filled; what is missing is counted against the interval of the values.",
        references=(
            "Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566 (percentiles, type 7)",
            "Joanes and Gill 1998, doi:10.1111/1467-9884.00122 (skewness g1, kurtosis g2)",
        ),
        version=2,
        several=True,
        takes_directions=True,
        compute=summary,
        says=description.summary,
        explain=explain,
    )
)
