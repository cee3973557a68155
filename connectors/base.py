"""The contract of a connector: what it declares, which requests it plans, how it reads answers."""

import csv
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from datastream.core.http import Answer

# A page with more bad rows than this share is not kept; a single bad row never costs its page.
MAX_BAD_SHARE = 0.05
MAX_LISTED_ROWS = 100
MESSAGE_CHARS = 300
MAX_SHOWN_CHARS = 60

DATE_PARAMETERS: Mapping[str, Any] = {
    "start": {"type": "string", "format": "date", "description": "First day, YYYY-MM-DD."},
    "end": {
        "type": "string",
        "format": "date",
        "description": "Last day, YYYY-MM-DD; this day is included.",
    },
}


class SchemaDriftError(ProviderRefusedError):
    """The provider's answer no longer has its documented shape or unit; nothing was kept."""

    code = "SCHEMA_DRIFT"


class PageRefusedError(ProviderRefusedError):
    """Too many rows of the provider's answer could not be read; nothing of it was kept."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open span of days: `start` is in it, `end` is not."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"A window ends after it starts, unlike {self.start} to {self.end}.")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def by_year(self) -> Iterator["Window"]:
        """Its parts by calendar year, in order."""
        for year in range(self.start.year, self.last_day.year + 1):
            yield Window(
                start=max(self.start, date(year, 1, 1)), end=min(self.end, date(year + 1, 1, 1))
            )


@dataclass(frozen=True, slots=True)
class Variable:
    """What a product observes.

    Attributes
    ----------
    unit : CF spelling
    interval : ISO 8601 duration that a value stands for ("P1D")
    kind : "number" or "text"
    valid_min, valid_max : in `unit`
        Beyond these a value is not possible; the connector keeps it all the same.
    """

    name: str
    unit: str
    standard_name: str = ""
    cell_method: str = ""
    interval: str = ""
    kind: str = "number"
    valid_min: float | None = None
    valid_max: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """A station as its provider describes it; None is what the provider does not say."""

    code: str
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    elevation_m: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the provider: a path below `base_url`, about a station and a window."""

    path: str
    params: Mapping[str, str]
    station: str
    window: Window


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of the answer that could not be read; `row` counts the data rows from 0."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Page:
    """What an answer holds.

    Attributes
    ----------
    table : columns `station` (string), `timestamp` (timestamp[us, UTC]), one per variable
        float64, or string for variables of kind text; null where there is no value. A variable
        without any value has no column, a row without any value is left out, and no station has
        two rows of one timestamp. An optional column `metadata` (string) holds a JSON object:
        `flags` (the provider's, as they are), `quality` (QARTOD: 3 suspect, 4 fail) and what else
        the connector documents, each by variable; null where nothing is to be said.
    notes : what was odd and did no harm, one sentence each
    """

    table: pa.Table
    stations: tuple[Station, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """What the provider allows; None where it sets no limit."""

    per_second: float
    per_day: int | None = None
    window_days: int | None = None
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """One data set of a provider; `parameters` are the properties of a JSON Schema."""

    name: str
    title: str
    variables: Mapping[str, Variable]
    parameters: Mapping[str, Any]
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": dict(self.parameters),
            "required": list(self.required),
            "additionalProperties": False,
        }


