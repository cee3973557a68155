"""NASA's POWER and CMR as their documentation has them, for tests and for trying by hand.

By hand: `python -m tests.connectors.fakes.nasa --port 8902`, then `NASA_POWER_BASE_URL` and
`NASA_CMR_BASE_URL` are `http://127.0.0.2:8902/` and `OUTBOUND_NETWORKS` `127.0.0.2/32`.
"""

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from tests.connectors.fakes.server import Call, FakeProvider, Reply, serve_by_hand

FILL = -999.0
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
PERIOD = (
    "20-year Meteorological and Solar Monthly & Annual Climatologies (January 2001 - December 2020)"
)
# Name → unit, least and greatest value, long name; the extremes and soil are not there by the hour.
WEATHER: dict[str, tuple[str, float, float, str]] = {
    "T2M": ("C", -20, 30, "Temperature at 2 Meters"),
    "T2M_MAX": ("C", 0, 40, "Temperature at 2 Meters Maximum"),
    "T2M_MIN": ("C", -40, 20, "Temperature at 2 Meters Minimum"),
    "T2M_RANGE": ("C", 1, 20, "Temperature at 2 Meters Range"),
    "T2MDEW": ("C", -30, 20, "Dew/Frost Point at 2 Meters"),
    "T2MWET": ("C", -30, 20, "Wet Bulb Temperature at 2 Meters"),
    "TS": ("C", -30, 40, "Earth Skin Temperature"),
    "RH2M": ("%", 10, 100, "Relative Humidity at 2 Meters"),
    "QV2M": ("g/kg", 1, 20, "Specific Humidity at 2 Meters"),
    "PS": ("kPa", 90, 103, "Surface Pressure"),
    "PRECTOTCORR": ("mm/day", 0, 40, "Precipitation Corrected"),
    "WS2M": ("m/s", 0, 20, "Wind Speed at 2 Meters"),
    "WS2M_MAX": ("m/s", 5, 30, "Wind Speed at 2 Meters Maximum"),
    "WS2M_MIN": ("m/s", 0, 5, "Wind Speed at 2 Meters Minimum"),
    "WS2M_RANGE": ("m/s", 0, 20, "Wind Speed at 2 Meters Range"),
    "WD2M": ("Degrees", 0, 360, "Wind Direction at 2 Meters"),
    "WS10M": ("m/s", 0, 25, "Wind Speed at 10 Meters"),
    "WS10M_MAX": ("m/s", 5, 35, "Wind Speed at 10 Meters Maximum"),
    "WS10M_MIN": ("m/s", 0, 5, "Wind Speed at 10 Meters Minimum"),
    "WS10M_RANGE": ("m/s", 0, 25, "Wind Speed at 10 Meters Range"),
    "WD10M": ("Degrees", 0, 360, "Wind Direction at 10 Meters"),
    "GWETTOP": ("1", 0, 1, "Surface Soil Wetness"),
    "GWETROOT": ("1", 0, 1, "Root Zone Soil Wetness"),
    "GWETPROF": ("1", 0, 1, "Profile Soil Moisture"),
}
# In MJ/m^2/day; other communities have it in kW-hr.
SOLAR = {
    "ALLSKY_SFC_SW_DWN": "All Sky Surface Shortwave Downward Irradiance",
    "CLRSKY_SFC_SW_DWN": "Clear Sky Surface Shortwave Downward Irradiance",
    "TOA_SW_DWN": "Top-Of-Atmosphere Shortwave Downward Irradiance",
}
ADDED = {
    "PSC": ("kPa", 60, 103, "Corrected Atmospheric Pressure (Adjusted For Site Elevation)"),
    "WSC": ("m/s", 0, 40, "Corrected Wind Speed (Adjusted For Elevation)"),
}
SOLAR_SINCE = date(1984, 1, 1)
SOLAR_LAG = timedelta(days=4)
MJ_IN_KWH = 3.6


