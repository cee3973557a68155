"""Which values of a series are its extremes, and why each of the others is none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analyses.methods.calendar import not_complete
from analyses.methods.extreme_samples import Part, find_blocks, find_peaks, level_of, part_of
from analyses.registry import Explanation
from datasets.series import Series

OUTSIDE = "It is not in the part of the year that is taken."


def explain(  # noqa: PLR0913 - those of the parameters that choose values
    series: Series,
    path: Sequence[str | int],
    *,
    approach: str = "block_maxima",
    side: str = "highest",
    block: str = "year",
    first_month: int = 1,
    min_coverage: float = 0.8,
    threshold: float | None = None,
    threshold_quantile: float = 0.95,
    run_days: float = 3,
    **_others: Any,
) -> Explanation:
    """The extremes, and why each of the other values is none; of one block, those within it."""
    part = part_of(block, first_month)
    sign = 1.0 if side == "highest" else -1.0
    turned = replace(series, values=sign * series.values)
    if approach == "block_maxima":
        place = path[2] if len(path) > 2 and path[0] == "blocks" else None
        return _of_blocks(turned, part, min_coverage=min_coverage, place=place, side=side)
    level = level_of(turned, part, sign, threshold=threshold, quantile=threshold_quantile)
    return _of_peaks(turned, part, threshold=level, run_days=run_days, side=side)


def _of_blocks(
    series: Series, part: Part, *, min_coverage: float, place: object, side: str
) -> Explanation:
    numbers, inside = part.numbers(series.timestamps)
    blocks = find_blocks(series, part, min_coverage=min_coverage)
    codes = np.where(np.isin(numbers, blocks.years[blocks.counted]), 1, 2)
    codes[blocks.places[blocks.counted]] = 0
    codes[~inside] = 3
    if isinstance(place, int) and 0 <= place < blocks.years.size:
        codes[inside & (numbers != blocks.years[place])] = 4
    first = f"It is not the {side} of its block."
    second = not_complete("block")
    return Explanation(codes, ("", first, second, OUTSIDE, "It is in another block."))


def _of_peaks(
    series: Series, part: Part, *, threshold: float, run_days: float, side: str
) -> Explanation:
    peaks = find_peaks(series, part, threshold=threshold, run_days=run_days)
    codes = np.ones(series.values.size, np.int64)
    codes[peaks.above] = 2
    codes[peaks.places] = 0
    codes[~part.numbers(series.timestamps)[1]] = 3
    first = f"It is not {'above' if side == 'highest' else 'below'} the threshold."
    second = "A more extreme value, or the first of equal ones, stands for the same event."
    return Explanation(codes, ("", first, second, OUTSIDE))
