"""The rows of an answer as columns of text, and what is wrong with them; a bad row ends nothing."""

import csv
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from connectors.base import PageRefusedError, Rejected, SchemaDriftError
from datastream.core.errors import ProviderUnavailableError

# A page with more bad rows than this share is not kept; a single bad row never costs its page.
MAX_BAD_SHARE = 0.05
MAX_LISTED_ROWS = 100
MAX_SHOWN_CHARS = 60


def is_too_bad(bad: int, rows: int) -> bool:
    """Whether so many bad rows cost the whole page."""
    return bad > max(1, rows * MAX_BAD_SHARE)


class Rows:
    """Columns of equal length, and the faults of their rows.

    Attributes
    ----------
    columns : by name, arrays of equal length
        Text without blanks around; an empty field is null.
    """

    def __init__(self, columns: dict[str, pa.Array], broken: tuple[Rejected, ...] = ()) -> None:
        self.columns = columns
        self._broken = list(broken)
        self._faults: list[tuple[NDArray[np.bool_], str, str]] = []
        read = len(next(iter(columns.values()))) if columns else 0
        # The number of each row that was read, among all that came.
        came = np.arange(read + len(self._broken))
        self._numbers = np.setdiff1d(came, [row.row for row in self._broken])

    def __len__(self) -> int:
        return len(self._numbers)

    def fault(self, mask: pa.BooleanArray, column: str, message: str) -> None:
        """Note rows as bad, those where `mask` is true; the first fault of a row is its reason."""
        bad = pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)
        if bad.any():
            self._faults.append((bad, column, message))

    @property
    def bad(self) -> NDArray[np.bool_]:
        masks = [mask for mask, _, _ in self._faults]
        return np.logical_or.reduce(masks) if masks else np.zeros(len(self._numbers), bool)

    def rejected(self) -> tuple[Rejected, ...]:
        """The bad rows with their reasons; raises `PageRefusedError` where they are too many."""
        indexes = np.flatnonzero(self.bad)
        bad = len(indexes) + len(self._broken)
        rows = len(self._numbers) + len(self._broken)
        is_refused = is_too_bad(bad, rows)
        reasons = [
            self._reason(index) for index in indexes[: MAX_LISTED_ROWS if is_refused else None]
        ]
        listed = sorted([*self._broken, *reasons], key=lambda row: row.row)
        if is_refused:
            raise PageRefusedError(
                f"{bad} of {rows} rows could not be read, more than {MAX_BAD_SHARE:.0%}; nothing "
                f"of the page was kept. The first: {listed[0].field} {listed[0].message}".strip(),
                details={
                    "rows": [asdict(row) for row in listed[:MAX_LISTED_ROWS]],
                    "rejected": bad,
                },
            )
        return tuple(listed)

    def _reason(self, index: int) -> Rejected:
        column, message = next((c, m) for mask, c, m in self._faults if mask[index])
        value = str(self.columns[column][index].as_py() or "")[:MAX_SHOWN_CHARS]
        return Rejected(int(self._numbers[index]), column, f"{message}: {value!r}.")


class Sheet(Rows):
    """The rows of a CSV answer."""

    def __init__(self, body: bytes) -> None:
        # A quote left open swallows what follows: the answer was cut, or garbled on the way.
        if body.count(b'"') % 2:
            raise ProviderUnavailableError("The answer was cut in the middle of a value.")
        text = re.sub(r"\r?\n\s*", "\n", body.decode("utf-8", "replace").strip()) + "\n"
        names = self._names(text.partition("\n")[0])
        if len(set(names)) < len(names):
            raise SchemaDriftError("A column has come twice.")
        broken: list[Rejected] = []
        table = self._read(text.encode(), names, broken)
        columns = {name: trimmed(table.column(name).combine_chunks()) for name in names}
        super().__init__(columns, tuple(broken))
        if broken and broken[-1].row == table.num_rows + len(broken) - 1:
            raise ProviderUnavailableError("The answer was cut in the middle of a row.")

    @staticmethod
    def _names(line: str) -> list[str]:
        try:
            return [name.strip() for name in next(csv.reader([line]))]
        except (csv.Error, StopIteration) as error:
            raise SchemaDriftError("The answer does not begin with names of columns.") from error

    def _read(self, body: bytes, names: list[str], broken: list[Rejected]) -> pa.Table:
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(body),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, block_size=len(body) + 1, column_names=names, skip_rows=1
                ),
                parse_options=arrow_csv.ParseOptions(invalid_row_handler=skip_into(broken)),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise SchemaDriftError(f"The answer is not CSV: {str(error)[:200]}") from error


def skip_into(broken: list[Rejected]) -> Callable[[Any], str]:
    """A handler that notes CSV rows with too many or too few fields, and goes on after them."""

    def skip(row: Any) -> str:
        message = f"It has {row.actual_columns} fields instead of {row.expected_columns}."
        # Counted from 1, and with the line of names.
        broken.append(Rejected(row.number - 2, "", message))
        return "skip"

    return skip


def trimmed(column: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
