"""Admins manage applications, and look at what these were given."""

from django.db import migrations

from accounts.roles import ADMIN, grant


VERBS = {
    "application": ("view", "add", "change", "delete"),
    "accesstoken": ("view", "delete"),
    "refreshtoken": ("view", "delete"),
    "grant": ("view",),
}


def forwards(apps, schema_editor):
    for model, verbs in VERBS.items():
        grant(
            apps,
            schema_editor,
            app_label="oauth2_provider",
            model=model,
            granted={f"{verb}_{model}": [ADMIN] for verb in verbs},
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_audit_request_index"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
