"""The rows of the back-fill, which both sides get; it needs nothing but Python."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import sin

FIRST, LAST = date(1970, 1, 1), date(2019, 12, 31)
DAYS = (LAST - FIRST).days + 1

Row = tuple[date, float, float, float]


def codes(stations: int) -> list[str]:
    return [f"USW{number:08}" for number in range(stations)]


@cache
def days(first: date, last: date) -> list[Row]:
    """Day, TMAX, TMIN and PRCP; the same at each station."""
    start = first.toordinal()
    return [_row(date.fromordinal(n)) for n in range(start, last.toordinal() + 1)]


def _row(day: date) -> Row:
    n = day.toordinal()
    warmest = round(15 + 9 * sin(n / 58.1) + n % 7, 1)
    return day, warmest, round(warmest - 4 - n % 5, 1), round(n % 11 / 4, 1)


def records(code: str) -> Iterator[dict[str, object]]:
    """The rows of a station as a program has them."""
    for day, warmest, coldest, rain in days(FIRST, LAST):
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        yield {
            "station": code,
            "timestamp": moment,
            "tmax": warmest,
            "tmin": coldest,
            "prcp": rain,
        }


def pages(stations: int, years: int = 10) -> Iterator[list[dict[str, object]]]:
    """The rows in pages, each as large as an answer of the provider."""
    size = round(timedelta(days=365.25 * years).days)
    for code in codes(stations):
        rows = list(records(code))
        yield from (rows[first : first + size] for first in range(0, len(rows), size))
