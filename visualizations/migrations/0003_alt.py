"""Alternative text in a person's own words; empty means the server's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("visualizations", "0002_roles")]
    operations = [
        migrations.AddField(
            model_name="visualization",
            name="alt",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="alternative text"
            ),
        ),
    ]
