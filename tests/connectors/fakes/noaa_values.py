"""The stations of the fake NOAA, and what they have measured."""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

# How many tenths are in one unit of what `units=metric` gives; SNOW and SNWD are kept in mm.
DIVISORS = {"TMAX": 10, "TMIN": 10, "PRCP": 10, "SNOW": 1, "SNWD": 1, "AWND": 10}
WITH_TIME = {"TMAX", "TMIN", "PRCP"}


@dataclass(frozen=True)
class Place:
    name: str
    latitude: float
    longitude: float
    elevation_m: float
    first: date
    mean_degc: float


PLACES = {
    "USW00094728": Place(
        "NY CITY CENTRAL PARK, NY US", 40.77898, -73.96925, 42.7, date(1869, 1, 1), 12
    ),
    "USW00026616": Place(
        "KOTZEBUE AIRPORT, AK US", 66.88576, -162.59818, 8.2, date(1897, 9, 12), -5
    ),
    "USW00024233": Place(
        "SEATTLE TACOMA AIRPORT, WA US", 47.4444, -122.3139, 112.8, date(1948, 1, 1), 11
    ),
    "USW00003017": Place(
        "DENVER INTERNATIONAL AIRPORT, CO US", 39.8328, -104.6575, 1650.2, date(1994, 7, 18), 10
    ),
    "USC00411885": Place("COLLEGE STATION, TX US", 30.58916, -96.36466, 95.7, date(1902, 1, 1), 20),
}


def raw_value(code: str, element: str, day: date) -> int | None:
    """What the station has measured, in the units of the files; None on a day without a value."""
    noise = zlib.crc32(f"{code}{element}{day}".encode())
    season = -math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365.25)
    mean = 10 * PLACES[code].mean_degc + 120 * season
    if element == "TMAX":
        return round(mean) + 40 + noise % 60
    if element == "TMIN":
        return round(mean) - 40 - noise % 60
    is_wet = zlib.crc32(f"{code}{day}".encode()) % 3 == 0
    if element == "PRCP":
        return noise % 250 if is_wet else 0
    if element in {"SNOW", "SNWD"}:
        return noise % 80 if is_wet and mean < 0 else 0
    return 5 + noise % 90 if noise % 10 else None


def value(code: str, element: str, day: date) -> float | None:
    """The same in metric units, as a connector should read it."""
    raw = raw_value(code, element, day)
    return None if raw is None else raw / DIVISORS[element]


def days_of(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def number(code: str, element: str, raw: int) -> float:
    """What stands in a file, in metric units."""
    return raw / DIVISORS[element]


# ISD has numbers of its own for stations: USAF and WBAN.
HOURLY = {"72505394728": "USW00094728", "72793024233": "USW00024233"}


def temperature(code: str, day: date, hour: int) -> int:
    """Tenths of degC at an hour of UTC."""
    low, high = raw_value(code, "TMIN", day) or 0, raw_value(code, "TMAX", day) or 0
    return round((low + high) / 2 - (high - low) / 2 * math.cos(math.tau * (hour - 9) / 24))
