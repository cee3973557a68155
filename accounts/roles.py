"""The four roles, and how a migration of any app gives them their permissions."""

from collections.abc import Mapping, Sequence
from typing import Any

VIEWER, ANALYST, STEWARD, ADMIN = "viewer", "analyst", "steward", "admin"
ROLES = (VIEWER, ANALYST, STEWARD, ADMIN)


def grant(
    apps: Any,
    schema_editor: Any,
    *,
    app_label: str,
    model: str,
    granted: Mapping[str, Sequence[str]],
) -> None:
    """Give roles permissions on a model: codename → roles.

    Permissions are rows that the framework makes only after the last migration, so they are made
    here; the framework then finds them. All through the connection that migrates: the
    application's own role may have no rights yet.
    """
    group, permission = rows(apps, schema_editor, "auth", "Group", "Permission")
    (content_type,) = rows(apps, schema_editor, "contenttypes", "ContentType")
    kind, _ = content_type.get_or_create(app_label=app_label, model=model)
    for codename, roles in granted.items():
        name = f"Can {codename.replace('_', ' ')}"
        made, _ = permission.get_or_create(
            content_type=kind, codename=codename, defaults={"name": name}
        )
        for role in roles:
            holder, _ = group.get_or_create(name=role)
            holder.permissions.add(made)


def rows(apps: Any, schema_editor: Any, app_label: str, *models: str) -> list[Any]:
    """The managers of models in a migration, on the connection that migrates."""
    alias = schema_editor.connection.alias
    return [apps.get_model(app_label, model).objects.db_manager(alias) for model in models]


def standard(
    model: str, roles: Sequence[str], *, viewers: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Add, change, delete for `roles` and view for them and `viewers`; admins always."""
    full = [*roles, ADMIN]
    granted = {f"{verb}_{model}": list(full) for verb in ("add", "change", "delete")}
    return {**granted, f"view_{model}": [*full, *viewers]}
