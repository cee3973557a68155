"""Where stations are, as a caller may know it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from datasets.access import View
from datasets.models import Station

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
    if station.longitude is None or station.latitude is None:
        return None
    position = [shown(view, station.longitude, 180), shown(view, station.latitude, 90)]
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
