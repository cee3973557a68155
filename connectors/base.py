"""The contract of a connector: what it declares, which requests it plans, how it reads answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

import pyarrow as pa

from connectors.schemas import parameter_errors
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError, ProviderRefusedError

DATE_PARAMETERS: Mapping[str, Any] = {
    "start": {"type": "string", "format": "date", "description": "First day, YYYY-MM-DD."},
    "end": {
        "type": "string",
        "format": "date",
        "description": "Last day, YYYY-MM-DD, this day included; yesterday, if left out.",
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
        return self.by_years(1)

    def by_years(self, years: int) -> Iterator["Window"]:
        """Its parts, in order, none of which touches more calendar years than this."""
        for year in range(self.start.year, self.last_day.year + 1, years):
            yield Window(
                start=max(self.start, date(year, 1, 1)), end=min(self.end, date(year + years, 1, 1))
            )

    def by_days(self, days: int) -> Iterator["Window"]:
        """Its fewest parts, in order, none of which is longer than this."""
        first = self.start
        while first < self.end:
            after = min(self.end, first + timedelta(days=days))
            yield Window(first, after)
            first = after

    def by_month(self) -> Iterator["Window"]:
        """Its parts by calendar month, in order."""
        first = self.start
        while first < self.end:
            after = min(self.end, (first.replace(day=1) + timedelta(days=32)).replace(day=1))
            yield Window(first, after)
            first = after


# What a product without dates covers, once it has been read.
ALWAYS = Window(date(1970, 1, 1), date(1970, 1, 2))


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
class Flag:
    """A provider's mark on a value: its meaning, and that on the QARTOD scale.

    `quality` is 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing.
    """

    meaning: str
    quality: int = 1


@dataclass(frozen=True, slots=True)
class Station:
    """A station as its provider describes it; None is what the provider does not say."""

    code: str
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    elevation_m: float | None = None
    timezone: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What coverage is kept of, for itself: a station, or a region by a name of its own.

    `variables` names a group of variables where those of one station need several requests.
    """

    station: str
    variables: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the provider: a path below the product's host, about a place and a window.

    `json` makes it a POST. `page` counts from 0 the follow-ups that `Page.next` asks for. `told` is
    what `parse` needs beside the answer, as JSON can say it; the provider is not told.
    """

    path: str
    params: Mapping[str, str | list[str]]
    place: Place
    window: Window
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: int = 0
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def station(self) -> str:
        return self.place.station


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
        `flags` (the provider's, as they are), `quality` (QARTOD: 2 not evaluated, 3 suspect,
        4 fail) and what else the connector documents, each by variable; null where there is
        nothing to be said.
    variables : those that only the answer tells of, or tells more exactly; declared before storing
    notes : what was odd and did no harm, one sentence each
    next : the request that goes on where this answer ends; None where nothing follows
    listed : entries of a catalogue, whose answers are kept as they are
    """

    table: pa.Table
    stations: tuple[Station, ...] = ()
    variables: tuple[Variable, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()
    next: Request | None = None
    listed: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the provider allows; None where it sets no limit.

    parallel : requests under way at once, for one run
    """

    per_second: float
    per_day: int | None = None
    window_days: int | None = None
    page_size: int | None = None
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Host:
    """Where a product is asked, unless the setting of this name holds another address."""

    setting: str
    url: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A provider's key: the header it goes into, and whether there is an answer without it."""

    header: str
    prefix: str = ""
    is_required: bool = False


class Product(ABC):
    """One data set of a provider: plans requests and reads answers; it neither asks nor stores.

    Attributes
    ----------
    variables : by name; may be empty where only answers tell (`Page.variables`)
    parameters : properties of a JSON Schema; with those of `DATE_PARAMETERS` where `is_dated`
    flags : the provider's marks by their text
    sentinels : numbers that mean "no value"; they never become values
    time_rule : one sentence for users, on what a timestamp means
    lookback_days : how far back values are still revised, and so asked for again; of no meaning
        where not `is_dated`, which is asked for again as a whole each time
    span_parameters : those that say for which days and places, and not what is asked of each
    answer_within_s : how long the provider may be silent; some think for minutes
    is_dated : whether it is asked for a span of days
    reaches_future : whether it has days that are yet to come, as projections have
    """

    name: ClassVar[str]
    title: ClassVar[str]
    host: ClassVar[Host]
    variables: ClassVar[Mapping[str, Variable]] = {}
    parameters: ClassVar[Mapping[str, Any]]
    required: ClassVar[tuple[str, ...]] = ()
    quota: ClassVar[Quota]
    time_rule: ClassVar[str]
    flags: ClassVar[Mapping[str, Flag]] = {}
    sentinels: ClassVar[tuple[float, ...]] = ()
    lookback_days: ClassVar[int] = 45
    span_parameters: ClassVar[frozenset[str]] = frozenset({"start", "end", "station", "stations"})
    answer_within_s: ClassVar[float] = 30.0
    is_dated: ClassVar[bool] = True
    reaches_future: ClassVar[bool] = False
    earliest: ClassVar[date] = date(1700, 1, 1)
    latest: ClassVar[date] = date(2200, 1, 1)
    credential: ClassVar[Credential | None] = None
    # Its connector's, where empty.
    license: ClassVar[str] = ""
    citation: ClassVar[str] = ""

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": dict(self.parameters),
            "required": list(self.required),
            "additionalProperties": False,
        }

    def check(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters in their settled form, as they are stored and planned from.

        Raises
        ------
        InvalidInputError
            With every parameter that is wrong, and why.
        """
        errors = parameter_errors(self.name, self.schema, parameters)
        if not errors:
            errors = self._span_errors(parameters)
        if errors:
            raise InvalidInputError(details=errors)
        return self.settle(dict(parameters))

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """What a schema cannot say: the product's own checks, and one spelling of each value.

        What is settled already settles to the same.
        """
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
    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        """What is asked for, place by place; `parameters` are settled."""

    @abstractmethod
    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """The least requests that cover a window of one place, each one that is accepted."""

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

    def kept(self, answer: Answer) -> bytes:
        """What is kept of an answer's body: all but what must not be; of any status.

        What is kept of status 2xx `parse` reads as it reads the whole. It never raises.
        """
        return answer.body

    def address(self, parameters: Mapping[str, Any]) -> str:
        """Where these settled parameters are asked, "" for the product's host.

        An address, or `file:` and the absolute path of a file on the server.
        """
        return ""


@dataclass(frozen=True)
class Connector:
    """A provider, and its products; the first is the default one."""

    name: str
    title: str
    license: str
    citation: str
    terms: str
    products: tuple[Product, ...]

    def product(self, name: str = "") -> Product:
        """A product by name; the default one for an empty name."""
        if not name:
            return self.products[0]
        for product in self.products:
            if product.name == name:
                return product
        known = ", ".join(sorted(product.name for product in self.products))
        raise InvalidInputError.of("product", f"{self.name} has {known}, not {name!r}.")

    def terms_of(self, product: Product) -> dict[str, str]:
        """Licence and citation of a product."""
        return {
            "license": product.license or self.license,
            "citation": product.citation or self.citation,
        }
