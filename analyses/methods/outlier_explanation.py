"""Which values of a series a check looks at to judge one of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analyses.methods.outlier_checks import is_near, seasons
from analyses.methods.slopes import Ints
from datasets.series import Series


def looked_at(name: str, series: Series, place: int, given: Mapping[str, Any]) -> Ints:
    """Places of the values behind the score that a check gives to the value at a place.

    Parameters
    ----------
    given : parameters of the analysis, and the neighbours
    """
    if name == "hampel":
        window = given["hampel_window"]
        first = min(max(place - window // 2, 0), series.values.size - window)
        return np.arange(first, first + window)
    if name == "seasonal_iqr":
        every = seasons(series, given["season"], given["window_days"])
        return next(around for judged, around in every if place in judged)
    if name == "jumps":
        # The spread is that of all steps that lead over no gap.
        near = np.flatnonzero(is_near(series))
        return np.union1d(near, near + 1)
    if name == "flat_lines":
        edges = np.flatnonzero(np.diff(series.values) != 0) + 1
        run = np.searchsorted(edges, place, side="right")
        bounds = np.concatenate([[0], edges, [series.values.size]])
        return np.arange(bounds[run], bounds[run + 1])
    return np.arange(series.values.size)
