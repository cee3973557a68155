"""ClimateData.ca's `POST /download`: one index of one grid cell, all scenarios and percentiles."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import (
    DATE_PARAMETERS,
    Host,
    Page,
    Place,
    Product,
    Quota,
    Request,
    SchemaDriftError,
    Station,
    Variable,
    Window,
)
from connectors.columns import Column, build_table, refuse_web_page, times_of
from connectors.providers.climatedata_ca.canada import (
    POINT_PARAMETERS,
    code_of,
    point_of,
    settled_points,
)
from connectors.providers.climatedata_ca.indices import (
    SCENARIOS,
    STEPS,
    Statistic,
    grid_degrees,
    refuse_combination,
    variable_of,
)
from connectors.rows import Sheet
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import ProviderRefusedError

CLIMATEDATA = Host("CLIMATEDATA_CA_BASE_URL", "https://data.climatedata.ca/")
PROVIDER = "ClimateData.ca"
QUOTA = Quota(per_second=1.0, parallel=2)
# The winter of 1950 begins in the December before.
FIRST, LAST = date(1949, 12, 1), date(2100, 12, 31)
NUMBER = r"^[+-]?[0-9]{1,9}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?$"
NUMBERLESS = ("nan", "NaN", "NAN")
INDEX_COLUMNS = ("time", "lat", "lon")


class Projections(Product):
    """Results of climate models for points in Canada; never to be mixed with observations."""

    host = CLIMATEDATA
    answer_within_s = 120.0
    span_parameters = frozenset({"start", "end", "points"})
    quota = QUOTA
    required = ("points", "variables")
    reaches_future = True
    license = "Terms of use of ClimateData.ca"
    citation = "ClimateData.ca, https://climatedata.ca/; ensembles CanDCS of CMIP5 and CMIP6"
    # Nothing is revised, until an ensemble is replaced by the next.
    lookback_days = 0
    earliest, latest = FIRST, LAST

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        settled = {
            "month": "ann",
            "dataset_name": "CMIP6",
            "start": FIRST.isoformat(),
            "end": LAST.isoformat(),
            **parameters,
            "points": settled_points(parameters["points"]),
        }
        for index in settled["variables"]:
            refuse_combination(index, settled["month"], settled["dataset_name"])
        return settled

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [
            Place(code_of(*point), index)
            for point in parameters["points"]
            for index in parameters["variables"]
        ]


class Downloads(Projections):
    """A `dataset_type` of the downloads."""

    dataset_type: ClassVar[str]
    # How many years a value stands for.
    years: ClassVar[int]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """One point and all its years: there is no parameter for days.

        Rows do not say which of several points was meant, and `all` months of several points were
        seen to fail.
        """
        body = {
            "var": place.variables,
            "month": parameters["month"],
            "format": "csv",
            "points": [list(point_of(place.station))],
            # Left out, it would mean CMIP5.
            "dataset_name": parameters["dataset_name"],
            "dataset_type": self.dataset_type,
            "decimals": 2,
        }
        return [Request("download", {}, place, window, json=body)]

    def parse(self, request: Request, answer: Answer) -> Page:
        asked = request.json or {}
        sheet = read_sheet(answer)
        cell = read_cell(sheet, request)
        times = read_times(sheet)
        chosen, notes = choose_columns(sheet, asked, self.years)
        columns = [Column(variable, read_numbers(sheet, name)) for name, variable in chosen]
        rejected = sheet.rejected()
        kept = pa.array(~sheet.bad & is_within(times, request.window))
        columns = [one.filter(kept) for one in columns]
        table = build_table(request.station, times.filter(kept), columns)
        return Page(
            table,
            cell,
            tuple(one.variable for one in columns if one.variable.name in table.column_names),
            rejected=rejected,
            notes=notes,
        )


def projection_parameters(indices: Sequence[str]) -> dict[str, Any]:
    last = {**DATE_PARAMETERS["end"], "description": "Last day, YYYY-MM-DD; 2100-12-31 otherwise."}
    first = {**last, "description": "First day, YYYY-MM-DD; 1949-12-01, if left out."}
    return {
        **POINT_PARAMETERS,
        "variables": {
            "type": "array",
            "items": {"enum": sorted(indices)},
            "minItems": 1,
            "uniqueItems": True,
            "description": "Indices by their names at ClimateData.ca.",
        },
        "month": {
            "enum": list(STEPS),
            "description": "Month, season or part of the year; `ann`, if left out.",
        },
        "dataset_name": {
            "enum": sorted(SCENARIOS),
            "description": "Ensemble of models; CMIP6, if left out.",
        },
        "start": first,
        "end": last,
    }


def read_sheet(answer: Answer) -> Sheet:
    """The CSV of an answer; errors are plain text, never JSON."""
    refuse_web_page(PROVIDER, answer)
    body = answer.body.removeprefix(b"\xef\xbb\xbf").strip()
    head = body.partition(b"\n")[0]
    if b"," not in head:
        words = provider_message(body)[:200]
        raise ProviderRefusedError(f"{PROVIDER} refused the request: {words}")
    sheet = Sheet(body)
    if missing := set(INDEX_COLUMNS) - set(sheet.columns):
        raise SchemaDriftError(f"The columns {sorted(missing)} are missing from the answer.")
    return sheet


def read_cell(sheet: Sheet, request: Request) -> tuple[Station, ...]:
    """The grid cell of the answer; refused where the point was moved to another one."""
    index = request.place.variables
    cell = [read_numbers(sheet, name).drop_null() for name in ("lat", "lon")]
    if not all(map(len, cell)):
        return ()
    for degrees, asked in zip(cell, point_of(request.station), strict=True):
        if np.abs(np.asarray(degrees) - asked).max() > grid_degrees(index):
            where = ", ".join(str(one[0].as_py()) for one in cell)
            raise ProviderRefusedError(
                f"{PROVIDER} has no {index} at {request.station}; its nearest cell is at {where}."
            )
    return (Station(request.station, "", cell[0][0].as_py(), cell[1][0].as_py()),)


def read_times(sheet: Sheet) -> pa.Array:
    """Days as their midnight; a stamp may come with a time, and with or without `Z`."""
    days = pc.utf8_slice_codeunits(sheet.columns["time"], 0, 10)
    times = times_of(days, "%Y-%m-%d")
    sheet.fault(pc.is_null(times), "time", "Not a date")
    return times


def is_within(times: pa.Array, window: Window) -> NDArray[np.bool_]:
    days = np.asarray(times.cast(pa.timestamp("us"))).astype("datetime64[D]")
    within: NDArray[np.bool_] = (days >= np.datetime64(window.start)) & (
        days < np.datetime64(window.end)
    )
    return within


def choose_columns(
    sheet: Sheet, asked: Mapping[str, Any], years: int
) -> tuple[list[tuple[str, Variable]], tuple[str, ...]]:
    """The columns to read as variables, and notes on those that nobody knows."""
    index, ensemble = asked["var"], asked["dataset_name"]
    names = [name for name in sheet.columns if name not in INDEX_COLUMNS]
    read = {name: statistic_of(name, index) for name in names}
    known = {name: one for name, one in read.items() if one is not None}
    scenarios = {one.scenario for one in known.values()}
    if others := scenarios - set(SCENARIOS[ensemble]):
        raise SchemaDriftError(f"{ensemble} was asked for, and {', '.join(sorted(others))} came.")
    unknown = ", ".join(sorted(set(names) - set(known))[:20])
    if not known:
        raise SchemaDriftError(f"The answer has no column of {index}, but {unknown or 'none'}.")
    chosen = [
        (name, variable_of(index, asked["month"], one, years=years)) for name, one in known.items()
    ]
    return chosen, (f"Unknown columns were left out: {unknown}.",) if unknown else ()


def statistic_of(column: str, index: str) -> Statistic | None:
    """What `ssp585_tx_max_p50` and `ssp585_tx_max_delta_1971_2000_p50` hold; None for others."""
    # Of both lengths of the SPEI the columns are named alike.
    named = "spei" if index.startswith("spei") else index
    match = re.fullmatch(
        rf"(?P<scenario>(rcp|ssp)[0-9]{{2,3}})_({re.escape(named)}|{re.escape(index)})"
        r"(_(?P<change>delta7100|delta_[0-9]{4}_[0-9]{4}))?_(?P<percentile>p[0-9]{2})",
        column,
    )
    if match is None:
        return None
    # delta7100 is CMIP5's word for the same base period.
    change = (match["change"] or "").replace("delta7100", "delta_1971_2000")
    return Statistic(match["scenario"], match["percentile"], change)


def read_numbers(sheet: Sheet, name: str) -> pa.Array:
    """A column as float64; an empty cell has no values, which may be written as NaN."""
    text = sheet.columns[name]
    nothing = pa.scalar(None, pa.string())
    text = pc.if_else(pc.is_in(text, pa.array(NUMBERLESS)), nothing, text)
    is_number = pc.match_substring_regex(text, NUMBER)
    sheet.fault(pc.invert(is_number), name, "Not a number")
    return pc.if_else(is_number, text, nothing).cast(pa.float64())
