"""JSON Web Tokens; the only module that knows the library which signs them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models.functions import Now
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts import selectors
from accounts.models import Login, Outcome, User
from accounts.services import audit, second_factor, sign_ins
from datastream.core import clock
from datastream.core.errors import InvalidTokenError, SignInError
from datastream.core.origin import JWT, Credential

LOGIN = "login"
SECOND = "This account has a second factor, and its code is missing or wrong."
# What the library and the claims of a token somebody else made may raise.
ODD = (
    TokenError, TokenBackendError, KeyError, TypeError, ValueError, OverflowError, AttributeError,
    RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens; `expires_in` is the access token's life in seconds."""

    access: str
    refresh: str
    expires_in: int


@cache
def signing(key: str) -> TokenBackend:
    claims: dict[str, Any] = settings.SIMPLE_JWT
    return TokenBackend(
        claims["ALGORITHM"], key, audience=claims["AUDIENCE"], issuer=claims["ISSUER"]
    )


class Access(AccessToken):
    def get_token_backend(self) -> TokenBackend:
        return signing(settings.JWT_SIGNING_KEY)


class Refresh(RefreshToken):
    access_token_class = Access

    def get_token_backend(self) -> TokenBackend:
        return signing(settings.JWT_SIGNING_KEY)


# ------------------------------------------------------------------ from the first to the last


def sign_in(username: str, password: str, otp: str = "") -> Tokens:
    """Tokens for who knows the password, and has the second factor where it is switched on."""
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise SignInError
    if second_factor.is_on(user):
        check_second_factor(user, otp)
    second_factor.require_of_staff(user)
    expires_at = clock.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
    login = Login(user=user, expires_at=expires_at)
    with transaction.atomic():
        if not _is_as_it_was(user):
            raise SignInError
        tokens = _issue(login)
        audit.record("login", of=("login", login.pk), user_id=user.pk)
    return tokens


def _is_as_it_was(user: User) -> bool:
    """Whether no password change or deactivation has come in between; none comes from now on."""
    same = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    return same.select_for_update(no_key=True).exists()


def check_second_factor(user: User, otp: str) -> None:
    if not otp:
        raise SignInError(SECOND, details={"otp": ["Send the code that your app shows."]})
    if not second_factor.use_code(user, otp):
        raise SignInError(SECOND, details={"otp": ["This code is wrong, or was used before."]})


def _issue(login: Login) -> Tokens:
    """New tokens for a sign-in; its earlier refresh token is dead from now on."""
    refresh = Refresh()
    refresh[LOGIN] = str(login.pk)
    # Renewing never prolongs a sign-in.
    refresh["exp"] = int(login.expires_at.timestamp())
    login.refresh_id = refresh["jti"]
    login.save()
    return Tokens(str(refresh.access_token), str(refresh), settings.ACCESS_TOKEN_MINUTES * 60)


def renew(refresh: str) -> Tokens:
    """New tokens for a refresh token; one used before ends its whole sign-in."""
    claims = _claims(Refresh, refresh)
    with transaction.atomic():
        # One after the other: of two that renew with one token at once, the second is a reuse.
        login = _open_login(claims[LOGIN])
        if login is not None and claims["jti"] == login.refresh_id:
            return _issue(login)
        if login is not None:
            login.ended_at = Now()
            login.save(update_fields=["ended_at"])
            audit.record(
                "refresh.reused",
                of=("login", login.pk),
                outcome=Outcome.DENIED,
                user_id=login.user_id,
            )
    raise InvalidTokenError


def _open_login(login_id: UUID) -> Login | None:
    """A sign-in of an active user that goes on, locked."""
    return (
        Login.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(
            pk=login_id, ended_at__isnull=True, expires_at__gt=Now(), user__is_active=True
        )
        .first()
    )  # fmt: skip


def revoke(refresh: str) -> None:
    """End the sign-in of a refresh token; one that has ended already is no error."""
    login = Login.objects.filter(pk=_claims(Refresh, refresh)[LOGIN]).first()
    if login is not None:
        sign_ins.end_login(login)


# ------------------------------------------------------------------ whose a token is


def caller_of(access: str) -> tuple[User, Credential]:
    """The active user of an access token whose sign-in has not ended."""
    login_id = _claims(Access, access)[LOGIN]
    user = selectors.signed_in_user(login_id)
    if user is None:
        raise InvalidTokenError
    return user, Credential(JWT, str(login_id))


def _claims(kind: type[Token], text: str) -> dict[str, Any]:
    """Claims of a token of this kind that is genuine and in time, its sign-in's id a UUID."""
    try:
        payload = dict(_genuine(kind, text).payload)
        return {**payload, LOGIN: UUID(payload[LOGIN]), "jti": str(payload["jti"])}
    except ODD as error:
        raise InvalidTokenError from error


def _genuine(kind: type[Token], text: str) -> Token:
    """A token that our key has signed, or the one before it."""
    try:
        return kind(text)  # type: ignore[arg-type]  # the stubs want a token
    except TokenError:
        if not settings.JWT_PREVIOUS_SIGNING_KEY:
            raise
    token = kind()
    token.payload = signing(settings.JWT_PREVIOUS_SIGNING_KEY).decode(text)  # type: ignore[arg-type]
    token.verify()
    return token
