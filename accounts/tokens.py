"""JSON Web Tokens; the only module that knows the library which signs them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models.functions import Now
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts import selectors
from accounts.models import Login, User
from datastream.core import clock
from datastream.core.errors import InvalidTokenError, SignInError
from datastream.core.origin import JWT, Credential

LOGIN = "login"
# What the library and the claims of a token somebody else made may raise.
ODD = (TokenError, KeyError, TypeError, ValueError, OverflowError, AttributeError)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens; `expires_in` is the access token's life in seconds."""

    access: str
    refresh: str
    expires_in: int


def sign_in(username: str, password: str) -> Tokens:
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise SignInError
    expires_at = clock.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
    login = Login(user=user, expires_at=expires_at)
    return _issue(login)


def _issue(login: Login) -> Tokens:
    """New tokens for a sign-in; its earlier refresh token is dead from now on."""
    refresh = RefreshToken.for_user(login.user)
    refresh[LOGIN] = str(login.pk)
    # Renewing never prolongs a sign-in.
    refresh["exp"] = int(login.expires_at.timestamp())
    login.refresh_id = refresh["jti"]
    login.save()
    return Tokens(str(refresh.access_token), str(refresh), settings.ACCESS_TOKEN_MINUTES * 60)


def renew(refresh: str) -> Tokens:
    """New tokens for a refresh token; one used before ends its whole sign-in."""
    claims = _claims(RefreshToken, refresh)
    with transaction.atomic():
        login = Login.objects.select_for_update().filter(pk=claims[LOGIN]).first()
        if (
            login is not None
            and selectors.open_login(login.pk)
            and claims["jti"] == login.refresh_id
        ):
            return _issue(login)
        if login is not None:
            end(login)
    raise InvalidTokenError


def revoke(refresh: str) -> None:
    """End the sign-in of a refresh token; one that has ended already is no error."""
    claims = _claims(RefreshToken, refresh)
    Login.objects.filter(pk=claims[LOGIN], ended_at__isnull=True).update(ended_at=Now())


def end(login: Login) -> None:
    Login.objects.filter(pk=login.pk, ended_at__isnull=True).update(ended_at=Now())


def caller_of(access: str) -> tuple[User, Credential]:
    """The active user of an access token whose sign-in has not ended."""
    login_id = _claims(AccessToken, access)[LOGIN]
    user = selectors.signed_in_user(login_id)
    if user is None:
        raise InvalidTokenError
    return user, Credential(JWT, str(login_id))


def _claims(kind: type[AccessToken] | type[RefreshToken], text: str) -> dict[str, Any]:
    """Claims of a token of this kind that is genuine and in time, its sign-in's id a UUID."""
    try:
        payload = dict(kind(text).payload)  # type: ignore[arg-type]  # the stubs want a token
        return {**payload, LOGIN: UUID(payload[LOGIN]), "jti": str(payload["jti"])}
    except ODD as error:
        raise InvalidTokenError from error
