"""NOAA NCEI Access Data Service v1: hourly and synoptic observations (ISD)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from connectors.base import DATE_PARAMETERS, Page, Place, Product, Request, Window
from connectors.providers.noaa.access import (
    NCEI,
    QUOTA,
    SERVICE,
    service_params,
    settled_stations,
    station_parameters,
    variables_parameter,
)
from connectors.providers.noaa.isd import COLUMNS, FLAGS, VARIABLES, parse_hourly
from datastream.core.answers import Answer

STATION = re.compile(r"[A-Z0-9][0-9]{10}")
STATION_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9][0-9]{10}$"}


class GlobalHourly(Product):
    """Observations as they were reported, some at the hour and some between; times are UTC."""

    name = "global-hourly"
    title = "Global hourly observations (ISD)"
    host = NCEI
    answer_within_s = 120.0
    variables = VARIABLES
    parameters = {
        **station_parameters(STATION_SCHEMA, "ISD (USAF and WBAN number)", "72505394728"),
        **DATE_PARAMETERS,
        "variables": variables_parameter(list(VARIABLES)),
    }
    required = ("start",)
    quota = replace(QUOTA, window_days=366)
    time_rule = "Times are UTC, as NOAA gives them; none is moved to the full hour."
    flags = FLAGS
    # Others are some field's own: a temperature of +9999 is none, a visibility of 9999 m is one.
    sentinels = (99999.0, 999999.0)
    earliest = date(1901, 1, 1)
    citation = (
        "Smith, A., Lott, N. and Vose, R. (2011): The Integrated Surface Database: Recent "
        "Developments and Partnerships. Bulletin of the American Meteorological Society 92, "
        "704-708. doi:10.1175/2011BAMS3015.1"
    )

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return settled_stations(parameters, STATION)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """One request a year, of which a station may have 100,000 reports."""
        variables = parameters.get("variables", list(VARIABLES))
        columns = list(dict.fromkeys(COLUMNS[name] for name in variables))
        return [
            Request(
                SERVICE,
                service_params(
                    self.name,
                    place.station,
                    f"{part.start}T00:00:00",
                    f"{part.last_day}T23:59:59",
                    columns,
                ),
                place,
                part,
                told={"variables": list(variables)},
            )
            for part in window.by_year()
        ]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_hourly(request, answer)
