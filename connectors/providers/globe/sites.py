"""GLOBE's sites as stations, and which of them lie where was asked."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Request, Station
from connectors.columns import without_sentinels
from connectors.providers.globe.areas import distances_km
from connectors.records import latest_rows, numbers_of
from connectors.rows import Rows
from datastream.core.errors import ProviderRefusedError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

CODE = r"^[A-Za-z0-9._-]{1,64}$"
# 0 as well, which stands for heights that nobody gave; on the coast that costs little.
NO_ELEVATION = (-99.0, -9999.0, 0.0)
HIGHEST_M = 9000.0
NAME_CHARS = 255
# Of a degree: positions are rounded.
TOLERANCE = 1e-4


def read_codes(rows: Rows) -> pa.Array:
    codes = rows.columns["siteId"]
    is_code = pc.fill_null(pc.match_substring_regex(codes, CODE), fill_value=False)
    rows.fault(pc.invert(is_code), "siteId", "Not a site")
    return codes


def positions(rows: Rows) -> tuple[Floats, Floats]:
    """Latitudes and longitudes, both NaN where the site has none."""
    pair = (numbers_of(rows.columns[name]) for name in ("latitude", "longitude"))
    latitudes, longitudes = (pc.fill_null(one, np.nan).to_numpy() for one in pair)
    # Positions of 0, 0 are placeholders.
    is_real = (np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 180)
    is_real &= (latitudes != 0) | (longitudes != 0)
    return np.where(is_real, latitudes, np.nan), np.where(is_real, longitudes, np.nan)


def elsewhere(rows: Rows, request: Request, places: tuple[Floats, Floats]) -> Bools:
    """Which rows are not of the country or the box that was asked for.

    Raises
    ------
    ProviderRefusedError
        Most are not: what was asked for was not heeded.
    """
    country = request.params.get("countrycode")
    if country is not None:
        is_other = pc.fill_null(pc.not_equal(rows.columns["countryCode"], country), False)  # noqa: FBT003
        found = is_other.to_numpy(zero_copy_only=False)
    else:
        found = ~in_box(request, places)
    if found.sum() > max(1, len(rows) / 2):
        message = f"{int(found.sum())} of {len(rows)} records are of elsewhere than was asked for."
        raise ProviderRefusedError(message)
    return np.asarray(found)


def in_box(request: Request, places: tuple[Floats, Floats]) -> Bools:
    edges = (float(str(request.params[name])) for name in ("minlat", "maxlat", "minlon", "maxlon"))
    south, north, west, east = edges
    latitudes, longitudes = places
    inside = (latitudes >= south - TOLERANCE) & (latitudes <= north + TOLERANCE)
    return np.asarray(inside & (longitudes >= west - TOLERANCE) & (longitudes <= east + TOLERANCE))


def out_of_circle(request: Request, places: tuple[Floats, Floats]) -> Bools:
    """Which rows lie in the corners of the box around the circle that is wanted."""
    if "circle" not in request.told:
        return np.zeros(len(places[0]), bool)
    latitude, longitude, distance_km = request.told["circle"]
    is_near = distances_km(*places, middle=(latitude, longitude)) <= distance_km
    return np.asarray(~is_near)


def stations_of(rows: Rows, holds: pa.BooleanArray) -> tuple[Station, ...]:
    """The sites of some rows, each as the latest update describes it."""
    n = len(rows)
    always = pa.array(np.zeros(n, np.int64))
    holding = pc.cast(holds, pa.int8())
    latest, _ = latest_rows(rows.columns["siteId"], always, holding, rows.columns["updateDate"])
    chosen = np.flatnonzero(pc.and_(latest, holds))
    latitudes, longitudes = positions(rows)
    elevations = without_sentinels(numbers_of(rows.columns["elevation"]), NO_ELEVATION)
    names = rows.columns["siteName"]
    return tuple(
        Station(
            rows.columns["siteId"][index].as_py(),
            name=(names[index].as_py() or "").replace("\0", "")[:NAME_CHARS],
            latitude=_real(latitudes[index]),
            longitude=_real(longitudes[index]),
            elevation_m=_height(elevations[index].as_py()),
        )
        for index in chosen.tolist()
    )


def _real(degrees: float) -> float | None:
    return None if np.isnan(degrees) else float(degrees)


def _height(metres: float | None) -> float | None:
    return metres if metres is not None and abs(metres) <= HIGHEST_M else None
