"""The page on which somebody lets an application use their account, or does not."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from csp.constants import SELF
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from oauth2_provider.models import Application
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidRequestFatalError

from accounts.models import Outcome
from accounts.oauth2 import redirects
from accounts.oauth2.server import server
from accounts.oauth2.views import issuer_of
from accounts.oauth2.wire import RefusedError, fields_of, refusal, unkept, wrong_method
from accounts.selectors import oauth2 as selectors
from accounts.services import audit
from datastream.core.scopes import SCOPES

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
# What else is sent, such as where the answer goes, is none of ours and left out.
KNOWN = (
    "client_id", "redirect_uri", "response_type", "scope", "state",
    "code_challenge", "code_challenge_method",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What an application asks for, found to be in order."""

    application: Application
    scopes: tuple[str, ...]
    redirect_uri: str
    uri: str
    credentials: dict[str, Any]


def authorize(request: HttpRequest) -> HttpResponse:
    """Show what an application asks for, and send the answer back to it."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return wrong_method("GET", "HEAD", "POST")
    if not request.user.is_authenticated:
        return unkept(redirect_to_login(request.get_full_path(), settings.LOGIN_URL))
    try:
        return unkept(_answered(request, _asked(request)))
    except (RefusedError, FatalClientError) as error:
        return _cannot(request, error)
    except OAuth2Error as error:
        return unkept(_sent_back(request, error.in_uri(error.redirect_uri)))


def _asked(request: HttpRequest) -> Asked:
    """Read the request from its address alone: what was shown is what is allowed."""
    fields = fields_of(request.META.get("QUERY_STRING", ""))
    uri = f"{request.path}?{urlencode({k: v for k, v in fields.items() if k in KNOWN})}"
    scopes, found = server.validate_authorization_request(uri)
    if not CHALLENGE.fullmatch(found["code_challenge"]):
        message = "code_challenge must be a SHA-256 in base64url, 43 characters."
        raise InvalidRequestError(message, request=found["request"])
    names = ("client_id", "redirect_uri", "response_type", "state")
    proof = ("code_challenge", "code_challenge_method")
    return Asked(
        application=found["request"].client,
        scopes=tuple(scopes),
        redirect_uri=found["redirect_uri"],
        uri=uri,
        credentials={name: found[name] for name in (*names, *proof)},
    )


def _answered(request: HttpRequest, asked: Asked) -> HttpResponse:
    if request.method == "POST":
        decision = request.POST.get("decision")
        if decision == "allow":
            return _allowed(request, asked)
        if decision == "refuse":
            return _refused(request, asked)
        raise RefusedError("Allow or refuse.")
    # A program without a secret could be another one that says it is this; people decide each time.
    is_known = asked.application.client_type == Application.CLIENT_CONFIDENTIAL
    is_known &= request.method == "GET"
    if is_known and selectors.has_granted(_person(request), asked.application, asked.scopes):
        return _allowed(request, asked)
    return _page(request, asked)


def _person(request: HttpRequest) -> Any:
    return request.user


def _allowed(request: HttpRequest, asked: Asked) -> HttpResponse:
    with transaction.atomic():
        headers, _, _ = server.create_authorization_response(
            asked.uri,
            scopes=list(asked.scopes),
            credentials={**asked.credentials, "user": request.user},
        )
        _record(request, asked, "oauth2.authorized")
    return _sent_back(request, headers["Location"])


def _refused(request: HttpRequest, asked: Asked) -> HttpResponse:
    with transaction.atomic():
        _record(request, asked, "oauth2.denied", outcome=Outcome.DENIED)
    error = AccessDeniedError(state=asked.credentials["state"])
    return _sent_back(request, error.in_uri(asked.redirect_uri))


def _record(request: HttpRequest, asked: Asked, action: str, outcome: str = Outcome.DONE) -> None:
    named = ("application", asked.application.client_id)
    scopes = list(asked.scopes)
    audit.record(action, of=named, outcome=outcome, user_id=_person(request).pk, scopes=scopes)


def _sent_back(request: HttpRequest, uri: str) -> HttpResponse:
    """To the application, which learns that the answer is ours (RFC 9207)."""
    uri = add_params_to_uri(uri, [("iss", issuer_of(request))])
    # After a form the browser fetches by GET and sends nothing on.
    return HttpResponseRedirect(uri, status=303 if request.method == "POST" else 302)


def _page(request: HttpRequest, asked: Asked) -> HttpResponse:
    about = {
        "application": asked.application,
        "scopes": [SCOPES[scope] for scope in asked.scopes],
        "destination": redirects.origin_of(asked.redirect_uri)
        if asked.redirect_uri.startswith("https")
        else "a program on this computer",
    }
    answer = render(request, "oauth2/consent.html", about)
    # The form's answer leads to the application, and a policy for forms holds for that, too.
    origin = redirects.origin_of(asked.redirect_uri)
    answer._csp_replace = {"form-action": [SELF, origin]}  # type: ignore[attr-defined]  # noqa: SLF001 - as its decorators do
    return answer


def _cannot(request: HttpRequest, error: Exception) -> HttpResponse:
    """Tell whoever is there: nobody is sent to an address that is not registered."""
    if "text/html" not in request.headers.get("Accept", ""):
        return refusal(error)
    told = error.description if isinstance(error, RefusedError | OAuth2Error) else ""
    about = {
        "status": 400,
        "code": getattr(error, "error", InvalidRequestFatalError.error),
        "message": f"The application asked for access in a way that does not work. {told}".strip(),
    }
    return unkept(render(request, "error.html", about, status=400))
