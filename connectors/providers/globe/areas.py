"""Where to ask for: countries, boxes and circles, each as GLOBE takes it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datastream.core.errors import InvalidInputError

Floats = NDArray[np.float64]
# West, south, east, north.
Box = tuple[float, float, float, float]

EARTH_RADIUS_KM = 6371.0088
# Of a degree; a box rounded outwards by so much still holds its circle.
ROUNDING = 5
AREA_PARAMETERS: Mapping[str, Any] = {
    "countries": {
        "type": "array",
        "items": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
        "minItems": 1,
        "maxItems": 250,
        "description": "Countries by the three letters of ISO 3166-1, such as KEN.",
    },
    "country": {
        "type": "string",
        "pattern": "^[A-Za-z]{3}$",
        "description": "One country, in place of `countries`.",
    },
    "bbox": {
        "type": "array",
        "items": {"type": "number", "minimum": -180, "maximum": 180},
        "minItems": 4,
        "maxItems": 4,
        "description": "West, south, east, north in degrees; with west > east it crosses 180°.",
    },
    "latitude": {
        "type": "number",
        "minimum": -90,
        "maximum": 90,
        "description": "Middle of a circle, degrees north; with `longitude` and `distance_km`.",
    },
    "longitude": {
        "type": "number",
        "minimum": -180,
        "maximum": 180,
        "description": "Middle of a circle, degrees east.",
    },
    "distance_km": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 5000,
        "description": "Radius of the circle.",
    },
}
CIRCLE = ("latitude", "longitude", "distance_km")


def settled(parameters: dict[str, Any]) -> dict[str, Any]:
    """One spelling of the area; InvalidInputError unless there is exactly one."""
    if "country" in parameters and "countries" not in parameters:
        parameters["countries"] = [parameters.pop("country")]
    given = [name for name in ("country", "countries", "bbox", *CIRCLE) if name in parameters]
    if given == ["countries"]:
        codes = (code.upper() for code in parameters["countries"])
        return {**parameters, "countries": list(dict.fromkeys(codes))}
    if given == ["bbox"]:
        west, south, east, north = parameters["bbox"]
        if not -90 <= south < north <= 90 or west == east:
            message = "From -90 to 90, south lies below north; and east is not west."
            raise InvalidInputError.of("bbox", message)
    elif given != list(CIRCLE):
        message = "Give `countries`, `bbox`, or `latitude`, `longitude` and `distance_km`."
        raise InvalidInputError.of("countries", message)
    return parameters


def boxes(parameters: Mapping[str, Any]) -> dict[str, Box]:
    """The boxes to ask for, by name; two where the area crosses 180°, none for countries."""
    if "bbox" in parameters:
        return {name_of(part): part for part in halves(tuple(parameters["bbox"]))}
    if "distance_km" in parameters:
        latitude, longitude, distance_km = (float(parameters[name]) for name in CIRCLE)
        around = halves(box_around(latitude, longitude, distance_km))
        name = f"{distance_km:g} km around {written(latitude)},{written(longitude)}"
        if len(around) == 1:
            return {name: around[0]}
        return {f"{name}, west of 180": around[0], f"{name}, east of 180": around[1]}
    return {}


def name_of(box: Box) -> str:
    return "box " + ",".join(map(written, box))


def written(degrees: float) -> str:
    return f"{degrees:.10g}"


def halves(box: Box) -> list[Box]:
    """A box as boxes of which none crosses 180°."""
    west, south, east, north = box
    if west <= east:
        return [box]
    return [
        part
        for part in ((west, south, 180.0, north), (-180.0, south, east, north))
        if part[0] < part[2]
    ]


def box_around(latitude: float, longitude: float, distance_km: float) -> Box:
    """The least box that holds a circle, with west > east where it crosses 180°."""
    angle = distance_km / EARTH_RADIUS_KM
    south, north = (math.degrees(math.radians(latitude) + way * angle) for way in (-1, 1))
    if south <= -90 or north >= 90:
        # Around a pole it has all longitudes.
        return -180.0, outward(max(south, -90.0), -1), 180.0, outward(min(north, 90.0), 1)
    width = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(latitude))))
    west, east = longitude - width, longitude + width
    west = west + 360 if west < -180 else west
    east = east - 360 if east > 180 else east
    return outward(west, -1), outward(south, -1), outward(east, 1), outward(north, 1)


def outward(degrees: float, way: int) -> float:
    scale = 10.0**ROUNDING
    whole = math.floor(degrees * scale) if way < 0 else math.ceil(degrees * scale)
    return whole / scale


def distances_km(latitudes: Floats, longitudes: Floats, middle: tuple[float, float]) -> Floats:
    """Along great circles, by the haversine formula, which is exact for small ones too."""
    phi, here = np.radians(latitudes), math.radians(middle[0])
    by_latitude = np.sin((phi - here) / 2) ** 2
    by_longitude = np.sin(np.radians(longitudes - middle[1]) / 2) ** 2
    root = np.sqrt(np.clip(by_latitude + np.cos(phi) * math.cos(here) * by_longitude, 0, 1))
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(root))
