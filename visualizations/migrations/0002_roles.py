"""What the roles may do with pictures."""

from django.db import migrations

from accounts.roles import ANALYST, STEWARD, VIEWER, grant, standard


def forwards(apps, schema_editor):
    permissions = standard("visualization", [ANALYST, STEWARD], viewers=[VIEWER])
    grant(
        apps, schema_editor, app_label="visualizations", model="visualization", granted=permissions
    )


class Migration(migrations.Migration):
    dependencies = [("visualizations", "0001_pictures"), ("accounts", "0002_roles")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
