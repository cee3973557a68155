"""Points of ClimateData.ca: in Canada only, since any other is moved to the nearest grid cell."""

from collections.abc import Mapping, Sequence
from typing import Any

from datastream.core.errors import InvalidInputError

WEST, EAST, NORTH = -141.1, -52.5, 83.3
# From this longitude eastward nothing of Canada lies south of this latitude.
SOUTH = (
    (-141.1, 48.2),
    (-123.0, 48.95),
    (-95.2, 47.9),
    (-88.0, 46.0),
    (-83.6, 41.6),
    (-78.9, 42.8),
    (-76.3, 43.8),
    (-74.7, 44.95),
    (-71.4, 45.2),
    (-67.9, 43.3),
)
DECIMALS = 4
POINT_PARAMETERS: Mapping[str, Any] = {
    "points": {
        "type": "array",
        "items": {
            "type": "array",
            "prefixItems": [
                {"type": "number", "minimum": 41, "maximum": 84},
                {"type": "number", "minimum": -142, "maximum": -52},
            ],
            "items": False,
            "minItems": 2,
        },
        "minItems": 1,
        "maxItems": 1000,
        "description": "Points in Canada, each as [latitude, longitude] in degrees.",
    },
}


def settled_points(points: Sequence[Sequence[float]]) -> list[list[float]]:
    """The points to 10 m, each once.

    Raises
    ------
    InvalidInputError
        One does not lie in Canada.
    """
    rounded = [(round(float(lat), DECIMALS), round(float(lon), DECIMALS)) for lat, lon in points]
    for latitude, longitude in rounded:
        if not is_in_canada(latitude, longitude):
            raise InvalidInputError.of("points", f"[{latitude}, {longitude}] is not in Canada.")
    return [list(point) for point in dict.fromkeys(rounded)]


def is_in_canada(latitude: float, longitude: float) -> bool:
    """Whether a point may lie in Canada; nearly exact along the border in the south."""
    if not WEST <= longitude <= EAST:
        return False
    south = next(least for start, least in reversed(SOUTH) if longitude >= start)
    return south <= latitude <= NORTH


def code_of(latitude: float, longitude: float) -> str:
    """The code of a point as a station: `45.63N73.81W`."""
    return f"{latitude:.9g}N{-longitude:.9g}W"


def point_of(code: str) -> tuple[float, float]:
    """Latitude and longitude of such a code."""
    latitude, _, longitude = code.removesuffix("W").partition("N")
    return float(latitude), -float(longitude)
