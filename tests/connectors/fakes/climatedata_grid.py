"""The data service of ClimateData.ca as its source code has it: downloads and charts."""

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.connectors.fakes.server import HTML, Call, Reply

SCENARIOS = {
    "cmip5": ("rcp26", "rcp45", "rcp85"),
    "cmip6": ("ssp126", "ssp245", "ssp370", "ssp585"),
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIRST_MONTHS = {
    "ann": (1,), "annual_jul_jun": (7,), "2qsapr": (4,), "winter": (12,), "spring": (3,),
    "summer": (6,), "fall": (9,), "all": tuple(range(1, 13)),
    **{name: (number,) for number, name in enumerate(MONTHS, 1)},
}  # fmt: skip
VARIABLES = {"tx_max", "tg_mean", "prcptot", "frost_days", "tnlt_-15", "HXmax30", "spei_3m",
             "rl20pr"}  # fmt: skip
CHANGES = {"cmip5": ("delta7100",), "cmip6": ("delta_1971_2000", "delta_1991_2020")}
STEP = 1 / 12


def degrees(name: str, when: Any) -> float:
    return round(zlib.crc32(f"{name}{when}".encode()) % 4000 / 100, 2)


def nearest(number: float) -> float:
    return round(round(number / STEP) * STEP, 6)


class Grid:
    """Answers in plain text whatever it refuses; `missing` are variables without a file."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        # Where the land is: a point elsewhere is moved there without a word.
        self.snaps_to: tuple[float, float] | None = None

    def answer(self, call: Call) -> Reply:
        parts = call.path.strip("/").split("/")
        if parts[0] == "download" and call.method == "POST":
            return self._download(json.loads(call.body))
        if parts[0] == "generate-charts" and len(parts) in {4, 5}:
            return self._charts(parts[3], parts[4] if len(parts) == 5 else "ann", call.params)
        if parts[0] == "status":
            return text(200, "OK")
        return text(404, "Not found")

    def _download(self, body: dict[str, Any]) -> Reply:
        points, name, month = body.get("points", []), body.get("var"), body.get("month")
        if name not in VARIABLES:
            return text(400, "Bad request: Invalid variable requested")
        if month not in FIRST_MONTHS or body.get("format") != "csv" or not points:
            return text(400, "Bad request")
        if len(points) > (83 if month == "all" else 1000):
            return text(400, "Bad request: Too many points requested")
        if month == "all" and len(points) > 1:
            return Reply(502, b"<html><body>Bad gateway</body></html>", {"Content-Type": HTML})
        if name in self.missing:
            return Reply(500, b"<html><body>Server error</body></html>", {"Content-Type": HTML})
        return Reply(200, self._csv(body, points).encode(), {"Content-Type": "text/csv"})

    def _csv(self, body: dict[str, Any], points: list[list[float]]) -> str:
        ensemble = body.get("dataset_name", "CMIP5").lower()
        is_average = body.get("dataset_type", "allyears") == "30ygraph"
        names = sorted(columns(body["var"], ensemble, is_average))
        lines = [f"time,lat,lon,{','.join(names)}"]
        years = range(1951, 2072, 10) if is_average else range(1950, 2101)
        for asked in points:
            latitude, longitude = map(nearest, self.snaps_to or asked)
            for year in years:
                for month in FIRST_MONTHS[body["month"]]:
                    values = [cell(name, year, month) for name in names]
                    stamp = f"{year}-{month:02d}-01"
                    lines.append(f"{stamp},{latitude},{longitude},{','.join(values)}")
        return "\n".join(lines) + "\n"

    def _charts(self, name: str, month: str, params: dict[str, str]) -> Reply:
        if name not in VARIABLES:
            return text(400, "Bad request")
        ensemble = params.get("dataset_name", "CMIP5").lower()
        first = FIRST_MONTHS[month][0]
        content: dict[str, Any] = {
            "observations": [[stamp(year, first), degrees("observed", year)]
                             for year in range(1950, 2013)],
            "modeled_historical_median": [[stamp(year, first), degrees("historical", year)]
                                          for year in range(1950, 2015)],
            "30y_observations": {str(stamp(1951, first)): [1.5]},
        }  # fmt: skip
        for scenario in SCENARIOS[ensemble]:
            # The last year of the historical series comes once more.
            years = range(2014, 2101)
            content[f"{scenario}_median"] = [
                [stamp(year, first), degrees(scenario, year)] for year in years
            ]
            content[f"{scenario}_range"] = [
                [stamp(year, first), degrees(scenario, year) - 1, degrees(scenario, year) + 1]
                for year in years
            ]
            content[f"30y_{scenario}_median"] = {str(stamp(2021, first)): [2.5]}
            content[f"delta7100_{scenario}_median"] = {str(stamp(2021, first)): [0.5]}
        return Reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})


def columns(name: str, ensemble: str, is_average: bool) -> Iterator[str]:
    named = "spei" if name.startswith("spei") else name
    percentiles = ("p50",) if named == "spei" else ("p10", "p50", "p90")
    for scenario in SCENARIOS[ensemble]:
        for percentile in percentiles:
            yield f"{scenario}_{named}_{percentile}"
            for change in CHANGES[ensemble] if is_average else ():
                yield f"{scenario}_{named}_{change}_{percentile}"


def cell(name: str, year: int, month: int) -> str:
    """Nothing where a scenario is missing."""
    return "" if name.startswith("ssp370") else str(degrees(name, (year, month)))


def stamp(year: int, month: int) -> int:
    """Milliseconds, below zero before 1970."""
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)


def text(status: int, words: str) -> Reply:
    return Reply(status, words.encode(), {"Content-Type": "text/plain"})
