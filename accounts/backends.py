"""Sign in by user name or e-mail address."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import passwords, selectors
from accounts.models import Outcome, User
from accounts.services import audit


class UsernameOrEmailBackend(ModelBackend):
    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """None of a user's own: permissions come from roles, and a look-up less a request."""
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if user_obj.granted is None or user_obj.is_superuser or obj is not None:
            permissions: set[str] = super().get_group_permissions(user_obj, obj)
            return permissions
        return set(user_obj.granted)

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """Return the user, or None; whatever is wrong takes the same steps and the same time.

        Our pages, the admin site and the API all come here. `passwords.check` tells what is raised
        where there were too many failures.
        """
        typed = username or others.get("email") or ""
        if not typed or not password:
            return None
        user = selectors.user_by_name(typed)
        if passwords.check(user, password, typed=typed):
            return user
        # Not what was typed: people type passwords there.
        identity = user.pk if user else None
        audit.record(
            "login.failed", of=("user", identity or ""), outcome=Outcome.FAILED, user_id=identity
        )
        return None
