"""Places of POWER: points and boxes of degrees, and the codes of their stations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datastream.core.errors import InvalidInputError

# 11 m; the cells are of half a degree.
DECIMALS = 4
LEAST_BOX_DEG, MOST_BOX_DEG = 2.0, 10.0
LATITUDE = {"type": "number", "minimum": -90, "maximum": 90}
LONGITUDE = {"type": "number", "minimum": -180, "maximum": 180}
POINT_PARAMETERS: Mapping[str, Any] = {
    "latitude": {**LATITUDE, "description": "Degrees north."},
    "longitude": {**LONGITUDE, "description": "Degrees east."},
    "points": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"latitude": LATITUDE, "longitude": LONGITUDE},
            "required": ["latitude", "longitude"],
            "additionalProperties": False,
        },
        "minItems": 1,
        "maxItems": 500,
        "description": "Several points, each a `latitude` and a `longitude`, in their place.",
    },
}
BOX_PARAMETERS: Mapping[str, Any] = {
    "latitude_min": {**LATITUDE, "description": "The box's southern edge, degrees north."},
    "latitude_max": {
        **LATITUDE,
        "description": "The box's northern edge, 2 to 10 degrees from the southern one.",
    },
    "longitude_min": {**LONGITUDE, "description": "The box's western edge, degrees east."},
    "longitude_max": {
        **LONGITUDE,
        "description": "The box's eastern edge, 2 to 10 degrees from the western one.",
    },
}


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees north and east, as exact as they are asked for."""

    latitude: float
    longitude: float

    @classmethod
    def of(cls, latitude: float, longitude: float) -> "Point":
        # Adding 0 makes the zero below zero the same as the other.
        return cls(round(latitude, DECIMALS) + 0.0, round(longitude, DECIMALS) + 0.0)

    @property
    def code(self) -> str:
        """45.5 north and 75 west as `45.5N75W`."""
        north = "S" if self.latitude < 0 else "N"
        east = "W" if self.longitude < 0 else "E"
        return f"{plain(abs(self.latitude))}{north}{plain(abs(self.longitude))}{east}"


def in_standard(code: str, asked: str, usual: str) -> str:
    """The code of a station, with the time standard where it is not the product's usual one.

    Days of UTC and of local solar time are others, and must not meet in one station.
    """
    return code if asked == usual else f"{code}-{asked}"


def plain(degrees: float) -> str:
    return f"{degrees:.{DECIMALS}f}".rstrip("0").rstrip(".")


def check_points(parameters: Mapping[str, Any]) -> None:
    """Either `latitude` and `longitude`, or `points`."""
    given = {"latitude", "longitude"} & set(parameters)
    if "points" in parameters:
        if given:
            raise InvalidInputError.of("points", "Give either this or one latitude and longitude.")
    elif missing := {"latitude", "longitude"} - given:
        message = "Give `latitude` and `longitude`, or `points`."
        raise InvalidInputError(details={name: [message] for name in sorted(missing)})
    for one in parameters.get("points", [parameters]):
        # Not a number lies beyond no limit, and so passes those of the schema.
        if not (math.isfinite(one["latitude"]) and math.isfinite(one["longitude"])):
            raise InvalidInputError.of("points", "Coordinates are numbers.")


def points_of(parameters: Mapping[str, Any]) -> dict[str, Point]:
    """The points that settled parameters name, by code, each once."""
    told = parameters.get("points", [parameters])
    points = [Point.of(one["latitude"], one["longitude"]) for one in told]
    return {point.code: point for point in points}


def check_box(parameters: Mapping[str, Any]) -> None:
    errors = {}
    for axis in ("latitude", "longitude"):
        side = parameters[f"{axis}_max"] - parameters[f"{axis}_min"]
        if not LEAST_BOX_DEG <= round(side, DECIMALS) <= MOST_BOX_DEG:
            errors[f"{axis}_max"] = [
                f"A box is 2 to 10 degrees on each side; this one is {side:g} in {axis}."
            ]
    if errors:
        raise InvalidInputError(details=errors)


def box_code(parameters: Mapping[str, Any]) -> str:
    """Its south-western and north-eastern corner: `50N8E..52N10E`."""
    corners = (
        Point.of(parameters[f"latitude_{end}"], parameters[f"longitude_{end}"])
        for end in ("min", "max")
    )
    return "..".join(corner.code for corner in corners)
