"""Changes to people, their roles and passwords."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import passwords, selectors
from accounts.models import User
from accounts.roles import ADMIN
from accounts.services import audit, keys
from accounts.services.sign_ins import (
    end_logins,
    end_sessions,
    forget,
    forget_other_addresses,
)
from accounts.signals import user_leaving
from datastream.core.errors import ConflictError, InvalidInputError, NotAllowedError

FOR_ADMINS = frozenset({"is_admin", "roles", "is_active"})
SIMPLE = frozenset({"username", "email", "is_active"})


def check_password(password: str, user: User, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInputError(details={field: error.messages}) from error


@transaction.atomic
def create_user(
    username: str, email: str, *, password: str, roles: Sequence[str] | None = None
) -> User:
    """Make a user; without `roles` the default role of the settings."""
    user = User(username=username, email=email)
    _refuse_taken(user)
    check_password(password, user)
    user.set_password(password)
    user.save()
    put_roles(user, [settings.DEFAULT_ROLE] if roles is None else roles)
    audit.record("user.created", of=("user", user.pk), roles=user.roles)
    return user


def register(caller: selectors.Caller, data: dict[str, Any]) -> User:
    """Make a user for an admin, or for anyone where registration is open."""
    by_admin = isinstance(caller, User) and caller.is_admin
    if not by_admin and not settings.OPEN_REGISTRATION:
        raise NotAllowedError("Registration is not open; ask an admin for an account.")
    if not by_admin and FOR_ADMINS & data.keys():
        raise NotAllowedError("Only an admin gives roles.")
    with transaction.atomic():
        user = create_user(data["username"], data["email"], password=data["password"])
        if FOR_ADMINS & data.keys():
            _give(user, {k: v for k, v in data.items() if k in FOR_ADMINS})
    return user


@transaction.atomic
def set_roles(user: User, roles: Sequence[str]) -> None:
    """Give the user these roles and no others."""
    before = User.objects.get(pk=user.pk).roles
    put_roles(user, roles)
    if user.roles != before:
        audit.record("user.roles_changed", of=("user", user.pk), before=before, after=user.roles)


def put_roles(user: User, roles: Sequence[str]) -> None:
    groups = list(Group.objects.filter(name__in=roles))
    missing = sorted(set(roles) - {group.name for group in groups})
    if missing:
        raise InvalidInputError.of("roles", f"There is no role {missing[0]!r}.")
    user.groups.set(groups)
    user.__dict__.pop("roles", None)
    if user.is_superuser and ADMIN not in roles:
        # The first admin has every right; who is no admin any more has none of them.
        user.is_superuser = False
        user.save(update_fields=["is_superuser"])


@transaction.atomic
def change_user(caller: User, user: User, data: dict[str, Any]) -> None:
    """Change a user; only an admin changes roles and activity, e-mail needs the own password."""
    if FOR_ADMINS & data.keys() and not caller.is_admin:
        raise NotAllowedError("Only an admin changes roles and activity.")
    if "email" in data and caller.pk == user.pk:
        check_current_password(user, data.get("current_password", ""))
    _give(user, data)


def _give(user: User, data: dict[str, Any]) -> None:
    stored = User.objects.get(pk=user.pk)
    changed = sorted(name for name in SIMPLE & data.keys() if data[name] != getattr(stored, name))
    for name in SIMPLE & data.keys():
        setattr(user, name, data[name])
    _refuse_taken(user)
    user.save()
    if "email" in changed:
        forget_other_addresses(user)
    if "roles" in data or "is_admin" in data:
        set_roles(user, _roles_asked(user, data))
    _tell(user, changed)
    if not user.is_active:
        shut_out(user)


def _tell(user: User, changed: list[str]) -> None:
    """Audit which fields have changed, without what they say."""
    fields = [name for name in changed if name != "is_active"]
    if fields:
        audit.record("user.changed", of=("user", user.pk), fields=fields)
    if "is_active" in changed:
        action = "user.activated" if user.is_active else "user.deactivated"
        audit.record(action, of=("user", user.pk))


def shut_out(user: User) -> None:
    """End all that opens anything for the user; coming back brings none of it back."""
    end_logins(user)
    end_sessions(user)
    keys.revoke_all(user)


def _roles_asked(user: User, data: dict[str, Any]) -> list[str]:
    roles = set(data.get("roles", user.roles))
    if "is_admin" in data:
        roles = roles | {ADMIN} if data["is_admin"] else roles - {ADMIN}
    return sorted(roles)


def _refuse_taken(user: User) -> None:
    for field, label in (("username", "user name"), ("email", "e-mail address")):
        if selectors.is_taken(field, getattr(user, field), besides=user):
            raise InvalidInputError.of(field, f"This {label} is taken.")


def check_current_password(user: User, password: str) -> None:
    if not passwords.check(user, password):
        raise InvalidInputError.of("current_password", "This is not your password.")


@transaction.atomic
def change_password(user: User, *, current_password: str, new_password: str) -> None:
    """Give the user a new password and end every sign-in of theirs."""
    check_current_password(user, current_password)
    check_password(new_password, user, "new_password")
    user.set_password(new_password)
    user.save(update_fields=["password", "updated_at"])
    password_changed(user)


@transaction.atomic
def password_changed(user: User) -> None:
    """End what the old password has opened; sessions in browsers end by themselves."""
    end_logins(user)
    audit.record("password.changed", of=("user", user.pk))


@transaction.atomic
def remove_user(user: User) -> None:
    """Deactivate and anonymise; ConflictError while the user owns something."""
    user_leaving.send(sender=User, user=user)
    user.username = f"former-{user.pk.hex}"
    user.email = f"{user.pk.hex}@removed.invalid"
    user.is_active = False
    user.set_unusable_password()
    user.save()
    put_roles(user, [])
    shut_out(user)
    forget(user)
    audit.record("user.removed", of=("user", user.pk))


@transaction.atomic
def create_first_admin(username: str, email: str) -> tuple[User, str]:
    """Make the admin of a new installation and tell the random password."""
    if User.objects.filter(groups__name=ADMIN).exists():
        raise ConflictError("There is an admin already.")
    password = secrets.token_urlsafe(18)
    user = create_user(username, email, password=password, roles=[ADMIN])
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user, password
