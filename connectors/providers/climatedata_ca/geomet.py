"""MSC GeoMet's OGC API: how its collections of observations are asked and read."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import (
    DATE_PARAMETERS,
    Host,
    Page,
    Place,
    Product,
    Quota,
    Request,
    SchemaDriftError,
    Window,
)
from connectors.columns import build_table, empty_table, outside, refuse_impossible
from connectors.providers.climatedata_ca.features import Features
from connectors.providers.climatedata_ca.fields import (
    FLAGS,
    SENTINELS,
    Field,
    read_field,
)
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError

GEOMET = Host("GEOMET_BASE_URL", "https://api.weather.gc.ca/")
# 5,000 rows of a day are 4 MB; the 10,000 that may be asked for can take longer than we wait.
PAGE_ROWS = 5000
QUOTA = Quota(per_second=1.0, page_size=PAGE_ROWS, parallel=2)
# An unknown name is no error there: it matches nothing, or is ignored and everything matches.
WIRE_NAMES = frozenset(
    {
        "f", "limit", "offset", "sortby", "properties", "datetime", "bbox",
        "CLIMATE_IDENTIFIER", "PROV_STATE_TERR_CODE", "station_id__id_station",
    }
)  # fmt: skip
STATION_SCHEMA = {"type": "string", "pattern": "^[0-9A-Za-z]{7}$"}
STATION_PARAMETERS: Mapping[str, Any] = {
    "stations": {
        "type": "array",
        "items": STATION_SCHEMA,
        "minItems": 1,
        "maxItems": 500,
        "description": "Climate identifiers of seven characters, such as 1018611 or 101HF66.",
    },
    "station": {**STATION_SCHEMA, "description": "One climate identifier, not `stations`."},
}


class Observations(Product):
    """A collection with one row for each time of a station.

    Attributes
    ----------
    collection : its name at GeoMet
    fields : what is read of a row
    station_field, name_field, date_field : the properties with code, name (if any) and date
    sort : by what rows are ordered; without it pages may overlap
    years_at_once : so many years of a station never have more than 10,000 rows
    is_filtered : whether rows outside the window are asked for on purpose
    """

    host = GEOMET
    answer_within_s = 60.0
    quota = QUOTA
    sentinels = SENTINELS
    lookback_days = 60
    earliest = date(1840, 1, 1)
    flags = FLAGS
    required = ("start",)
    collection: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    station_field: ClassVar[str] = "CLIMATE_IDENTIFIER"
    name_field: ClassVar[str] = "STATION_NAME"
    date_field: ClassVar[str] = "LOCAL_DATE"
    sort: ClassVar[str] = "LOCAL_DATE"
    years_at_once: ClassVar[int]
    is_filtered: ClassVar[bool] = False

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return with_stations(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        wanted = set(parameters.get("variables", self.variables))
        fields = [field for field in self.fields if field.variable.name in wanted]
        return [
            Request(self.path, self._params(fields, place, dates), place, part)
            for part in window.by_years(self.years_at_once)
            if (dates := self.dates(part)) is not None
        ]

    @property
    def path(self) -> str:
        return f"collections/{self.collection}/items"

    def _params(self, fields: Sequence[Field], place: Place, dates: str) -> dict[str, Any]:
        own = [self.station_field, self.name_field, *self.date_fields]
        names = [*own, *(name for field in fields for name in field.names)]
        params = {self.station_field: place.station, "datetime": dates}
        return wire_params(params, self.sort, names)

    @property
    def date_fields(self) -> tuple[str, ...]:
        return (self.date_field,)

    @abstractmethod
    def dates(self, window: Window) -> str | None:
        """A window as GeoMet's `datetime`, empty for all; None where nothing begins in it."""

    @abstractmethod
    def times(self, features: Features) -> pa.Array:
        """The timestamps of all rows; marks what is none."""

    def parse(self, request: Request, answer: Answer) -> Page:
        asked = set(str(request.params["properties"]).split(","))
        fields = [field for field in self.fields if field.name in asked]
        own = [self.station_field, self.name_field, *self.date_fields]
        names = [*own, *(name for field in fields for name in field.names)]
        features = Features(answer, [name for name in dict.fromkeys(names) if name])
        follow_up = features.next(request)
        if not len(features):
            return Page(empty_table(), next=follow_up)
        features.refuse_others(self.station_field, {request.station})
        refuse_renamed(features, fields)
        times = self.times(features)
        is_outside = pc.fill_null(outside(times, request.window), fill_value=False)
        if not self.is_filtered:
            features.fault(is_outside, self.date_field, "Not within the days that were asked for")
        columns = [read_field(features, field) for field in fields]
        repeats = features.repeats(times)
        rejected = features.rejected()
        kept = pa.array(~(features.bad | repeats | np.asarray(is_outside)))
        columns = [column.filter(kept) for column in columns]
        for column in columns:
            refuse_impossible(column.variable, np.asarray(column.values.drop_null()))
        station = features.station(request, self.name_field, kept)
        return Page(
            build_table(request.station, times.filter(kept), columns),
            () if station is None else (station,),
            rejected=rejected,
            notes=repeat_notes(int(repeats.sum())),
            next=follow_up,
        )


def repeat_notes(repeats: int) -> tuple[str, ...]:
    return (f"{repeats} repeated rows were left out.",) if repeats else ()


def refuse_renamed(features: Features, fields: Sequence[Field]) -> None:
    """A property may be absent, but not all of them."""
    properties = [feature["properties"] for feature in features.features]
    if not any(field.name in one for one in properties for field in fields):
        found = ", ".join(sorted(properties[0])[:10])
        raise SchemaDriftError(f"None of the variables is in the answer, which has {found}.")


def wire_params(filters: Mapping[str, str], sort: str, names: Sequence[str]) -> dict[str, Any]:
    """The parameters of a request; only such as GeoMet knows, since it refuses none."""
    params = {
        "f": "json",
        **filters,
        "sortby": sort,
        "properties": ",".join(name for name in dict.fromkeys(names) if name),
        "limit": str(PAGE_ROWS),
    }
    if unknown := set(params) - WIRE_NAMES:
        raise ValueError(f"GeoMet has no parameters {sorted(unknown)}.")
    return {name: value for name, value in params.items() if value}


def with_stations(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with `stations`, also where `station` was given."""
    if len(parameters.keys() & {"station", "stations"}) != 1:
        raise InvalidInputError.of("stations", "Give either `stations` or `station`.")
    rest = {name: value for name, value in parameters.items() if name != "station"}
    codes = parameters.get("stations") or [parameters["station"]]
    return {**rest, "stations": list(dict.fromkeys(code.upper() for code in codes))}


def observation_parameters(fields: Sequence[Field]) -> dict[str, Any]:
    return {
        **STATION_PARAMETERS,
        **DATE_PARAMETERS,
        "variables": {
            "type": "array",
            "items": {"enum": sorted(field.variable.name for field in fields)},
            "minItems": 1,
            "uniqueItems": True,
            "description": "What to ask for; all that there is, if left out.",
        },
    }


def variables_of(fields: Sequence[Field]) -> dict[str, Any]:
    return {field.variable.name: field.variable for field in fields}
