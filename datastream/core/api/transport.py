"""How a request may come: to a name that is served here, and over https."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost, MiddlewareNotUsed
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponseBase

from datastream.core.api import errors

GetResponse = Callable[[WSGIRequest], HttpResponseBase]

FOR_PROGRAMS = ("/api/", "/oauth2/", "/.well-known/")


def known_host(get_response: GetResponse) -> GetResponse:
    """Refuse a request to another host, before anything is made of its name."""

    def middleware(request: WSGIRequest) -> HttpResponseBase:
        if _is_ours(request):
            return get_response(request)
        told = {"Host": ["This host is not served here."]}
        return errors.refuse(request, "VALIDATION_ERROR", details=told)

    return middleware


def _is_ours(request: WSGIRequest) -> bool:
    try:
        port = urlsplit(f"//{request.get_host()}").port
        # A whole URL in place of the path: RFC 9112 3.2.2 lets its host stand for the header's,
        # which the framework would not see.
        authority = urlsplit(request.META.get("RAW_URI", "")).netloc
    except (DisallowedHost, ValueError):
        return False
    is_same = not authority or authority == request.META.get("HTTP_HOST")
    return is_same and port != 0


def https_only(get_response: GetResponse) -> GetResponse:
    """Refuse plain http where programs ask, before anybody looks at their credentials.

    A redirect would work, and so hide that a key goes over the wire for all to read.
    """
    if not settings.HTTPS_ONLY:
        raise MiddlewareNotUsed

    def middleware(request: WSGIRequest) -> HttpResponseBase:
        is_for_programs = f"{request.path_info}/".startswith(FOR_PROGRAMS)
        if is_for_programs and not request.is_secure():
            return errors.refuse(request, "PERMISSION_DENIED", "Use https.")
        return get_response(request)

    return middleware
