"""Which values made a climate index of one year or month, and why the others did not."""

from collections.abc import Sequence

import numpy as np

from analyses.methods.day_thresholds import BASE_SHARE
from analyses.methods.index_definitions import INDICES, Index, season_edges
from analyses.methods.index_preparation import Prepared
from analyses.methods.slopes import Ints
from analyses.registry import Explanation
from datasets.series import Series

REASONS = (
    "",
    "It is in another period.",
    "It is in another period, and outside the base period.",
    "It is a dry day of the base period, and thresholds are of wet days.",
    "Its year or month misses more days than are allowed.",
    "The index is not computed from this variable.",
    (
        "Its day of the year has no threshold: the base period has under "
        f"{100 * BASE_SHARE:.0f} % of the values around it."
    ),
)
OTHER, OUTSIDE_BASE, DRY, INCOMPLETE, NOT_NEEDED, NO_THRESHOLD = range(1, 7)


def explained(
    series: Series, name: str, path: Sequence[str | int], prepared: Prepared
) -> Explanation:
    """Explain the number at such a path as ("annual", "FD", 12), for the series of a parameter.

    Any other path leads to what all values made.
    """
    codes = np.zeros(series.values.size, np.int64)
    found = number_at(path, prepared)
    if found is None:
        return Explanation(codes, REASONS)
    index, step, place = found
    if name not in index.needs:
        return not_needed(series)
    start, end = period_of(index, step, place, prepared)
    days = series.timestamps.astype("datetime64[D]")
    places = (days - prepared.days.dates[0]).astype(np.int64)
    is_inside = (places >= start - index.reach) & (places < end)
    is_whole = bool(prepared.is_whole(index, step)[place])
    inside = np.full_like(codes, 0 if is_whole else INCOMPLETE)
    if index.part is not None:
        has_none = np.isnan(prepared.weather.limits(name, index.part)[places])
        inside[has_none] = NO_THRESHOLD
    is_from_base = index.wants_base and is_whole
    outside = codes_in_base(name, places, prepared) if is_from_base else OTHER
    return Explanation(np.where(is_inside, inside, outside), REASONS)


def not_needed(series: Series) -> Explanation:
    return Explanation(np.full(series.values.size, NOT_NEEDED), REASONS)


def number_at(path: Sequence[str | int], prepared: Prepared) -> tuple[Index, str, int] | None:
    """The index, the step and the place in its column; None where the path is of no number."""
    if len(path) != 3 or path[0] not in {"annual", "monthly"} or path[1] not in INDICES:
        return None
    step, place = str(path[0]), int(path[2])
    days = prepared.days
    edges = days.year_edges if step == "annual" else days.month_edges
    return (INDICES[str(path[1])], step, place) if 0 <= place < edges.size - 1 else None


def period_of(index: Index, step: str, place: int, prepared: Prepared) -> tuple[int, int]:
    """First day of the period, and of the next."""
    days = prepared.days
    if index.name == "GSL":
        starts, _, ends = season_edges(prepared.weather)
        return (int(starts[place]), int(ends[place])) if place < ends.size else (0, 0)
    edges = days.year_edges if step == "annual" else days.month_edges
    return int(edges[place]), int(edges[place + 1])


def codes_in_base(name: str, places: Ints, prepared: Prepared) -> Ints:
    """Every day of the base period may have helped to make a threshold."""
    weather = prepared.weather
    codes = np.where(weather.is_in_base[places], 0, OUTSIDE_BASE)
    if name == "precipitation":
        is_dry = weather.is_in_base[places] & ~weather.is_wet[places]
        codes = np.where(is_dry, DRY, codes)
    return codes
