"""What is refused before the framework sees it, in the one shape of errors."""

import uuid
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.conf import settings

log = structlog.get_logger("access")

URL_MAX_BYTES = 8 * 1024
Refusal = tuple[str, list[tuple[str, str]], bytes]


def long_address() -> Refusal:
    message = f"The address is longer than {URL_MAX_BYTES} bytes."
    return refusal(HTTPStatus.REQUEST_URI_TOO_LONG, message, limit_bytes=URL_MAX_BYTES)


def long_headers() -> Refusal:
    limit = settings.HEADERS_MAX_BYTES
    message = f"The headers are longer than {limit} bytes, or too many."
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return refusal(status, message, limit_bytes=limit)


def refusal(status: HTTPStatus, message: str, **details: Any) -> Refusal:
    """Status line, headers and body of a refusal; it is logged, without what was sent."""
    identity = str(uuid.uuid4())
    log.info("request", status=status.value, request_id=identity, refused=message)
    content = {"code": "VALIDATION_ERROR", "message": message, "details": details}
    body = orjson.dumps({"detail": content})
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-Request-ID", identity),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]
    return f"{status.value} {status.phrase}", headers, body
