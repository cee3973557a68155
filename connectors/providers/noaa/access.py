"""What the products of NCEI share: its host, names of stations, outage notices and refusals."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.base import Host, Quota, SchemaDriftError, Station, Window
from connectors.columns import refuse_web_page
from connectors.rows import Rows
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

NCEI = Host("NOAA_BASE_URL", "https://www.ncei.noaa.gov/")
SERVICE = "access/services/data/v1"
# No limit is published; this many are known to be borne.
QUOTA = Quota(per_second=5.0, parallel=2)
PREFIX = "GHCND:"
STATION = re.compile(r"[A-Z]{2}[A-Z0-9]{9}")
STATION_SCHEMA = {"type": "string", "pattern": f"^({PREFIX})?[A-Za-z]{{2}}[A-Za-z0-9]{{9}}$"}
FIXED_COLUMNS = frozenset({"STATION", "DATE", "NAME", "LATITUDE", "LONGITUDE", "ELEVATION"})
NUMBER = r"^[+-]?([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})$"
UNKNOWN_ELEVATION_M = -999.9


def station_parameters(
    schema: Mapping[str, Any], kind: str, example: str
) -> dict[str, Mapping[str, Any]]:
    """`stations`, and `station` in its place."""
    return {
        "stations": {
            "type": "array",
            "items": schema,
            "minItems": 1,
            "maxItems": 500,
            "description": f"{kind} station ids, such as {example}.",
        },
        "station": {**schema, "description": "One station id, in place of `stations`."},
    }


STATION_PARAMETERS = station_parameters(STATION_SCHEMA, "GHCN-Daily", "USW00094728")


def variables_parameter(names: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"enum": sorted(names)},
        "minItems": 1,
        "uniqueItems": True,
        "description": "Elements to ask for; all that the station has, if left out.",
    }


def settled_stations(
    parameters: Mapping[str, Any], pattern: re.Pattern[str] = STATION
) -> dict[str, Any]:
    """The parameters with the bare ids of `stations` or `station` as `stations`."""
    given = [name for name in ("station", "stations") if name in parameters]
    if len(given) != 1:
        raise InvalidInputError.of("stations", "Give either `stations` or `station`.")
    rest = {name: value for name, value in parameters.items() if name != given[0]}
    named = parameters[given[0]]
    codes = [bare(code) for code in ([named] if given[0] == "station" else named)]
    if wrong := [code for code in codes if not pattern.fullmatch(code)]:
        raise InvalidInputError.of(given[0], f"{wrong[0]!r} is not a station id.")
    return {**rest, "stations": list(dict.fromkeys(codes))}


def bare(code: str) -> str:
    """A station id without the prefix that another NOAA service puts before it."""
    return code.strip().upper().removeprefix(PREFIX)


def service_params(
    dataset: str, station: str, first: str, last: str, variables: Sequence[str] = ()
) -> dict[str, str | list[str]]:
    """A question to the Access Data Service; on the wire the last day is included."""
    params: dict[str, str | list[str]] = {
        "dataset": dataset,
        "stations": station,
        "startDate": first,
        "endDate": last,
        "format": "csv",
        # Left out, it would mean tenths of the units.
        "units": "metric",
        "includeAttributes": "true",
        "includeStationName": "true",
        "includeStationLocation": "true",
    }
    if variables:
        params["dataTypes"] = ",".join(variables)
    return params


def day_params(
    dataset: str, station: str, window: Window, variables: Sequence[str] = ()
) -> dict[str, str | list[str]]:
    first, last = window.start.isoformat(), window.last_day.isoformat()
    return service_params(dataset, station, first, last, variables)


def csv_body(answer: Answer) -> bytes | None:
    """The body of an answer of the service; None where it has nothing to tell.

    Outage notices come as HTML with status 200, refusals as JSON.
    """
    body = answer.body.removeprefix(b"\xef\xbb\xbf").strip()
    if body in {b"", b"[]"}:
        return None
    refuse_web_page("NOAA", answer)
    words = provider_message(body)
    if body.startswith(b"{"):
        raise ProviderRefusedError(f"NOAA refused the request: {words}")
    if body.startswith(b"["):
        raise SchemaDriftError("NOAA answered in JSON although CSV was asked for.")
    names = body.partition(b"\n")[0]
    if b"STATION" not in names and not names.startswith(b'"'):
        raise ProviderUnavailableError(f"NOAA answered with something else: {words[:200]}")
    return body


def require_columns(rows: Rows, *names: str) -> None:
    if missing := set(names) - set(rows.columns):
        raise SchemaDriftError(f"The columns {sorted(missing)} are missing from NOAA's answer.")


def read_station(rows: Rows, code: str, kept: pa.BooleanArray) -> tuple[Station, ...]:
    """The station as the last good row describes it."""
    indexes = np.flatnonzero(kept)
    if not len(indexes):
        return ()
    row = {name: column[int(indexes[-1])].as_py() for name, column in rows.columns.items()}
    elevation_m = number(row.get("ELEVATION"), limit=10_000)
    return (
        Station(
            code,
            name=row.get("NAME") or "",
            latitude=number(row.get("LATITUDE"), limit=90),
            longitude=number(row.get("LONGITUDE"), limit=180),
            elevation_m=None if elevation_m == UNKNOWN_ELEVATION_M else elevation_m,
        ),
    )


def number(text: str | None, *, limit: float) -> float | None:
    value = float(text) if re.match(NUMBER, text or "") and text else None
    return value if value is not None and abs(value) <= limit else None
