"""MSC GeoMet and ClimateData.ca as their notes have them, for tests and for trying by hand.

By hand: `python -m tests.connectors.fakes.climatedata_ca --port 8905`, then `GEOMET_BASE_URL` and
`CLIMATEDATA_CA_BASE_URL` are `http://127.0.0.2:8905/` and `OUTBOUND_NETWORKS` `127.0.0.2/32`.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.connectors.fakes.climatedata_grid import Grid
from tests.connectors.fakes.server import Call, FakeProvider, Reply, serve_by_hand

GEOJSON = "application/geo+json"
MOST = 10_000
PAGING = {"f", "limit", "offset", "resulttype", "bbox", "datetime", "sortby", "properties",
          "skipGeometry", "lang"}  # fmt: skip


@dataclass(frozen=True)
class Station:
    number: int
    name: str
    province: str
    latitude: float
    longitude: float
    elevation_m: str
    zone: str
    utc_hours: int


STATIONS = {
    "1018611": Station(114, "VICTORIA GONZALES CS", "BC", 48.4133, -123.3247, "61.00", "PST", -8),
    "101HF66": Station(8, "VICTORIA WILLOWS PARK", "BC", 48.4333, -123.3, "9.10", "PST", -8),
    "1160899": Station(1237, "BLUE RIVER A", "BC", 52.129, -119.2895, "690.40", "PST", -8),
    "6158355": Station(5051, "TORONTO", "ON", 43.67, -79.4, "112.50", "EST", -5),
}
FIRST = date(1950, 1, 1)
DAILY = {
    "MEAN_TEMPERATURE": (-150, 300), "MIN_TEMPERATURE": (-250, 200), "MAX_TEMPERATURE": (-50, 350),
    "TOTAL_PRECIPITATION": (0, 400), "TOTAL_SNOW": (0, 100), "SNOW_ON_GROUND": (0, 500),
}  # fmt: skip
HOURLY = {
    "TEMP": (-150, 300), "DEW_POINT_TEMP": (-250, 200), "RELATIVE_HUMIDITY": (200, 1000),
    "STATION_PRESSURE": (980, 1030), "VISIBILITY": (0, 800),
}  # fmt: skip
AHCCD = {
    "temp_mean__temp_moyenne": ("temp_mean_units__temp_moyenne_unites", "C"),
    "total_precip__precip_totale": ("total_precip_units__precip_totale_unites", "mm"),
    "wind_speed__vitesse_vent": ("wind_speed_units__vitesse_vent_unites", "kph"),
}
SEASONS = ("Win", "Spr", "Smr", "Fal")
FLAGGED = {
    "climate-daily": "MEAN_TEMPERATURE MIN_TEMPERATURE MAX_TEMPERATURE TOTAL_PRECIPITATION "
    "TOTAL_RAIN TOTAL_SNOW SNOW_ON_GROUND DIRECTION_MAX_GUST SPEED_MAX_GUST COOLING_DEGREE_DAYS "
    "HEATING_DEGREE_DAYS MIN_REL_HUMIDITY MAX_REL_HUMIDITY",
    "climate-hourly": "TEMP DEW_POINT_TEMP RELATIVE_HUMIDITY PRECIP_AMOUNT WIND_DIRECTION "
    "WIND_SPEED VISIBILITY STATION_PRESSURE HUMIDEX WINDCHILL",
}
QUERYABLES = {
    "climate-daily": "STATION_NAME CLIMATE_IDENTIFIER STN_ID ID LOCAL_DATE PROVINCE_CODE",
    "climate-hourly": "STATION_NAME CLIMATE_IDENTIFIER STN_ID ID LOCAL_DATE UTC_DATE",
    "climate-monthly": "STATION_NAME CLIMATE_IDENTIFIER STN_ID ID LOCAL_DATE LATITUDE LONGITUDE "
    "MEAN_TEMPERATURE NORMAL_MEAN_TEMPERATURE MIN_TEMPERATURE MAX_TEMPERATURE "
    "TOTAL_PRECIPITATION NORMAL_PRECIPITATION DAYS_WITH_PRECIP_GE_1MM TOTAL_SNOWFALL "
    "NORMAL_SNOWFALL SNOW_ON_GROUND_LAST_DAY BRIGHT_SUNSHINE NORMAL_SUNSHINE "
    "COOLING_DEGREE_DAYS HEATING_DEGREE_DAYS DAYS_WITH_VALID_MEAN_TEMP DAYS_WITH_VALID_MIN_TEMP "
    "DAYS_WITH_VALID_MAX_TEMP DAYS_WITH_VALID_PRECIP DAYS_WITH_VALID_SNOWFALL "
    "DAYS_WITH_VALID_SUNSHINE LAST_UPDATED",
    "climate-stations": "STN_ID STATION_NAME PROV_STATE_TERR_CODE LATITUDE LONGITUDE TIMEZONE "
    "ELEVATION CLIMATE_IDENTIFIER TC_IDENTIFIER WMO_IDENTIFIER FIRST_DATE LAST_DATE "
    "HLY_FIRST_DATE HLY_LAST_DATE DLY_FIRST_DATE DLY_LAST_DATE MLY_FIRST_DATE MLY_LAST_DATE",
}
OF_AHCCD = (
    "station_id__id_station province__province period_value__valeur_periode date year__annee "
    "temp_mean__temp_moyenne temp_mean_units__temp_moyenne_unites temp_max__temp_max "
    "temp_max_units__temp_max_unites temp_min__temp_min temp_min_units__temp_min_unites "
    "total_precip__precip_totale total_precip_units__precip_totale_unites rain__pluie "
    "rain_units__pluie_unites snow__neige snow_units__neige_unites "
    "pressure_sea_level__pression_niveau_mer pressure_sea_level_units__pression_niveau_mer_unite "
    "pressure_station__pression_station pressure_station_units__pression_station_unites "
    "wind_speed__vitesse_vent wind_speed_units__vitesse_vent_unites"
)


def tenths(code: str, name: str, when: Any, low: int, high: int) -> float:
    return (low + zlib.crc32(f"{code}{name}{when}".encode()) % (high - low + 1)) / 10


def daily(code: str, day: date) -> dict[str, Any]:
    row: dict[str, Any] = {n: tenths(code, n, day, *span) for n, span in DAILY.items()}
    gust = zlib.crc32(f"{code}gust{day}".encode()) % 100
    row["SPEED_MAX_GUST"] = gust if gust >= 31 else None
    row["DIRECTION_MAX_GUST"] = gust % 36 + 1 if gust >= 31 else None
    row |= {f"{name}_FLAG": None for name in list(row)}
    return row | {"LOCAL_DATE": f"{day} 00:00:00", "ID": f"{code}.{day.year}.{day.month}.{day.day}"}


def hourly(code: str, local: datetime) -> dict[str, Any]:
    utc = local - timedelta(hours=STATIONS[code].utc_hours)
    row: dict[str, Any] = {n: tenths(code, n, utc, *span) for n, span in HOURLY.items()}
    row |= {"WIND_DIRECTION": utc.hour % 37, "WIND_SPEED": utc.hour}
    row |= {f"{name}_FLAG": None for name in list(row)}
    return row | {"LOCAL_DATE": f"{local}", "UTC_DATE": f"{utc:%Y-%m-%dT%H:%M:%S}"}


def monthly(code: str, month: date) -> dict[str, Any]:
    return {
        "MEAN_TEMPERATURE": tenths(code, "mean", month, -200, 250),
        "DAYS_WITH_VALID_MEAN_TEMP": 24 if month.month == 2 else 30,
        "TOTAL_SNOWFALL": tenths(code, "snow", month, 0, 900),
        "DAYS_WITH_VALID_SNOWFALL": 30,
        "LATITUDE": str(STATIONS[code].latitude),
        "LOCAL_DATE": f"{month:%Y-%m}",
        "ID": f"{STATIONS[code].number}.{month.year}.{month.month}",
    }


def homogenized(code: str, when: str) -> dict[str, Any]:
    row: dict[str, Any] = dict(AHCCD.values())
    row["temp_mean__temp_moyenne"] = tenths(code, "ahccd", when, -200, 250)
    row["total_precip__precip_totale"] = -9999.9 if code == "1160899" else 81.5
    row["wind_speed__vitesse_vent"] = None
    return row | {"station_id__id_station": code, "province__province": STATIONS[code].province}


class FakeClimatedataCa(FakeProvider):
    """Has rows of each station from 1950 to `until`, apart from what tests arrange."""

    def __init__(self, port: int = 0, *, until: date = date(2026, 6, 30)) -> None:
        super().__init__(port)
        self.until = until
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.grid = Grid()
        # By collection: properties that replace those of a row, by the text of its date.
        self.changes: dict[str, dict[str, Any]] = {}
        # As of servers newer than that of July 2026.
        self.ignores_unknown = False

    def answer(self, call: Call) -> Reply:
        parts = call.path.strip("/").split("/")
        if parts[0] == "collections":
            return self._items(parts, call)
        return self.grid.answer(call)

    def _items(self, parts: list[str], call: Call) -> Reply:
        if len(parts) != 3 or parts[1] not in ROWS or parts[2] != "items":
            return refused(404, "NotFound", "Collection not found")
        if call.params.get("f") != "json":
            return Reply(200, b"<html><body>Items</body></html>", {"Content-Type": "text/html"})
        limit, offset = call.params.get("limit", "500"), int(call.params.get("offset", 0))
        if not limit.isdigit() or not int(limit):
            return refused(400, "InvalidParameterValue", "limit value should be strictly positive")
        rows = self._rows(parts[1], call.params)
        names = call.params.get("properties", "").split(",")
        if unknown := set(filter(None, names)) - known(parts[1]):
            return refused(400, "InvalidParameterValue", f"unknown properties specified {unknown}")
        return self._page(call, rows, min(int(limit), MOST), offset)

    def _page(self, call: Call, rows: list[dict[str, Any]], limit: int, offset: int) -> Reply:
        names = set(call.params.get("properties", "").split(",")) - {""}
        page = rows[offset : offset + limit]
        matched = len(rows) if offset + limit <= MOST else offset + len(page)
        if call.params.get("resulttype") == "hits":
            page = []
        links = [{"rel": "self", "href": self.url + call.path}]
        if len(page) == limit:
            # Also where nothing follows.
            links.append({"rel": "next", "href": f"{self.url}{call.path}?offset={offset + limit}"})
        content = {
            "type": "FeatureCollection",
            "features": [feature(row, names) for row in page],
            "numberMatched": matched,
            "numberReturned": len(page),
            "links": links,
        }
        return Reply(200, json.dumps(content).encode(), {"Content-Type": GEOJSON})

    def _rows(self, collection: str, params: dict[str, str]) -> list[dict[str, Any]]:
        filters = {name: text for name, text in params.items() if name not in PAGING}
        if unknown := set(filters) - known(collection):
            if not self.ignores_unknown:
                return []
            filters = {name: filters[name] for name in filters if name not in unknown}
        changes = self.changes.get(collection, {})
        rows = [
            row | changes.get(row[DATES[collection]], {})
            for code in codes_of(filters)
            for row in ROWS[collection](self, code, params)
        ]
        rows = [row for row in rows if fits(row, filters)]
        if "sortby" in params:
            return sorted(rows, key=lambda row: [str(row[n]) for n in params["sortby"].split(",")])
        return sorted(rows, key=lambda row: zlib.crc32(json.dumps(row).encode()))

    def daily_rows(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for day in days_of(params, self.until):
            yield described(code) | daily(code, day)

    def hourly_rows(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        """The window is of local dates, whatever zone it names."""
        for day in days_of(params, self.until):
            midnight = datetime.combine(day, datetime.min.time(), UTC).replace(tzinfo=None)
            for hour in range(24):
                yield described(code) | hourly(code, midnight + timedelta(hours=hour))

    def monthly_rows(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for month in months_of(params, self.until):
            yield described(code) | monthly(code, month)

    def station_rows(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        one = STATIONS[code]
        box = [float(number) for number in params.get("bbox", "-180,-90,180,90").split(",")]
        if box[0] <= one.longitude <= box[2] and box[1] <= one.latitude <= box[3]:
            yield described(code) | {
                "PROV_STATE_TERR_CODE": one.province,
                "LATITUDE": packed(one.latitude),
                "LONGITUDE": packed(one.longitude),
                "ELEVATION": one.elevation_m,
                "TIMEZONE": one.zone,
                "HLY_FIRST_DATE": None,
                "DLY_FIRST_DATE": f"{FIRST} 00:00:00",
            }

    def ahccd_months(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for month in months_of(params, min(self.until, date(2020, 12, 31))):
            yield place(code) | homogenized(code, f"{month:%Y-%m}") | {"date": f"{month:%Y-%m}"}

    def ahccd_seasons(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for year in range(FIRST.year, 2021):
            for season in SEASONS:
                named = {"year__annee": year, "period_value__valeur_periode": season}
                yield place(code) | homogenized(code, f"{year}.{season}") | named

    def ahccd_years(self, code: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for year in range(FIRST.year, 2021):
            named = {"year__annee": year, "period_value__valeur_periode": "Ann"}
            yield place(code) | homogenized(code, f"{year}") | named


ROWS = {
    "climate-daily": FakeClimatedataCa.daily_rows,
    "climate-hourly": FakeClimatedataCa.hourly_rows,
    "climate-monthly": FakeClimatedataCa.monthly_rows,
    "climate-stations": FakeClimatedataCa.station_rows,
    "ahccd-monthly": FakeClimatedataCa.ahccd_months,
    "ahccd-seasonal": FakeClimatedataCa.ahccd_seasons,
    "ahccd-annual": FakeClimatedataCa.ahccd_years,
}
DATES = {
    "climate-daily": "LOCAL_DATE",
    "climate-hourly": "UTC_DATE",
    "climate-monthly": "LOCAL_DATE",
    "climate-stations": "CLIMATE_IDENTIFIER",
    "ahccd-monthly": "date",
    "ahccd-seasonal": "year__annee",
    "ahccd-annual": "year__annee",
}


def known(collection: str) -> set[str]:
    """The queryables of a collection."""
    flagged = FLAGGED.get(collection, "").split()
    others = QUERYABLES.get(collection, OF_AHCCD).split()
    return {*flagged, *(f"{name}_FLAG" for name in flagged), *others}


def described(code: str) -> dict[str, Any]:
    one = STATIONS[code]
    facts = {"STATION_NAME": one.name, "CLIMATE_IDENTIFIER": code, "STN_ID": one.number}
    return place(code) | facts


def place(code: str) -> dict[str, Any]:
    return {" at": [STATIONS[code].longitude, STATIONS[code].latitude]}


def packed(degrees: float) -> int:
    """Degrees, minutes and seconds in one number: 48.4333 is 482600000."""
    minutes, seconds = divmod(round(abs(degrees) * 3600), 60)
    whole = (minutes // 60 * 10000 + minutes % 60 * 100 + seconds) * 1000
    return whole if degrees >= 0 else -whole


def codes_of(filters: dict[str, str]) -> list[str]:
    asked = filters.get("CLIMATE_IDENTIFIER", filters.get("station_id__id_station"))
    return [code for code in STATIONS if asked is None or code in asked.split("|")]


def fits(row: dict[str, Any], filters: dict[str, str]) -> bool:
    return all(str(row.get(name)) in text.split("|") for name, text in filters.items())


def feature(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    properties = {n: v for n, v in row.items() if n != " at" and (not names or n in names)}
    geometry = {"type": "Point", "coordinates": row[" at"]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def days_of(params: dict[str, str], until: date) -> Iterator[date]:
    start, end = span_of(params, until)
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)


def months_of(params: dict[str, str], until: date) -> Iterator[date]:
    start, end = span_of(params, until)
    month = start.replace(day=1)
    while month <= end:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def span_of(params: dict[str, str], until: date) -> tuple[date, date]:
    first, _, last = params.get("datetime", "../..").partition("/")
    start = FIRST if first == ".." else date.fromisoformat(f"{first}-01"[:10])
    end = until if last == ".." else date.fromisoformat(f"{last}-28"[:10])
    return max(start, FIRST), min(end, until)


def refused(status: int, code: str, description: str) -> Reply:
    content = {"code": code, "type": code, "description": description}
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


if __name__ == "__main__":
    serve_by_hand(FakeClimatedataCa, __doc__, port=8905, days_late=2)
