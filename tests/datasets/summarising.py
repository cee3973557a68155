"""Statistics by period as pandas works them out, from points as they were sent."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

Point = dict[str, Any]

BY_PANDAS = ["mean", "min", "max", "sum", "count", "median", "std"]
HOURS = {"hour": 1, "3h": 3, "6h": 6, "12h": 12}


def keys(times: pd.DatetimeIndex, step: str, zone: str) -> pd.Index:
    """Which period each instant is in: what the clock and the calendar there say."""
    wall = times.tz_convert(zone).tz_localize(None)
    months = wall.year * 12 + wall.month - 1
    days = (wall.normalize() - pd.Timestamp("1969-12-29")).days
    if step == "hour":
        # An hour that comes twice is two: they differ by how far the clock is from UTC.
        return pd.Index((wall.floor("h") - (wall - times.tz_localize(None))).asi8)
    if step in HOURS:
        return pd.Index(days * 24 + wall.hour // HOURS[step])
    found: dict[str, pd.Index] = {
        "day": days,
        "week": days // 7,
        "month": months,
        "quarter": months // 3,
        "season": (months + 1) // 3,
        "year": wall.year,
    }
    return found[step]


def frame(points: Iterable[Point], variable: str) -> pd.DataFrame:
    """The values of a variable: `station`, `time`, `value`, `failed`."""
    rows = [
        (
            one.get("station", ""),
            one["timestamp"],
            one["value"][variable],
            one.get("metadata", {}).get("quality", {}).get(variable) == 4,
        )
        for one in points
        if variable in one["value"]
    ]
    found = pd.DataFrame(rows, columns=["station", "time", "value", "failed"])
    found = found.astype({"value": float, "failed": bool})
    return found.assign(time=pd.to_datetime(found["time"], utc=True, format="ISO8601"))


def statistics(
    values: pd.DataFrame, step: str, zone: str = "UTC", *, failed: bool = False
) -> pd.DataFrame:
    """Statistics of the values that count, by station and period; a sample's deviation."""
    values = values.assign(period=keys(pd.DatetimeIndex(values["time"]), step, zone))
    by_period = ["station", "period"]
    flagged = values.groupby(by_period)["failed"].sum()
    counted = values if failed else values[~values["failed"]]
    groups = counted.groupby(by_period)["value"]
    found = groups.agg(BY_PANDAS).reindex(flagged.index)
    for name, share in (("p05", 0.05), ("p95", 0.95)):
        found[name] = groups.quantile(share)
    return found.assign(count=found["count"].fillna(0), flagged=flagged)


def compare(
    results: list[dict[str, Any]],
    expected: pd.DataFrame,
    *,
    step: str,
    variable: str,
    zone: str = "UTC",
) -> None:
    """Each period of an answer holds what it should; one that should hold nothing is empty."""
    times = pd.DatetimeIndex(pd.to_datetime([one["timestamp"] for one in results], utc=True))
    periods = [[one["station"] for one in results], keys(times, step, zone)]
    index = pd.MultiIndex.from_arrays(periods, names=["station", "period"])
    assert index.is_unique
    assert expected.index.isin(index).all()
    found = pd.DataFrame([one["value"][variable] for one in results], index=index)
    should = expected.reindex(index).fillna({"count": 0, "flagged": 0})
    for name in found.columns.intersection(should.columns):
        np.testing.assert_allclose(
            found[name].astype(float), should[name].astype(float), rtol=1e-9, atol=1e-9,
            err_msg=name,
        )  # fmt: skip
