"""Which of the formats that a route offers the caller wants."""

import re
from collections.abc import Mapping, Sequence

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

FORMAT = "format"
WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)
# How good a media type is to the caller: by weight, then by how closely it is named.
Fit = tuple[float, int]
UNWANTED: Fit = (0.0, 0)


def asked(request: Request, offered: Mapping[str, str]) -> str:
    """The name of the format asked for by `format=` or else by `Accept`; the first by default.

    `offered` maps names to media types. A view that asks this names its action in `formatted`.

    Raises
    ------
    NotAcceptable
        The format is not offered, or the caller accepts none of those that are.
    """
    named = request.query_params.get(FORMAT)
    if named is not None:
        if named not in offered:
            raise NotAcceptable
        return named
    if not request.headers.get("Accept", "").strip():
        return next(iter(offered))
    ranges = [_parsed(text) for text in DefaultContentNegotiation().get_accept_list(request)]
    fits = {name: _fit(media_type, ranges) for name, media_type in offered.items()}
    best = max(fits, key=lambda name: fits[name])
    if fits[best][0] <= 0:
        raise NotAcceptable
    return best


def _parsed(text: str) -> tuple[str, float]:
    """A media range without its parameters, and its weight: RFC 9110, section 12.5.1."""
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media_range, _weight(value.strip())
    return media_range, 1.0


def _weight(text: str) -> float:
    return float(text) if WEIGHT.fullmatch(text) else 0.0


def _fit(media_type: str, ranges: Sequence[tuple[str, float]]) -> Fit:
    """The weight of the range that names a media type most closely, and how closely it does."""
    closeness = {"*/*": 1, f"{media_type.partition('/')[0]}/*": 2, media_type: 3}
    found = [(closeness[one], weight) for one, weight in ranges if one in closeness]
    if not found:
        return UNWANTED
    closest, weight = max(found)
    return weight, closest