class Connector(ABC):
    """Knows one provider: plans requests and reads answers; it neither asks nor stores."""

    name: ClassVar[str]
    title: ClassVar[str]
    base_url: ClassVar[str]
    license: ClassVar[str]
    citation: ClassVar[str]
    terms: ClassVar[str]
    products: ClassVar[Mapping[str, Product]]
    default_product: ClassVar[str]
    quota: ClassVar[Quota]
    earliest: ClassVar[date] = date(1700, 1, 1)
    latest: ClassVar[date] = date(2200, 1, 1)

    def product(self, name: str) -> Product:
        """A product by name; the default one for an empty name."""
        found = self.products.get(name or self.default_product)
        if found is None:
            known = ", ".join(sorted(self.products))
            raise InvalidInputError.of("product", f"{self.name} has {known}, not {name!r}.")
        return found

    def check(self, product: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters in their settled form, as they are stored and planned from.

        Raises
        ------
        InvalidInputError
            With every parameter that is wrong, and why.
        """
        chosen = self.product(product)
        errors = _schema_errors(chosen, parameters)
        if not errors:
            errors = self._span_errors(parameters)
        if errors:
            raise InvalidInputError(details=errors)
        return self.settle(chosen, dict(parameters))

    def settle(self, product: Product, parameters: dict[str, Any]) -> dict[str, Any]:
        """What a schema cannot say: the connector's own checks, and one spelling of each value."""
        return parameters

    def _span_errors(self, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
        days = {
            name: date.fromisoformat(parameters[name])
            for name in ("start", "end")
            if name in parameters
        }
        errors = {
            name: [f"Not between {self.earliest} and {self.latest}."]
            for name, day in days.items()
            if not self.earliest <= day <= self.latest
        }
        if not errors and len(days) == 2 and days["end"] < days["start"]:
            errors["end"] = [f"Before the start, {days['start']}."]
        return errors

    @abstractmethod
    def plan(self, product: str, parameters: Mapping[str, Any]) -> list[Request]:
        """The requests that cover the span from `start` to `end`, both days included.

        Each is about one station and one window that the provider accepts.
        """

    @abstractmethod
    def parse(self, request: Request, answer: Answer) -> Page:
        """What an answer of status 2xx holds.

        Raises
        ------
        ProviderUnavailableError
            It is an outage notice, or was cut.
        SchemaDriftError
            It is not of the documented shape or unit.
        PageRefusedError
            More than one row, and more than 5 %, cannot be read.
        """


def span(parameters: Mapping[str, Any]) -> Window:
    """The window of checked parameters, whose `end` is the last day in it."""
    last_day = date.fromisoformat(parameters["end"])
    return Window(start=date.fromisoformat(parameters["start"]), end=last_day + timedelta(days=1))


class Sheet:
    """The rows of a CSV answer as text, and what is wrong with them; a bad row ends nothing.

    Attributes
    ----------
    columns : by name, arrays of string of equal length
        Without blanks around; an empty field is null.
    """

    def __init__(self, body: bytes) -> None:
        # A quote left open swallows what follows: the answer was cut, or garbled on the way.
        if body.count(b'"') % 2:
            raise ProviderUnavailableError("The answer was cut in the middle of a value.")
        text = re.sub(r"\r?\n\s*", "\n", body.decode("utf-8", "replace").strip()) + "\n"
        names = self._names(text.partition("\n")[0])
        if len(set(names)) < len(names):
            raise SchemaDriftError("A column has come twice.")
        self._broken: list[Rejected] = []
        table = self._read(text.encode(), names)
        self.columns: dict[str, pa.Array] = {
            name: _trimmed(table.column(name).combine_chunks()) for name in names
        }
        self._faults: list[tuple[NDArray[np.bool_], str, str]] = []
        rows = table.num_rows + len(self._broken)
        # The number of each row that was read, among all that came.
        self._numbers = np.setdiff1d(np.arange(rows), [row.row for row in self._broken])
        if self._broken and self._broken[-1].row == rows - 1:
            raise ProviderUnavailableError("The answer was cut in the middle of a row.")

    @staticmethod
    def _names(line: str) -> list[str]:
        try:
            return [name.strip() for name in next(csv.reader([line]))]
        except (csv.Error, StopIteration) as error:
            raise SchemaDriftError("The answer does not begin with names of columns.") from error

    def _read(self, body: bytes, names: list[str]) -> pa.Table:
        def skip(row: Any) -> str:
            message = f"It has {row.actual_columns} fields instead of {row.expected_columns}."
            # Counted from 1, and with the line of names.
            self._broken.append(Rejected(row.number - 2, "", message))
            return "skip"

        try:
            return arrow_csv.read_csv(
                pa.BufferReader(body),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, block_size=len(body) + 1, column_names=names, skip_rows=1
                ),
                parse_options=arrow_csv.ParseOptions(invalid_row_handler=skip),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise SchemaDriftError(f"The answer is not CSV: {str(error)[:200]}") from error

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
        is_refused = bad > max(1, rows * MAX_BAD_SHARE)
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


def _trimmed(column: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _schema_errors(product: Product, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    validator = jsonschema.Draft202012Validator(
        product.schema, format_checker=jsonschema.FormatChecker(["date"])
    )
    errors: dict[str, list[str]] = {}
    for error in validator.iter_errors(dict(parameters)):
        for name, message in _named(error, product, parameters):
            errors.setdefault(name, []).append(message)
    return errors


def _named(
    error: jsonschema.ValidationError, product: Product, parameters: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The parameters that an error is about; of the missing and unknown only the schema speaks."""
    if error.path:
        yield str(error.path[0]), error.message[:MESSAGE_CHARS]
    elif error.validator == "required":
        missing = str(error.message).split("'")[1]
        yield missing, "This parameter is required."
    else:
        known = ", ".join(sorted(product.parameters))
        for name in sorted(set(parameters) - set(product.parameters)):
            yield str(name)[:MESSAGE_CHARS], f"Not a parameter of {product.name}; it has {known}."
