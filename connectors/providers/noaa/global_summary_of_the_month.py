"""NOAA NCEI Access Data Service v1: summaries of months (GSOM)."""

from collections.abc import Mapping
from datetime import date, timedelta
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
from connectors.providers.noaa.elements import FLAGS, MISSING
from connectors.providers.noaa.monthly import parse_monthly
from connectors.providers.noaa.months import MEASUREMENT_FLAGS, VARIABLES
from datastream.core.answers import Answer


class GlobalSummaryOfTheMonth(Product):
    """A row a month; 150 years of a station are 1,800 rows, so that one request takes them all."""

    name = "global-summary-of-the-month"
    title = "Global Summary of the Month (GSOM)"
    host = NCEI
    answer_within_s = 120.0
    variables = VARIABLES
    parameters = {
        **STATION_PARAMETERS,
        **DATE_PARAMETERS,
        "variables": variables_parameter(list(VARIABLES)),
    }
    required = ("start",)
    quota = QUOTA
    time_rule = "A month of the station's own days, stored as the midnight in UTC of its first."
    flags = FLAGS | MEASUREMENT_FLAGS
    sentinels = MISSING
    lookback_days = 366
    earliest = date(1750, 1, 1)
    citation = (
        "Lawrimore, J. H. et al. (2016): Global Summary of the Month (GSOM), version 1. NOAA "
        "National Centers for Environmental Information. doi:10.7289/V5QV3JJ5"
    )

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return settled_stations(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """One request, for the whole of every month that the window touches."""
        after = (window.last_day.replace(day=1) + timedelta(days=32)).replace(day=1)
        months = Window(window.start.replace(day=1), after)
        variables = parameters.get("variables", [])
        params = day_params(self.name, place.station, months, variables)
        return [Request(SERVICE, params, place, window)]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_monthly(request, answer)
