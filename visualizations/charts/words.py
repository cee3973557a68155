"""How pictures write numbers, units, periods and people's words."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Interval
from datasets.series import Series

# CF spelling to the eye's; what is not here is printed as it was declared.
UNITS = {
    "1": "",
    "%": "%",
    "1e-6": "ppm",
    "Celsius": "°C",
    "K": "K",
    "Pa": "Pa",
    "W m-2": "W/m²",
    "celsius": "°C",
    "cm": "cm",
    "degC": "°C",
    "degF": "°F",
    "deg_C": "°C",
    "degree": "°",
    "degree_Celsius": "°C",
    "degrees": "°",
    "degrees_Celsius": "°C",
    "ft": "ft",
    "hPa": "hPa",
    "inch": "in",
    "kPa": "kPa",
    "kg m-2": "kg/m²",
    "kg m-2 s-1": "kg/m²/s",
    "km": "km",
    "km h-1": "km/h",
    "knot": "kn",
    "m": "m",
    "m s-1": "m/s",
    "m3 s-1": "m³/s",
    "mbar": "hPa",
    "mm": "mm",
    "mm d-1": "mm/day",
    "mm day-1": "mm/day",
    "mm h-1": "mm/h",
    "percent": "%",
    "ppm": "ppm",
    "ug m-3": "µg/m³",
}
# Standard names whose words say more about the definition than a reader of a title wants.
NAMES = {
    "air_pressure_at_mean_sea_level": "sea level pressure",
    "lwe_thickness_of_precipitation_amount": "precipitation",
    "lwe_precipitation_rate": "precipitation",
    "precipitation_amount": "precipitation",
    "precipitation_flux": "precipitation",
    "rainfall_amount": "rain",
    "rainfall_flux": "rain",
    "surface_downwelling_shortwave_flux_in_air": "solar radiation",
    "thickness_of_rainfall_amount": "rain",
}
INTERVALS = {
    "P1Y": "one value a year",
    "P1M": "one value a month",
    "P7D": "one value a week",
    "P1D": "one value a day",
    "PT6H": "one value every 6 hours",
    "PT3H": "one value every 3 hours",
    "PT1H": "one value an hour",
    "PT1M": "one value a minute",
}
# A control character in a text ends the renderer, and half a character is no UTF-8.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
LONGEST = 300
MOST_DIGITS = 7  # after the point; more zeros nobody counts
DAY_US = 86_400_000_000


def plain(text: str, longest: int = LONGEST) -> str:
    """People's words on one line, without characters that no picture can hold."""
    words = " ".join(UNPRINTABLE.sub(" ", text).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def unit(declared: str) -> str:
    return UNITS.get(declared, plain(declared, 24))


def is_known(declared: str) -> bool:
    return declared in UNITS


def with_unit(text: str, declared: str) -> str:
    return f"{text} {unit(declared)}".strip()


def decimals(*values: float) -> int:
    """How many decimals show two significant digits of the largest of these."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return 0 if largest == 0 else min(12, max(0, 1 - math.floor(math.log10(largest))))


def number(value: float, digits: int) -> str:
    is_plain = abs(value) < 1e15 and digits <= MOST_DIGITS
    text = f"{value:,.{digits}f}" if is_plain else f"{value:.3g}"
    return "0" if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def signed(value: float, digits: int) -> str:
    """With its sign, a true minus, and zero without one."""
    text = number(value, digits)
    return text if text == "0" or text.startswith("−") else "+" + text


def period(timestamps: NDArray[np.datetime64]) -> str:
    """First to last; with the time of day, in UTC, where there is one."""
    ends = timestamps[[0, -1]].astype("datetime64[us]")
    if (timestamps.astype("datetime64[us]").astype(np.int64) % DAY_US == 0).all():
        first, last = (str(t) for t in ends.astype("datetime64[D]"))
        return first if first == last else f"{first} to {last}"
    first, last = (str(t).replace("T", " ") for t in ends.astype("datetime64[m]"))
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def years(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def interval(found: Interval | None) -> str:
    return INTERVALS.get(str(found), "") if found else ""


def variable(series: Series) -> str:
    """The standard name in words, else the name the dataset gives it."""
    name = series.standard_name
    return NAMES.get(name) or plain(name.replace("_", " ") or series.variable, 80)


def place(series: Series) -> str:
    return plain(series.station_name or series.station, 80)


def unless_named(place: str, title: str) -> str:
    """The place, or nothing where the title names it."""
    return "" if place.lower() in title.lower() else place


def before(place: str, title: str) -> str:
    """The place, to begin a subtitle with, unless the title names it."""
    shown = unless_named(place, title)
    return f"{shown}. " if shown else ""


def heading(title: str, *, where: str, what: str) -> str:
    """The given title as it is, else one from place and subject."""
    if plain(title):
        return plain(title)
    return f"{where}: {what}" if where else what[:1].upper() + what[1:]
