"""Statistics by period as files: CSV, NDJSON, Arrow, Parquet."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from pyarrow import ipc, parquet

from datasets import summaries
from datasets.exports import texts
from datasets.exports.tables import Outbox
from datasets.selectors.aggregates import COUNT, Page, Reading
from datasets.summaries import WHOLE, Numbers

INSTANT = pa.timestamp("us", "UTC")
Pages = Iterable[tuple[Page, Numbers]]


def schema(
    asked: Reading, facts: Mapping[str, str], units: Mapping[str, str], fields: tuple[str, ...]
) -> pa.Schema:
    """The columns of `fields`; `facts` of the whole are kept with them."""
    found = [pa.field("timestamp", INSTANT), pa.field("station", pa.string())]
    found = [one for one in found if one.name in fields]
    names = [name for name in asked.question.statistics if name != COUNT]
    for variable in asked.variables if "value" in fields else ():
        unit = {"unit": units[variable.name]} if variable.name in units else None
        for name in (*names, COUNT, "expected", "coverage", "flagged"):
            kind = pa.int64() if name in WHOLE else pa.float64()
            told = unit if name in names else None
            found.append(pa.field(f"{variable.name}.{name}", kind, metadata=told))
    return pa.schema(found, metadata=dict(facts))


def table(page: Page, numbers: Numbers, described: pa.Schema) -> pa.Table:
    arrays = {
        "timestamp": pa.array(page.timestamps).cast(INSTANT),
        "station": pa.array(page.stations, pa.string()),
    }
    for variable, told in numbers.items():
        for name, values in told.items():
            is_none = np.isnan(values)
            kind = np.int64 if name in WHOLE else np.float64
            filled = np.where(is_none, 0, values).astype(kind)
            arrays[f"{variable}.{name}"] = pa.array(filled, mask=is_none)
    return pa.table([arrays[name] for name in described.names], schema=described)


def as_ndjson(pages: Pages, described: pa.Schema, fields: tuple[str, ...]) -> Iterator[bytes]:
    """The objects that a page of JSON has, one a line."""
    for page, numbers in pages:
        yield b"\n".join([*summaries.rows(page, numbers, fields), b""])


def as_csv(pages: Pages, described: pa.Schema, fields: tuple[str, ...]) -> Iterator[bytes]:
    """One line a period after a line of names."""
    yield b",".join(name.encode() for name in texts.cells(described.names).to_pylist()) + b"\n"
    for page, numbers in pages:
        found = table(page, numbers, described)
        columns = [_cells(found, name, page) for name in described.names]
        lines = texts.join(texts.join(*columns, by=","), "\n")
        yield texts.flowing(lines) if len(lines) else b""


def _cells(found: pa.Table, name: str, page: Page) -> pa.Array:
    if name == "timestamp":
        return pa.array(summaries.times(page.timestamps), pa.string())
    if name == "station":
        return texts.cells(page.stations)
    return found.column(name).combine_chunks().cast(pa.string())


def as_arrow(pages: Pages, described: pa.Schema, fields: tuple[str, ...]) -> Iterator[bytes]:
    outbox = Outbox()
    with ipc.new_stream(outbox, described) as writer:
        for page, numbers in pages:
            writer.write_table(table(page, numbers, described))
            yield outbox.take()
    yield outbox.take()


def as_parquet(pages: Pages, described: pa.Schema, fields: tuple[str, ...]) -> Iterator[bytes]:
    outbox = Outbox()
    with parquet.ParquetWriter(outbox, described, compression="zstd") as writer:
        for page, numbers in pages:
            writer.write_table(table(page, numbers, described))
            yield outbox.take()
    yield outbox.take()


WRITERS: dict[str, Callable[[Pages, pa.Schema, tuple[str, ...]], Iterator[bytes]]] = {
    "ndjson": as_ndjson,
    "csv": as_csv,
    "arrow": as_arrow,
    "parquet": as_parquet,
}
