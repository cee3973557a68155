"""Wavelet power against the results that Torrence and Compo publish for NINO3."""

import numpy as np
import pytest

from analyses.methods.autocorrelation import red_noise
from analyses.methods.wavelets import (
    PERIOD,
    average_level,
    cone_of,
    level,
    red_lag_1,
    scales_between,
    wavelet_power,
)

# Seasonal sea surface temperature of NINO3 from 1871 to 1996 without its annual cycle, degC: the
# example of Torrence and Compo 1998, "sst_nino3.dat" of their software.
NINO3_TEXT = """
-0.15 -0.30 -0.14 -0.41 -0.46 -0.66 -0.50 -0.80 -0.95 -0.72 -0.31 -0.71 -1.04 -0.77 -0.86 -0.84
-0.41 -0.49 -0.48 -0.72 -1.21 -0.80 0.16 0.46 0.40 1.00 2.17 2.50 2.34 0.80 0.14 -0.06 -0.34 -0.71
-0.34 -0.73 -0.48 -0.11 0.22 0.51 0.51 0.25 -0.10 -0.33 -0.42 -0.23 -0.53 -0.44 -0.30 0.15 0.09
0.19 -0.06 0.25 0.30 0.81 0.26 0.10 0.34 1.01 -0.31 -0.90 -0.73 -0.92 -0.73 -0.31 -0.03 0.12 0.37
0.82 1.22 1.83 1.60 0.34 -0.72 -0.87 -0.85 -0.40 -0.39 -0.65 0.07 0.67 0.39 0.03 -0.17 -0.76 -0.87
-1.36 -1.10 -0.99 -0.78 -0.93 -0.87 -0.44 -0.34 -0.50 -0.39 -0.04 0.42 0.62 0.17 0.23 1.03 1.54
1.09 0.01 0.12 -0.27 -0.47 -0.41 -0.37 -0.36 -0.39 0.43 1.05 1.58 1.25 0.86 0.60 0.21 0.19 -0.23
-0.29 0.18 0.12 0.71 1.42 1.59 0.93 -0.25 -0.66 -0.95 -0.47 0.06 0.70 0.81 0.78 1.43 1.22 1.05
0.44 -0.35 -0.67 -0.84 -0.66 -0.45 -0.12 -0.20 -0.16 -0.47 -0.52 -0.79 -0.80 -0.62 -0.86 -1.29
-1.04 -1.05 -0.75 -0.81 -0.90 -0.25 0.62 1.22 0.96 0.21 -0.11 -0.25 -0.24 -0.43 0.23 0.67 0.78
0.41 0.98 1.28 1.45 1.02 0.03 -0.59 -1.34 -0.99 -1.49 -1.74 -1.33 -0.55 -0.51 -0.36 -0.99 0.32
1.04 1.41 0.99 0.66 0.50 0.22 0.71 -0.16 0.38 0.00 -1.11 -1.04 0.05 -0.64 -0.34 -0.50 -1.85 -0.94
-0.78 0.29 0.27 0.69 -0.06 -0.83 -0.80 -1.02 -0.96 -0.09 0.62 0.87 1.03 0.70 -0.10 -0.31 0.04
-0.46 0.04 0.24 -0.08 -0.28 0.06 0.05 -0.31 0.11 0.27 0.26 0.04 0.12 1.11 1.53 1.23 0.17 -0.18
-0.56 0.05 0.41 0.22 0.04 -0.19 -0.46 -0.65 -1.06 -0.54 0.14 0.25 -0.21 -0.73 -0.43 0.48 0.26 0.05
0.11 -0.27 -0.08 -0.10 0.29 -0.15 -0.28 -0.55 -0.44 -1.40 -0.55 -0.69 0.58 0.37 0.42 1.83 1.23
0.65 0.41 1.03 0.64 -0.07 0.98 0.36 -0.30 -1.33 -1.39 -0.94 0.34 -0.00 -0.15 0.06 0.39 0.36 -0.49
-0.53 0.35 0.07 -0.24 0.20 -0.22 -0.68 -0.44 0.02 -0.22 -0.30 -0.59 0.10 -0.02 -0.27 -0.60 -0.48
-0.37 -0.53 -1.35 -1.22 -0.99 -0.34 -0.79 -0.24 0.02 0.69 0.78 0.17 -0.17 -0.29 -0.27 0.31 0.44
0.38 0.24 -0.13 -0.89 -0.76 -0.71 -0.37 -0.59 -0.63 -1.47 -0.40 -0.18 -0.37 -0.43 -0.06 0.61 1.33
1.19 1.13 0.31 0.14 0.03 0.21 0.15 -0.22 -0.02 0.03 -0.17 0.12 -0.35 -0.06 0.38 -0.45 -0.32 -0.33
-0.49 -0.14 -0.56 -0.18 0.46 1.09 1.04 0.23 -0.99 -0.59 -0.92 -0.28 0.52 1.31 1.45 0.61 -0.11
-0.18 -0.39 -0.39 -0.36 -0.50 -0.81 -1.10 -0.29 0.57 0.68 0.78 0.78 0.63 0.98 0.49 -0.42 -1.34
-1.20 -1.18 -0.65 -0.42 -0.97 -0.28 0.77 1.77 2.22 1.05 -0.67 -0.99 -1.52 -1.17 -0.22 -0.04 -0.45
-0.46 -0.75 -0.70 -1.38 -1.15 -0.01 0.97 1.10 0.68 -0.02 -0.04 0.47 0.30 -0.55 -0.51 -0.09 -0.01
0.34 0.61 0.58 0.33 0.38 0.10 0.18 -0.30 -0.06 -0.28 0.12 0.58 0.89 0.93 2.39 2.44 1.92 0.64 -0.24
0.27 -0.13 -0.16 -0.54 -0.13 -0.37 -0.78 -0.22 0.03 0.25 0.31 1.03 1.10 1.05 1.11 1.28 0.57 -0.55
-1.16 -0.99 -0.38 0.01 -0.29 0.09 0.46 0.57 0.24 0.39 0.49 0.86 0.51 0.95 1.25 1.33 -0.00 0.34
0.66 1.11 0.34 0.48 0.56 0.39 -0.17 1.04 0.77 0.12 -0.35 -0.22 0.08 -0.08 -0.18 -0.06
"""
NINO3 = np.array(NINO3_TEXT.split(), float)

