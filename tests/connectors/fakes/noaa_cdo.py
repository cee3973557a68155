"""Climate Data Online v2 as NOAA documents it: a token, pages of a thousand, less than a year."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from tests.connectors.fakes.noaa_values import DIVISORS, PLACES, WITH_TIME, days_of, raw_value
from tests.connectors.fakes.server import Call, Reply

TOKEN = "fake-token"
JSON = {"Content-Type": "application/json"}


def answer_cdo(call: Call, until: date) -> Reply:
    if not call.path.endswith("/data"):
        return refusal("404", "No such endpoint.")
    if call.headers.get("token") != TOKEN:
        return refusal("400", "Token parameter is required or the token is invalid.")
    asked = parse_qs(call.query)
    for name in ("datasetid", "startdate", "enddate"):
        if name not in asked:
            return refusal("400", f"Required parameter '{name}' is missing.")
    first, last = (date.fromisoformat(asked[name][0][:10]) for name in ("startdate", "enddate"))
    if (last - first).days >= 365 and last.replace(year=last.year - 1) >= first:
        return refusal("400", "The date range must be less than 1 year.")
    results = list(results_of(asked, first, min(last, until)))
    limit = min(int(asked.get("limit", ["25"])[0]), 1000)
    offset = max(int(asked.get("offset", ["1"])[0]), 1)
    if not results:
        return Reply(200, b"{}", JSON)
    counted = {"offset": offset, "count": len(results), "limit": limit}
    content = {
        "metadata": {"resultset": counted},
        "results": results[offset - 1 : offset - 1 + limit],
    }
    return Reply(200, json.dumps(content).encode(), JSON)


def results_of(asked: dict[str, list[str]], first: date, last: date) -> Iterator[dict[str, Any]]:
    wanted = asked.get("datatypeid", list(DIVISORS))
    is_metric = asked.get("units") == ["metric"]
    for named in asked.get("stationid", []):
        code = named.removeprefix("GHCND:")
        place = PLACES.get(code)
        for day in days_of(max(first, place.first), last) if place else ():
            for element in wanted:
                raw = raw_value(code, element, day) if element in DIVISORS else None
                if raw is not None:
                    yield {
                        "date": f"{day}T00:00:00",
                        "datatype": element,
                        "station": named,
                        "attributes": ",,W,2400" if element in WITH_TIME else ",,W,",
                        "value": raw / DIVISORS[element] if is_metric else raw,
                    }


def refusal(code: str, message: str) -> Reply:
    content = {
        "statusCode": code,
        "userMessage": "There was an error with the request.",
        "developerMessage": message,
    }
    return Reply(int(code), json.dumps(content).encode(), JSON)
