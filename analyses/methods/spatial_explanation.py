"""Which values of a series and of its neighbours the check against neighbours looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.neighbours import Bools
from analyses.methods.slopes import Floats
from analyses.methods.spatial_check import DAY, closest, judgements
from analyses.registry import Explanation
from datasets.series import Series

NO_PAIR, NOT_AROUND, NOT_ALIKE = range(1, 4)
REASONS = (
    "",
    (
        "No pair of it counts: the series has no value then, another of three days is closer, or "
        "the stations are too unlike then."
    ),
    "It is of another time than the values that the lines are fitted to.",
    "This station does not count: it has no value then, too few in common, or is too unlike.",
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubted value, or one number of it.

    Attributes
    ----------
    place : of the value in the series
    names : checks that are asked about
    is_estimate : whether only what is expected there is asked about
    """

    place: int
    names: list[str]
    is_estimate: bool = False


def pairs_behind(series: Series, doubt: Doubt | None, given: Mapping[str, Any]) -> Bools:
    """Which pairs the lines behind a doubt, or behind all judgements, are fitted to: (n, k).

    What is expected of a value is said by the lines from those neighbours that have a value at its
    time; its score by how far off all lines are, at all times around.
    """
    table, _ = closest(series, given["neighbours"])
    return _pairs(series, table, doubt, given)


def _pairs(series: Series, table: Floats, doubt: Doubt | None, given: Mapping[str, Any]) -> Bools:
    used = np.zeros(table.shape, np.bool_)
    least = {name: given[name] for name in ("min_correlation", "min_neighbours")}
    if table.shape[1] < least["min_neighbours"]:
        return used
    for judged, around, _, weights in judgements(series, table, **least):
        if doubt is not None and not judged.start <= doubt.place < judged.stop:
            continue
        there = np.isfinite(table[doubt.place]) if doubt and doubt.is_estimate else True
        used[around] |= (weights > 0) & there & np.isfinite(table[around])
    return used


def explain_partner(
    series: Series, number: int, doubt: Doubt | None, given: Mapping[str, Any]
) -> Explanation:
    """Which values of a neighbour, from 0, are in these pairs."""
    table, shifts = closest(series, given["neighbours"])
    used = _pairs(series, table, doubt, given)
    mine = used[:, number]
    stamps = given["neighbours"][number].timestamps
    if not mine.any():
        return Explanation(np.full(stamps.size, NOT_ALIKE), REASONS)
    partners = (series.timestamps + shifts[:, number] * DAY)[mine]
    around = series.timestamps[used.any(axis=1)]
    codes = np.where((stamps < around[0]) | (stamps > around[-1]), NOT_AROUND, NO_PAIR)
    codes[np.isin(stamps, partners)] = 0
    return Explanation(codes, REASONS)
