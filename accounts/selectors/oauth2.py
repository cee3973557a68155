"""Applications that may ask for access through OAuth2, and what they have been granted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, OuterRef, QuerySet, Subquery
from oauth2_provider.models import Application, RefreshToken

from accounts.models import User
from datastream.core import clock


@dataclass(frozen=True, slots=True)
class GivenAccess:
    """What an application has of a user's account: since when, and when it was last renewed."""

    application: Application
    scopes: tuple[str, ...]
    since: datetime
    last: datetime


def applications_of(user: User) -> QuerySet[Application]:
    """The applications that a user has registered."""
    applications: QuerySet[Application] = Application.objects.filter(user=user)
    return applications.order_by("name", "pk")


def live_tokens(user: User) -> QuerySet[RefreshToken]:
    """The newest refresh token of each access given by a user that goes on.

    `since` is when it was given; renewing never prolongs it.
    """
    first = RefreshToken.objects.filter(token_family=OuterRef("token_family")).order_by()
    first = first.values("token_family").annotate(at=Min("created")).values("at")
    tokens: QuerySet[RefreshToken] = RefreshToken.objects.filter(
        user=user, revoked__isnull=True, access_token__isnull=False
    )
    begun_after = clock.now() - timedelta(days=settings.REFRESH_TOKEN_DAYS)
    tokens = tokens.annotate(since=Subquery(first)).filter(since__gt=begun_after)
    return tokens.select_related("application__user", "access_token")


def grants_of(user: User) -> list[GivenAccess]:
    """The applications that have access to a user's account now, by name."""
    by_application: dict[Application, list[RefreshToken]] = {}
    for token in live_tokens(user):
        by_application.setdefault(token.application, []).append(token)
    given = [_given(application, tokens) for application, tokens in by_application.items()]
    return sorted(given, key=lambda one: (one.application.name, one.application.pk))


def _given(application: Application, tokens: list[RefreshToken]) -> GivenAccess:
    scopes = {scope for token in tokens for scope in token.access_token.scope.split()}
    return GivenAccess(
        application=application,
        scopes=tuple(sorted(scopes)),
        since=min(token.since for token in tokens),
        last=max(token.created for token in tokens),
    )


def has_granted(user: User, application: Application, scopes: Iterable[str]) -> bool:
    """Whether an application has been given all of this and more already, at one time."""
    wanted = set(scopes)
    tokens = live_tokens(user).filter(application=application)
    return any(wanted <= set(token.access_token.scope.split()) for token in tokens)
