"""Morlet wavelet power, its red-noise significance and cone of influence.

Equations, sections and tables are those of Torrence and Compo 1998, A practical guide to wavelet
analysis, doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2.
"""

import math

import numpy as np

from analyses.methods.autocorrelation import autocorrelations
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints

WAVENUMBER = 6.0
# Fourier period over scale, and e-folding time of an edge over scale (Table 1).
PERIOD = 4 * math.pi / (WAVENUMBER + math.sqrt(2 + WAVENUMBER**2))
EDGE = math.sqrt(2)
DECORRELATION = 2.32  # of time averages (Table 2)


def scales_between(shortest: float, longest: float, *, voices: int) -> Floats:
    """So many scales an octave, from the shortest period to the longest."""
    count = math.floor(voices * math.log2(longest / shortest) + 1e-9) + 1
    return np.asarray(shortest / PERIOD * 2 ** (np.arange(count) / voices))


def wavelet_power(y: Floats, scales: Floats, *, step: float, kept: Ints) -> tuple[Floats, Floats]:
    """Power of each scale at the times that are kept, and its mean over all times.

    Values are taken around their mean and padded with zeros to a power of two (section 3f); step is
    the time between them, in the unit of the scales.
    """
    length = 2 ** (round(math.log2(y.size)) + 1)
    spectrum = np.fft.fft(y - y.mean(), length)[: length // 2 + 1]
    omega = 2 * np.pi * np.arange(length // 2 + 1) / (length * step)
    power, average = np.empty((scales.size, kept.size)), np.empty(scales.size)
    for place, scale in enumerate(scales):
        daughter = math.sqrt(2 * math.pi * scale / step) * math.pi**-0.25
        both = np.zeros(length, np.complex128)
        both[: omega.size] = spectrum * daughter * np.exp(-((scale * omega - WAVENUMBER) ** 2) / 2)
        at_scale = np.abs(np.fft.ifft(both)[: y.size]) ** 2
        power[place], average[place] = at_scale[kept], at_scale.mean()
        progress(place / scales.size)
    return power, average


def level(background: Floats, confidence: float) -> Floats:
    """Below which the power of the background is at one time (equation 18)."""
    from scipy.stats import chi2

    return np.asarray(background * chi2.ppf(confidence, 2) / 2)


def average_level(
    background: Floats, confidence: float, *, scales: Floats, step: float, averaged: Floats
) -> Floats:
    """The same for the mean over so many times (equation 23)."""
    from scipy.stats import chi2

    freedom = 2 * np.sqrt(1 + (np.maximum(averaged, 1) * step / DECORRELATION / scales) ** 2)
    return np.asarray(background * chi2.ppf(confidence, freedom) / freedom)


def cone_of(n: int, *, step: float) -> Floats:
    """The longest period at each time that an end of the series does not reach (section 3g)."""
    from_edge = np.minimum(np.arange(n), np.arange(n)[::-1])
    return np.asarray(PERIOD / EDGE * step * from_edge)


def red_lag_1(y: Floats) -> float:
    """Lag-1 correlation of the red noise that is like the values: (r1 + √r2) / 2 (section 4b)."""
    first, second = (float(r) for r in autocorrelations(y)[1:3])
    return min(max((first + math.sqrt(max(second, 0.0))) / 2, 0.0), 0.999)
