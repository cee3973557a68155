"""Server entry point, with the limits that come before the framework."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from datastream.refusals import URL_MAX_BYTES, long_address, long_headers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")

django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Refuse an address or headers that are too long; the server's own answers are HTML."""
    if len(environ.get("RAW_URI") or environ.get("PATH_INFO", "")) > URL_MAX_BYTES:
        line, headers, body = long_address()
    elif _header_bytes(environ) > settings.HEADERS_MAX_BYTES:
        line, headers, body = long_headers()
    else:
        return django(environ, start_response)
    start_response(line, headers)
    return [body]


def _header_bytes(environ: dict[str, Any]) -> int:
    """What the headers took on the wire, as far as it can still be known."""
    return sum(
        len(name.removeprefix("HTTP_")) + len(": \r\n") + len(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    )
