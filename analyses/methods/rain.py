"""Precipitation in whatever unit it comes: as millimetres, and what adds up over time."""

from dataclasses import replace

from analyses.methods.calendar import DAY, STEP_DAYS, STEP_MONTHS, interval_of
from analyses.methods.variables import RAIN
from datasets.series import Series
from datastream.core import units
from datastream.core.errors import InvalidInputError

# A kilogram of water on a square metre is a millimetre.
AMOUNTS = ("mm", "kg m-2")
RATES = ("mm d-1", "kg m-2 d-1")
# What falls is summed over a period; a rate or a depth that stands is averaged.
NAMES = frozenset(name.lower() for name in RAIN)
FALLEN = frozenset(["mm", "cm", "m", "inch", "in", "kg m-2"])


def is_rain(series: Series) -> bool:
    """By the standard name; where none is given, by a unit and a name that it usually has."""
    name = series.standard_name
    if name:
        return any(word in name for word in ("precipitation", "rainfall", "snowfall"))
    own = series.variable.lower()
    is_named_so = own in NAMES or any(word in own for word in ("prec", "rain", "snowfall", "pcp"))
    return is_named_so and series.unit in {"mm", "mm d-1", "mm day-1", "mm h-1"}


def adds_up(series: Series) -> bool:
    """Whether the sum of its values means something: rain in an amount, no rate or extreme."""
    is_sum = not series.cell_method or "sum" in series.cell_method
    return is_sum and is_rain(series) and series.unit in FALLEN


def amount_interval(series: Series, step: str) -> dict[str, str]:
    """The interval of the amounts that a mean of this step is of, if it is: mm a day, not mm."""
    interval = interval_of(series)
    if step not in STEP_DAYS or interval is None or not adds_up(series):
        return {}
    if interval.months:
        is_finer = interval.months < STEP_MONTHS[step]
    else:
        is_finer = interval.microseconds < STEP_DAYS[step] * DAY
    return {"amount_interval": str(interval)} if is_finer else {}


def is_rate(unit: str, name: str) -> bool:
    """Whether a unit is of an amount by time; InvalidInputError where it is of neither."""
    return factor(unit, name)[1]


def factor(unit: str, name: str) -> tuple[float, bool]:
    """By what values are multiplied to be mm, or mm d-1 where the second is true."""
    for target in (*AMOUNTS, *RATES):
        try:
            by = units.conversion(unit, target)
        except InvalidInputError:
            continue
        return float(by.factor), target in RATES
    message = f"Precipitation is needed in mm, kg m-2, mm d-1 or kg m-2 s-1, not {unit[:64]!r}."
    raise InvalidInputError.of(name, message)


def in_millimetres(series: Series, name: str = "precipitation") -> Series:
    """Amounts in mm, rates in mm d-1."""
    by, rate = factor(series.unit, name)
    unit = "mm d-1" if rate else "mm"
    if series.unit == unit:
        return series
    return replace(series, values=series.values * by, unit=unit)
