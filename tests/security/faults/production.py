"""Broken rules on secrets: what is shown, written down, and kept."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts import keys
from connectors.admin.credentials import CredentialAdmin
from datastream.core import encryption
from datastream.core.api import middleware
from datastream.core.errors import InvalidTokenError
from tests.security.faults import Switch, fault


@fault("a-08", "the list of providers' keys shows them")
def shown_secrets(is_on: Switch) -> None:
    original = CredentialAdmin.get_list_display

    def secret(_self: Any, credential: Any) -> str:
        return str(credential.secret.reveal())

    def faulty(self: Any, request: HttpRequest) -> Any:
        return ("label", "told_secret") if is_on() else original(self, request)

    for name, method in (("told_secret", secret), ("get_list_display", faulty)):
        setattr(CredentialAdmin, name, method)


@fault("a-08", "a key that is refused is said again")
def repeated_keys(is_on: Switch) -> None:
    original = keys.caller_of

    def faulty(text: str) -> Any:
        try:
            return original(text)
        except InvalidTokenError as error:
            raise InvalidTokenError(f"Not {text}." if is_on() else error.message) from error

    keys.caller_of = faulty


@fault("no-secret", "the log has the query of each request")
def logged_queries(is_on: Switch) -> None:
    original = middleware._log

    def faulty(request: Any, response: HttpResponseBase, seconds: float) -> None:
        original(request, response, seconds)
        if is_on():
            middleware.log.info("request", query=request.META.get("QUERY_STRING"))

    middleware._log = faulty


@fault("no-secret", "the keys of providers are kept as they are sent")
def plain_secrets(is_on: Switch) -> None:
    original = encryption.Secret.of

    def faulty(text: str) -> encryption.Secret:
        return encryption.Secret(text) if is_on() else original(text)

    place: Any = encryption.Secret
    place.of = staticmethod(faulty)
