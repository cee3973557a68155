"""What all results have in common: their head, and numbers that are valid JSON."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.series import Series

# Counts, times and windows: what the unit of a group they stand in does not speak of.
ALONE = re.compile(
    r"n|(n|df)_.+|timestamps?|start|end|at|year|month|day|periods?|(.+_)?windows?", re.ASCII
)
LIMIT = re.compile(r"(.+)_(lower|upper)", re.ASCII)


def head(series: Series) -> dict[str, Any]:
    """Say what was computed on: the series, its unit, how many values and from when to when."""
    return {
        "variable": series.variable,
        "station": series.station,
        "unit": series.unit,
        "n": int(series.values.size),
        "left_out": series.left_out,
    } | extent(series.timestamps)


def head_of(series: Series, used: NDArray[np.bool_]) -> dict[str, Any]:
    """The same where only some of the values are used."""
    stamps = series.timestamps[used]
    return head(series) | {"n": int(stamps.size)} | extent(stamps)


def extent(moments: NDArray[np.datetime64]) -> dict[str, str | None]:
    """First and last of ascending times; None where there are none."""
    if not moments.size:
        return {"start": None, "end": None}
    start, end = timestamps_of(moments[[0, -1]])
    return {"start": start, "end": end}


def timestamps_of(moments: NDArray[np.datetime64]) -> list[str]:
    """RFC 3339 in UTC, with microseconds only where there are any."""
    moments = np.atleast_1d(moments).astype("datetime64[us]")
    if (moments.astype(np.int64) % 1_000_000).any():
        return [text.removesuffix(".000000") + "Z" for text in np.datetime_as_string(moments)]
    return [text + "Z" for text in np.datetime_as_string(moments, unit="s")]


def per(unit: str, span: str) -> str:
    """Name the unit of a slope; a unit that is not declared stays unnamed."""
    return f"{unit} per {span}".strip()


def square(unit: str) -> str:
    return f"({unit})^2" if unit else ""


def unit_of(units: Mapping[str, str], path: str) -> str | None:
    """Find the unit of a number of the results; "1" where it has none.

    What `units` says of the longest end of its path counts, then of the nearest group it stands
    in, then of its bare name, then of what it is a limit of (`hac_per_decade_lower`). Places in
    lists are no part of a path.

    Parameters
    ----------
    units : those of the results
    path : such as "mapping.validation.improvement.mae" or "return_levels.3.lower"

    Returns
    -------
    str or None
        None where nothing is said, as of counts and times.
    """
    names = [name for name in path.split(".") if not name.isdecimal()]
    *longer, name = ends_of(names)
    groups = [one for size in range(len(names) - 1, 0, -1) for one in ends_of(names[:size])]
    limit = LIMIT.fullmatch(name)
    of_limit = ends_of(limit[1].split("_"), "_") if limit else []
    known = (*longer, *([] if ALONE.fullmatch(name) else groups), name, *of_limit)
    return next((units[one] for one in known if one in units), None)


def ends_of(names: Sequence[str], by: str = ".") -> list[str]:
    """The whole and each shorter end of it, the longest first."""
    return [by.join(names[first:]) for first in range(len(names))]


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """Turn numpy's types into Python's, and what is not finite into None, all the way down."""
    return {name: plain_value(value) for name, value in result.items()}


def plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list | tuple):
        return [plain_value(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain_value(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
