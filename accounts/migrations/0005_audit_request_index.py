"""What a request did is looked up by its id."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_append_only")]
    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id"],
                name="audit_request",
            ),
        ),
    ]
