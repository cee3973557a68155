"""Sign in by user name or e-mail address."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import selectors
from accounts.models import User


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
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None; an unknown name costs the same time as a wrong password."""
        user = selectors.user_by_name(username or "")
        if user is None:
            User().set_password(password)
            return None
        if user.check_password(password or "") and self.user_can_authenticate(user):
            return user
        return None