def cell_of(latitude: float, longitude: float) -> tuple[float, float]:
    """The centre of the cell, of half a degree by five eighths."""
    return round(latitude / 0.5) * 0.5, round((longitude + 180) / 0.625) * 0.625 - 180


def elevation_m(cell: tuple[float, float]) -> float:
    return round(zlib.crc32(f"elevation {cell}".encode()) / 2**32 * 1000, 2)


def value(name: str, latitude: float, longitude: float, stamp: str, community: str = "AG") -> float:
    """What POWER has, in the community's unit, whatever its age."""
    share = zlib.crc32(f"{name}{cell_of(latitude, longitude)}{stamp}".encode()) / 2**32
    if name in SOLAR:
        return round(30 * share / (1 if community == "AG" else MJ_IN_KWH), 2)
    _, low, high, _ = (WEATHER | ADDED)[name]
    return round(low + (high - low) * share, 2)


def unit(name: str, temporal: str, community: str) -> str:
    if name in SOLAR and temporal == "hourly":
        return "MJ/hr" if community == "AG" else "Wh/m^2"
    if name in SOLAR:
        return "MJ/m^2/day" if community == "AG" else "kW-hr/m^2/day"
    told = (WEATHER | ADDED)[name][0]
    return "mm/hour" if (told, temporal) == ("mm/day", "hourly") else told


def longname(name: str) -> str:
    return SOLAR.get(name) or (WEATHER | ADDED)[name][3]


