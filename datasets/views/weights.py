"""What reads of points weigh against the limit on reads; it is told before anything is read."""

from collections.abc import Mapping

from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request

from datasets.filters.points import DEFAULT_LIMIT, LARGEST_LIMIT
from datastream.core.api import negotiation

JSON = "json"
# The read of an object weighs 1, and so do so many rows of a page.
ROWS_FOR_ONE = 10_000
SUMMARY = 10.0
STREAM = 40.0


def of(request: Request, kinds: Mapping[str, str]) -> float:
    """A page weighs by its rows, statistics and streams of all weigh more."""
    if request.method == "HEAD":
        return 1.0
    weight = SUMMARY if "resolution" in request.query_params else 1.0
    try:
        is_stream = negotiation.asked(request, kinds) != JSON
    except NotAcceptable:
        return 1.0
    return weight + (STREAM if is_stream else _rows(request) / ROWS_FOR_ONE)


def _rows(request: Request) -> int:
    """The rows that are asked for; what is no such number is refused later."""
    text = request.query_params.get("limit", "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 9
    return min(int(text), LARGEST_LIMIT) if is_number else DEFAULT_LIMIT
