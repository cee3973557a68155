"""Which API keys there are."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import ApiKey, User
from accounts.selectors.people import user_with_rights

BY_KEY = """
FROM api_keys JOIN users ON users.id = api_keys.user_id
WHERE public_id = %s AND revoked_at IS NULL AND expires_at > now()"""
OF_THE_KEY = (
    "api_keys.id AS key_id",
    "secret_hash AS key_hash",
    "hash_key AS key_hashed_with",
    "scopes AS key_scopes",
    "(last_used_at IS NULL OR last_used_at < now() - interval '1 minute') AS key_use_is_news",
)


def keys_of(user: User) -> QuerySet[ApiKey]:
    """The user's keys that are not revoked, expired ones too, newest first."""
    return ApiKey.objects.filter(user=user, revoked_at__isnull=True)


def live_keys_of(user: User) -> QuerySet[ApiKey]:
    """Those that still open something."""
    return keys_of(user).filter(expires_at__gt=Now())


def user_of_key(public_id: str) -> User | None:
    """The active user of a live key, with `key_id`, `key_hash`, … of the key."""
    return user_with_rights(BY_KEY, [public_id], also=OF_THE_KEY)
