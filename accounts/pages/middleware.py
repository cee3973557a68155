"""What holds for every page: who is at it, what it raises as a page, that nobody keeps it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from accounts.authentication import known
from datastream.core.api import errors
from datastream.core.errors import PlatformError
from datastream.core.origin import SESSION, Credential

# The API tells who is calling itself, and its errors in a form of its own.
WITH_SESSIONS = ("/account/", "/admin/", "/oauth2/")


class Pages:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/account/"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        """Tell whoever writes down what happens who is at it."""
        if request.path_info.startswith(WITH_SESSIONS) and request.user.is_authenticated:
            known(request.user, Credential(SESSION, ""))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, ReauthenticationRequired):
            return prove_yourself(request)
        if isinstance(error, PlatformError) and not request.path_info.startswith("/api/"):
            return errors.page(request, error)
        return None


def prove_yourself(request: HttpRequest) -> HttpResponseRedirect:
    """Ask for the password or a code, then come back.

    A form that was sent is to be sent again: allauth would keep it in the session, secrets and all.
    """
    ways = get_adapter().get_reauthentication_methods(request.user)
    there = ways[0]["url"] if ways else settings.LOGIN_URL
    return HttpResponseRedirect(f"{there}?{urlencode({'next': request.get_full_path()})}")
