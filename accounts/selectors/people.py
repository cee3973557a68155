"""Who there is."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import Login, User

Caller = User | AnonymousUser
# What every request asks in one statement: who it is, in which roles, and what these may do.
SIGNED_IN = """
SELECT users.*,
    ARRAY(
        SELECT auth_group.name FROM memberships JOIN auth_group ON auth_group.id = group_id
        WHERE user_id = users.id ORDER BY auth_group.name COLLATE "C"
    ) AS roles,
    ARRAY(
        SELECT app_label || '.' || codename
        FROM memberships
        JOIN auth_group_permissions USING (group_id)
        JOIN auth_permission ON auth_permission.id = permission_id
        JOIN django_content_type ON django_content_type.id = content_type_id
        WHERE user_id = users.id
    ) AS granted
FROM logins JOIN users ON users.id = logins.user_id
WHERE logins.id = %s AND ended_at IS NULL AND is_active"""


def user_by_name(name: str) -> User | None:
    """The user with this user name or e-mail address, whatever its case."""
    if not name or "\x00" in name:
        return None
    field = "email" if "@" in name else "username"
    return User.objects.filter(Exact(Lower(field), name.lower())).first()


def users_for(caller: Caller) -> QuerySet[User]:
    """Everybody for an admin, oneself for anyone else."""
    users = User.objects.prefetch_related("groups")
    if isinstance(caller, AnonymousUser):
        return users.none()
    return users if caller.is_admin else users.filter(pk=caller.pk)


def is_taken(field: str, value: str, *, besides: User | None = None) -> bool:
    """Whether another user has this `username` or `email`, whatever its case."""
    condition = Q() if besides is None else ~Q(pk=besides.pk)
    return User.objects.filter(Exact(Lower(field), value.lower()), condition).exists()


def signed_in_user(login_id: UUID) -> User | None:
    """The active user of a sign-in that goes on, with roles and what these may do."""
    return next(iter(User.objects.raw(SIGNED_IN, [login_id])), None)


def open_login(login_id: Any) -> Login | None:
    """A sign-in that goes on, with its active user; one indexed look-up."""
    return (
        Login.objects.select_related("user")
        .filter(pk=login_id, ended_at__isnull=True, user__is_active=True)
        .first()
    )
