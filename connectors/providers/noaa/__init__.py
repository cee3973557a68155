"""NOAA NCEI Access Data Service v1: daily summaries of weather stations (GHCN-Daily)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import DATE_PARAMETERS, Connector, Page, Product, Quota, Request, Window, span
from connectors.providers.noaa.daily import PREFIX, parse_daily
from connectors.providers.noaa.elements import VARIABLES
from connectors.registry import connectors
from datastream.core.errors import InvalidInputError
from datastream.core.http import Answer

DAILY = "daily-summaries"
STATION = re.compile(r"[A-Z]{2}[A-Z0-9]{9}")
STATION_SCHEMA = {"type": "string", "pattern": f"^({PREFIX})?[A-Za-z]{{2}}[A-Za-z0-9]{{9}}$"}
PARAMETERS: dict[str, Any] = {
    "stations": {
        "type": "array",
        "items": STATION_SCHEMA,
        "minItems": 1,
        "maxItems": 500,
        "description": "GHCN-Daily station ids, such as USW00094728.",
    },
    "station": {**STATION_SCHEMA, "description": "One station id, in place of `stations`."},
    **DATE_PARAMETERS,
    "variables": {
        "type": "array",
        "items": {"enum": sorted(VARIABLES)},
        "minItems": 1,
        "uniqueItems": True,
        "description": "Elements to ask for; all that the station has, if left out.",
    },
}


class Noaa(Connector):
    """Daily values; a day is the station's own observation day and is never converted."""

    name = "noaa"
    title = "NOAA NCEI"
    base_url = "https://www.ncei.noaa.gov/access/services/"
    license = "Public domain (United States government)"
    citation = (
        "Menne, M. J. et al.: Global Historical Climatology Network - Daily (GHCN-Daily), "
        "version 3. NOAA National Centers for Environmental Information. doi:10.7289/V5D21VHZ"
    )
    terms = "Free, without a key. No published limit; we ask at most 5 times a second."
    products = {
        DAILY: Product(
            name=DAILY,
            title="Daily summaries (GHCN-Daily)",
            variables=VARIABLES,
            parameters=PARAMETERS,
            required=("start", "end"),
        )
    }
    default_product = DAILY
    quota = Quota(per_second=5.0, window_days=366)

    def settle(self, product: Product, parameters: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("station", "stations") if name in parameters]
        if len(given) != 1:
            raise InvalidInputError.of("stations", "Give either `stations` or `station`.")
        named = parameters.pop(given[0])
        codes = [bare(code) for code in ([named] if given[0] == "station" else named)]
        if wrong := [code for code in codes if not STATION.fullmatch(code)]:
            raise InvalidInputError.of(given[0], f"{wrong[0]!r} is not a station id.")
        return {**parameters, "stations": list(dict.fromkeys(codes))}

    def plan(self, product: str, parameters: Mapping[str, Any]) -> list[Request]:
        """One request a station and calendar year, the size that the service answers well."""
        dataset = self.product(product).name
        checked = self.check(product, parameters)
        variables = checked.get("variables", [])
        return [
            Request("data/v1", wire_params(dataset, station, window, variables), station, window)
            for station in checked["stations"]
            for window in span(checked).by_year()
        ]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_daily(request, answer)


def bare(code: str) -> str:
    """A station id without the prefix that another NOAA service puts before it."""
    return code.strip().upper().removeprefix(PREFIX)


def wire_params(
    dataset: str, station: str, window: Window, variables: Sequence[str]
) -> dict[str, str]:
    params = {
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


connectors.add(Noaa())
