"""A whole selection as the bytes of a file, in constant memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from datasets.access import View
from datasets.exports import lines, plans, tables
from datasets.exports.copying import Copied
from datasets.exports.names import SUFFIXES, file_name, name_of
from datasets.exports.plans import Asked, Plan, Tally
from datasets.selectors.points import FIELDS, Selection
from datastream.core.units import Conversion

__all__ = [
    "MEDIA_TYPES",
    "SUFFIXES",
    "Stream",
    "Tally",
    "check",
    "file_name",
    "name_of",
    "stream",
]

MEDIA_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}
PLANS: dict[str, Callable[[View, Asked], Plan]] = {
    "ndjson": plans.by_point,
    "csv": plans.by_variable,
    "arrow": plans.by_variable,
    "parquet": plans.by_variable,
    "geojson": plans.by_feature,
}
WRITERS: dict[str, Callable[[Plan, Iterable[bytes]], Iterator[bytes]]] = {
    "ndjson": lines.ndjson,
    "csv": lines.csv,
    "arrow": tables.arrow,
    "parquet": tables.parquet_file,
    "geojson": lines.geojson,
}
# What goes wrong until then is an error of its own; afterwards the head of the file is sent, for
# the first rows may be far to seek.
PATIENCE_S = 0.2


class Stream(Iterator[bytes]):
    """Bytes as they are made; its end, an error or `close` ends the statement behind them.

    `read` says how many rows have been read so far.
    """

    def __init__(self, copied: Copied, chunks: Iterator[bytes], read: Tally) -> None:
        self._copied, self._chunks, self.read = copied, chunks, read

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._copied.close()

    def __del__(self) -> None:
        self.close()


def stream(
    view: View,
    selection: Selection,
    kind: str,
    *,
    fields: tuple[str, ...] = FIELDS,
    conversions: Mapping[str, Conversion] | None = None,
) -> Stream:
    """The points of a selection, by station and then by time, as a file of a kind.

    Raises
    ------
    InvalidInputError
        A station or a variable is not there.
    """
    plan = PLANS[kind](view, Asked(selection, fields, conversions or {}))
    copied = Copied(plan.sql, plan.values)
    try:
        copied.begin(PATIENCE_S)
    except BaseException:
        copied.close()
        raise
    return Stream(copied, WRITERS[kind](plan, copied), plan.read)


def check(view: View, selection: Selection) -> None:
    """Raise what `stream` would, without reading a point."""
    PLANS["csv"](view, Asked(selection))
