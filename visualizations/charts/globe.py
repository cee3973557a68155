"""Outlines of land, and which part of the earth a map shows, projected onto its plot.

The outlines are Natural Earth's of 1:110 million (public domain, naturalearthdata.com), in degrees
with two decimals: `land`, polygons of rings, and `borders`, lines.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualizations.charts.look import Spec

Floats = NDArray[np.float64]
OUTLINES = Path(__file__).with_name("outlines.json")
# Closer than this, outlines of so small a scale would mislead.
LEAST_DEG = 6.0
# Wider than this it is a map of the whole earth.
WORLD_DEG = 150.0
# Unless all of it is nearer to a pole than this latitude.
POLAR_DEG = 45.0
AIR = 0.08
GRID_STEPS = (1, 2, 5, 10, 15, 30)


@functools.lru_cache(maxsize=1)
def outlines() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(OUTLINES.read_text())
    return found


@dataclass(frozen=True)
class Cut:
    """The part of the earth that is shown, in degrees; east of west even across the date line."""

    west: float
    south: float
    east: float
    north: float

    @property
    def is_around_a_pole(self) -> bool:
        return self.is_wide and (self.south >= POLAR_DEG or self.north <= -POLAR_DEG)

    @property
    def is_world(self) -> bool:
        return not self.is_around_a_pole and (self.is_wide or self.north - self.south > WORLD_DEG)

    @property
    def is_wide(self) -> bool:
        return self.east - self.west > WORLD_DEG

    @property
    def centre(self) -> tuple[float, float]:
        if self.is_around_a_pole:
            return (self.west + self.east) / 2, 90.0 if self.south > 0 else -90.0
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def holds(self, longitudes: Floats, latitudes: Floats) -> NDArray[np.bool_]:
        inside = (latitudes >= self.south) & (latitudes <= self.north)
        held: NDArray[np.bool_] = inside & ((longitudes - self.west) % 360 <= self.east - self.west)
        return held


WORLD = Cut(-180.0, -60.0, 180.0, 85.0)


def around(longitudes: Floats, latitudes: Floats) -> Cut:
    """The smallest part that holds all places, with some air, and not smaller than outlines allow.

    It leaves out the widest span of longitudes without a place, which may be on either side.
    """
    if not longitudes.size:
        return WORLD
    ordered = np.unique(longitudes % 360)
    gaps = np.diff(np.append(ordered, ordered[0] + 360))
    widest = int(gaps.argmax())
    west = float(ordered[(widest + 1) % ordered.size])
    east = west + 360 - float(gaps[widest])
    if west > 180:
        west, east = west - 360, east - 360
    south, north = float(latitudes.min()), float(latitudes.max())
    shrink = max(np.cos(np.radians((south + north) / 2)), 0.1)
    half = max((east - west) / 2 * (1 + 2 * AIR), LEAST_DEG / 2 / shrink)
    tall = max((north - south) / 2 * (1 + 2 * AIR), LEAST_DEG / 2)
    middle, centre = (west + east) / 2, (south + north) / 2
    if half > WORLD_DEG / 2 or tall > WORLD_DEG / 2:
        if south >= POLAR_DEG:
            return Cut(-180.0, max(south - 3, POLAR_DEG), 180.0, 90.0)
        if north <= -POLAR_DEG:
            return Cut(-180.0, -90.0, 180.0, min(north + 3, -POLAR_DEG))
        return Cut(
            -180.0, max(min(-60.0, south - 3), -90.0), 180.0, min(max(85.0, north + 3), 90.0)
        )
    return Cut(middle - half, max(-90.0, centre - tall), middle + half, min(90.0, centre + tall))


def projection(cut: Cut) -> Spec:
    """Equal areas: Equal Earth for the world, Lambert's azimuthal one around a part's centre.

    Only our own numbers and the size of the plot stand in the expressions.
    """
    x, y = edges(cut)
    width, height = float(np.ptp(x)), float(np.ptp(y))
    scale = f"min(width / {width:.6f}, height / {height:.6f})"
    middle_x, middle_y = float(x.min() + width / 2), float(y.min() + height / 2)
    longitude, latitude = cut.centre
    return {
        "type": "equalEarth" if cut.is_world else "azimuthalEqualArea",
        "rotate": [0, 0, 0] if cut.is_world else [-longitude, -latitude, 0],
        "scale": {"expr": scale},
        "translate": {
            "expr": f"[width / 2 - {scale} * ({middle_x:.6f}), "
            f"height / 2 + {scale} * ({middle_y:.6f})]"
        },
        "clipExtent": {"expr": "[[0, 0], [width, height]]"},
    }


def edges(cut: Cut) -> tuple[Floats, Floats]:
    """Projected places along the edge of the cut, before scale and translation."""
    along = np.linspace(0, 1, 33)
    longitudes = cut.west + along * (cut.east - cut.west)
    latitudes = cut.south + along * (cut.north - cut.south)
    corners = [
        (longitudes, np.full_like(along, cut.south)),
        (longitudes, np.full_like(along, cut.north)),
        (np.full_like(along, cut.west), latitudes),
        (np.full_like(along, cut.east), latitudes),
        (longitudes, np.full_like(along, np.clip(0.0, cut.south, cut.north))),
    ]
    points = np.hstack([np.vstack(one) for one in corners])
    return plane(cut, points[0], points[1])


def plane(cut: Cut, longitudes: Floats, latitudes: Floats) -> tuple[Floats, Floats]:
    if cut.is_world:
        return equal_earth(longitudes, latitudes)
    return azimuthal(longitudes, latitudes, cut.centre)


def azimuthal(
    longitudes: Floats, latitudes: Floats, centre: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Snyder 1987, section 24, on a sphere of radius 1."""
    away = np.radians(longitudes - centre[0])
    latitude, middle = np.radians(latitudes), np.radians(centre[1])
    cosine = np.sin(middle) * np.sin(latitude)
    cosine += np.cos(middle) * np.cos(latitude) * np.cos(away)
    k = np.sqrt(2 / np.maximum(1 + cosine, 1e-9))
    x = k * np.cos(latitude) * np.sin(away)
    y = np.cos(middle) * np.sin(latitude) - np.sin(middle) * np.cos(latitude) * np.cos(away)
    return x, k * y


