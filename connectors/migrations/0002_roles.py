"""What the roles may do with collection."""

from django.db import migrations

from accounts.roles import ADMIN, STEWARD, grant, standard


def forwards(apps, schema_editor):
    grant(
        apps,
        schema_editor,
        app_label="connectors",
        model="feed",
        granted=standard("feed", [STEWARD]),
    )
    grant(
        apps,
        schema_editor,
        app_label="connectors",
        model="run",
        granted={"view_run": [STEWARD, ADMIN], "add_run": [STEWARD, ADMIN]},
    )
    for model in ("coverage", "document"):
        grant(
            apps,
            schema_editor,
            app_label="connectors",
            model=model,
            granted={f"view_{model}": [STEWARD, ADMIN]},
        )
    grant(
        apps,
        schema_editor,
        app_label="connectors",
        model="providercredential",
        granted=standard("providercredential", []),
    )


class Migration(migrations.Migration):
    dependencies = [("connectors", "0001_collection"), ("accounts", "0002_roles")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
