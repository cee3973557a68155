"""What all results have in common: their head, and numbers that are valid JSON."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.series import Series


def head(series: Series) -> dict[str, Any]:
    """Say what was computed on: the series, its unit, how many values and from when to when."""
    return {
        "variable": series.variable,
        "station": series.station,
        "unit": series.unit,
        "n": int(series.values.size),
        "left_out": series.left_out,
    } | extent(series.timestamps)


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
