"""Search in the station lists of GHCN-Daily: fixed width, of some 120,000 stations."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Page, Place, Product, Request, SchemaDriftError, Station, Window
from connectors.columns import empty_table, refuse_web_page
from connectors.providers.noaa.access import NCEI, QUOTA, UNKNOWN_ELEVATION_M
from connectors.providers.noaa.elements import VARIABLES
from connectors.providers.noaa.ghcn_files import FOLDER
from connectors.rows import Rows, trimmed
from datastream.core.answers import Answer
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

STATIONS = f"{FOLDER}/ghcnd-stations.txt"
INVENTORY = f"{FOLDER}/ghcnd-inventory.txt"
MOST = 2000
# Where fields begin and end, counted from 0; section IV and VII of the readme.txt.
STATION_FIELDS = {
    "ID": (0, 11),
    "LATITUDE": (12, 20),
    "LONGITUDE": (21, 30),
    "ELEVATION": (31, 37),
    "NAME": (41, 71),
}
INVENTORY_FIELDS = {
    "ID": (0, 11),
    "LATITUDE": (12, 20),
    "LONGITUDE": (21, 30),
    "ELEMENT": (31, 35),
    "FIRSTYEAR": (36, 40),
    "LASTYEAR": (41, 45),
}
FILTERS = ("country", "name", "bbox", "element")
CODE = "^[A-Z]{2}[A-Z0-9_-]{9}$"
DECIMAL = r"^-?[0-9]{1,4}(\.[0-9]+)?$"


class StationSearch(Product):
    """Stations that match are declared in the dataset; there are no values."""

    name = "stations"
    title = "Stations of GHCN-Daily"
    host = NCEI
    answer_within_s = 120.0
    parameters = {
        "country": {
            "type": "string",
            "pattern": "^[A-Za-z]{2}$",
            "description": "The first two letters of the ids (FIPS 10-4): US, CA, GM for Germany.",
        },
        "name": {
            "type": "string",
            "pattern": r"^[\w .,'()/-]{2,60}$",
            "description": "A part of the name, in small or capital letters.",
        },
        "bbox": {
            "type": "array",
            "items": {"type": "number", "minimum": -180, "maximum": 180},
            "minItems": 4,
            "maxItems": 4,
            "description": "West, south, east, north, in degrees; both edges are within.",
        },
        "element": {
            "enum": sorted(VARIABLES),
            "description": "An element that the station has measured.",
        },
    }
    quota = QUOTA
    time_rule = "Stations have no time."
    sentinels = (UNKNOWN_ELEVATION_M,)
    is_dated = False
    lookback_days = 0

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if not parameters:
            raise InvalidInputError.of("country", f"Give at least one of {', '.join(FILTERS)}.")
        settled = dict(parameters)
        for name in {"country", "name"} & set(settled):
            settled[name] = " ".join(settled[name].upper().split())
        west, south, east, north = settled.get("bbox", (-180, -90, 180, 90))
        if not -90 <= south <= north <= 90 or west > east:
            raise InvalidInputError.of("bbox", "Not west, south, east, north.")
        return settled

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        words = " ".join(f"{name}={parameters[name]}" for name in FILTERS if name in parameters)
        return [Place("", words)]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """The list of stations; before it, where an element is asked for, that of elements."""
        path = INVENTORY if "element" in parameters else STATIONS
        return [Request(path, {}, place, window, told={"filters": dict(parameters)})]

    def parse(self, request: Request, answer: Answer) -> Page:
        refuse_web_page("NOAA", answer)
        filters = request.told["filters"]
        if request.path == INVENTORY:
            return with_element(filters, request, answer)
        rows = read_lines(answer.body, STATION_FIELDS)
        matches = find(rows, filters)
        rejected = rows.rejected()
        if "codes" in request.told:
            codes = pa.array(request.told["codes"], pa.string())
            matches &= truths(pc.is_in(rows.columns["ID"], codes))
        found = np.flatnonzero(matches & ~rows.bad)
        refuse_too_many(len(found))
        return Page(empty_table(), describe(rows, pa.array(found)), rejected=rejected)


def with_element(filters: Mapping[str, Any], request: Request, answer: Answer) -> Page:
    """The stations that have an element, which the next answer tells more of."""
    rows = read_lines(answer.body, INVENTORY_FIELDS, filters["element"])
    matches = find(rows, {name: filters[name] for name in filters if name != "name"})
    rejected = rows.rejected()
    codes = pc.unique(rows.columns["ID"].filter(pa.array(matches & ~rows.bad)))
    # With a name to come, fewer may be left.
    refuse_too_many(0 if "name" in filters else len(codes))
    if not len(codes):
        return Page(empty_table(), rejected=rejected)
    told = {"filters": dict(filters), "codes": codes.to_pylist()}
    following = replace(request, path=STATIONS, told=told, page=request.page + 1)
    return Page(empty_table(), rejected=rejected, next=following)


def read_lines(body: bytes, fields: Mapping[str, tuple[int, int]], element: str = "") -> Rows:
    """Fields of lines, those of one element only if it is named; blanks are null."""
    text = lines_of(body, max(end for name, (_, end) in fields.items() if name != "NAME"))
    if element:
        text = text.filter(pc.equal(pc.utf8_slice_codeunits(text, *fields["ELEMENT"]), element))
    rows = Rows(
        {
            name: trimmed(pc.utf8_slice_codeunits(text, start, end))
            for name, (start, end) in fields.items()
        }
    )
    is_code = truths(pc.match_substring_regex(rows.columns["ID"], CODE))
    rows.fault(pa.array(~is_code), "ID", "Not a station id")
    for name in {"LATITUDE", "LONGITUDE", "ELEVATION"} & set(fields):
        is_number = truths(pc.match_substring_regex(rows.columns[name], DECIMAL))
        rows.fault(pa.array(~is_number), name, "Not a number")
    return rows


def lines_of(body: bytes, shortest: int) -> pa.Array:
    # The inventory has some 770,000 lines: none of them becomes an object of its own.
    whole = pa.array([body.decode("utf-8", "replace").removeprefix("\ufeff").strip()], pa.string())
    text = pc.utf8_rtrim(pc.list_flatten(pc.split_pattern(whole, "\n")), characters="\r")
    first, last = text[0].as_py(), text[-1].as_py()
    if not first:
        raise ProviderUnavailableError("NOAA's list of stations is empty.")
    if not re.match(CODE, first[:11]):
        raise SchemaDriftError("NOAA's list of stations does not begin with their ids.")
    if len(last) < shortest:
        raise ProviderUnavailableError("NOAA's list of stations was cut.")
    return text


def find(rows: Rows, filters: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which lines match country, name and bounding box."""
    columns = rows.columns
    found = np.ones(len(rows), bool)
    if "country" in filters:
        found &= truths(pc.starts_with(columns["ID"], filters["country"]))
    if "name" in filters:
        found &= truths(pc.match_substring(columns["NAME"], filters["name"], ignore_case=True))
    if "bbox" in filters:
        west, south, east, north = filters["bbox"]
        latitude, longitude = numbers(columns["LATITUDE"]), numbers(columns["LONGITUDE"])
        found &= (latitude >= south) & (latitude <= north)
        found &= (longitude >= west) & (longitude <= east)
    return found


def describe(rows: Rows, found: pa.Array) -> tuple[Station, ...]:
    taken = {name: column.take(found) for name, column in rows.columns.items()}
    facts = (numbers(taken[name]).tolist() for name in ("LATITUDE", "LONGITUDE", "ELEVATION"))
    return tuple(
        Station(
            code,
            name=name or "",
            latitude=latitude,
            longitude=longitude,
            elevation_m=None if elevation_m <= UNKNOWN_ELEVATION_M else elevation_m,
        )
        for code, name, latitude, longitude, elevation_m in zip(
            taken["ID"].to_pylist(), taken["NAME"].to_pylist(), *facts, strict=True
        )
    )


def numbers(text: pa.Array) -> NDArray[np.float64]:
    is_number = pc.match_substring_regex(text, DECIMAL)
    values = pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return np.asarray(pc.fill_null(values, np.nan))


def truths(mask: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))


def refuse_too_many(found: int) -> None:
    if found > MOST:
        raise ProviderRefusedError(f"{found:,} stations match, more than {MOST:,}; narrow it down.")
