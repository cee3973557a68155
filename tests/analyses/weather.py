"""Daily temperatures and precipitation of one station, made up without a random number."""

import numpy as np

from datasets.series import Series

UNITS = {"tmax": "degC", "tmin": "degC", "precipitation": "mm"}


def series(name, start, values, *, latitude=50.0, unit=None, left_out=0):
    values = np.asarray(values, np.float64)
    stamps = (np.datetime64(start) + np.arange(values.size)).astype("datetime64[us]")
    there = np.isfinite(values)
    return Series(
        name.upper(),
        UNITS[name] if unit is None else unit,
        "X",
        stamps[there],
        values[there],
        interval="P1D",
        latitude=latitude,
        left_out=left_out,
    )


def year(name, value=0.0, **days):
    """2001 with the same value each day, but for some: `d32=5.0` is 1 February."""
    values = np.full(365, value)
    for day, one in days.items():
        values[int(day[1:]) - 1] = one
    return series(name, "2001-01-01", values)


def by_formula(first, last):
    """Twenty-five years without a random number: the same everywhere and for ever."""
    days = np.arange(f"{first}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
    n = np.arange(days.size)
    slow = np.sin(n / 37.7) * 6 + np.sin(n / 5.3) * 2
    tmax = np.round(
        12 - 11 * np.cos(2 * np.pi * n / 365.25) + slow + (n * 7919 % 101 - 50) / 12.5, 1
    )
    tmin = np.round(tmax - 4 - (n * 104729 % 97) / 12.0, 1)
    rain = np.where(n * n % 11 < 4, np.round((n * 7907 % 89) ** 2 / 250.0, 1), 0.0)
    found = {"tmax": tmax, "tmin": tmin, "precipitation": rain}
    return {name: series(name, f"{first}-01-01", values) for name, values in found.items()}


def without(places, name="tmin", count=730):
    values = np.full(count, -1.0)
    values[places] = np.nan
    return series(name, "2001-01-01", values)
