"""Precipitation in whatever unit it comes, as millimetres."""

from dataclasses import replace

from datasets.series import Series
from datastream.core import units
from datastream.core.errors import InvalidInputError

# A kilogram of water on a square metre is a millimetre.
AMOUNTS = ("mm", "kg m-2")
RATES = ("mm d-1", "kg m-2 d-1")


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
