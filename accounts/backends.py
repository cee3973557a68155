"""Sign in by user name or e-mail address."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import selectors
from accounts.models import User


class UsernameOrEmailBackend(ModelBackend):
    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        """None of a user's own: permissions come from roles, and a look-up less a request."""
        return Permission.objects.none()

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