class FakeNasa(FakeProvider):
    """POWER has values up to `until`; CMR has `granules` and one collection."""

    def __init__(self, port: int = 0, *, until: date = date(2026, 6, 30)) -> None:
        super().__init__(port)
        self.until = until
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.messages: list[str] = []
        self.units: dict[str, str] = {}
        self.revised: dict[str, float] = {}
        self.ignores_time_standard = False
        self.granules = 5
        self.is_timed_out = False
        self.tokens = {"good-token"}

    def answer(self, call: Call) -> Reply:
        parts = call.path.strip("/").split("/")
        if parts[:2] == ["api", "temporal"] and len(parts) == 4:
            return self._power(parts[2], parts[3], call.params)
        if parts[0] == "search" and len(parts) == 2:
            return self._cmr(parts[1], call)
        return _json(404, {"detail": "Not Found"})

    # POWER

    def _power(self, temporal: str, space: str, params: dict[str, str]) -> Reply:
        if malformed := list(_malformed(temporal, space, params)):
            return _json(422, {"detail": malformed})
        if errors := list(_errors(temporal, space, params)):
            header = (
                f"The POWER {temporal.capitalize()} API failed to complete your request; please "
                "review the errors below."
            )
            return _json(422, {"header": header, "messages": errors})
        names = params["parameters"].split(",")
        names += [
            name
            for key, name in (("site-elevation", "PSC"), ("wind-elevation", "WSC"))
            if key in params
        ]
        features = [
            self._feature(place, temporal, names, params) for place in _places(space, params)
        ]
        told = self._told(temporal, names, params)
        if space == "point":
            return _json(200, {**features[0], **told})
        return _json(200, {"type": "FeatureCollection", "features": features, **told})

    def _told(self, temporal: str, names: list[str], params: dict[str, str]) -> dict[str, Any]:
        community = params["community"].upper()
        header: dict[str, Any] = {
            "title": f"NASA/POWER Source Native Resolution {temporal.capitalize()} Data",
            "api": {"version": "v2.10.0", "name": f"POWER {temporal.capitalize()} API"},
            "sources": ["MERRA2"],
            "fill_value": FILL,
            "time_standard": self._standard(params),
        }
        if temporal == "climatology":
            header["range"] = PERIOD
        else:
            header |= {"start": params["start"], "end": params["end"]}
        units = {
            name: {
                "units": self.units.get(name) or unit(name, temporal, community),
                "longname": longname(name),
            }
            for name in names
        }
        times = {"data": 0.1, "process": 0.01}
        return {"header": header, "messages": self.messages, "parameters": units, "times": times}

    def _standard(self, params: dict[str, str]) -> str:
        # Any other spelling of the name is not looked at.
        asked = params.get("time-standard", "LST").upper()
        return "LST" if self.ignores_time_standard else asked

    def _feature(
        self,
        place: tuple[float, float],
        temporal: str,
        names: list[str],
        params: dict[str, str],
    ) -> dict[str, Any]:
        latitude, longitude = place
        stamps = list(_stamps(temporal, params))
        value_of = partial(self._value, temporal, place, params)
        series = {name: {stamp: value_of(name, stamp) for stamp in stamps} for name in names}
        coordinates = [longitude, latitude, elevation_m(cell_of(*place))]
        return {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": coordinates},
            "properties": {"parameter": series},
        }

    def _value(
        self,
        temporal: str,
        place: tuple[float, float],
        params: dict[str, str],
        name: str,
        stamp: str,
    ) -> float:
        if temporal in {"daily", "hourly"}:
            day = datetime.strptime(stamp[:8], "%Y%m%d").replace(tzinfo=UTC).date()
            until = self.until - SOLAR_LAG if name in SOLAR else self.until
            if day > until or (name in SOLAR and day < SOLAR_SINCE):
                return FILL
        # Days are cut elsewhere; the means of months are almost the same.
        is_local = temporal == "daily" and self._standard(params) == "LST"
        drift = 0.5 if is_local else 0.0
        true = value(name, *place, stamp, params["community"].upper())
        return round(true + drift + self.revised.get(stamp, 0.0), 2)

    # CMR

    def _cmr(self, target: str, call: Call) -> Reply:
        kind, _, form = target.partition(".")
        if kind not in {"collections", "granules"} or form != "umm_json":
            return _json(404, {"errors": [f"The mime type for {target} is not supported."]})
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in self.tokens:
            return _json(401, {"errors": ["Token does not exist"]})
        params = dict(parse_qsl(call.query))
        if unknown := sorted(set(params) - KNOWN):
            return _json(400, {"errors": [f"Parameter [{unknown[0]}] was not recognized."]})
        items = _granules(self.granules) if kind == "granules" else [_collection()]
        return self._page(items, int(params.get("page_size", "10")), call)

    def _page(self, items: list[dict[str, Any]], size: int, call: Call) -> Reply:
        after = call.headers.get("cmr-search-after")
        first = json.loads(after)[-1] if after else 0
        page = items[first : first + size]
        headers = {"CMR-Hits": str(len(items)), "CMR-Request-Id": "7fcc5e93", "CMR-Took": "69"}
        if page:
            # With the last full page too.
            headers["CMR-Search-After"] = json.dumps(["pocloud", first + len(page)])
        if self.is_timed_out:
            headers["CMR-Timed-Out"] = "true"
        return _json(200, {"hits": len(items), "took": 68, "items": page}, headers)


KNOWN = {
    "short_name", "version", "provider", "concept_id", "collection_concept_id", "keyword",
    "temporal[]", "bounding_box", "point", "cloud_hosted", "day_night_flag", "page_size",
}  # fmt: skip


def _granules(number: int) -> list[dict[str, Any]]:
    return [
        {
            "meta": {
                "concept-type": "granule",
                "concept-id": f"G{1000 + n}-POCLOUD",
                "collection-concept-id": "C2270392799-POCLOUD",
                "provider-id": "POCLOUD",
                "revision-id": 2,
            },
            "umm": {
                "GranuleUR": f"ssh_grids_{n}",
                "TemporalExtent": {"SingleDateTime": f"2020-01-{n % 28 + 1:02d}T00:00:00.000Z"},
            },
        }
        for n in range(number)
    ]


