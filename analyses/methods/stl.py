"""Season, trend and remainder by loess: one season (STL) or several (MSTL)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyses.methods.progress import progress
from analyses.methods.slopes import Floats

ROUNDS = 2  # so often several seasons are taken out one after the other
# Wide smoothers are computed at so many places within a window and interpolated between, as R's stl
# does it at ten; with windows of years of days this is ten times faster.
PLACES_A_WINDOW = 50


@dataclass(frozen=True, slots=True)
class Smoothing:
    """One season: its length, and over how many of it it is smoothed; windows are odd.

    Period and trend window are in steps, the season's own window in seasons.
    """

    period: int
    window: int
    trend_window: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What adds up to the values.

    Attributes
    ----------
    trend, remainder : shape (n,)
    seasons : shape (seasons, n)
    """

    trend: Floats
    seasons: Floats
    remainder: Floats


def smoothing_of(period: int, *, place: int, window: int | None, trend: int | None) -> Smoothing:
    """Fill in windows that are left open.

    That of the season grows with its place among the seasons: 11, 15, 19 (Bandara, Hyndman and
    Bergmeir 2021). That of the trend is the smallest that does not follow the season (Cleveland et
    al. 1990, section 3).
    """
    window = window or 11 + 4 * place
    if trend is None:
        trend = math.ceil(1.5 * period / (1 - 1.5 / window))
        trend += 1 - trend % 2
    return Smoothing(period, window, trend)


def decompose(y: Floats, smoothings: Sequence[Smoothing], *, robust: bool) -> Parts:
    """Take the seasons out, shortest first, each from what the others leave.

    Cleveland et al. 1990; for several seasons Bandara, Hyndman and Bergmeir 2021, algorithm 1. The
    trend is that of the last.
    """
    from statsmodels.tsa.seasonal import STL

    seasons, rest, trend = np.zeros((len(smoothings), y.size)), y, np.zeros(y.size)
    rounds = ROUNDS if len(smoothings) > 1 else 1
    for turn in range(rounds):
        for place, one in enumerate(smoothings):
            rest = rest + seasons[place]
            fit = STL(
                rest,
                period=one.period,
                seasonal=one.window,
                trend=one.trend_window,
                robust=robust,
                trend_jump=math.ceil(one.trend_window / PLACES_A_WINDOW),
                low_pass_jump=math.ceil(one.period / PLACES_A_WINDOW),
            ).fit()
            seasons[place], trend = fit.seasonal, fit.trend
            rest = rest - seasons[place]
            progress((turn * len(smoothings) + place + 1) / (rounds * len(smoothings) + 1))
    return Parts(trend, seasons, rest - trend)


def strength(part: Floats, remainder: Floats) -> float | None:
    """How much of the part and the remainder is the part, 0 to 1.

    Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), section 4.3.
    """
    spread = float(np.var(part + remainder))
    return max(0.0, 1 - float(np.var(remainder)) / spread) if spread > 0 else None
