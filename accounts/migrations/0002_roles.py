"""The default workspace, and the four roles with their permissions on people."""

from django.db import migrations

from accounts.roles import ADMIN, ROLES, grant


def forwards(apps, schema_editor):
    apps.get_model("accounts", "Workspace").objects.get_or_create(name="default")
    for role in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=role)
    for model in ("user", "membership"):
        verbs = ("view", "add", "change", "delete")
        grant(apps, "accounts", model, {f"{verb}_{model}": [ADMIN] for verb in verbs})
    grant(apps, "accounts", "login", {"view_login": [ADMIN], "delete_login": [ADMIN]})
    # A changed group works on the next request: staff may edit what a role can do.
    grant(apps, "auth", "group", {"view_group": [ADMIN], "change_group": [ADMIN]})


def backwards(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people")]
    operations = [migrations.RunPython(forwards, backwards)]
