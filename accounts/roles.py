"""The four roles, and how a migration of any app gives them their permissions."""

from collections.abc import Mapping, Sequence
from typing import Any

VIEWER, ANALYST, STEWARD, ADMIN = "viewer", "analyst", "steward", "admin"
ROLES = (VIEWER, ANALYST, STEWARD, ADMIN)


def grant(apps: Any, app_label: str, model: str, granted: Mapping[str, Sequence[str]]) -> None:
    """Give roles permissions on a model: codename → roles.

    Permissions are rows that the framework makes only after the last migration, so they are made
    here; the framework then finds them.
    """
    group_model = apps.get_model("auth", "Group")
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label=app_label, model=model
    )
    for codename, roles in granted.items():
        name = f"Can {codename.replace('_', ' ')}"
        permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        for role in roles:
            group, _ = group_model.objects.get_or_create(name=role)
            group.permissions.add(permission)


def standard(
    model: str, roles: Sequence[str], *, viewers: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Add, change, delete for `roles` and view for them and `viewers`; admins always."""
    full = [*roles, ADMIN]
    granted = {f"{verb}_{model}": list(full) for verb in ("add", "change", "delete")}
    return {**granted, f"view_{model}": [*full, *viewers]}