def _collection() -> dict[str, Any]:
    meta = {"concept-type": "collection", "concept-id": "C2270392799-POCLOUD"}
    return {"meta": meta, "umm": {"ShortName": "SEA_SURFACE_HEIGHT", "Version": "2205"}}


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Reply:
    kind = {"Content-Type": "application/json"}
    return Reply(status, json.dumps(content).encode(), kind | (headers or {}))


def _malformed(temporal: str, space: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    needed = ["parameters", "community"]
    needed += ["latitude", "longitude"] if space == "point" else list(BOX)
    needed += [] if temporal == "climatology" else ["start", "end"]
    for name in needed:
        if name not in params:
            yield {"loc": ["query", name], "msg": "field required", "type": "value_error.missing"}


BOX = ("latitude-min", "latitude-max", "longitude-min", "longitude-max")
LENGTHS = {"daily": 8, "hourly": 8, "monthly": 4}


def _errors(temporal: str, space: str, params: dict[str, str]) -> Iterator[str]:
    names = params["parameters"].split(",")
    known = set(WEATHER) | set(SOLAR)
    if temporal == "hourly":
        known = {n for n in known if not n.endswith(("_MAX", "_MIN", "_RANGE"))}
        known = {n for n in known if not n.startswith("GWET")}
    if wrong := [name for name in names if name not in known]:
        yield f"One of your parameters is incorrect: {wrong[0]}."
    most = 1 if space == "regional" else 15 if temporal == "hourly" else 20
    if len(names) > most:
        yield f"You have exceeded the maximum number of parameters: {most}."
    if params["community"].upper() not in {"AG", "RE", "SB"}:
        yield "Please provide a correct community."
    if ("wind-elevation" in params) != ("wind-surface" in params):
        yield "Please provide both wind-elevation and wind-surface."
    yield from _place_errors(space, temporal, params)
    if temporal in LENGTHS:
        for end in ("start", "end"):
            if len(params[end]) != LENGTHS[temporal] or not params[end].isdigit():
                yield f"Please provide a correct {end} date."
        if params["end"] < params["start"]:
            yield "The end date is before the start date."


def _place_errors(space: str, temporal: str, params: dict[str, str]) -> Iterator[str]:
    if space == "point":
        if abs(float(params["latitude"])) > 90 or abs(float(params["longitude"])) > 180:
            yield "Please provide a latitude and longitude within their ranges."
        return
    if temporal == "hourly":
        yield "Hourly is not offered for regions."
    for axis in ("latitude", "longitude"):
        side = float(params[f"{axis}-max"]) - float(params[f"{axis}-min"])
        if not 2 <= side <= 10:
            yield "Please provide a box of at least 2 and at most 10 degrees."


def _places(space: str, params: dict[str, str]) -> list[tuple[float, float]]:
    if space == "point":
        return [(float(params["latitude"]), float(params["longitude"]))]
    south, north, west, east = (float(params[name]) for name in BOX)
    return [
        (lat / 2, lon / 1.6 - 180)
        for lat in range(round(south * 2), round(north * 2) + 1)
        for lon in range(577)
        if west <= lon / 1.6 - 180 <= east
    ]


def _stamps(temporal: str, params: dict[str, str]) -> Iterator[str]:
    if temporal == "climatology":
        yield from (*MONTHS, "ANN")
        return
    if temporal == "monthly":
        for year in range(int(params["start"]), int(params["end"]) + 1):
            # The thirteenth month is the mean of the year.
            yield from (f"{year}{month:02d}" for month in range(1, 14))
        return
    day, last = (
        datetime.strptime(params[end], "%Y%m%d").replace(tzinfo=UTC) for end in ("start", "end")
    )
    while day <= last:
        hours = range(24) if temporal == "hourly" else [None]
        yield from (f"{day:%Y%m%d}" + ("" if h is None else f"{h:02d}") for h in hours)
        day += timedelta(days=1)


if __name__ == "__main__":
    serve_by_hand(FakeNasa, __doc__, port=8902, days_late=3)
