"""CSV: a `timestamp` column, an optional `station`, every other column a variable."""

import csv as standard
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow

from datasets.formats.registry import Format, registry
from datasets.ingest.batch import Batch, from_table
from datastream.core.errors import UnreadableInputError


def read(path: Path, timezone: str | None) -> Batch:
    """A batch from a CSV file; an empty cell says nothing of its variable."""
    names, has_rows = _header(path)
    # Everything as text: what a column holds is for the dataset's variables to say, not to guess.
    options = arrow.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
    )
    if not has_rows:  # which the reader does not take for a file
        return from_table(pa.table([pa.array([], pa.string())] * len(names), names))
    try:
        table = arrow.read_csv(
            path,
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=options,
        )
    except pa.ArrowInvalid as error:
        raise UnreadableInputError(f"{path.name} is not a CSV file: {error}") from error
    return from_table(table, timezone=timezone)


def _header(path: Path) -> tuple[list[str], bool]:
    """The names of the columns, and whether anything follows them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = standard.reader(file)
            names, has_rows = next(rows, []), any(rows)
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            f"{path.name} is not in UTF-8; save it so and try again."
        ) from error
    except standard.Error as error:
        raise UnreadableInputError(f"{path.name} is not a CSV file: {error}") from error
    if len(names) == 1 and ";" in names[0]:
        raise UnreadableInputError(f"{path.name} has `;` between its columns; use commas.")
    if not names:
        raise UnreadableInputError(
            f"{path.name} is empty; a CSV file begins with its columns' names."
        )
    return names, has_rows


registry.add(Format("csv", (".csv",), read))
