"""Reads GeoMet's GeoJSON by column: the properties of all features, and where the answer ends."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import Request, SchemaDriftError, Station
from connectors.columns import refuse_web_page, times_of
from connectors.rows import Rows, trimmed
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError

PROVIDER = "MSC GeoMet"
# Beyond this the server counts wrongly, and scans from the beginning.
MOST_ROWS = 10_000
NUMBER = r"^[+-]?[0-9]{1,12}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?$"


class Features(Rows):
    """The features of one answer as rows, their properties as columns.

    A property that no feature has is a column of nulls; numbers stay numbers, where all of one
    property are.
    """

    def __init__(self, answer: Answer, names: Sequence[str]) -> None:
        content = read_json(PROVIDER, answer)
        self.features = _features(content)
        self.matched, self.returned = (_count(content, n) for n in ("Matched", "Returned"))
        if self.returned != len(self.features):
            raise ProviderUnavailableError(
                f"{PROVIDER} speaks of {self.returned} rows and sent {len(self.features)}."
            )
        properties = [feature["properties"] for feature in self.features]
        super().__init__({name: column_of([p.get(name) for p in properties]) for name in names})

    def next(self, request: Request) -> Request | None:
        """The request for the rows that are still to come.

        A full page has a `next` link even if it is the last, so only the counts tell.
        """
        after = int(str(request.params.get("offset", 0))) + self.returned
        if self.matched > MOST_ROWS:
            raise SchemaDriftError(
                f"{PROVIDER} has {self.matched:,} rows for one request, more than there can be: "
                "a filter was not heeded."
            )
        if after >= self.matched:
            return None
        if not self.returned:
            raise ProviderUnavailableError(
                f"{PROVIDER} has {self.matched} rows and sent none after the first {after}."
            )
        params = {**request.params, "offset": str(after)}
        return replace(request, params=params, page=request.page + 1)

    def refuse_others(self, field: str, allowed: Iterable[str]) -> None:
        """SchemaDriftError for rows that were not asked for: the filter was not heeded."""
        strangers = set(text_of(self.columns[field]).unique().to_pylist()) - set(allowed)
        if strangers:
            named = ", ".join(sorted(str(one)[:20] for one in strangers)[:5])
            raise SchemaDriftError(f"Rows came that were not asked for, of {field} {named}.")

    def numbers(self, name: str, sentinels: Sequence[float] = ()) -> pa.Array:
        """A column as float64; what is no number is a fault, what stands for none is null."""
        column = self.columns[name]
        if pa.types.is_string(column.type):
            is_number = pc.match_substring_regex(column, NUMBER)
            self.fault(pc.invert(is_number), name, "Not a number")
            column = pc.if_else(is_number, column, pa.scalar(None, pa.string()))
        values = column.cast(pa.float64())
        is_finite = pc.is_finite(values)
        self.fault(pc.invert(is_finite), name, "Not a number")
        is_missing = pc.is_in(values, pa.array(sentinels, pa.float64()))
        return pc.if_else(pc.and_not(is_finite, is_missing), values, pa.scalar(None, pa.float64()))

    def texts(self, name: str) -> pa.Array:
        return trimmed(text_of(self.columns[name]))

    def times(self, name: str, pattern: str, suffix: str = "") -> pa.Array:
        """A column of dates of this pattern; any other text is a fault."""
        texts = pc.binary_join_element_wise(self.texts(name), suffix, "")
        times = times_of(texts, pattern)
        self.fault(pc.is_null(times), name, "Not a date")
        return times

    def repeats(self, times: pa.Array) -> NDArray[np.bool_]:
        """Rows that a later one repeats; where it differs, the earlier is bad, the later holds."""
        rows = pa.table({**self.columns, " time": times, " row": np.arange(len(times))})
        good = rows.filter(pa.array(~self.bad))
        repeats = np.zeros(len(times), bool)
        latest = _last_rows(good, [" time"])
        if len(latest) == good.num_rows:
            return repeats
        distinct = _last_rows(good, [*self.columns, " time"])
        repeats[np.setdiff1d(good[" row"].to_numpy(), distinct)] = True
        differs = np.zeros(len(times), bool)
        differs[np.setdiff1d(distinct, latest)] = True
        self.fault(pa.array(differs), next(iter(self.columns)), "Another row of its time differs")
        return repeats

    def station(self, request: Request, name_field: str, kept: pa.BooleanArray) -> Station | None:
        """The station as the last good row describes it; None where no row is good."""
        indexes = np.flatnonzero(kept)
        if not len(indexes):
            return None
        last = int(indexes[-1])
        longitude, latitude = position(self.features[last])
        name = self.columns[name_field][last].as_py() if name_field else ""
        return Station(request.station, str(name or ""), latitude, longitude)


def _last_rows(rows: pa.Table, keys: list[str]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = (
        rows.group_by(keys).aggregate([(" row", "max")])[" row_max"].to_numpy()
    )
    return found


def read_json(provider: str, answer: Answer) -> Any:
    """The JSON of an answer; NaN, which is none, is null."""
    refuse_web_page(provider, answer)
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        # Strict, and three times as fast.
        pass
    try:
        return json.loads(answer.body, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        words = provider_message(answer.body)[:200]
        raise ProviderUnavailableError(
            f"{provider}'s answer was cut, or is not JSON: {words}"
        ) from error


def _features(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        description = content.get("description") if isinstance(content, dict) else None
        if description:
            raise ProviderRefusedError(f"{PROVIDER} refused: {str(description)[:200]}")
        raise SchemaDriftError(f"{PROVIDER}'s answer is not a collection of features.")
    features = content.get("features")
    if not isinstance(features, list) or not all(map(_has_properties, features)):
        raise SchemaDriftError(f"{PROVIDER}'s features have no properties any more.")
    return features


def _has_properties(feature: Any) -> bool:
    return isinstance(feature, dict) and isinstance(feature.get("properties"), dict)


def _count(content: Mapping[str, Any], which: str) -> int:
    count = content.get(f"number{which}")
    if not isinstance(count, int) or count < 0:
        raise SchemaDriftError(f"{PROVIDER} does not say number{which} any more.")
    return count


def column_of(values: list[Any]) -> pa.Array:
    """Numbers where all are, else their texts."""
    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError):
        column = None
    if column is None or not _is_plain(column.type):
        texts = [None if value is None else str(value) for value in values]
        return trimmed(pa.array(texts, pa.string()))
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    return trimmed(column) if pa.types.is_string(column.type) else column


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    is_number = types.is_integer(kind) or types.is_floating(kind)
    return bool(is_number or types.is_string(kind) or types.is_null(kind))


def text_of(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def position(feature: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Longitude and latitude of a point; the properties have them packed, or as text."""
    geometry = feature.get("geometry")
    pair = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(pair, list) or len(pair) < 2:
        return None, None
    longitude, latitude = pair[:2]
    is_number = all(isinstance(x, int | float) for x in (longitude, latitude))
    if not is_number or abs(longitude) > 180 or abs(latitude) > 90:
        return None, None
    return float(longitude), float(latitude)
