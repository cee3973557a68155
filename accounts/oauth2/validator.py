"""What the library asks of us while it runs the protocol, stricter than it answers by itself."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Min, Q
from oauth2_provider.models import (
    AccessToken,
    Application,
    Grant,
    RefreshToken,
    revoke_access_token,
    set_token_value,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from accounts.models import Outcome
from accounts.oauth2 import redirects
from accounts.oauth2.access_tokens import checksum
from accounts.oauth2.wire import basic_of
from accounts.services import audit
from datastream.core import clock

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
GRANT_TYPES = {
    "authorization_code": Application.GRANT_AUTHORIZATION_CODE,
    "refresh_token": Application.GRANT_AUTHORIZATION_CODE,
    "client_credentials": Application.GRANT_CLIENT_CREDENTIALS,
}


class Validator(OAuth2Validator):
    """Call it inside a transaction: codes and refresh tokens are locked while they are judged."""

    # -------------------------------------------------------------- applications
    def _load_application(self, client_id: str | None, request: Request) -> Application | None:
        """Keep the application on the request; one rests while its owner is not active."""
        if request.client is None or request.client.client_id != client_id:
            is_awake = Q(user__isnull=True) | Q(user__is_active=True)
            found = Application.objects.select_related("user").filter(is_awake)
            request.client = found.filter(client_id=client_id).first() if client_id else None
        return request.client

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        if _header(request) is not None or request.client_secret:
            return True
        client = self._load_application(request.client_id, request)
        return client is None or client.client_type == Application.CLIENT_CONFIDENTIAL

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Whether the application has a secret and sent it; by one way, not by two."""
        sent = basic_of(_header(request))
        if sent is not None and request.client_secret:
            raise InvalidRequestError("Send the secret once.", request=request)
        client_id, secret = sent or (request.client_id, request.client_secret or "")
        client = self._load_application(client_id, request)
        is_genuine = (
            client is not None
            and client.client_type == Application.CLIENT_CONFIDENTIAL
            and request.client_id in {None, client_id}
            and self._check_secret(secret, client.client_secret)
        )
        return is_genuine or _failed(client)

    def authenticate_client_id(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        client = self._load_application(client_id, request)
        is_public = client is not None and client.client_type == Application.CLIENT_PUBLIC
        return is_public or _failed(client)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Application, request: Request, **kwargs: Any
    ) -> bool:
        if grant_type == "client_credentials" and client.user is None:
            return False
        return bool(client.authorization_grant_type == GRANT_TYPES.get(grant_type))

    def validate_response_type(
        self,
        client_id: str,
        response_type: str,
        client: Application,
        request: Request,
        **kwargs: Any,
    ) -> bool:
        asks = client.authorization_grant_type == Application.GRANT_AUTHORIZATION_CODE
        return bool(response_type == "code" and asks)

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, **kwargs: Any
    ) -> bool:
        return redirects.is_registered(redirect_uri, request.client.redirect_uris)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Application, request: Request, **more: Any
    ) -> bool:
        request.scopes = sorted(set(scopes))
        return super().validate_scopes(client_id, scopes, client, request, **more)  # type: ignore[no-any-return]

    # -------------------------------------------------------------- codes
    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return True

    def _create_authorization_code(self, request: Request, code: dict[str, str]) -> Grant:
        return super()._create_authorization_code(request, {"code": checksum(code["code"])})

    def validate_code(
        self, client_id: str, code: str, client: Application, request: Request, **kwargs: Any
    ) -> bool:
        """Take a code, which is good for one attempt whatever comes of it."""
        mine = Grant.objects.select_for_update(of=("self",)).select_related("user")
        grant = mine.filter(code=checksum(code), application=client).first()
        if grant is None:
            _end_what_came_of(code, client)
            return False
        grant.delete()
        request.grant, request.user, request.scopes = grant, grant.user, grant.scope.split()
        is_verifier = VERIFIER.fullmatch(request.code_verifier or "A" * 43) is not None
        return is_verifier and grant.user.is_active and not grant.is_expired()

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return request.grant.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        return request.grant.code_challenge_method or None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Application, request: Request
    ) -> bool:
        return bool(redirect_uri == request.grant.redirect_uri)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing is left to do: it was taken when it was looked at."""

    # -------------------------------------------------------------- tokens
    def _check_and_set_request_resource(self, request: Request) -> None:
        # Tokens are for this API; the indicators of RFC 8707 are not kept.
        request.resource = []

    def _save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        super()._save_bearer_token(token, request, *args, **kwargs)
        user = request.user or request.client.user
        audit.record(
            "oauth2.token_issued",
            of=("application", request.client.client_id),
            user_id=user.pk,
            grant=request.grant_type,
            scopes=token["scope"].split(),
        )

    def _create_refresh_token(
        self, request: Request, text: str, access_token: AccessToken, before: RefreshToken | None
    ) -> RefreshToken:
        made = RefreshToken(
            user=request.user,
            application=request.client,
            access_token=access_token,
            token_family=before.token_family if before else family_of(request.code),
        )
        set_token_value(made, text)
        made.save()
        return made

    def validate_refresh_token(
        self, refresh_token: str, client: Application, request: Request, **kwargs: Any
    ) -> bool:
        """Whether it is the newest of its family, which is not too old and has an active user.

        One used before ends the family: somebody else has it, too.
        """
        tokens = RefreshToken.objects.select_for_update(of=("self",))
        tokens = tokens.select_related("user", "access_token")
        found = tokens.filter(token_checksum=checksum(refresh_token)).order_by("pk").first()
        if found is None:
            return False
        if found.revoked is not None:
            _end_family(found, "oauth2.refresh_reused")
            return False
        if found.application_id != client.pk or found.access_token is None:
            return False
        request.user, request.refresh_token_instance = found.user, found
        return found.user.is_active and not _is_over(found.token_family)

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """End a token of this application, with the other that was given with it."""
        mine = {"token_checksum": checksum(token), "application": request.client}
        refreshing = list(RefreshToken.objects.filter(**mine, revoked__isnull=True))
        accessing = list(AccessToken.objects.filter(**mine))
        for one in refreshing:
            one.revoke()
        for one in accessing:
            revoke_access_token(one)
        for one in refreshing + accessing:
            owner = one.user_id or request.client.user_id
            named = ("application", request.client.client_id)
            audit.record("oauth2.revoked", of=named, user_id=owner, by="application")


def family_of(code: str) -> UUID:
    """The family of the tokens that come of a code: whoever shows the code again names it."""
    return UUID(bytes=bytes.fromhex(checksum("family " + code))[:16])


def _end_what_came_of(code: str, client: Application) -> None:
    """End the tokens of a code that was used before: one of the two who used it has stolen it."""
    used = RefreshToken.objects.filter(token_family=family_of(code), application=client).first()
    if used is not None:
        _end_family(used, "oauth2.code_reused")


def _end_family(token: RefreshToken, action: str) -> None:
    RefreshToken.revoke_family(token.token_family)
    audit.record(
        action,
        of=("application", token.application.client_id),
        outcome=Outcome.DENIED,
        user_id=token.user_id,
    )


def _is_over(family: UUID) -> bool:
    """Whether access was given so long ago that it must be asked for again."""
    first = RefreshToken.objects.filter(token_family=family).aggregate(at=Min("created"))["at"]
    return bool(first + timedelta(days=settings.REFRESH_TOKEN_DAYS) <= clock.now())


def _header(request: Request) -> str | None:
    header: str | None = request.headers.get("Authorization")
    return header


def _failed(client: Application | None) -> bool:
    """Note that somebody is not the application they say; False."""
    name = client.client_id if client else ""
    audit.record("oauth2.failed", of=("application", name), outcome=Outcome.FAILED)
    return False
