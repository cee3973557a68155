"""What it costs a request to find out who is calling, by kind of credential."""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import connection
from django.test import RequestFactory
from oauth2_provider.models import AccessToken
from rest_framework.request import Request

from accounts import keys, selectors, tokens
from accounts.authentication import HeaderAuthentication
from accounts.models import User
from accounts.services import keys as key_services
from accounts.services import oauth2
from bench.report import Line, median, seconds
from bench.samples import NAME, PASSWORD
from datastream.core import clock
from datastream.core.scopes import READ

REPEATS = 1_000
WARM_UP = 50
MARK_US = 1_000
SUBJECT = f"Who is calling, median of {REPEATS:,}"


def measure() -> Iterator[Line]:
    user = User.objects.get(username=NAME)
    access = tokens.sign_in(NAME, PASSWORD).access
    _, key = key_services.create(user, name="bench", scopes=[READ])
    yield Line(SUBJECT, "one empty statement", _usual(_ask_nothing), "us")
    yield _line("access token (JWT)", f"Bearer {access}")
    yield _line("API key", f"Api-Key {key}")
    yield _line("OAuth2 token", f"Bearer {_oauth2_token(user)}")
    yield _check_of(key)


def _check_of(key: str) -> Line:
    """The key's own share: its form, checksum and keyed hash, without the database."""
    stored = selectors.user_of_key(keys.parts(key)[0])
    spent = _usual(lambda: keys.is_secret_of(stored, keys.parts(key)[1]))
    return Line(SUBJECT, "API key: its check alone", spent, "us", spent / MARK_US, most=1)


def _line(what: str, header: str) -> Line:
    request = Request(RequestFactory().get("/api/v1/users/me", HTTP_AUTHORIZATION=header))
    return Line(SUBJECT, what, _usual(lambda: HeaderAuthentication().authenticate(request)), "us")


def _oauth2_token(user: User) -> str:
    application, _ = oauth2.create_application(
        user, name="bench", redirect_uris=["https://bench.example.org/back"]
    )
    text = secrets.token_urlsafe(30)
    AccessToken.objects.create(
        user=user,
        application=application,
        token=text,
        scope=READ,
        expires=clock.now() + timedelta(hours=1),
    )
    return text


def _ask_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _usual(work: Callable[[], object]) -> float:
    """Median microseconds once warm."""
    spent = [seconds(work) for _ in range(WARM_UP + REPEATS)]
    return median(spent[WARM_UP:]) * 1e6
