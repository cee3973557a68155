"""What each period is expected to be: its season and the level around it, both robust."""

from typing import Literal

import numpy as np

from analyses.methods.normals import DAYS, LEAP_DAY
from analyses.methods.periods import Periods
from analyses.methods.slopes import Floats

Seasonal = Literal["medians", "stl"]

# Periods from which the level of one is taken: four years, or fifteen where there are no seasons.
WINDOWS = {"day": 1461, "month": 48, "year": 15}
SEASONS = {"day": DAYS, "month": 12, "year": 1}
DAYS_AROUND = 7
STL_YEARS = 35
ROUNDS = 3


def expected_of(periods: Periods, seasonal: Seasonal) -> Floats:
    """Season plus level, for every period, in the unit of the series.

    By turns, three times: the level is a robust local line through what the season leaves, and the
    season the median of what the level leaves, of each month or day of the year (with seven days on
    both sides). "stl" then takes the season of a robust STL instead. None of them sees a few values
    that are far out.
    """
    season = np.zeros(periods.values.size)
    if periods.step != "year":
        season = median_season(periods, np.full(season.size, np.nanmedian(periods.values)))
        for _ in range(ROUNDS - 1):
            season = median_season(periods, level_of(periods, season))
        if seasonal == "stl":
            season = stl_season(periods, season)
    return season + level_of(periods, season)


def level_of(periods: Periods, season: Floats) -> Floats:
    """Robust local line through what the season leaves of the values that are there."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    window = WINDOWS[periods.step]
    rest = periods.values - season
    places, there = np.arange(rest.size, dtype=float), np.isfinite(rest)
    share = min(1.0, window / int(there.sum()))
    # Lines between fits that are a fiftieth of a window apart.
    found = lowess(rest[there], places[there], frac=share, it=3, delta=window / 50)
    return np.asarray(np.interp(places, found[:, 0], found[:, 1]))


def median_season(periods: Periods, level: Floats) -> Floats:
    """Median distance of each season from the level, at every period."""
    distances = periods.values - level
    there = np.isfinite(distances)
    distances, seasons = distances[there], periods.season[there]
    reach = DAYS_AROUND if periods.step == "day" else 0
    order = np.argsort(seasons, kind="stable")
    count = SEASONS[periods.step]
    groups = np.split(distances[order], np.searchsorted(seasons[order], np.arange(1, count)))
    table = np.array([median_around(groups, place, reach) for place in range(count)])
    return np.asarray(table[periods.season])


def median_around(groups: list[Floats], place: int, reach: int) -> float:
    around = [groups[(place + shift) % len(groups)] for shift in range(-reach, reach + 1)]
    sample = np.concatenate(around)
    return float(np.median(sample)) if sample.size else 0.0


def stl_season(periods: Periods, season: Floats) -> Floats:
    """Season of a robust STL, which may change over decades; of days, the mean of the 15 around.

    What is missing is filled with what the medians lead to expect, for this only. 29 February lies
    between its neighbours, so that a day of the year always has the same place in STL's period.
    """
    import pandas as pd
    from statsmodels.tsa.seasonal import STL

    expected = season + level_of(periods, season)
    filled = np.where(np.isfinite(periods.values), periods.values, expected)
    is_day = periods.step == "day"
    kept = periods.season != LEAP_DAY if is_day else np.ones(filled.size, np.bool_)
    length = 365 if is_day else 12
    # As R's stl: a local line at every tenth place of its window, and straight lines between.
    jumps = {"seasonal_jump": 4, "trend_jump": length // 6, "low_pass_jump": max(1, length // 10)}
    model = STL(filled[kept], period=length, seasonal=STL_YEARS, robust=True, **jumps)
    found = pd.Series(model.fit(inner_iter=1, outer_iter=15).seasonal)
    if is_day:
        found = found.rolling(2 * DAYS_AROUND + 1, center=True, min_periods=1).mean()
    places = np.arange(filled.size)
    return np.asarray(np.interp(places, places[kept], found))
