"""The query of a read of points, checked."""

import re
from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.filters.catalogue import bbox
from datasets.models import Kind
from datasets.selectors import catalogue
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from datastream.core.api.paging import whole_number
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion, conversion

REVISION = re.compile(r"\d{1,9}", re.ASCII)
PAGE_QUERY = frozenset(
    {"start", "end", "station", "variables", "bbox", "fields", "order", "limit", "cursor"}
    | {"revision", "as_of", "flags", "layout", "units", "estimate", "format"}
)
AGGREGATE_QUERY = frozenset({"resolution", "points", "statistic", "timezone", "min_coverage"})
DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 50_000
RAW = "raw"
ROWS, COLUMNS = "rows", "columns"
COLUMN_FIELDS = ("timestamp", "station", "value")
EXCLUDE, INCLUDE = "exclude", "include"


def selection(request: Request, view: View) -> Selection:
    """What a read of points asks for; nothing that is stored is left out unless asked for."""
    query = request.query_params
    start, end = (instant(query.get(name), name) for name in ("start", "end"))
    if start and end and start > end:
        raise InvalidInputError.of("start", "`start` is after `end`.")
    as_of = instant(query.get("as_of"), "as_of")
    return Selection(
        revision=catalogue.revision_asked(view, _revision(query.get("revision")), as_of),
        start=start,
        end=end,
        stations=tuple(dict.fromkeys(query.getlist("station"))),
        variables=names(query.get("variables"), "variables"),
        descending=choice(request, "order", ("asc", "desc")) == "desc",
        box=bbox(query["bbox"]) if "bbox" in query else None,
        failed=with_failed(request, default=INCLUDE),
    )


def choice(request: Request, name: str, offered: tuple[str, ...]) -> str:
    """One of the words offered, the first by default."""
    asked = request.query_params.get(name, offered[0])
    if asked not in offered:
        raise InvalidInputError.of(name, f"Choose {' or '.join(offered)}.")
    return asked


def with_failed(request: Request, *, default: str = EXCLUDE) -> bool:
    """Whether values that failed quality control count, by `flags`; aggregates leave them out."""
    other = INCLUDE if default == EXCLUDE else EXCLUDE
    return choice(request, "flags", (default, other)) == INCLUDE


def is_aggregate(request: Request) -> bool:
    """Whether periods are asked for; `resolution=raw` says that points are."""
    return request.query_params.get("resolution", RAW) != RAW


def refuse_without_resolution(request: Request) -> None:
    """Raise where points are read with parameters that only say how to aggregate."""
    for name in sorted(AGGREGATE_QUERY - {"resolution"} & request.query_params.keys()):
        raise InvalidInputError.of(name, "Give a `resolution`, such as month, with it.")


def asked(request: Request) -> list[list[Any]]:
    """The query but for how it is paged."""
    query = request.query_params.lists()
    return sorted([name, values] for name, values in query if name not in {"cursor", "limit"})


def limit(request: Request) -> int:
    return whole_number(request, "limit", DEFAULT_LIMIT, LARGEST_LIMIT)


def is_columns(request: Request) -> bool:
    """Whether JSON is to have one array a column."""
    return choice(request, "layout", (ROWS, COLUMNS)) == COLUMNS


def conversions(request: Request, view: View) -> dict[str, Conversion]:
    """How each variable named in `units=TMAX:degF,PRCP:inch` is converted."""
    asked = units(request)
    if not asked:
        return {}
    known = {
        name: (unit, kind)
        for name, unit, kind in catalogue.variables(view)
        .filter(name__in=asked)
        .values_list("name", "unit", "kind")
    }
    return {name: _conversion(name, *known.get(name, ("", "")), to) for name, to in asked.items()}


def units(request: Request) -> dict[str, str]:
    """Variable → unit, as they are asked for in `units`."""
    found: dict[str, str] = {}
    for pair in names(request.query_params.get("units"), "units"):
        name, _, unit = pair.rpartition(":")
        if not (name and unit.strip()):
            raise InvalidInputError.of("units", "Give variables with units: TMAX:degF,PRCP:inch.")
        if name in found:
            raise InvalidInputError.of("units", f"Give one unit for {name[:80]}.")
        found[name] = unit.strip()
    return found


def _conversion(name: str, unit: str, kind: str, to: str) -> Conversion:
    if not kind:
        raise InvalidInputError.of("units", f"There is no variable {name[:80]!r} here.")
    if kind != Kind.NUMBER:
        raise InvalidInputError.of("units", f"{name} holds texts, not numbers.")
    if not unit:
        raise InvalidInputError.of("units", f"{name} has no unit, so it cannot be converted.")
    return conversion(unit, to)


def instant(text: str | None, name: str) -> Any:
    return None if text is None else clock.parse(text, name)


def _revision(text: str | None) -> int | None:
    if text is None:
        return None
    if not REVISION.fullmatch(text):
        raise InvalidInputError.of("revision", "Give the number of a revision.")
    return int(text)


def names(text: str | None, name: str) -> tuple[str, ...]:
    if text is None:
        return ()
    found = tuple(dict.fromkeys(text.split(",")))
    if "" in found:
        raise InvalidInputError.of(name, "Give names between commas.")
    return found


def point_fields(request: Request) -> tuple[str, ...]:
    """What is told of each point; of columns only what each has a value of its own of."""
    default = COLUMN_FIELDS if is_columns(request) else FIELDS
    asked = names(request.query_params.get("fields"), "fields") or default
    unknown = sorted(set(asked) - set(FIELDS))
    if unknown:
        raise InvalidInputError.of("fields", f"Choose from {', '.join(FIELDS)}.")
    return asked
