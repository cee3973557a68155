"""What holds for every request: its id, one access line, the API's path and body habits."""

import re
import time
import uuid
from collections.abc import Callable, Mapping

import structlog
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django_http_compression.middleware import HttpCompressionMiddleware

from datastream.core import origin
from datastream.core.api import errors
from datastream.core.api.addresses import address_of
from datastream.core.origin import Standing

GetResponse = Callable[[WSGIRequest], HttpResponseBase]

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")
# The headers that say who is calling.
BY_CALLER = ("Authorization", "X-API-Key", "Cookie")
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
QUIET = ("/health/", "/metrics", "/static/")
log = structlog.get_logger("access")


def request_id(get_response: GetResponse) -> Callable[[WSGIRequest], HttpResponseBase]:
    """Give each request an id (the client's own if it is a valid one), and log one line."""

    def middleware(request: WSGIRequest) -> HttpResponseBase:
        sent = request.headers.get("X-Request-ID", "")
        identity = sent if VISIBLE_ASCII.fullmatch(sent) else str(uuid.uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identity)
        here = origin.begin(identity, address_of(request))
        start = time.perf_counter()
        response = get_response(request)
        response["X-Request-ID"] = identity
        _announce(here.limits, response)
        # The framework's own has no part in what is refused before it.
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if not request.path_info.startswith(QUIET):
            _log(request, response, time.perf_counter() - start)
        return response

    return middleware


def _announce(limits: Mapping[str, Standing], response: HttpResponseBase) -> None:
    """Say what the caller was held to and how it stands (draft-ietf-httpapi-ratelimit-headers)."""
    if not limits:
        return
    policies = (f'"{name}";q={one.quota};w={one.window_s}' for name, one in limits.items())
    standings = (f'"{name}";r={one.left};t={one.full_in_s}' for name, one in limits.items())
    response["RateLimit-Policy"] = ", ".join(policies)
    response["RateLimit"] = ", ".join(standings)


def _log(request: WSGIRequest, response: HttpResponseBase, seconds: float) -> None:
    user = getattr(request, "api_user", None) or getattr(request, "user", None)
    log.info(
        "request",
        method=request.method,
        path=request.path_info[:500],
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        user=str(user.pk) if user is not None and user.pk else None,
    )


def api_conventions(get_response: GetResponse) -> Callable[[WSGIRequest], HttpResponseBase]:
    """A trailing slash changes nothing, a chunked body is read, private answers are not kept."""

    def middleware(request: WSGIRequest) -> HttpResponseBase:
        if request.path_info.startswith("/api/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
            _read_chunked(request)
        response = _too_large(request) or get_response(request)
        if request.method == "HEAD" and isinstance(response, StreamingHttpResponse):
            # The server would run all of it and send nothing.
            response.streaming_content = ()
        if request.path_info.startswith("/api/v1"):
            if not response.has_header("Cache-Control"):
                response["Cache-Control"] = _kept(request)
            patch_vary_headers(response, BY_CALLER)
            if response.status_code >= 500 and not _is_json(response):
                return errors.server_error(request)
        return response

    return middleware


def _kept(request: WSGIRequest) -> str:
    """Who may keep the answer: nobody if it is for one caller, else whoever asks again first."""
    is_private = any(request.headers.get(name) for name in BY_CALLER)
    return "private, no-store" if is_private else "no-cache"


def _is_json(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/json")


def _read_chunked(request: WSGIRequest) -> None:
    # Django takes a body without Content-Length as empty; the server has decoded the chunks and
    # ends the stream itself. The parser reads no more than its limit.
    if request.META.get("wsgi.input_terminated") and "HTTP_TRANSFER_ENCODING" in request.META:
        request._stream = request.META["wsgi.input"]  # noqa: SLF001
        request.META["CONTENT_LENGTH"] = "1"  # tells REST framework that there is a body


def _too_large(request: WSGIRequest) -> HttpResponseBase | None:
    """Refuse what Django itself would take in whole: bodies for our pages, and forms."""
    is_read_by_us = request.path_info.startswith("/api/") and request.content_type not in FORMS
    declared = request.META.get("CONTENT_LENGTH") or "0"
    limit = settings.BODY_MAX_BYTES
    if is_read_by_us or not declared.isdecimal() or int(declared) <= limit:
        return None
    return errors.too_large(request, limit)


class Compression(HttpCompressionMiddleware):  # type: ignore[misc]
    """The library's, for lines of JSON too; Arrow and Parquet are packed already."""

    content_type_re = re.compile(
        rf"{HttpCompressionMiddleware.content_type_re.pattern} | ^application/x-ndjson",
        re.VERBOSE | re.IGNORECASE,
    )

    def maybe_compress(self, request: HttpRequest, response: HttpResponseBase) -> None:
        # A part of a file is a part of its own bytes, and its digest is theirs.
        if not response.has_header("Accept-Ranges"):
            super().maybe_compress(request, response)
