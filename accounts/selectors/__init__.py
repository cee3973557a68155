"""Who there is, who has just signed in, and with which key."""

from accounts.selectors.keys import keys_of, live_keys_of, user_of_key
from accounts.selectors.people import (
    Caller,
    is_taken,
    scopes_of,
    signed_in_user,
    user_by_name,
    user_with_rights,
    users_for,
)

__all__ = [
    "Caller",
    "is_taken",
    "keys_of",
    "live_keys_of",
    "scopes_of",
    "signed_in_user",
    "user_by_name",
    "user_of_key",
    "user_with_rights",
    "users_for",
]
