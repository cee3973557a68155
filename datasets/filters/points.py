"""The query of a read of points."""

import re
from typing import Any

from rest_framework.request import Request

from datasets.access import View
from datasets.selectors import catalogue
from datasets.selectors.points import FIELDS, Selection
from datastream.core import clock
from datastream.core.errors import InvalidInputError

REVISION = re.compile(r"\d{1,9}", re.ASCII)
PAGE_QUERY = frozenset(
    {"start", "end", "station", "variables", "bbox", "fields", "order", "limit", "cursor"}
    | {"revision", "as_of", "flags", "layout", "units", "estimate", "format"}
)
AGGREGATE_QUERY = frozenset({"resolution", "statistic", "timezone", "min_coverage"})


def selection(request: Request, view: View) -> Selection:
    """What a read of points asks for, checked."""
    query = request.query_params
    start, end = (instant(query.get(name), name) for name in ("start", "end"))
    if start and end and start > end:
        raise InvalidInputError.of("start", "`start` is after `end`.")
    order = query.get("order", "asc")
    if order not in {"asc", "desc"}:
        raise InvalidInputError.of("order", "Choose asc or desc.")
    as_of = instant(query.get("as_of"), "as_of")
    return Selection(
        revision=catalogue.revision_asked(view, _revision(query.get("revision")), as_of),
        start=start,
        end=end,
        stations=tuple(dict.fromkeys(query.getlist("station"))),
        variables=names(query.get("variables"), "variables"),
        descending=order == "desc",
    )


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
    asked = names(request.query_params.get("fields"), "fields") or FIELDS
    unknown = sorted(set(asked) - set(FIELDS))
    if unknown:
        raise InvalidInputError.of("fields", f"Choose from {', '.join(FIELDS)}.")
    return asked
