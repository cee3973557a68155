"""GeoMet `climate-stations`: the weather stations of Canada, of a box, a province or by codes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from connectors.base import Page, Place, Product, Request, SchemaDriftError, Station, Window
from connectors.columns import empty_table
from connectors.providers.climatedata_ca.features import Features, position, text_of
from connectors.providers.climatedata_ca.geomet import (
    GEOMET,
    QUOTA,
    STATION_PARAMETERS,
    wire_params,
    with_stations,
)
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError

CODE = "CLIMATE_IDENTIFIER"
PROVINCE = "PROV_STATE_TERR_CODE"
NAMES = (CODE, "STATION_NAME", PROVINCE, "TIMEZONE", "ELEVATION")
KEPT = ("STN_ID", "TC_IDENTIFIER", "WMO_IDENTIFIER", "FIRST_DATE", "LAST_DATE")
DATES = tuple(f"{kind}_{end}_DATE" for kind in ("HLY", "DLY", "MLY") for end in ("FIRST", "LAST"))
PROVINCES = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
# Of standard time, which they keep all year. Of Newfoundland's there is no fixed IANA zone.
TIMEZONES = {
    "PST": "Etc/GMT+8",
    "MST": "Etc/GMT+7",
    "CST": "Etc/GMT+6",
    "EST": "Etc/GMT+5",
    "AST": "Etc/GMT+4",
    "NST": "America/St_Johns",
}
NUMBER = re.compile(r"-?[0-9]{1,5}(\.[0-9]{0,9})?")
CODES_AT_ONCE = 25
BBOX_SCHEMA = {
    "type": "array",
    "prefixItems": [
        {"type": "number", "minimum": -180, "maximum": 180},
        {"type": "number", "minimum": -90, "maximum": 90},
    ]
    * 2,
    "items": False,
    "minItems": 4,
    "description": "West, south, east and north, in degrees.",
}


class ClimateStations(Product):
    """Stations are declared in the dataset; there are no points."""

    name = "climate-stations"
    title = "Weather stations (MSC GeoMet)"
    host = GEOMET
    answer_within_s = 60.0
    parameters = {
        **STATION_PARAMETERS,
        "bbox": BBOX_SCHEMA,
        "province": {"enum": list(PROVINCES), "description": "Code of a province or territory."},
    }
    quota = QUOTA
    is_dated = False
    lookback_days = 0
    time_rule = "Stations have no times; their zone is that of their standard time."

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        has_codes = bool({"station", "stations"} & set(parameters))
        has_area = bool({"bbox", "province"} & set(parameters))
        if has_codes == has_area:
            message = "Give either stations, or a `bbox`, a `province` or both."
            raise InvalidInputError.of("stations", message)
        if has_codes:
            return with_stations(parameters)
        west, south, east, north = parameters.get("bbox", (0, 0, 1, 1))
        if west >= east or south >= north:
            raise InvalidInputError.of("bbox", "West lies before east, and south before north.")
        return parameters

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        if "stations" in parameters:
            codes = parameters["stations"]
            return [
                Place(" ".join(codes[first : first + CODES_AT_ONCE]))
                for first in range(0, len(codes), CODES_AT_ONCE)
            ]
        box = parameters.get("bbox", ())
        return [Place(" ".join([*map(str, box), *filter(None, [parameters.get("province")])]))]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        filters = {}
        if "stations" in parameters:
            filters[CODE] = "|".join(place.station.split())
        if "province" in parameters:
            filters[PROVINCE] = parameters["province"]
        if "bbox" in parameters:
            filters["bbox"] = ",".join(map(str, parameters["bbox"]))
        params = wire_params(filters, CODE, [*NAMES, *KEPT, *DATES])
        return [Request("collections/climate-stations/items", params, place, window)]

    def parse(self, request: Request, answer: Answer) -> Page:
        features = Features(answer, NAMES)
        follow_up = features.next(request)
        if CODE in request.params:
            features.refuse_others(CODE, str(request.params[CODE]).split("|"))
        if PROVINCE in request.params:
            features.refuse_others(PROVINCE, {str(request.params[PROVINCE])})
        codes = text_of(features.columns[CODE])
        is_code = pc.match_substring_regex(codes, "^[0-9A-Z]{7}$")
        features.fault(pc.invert(pc.fill_null(is_code, fill_value=False)), CODE, "No code")
        rejected = features.rejected()
        stations = [
            station_of(feature)
            for feature, is_bad in zip(features.features, features.bad, strict=True)
            if not is_bad
        ]
        refuse_outside(stations, str(request.params.get("bbox", "")))
        return Page(empty_table(), tuple(stations), rejected=rejected, next=follow_up)


def refuse_outside(stations: Sequence[Station], bbox: str) -> None:
    """SchemaDriftError where the box was not heeded."""
    if not bbox:
        return
    west, south, east, north = map(float, bbox.split(","))
    for one in stations:
        if one.longitude is None or one.latitude is None:
            continue
        is_in_box = west <= one.longitude <= east and south <= one.latitude <= north
        if not is_in_box:
            raise SchemaDriftError(
                f"Station {one.code} lies outside of the box that was asked for."
            )


def station_of(feature: Mapping[str, Any]) -> Station:
    """A station by its geometry: its LATITUDE 482600000 is 48°26'00.000" packed."""
    properties = feature["properties"]
    longitude, latitude = position(feature)
    elevation = str(properties.get("ELEVATION") or "")
    return Station(
        properties[CODE],
        name=str(properties.get("STATION_NAME") or ""),
        latitude=latitude,
        longitude=longitude,
        elevation_m=float(elevation) if NUMBER.fullmatch(elevation) else None,
        timezone=TIMEZONES.get(str(properties.get("TIMEZONE")), ""),
    )
