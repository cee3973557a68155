"""Columns of a table in CSV, NDJSON or Parquet, through pyarrow's readers."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from connectors.base import PageRefusedError, Rejected, SchemaDriftError
from connectors.records import column_of
from connectors.rows import Rows, skip_into, trimmed

BOM = b"\xef\xbb\xbf"
# Unpacked, as much as eight times the largest body.
MAX_UNPACKED = 512 * 2**20


def read_columns(told: Mapping[str, Any], body: bytes, wanted: Sequence[str]) -> Rows:
    """The columns of these names.

    Raises
    ------
    SchemaDriftError
        One of them is not there, or the body is not of the format.
    """
    kind = told["format"]
    if kind == "parquet":
        return read_parquet(body, wanted)
    if kind == "ndjson":
        return read_ndjson(body.removeprefix(BOM), wanted)
    return read_csv(body.removeprefix(BOM), wanted, told.get("separator", ","))


def require(present: Sequence[str], wanted: Sequence[str]) -> None:
    if missing := sorted(set(wanted) - set(present)):
        raise SchemaDriftError(f"The columns {', '.join(missing)[:300]} are not there.")
    if twice := [name for name in wanted if present.count(name) > 1]:
        raise SchemaDriftError(f"The column {twice[0]} is there twice.")


def read_csv(body: bytes, wanted: Sequence[str], separator: str) -> Rows:
    names = _names(body, separator)
    require(names, wanted)
    # Names that nobody asks for may come twice, which the reader would not know apart.
    unique = [name if name in wanted else f"unused {i}" for i, name in enumerate(names)]
    broken: list[Rejected] = []
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            # One thread and one block, so that rows are numbered and refused in order.
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=len(body) + 1, column_names=unique, skip_rows=1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=skip_into(broken)
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=list(wanted),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise SchemaDriftError(f"It is not CSV in UTF-8: {str(error)[:200]}") from error
    columns = {name: trimmed(table.column(name).combine_chunks()) for name in wanted}
    return Rows(columns, tuple(broken))


def _names(body: bytes, separator: str) -> list[str]:
    line = body.partition(b"\n")[0].decode("utf-8", "replace")
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    except (csv.Error, StopIteration) as error:
        raise SchemaDriftError("It does not begin with names of columns.") from error


def read_ndjson(body: bytes, wanted: Sequence[str]) -> Rows:
    lines = [line for line in body.splitlines() if line and not line.isspace()]
    records, broken = _records(lines)
    present = set().union(*records) if records else set(wanted)
    require(list(present), wanted)
    return Rows({name: column_of([one.get(name) for one in records]) for name in wanted}, broken)


def _records(lines: list[bytes]) -> tuple[list[dict[str, Any]], tuple[Rejected, ...]]:
    """The objects, and the lines that are none."""
    try:
        found = orjson.loads(b"[" + b",".join(lines) + b"]")
    except orjson.JSONDecodeError:
        found = [_loaded(line) for line in lines]
    if len(found) != len(lines):
        found = [_loaded(line) for line in lines]
    broken = tuple(
        Rejected(n, "", "Not a JSON object.")
        for n, one in enumerate(found)
        if not isinstance(one, dict)
    )
    return [one for one in found if isinstance(one, dict)], broken


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def read_parquet(body: bytes, wanted: Sequence[str]) -> Rows:
    try:
        with parquet.ParquetFile(io.BytesIO(body)) as file:
            require(file.schema_arrow.names, wanted)
            return Rows(_flat(file, wanted))
    except (pa.ArrowException, OSError) as error:
        raise SchemaDriftError(f"It is not Parquet: {str(error)[:200]}") from error


def _flat(file: parquet.ParquetFile, wanted: Sequence[str]) -> dict[str, pa.Array]:
    batches, size = [], 0
    for batch in file.iter_batches(columns=list(wanted), use_threads=False):
        size += batch.nbytes
        if size > MAX_UNPACKED:
            raise PageRefusedError(f"It unpacks to more than {MAX_UNPACKED:,} bytes.")
        batches.append(batch)
    schema = pa.schema([file.schema_arrow.field(name) for name in wanted])
    table = pa.Table.from_batches(batches, schema if not batches else None)
    return {name: _decoded(table.column(name).combine_chunks()) for name in wanted}


def _decoded(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    is_text = pa.types.is_large_string(whole.type) or pa.types.is_string_view(whole.type)
    whole = whole.cast(pa.string()) if is_text else whole
    return trimmed(whole) if pa.types.is_string(whole.type) else whole
