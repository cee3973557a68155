"""NOAA's services and files as their documentation has them, for tests and for trying by hand.

By hand: `python -m tests.connectors.fakes.noaa --port 8901`, then `NOAA_BASE_URL` is
`http://127.0.0.2:8901/` and `OUTBOUND_NETWORKS` `127.0.0.2/32`. The token of Climate Data Online is
"fake-token"; hourly values have the stations 72505394728 and 72793024233.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta

from tests.connectors.fakes import noaa_datasets, noaa_files
from tests.connectors.fakes.noaa_cdo import TOKEN, answer_cdo
from tests.connectors.fakes.noaa_values import (
    DIVISORS,
    HOURLY,
    PLACES,
    WITH_TIME,
    raw_value,
    value,
)
from tests.connectors.fakes.server import Call, FakeProvider, Reply, serve_by_hand

PATH = "/access/services/data/v1"
FORMATS = {"csv", "json"}
DATASETS = {"daily-summaries", "global-summary-of-the-month", "global-hourly"}
__all__ = ["DIVISORS", "HOURLY", "PLACES", "TOKEN", "FakeNoaa", "raw_value", "value"]


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

    def answer(self, call: Call) -> Reply:
        if call.path.startswith("/cdo-web/api/v2/"):
            return answer_cdo(call, self.until)
        if call.path != PATH:
            return noaa_files.answer_file(call.path, self.until)
        if errors := list(_errors(call.params)):
            content = {
                "errorMessage": "There was an error with your request.",
                "errorCode": 400,
                "errors": errors,
            }
            return Reply(400, json.dumps(content).encode(), {"Content-Type": "application/json"})
        read = noaa_datasets.READERS.get(call.params["dataset"])
        rows = [
            row
            for code in call.params["stations"].split(",")
            for row in (read(code, call.params, self.until) if read else self._rows(code, call))
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
    elif params["dataset"] not in DATASETS:
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


if __name__ == "__main__":
    serve_by_hand(FakeNoaa, __doc__, port=8901, days_late=2)
