"""Who there is."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import User
from datastream.core.scopes import ADMINISTER, READ, RUN, WRITE

Caller = User | AnonymousUser
# What every request asks in one statement: who it is, in which roles, and what these may do.
WITH_RIGHTS = """
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
    ) AS granted"""
BY_LOGIN = """
FROM logins JOIN users ON users.id = logins.user_id
WHERE logins.id = %s AND ended_at IS NULL AND expires_at > now()"""


def user_with_rights(
    joined: str, params: Sequence[Any], *, also: Sequence[str] = ()
) -> User | None:
    """The active user whom a credential leads to, with roles and what these may do.

    Parameters
    ----------
    joined : `FROM <credential> JOIN users ON … WHERE …` in SQL
    params : what its `%s` stand for
    also : further columns of the credential, `api_keys.scopes AS key_scopes`, that become
        attributes of the user
    """
    columns = "".join(f", {column}" for column in also)
    sql = f"{WITH_RIGHTS}{columns} {joined} AND users.is_active"
    return next(iter(User.objects.raw(sql, params)), None)


def signed_in_user(login_id: UUID) -> User | None:
    """The active user of a sign-in that goes on, with roles and what these may do."""
    return user_with_rights(BY_LOGIN, [login_id])


def scopes_of(user: User) -> frozenset[str]:
    """What a key or token of the user may be good for at most: what the user's roles may do."""
    usable = {READ}
    if user.has_perm("datasets.add_dataset") or user.has_perm("datasets.change_dataset"):
        usable.add(WRITE)
    if user.has_perm("analyses.add_analysis"):
        usable.add(RUN)
    if user.is_admin:
        usable.add(ADMINISTER)
    return frozenset(usable)


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
