"""Lists of the newest of all that somebody may see."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analyses", "0005_large_numbers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="analysis",
            index=models.Index(fields=["-created_at"], name="analysis_newest_of_all"),
        ),
    ]
