"""NOAA's bulk files: `.dly`, by station, the list of stations and the inventory."""

import gzip
from datetime import date, timedelta
from functools import cache
from pathlib import PurePosixPath

from tests.connectors.fakes.noaa_values import DIVISORS, PLACES, WITH_TIME, days_of, raw_value
from tests.connectors.fakes.server import Reply

FOLDER = "/pub/data/ghcn/daily/"
NOT_FOUND = Reply(
    404, b"<html><body><h1>Not Found</h1></body></html>", {"Content-Type": "text/html"}
)


def answer_file(path: str, until: date) -> Reply:
    name = path.removeprefix(FOLDER)
    code = PurePosixPath(name).name.partition(".")[0]
    text, packed = {"Content-Type": "text/plain"}, {"Content-Type": "application/gzip"}
    if name == "ghcnd-stations.txt":
        return Reply(200, list_of_stations(), text)
    if name == "ghcnd-inventory.txt":
        return Reply(200, inventory(until), text)
    if code in PLACES and name == f"all/{code}.dly":
        return Reply(200, dly(code, until), text)
    if code in PLACES and name == f"by_station/{code}.csv.gz":
        return Reply(200, by_station(code, until), packed)
    return NOT_FOUND


def list_of_stations() -> bytes:
    return "".join(
        f"{code} {at.latitude:8.4f} {at.longitude:9.4f} {at.elevation_m:6.1f} {'':2} "
        f"{at.name.partition(',')[0]:<30} {'':3} {'':3} {'':5}\n"
        for code, at in PLACES.items()
    ).encode()


def inventory(until: date) -> bytes:
    return "".join(
        f"{code} {at.latitude:8.4f} {at.longitude:9.4f} {element} {at.first.year} {until.year}\n"
        for code, at in PLACES.items()
        for element in DIVISORS
    ).encode()


@cache
def dly(code: str, until: date) -> bytes:
    lines, month = [], PLACES[code].first.replace(day=1)
    while month <= until:
        lines += [_line(code, element, month, until) for element in DIVISORS]
        month = (month + timedelta(days=32)).replace(day=1)
    return "".join(lines).encode()


def _line(code: str, element: str, month: date, until: date) -> str:
    fields = []
    for number in range(31):
        day = month + timedelta(days=number)
        is_there = day.month == month.month and PLACES[code].first <= day <= until
        raw = raw_value(code, element, day) if is_there else None
        fields.append("-9999   " if raw is None else f"{raw:5d}  W")
    return f"{code}{month:%Y%m}{element}{''.join(fields)}\n"


@cache
def by_station(code: str, until: date) -> bytes:
    """Without a line of names, as it was for many years."""
    lines = [
        f"{code},{day:%Y%m%d},{element},{raw},,,W,{'2400' if element in WITH_TIME else ''}\n"
        for day in days_of(PLACES[code].first, until)
        for element in DIVISORS
        if (raw := raw_value(code, element, day)) is not None
    ]
    return gzip.compress("".join(lines).encode(), compresslevel=1)
