"""The Lomb–Scargle periodogram with a floating mean, and how often chance makes such a peak."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.progress import progress
from analyses.methods.slopes import Floats

Complexes = NDArray[np.complex128]

AT_ONCE = 2_000_000  # waves at times of values that are computed at once, 32 MB


@dataclass(frozen=True, slots=True)
class Periodogram:
    """Power, from 0 to 1, is the share of the variance that a sine of this frequency takes away.

    Amplitudes are in the unit of the values. Zechmeister and Kürster 2009,
    doi:10.1051/0004-6361:200811296.
    """

    frequencies: Floats
    power: Floats
    amplitude: Floats


def on_grid(rows: Floats, *, first: int, last: int, length: int) -> Periodogram:
    """The same for values that stand on a grid with gaps (NaN), exactly and by Fourier transform.

    Frequencies are first / length to last / length per row, first ≥ 1 and last < length / 2.
    """
    there = np.isfinite(rows)
    y = np.where(there, rows, 0.0) - np.where(there, rows[there].mean(), 0.0)
    places = np.arange(first, last + 1)
    waves = np.fft.rfft(there, length) / there.sum()
    double = 2 * places
    folded = waves[np.minimum(double, length - double)]
    return periodogram(
        places / length,
        values=(np.fft.rfft(y, length) / there.sum())[places],
        waves=waves[places],
        doubled=np.where(double > length - double, folded.conj(), folded),
        variance=float(y @ y) / there.sum(),
    )


def at_times(times: Floats, values: Floats, frequencies: Floats) -> Periodogram:
    """The same for any times, wave by wave."""
    y = values - values.mean()
    found: list[Complexes] = []
    size = max(1, AT_ONCE // times.size)
    for start in range(0, frequencies.size, size):
        wave = np.exp(-2j * np.pi * np.outer(frequencies[start : start + size], times))
        found.append(np.array([wave @ y / y.size, wave.mean(axis=1), (wave * wave).mean(axis=1)]))
        progress(start / frequencies.size)
    of_values, waves, doubled = np.concatenate(found, axis=1)
    return periodogram(
        frequencies, values=of_values, waves=waves, doubled=doubled, variance=float(y @ y) / y.size
    )


def periodogram(
    frequencies: Floats,
    *,
    values: Complexes,
    waves: Complexes,
    doubled: Complexes,
    variance: float,
) -> Periodogram:
    """Equations 5 to 15 of Zechmeister and Kürster; means are of y·w, w and w², w = e^(−iωt)."""
    yc, ys, c, s = values.real, -values.imag, waves.real, -waves.imag
    cc = (1 + doubled.real) / 2 - c * c
    ss = (1 - doubled.real) / 2 - s * s
    cs = -doubled.imag / 2 - c * s
    # Where sine or cosine is flat at all times there is nothing to fit.
    bulk = np.maximum(cc * ss - cs * cs, 1e-12)
    power = (ss * yc**2 + cc * ys**2 - 2 * cs * yc * ys) / (variance * bulk)
    amplitude = np.hypot((yc * ss - ys * cs) / bulk, (ys * cc - yc * cs) / bulk)
    return Periodogram(frequencies, np.clip(power, 0.0, 1.0), amplitude)


def false_alarm(power: Floats, times: Floats, *, width: float) -> Floats:
    """How often the highest peak of white noise is higher.

    Baluev 2008, doi:10.1111/j.1365-2966.2008.12689.x, for power as a share of the variance and a
    floating mean. Width is that of the band of frequencies. It is an upper limit, and close where
    it is small. Climate is red, not white: slow waves come up more often than this says.
    """
    n = times.size
    effective = math.sqrt(4 * math.pi * float(np.var(times)))
    gamma = math.sqrt(2 / (n - 1)) * math.exp(math.lgamma((n - 1) / 2) - math.lgamma((n - 2) / 2))
    rest = np.clip(1 - np.asarray(power, np.float64), 0.0, 1.0)
    single = rest ** ((n - 3) / 2)
    peaks = np.sqrt((n - 1) * (1 - rest) / 2) * rest ** ((n - 4) / 2)
    tau = width * effective * gamma * peaks
    # 1 − (1 − single) · exp(−tau), without losing what is far below one.
    return np.asarray(-np.expm1(np.log1p(-np.minimum(single, 1 - 1e-16)) - tau))


def level_of(probability: float, chance: Callable[[float], float]) -> float | None:
    """The power whose false alarm probability this is."""
    from scipy.optimize import brentq

    low, high = 1e-6, 1 - 1e-9
    # Below its middle the probability of few values may rise with power; the upper root is meant.
    grid = np.linspace(low, high, 200)
    above = np.array([chance(at) for at in grid]) > probability
    if not above.any() or above[-1]:
        return None
    last = int(np.flatnonzero(above)[-1])
    return float(brentq(lambda at: chance(at) - probability, grid[last], grid[last + 1]))
