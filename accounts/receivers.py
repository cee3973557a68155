"""What accounts does on announcements from below: refusals and changed roles are audited."""

import re
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from rest_framework.views import APIView

from accounts.services import audit
from datastream.core.api.signals import request_denied

WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
CHANGES = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


@receiver(request_denied)
def record_denial(
    sender: type[APIView], view: APIView, status: int, code: str, **kwargs: Any
) -> None:
    name = sender.__name__.removesuffix("ViewSet")
    action = getattr(view, "action", None) or ""
    method = view.request.method or ""
    audit.record_denial(
        _object_of(view, WORDS.sub("_", name).lower()),
        operation=f"{name}.{action}",
        method=method,
        status=status,
        code=code,
    )


def _object_of(view: APIView, kind: str) -> tuple[str, str]:
    """What a path is about: its dataset, or what its id names."""
    given: dict[str, Any] = getattr(view, "kwargs", {})
    if "dataset_id" in given:
        return "dataset", _plain(given["dataset_id"])
    return (kind, _plain(given["pk"])) if "pk" in given else ("", "")


def _plain(identity: Any) -> str:
    """An id as it is written elsewhere in the log, whatever its letters' case here."""
    try:
        return str(UUID(str(identity)))
    except ValueError:
        return str(identity)


@receiver(m2m_changed, sender=Group.permissions.through)
def record_permissions(
    sender: Any, instance: Any, action: str, pk_set: set[int] | None, **kwargs: Any
) -> None:
    """Note which permissions a role got or lost."""
    if action not in CHANGES:
        return
    groups, permissions = _both_sides(instance, pk_set)
    names = [f"{one.content_type.app_label}.{one.codename}" for one in permissions]
    told: dict[str, Any] = {CHANGES[action]: sorted(names)}
    for group in groups if names else ():
        audit.record("role.changed", of=("role", group.name), **told)


def _both_sides(instance: Any, keys: set[int] | None) -> tuple[list[Any], list[Any]]:
    """The roles and the permissions of a change, from whichever side it was made."""
    if isinstance(instance, Group):
        chosen = instance.permissions if keys is None else Permission.objects.filter(pk__in=keys)
        return [instance], list(chosen.select_related("content_type"))
    roles = instance.group_set if keys is None else Group.objects.filter(pk__in=keys)
    return list(roles.all()), [instance]


@receiver(post_save, sender=Group)
def record_role(
    sender: type[Group], instance: Group, *, created: bool, raw: bool, **kwargs: Any
) -> None:
    if created and not raw:
        audit.record("role.created", of=("role", instance.name))


@receiver(post_delete, sender=Group)
def record_role_removed(sender: type[Group], instance: Group, **kwargs: Any) -> None:
    audit.record("role.deleted", of=("role", instance.name))
