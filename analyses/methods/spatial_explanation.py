"""Which values of a series and of its neighbours the check against neighbours looks at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.neighbours import Bools, fit
from analyses.methods.slopes import Floats
from analyses.methods.spatial_check import DAY, MIN_PAIRS, closest, windows
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
    used = np.zeros(table.shape, np.bool_)
    for judged, around, counts in _windows(series, table, given):
        if doubt is not None and not judged.start <= doubt.place < judged.stop:
            continue
        there = np.isfinite(table[doubt.place]) if doubt and doubt.is_estimate else True
        used[around] |= counts & there & np.isfinite(table[around])
    return used


def _windows(
    series: Series, table: Floats, given: Mapping[str, Any]
) -> Iterator[tuple[slice, slice, Bools]]:
    """Places that are judged, those they are judged by, and which neighbours count."""
    least = given["min_neighbours"]
    if table.shape[1] < least:
        return
    for judged, around in windows(series):
        lines = fit(series.values[around], table[around])
        usable = lines.usable(min_pairs=MIN_PAIRS, min_correlation=given["min_correlation"])
        if usable.sum() >= least:
            yield judged, around, usable & (lines.agreements > 0)


def explain_partner(
    series: Series, number: int, doubt: Doubt | None, given: Mapping[str, Any]
) -> Explanation:
    """Which values of a neighbour, from 0, are in these pairs."""
    used = pairs_behind(series, doubt, given)
    stamps = given["neighbours"][number].timestamps
    if not used[:, number].any():
        return Explanation(np.full(stamps.size, NOT_ALIKE), REASONS)
    _, shifts = closest(series, given["neighbours"])
    mine = used[:, number]
    partners = (series.timestamps + shifts[:, number] * DAY)[mine]
    around = series.timestamps[used.any(axis=1)]
    codes = np.where((stamps < around[0]) | (stamps > around[-1]), NOT_AROUND, NO_PAIR)
    codes[np.isin(stamps, partners)] = 0
    return Explanation(codes, REASONS)
