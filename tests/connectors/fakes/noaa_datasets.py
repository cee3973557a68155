"""Months and hours, as rows of the Access Data Service."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from statistics import fmean

from tests.connectors.fakes.noaa_values import HOURLY, PLACES, days_of, temperature, value

Row = dict[str, str]
Reader = Callable[[str, dict[str, str], date], Iterator[Row]]


def months(code: str, params: dict[str, str], until: date) -> Iterator[Row]:
    """Of months that are over; each element with the attributes that are its own."""
    if code not in PLACES:
        return
    first = max(date.fromisoformat(params["startDate"][:10]), PLACES[code].first).replace(day=1)
    last = min(date.fromisoformat(params["endDate"][:10]), until)
    while (after := (first + timedelta(days=32)).replace(day=1)) <= last + timedelta(days=1):
        days = list(days_of(first, after - timedelta(days=1)))
        highs = [value(code, "TMAX", day) or 0.0 for day in days]
        rain = [value(code, "PRCP", day) or 0.0 for day in days]
        hottest = max(highs)
        sign = "+" if highs.count(hottest) > 1 else ""
        yield {
            "STATION": code,
            "DATE": f"{first:%Y-%m}",
            **_described(code),
            "TMAX": f"{fmean(highs):.2f}",
            "TMAX_ATTRIBUTES": ",,,W",
            "PRCP": f"{sum(rain):.1f}",
            "PRCP_ATTRIBUTES": ",,,W",
            "EMXT": f"{hottest:.1f}",
            "EMXT_ATTRIBUTES": f",W,{highs.index(hottest) + 1:02},{sign}",
        }
        first = after


def hours(code: str, params: dict[str, str], until: date) -> Iterator[Row]:
    """A report at minute 51 of each hour; fields are coded as in ISD."""
    place = HOURLY.get(code)
    if place is None:
        return
    start, end = (datetime.fromisoformat(params[name]) for name in ("startDate", "endDate"))
    for day in days_of(max(start.date(), PLACES[place].first), min(end.date(), until)):
        for hour in range(24):
            tenths = temperature(place, day, hour)
            yield {
                "STATION": code,
                "DATE": f"{day}T{hour:02}:51:00",
                "SOURCE": "7",
                **_described(place),
                "REPORT_TYPE": "FM-15",
                "CALL_SIGN": "99999",
                "QUALITY_CONTROL": "V020",
                "WND": f"{10 * (hour + 1):03},1,N,{20 + hour:04},1",
                "CIG": "22000,5,9,N",
                "VIS": "016093,5,N,5",
                "TMP": f"{tenths:+05},1",
                "DEW": f"{tenths - 50:+05},1",
                "SLP": "10132,1",
            }


def _described(code: str) -> Row:
    at = PLACES[code]
    return {
        "NAME": at.name,
        "LATITUDE": str(at.latitude),
        "LONGITUDE": str(at.longitude),
        "ELEVATION": str(at.elevation_m),
    }


READERS: dict[str, Reader] = {"global-summary-of-the-month": months, "global-hourly": hours}
