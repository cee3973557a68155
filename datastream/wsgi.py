"""Server entry point, with the limits that come before the framework."""

import json
import os
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")
URL_MAX = 8 * 1024

django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer an address that is too long in the contract's shape; the server's own is HTML."""
    length = len(environ.get("RAW_URI") or environ.get("PATH_INFO", ""))
    if length <= URL_MAX:
        return django(environ, start_response)
    message = f"The address is longer than {URL_MAX} bytes."
    details = {"limit_bytes": URL_MAX}
    body = {"detail": {"code": "VALIDATION_ERROR", "message": message, "details": details}}
    headers = [("Content-Type", "application/json"), ("X-Request-ID", str(uuid.uuid4()))]
    start_response("414 URI Too Long", headers)
    return [json.dumps(body).encode()]
