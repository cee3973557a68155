"""GLOBE's measurements of one protocol, by country, box or circle, month by month."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from connectors.base import DATE_PARAMETERS, Host, Page, Place, Product, Quota, Request, Window
from connectors.providers.globe import areas
from connectors.providers.globe.answers import MISSING, parse_measurements
from connectors.providers.globe.persons import without_persons
from connectors.providers.globe.protocols import Protocol
from datastream.core.answers import Answer

MEASUREMENT = Host("GLOBE_BASE_URL", "https://api.globe.gov/search/v1/measurement/")
PAGE_SIZE = 500
BY_COUNTRY = "protocol/measureddate/country/"
BY_BOX = "protocol/measureddate/lat/lon/"


class Measurements(Product):
    """One protocol; a station is a site of GLOBE's, and its code the site's id."""

    protocol: ClassVar[Protocol]
    host = MEASUREMENT
    answer_within_s = 120.0
    span_parameters = frozenset({"start", "end", "country", "countries"})
    parameters = {**areas.AREA_PARAMETERS, **DATE_PARAMETERS}
    required = ("start",)
    quota = Quota(per_second=1.0, window_days=31, page_size=PAGE_SIZE, parallel=1)
    time_rule = (
        "The instant of the observation in UTC; at midnight the time of day is not known. Days "
        "are asked for by the local date of the observation."
    )
    sentinels = MISSING
    lookback_days = 90
    earliest = date(1995, 1, 1)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return areas.settled(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(name) for name in parameters.get("countries") or areas.boxes(parameters)]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """One request a month: for more, GLOBE's answers come late, or not at all."""
        path, where = self._where(parameters, place)
        told = {}
        if "distance_km" in parameters:
            told["circle"] = [float(parameters[name]) for name in areas.CIRCLE]
        return [
            Request(path, {**self._what(month), **where}, place, month, told=told)
            for month in window.by_month()
        ]

    def _what(self, month: Window) -> dict[str, str]:
        return {
            "protocols": self.name,
            # On the wire the last day is included.
            "startdate": month.start.isoformat(),
            "enddate": month.last_day.isoformat(),
            # In capitals; GeoJSON has neither a count nor the fields without a value.
            "geojson": "FALSE",
            "sample": "FALSE",
            "from": "0",
            "size": str(PAGE_SIZE),
        }

    def _where(self, parameters: Mapping[str, Any], place: Place) -> tuple[str, dict[str, str]]:
        if "countries" in parameters:
            return BY_COUNTRY, {"countrycode": place.station}
        west, south, east, north = areas.boxes(parameters)[place.station]
        edges = {"minlat": south, "maxlat": north, "minlon": west, "maxlon": east}
        return BY_BOX, {name: areas.written(edge) for name, edge in edges.items()}

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_measurements(self.protocol, request, answer)

    def kept(self, answer: Answer) -> bytes:
        return without_persons(answer.body)


def product_of(kind: Protocol) -> Measurements:
    class OneProtocol(Measurements):
        protocol = kind
        name = kind.name
        title = kind.title
        variables = {field.variable.name: field.variable for field in kind.fields}

    return OneProtocol()
