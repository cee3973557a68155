"""Making and revoking API keys."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts import keys, selectors
from accounts.models import ApiKey, User
from accounts.services import audit
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidInputError, NotAllowedError
from datastream.core.scopes import SCOPES

MOST_KEYS = 20
USUAL_LIFE, LONGEST_LIFE = timedelta(days=90), timedelta(days=366)


@transaction.atomic
def create(
    user: User, *, name: str, scopes: Collection[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key and tell its text, which nobody can tell again; it lives 90 days unless told."""
    if not name.strip() or not name.isprintable():
        raise InvalidInputError.of("name", "Give a name that can be printed.")
    wanted = _usable(user, scopes)
    ends = _end(expires_at)
    # One after the other for one user, so that two requests at once do not pass the limit, and
    # none is left over by who is shut out meanwhile.
    if not User.objects.select_for_update(no_key=True).get(pk=user.pk).is_active:
        raise NotAllowedError
    if selectors.live_keys_of(user).count() >= MOST_KEYS:
        raise ConflictError(f"You have {MOST_KEYS} keys; revoke one first.")
    public_id, text, stored = keys.new()
    key = ApiKey.objects.create(
        user=user,
        name=name,
        public_id=public_id,
        secret_hash=stored.secret_hash,
        hash_key=stored.hash_key,
        scopes=wanted,
        expires_at=ends,
    )
    audit.record("key.created", of=("key", key.pk), scopes=wanted, expires_at=clock.text(ends))
    return key, text


def _usable(user: User, scopes: Collection[str]) -> list[str]:
    """The scopes in their order, each once; none that the user's roles cannot use."""
    excess = sorted(set(scopes) - selectors.scopes_of(user))
    if excess:
        raise InvalidInputError.of("scopes", f"Your roles cannot use {excess[0]!r}.")
    if not scopes:
        raise InvalidInputError.of("scopes", "Give at least one.")
    return [scope for scope in SCOPES if scope in scopes]


def _end(expires_at: datetime | None) -> datetime:
    now = clock.now()
    ends = expires_at or now + USUAL_LIFE
    if ends <= now:
        raise InvalidInputError.of("expires_at", "This has passed already.")
    if ends > now + LONGEST_LIFE:
        raise InvalidInputError.of("expires_at", f"At most {LONGEST_LIFE.days} days from now.")
    return ends


@transaction.atomic
def revoke(key: ApiKey) -> None:
    """End a key for good, from the next request on."""
    live = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True)
    if live.update(revoked_at=Now()):
        audit.record("key.revoked", of=("key", key.pk))


def revoke_all(user: User) -> None:
    """Revoke every key of somebody who leaves or is shut out."""
    for key in selectors.keys_of(user):
        revoke(key)
