"""What is sent to the provider's routes, read strictly, and their errors as RFC 6749 has them."""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import wraps
from urllib.parse import parse_qsl, unquote_plus

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from oauthlib.oauth2 import OAuth2Error

from datastream.core.api.errors import RETRY_AFTER_S
from datastream.core.errors import TooManyRequestsError

BODY_MAX_BYTES = 16 * 1024
VALUE_MAX = 4096
FIELDS_MAX = 50
FORM = "application/x-www-form-urlencoded"
Fields = dict[str, str]
View = Callable[[HttpRequest, Fields], HttpResponse]
Route = Callable[[HttpRequest], HttpResponse]


class RefusedError(Exception):
    """A request that cannot be read; `error` is a word of RFC 6749, section 5.2."""

    def __init__(self, description: str, *, error: str = "invalid_request", status: int = 400):
        self.error, self.description, self.status = error, description, status
        super().__init__(description)


def fields_of(text: str) -> Fields:
    """The parameters of a query or form; one without a value counts as not sent (section 3.1)."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        ) if text.isascii() else None  # fmt: skip
    except ValueError as error:
        raise RefusedError("The parameters cannot be read.") from error
    if pairs is None:
        raise RefusedError("The parameters must be percent-encoded.")
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise RefusedError("A parameter was sent twice.")
    for _, value in pairs:
        if len(value) > VALUE_MAX:
            raise RefusedError(f"A parameter is longer than {VALUE_MAX} characters.")
    if any(_has_control(one) for pair in pairs for one in pair):
        raise RefusedError("A parameter holds a control character.")
    return {name: value for name, value in pairs if value}


def _has_control(text: str) -> bool:
    return any(ord(one) < 32 or 127 <= ord(one) < 160 for one in text)


def form_of(request: HttpRequest) -> Fields:
    """The form in the body of a request."""
    if request.META.get("QUERY_STRING"):
        raise RefusedError("Send the parameters in the body, not in the address.")
    packed = {"HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING"} & request.META.keys()
    if request.content_type != FORM or packed:
        raise RefusedError(f"Send {FORM} with a Content-Length, not packed.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BODY_MAX_BYTES:
        raise RefusedError(f"The body is larger than {BODY_MAX_BYTES} bytes.", status=413)
    try:
        text = request.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise RefusedError("The parameters must be percent-encoded.") from error
    except OSError as error:
        raise RefusedError("The body did not come whole.") from error
    return fields_of(text)


def basic_of(header: str | None) -> tuple[str, str] | None:
    """Client and secret of `Authorization: Basic …` (section 2.3.1); None where none is sent.

    What cannot be read is nobody: two empty words.
    """
    if header is None:
        return None
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic" or len(coded) > VALUE_MAX:
        return "", ""
    try:
        text = base64.b64decode(coded, validate=True).decode()
    except (ValueError, binascii.Error):
        return "", ""
    client_id, _, secret = text.partition(":")
    found = unquote_plus(client_id), unquote_plus(secret)
    return ("", "") if any(map(_has_control, found)) else found


# ------------------------------------------------------------------ answers


def route(view: View) -> Route:
    """Make a route for programs: a form by POST, no session, errors in the one shape."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return wrong_method("POST")
        try:
            return unkept(view(request, form_of(request)))
        except (RefusedError, OAuth2Error, TooManyRequestsError, OperationalError) as error:
            return refusal(error)

    return answer


def refusal(error: Exception) -> HttpResponse:
    """The answer to a request that fails."""
    if isinstance(error, RefusedError):
        return told(error.error, error.description, error.status)
    if isinstance(error, OAuth2Error):
        return told(error.error, error.description, error.status_code)
    if isinstance(error, TooManyRequestsError):
        answer = told("temporarily_unavailable", error.message, 429)
        answer["Retry-After"] = str(max(round(error.retry_after_s + 0.5), 1))
        return answer
    answer = told("temporarily_unavailable", "A part of the platform is not available.", 503)
    answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def told(error: str, description: str, status: int) -> HttpResponse:
    content = {"error": error, "error_description": description}
    answer = JsonResponse({name: text for name, text in content.items() if text}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="oauth2", charset="UTF-8"'
    return unkept(answer)


def wrong_method(*allowed: str) -> HttpResponse:
    answer = told("invalid_request", "This method is not known here.", 405)
    answer["Allow"] = ", ".join(allowed)
    return answer


def unkept(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"], answer["Pragma"] = "no-store", "no-cache"
    return answer


def headers_of(request: HttpRequest) -> Mapping[str, str]:
    """What of the headers concerns the protocol."""
    sent = request.META.get("HTTP_AUTHORIZATION")
    return {} if sent is None else {"Authorization": sent}
