"""NOAA Climate Data Online v2: the older service, which asks for a token; daily summaries."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import (
    DATE_PARAMETERS,
    Credential,
    Page,
    Place,
    Product,
    Quota,
    Request,
    SchemaDriftError,
    Window,
)
from connectors.columns import empty_table, outside, refuse_web_page, times_of, without_sentinels
from connectors.providers.noaa.access import (
    NCEI,
    PREFIX,
    STATION_PARAMETERS,
    settled_stations,
    variables_parameter,
)
from connectors.providers.noaa.daily import read_letters
from connectors.providers.noaa.daily_summaries import DAY_RULE
from connectors.providers.noaa.elements import FLAGS, MISSING, VARIABLES
from connectors.providers.noaa.pivot import Observations, build_page
from connectors.rows import Rows, trimmed
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError

PATH = "cdo-web/api/v2/data"
LIMIT = 1000
RESULT = pa.struct(
    {
        "date": pa.string(),
        "datatype": pa.string(),
        "station": pa.string(),
        "attributes": pa.string(),
        "value": pa.float64(),
    }
)


class ClimateDataOnline(Product):
    """A row a day and element, a thousand a page; less than a year at once."""

    name = "cdo"
    title = "Climate Data Online v2, daily summaries (GHCND)"
    host = NCEI
    answer_within_s = 120.0
    variables = VARIABLES
    parameters = {
        **STATION_PARAMETERS,
        **DATE_PARAMETERS,
        "variables": variables_parameter(list(VARIABLES)),
    }
    required = ("start",)
    quota = Quota(per_second=5.0, per_day=10_000, window_days=366, page_size=LIMIT, parallel=2)
    time_rule = DAY_RULE
    flags = FLAGS
    sentinels = MISSING
    earliest = date(1750, 1, 1)
    credential = Credential("token", is_required=True)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return settled_stations(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        variables = parameters.get("variables", [])
        return [
            Request(PATH, wire_params(place.station, part, variables), place, part)
            for part in window.by_year()
        ]

    def parse(self, request: Request, answer: Answer) -> Page:
        refuse_web_page("NOAA", answer)
        content = read_content(answer.body)
        results = content.get("results", [])
        if not results:
            return Page(empty_table())
        page = read_results(results, request)
        return replace(page, next=next_request(request, content, len(results)))


def wire_params(station: str, window: Window, variables: list[str]) -> dict[str, str | list[str]]:
    params: dict[str, str | list[str]] = {
        "datasetid": "GHCND",
        "stationid": PREFIX + station,
        "startdate": window.start.isoformat(),
        "enddate": window.last_day.isoformat(),
        # Left out, it would mean tenths of the units.
        "units": "metric",
        # A day lies on as few pages as can be.
        "sortfield": "date",
        "limit": str(LIMIT),
        # It counts from 1.
        "offset": "1",
    }
    if variables:
        params["datatypeid"] = variables
    return params


def read_content(body: bytes) -> dict[str, Any]:
    """The answer as JSON; `{}` where nothing matches."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise ProviderUnavailableError("NOAA's answer is not JSON; it was cut.") from error
    if not isinstance(content, dict):
        raise SchemaDriftError("NOAA's answer is not an object.")
    if content and "results" not in content:
        if "metadata" in content:
            return {}
        raise ProviderRefusedError(f"NOAA refused the request: {provider_message(body)}")
    return content


def read_results(results: list[Any], request: Request) -> Page:
    rows = Rows(result_columns(results))
    columns = rows.columns
    is_ours = pc.equal(columns["station"], PREFIX + request.station)
    rows.fault(pc.invert(pc.fill_null(is_ours, fill_value=False)), "station", "Not the one asked")
    days = read_days(rows, request.window)
    is_name = pc.match_substring_regex(columns["datatype"], r"^[A-Z0-9]{4}$")
    rows.fault(
        pc.invert(pc.fill_null(is_name, fill_value=False)), "datatype", "Not the name of an element"
    )
    values = without_sentinels(columns["value"], MISSING)
    rows.fault(pc.is_null(columns["value"]), "value", "Not a number")
    measurement, quality, source, observed = read_letters(rows, "attributes", columns["attributes"])
    rejected = rows.rejected()
    kept = ~rows.bad & values.is_valid().to_numpy(zero_copy_only=False)
    letters = measurement, quality, source, observed
    found = Observations(days, columns["datatype"], values, letters).filter(kept)
    wanted = request.params.get("datatypeid", [])
    return build_page(request.station, found, wanted, rejected)


def result_columns(results: list[Any]) -> dict[str, pa.Array]:
    try:
        table = pa.array(results, RESULT)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
        raise SchemaDriftError(f"NOAA's results have another form: {str(error)[:200]}") from error
    columns = {
        name: column if name == "value" else trimmed(column)
        for name, column in zip(RESULT.names, table.flatten(), strict=True)
    }
    if columns["date"].null_count == len(table) or columns["value"].null_count == len(table):
        raise SchemaDriftError("NOAA's results have neither `date` nor `value`.")
    return columns


def read_days(rows: Rows, window: Window) -> NDArray[np.datetime64]:
    """The station's days; the midnight that is written after them is nobody's time zone."""
    dates = pc.replace_substring(rows.columns["date"], "T00:00:00", "")
    days = times_of(dates, "%Y-%m-%d")
    rows.fault(pc.is_null(days), "date", "Not a date")
    rows.fault(outside(days, window), "date", "Not within the days that were asked for")
    return np.asarray(days.to_numpy(zero_copy_only=False), "datetime64[D]")


def next_request(request: Request, content: Mapping[str, Any], got: int) -> Request | None:
    """The next page, while there are results after this one."""
    offset = int(str(request.params["offset"])) + got
    count = content.get("metadata", {}).get("resultset", {}).get("count")
    is_last = offset > count if isinstance(count, int) else got < LIMIT
    if is_last:
        return None
    params = {**request.params, "offset": str(offset)}
    return replace(request, params=params, page=request.page + 1)
