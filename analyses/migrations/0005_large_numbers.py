"""Large numbers are read back as floats; nothing changes in the database."""

import datastream.core.stored
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analyses", "0004_inputs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="analysis",
            name="parameters",
            field=models.JSONField(decoder=datastream.core.stored.Decoder, default=dict),
        ),
        migrations.AlterField(
            model_name="analysisresult",
            name="results",
            field=models.JSONField(decoder=datastream.core.stored.Decoder),
        ),
    ]
