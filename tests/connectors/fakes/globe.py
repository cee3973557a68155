"""GLOBE's measurement API as the notes on it have it, for tests and for trying by hand.

By hand: `python -m tests.connectors.fakes.globe --port 8903`, then `GLOBE_BASE_URL` is
`http://127.0.0.2:8903/search/v1/measurement/` and `OUTBOUND_NETWORKS` `127.0.0.2/32`.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from tests.connectors.fakes.server import Call, FakeProvider, Fault, Reply, body, serve_by_hand

ROOT = "/search/v1/measurement/"
BY_COUNTRY = f"{ROOT}protocol/measureddate/country/"
BY_BOX = f"{ROOT}protocol/measureddate/lat/lon/"
SAMPLE = 10
JSON = {"Content-Type": "application/json"}
COVERS = ("none", "few", "isolated", "scattered", "broken", "overcast", "obscured", "-99")
OUTAGE = {
    "type": "FeatureCollection",
    "name": "GLOBE-data",
    "features": [],
    "message": "failure: Connection refused",
}

Record = dict[str, Any]


@dataclass(frozen=True)
class Site:
    id: int
    name: str
    country: str
    latitude: float
    longitude: float
    elevation: float = 0.0


SITES = (
    Site(370205, "outside SSA Building", "KEN", -4.02684, 39.7174, 13.2),
    Site(369414, "Kongowea", "KEN", -4.0355, 39.683, 21.0),
    Site(35802, "11SMT309762", "USA", 34.124374, -117.749344, 485.3),
    Site(500001, "Taveuni", "FJI", -16.8, 179.97, 12.0),
    Site(500002, "Taveuni east", "FJI", -16.9, -179.95, 8.0),
)


def noise(*words: object) -> int:
    return zlib.crc32(" ".join(map(str, words)).encode())


def temperature(site: Site, day: date) -> float:
    """What is measured there on that day, as a connector should read it."""
    return 10 + noise(site.id, day) % 250 / 10


def moment(site: Site, day: date) -> datetime:
    """When, in UTC: about local noon."""
    noon = datetime(day.year, day.month, day.day, 12) - timedelta(hours=round(site.longitude / 15))  # noqa: DTZ001  UTC without saying so, as GLOBE writes it
    return noon + timedelta(minutes=noise(day) % 30)


def record(protocol: str, site: Site, day: date, fields: Record) -> Record:
    """One record, with the fields that all protocols have."""
    prefix = protocol.replace("_", "")
    at = moment(site, day)
    solar = at + timedelta(hours=site.longitude / 15)
    data = {
        "Comments": "Warm, says Amina",
        "SolarMeasuredAt": solar.isoformat(timespec="seconds"),
        "MeasuredAt": at.isoformat(),
        "Userid": 59515189,
        **fields,
    }
    return {
        "protocol": protocol,
        "measuredDate": day.isoformat(),
        "createDate": f"{day}T20:00:00",
        "updateDate": f"{day}T21:00:00",
        "publishDate": f"{day}T22:00:00",
        "organizationId": 47845373,
        "organizationName": "Shree Swaminnarayan Academy",
        "siteId": site.id,
        "siteName": site.name,
        "countryName": site.country.title(),
        "countryCode": site.country,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "elevation": site.elevation,
        # Of a group of observations, not of one.
        "pid": 210000000 + noise(site.id, day.isocalendar()[:2]) % 1_000_000,
        "data": {prefix + name: value for name, value in data.items()},
    }


def fields_of(protocol: str, site: Site, day: date) -> Record:
    if protocol == "sky_conditions":
        return {"CloudCover": COVERS[noise(site.id, day) % len(COVERS)], "Cirrus": "true"}
    degrees = temperature(site, day)
    # Older records have texts in the place of numbers.
    return {"CurrentTemp": str(degrees) if day.day % 7 == 0 else degrees}


class FakeGlobe(FakeProvider):
    """One observation a site and day, from 1995 to `until`, apart from what tests arrange."""

    def __init__(self, port: int = 0, *, until: date = date(2026, 6, 30)) -> None:
        super().__init__(port)
        self.until = until
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.protocols = {"air_temps", "sky_conditions"}
        self.corrected: dict[tuple[int, date], Any] = {}
        self.late: set[tuple[int, date]] = set()
        self.ignores_paging = False

    @property
    def base_url(self) -> str:
        return f"{self.url}{ROOT}"

    def answer(self, call: Call) -> Reply:
        if call.headers.get("accept", "*/*") != "*/*":
            return Reply(406)
        wanted = parse_qs(call.query)
        if call.path not in {BY_COUNTRY, BY_BOX}:
            return refusal(404, call.path)
        if not self._is_asked_well(call, wanted):
            return refusal(400, call.path)
        found = list(self._records(call, wanted))
        if call.params.get("geojson", "FALSE") == "TRUE":
            return Reply(200, json.dumps({**OUTAGE, "message": "success"}).encode(), JSON)
        content = {
            "count": len(found),
            "message": "success",
            "results": self._page(found, call.params),
        }
        return Reply(200, json.dumps(content).encode(), JSON)

    def _is_asked_well(self, call: Call, wanted: dict[str, list[str]]) -> bool:
        needed = {"protocols", "startdate", "enddate"}
        box = {"minlat", "maxlat", "minlon", "maxlon"}
        needed |= {"countrycode"} if call.path == BY_COUNTRY else box
        known = set(wanted.get("protocols", ())) <= self.protocols
        return needed <= wanted.keys() and known

    def _page(self, found: list[Record], params: dict[str, str]) -> list[Record]:
        if params.get("sample", "FALSE") == "TRUE":
            return found[:SAMPLE]
        if "size" not in params:
            return found
        first = 0 if self.ignores_paging else int(params.get("from", "0"))
        return found[first : first + int(params["size"])]

    def _records(self, call: Call, wanted: dict[str, list[str]]) -> Iterator[Record]:
        first = max(date.fromisoformat(call.params["startdate"]), date(1995, 1, 1))
        last = min(date.fromisoformat(call.params["enddate"]), self.until)
        sites = [site for site in SITES if is_wanted(site, call.params)]
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for site in sites:
                if (site.id, day) not in self.late:
                    for protocol in wanted["protocols"]:
                        yield self._record(protocol, site, day)

    def _record(self, protocol: str, site: Site, day: date) -> Record:
        made = record(protocol, site, day, fields_of(protocol, site, day))
        if (site.id, day) in self.corrected:
            made["data"]["airtempsCurrentTemp"] = self.corrected[site.id, day]
            made["updateDate"] = f"{day + timedelta(days=9)}T09:00:00"
        return made


def is_wanted(site: Site, params: dict[str, str]) -> bool:
    if "countrycode" in params:
        return site.country == params["countrycode"]
    south, north, west, east = (
        float(params[name]) for name in ("minlat", "maxlat", "minlon", "maxlon")
    )
    return south <= site.latitude <= north and west <= site.longitude <= east


def refusal(status: int, path: str) -> Reply:
    content = {"status": status, "error": "Bad Request", "message": "Not valid", "path": path}
    return Reply(status, json.dumps(content).encode(), JSON)


def outage() -> Fault:
    """Its database is away, and the status is 200 all the same."""
    return body(lambda _: json.dumps(OUTAGE).encode())


if __name__ == "__main__":
    serve_by_hand(FakeGlobe, __doc__, port=8903, days_late=2)
