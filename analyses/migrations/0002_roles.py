"""What the roles may do with analyses."""

from django.db import migrations

from accounts.roles import ADMIN, ANALYST, STEWARD, VIEWER, grant, standard


def forwards(apps, schema_editor):
    grant(
        apps,
        schema_editor,
        app_label="analyses",
        model="analysis",
        granted=standard("analysis", [ANALYST, STEWARD], viewers=[VIEWER]),
    )
    grant(
        apps,
        schema_editor,
        app_label="analyses",
        model="analysisresult",
        granted={"view_analysisresult": [ADMIN]},
    )


class Migration(migrations.Migration):
    dependencies = [("analyses", "0001_analyses"), ("accounts", "0002_roles")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
