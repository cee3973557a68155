"""ClimateData.ca `grid-series`: the observed and modelled series that its charts show."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.base import Page, Place, Request, SchemaDriftError, Station, Window
from connectors.columns import TIMESTAMP, Column, build_table
from connectors.providers.climatedata_ca.canada import point_of
from connectors.providers.climatedata_ca.downloads import (
    PROVIDER,
    Projections,
    is_within,
    projection_parameters,
)
from connectors.providers.climatedata_ca.features import read_json
from connectors.providers.climatedata_ca.indices import (
    SCENARIOS,
    SERIES,
    STEPS,
    Statistic,
    variable_of,
)
from datastream.core.answers import Answer

# A median is one number a stamp, a range two: the 10th and the 90th percentile.
PERCENTILES = {"": ("",), "_median": ("p50",), "_range": ("p10", "p90")}
KEY = re.compile(
    r"(?P<scenario>observations|modeled_historical|(rcp|ssp)[0-9]{2,3})(?P<which>_median|_range)?"
)
# Of 30 years together, which `projections-30y` has.
AVERAGES = re.compile(r"(30y|delta)[0-9]*_.*")
NAMES = {"observations": "observed", "modeled_historical": "historical"}
PARAMETERS = projection_parameters(SERIES)
# The charts have one part of the year each.
PARAMETERS["month"] = {
    **PARAMETERS["month"],
    "enum": [month for month in STEPS if month != "all"],
}
# About the year 2160, in milliseconds.
FURTHEST = 6_000_000_000_000


class GridSeries(Projections):
    name = "grid-series"
    title = "Observed and projected series of a grid cell (ClimateData.ca)"
    parameters = PARAMETERS
    time_rule = "A year, season or month is stored as midnight of its first day in UTC."

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        latitude, longitude = point_of(place.station)
        path = f"generate-charts/{latitude}/{longitude}/{place.variables}/{parameters['month']}"
        # Left out, the ensemble would be CMIP5.
        params = {"dataset_name": parameters["dataset_name"], "decimals": "2"}
        return [Request(path, params, place, window)]

    def parse(self, request: Request, answer: Answer) -> Page:
        content = read_json(PROVIDER, answer)
        if not isinstance(content, dict):
            raise SchemaDriftError(f"{PROVIDER}'s answer is not an object of series.")
        index, month = request.place.variables, request.path.rpartition("/")[2]
        read = [read_series(key, value) for key, value in content.items()]
        found = {series: points for one in read for series, points in one.items()}
        refuse_other_ensemble(found, str(request.params["dataset_name"]), content)
        stamps = np.unique(np.concatenate([points[:, 0] for points in found.values()]))
        days = stamps.astype("int64").astype("datetime64[ms]").astype("datetime64[us]")
        columns = [
            Column(variable_of(index, month, statistic), aligned(points, stamps))
            for statistic, points in found.items()
        ]
        times = pa.array(days, TIMESTAMP)
        kept = pa.array(is_within(times, request.window))
        columns = [one.filter(kept) for one in columns]
        table = build_table(request.station, times.filter(kept), columns)
        named = [one.variable for one in columns if one.variable.name in table.column_names]
        unknown = [key for key in content if not KEY.fullmatch(key) and not AVERAGES.fullmatch(key)]
        notes = (
            [f"Unknown series were left out: {', '.join(sorted(unknown)[:20])}."] if unknown else []
        )
        # The cell is not named; Canada is checked before, its nearest cell is not.
        station = Station(request.station, "", *point_of(request.station))
        return Page(table, (station,) if table.num_rows else (), tuple(named), notes=tuple(notes))


def read_series(key: str, value: Any) -> dict[Statistic, NDArray[np.float64]]:
    """The statistics of a series, each with its stamps and values, shape (n, 2)."""
    match = KEY.fullmatch(key)
    if match is None:
        return {}
    percentiles = PERCENTILES[match["which"] or ""]
    points = as_points(key, value, 1 + len(percentiles))
    scenario = NAMES.get(match["scenario"], match["scenario"])
    return {
        Statistic(scenario, percentile): points[:, [0, n]]
        for n, percentile in enumerate(percentiles, 1)
    }


def as_points(key: str, value: Any, width: int) -> NDArray[np.float64]:
    """A list of [milliseconds, value …], negative before 1970; an empty cell has an empty one."""
    try:
        points = np.array(value, np.float64).reshape(-1, width)
    except (TypeError, ValueError) as error:
        raise SchemaDriftError(f"{PROVIDER}'s series {key} is not as documented.") from error
    stamps = points[:, 0]
    if len(value) != len(points) or not (np.abs(stamps) < FURTHEST).all():
        raise SchemaDriftError(f"{PROVIDER}'s series {key} has stamps that are no milliseconds.")
    return points


def aligned(points: NDArray[np.float64], stamps: NDArray[np.float64]) -> pa.Array:
    """Values at the stamps of all series; null where this one has none."""
    values = np.full(len(stamps), np.nan)
    values[np.searchsorted(stamps, points[:, 0])] = points[:, 1]
    return pa.array(values, from_pandas=True)


def refuse_other_ensemble(
    found: Mapping[Statistic, Any], ensemble: str, content: Mapping[str, Any]
) -> None:
    scenarios = {one.scenario for one in found} - set(NAMES.values())
    if others := scenarios - set(SCENARIOS[ensemble]):
        raise SchemaDriftError(f"{ensemble} was asked for, and {', '.join(sorted(others))} came.")
    if not found:
        keys = ", ".join(sorted(content)[:10])
        raise SchemaDriftError(f"{PROVIDER}'s answer has none of its series, but {keys or 'none'}.")
