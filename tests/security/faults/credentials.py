"""Broken rules on passwords, tokens and keys."""

from typing import Any

import structlog
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import MinimumLengthValidator, validate_password
from django.db import transaction
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import Token

from accounts import keys, selectors, tokens
from accounts.authentication import HeaderAuthentication
from accounts.models import User
from accounts.selectors.keys import OF_THE_KEY
from accounts.services import audit, people, sign_ins
from datastream.core.api import middleware, permissions
from datastream.core.api.views import Resource
from datastream.core.scopes import IN_PERSON, SCOPES
from tests.security.faults import Switch, fault

NOTHING_MORE = """
FROM api_keys JOIN users ON users.id = api_keys.user_id
WHERE public_id = %s"""


def put(place: Any, name: str, faulty: Any) -> None:
    """Into a module that has the function from elsewhere."""
    setattr(place, name, faulty)


def off_while(is_on: Switch, place: Any, name: str) -> None:
    """A function that does nothing while the fault is on."""
    original = getattr(place, name)

    def faulty(*args: Any, **kwargs: Any) -> Any:
        return None if is_on() else original(*args, **kwargs)

    setattr(place, name, faulty)


# ------------------------------------------------------------------ K-01


@fault("k-01", "common passwords are taken")
def common_passwords(is_on: Switch) -> None:
    original = validate_password

    def faulty(password: str, user: Any = None, **more: Any) -> None:
        if is_on():
            MinimumLengthValidator(12).validate(password)
        else:
            original(password, user, **more)

    put(people, "validate_password", faulty)


@fault("k-01", "a long password is cut")
def cut_passwords(is_on: Switch) -> None:
    for name in ("set_password", "check_password"):
        original = getattr(User, name)

        def faulty(self: User, raw_password: str, original: Any = original) -> Any:
            return original(self, raw_password[:72] if is_on() else raw_password)

        setattr(User, name, faulty)


# ------------------------------------------------------------------ K-05


@fault("k-05", "a refresh token is good as an access token")
def any_type(is_on: Switch) -> None:
    off_while(is_on, Token, "verify_token_type")


@fault("k-05", "signatures are not looked at")
def unsigned(is_on: Switch) -> None:
    original = TokenBackend.decode

    def faulty(self: TokenBackend, token: Any, verify: bool = True) -> Any:
        return original(self, token, verify=verify and not is_on())

    TokenBackend.decode = faulty  # type: ignore[method-assign]


# ------------------------------------------------------------------ K-06


@fault("k-06", "a used refresh token is good again")
def used_twice(is_on: Switch) -> None:
    original = tokens.renew

    def faulty(refresh: str) -> Any:
        if not is_on():
            return original(refresh)
        claims = tokens._claims(tokens.Refresh, refresh)
        with transaction.atomic():
            login = tokens._open_login(claims[tokens.LOGIN])
            assert login is not None
            return tokens._issue(login)

    tokens.renew = faulty


@fault("k-06", "the audit log does not tell of it")
def reuse_untold(is_on: Switch) -> None:
    original = audit.record

    def faulty(action: str, **more: Any) -> None:
        if action != "refresh.reused" or not is_on():
            original(action, **more)

    audit.record = faulty


# ------------------------------------------------------------------ K-07


@fault("k-07", "a changed password leaves the tokens alive")
def tokens_live_on(is_on: Switch) -> None:
    off_while(is_on, people, "end_logins")


@fault("k-07", "sessions come back with their user")
def sessions_live_on(is_on: Switch) -> None:
    off_while(is_on, people, "end_sessions")


@fault("k-07", "signing out does nothing")
def no_sign_out(is_on: Switch) -> None:
    off_while(is_on, sign_ins, "end_login")


@fault("k-07", "the current password is not asked for")
def no_current_password(is_on: Switch) -> None:
    off_while(is_on, people, "check_current_password")


# ------------------------------------------------------------------ K-08


@fault("k-08", "the secret is not looked at")
def any_secret(is_on: Switch) -> None:
    original = keys.is_secret_of

    def faulty(user: Any, secret: str) -> bool:
        return user is not None if is_on() else original(user, secret)

    keys.is_secret_of = faulty


@fault("k-08", "the secret is stored as it is")
def plain_secret(is_on: Switch) -> None:
    original = keys.hashed

    def faulty(secret: str, hash_key: str) -> keys.Hashed:
        made = original(secret, hash_key)
        return keys.Hashed(secret, made.hash_key) if is_on() else made

    keys.hashed = faulty


# ------------------------------------------------------------------ K-09


@fault("k-09", "a key may be good for more than its maker")
def any_scope(is_on: Switch) -> None:
    original = selectors.scopes_of

    def faulty(user: User) -> frozenset[str]:
        return frozenset(SCOPES) if is_on() else original(user)

    selectors.scopes_of = faulty


@fault("k-09", "keys have no end")
def endless_keys(is_on: Switch) -> None:
    original = selectors.user_of_key
    also = OF_THE_KEY

    def faulty(public_id: str) -> User | None:
        if not is_on():
            return original(public_id)
        return selectors.user_with_rights(NOTHING_MORE, [public_id], also=also)

    selectors.user_of_key = faulty


@fault("k-09", "the use of a key is not noted")
def unnoted_use(is_on: Switch) -> None:
    off_while(is_on, keys, "note_use")


# ------------------------------------------------------------------ K-10, K-11, K-13


@fault("k-10", "a program passes for a person")
def programs_in_person(is_on: Switch) -> None:
    original = permissions.require_scope

    def faulty(request: Any, scope: str) -> None:
        if scope != IN_PERSON or not is_on():
            original(request, scope)

    permissions.require_scope = faulty


@fault("k-11", "a token in the query is a credential")
def token_in_query(is_on: Switch) -> None:
    original, check = HeaderAuthentication.authenticate, Resource._check_query

    def faulty(self: HeaderAuthentication, request: Any) -> Any:
        text = request.query_params.get("access_token", "")
        if is_on() and text.count(".") == 2:
            return tokens.caller_of(text)
        return original(self, request)

    def tolerant(self: Resource, request: Any) -> None:
        if not (is_on() and "access_token" in request.query_params):
            check(self, request)

    HeaderAuthentication.authenticate = faulty  # type: ignore[method-assign]
    Resource._check_query = tolerant  # type: ignore[method-assign]


@fault("k-11", "the query is logged")
def logged_query(is_on: Switch) -> None:
    original = middleware._log

    def faulty(request: Any, response: Any, seconds: float) -> None:
        original(request, response, seconds)
        if is_on():
            structlog.get_logger("access").info("query", path=request.get_full_path())

    middleware._log = faulty


@fault("k-13", "there is an account that everybody knows")
def known_account(is_on: Switch) -> None:
    original = authenticate

    def faulty(*args: Any, **sent: Any) -> Any:
        if is_on() and sent.get("username") == sent.get("password") == "demo":
            return User.objects.order_by("created_at").first()
        return original(*args, **sent)

    put(tokens, "authenticate", faulty)
