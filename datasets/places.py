"""Where stations are, as a caller may know it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.access import View
from datasets.models import Station

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
IN_GEOMETRY = frozenset({"id", "latitude", "longitude"})


def collection(
    view: View, stations: Iterable[Station], told: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """A GeoJSON FeatureCollection of stations, with what is told of each as its properties."""
    features = []
    for station, facts in zip(stations, told, strict=True):
        properties = {name: fact for name, fact in facts.items() if name not in IN_GEOMETRY}
        features.append(
            {
                "type": "Feature",
                "id": station.pk,
                "geometry": geometry(view, station),
                "properties": properties,
            }
        )
    return {"type": "FeatureCollection", "name": view.dataset.name, "features": features}


def geometry(view: View, station: Station) -> dict[str, Any] | None:
    """A GeoJSON point (RFC 7946: longitude, latitude, elevation), or None without coordinates."""
    place = seen(view, station)
    if place is None:
        return None
    position = [place[1], place[0]]
    if station.elevation_m is not None:
        position.append(station.elevation_m)
    return {"type": "Point", "coordinates": position}


def shown(view: View, degrees: float, most: int) -> float:
    """A coordinate on the step that the view allows, and not beyond `most`."""
    # `coordinates.shown` is the same in SQL.
    if view.coordinate_step_deg is None:
        return degrees
    # In decimals: 3 times 0.1 is not 0.3 otherwise.
    rounded = round(degrees / view.coordinate_step_deg) * Decimal(str(view.coordinate_step_deg))
    return float(max(min(rounded, Decimal(most)), Decimal(-most)))


def seen(view: View, station: Station) -> tuple[float, float] | None:
    """Latitude and longitude as the view allows, or None without coordinates."""
    if station.longitude is None or station.latitude is None:
        return None
    return shown(view, station.latitude, 90), shown(view, station.longitude, 180)


def distances_km(here: tuple[float, float], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distances (haversine) on a sphere.

    Parameters
    ----------
    here : latitude, longitude, degrees
    others : shape (n, 2), likewise

    Returns
    -------
    shape (n,), km
    """
    latitude, longitude = np.radians(here)
    latitudes, longitudes = np.radians(others).T
    half = np.sin((latitudes - latitude) / 2) ** 2
    half += np.cos(latitude) * np.cos(latitudes) * np.sin((longitudes - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))
