"""How metadata merge, and what the roles may do with datasets."""

from django.db import migrations

from accounts.roles import ADMIN, ANALYST, STEWARD, VIEWER, grant, standard

# A write sets the flags and quality of the variables it names and leaves those of the others.
MERGE_METADATA = """
CREATE FUNCTION merge_metadata(old jsonb, new jsonb, value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(
        (o - 'flags' - 'quality') || (n - 'flags' - 'quality')
        || CASE WHEN flags = '{}' THEN '{}' ELSE jsonb_build_object('flags', flags) END
        || CASE WHEN quality = '{}' THEN '{}' ELSE jsonb_build_object('quality', quality) END,
        '{}'
    )
    FROM (
        SELECT coalesce(old, '{}') AS o, coalesce(new, '{}') AS n,
               ARRAY(SELECT jsonb_object_keys(value)) AS named
    ) given,
    LATERAL (
        SELECT (coalesce(o->'flags', '{}') - named) || coalesce(n->'flags', '{}') AS flags,
               (coalesce(o->'quality', '{}') - named) || coalesce(n->'quality', '{}') AS quality
    ) merged
$$
"""


def forwards(apps, schema_editor):
    writers = [ANALYST, STEWARD]
    for model in ("dataset", "station", "variable", "share"):
        grant(
            apps,
            schema_editor,
            app_label="datasets",
            model=model,
            granted=standard(model, writers, viewers=[VIEWER]),
        )
    grant(
        apps,
        schema_editor,
        app_label="datasets",
        model="dataset",
        granted={"edit_visible_dataset": [STEWARD, ADMIN]},
    )
    for model in ("revision", "receipt", "event", "export"):
        grant(
            apps,
            schema_editor,
            app_label="datasets",
            model=model,
            granted={f"view_{model}": [ADMIN]},
        )


class Migration(migrations.Migration):
    dependencies = [("datasets", "0001_datasets"), ("accounts", "0002_roles")]
    operations = [
        migrations.RunSQL(MERGE_METADATA, "DROP FUNCTION merge_metadata(jsonb, jsonb, jsonb)"),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
