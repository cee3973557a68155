"""What the roles may do with analyses."""

from django.db import migrations

from accounts.roles import ADMIN, ANALYST, STEWARD, VIEWER, grant, standard


def forwards(apps, schema_editor):
    grant(apps, "analyses", "analysis", standard("analysis", [ANALYST, STEWARD], viewers=[VIEWER]))
    grant(apps, "analyses", "analysisresult", {"view_analysisresult": [ADMIN]})


class Migration(migrations.Migration):
    dependencies = [("analyses", "0001_analyses"), ("accounts", "0002_roles")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
