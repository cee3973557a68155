"""Who there is, and who has just signed in."""

from accounts.selectors.people import (
    Caller,
    is_taken,
    open_login,
    signed_in_user,
    user_by_name,
    users_for,
)

__all__ = ["Caller", "is_taken", "open_login", "signed_in_user", "user_by_name", "users_for"]
