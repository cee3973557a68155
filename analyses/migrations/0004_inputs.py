"""What each input reads: from its own dataset, until when, and which series."""

import django.db.models.deletion
from django.db import migrations, models

TELL = """
UPDATE analysis_inputs i SET until = a.until FROM analyses a WHERE a.id = i.analysis_id
"""
# What nobody has computed yet was chosen without its series being written down.
END = """
UPDATE analyses SET status = 'cancelled', finished_at = now(), lease_until = NULL
WHERE status IN ('queued', 'running')
"""


class Migration(migrations.Migration):
    dependencies = [("analyses", "0003_until")]

    operations = [
        migrations.AddField(
            model_name="analysisinput",
            name="until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="analysisinput",
            name="series",
            field=models.JSONField(default=list, editable=False),
        ),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
        migrations.RunSQL(END, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="analysis", name="until"),
        migrations.AddField(
            model_name="analysis",
            name="rerun_of",
            field=models.ForeignKey(
                editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL,
                related_name="reruns", to="analyses.analysis",
            ),
        ),
        migrations.AddField(
            model_name="analysis",
            name="live_of",
            field=models.ForeignKey(
                editable=False, null=True, on_delete=django.db.models.deletion.CASCADE,
                related_name="updates", to="analyses.analysis",
            ),
        ),
        migrations.AddField(
            model_name="analysisresult",
            name="inputs_digest",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.AddField(
            model_name="analysisresult",
            name="libraries",
            field=models.JSONField(default=dict),
        ),
    ]  # fmt: skip
