"""Colours for numbers, and axes of numbers, that several kinds share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualizations.charts import look, words
from visualizations.charts.look import Spec

LEGEND_PX = 280
# So small a part of the largest is rounding: an axis could not tell its ends apart.
LEAST_SPAN = 1e-9


def span(*columns: NDArray[np.float64], zero: bool = False) -> tuple[float, float]:
    """Round limits around all finite values with some air; a constant gets room around it."""
    found = np.concatenate([np.ravel(one) for one in columns] or [np.zeros(0)])
    found = found[np.isfinite(found)]
    if not found.size:
        return 0.0, 1.0
    # Beyond this the renderer's numbers overflow.
    low, high = (float(np.clip(v, -1e300, 1e300)) for v in (found.min(), found.max()))
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    largest = max(abs(low), abs(high))
    air = max(0.04 * (high - low) or 0.1 * largest or 1.0, LEAST_SPAN * largest)
    return look.nice(max(0.0, low - air) if low >= 0 else low - air, high + air)


def axis(title: str, domain: tuple[float, float], *, across: bool = False, **more: Any) -> Spec:
    """Type, scale and axis of numbers between two limits."""
    room = "width / 90" if across else "height / 50"
    if max(map(abs, domain)) < look.SMALL:
        more = {"format": ".2e", **more}
    return {
        "type": "quantitative",
        "scale": {"domain": [*domain], "nice": False, "zero": False, "clamp": True},
        "axis": {
            "title": title,
            "tickCount": {"expr": f"max(2, ceil({room}))"},
            "labelOverlap": True,
            "labelSeparation": 8,
            **more,
        },
    }


def named(name: str, unit: str) -> str:
    """The title of an axis: a name with its unit."""
    shown = words.unit(unit)
    return f"{name}, {shown}" if shown else name


def coloured(
    domain: tuple[float, float],
    colours: Sequence[str],
    *,
    title: str,
    unit: str = "",
    is_count: bool = False,
) -> Spec:
    """Field `v` in colours that end at both ends, and a legend that says so."""
    low, high = domain
    middle = (low + high) / 2
    digits = 0 if is_count else words.decimals(high - low) + 1
    below = "" if is_count else "≤ "
    # Only units that we spell ourselves may stand in an expression.
    shown = f" {words.unit(unit)}" if words.is_known(unit) and words.unit(unit) else ""
    told = [words.number(value, digits) + shown for value in (low, middle, high)]
    return {
        "field": "v",
        "type": "quantitative",
        "scale": {
            "type": "linear",
            "domain": np.linspace(low, high, len(colours)).tolist(),
            "range": list(colours),
            "interpolate": "rgb",
            "clamp": True,
        },
        "legend": {
            "orient": "top",
            "direction": "horizontal",
            "title": title,
            "gradientLength": LEGEND_PX,
            "gradientThickness": 13,
            "values": [low, middle, high],
            "labelExpr": f"datum.perc < 0.25 ? '{below}{told[0]}'"
            f" : datum.perc > 0.75 ? '≥ {told[2]}' : '{told[1]}'",
        },
    }
