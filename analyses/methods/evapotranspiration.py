"""Potential evapotranspiration of months from temperature and latitude."""

from typing import Literal

import numpy as np

from analyses.methods.calendar import Moments
from analyses.methods.slopes import Floats, Ints

Formula = Literal["hargreaves", "thornthwaite"]
SOLAR = 0.0820  # MJ m-2 min-1
MM_A_MJ = 0.408  # of water that a MJ m-2 evaporates
MIDDLE = 14  # days after the first of a month


def mid_months(months: Moments) -> Ints:
    """Day of the year, from 1, of the 15th of each month."""
    firsts = months.astype("datetime64[D]")
    starts = months.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray((firsts - starts).astype(np.int64) + 1 + MIDDLE)


def days_in(months: Moments) -> Ints:
    months = months.astype("datetime64[M]")
    ends = (months + 1).astype("datetime64[D]")
    return np.asarray((ends - months.astype("datetime64[D]")).astype(np.int64))


def sunset_angle(day_of_year: Ints | int, latitude: float) -> Floats:
    """Hour angle of sunset in radians, 0 in the polar night and π by polar day (FAO-56, eq. 25)."""
    cosine = -np.tan(np.radians(latitude)) * np.tan(declination(day_of_year))
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def declination(day_of_year: Ints | int) -> Floats:
    return np.asarray(0.409 * np.sin(2 * np.pi * np.asarray(day_of_year) / 365 - 1.39))


def daylight_hours(day_of_year: Ints | int, latitude: float) -> Floats:
    """FAO-56, equation 34."""
    return 24 / np.pi * sunset_angle(day_of_year, latitude)


def radiation(day_of_year: Ints | int, latitude: float) -> Floats:
    """Radiation above the air in MJ m-2 d-1 (FAO-56, equation 21)."""
    angle, phi = sunset_angle(day_of_year, latitude), np.radians(latitude)
    tilt = declination(day_of_year)
    nearness = 1 + 0.033 * np.cos(2 * np.pi * np.asarray(day_of_year) / 365)
    seen = angle * np.sin(phi) * np.sin(tilt) + np.cos(phi) * np.cos(tilt) * np.sin(angle)
    return np.asarray(24 * 60 / np.pi * SOLAR * nearness * seen)


def hargreaves(tmax: Floats, tmin: Floats, months: Moments, *, latitude: float) -> Floats:
    """Reference evapotranspiration in mm a month from means of daily extremes in degC.

    FAO-56 (Allen et al. 1998), equation 52, with the radiation of the middle of the month.
    """
    evaporated = MM_A_MJ * radiation(mid_months(months), latitude)
    spread = np.sqrt(np.maximum(tmax - tmin, 0))
    daily = 0.0023 * evaporated * ((tmax + tmin) / 2 + 17.8) * spread
    return np.asarray(np.maximum(daily, 0) * days_in(months))


def thornthwaite(tmean: Floats, months: Moments, *, latitude: float) -> Floats:
    """Potential evapotranspiration in mm a month from monthly means in degC.

    Thornthwaite 1948, with the heat index of the mean year of all months given. NaN where a month
    of the year is never given.
    """
    month = months.astype("datetime64[M]").astype(np.int64) % 12
    there = np.isfinite(tmean)
    sums = np.bincount(month[there], weights=tmean[there], minlength=12)
    counts = np.bincount(month[there], minlength=12)
    usual = np.full(12, np.nan)
    np.divide(sums, counts, out=usual, where=counts > 0)
    heat = float(((np.maximum(usual, 0) / 5) ** 1.514).sum())
    length = daylight_hours(mid_months(months), latitude) / 12 * days_in(months) / 30
    if heat == 0:
        return np.where(there, 0.0, np.nan)
    power = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    return np.asarray(16 * length * (10 * np.maximum(tmean, 0) / heat) ** power)
