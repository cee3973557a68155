"""Applications that may ask for access through OAuth2, and taking access from them."""

import secrets
from collections.abc import Sequence
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q
from oauth2_provider.models import (
    AccessToken,
    Application,
    Grant,
    RefreshToken,
    revoke_access_token,
)

from accounts.models import User
from accounts.oauth2 import redirects
from accounts.selectors.oauth2 import applications_of, grants_of
from accounts.services import audit
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidInputError

__all__ = [
    "applications_of",
    "change_application",
    "create_application",
    "delete_application",
    "end_access",
    "end_tokens",
    "grants_of",
    "new_secret",
    "withdraw_grant",
]

Kind = Literal["confidential", "public"]
Grants = Literal["code", "credentials"]
GRANT_TYPES: dict[Grants, str] = {
    "code": Application.GRANT_AUTHORIZATION_CODE,
    "credentials": Application.GRANT_CLIENT_CREDENTIALS,
}
MOST = 20
LONGEST_NAME = 100


@transaction.atomic
def create_application(
    user: User | None,
    *,
    name: str,
    redirect_uris: Sequence[str] = (),
    kind: Kind = "confidential",
    grants: Grants = "code",
) -> tuple[Application, str | None]:
    """Register an application of a user (or of nobody: admins do), and tell its secret once.

    Parameters
    ----------
    kind : "confidential" on a server that keeps a secret, "public" anywhere else, without one
    grants : "code" asks people for access, "credentials" acts as its owner
    """
    if kind not in {"confidential", "public"}:
        raise InvalidInputError.of("kind", "Choose confidential or public.")
    if grants not in GRANT_TYPES:
        raise InvalidInputError.of("grants", "Choose code or credentials.")
    if grants == "credentials" and (kind == "public" or user is None):
        message = "Only an application with an owner and a secret acts as its owner."
        raise InvalidInputError.of("grants", message)
    if user is not None:
        _refuse_too_many(user)
    application = Application(
        user=user, client_type=kind, authorization_grant_type=GRANT_TYPES[grants]
    )
    _describe(application, name, redirect_uris)
    secret = _give_secret(application)
    application.save()
    _record(application, "created")
    return application, secret


@transaction.atomic
def change_application(
    application: Application, *, name: str, redirect_uris: Sequence[str], owner: User | None
) -> None:
    """Change what an application is called, where it is, and whose it is."""
    kept = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    acts = kept.authorization_grant_type == Application.GRANT_CLIENT_CREDENTIALS
    if acts and owner is None:
        raise InvalidInputError.of("user", "It acts as its owner, so it needs one.")
    if owner is not None and owner.pk != kept.user_id:
        _refuse_too_many(owner)
    if acts and owner != kept.user:
        # What it was given acts as the one who owned it then.
        AccessToken.objects.filter(application=application).delete()
    application.user = owner
    _describe(application, name, redirect_uris)
    application.save()
    _record(application, "changed")


@transaction.atomic
def delete_application(application: Application) -> None:
    """Remove an application and every token that it was given."""
    _record(application, "deleted")
    application.delete()


@transaction.atomic
def new_secret(application: Application) -> str:
    """Give an application another secret, told once; the one before is of no use any more."""
    secret = _give_secret(application)
    if secret is None:
        raise InvalidInputError("A public application has no secret.")
    application.save(update_fields=["client_secret", "updated"])
    _record(application, "changed", secret="new")  # noqa: S106 - says that it is new
    return secret


@transaction.atomic
def withdraw_grant(user: User, application: Application) -> None:
    """Take from an application all access to a user's account; it works from the next request."""
    _end(Q(user=user, application=application))
    audit.record("oauth2.revoked", of=_named(application), by="user")


@transaction.atomic
def end_access(token: AccessToken | RefreshToken) -> None:
    """End a token, with the other that was given with it."""
    if isinstance(token, RefreshToken):
        token.revoke()
    else:
        revoke_access_token(token)
    named = _named(token.application)
    audit.record("oauth2.revoked", of=named, by="admin", of_user=str(token.user_id or ""))


@transaction.atomic
def end_tokens(user: User) -> None:
    """End every token that acts as this user: given to others, and of the user's own programs."""
    _end(Q(user=user))
    AccessToken.objects.filter(user__isnull=True, application__user=user).delete()


def _end(which: Q) -> None:
    # In the order in which a renewal takes them, so that the two do not wait for each other.
    now = clock.now()
    RefreshToken.objects.filter(which, revoked__isnull=True).update(revoked=now, updated=now)
    AccessToken.objects.filter(which).delete()
    Grant.objects.filter(which).delete()


def _refuse_too_many(user: User) -> None:
    # Whoever else registers one for the same user now waits here.
    User.objects.select_for_update().filter(pk=user.pk).first()
    if Application.objects.filter(user=user).count() >= MOST:
        raise ConflictError(f"A user has at most {MOST} applications; delete one first.")


def _describe(application: Application, name: str, redirect_uris: Sequence[str]) -> None:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        message = f"1 to {LONGEST_NAME} characters that can be printed."
        raise InvalidInputError.of("name", message)
    asks = application.authorization_grant_type == Application.GRANT_AUTHORIZATION_CODE
    if asks and not redirect_uris:
        raise InvalidInputError.of("redirect_uris", "At least one is needed.")
    if not asks and redirect_uris:
        raise InvalidInputError.of("redirect_uris", "Nobody is sent back; leave this empty.")
    if len(redirect_uris) > redirects.MOST:
        raise InvalidInputError.of("redirect_uris", f"At most {redirects.MOST}.")
    for uri in redirect_uris:
        if fault := redirects.fault_of(uri):
            raise InvalidInputError.of("redirect_uris", f"{uri[:100]!r}: {fault}.")
    application.name = name
    application.redirect_uris = " ".join(dict.fromkeys(redirect_uris))


def _give_secret(application: Application) -> str | None:
    secret = secrets.token_urlsafe(32)
    application.client_secret = secret
    # A public one gets a secret too, which nobody ever learns: an empty one could be guessed.
    return secret if application.client_type == Application.CLIENT_CONFIDENTIAL else None


def _named(application: Application) -> tuple[str, object]:
    return "application", application.client_id


def _record(application: Application, happened: str, **details: Any) -> None:
    audit.record(
        f"oauth2.application_{happened}",
        of=_named(application),
        name=application.name,
        redirect_uris=application.redirect_uris.split(),
        **details,
    )
