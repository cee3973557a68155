"""NOAA's Access Data Service v1 as its documentation has it, for tests and for trying by hand.

By hand: `python -m tests.connectors.fakes.noaa --port 8901`, then let the connector ask
`http://127.0.0.1:8901/access/services/` in place of NOAA.
"""

import argparse
import json
import math
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tests.connectors.fakes.server import Call, FakeProvider, Reply

PATH = "/access/services/data/v1"
# How many tenths are in one unit of what `units=metric` gives; SNOW and SNWD are kept in mm.
DIVISORS = {"TMAX": 10, "TMIN": 10, "PRCP": 10, "SNOW": 1, "SNWD": 1, "AWND": 10}
WITH_TIME = {"TMAX", "TMIN", "PRCP"}
FORMATS = {"csv", "json"}


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


class FakeNoaa(FakeProvider):
    """Has values from a place's first day to `until`, apart from what tests arrange."""

    def __init__(self, port: int = 0, *, until: date = date(2026, 6, 30)) -> None:
        super().__init__(port)
        self.until = until
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.missing: set[date] = set()
        self.repeated: set[date] = set()
        self.flags: dict[tuple[str, date], str] = {}
        self.ignores_units = False

    @property
    def base_url(self) -> str:
        return f"{self.url}/"

    def answer(self, call: Call) -> Reply:
        if call.path != PATH:
            return Reply(404, b"<html><body>Not found</body></html>", {"Content-Type": "text/html"})
        if errors := list(_errors(call.params)):
            content = {
                "errorMessage": "There was an error with your request.",
                "errorCode": 400,
                "errors": errors,
            }
            return Reply(400, json.dumps(content).encode(), {"Content-Type": "application/json"})
        rows = [
            row for code in call.params["stations"].split(",") for row in self._rows(code, call)
        ]
        if call.params.get("format", "csv") == "json":
            return Reply(200, json.dumps(rows).encode(), {"Content-Type": "application/json"})
        names = list(dict.fromkeys(name for row in rows for name in row)) or ["STATION", "DATE"]
        return Reply(200, _csv(names, rows), {"Content-Type": "text/csv"})

    def _rows(self, code: str, call: Call) -> Iterator[dict[str, str]]:
        place = PLACES.get(code)
        if place is None:
            return
        day = max(date.fromisoformat(call.params["startDate"][:10]), place.first)
        last = min(date.fromisoformat(call.params["endDate"][:10]), self.until)
        while day <= last:
            if day not in self.missing:
                row = self._row(code, day, call.params)
                yield from [row] * (2 if day in self.repeated else 1)
            day += timedelta(days=1)

    def _row(self, code: str, day: date, params: dict[str, str]) -> dict[str, str]:
        place = PLACES[code]
        row = {"STATION": code, "DATE": day.isoformat()}
        if _is_true(params, "includeStationName"):
            row["NAME"] = place.name
        if _is_true(params, "includeStationLocation"):
            row |= {
                "LATITUDE": str(place.latitude),
                "LONGITUDE": str(place.longitude),
                "ELEVATION": str(place.elevation_m),
            }
        asked = params.get("dataTypes")
        for element in DIVISORS:
            raw = raw_value(code, element, day)
            if raw is not None and (asked is None or element in asked.split(",")):
                row[element] = self._written(element, raw, params)
                if _is_true(params, "includeAttributes"):
                    row[f"{element}_ATTRIBUTES"] = self._attributes(element, day)
        return row

    def _written(self, element: str, raw: int, params: dict[str, str]) -> str:
        if "units" not in params or self.ignores_units:
            return f"{raw:5d}"
        number = raw / DIVISORS[element]
        if params["units"] == "standard":
            number = number * 1.8 + 32 if element in {"TMAX", "TMIN"} else number / 25.4
        return f"{number:5.1f}"

    def _attributes(self, element: str, day: date) -> str:
        plain = ",,W,2400" if element in WITH_TIME else ",,W"
        return self.flags.get((element, day), plain)


def _is_true(params: dict[str, str], name: str) -> bool:
    return params.get(name, "").lower() in {"true", "1"}


def _errors(params: dict[str, str]) -> Iterator[dict[str, str]]:
    def error(name: str, message: str) -> dict[str, str]:
        return {"field": name, "message": message, "value": params.get(name, "")}

    if not params.get("dataset"):
        yield error("dataset", "Dataset is required.")
    elif params["dataset"] != "daily-summaries":
        yield error("dataset", "Dataset is not known.")
    if not params.get("stations"):
        yield error("stations", "Stations or a bounding box are required.")
    for name in ("startDate", "endDate"):
        if not _is_date(params.get(name, "")):
            yield error(name, "A valid date is required.")
    if params.get("format", "csv") not in FORMATS:
        yield error("format", "Format is not known.")
    if params.get("units", "metric") not in {"metric", "standard"}:
        yield error("units", "Units must be metric or standard.")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _csv(names: list[str], rows: list[dict[str, str]]) -> bytes:
    """Every field in quotes but the empty ones, which have nothing between their commas."""
    lines = [[*names], *([row.get(name, "") for name in names] for row in rows)]
    return "".join(
        ",".join(f'"{text}"' if text else "" for text in line) + "\n" for line in lines
    ).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=8901)
    port = parser.parse_args().port
    with FakeNoaa(port, until=date.today() - timedelta(days=2)) as noaa:  # noqa: DTZ011  by hand only
        sys.stdout.write(f"Answering at {noaa.base_url}; end with Ctrl-C.\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
