"""One place that turns every error into the contract's one shape."""

import math
import sys
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from datastream.core import errors
from datastream.core.api.signals import request_denied

log = structlog.get_logger(__name__)

STATUS_OF_CODE = {
    "VALIDATION_ERROR": 400,
    "PARSE_ERROR": 400,
    "AUTHENTICATION_REQUIRED": 401,
    "INVALID_CREDENTIALS": 401,
    "INVALID_TOKEN": 401,
    "PERMISSION_DENIED": 403,
    "INSUFFICIENT_SCOPE": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "CONFLICT": 409,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
    "PROVIDER_UNAVAILABLE": 503,
    "PROVIDER_REFUSED": 503,
}
CODE_OF_STATUS = {
    400: "VALIDATION_ERROR",
    401: "AUTHENTICATION_REQUIRED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}
CODE_OF_ERROR: dict[type[Exception], str] = {
    Http404: "NOT_FOUND",
    PermissionDenied: "PERMISSION_DENIED",
    RequestDataTooBig: "PAYLOAD_TOO_LARGE",
    SuspiciousOperation: "VALIDATION_ERROR",
    IntegrityError: "CONFLICT",
    DataError: "VALIDATION_ERROR",
    OperationalError: "SERVICE_UNAVAILABLE",
}
MESSAGES = {
    "AUTHENTICATION_REQUIRED": "Sign in to do this.",
    "INVALID_TOKEN": errors.InvalidTokenError.__doc__,
    "NOT_FOUND": errors.NotFoundError.__doc__,
    "PERMISSION_DENIED": errors.NotAllowedError.__doc__,
    "VALIDATION_ERROR": errors.InvalidInputError.__doc__,
    "SERVER_ERROR": "Something went wrong here; the request id tells us what.",
    "SERVICE_UNAVAILABLE": errors.UnavailableError.__doc__,
    "NOT_ACCEPTABLE": "None of the accepted formats can be given here.",
    "RATE_LIMITED": "Too many requests; wait and try again.",
}
RETRY_AFTER_S = 5
REFUSED = frozenset({401, 403})
OAUTH2 = "oauth2"


def body(code: str, message: str = "", details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    message = message or MESSAGES.get(code) or code.replace("_", " ").capitalize() + "."
    return {"detail": {"code": code, "message": message, "details": dict(details or {})}}


def answer(error: Exception, context: Mapping[str, Any] | None = None) -> Response:
    """The answer to an error that a view raised; REST framework calls this."""
    set_rollback()
    status, content, headers = describe(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", status=status, exc_info=error)
    response = Response(content, status=status, headers=headers)
    response.exception = True
    _announce_denial(status, content["detail"]["code"], (context or {}).get("view"))
    return response


def _announce_denial(status: int, code: str, view: Any) -> None:
    """Tell of a refusal; a hidden object and one that never was are told alike."""
    is_object = status == HTTPStatus.NOT_FOUND and bool(getattr(view, "kwargs", None))
    if view is not None and (status in REFUSED or is_object):
        # Robustly: whoever hears it, the answer is the same.
        request_denied.send_robust(sender=type(view), view=view, status=status, code=code)


def describe(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers for any error."""
    if isinstance(error, errors.PlatformError):
        return _platform(error)
    if isinstance(error, exceptions.APIException):
        return _framework(error)
    code = _code_of(error)
    status = STATUS_OF_CODE[code]
    return status, body(code), _retry_after(status)


def _code_of(error: BaseException) -> str:
    # Raw while rows are read, else the cause of an error of the framework's.
    if isinstance(error, _store_is_away()) or isinstance(error.__cause__, _store_is_away()):
        return "SERVICE_UNAVAILABLE"
    codes = (code for kind, code in CODE_OF_ERROR.items() if isinstance(error, kind))
    return next(codes, "SERVER_ERROR")


@cache
def _store_is_away() -> tuple[type[Exception], ...]:
    """What is raised while the store of raw answers does not answer, where there is one."""
    if not settings.MONGODB_URL:
        return ()
    # Takes a tenth of a second, and only those who have such a store need it.
    from pymongo.errors import ConnectionFailure

    return (ConnectionFailure,)


def _retry_after(status: int) -> dict[str, str]:
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    return {"Retry-After": str(RETRY_AFTER_S)} if unavailable else {}


def _platform(error: errors.PlatformError) -> tuple[int, dict[str, Any], dict[str, str]]:
    status = STATUS_OF_CODE.get(error.code, 500)
    headers = _retry_after(status)
    if isinstance(error, errors.TooManyRequestsError):
        headers["Retry-After"] = str(max(math.ceil(error.retry_after_s), 1))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return status, body(error.code, error.message, error.details), headers


def _framework(error: exceptions.APIException) -> tuple[int, dict[str, Any], dict[str, str]]:
    status, headers, details = error.status_code, {}, {}
    code = CODE_OF_STATUS.get(status, "SERVER_ERROR")
    message = ""
    if isinstance(error, exceptions.ParseError):
        code, message = "PARSE_ERROR", str(error.detail)
    elif isinstance(error, exceptions.ValidationError):
        details = flatten(error.detail)
    elif isinstance(error, exceptions.AuthenticationFailed):
        code, status = "INVALID_TOKEN", 401
    elif isinstance(error, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType):
        message = str(error.detail)
    header = getattr(error, "auth_header", None)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = header or 'Bearer realm="api"'
    return status, body(code, message, details), headers


def flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Field → list of messages, with dots and indexes into nested input."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            name = (
                prefix if key == "non_field_errors" else ".".join(filter(None, [prefix, str(key)]))
            )
            found |= flatten(value, name)
        return found
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        found = {}
        for index, item in enumerate(detail):
            found |= flatten(item, f"{prefix}.{index}" if prefix else str(index)) if item else {}
        return found
    messages = detail if isinstance(detail, list) else [detail]
    return {prefix or "body": [str(message) for message in messages]}


# ------------------------------------------------------------------ outside REST framework


def wants_json(request: HttpRequest) -> bool:
    first = request.path_info.lstrip("/").partition("/")[0]
    if first == OAUTH2:
        # People see these routes, too; no program asks for a page.
        return "text/html" not in request.headers.get("Accept", "")
    return first in {"api", "health", "metrics", ".well-known"}


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 404, "NOT_FOUND")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 400, "VALIDATION_ERROR")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 403, "PERMISSION_DENIED")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _plain(request, 403, "PERMISSION_DENIED")


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to what nobody caught, which the framework is still handling."""
    error = sys.exc_info()[1]
    if error is not None and _code_of(error) == "SERVICE_UNAVAILABLE":
        return _plain(request, 503, "SERVICE_UNAVAILABLE", headers=_retry_after(503))
    return _plain(request, 500, "SERVER_ERROR")


def refuse(
    request: HttpRequest, code: str, message: str = "", details: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A refusal by a middleware."""
    return _plain(request, STATUS_OF_CODE[code], code, message=message, details=details)


def too_large(request: HttpRequest, limit_bytes: int) -> HttpResponse:
    return _plain(request, 413, "PAYLOAD_TOO_LARGE", details={"limit_bytes": limit_bytes})


def page(request: HttpRequest, error: errors.PlatformError) -> HttpResponse:
    """A page that says what a view of ours refused, with the status and headers of the API."""
    status, content, headers = _platform(error)
    detail = content["detail"]
    answer = _plain(request, status, detail["code"], message=detail["message"])
    for name, value in headers.items():
        answer[name] = value
    return answer


def _as_oauth2(status: int, message: str) -> dict[str, str]:
    """The words of RFC 6749 for what is refused before its routes are reached."""
    word = "invalid_request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    return {"error": word, "error_description": message}


def _plain(
    request: HttpRequest,
    status: int,
    code: str,
    *,
    message: str = "",
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    content = body(code, message, details)
    if wants_json(request):
        if request.path_info.startswith(f"/{OAUTH2}/"):
            content |= _as_oauth2(status, content["detail"]["message"])
            headers = {**(headers or {}), "Cache-Control": "no-store"}
        return JsonResponse(content, status=status, headers=headers)
    from django.shortcuts import render

    shown = {"status": status, **content["detail"]}
    response = render(request, "error.html", shown, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response
