"""The routes for applications: tokens, revocation, introspection, and what we can do."""

import json
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from oauth2_provider.models import AccessToken, RefreshToken
from oauthlib.common import Request
from oauthlib.oauth2 import InvalidClientError

from accounts import limits
from accounts.oauth2.access_tokens import checksum
from accounts.oauth2.server import server
from accounts.oauth2.wire import Fields, RefusedError, headers_of, route, told, wrong_method
from accounts.selectors.oauth2 import live_tokens
from datastream.core import clock
from datastream.core.scopes import SCOPES

BOTH_WAYS = ["client_secret_basic", "client_secret_post"]


@route
def token(request: HttpRequest, fields: Fields) -> HttpResponse:
    """Give tokens for a code, a secret or a refresh token."""
    if "grant_type" not in fields:
        raise RefusedError("Missing grant_type parameter.")
    return _by_protocol(request, fields, server.create_token_response)


@route
def revoke(request: HttpRequest, fields: Fields) -> HttpResponse:
    """End a token of the application that asks; of an unknown one nothing is told."""
    return _by_protocol(request, fields, server.create_revocation_response)


def _by_protocol(request: HttpRequest, fields: Fields, create: Any) -> HttpResponse:
    limits.require_guesses()
    limits.spend(limits.WRITES)
    # What fails is stored, too: a family that has ended, a line in the log.
    with transaction.atomic():
        _, body, status = create(request.path, "POST", urlencode(fields), headers_of(request))
    content = json.loads(body or "{}")
    if status >= 400:
        if content["error"] == InvalidClientError.error:
            limits.count_guess()
        return told(content["error"], content.get("error_description", ""), status)
    return JsonResponse(content) if content else HttpResponse()


@route
def introspect(request: HttpRequest, fields: Fields) -> HttpResponse:
    """Tell an application about its own token (RFC 7662); about any other, that it is no good."""
    if "token" not in fields:
        raise RefusedError("Missing token parameter.")
    limits.require_guesses()
    asked = Request(request.path, "POST", urlencode(fields), headers_of(request))
    with transaction.atomic():
        is_genuine = server.validator.authenticate_client(asked)
    if not is_genuine:
        limits.count_guess()
        raise InvalidClientError
    limits.spend(limits.READS, of=limits.Caller(f"application {asked.client.pk}"))
    return JsonResponse(_about(fields["token"], asked.client))


def _about(text: str, application: Any) -> dict[str, Any]:
    mine = {"token_checksum": checksum(text), "application": application}
    given = AccessToken.objects.select_related("user").filter(**mine, expires__gt=clock.now())
    found = given.first() or _refreshing(mine)
    if found is None:
        return {"active": False}
    user = found.user or application.user
    if user is None or not user.is_active:
        return {"active": False}
    access = found if isinstance(found, AccessToken) else found.access_token
    about = {
        "active": True,
        "client_id": application.client_id,
        "username": user.username,
        "sub": str(user.pk),
        "scope": access.scope,
        "iat": int(found.created.timestamp()),
    }
    if found is access:
        about |= {"token_type": "Bearer", "exp": int(access.expires.timestamp())}
    return about


def _refreshing(mine: dict[str, Any]) -> RefreshToken | None:
    found = RefreshToken.objects.select_related("user").filter(**mine).first()
    if found is None or found.revoked is not None:
        return None
    return live_tokens(found.user).filter(pk=found.pk).first()


def metadata(request: HttpRequest) -> HttpResponse:
    """Say where our routes are and what they can do (RFC 8414)."""
    if request.method not in {"GET", "HEAD"}:
        return wrong_method("GET", "HEAD")

    def url(name: str) -> str:
        return request.build_absolute_uri(reverse(f"oauth2_provider:{name}"))

    return JsonResponse(
        {
            "issuer": issuer_of(request),
            "authorization_endpoint": url("authorize"),
            "token_endpoint": url("token"),
            "revocation_endpoint": url("revoke-token"),
            "introspection_endpoint": url("introspect"),
            "service_documentation": request.build_absolute_uri(reverse("docs")),
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [*BOTH_WAYS, "none"],
            "revocation_endpoint_auth_methods_supported": [*BOTH_WAYS, "none"],
            "introspection_endpoint_auth_methods_supported": BOTH_WAYS,
            "authorization_response_iss_parameter_supported": True,
        }
    )


def issuer_of(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
