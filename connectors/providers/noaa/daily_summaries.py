"""NOAA NCEI Access Data Service v1: daily summaries of weather stations (GHCN-Daily)."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connectors.base import (
    DATE_PARAMETERS,
    Host,
    Page,
    Place,
    Product,
    Quota,
    Request,
    Window,
)
from connectors.providers.noaa.daily import MISSING, PREFIX, parse_daily
from connectors.providers.noaa.elements import VARIABLES
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError

ACCESS = Host("NOAA_BASE_URL", "https://www.ncei.noaa.gov/")
STATION = re.compile(r"[A-Z]{2}[A-Z0-9]{9}")
STATION_SCHEMA = {"type": "string", "pattern": f"^({PREFIX})?[A-Za-z]{{2}}[A-Za-z0-9]{{9}}$"}
STATION_PARAMETERS: Mapping[str, Any] = {
    "stations": {
        "type": "array",
        "items": STATION_SCHEMA,
        "minItems": 1,
        "maxItems": 500,
        "description": "GHCN-Daily station ids, such as USW00094728.",
    },
    "station": {**STATION_SCHEMA, "description": "One station id, in place of `stations`."},
}
YEARS_AT_ONCE = 10


class DailySummaries(Product):
    """Daily values; a day is the station's own observation day and is never converted."""

    name = "daily-summaries"
    title = "Daily summaries (GHCN-Daily)"
    host = ACCESS
    variables = VARIABLES
    parameters = {
        **STATION_PARAMETERS,
        **DATE_PARAMETERS,
        "variables": {
            "type": "array",
            "items": {"enum": sorted(VARIABLES)},
            "minItems": 1,
            "uniqueItems": True,
            "description": "Elements to ask for; all that the station has, if left out.",
        },
    }
    required = ("start",)
    quota = Quota(per_second=5.0, window_days=3653, parallel=2)
    time_rule = "A day is the station's own observation day, stored as its midnight in UTC."
    sentinels = MISSING
    earliest = date(1750, 1, 1)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        stations = settled_stations(parameters)
        return {**parameters, "stations": stations}

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """One request for ten years of a station, the size that the service answers well."""
        variables = parameters.get("variables", [])
        return [
            Request(
                "access/services/data/v1",
                wire_params(self.name, place.station, part, variables),
                place,
                part,
            )
            for part in window.by_years(YEARS_AT_ONCE)
        ]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_daily(request, answer)


def settled_stations(parameters: dict[str, Any]) -> list[str]:
    """The bare ids of `stations` or `station`, which is taken out of the parameters."""
    given = [name for name in ("station", "stations") if name in parameters]
    if len(given) != 1:
        raise InvalidInputError.of("stations", "Give either `stations` or `station`.")
    named = parameters.pop(given[0])
    codes = [bare(code) for code in ([named] if given[0] == "station" else named)]
    if wrong := [code for code in codes if not STATION.fullmatch(code)]:
        raise InvalidInputError.of(given[0], f"{wrong[0]!r} is not a station id.")
    return list(dict.fromkeys(codes))


def bare(code: str) -> str:
    """A station id without the prefix that another NOAA service puts before it."""
    return code.strip().upper().removeprefix(PREFIX)


def wire_params(
    dataset: str, station: str, window: Window, variables: Sequence[str]
) -> dict[str, str | list[str]]:
    params: dict[str, str | list[str]] = {
        "dataset": dataset,
        "stations": station,
        "startDate": window.start.isoformat(),
        # On the wire the last day is included.
        "endDate": window.last_day.isoformat(),
        "format": "csv",
        # Left out, it would mean tenths of the units.
        "units": "metric",
        "includeAttributes": "true",
        "includeStationName": "true",
        "includeStationLocation": "true",
    }
    if variables:
        params["dataTypes"] = ",".join(variables)
    return params