# "wavetest_output.txt" of their software, 27 November 1999: scale and period in years; in degC²
# power in the middle, its 5 % level, mean power, its 5 % level.
PUBLISHED = np.array(
    [
        [0.250, 0.258, 0.000, 7.230, 0.000, 2.689],
        [0.500, 0.517, 0.012, 0.263, 0.029, 0.102],
        [1.414, 1.461, 0.456, 0.931, 0.396, 0.398],
        [2.828, 2.922, 0.022, 2.758, 1.954, 1.292],
        [4.000, 4.132, 0.944, 4.285, 2.270, 2.125],
        [4.757, 4.914, 2.964, 5.130, 2.109, 2.625],
        [8.000, 8.264, 0.309, 7.442, 1.368, 4.236],
        [16.000, 16.529, 0.237, 9.146, 1.311, 6.167],
        [45.255, 46.750, 1.005, 9.802, 1.008, 8.560],
        [430.539, 444.766, 0.000, 9.902, 0.000, 9.902],
    ]
)
SCALES = 0.25 * 2 ** (np.arange(44) / 4)
PLACES = [0, 4, 10, 14, 16, 17, 20, 24, 30, 43]


def test_power_is_that_of_torrence_and_compo_for_nino3():
    scale, period, middle, _, mean, _ = PUBLISHED.T
    power, average = wavelet_power(NINO3, SCALES, step=0.25, kept=np.array([251]))
    assert SCALES[PLACES] == pytest.approx(scale, abs=6e-4)
    assert SCALES[PLACES] * PERIOD == pytest.approx(period, abs=6e-4)
    assert power[PLACES, 0] == pytest.approx(middle, abs=6e-4)
    assert average[PLACES] == pytest.approx(mean, abs=6e-4)


def test_levels_are_those_of_torrence_and_compo_for_nino3():
    background = NINO3.var() * red_noise(2 * np.pi * 0.25 / (SCALES * PERIOD), r=0.72)
    assert level(background, 0.95)[PLACES] == pytest.approx(PUBLISHED[:, 3], abs=6e-4)
    # Their example counts 504 − scale times, with the scale in years.
    found = average_level(background, 0.95, scales=SCALES, step=0.25, averaged=504 - SCALES)
    assert found[PLACES] == pytest.approx(PUBLISHED[:, 5], abs=6e-4)


def test_nino3_is_as_red_as_torrence_and_compo_say():
    assert red_lag_1(NINO3) == pytest.approx(0.72, abs=0.005)
    assert NINO3.var() == pytest.approx(0.53817, abs=1e-5)


def test_power_of_all_scales_adds_up_to_the_variance():
    # Equation 14 with the reconstruction factor 0.776 of Table 2.
    y = NINO3 - NINO3.mean()
    scales = scales_between(2 * 0.25 * PERIOD / 2, 600, voices=8)
    _, average = wavelet_power(y, scales, step=0.25, kept=np.array([0]))
    found = 0.25 / (8 * 0.776) * float((average / scales).sum())
    assert found == pytest.approx(NINO3.var(), rel=0.05)


def test_a_wave_has_its_power_at_its_period():
    at = np.arange(1000)
    scales = scales_between(4, 400, voices=8)
    power, _ = wavelet_power(np.sin(2 * np.pi * at / 50), scales, step=1.0, kept=np.array([500]))
    assert scales[np.argmax(power)] * PERIOD == pytest.approx(50, rel=0.05)


def test_white_noise_has_the_power_of_its_variance_and_is_seldom_above_the_level():
    y = np.random.default_rng(3).normal(size=16_000)
    scales = scales_between(4, 64, voices=4)
    power, average = wavelet_power(y, scales, step=1.0, kept=np.arange(200, 15_800))
    assert average == pytest.approx(1, abs=0.25)
    flat = red_noise(2 * np.pi / (scales * PERIOD), r=0.0)
    assert flat == pytest.approx(1)
    assert (power > level(flat, 0.95)[:, np.newaxis]).mean() == pytest.approx(0.05, abs=0.01)


def test_the_cone_narrows_to_both_ends():
    cone = cone_of(101, step=2.0)
    assert cone[[0, 100]].tolist() == [0, 0]
    # The e-folding time of an edge is √2 scales, and a scale of Morlet is 1.03 periods.
    assert cone[50] == pytest.approx(50 * 2 * 1.033 / 2**0.5, rel=1e-3)


def test_scales_are_so_many_an_octave():
    scales = scales_between(2, 32, voices=4)
    assert scales.size == 17
    assert scales[[0, -1]] * PERIOD == pytest.approx([2, 32])
