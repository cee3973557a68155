"""A table in CSV, NDJSON or Parquet, whose columns the feed's parameters explain."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Host, Page, Place, Product, Quota, Request, Window
from connectors.providers.file.contents import parse_table
from datasets import times
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
RESERVED = frozenset({"id", "timestamp", "station", "metadata"})
NAME = "^[A-Za-z][A-Za-z0-9_]{0,254}$"
WORD = {"type": "string", "minLength": 1, "maxLength": 255}
VARIABLE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": NAME},
        "unit": {"type": "string", "maxLength": 64},
        "standard_name": {"type": "string", "pattern": "^[a-z0-9_]{0,255}$"},
        "cell_method": {"type": "string", "maxLength": 255},
        "interval": {"type": "string", "maxLength": 20},
        "kind": {"enum": ["number", "text"]},
        "description": {"type": "string", "maxLength": 2000},
    },
    "additionalProperties": False,
}


class Table(Product):
    """The whole table, each time; what has not changed counts as unchanged."""

    name = "table"
    title = "Table in CSV, NDJSON or Parquet"
    # Each feed names its own.
    host = Host("", "")
    parameters = {
        "location": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "description": "An https:// address, or the absolute path of a file on the server "
            "below a folder that FILE_FEED_FOLDERS names.",
        },
        "format": {
            "enum": sorted(set(FORMATS.values())),
            "description": "What it is written in; by the ending of its name, if left out.",
        },
        "variables": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 200,
            "propertyNames": {"minLength": 1, "maxLength": 255},
            "additionalProperties": VARIABLE,
            "description": "Columns with values, each with what it holds: name, unit, "
            "standard_name, cell_method, interval, kind, description.",
        },
        "timestamp": {**WORD, "description": "Column of times; `timestamp`, if left out."},
        "timezone": {**WORD, "description": "IANA zone of times without an offset; UTC."},
        "station_column": {**WORD, "description": "Column of stations' codes."},
        "station": {**WORD, "description": "Code of the one station, where no column has it."},
        "station_name": {**WORD, "description": "Name of the one station."},
        "latitude": {
            "type": "number", "minimum": -90, "maximum": 90,
            "description": "Of the one station, degrees north; with `longitude`.",
        },
        "longitude": {
            "type": "number", "minimum": -180, "maximum": 180,
            "description": "Of the one station, degrees east.",
        },
        "elevation_m": {
            "type": "number", "minimum": -12_000, "maximum": 100_000,
            "description": "Of the one station, metres above sea level.",
        },
        "missing": {
            "type": "array",
            "items": {"type": ["string", "number"], "maxLength": 64},
            "maxItems": 50,
            "description": "Texts and numbers that mean no value; an empty cell always does.",
        },
        "separator": {"enum": [",", ";", "\t", "|"], "description": "Between the cells of CSV."},
        "decimal": {"enum": [".", ","], "description": "The decimal mark in CSV."},
    }  # fmt: skip
    required = ("location", "variables")
    quota = Quota(per_second=1.0, parallel=1)
    time_rule = "As the table has it; times without an offset are of `timezone`, or in UTC."
    is_dated = False
    lookback_days = 0

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        location = check_location(parameters["location"])
        ending = PurePosixPath(urlsplit(location).path).suffix.lower()
        if "format" not in parameters and ending not in FORMATS:
            message = "The name does not tell; choose csv, ndjson or parquet."
            raise InvalidInputError.of("format", message)
        check_station(parameters)
        times.zone(parameters.get("timezone", "UTC"))
        check_names(parameters["variables"])
        return {"format": FORMATS.get(ending), **parameters}

    def address(self, parameters: Mapping[str, Any]) -> str:
        location = str(parameters["location"])
        if location.startswith("/"):
            return f"file:{location}"
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.netloc}"

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(parameters["location"])]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        columns = {name: value for name, value in parameters.items() if name != "location"}
        return [Request(place.station, {}, place, window, told=columns)]

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_table(request.told, answer)


def check_location(location: str) -> str:
    if re.search(r"[\x00-\x20\x7f\\]", location):
        raise InvalidInputError.of("location", "No blanks, backslashes or control characters.")
    if location.startswith("/"):
        if ".." in PurePosixPath(location).parts:
            raise InvalidInputError.of("location", "A path goes down only, without `..`.")
        return location
    try:
        parts = urlsplit(location)
        is_encrypted = bool(parts.hostname) and parts.scheme == "https"
        is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        is_encrypted = is_here = has_port = False
    if not (is_encrypted or is_here) or not has_port:
        message = "Give an address that begins with https://, or an absolute path."
        raise InvalidInputError.of("location", message)
    if "@" in parts.netloc:
        raise InvalidInputError.of("location", "No name or password goes into an address.")
    return location


def is_loopback(host: str) -> bool:
    """Whether it is this machine, the only one that is asked without encryption."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_station(parameters: Mapping[str, Any]) -> None:
    facts = {"station_name", "latitude", "longitude", "elevation_m"} & parameters.keys()
    if "station_column" in parameters and (facts or "station" in parameters):
        message = "With a column of stations, no single one is described."
        raise InvalidInputError.of("station_column", message)
    if facts and "station" not in parameters:
        raise InvalidInputError.of("station", "Whatever is said of a station needs its code.")
    if ("latitude" in parameters) != ("longitude" in parameters):
        raise InvalidInputError.of("latitude", "Latitude and longitude go together.")


def check_names(variables: Mapping[str, Any]) -> None:
    """Each variable once, by a name that it may have."""
    names = [facts.get("name", column) for column, facts in variables.items()]
    wrong = [name for name in names if name in RESERVED or not re.search(NAME, name)]
    if wrong:
        raise InvalidInputError.of("variables", f"{wrong[0][:80]!r} needs another `name`.")
    if len(set(names)) < len(names):
        raise InvalidInputError.of("variables", "Two columns have one name.")
