"""NOAA NCEI Access Data Service v1: daily summaries of weather stations (GHCN-Daily)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from connectors.base import DATE_PARAMETERS, Page, Place, Product, Request, Window
from connectors.providers.noaa.access import (
    NCEI,
    QUOTA,
    SERVICE,
    STATION_PARAMETERS,
    day_params,
    settled_stations,
    variables_parameter,
)
from connectors.providers.noaa.daily import parse_daily
from connectors.providers.noaa.elements import FLAGS, MISSING, VARIABLES
from datastream.core.answers import Answer

DAY_RULE = "A day is the station's own observation day, stored as its midnight in UTC."
# Ten years, the size that the service answers well, for one station.
DAYS_AT_ONCE = 3653


class DailySummaries(Product):
    """Daily values; a day is the station's own observation day and is never converted."""

    name = "daily-summaries"
    title = "Daily summaries (GHCN-Daily)"
    host = NCEI
    answer_within_s = 120.0
    variables = VARIABLES
    parameters = {
        **STATION_PARAMETERS,
        **DATE_PARAMETERS,
        "variables": variables_parameter(list(VARIABLES)),
    }
    required = ("start",)
    quota = replace(QUOTA, window_days=DAYS_AT_ONCE)
    time_rule = DAY_RULE
    flags = FLAGS
    sentinels = MISSING
    earliest = date(1750, 1, 1)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return settled_stations(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        variables = parameters.get("variables", [])
        return [
            Request(SERVICE, day_params(self.name, place.station, part, variables), place, part)
            for part in window.by_days(DAYS_AT_ONCE)
        ]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_daily(request, answer)
