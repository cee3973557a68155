"""The default workspace, and the four roles with their permissions on people."""

from django.db import migrations

from accounts.roles import ADMIN, ROLES, grant, rows


def forwards(apps, schema_editor):
    (workspace,) = rows(apps, schema_editor, "accounts", "Workspace")
    (group,) = rows(apps, schema_editor, "auth", "Group")
    workspace.get_or_create(name="default")
    for role in ROLES:
        group.get_or_create(name=role)
    for model in ("user", "membership"):
        verbs = ("view", "add", "change", "delete")
        grant(
            apps,
            schema_editor,
            app_label="accounts",
            model=model,
            granted={f"{verb}_{model}": [ADMIN] for verb in verbs},
        )
    grant(
        apps,
        schema_editor,
        app_label="accounts",
        model="login",
        granted={"view_login": [ADMIN], "delete_login": [ADMIN]},
    )
    # A changed group works on the next request: staff may edit what a role can do.
    grant(
        apps,
        schema_editor,
        app_label="auth",
        model="group",
        granted={"view_group": [ADMIN], "change_group": [ADMIN]},
    )


def backwards(apps, schema_editor):
    (group,) = rows(apps, schema_editor, "auth", "Group")
    group.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people")]
    operations = [migrations.RunPython(forwards, backwards)]
