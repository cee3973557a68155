"""Arrow and Parquet: columns with their types, and what is said of the data beside them."""

from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any

import pyarrow as pa
from pyarrow import ipc, parquet

from datasets.exports import texts
from datasets.exports.plans import Plan, is_text
from datasets.exports.rows import INSTANT, Rows, read
from datasets.models import Variable

CONVENTIONS = "CF-1.11, ACDD-1.3"
BATCH_ROWS, GROUP_ROWS = 65_536, 131_072
# Of rows that are very long there are fewer.
MOST_BYTES = 32 * 2**20
CODE = pa.dictionary(pa.int32(), pa.string())


class Outbox(RawIOBase):
    """A file that is written to its end; what was written is taken away meanwhile."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def arrow(plan: Plan, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A stream of record batches, the first of them small so that it comes soon."""
    outbox, schema = Outbox(), _schema(plan)
    with ipc.new_stream(outbox, schema) as writer:
        yield outbox.take()
        for table in _gathered(_tables(plan, schema, pieces), BATCH_ROWS, first=1):
            writer.write_table(table.combine_chunks())
            yield outbox.take()
    yield outbox.take()


def parquet_file(plan: Plan, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A file whose row groups are sent as soon as each is full."""
    outbox, schema = Outbox(), _schema(plan)
    repeated = [name for name in schema.names if name != "id"]
    with parquet.ParquetWriter(
        outbox, schema, compression="zstd", use_dictionary=repeated
    ) as writer:
        yield outbox.take()
        for table in _gathered(_tables(plan, schema, pieces), GROUP_ROWS):
            writer.write_table(table, row_group_size=len(table))
            yield outbox.take()
    yield outbox.take()


def _schema(plan: Plan) -> pa.Schema:
    kinds = {"id": pa.string(), "timestamp": INSTANT, "station": CODE}
    fields = [pa.field(name, kinds[name]) for name in plan.fields if name in kinds]
    fields += [_field(plan, variable) for variable in plan.variables]
    if "metadata" in plan.fields:
        fields.append(pa.field("metadata", pa.string()))
    return pa.schema(fields, metadata={**plan.about, "conventions": CONVENTIONS})


def _field(plan: Plan, variable: Variable) -> pa.Field:
    said = {
        "unit": plan.unit_of(variable),
        "standard_name": variable.standard_name,
        "cell_method": variable.cell_method,
    }
    kind = pa.string() if is_text(variable) else pa.float64()
    return pa.field(variable.name, kind, metadata={k: text for k, text in said.items() if text})


def _tables(plan: Plan, schema: pa.Schema, pieces: Iterable[bytes]) -> Iterator[pa.Table]:
    numbers = frozenset(one.name for one in plan.variables if not is_text(one))
    codes = texts.column(plan.codes)
    for rows in read(plan, pieces, numbers=numbers):
        columns = [_column(rows, name, codes) for name in schema.names]
        yield pa.Table.from_arrays(columns, schema=schema)


def _column(rows: Rows, name: str, codes: pa.Array) -> pa.Array:
    if name == "id":
        return rows.ids()
    if name == "timestamp":
        return rows.timestamp
    if name == "station":
        return pa.DictionaryArray.from_arrays(texts.places_of(rows.places), codes)
    return rows.cells[name]


def _gathered(tables: Iterable[pa.Table], rows: int, *, first: int = 0) -> Iterator[pa.Table]:
    """Tables of at least so many rows or bytes; the first may have fewer rows."""
    held: list[pa.Table] = []
    count = size = 0
    least = first or rows
    for table in tables:
        held.append(table)
        count, size = count + len(table), size + table.nbytes
        if count >= least or size >= MOST_BYTES:
            yield pa.concat_tables(held)
            held, count, size, least = [], 0, 0, rows
    if held:
        yield pa.concat_tables(held)