def equal_earth(longitudes: Floats, latitudes: Floats) -> tuple[Floats, Floats]:
    """Šavrič, Patterson and Jenny 2018, doi:10.1080/13658816.2018.1504949."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    theta = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(latitudes)))
    below = 9 * a4 * theta**8 + 7 * a3 * theta**6 + 3 * a2 * theta**2 + a1
    x = 2 * np.sqrt(3) * np.radians(longitudes) * np.cos(theta) / (3 * below)
    return x, a4 * theta**9 + a3 * theta**7 + a2 * theta**3 + a1 * theta


def grid(cut: Cut) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of the lines of the grid."""
    span = max(cut.east - cut.west, cut.north - cut.south)
    step = next((s for s in GRID_STEPS if span / s <= 12), GRID_STEPS[-1])
    found = []
    for low, high in ((cut.west, cut.east), (cut.south, cut.north)):
        first = np.ceil(low / step) * step
        found.append(np.arange(first, high + step / 1000, step).tolist())
    return found[0], found[1]


def lines(cut: Cut) -> list[list[list[float]]]:
    """The grid, well beyond the cut: the plot is wider than it or higher."""
    longitudes, latitudes = grid(cut)
    step = longitudes[1] - longitudes[0] if len(longitudes) > 1 else 1.0
    many = 40 if not cut.is_world else 0
    if many:
        longitudes = (longitudes[0] + step * np.arange(-many, many + len(longitudes))).tolist()
        longitudes = [one for one in longitudes if abs(one - cut.centre[0]) <= 179]
        latitudes = np.arange(-90 + step, 90, step).tolist()
    low, high = (-90.0, 90.0)
    ups = [[[wrapped(x), float(y)] for y in np.linspace(low, high, 91)] for x in longitudes]
    start = cut.centre[0] - 180
    rounds = [
        [[wrapped(float(x)), y] for x in np.linspace(start + 0.01, start + 359.99, 181)]
        for y in latitudes
        if abs(y) < 90
    ]
    return ups + rounds


def wrapped(longitude: float) -> float:
    return float((longitude + 180) % 360 - 180)


def projected(cut: Cut, longitudes: Floats, latitudes: Floats) -> Any:
    """Places on the plane of the map, east and north, in shares of the cut's larger side."""
    x, y = plane(cut, longitudes, latitudes)
    largest = max(float(np.ptp(side)) for side in edges(cut))
    return x / largest, y / largest
