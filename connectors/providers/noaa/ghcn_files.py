"""GHCN-Daily's files of whole stations, for long back-fills: one request a station."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from connectors.base import DATE_PARAMETERS, Page, Place, Product, Request, Window
from connectors.providers.noaa.access import (
    NCEI,
    QUOTA,
    STATION_PARAMETERS,
    settled_stations,
    variables_parameter,
)
from connectors.providers.noaa.by_station import parse_by_station
from connectors.providers.noaa.daily_summaries import DAY_RULE
from connectors.providers.noaa.dly import parse_dly
from connectors.providers.noaa.elements import FLAGS, MISSING, VARIABLES
from datastream.core.answers import Answer

FOLDER = "pub/data/ghcn/daily"


class StationFiles(Product):
    """A file holds all that a station has ever measured; what was asked for is taken out of it."""

    path: str

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
    time_rule = DAY_RULE
    flags = FLAGS
    sentinels = MISSING[:1]
    earliest = date(1750, 1, 1)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return settled_stations(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        told = {"variables": parameters["variables"]} if "variables" in parameters else {}
        return [Request(self.path.format(place.station), {}, place, window, told=told)]

    def parse(self, request: Request, answer: Answer) -> Page:
        wanted = request.told.get("variables", [])
        return self.read(request.station, request.window, wanted, answer)

    @abstractmethod
    def read(self, code: str, window: Window, wanted: Collection[str], answer: Answer) -> Page:
        """What a file holds of a window."""


class DlyFiles(StationFiles):
    """Files of fixed width; they do not tell when in the day was observed."""

    name = "ghcn-daily-dly"
    title = "GHCN-Daily, files of fixed width (.dly)"
    path = FOLDER + "/all/{}.dly"

    def read(self, code: str, window: Window, wanted: Collection[str], answer: Answer) -> Page:
        return parse_dly(code, window, wanted, answer)


class ByStationFiles(StationFiles):
    """Packed CSV files, with the time of observation."""

    name = "ghcn-daily-by-station"
    title = "GHCN-Daily, CSV files by station"
    path = FOLDER + "/by_station/{}.csv.gz"

    def read(self, code: str, window: Window, wanted: Collection[str], answer: Answer) -> Page:
        return parse_by_station(code, window, wanted, answer)
