"""The periodogram and the wavelet power of a series as tables, with their levels."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.autocorrelation import red_noise
from analyses.methods.lomb_scargle import Periodogram, at_times, false_alarm, level_of, on_grid
from analyses.methods.regular_rows import MAX_GAP, bridged, reason_against_gaps
from analyses.methods.results import timestamps_of
from analyses.methods.slopes import Floats
from analyses.methods.spectrum_rows import Sampled
from analyses.methods.wavelets import (
    PERIOD,
    average_level,
    cone_of,
    level,
    red_lag_1,
    scales_between,
    wavelet_power,
)

Table = dict[str, Any]

OVERSAMPLING = 5  # frequencies a resolved one
USUAL_FREQUENCIES = 20_000
MOST_FREQUENCIES = 100_000
MOST_WAVES = 300_000_000  # waves at times where there is no grid; 15 s
PEAKS = 10
VOICES = 8  # scales an octave
MOST_TIMES = 1_000
MOST_CELLS = 100_000
MAX_MISSING = 0.1


@dataclass(frozen=True, slots=True)
class Band:
    """Periods that are asked for, in a unit of which so many are a year."""

    shortest: float | None
    longest: float | None
    units_a_year: float

    def in_years(self, period: float | None) -> float | None:
        return None if period is None else period / self.units_a_year


def periodogram_table(
    found: Sampled, band: Band, *, confidence: float
) -> tuple[Table | None, str | None]:
    """The periodogram, or a sentence why there is none."""
    places = frequencies_of(found, band)
    if places is None:
        return None, "There is no frequency between the shortest and the longest period."
    first, last = places
    count = last - first + 1
    if count > MOST_FREQUENCIES:
        return None, (
            f"There are {count} frequencies, and at most {MOST_FREQUENCIES} are computed: choose a "
            "longer `min_period` or a shorter `max_period`."
        )
    if found.step is None and count * found.values.size > MOST_WAVES:
        return None, "There are too many values at irregular times; take means of days or months."
    spacing = 1 / (OVERSAMPLING * found.years)
    if found.step is None:
        frequencies = spacing * np.arange(first, last + 1, dtype=np.float64)
        power = at_times(found.times, found.values, frequencies)
    else:
        length = OVERSAMPLING * found.size
        power = on_grid(found.rows, first=first, last=last, length=length)
        power = Periodogram(power.frequencies / found.step, power.power, power.amplitude)
    return columns_of(found, power, band, confidence=confidence), None


def frequencies_of(found: Sampled, band: Band) -> tuple[int, int] | None:
    """First and last of the multiples of the spacing, by default up to the mean Nyquist's."""
    unit = OVERSAMPLING * found.years
    longest, shortest = band.in_years(band.longest), band.in_years(band.shortest)
    first = OVERSAMPLING if longest is None else max(1, math.ceil(unit / longest - 1e-9))
    if shortest is None:
        usual = 2 * float(np.median(np.diff(found.times)))
        last = min(math.floor(unit / usual), first + USUAL_FREQUENCIES - 1)
    else:
        last = math.floor(unit / shortest + 1e-9)
    if found.step is not None:
        # Beyond, the same frequencies come again.
        last = min(last, (OVERSAMPLING * found.size - 1) // 2)
    return (first, last) if first <= last else None


def columns_of(found: Sampled, of: Periodogram, band: Band, *, confidence: float) -> Table:
    from scipy.signal import find_peaks

    width = float(of.frequencies[-1] - of.frequencies[0])

    def chance(power: float) -> float:
        return float(false_alarm(np.array([power]), found.times, width=width)[0])

    lag_1, red = red_level(found, of.frequencies, confidence)
    tops, _ = find_peaks(of.power, distance=OVERSAMPLING)
    tops = tops[np.argsort(-of.power[tops], kind="stable")][:PEAKS]
    periods = band.units_a_year / of.frequencies
    amplitude = of.amplitude * found.scale
    alarms = false_alarm(of.power[tops], found.times, width=width)
    return {
        "periods": periods,
        "power": of.power,
        "amplitude": amplitude,
        "red_noise_level": red,
        "lag_1": lag_1,
        "false_alarm_level": level_of(1 - confidence, chance),
        "peaks": [
            {
                "period": periods[top],
                "frequency": 1 / periods[top],
                "power": of.power[top],
                "amplitude": amplitude[top],
                "false_alarm_probability": alarm,
                "red_noise_level": red[top] if red is not None else None,
            }
            for top, alarm in zip(tops, alarms, strict=True)
        ],
    }


def red_level(
    found: Sampled, frequencies: Floats, confidence: float
) -> tuple[float | None, Floats | None]:
    """Below which the power of red noise is at one frequency; None where few have neighbours.

    Equation 16 of Torrence and Compo 1998 with the lag-1 correlation of neighbours; the power of
    white noise has the mean 2 / (n − 1), and either is distributed as chi-square of two.
    """
    if found.step is None:
        return None, None
    rows = found.rows
    products = rows[1:] * rows[:-1]
    pairs = np.isfinite(products)
    if pairs.sum() < found.values.size / 2:
        return None, None
    r = float(products[pairs].mean() / np.mean(found.values**2))
    r = min(max(r, 0.0), 0.999)
    turn = 2 * np.pi * frequencies * found.step
    mean = 2 / (found.values.size - 1) * red_noise(turn, r=r)
    return r, np.minimum(-math.log(1 - confidence) * mean, 1.0)


def wavelet_table(
    found: Sampled, step: str, band: Band, *, confidence: float, max_gap: int | None
) -> tuple[Table | None, str | None]:
    """Wavelet power, or a sentence why there is none."""
    rows, width = found.rows, found.step or 1.0
    gap = MAX_GAP[step] if max_gap is None else max_gap
    reason = reason_against_gaps(rows, step, 1, max_gap=gap, max_missing=MAX_MISSING)
    if reason:
        return None, reason
    shortest = max(2 * width * PERIOD, band.in_years(band.shortest) or 0.0)
    longest = min(rows.size * width, band.in_years(band.longest) or rows.size * width / 2)
    if shortest > longest:
        return None, "There is no wavelet between the shortest and the longest period."
    y = bridged(rows, 1)
    scales = scales_between(shortest, longest, voices=VOICES)
    columns = max(1, min(MOST_TIMES, MOST_CELLS // scales.size))
    every = -(-rows.size // columns)
    kept = np.arange(0, rows.size, every)
    power, average = wavelet_power(y, scales, step=width, kept=kept)
    variance, lag_1 = float(np.var(y)), red_lag_1(y)
    background = red_noise(2 * np.pi * width / (scales * PERIOD), r=lag_1)
    power = np.where(np.isfinite(rows[kept]), power / variance, np.nan)
    # The mean at a scale has lost the reach of one wavelet to the padded ends.
    averaged = rows.size - scales / width
    return {
        "timestamps": timestamps_of(found.row_timestamps[kept]),
        "every": every,
        "periods": scales * PERIOD * band.units_a_year,
        "power": power,
        "level": level(background, confidence),
        "cone": cone_of(rows.size, step=width)[kept] * band.units_a_year,
        "average_power": average / variance,
        "average_level": average_level(
            background, confidence, scales=scales, step=width, averaged=averaged
        ),
        "lag_1": lag_1,
        "variance": variance * np.square(found.scale),
        "missing": int(np.isnan(rows).sum()),
    }, None
