"""All objects in metadata merge by variable, not flags and quality alone."""

from django.db import migrations

# A write sets what it says of the variables it names, and leaves what is said of the others.
MERGE_METADATA = """
CREATE OR REPLACE FUNCTION merge_metadata(old jsonb, new jsonb, value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(jsonb_object_agg(key, part), '{}')
    FROM (SELECT coalesce(old, '{}') AS o, coalesce(new, '{}') AS n,
                 ARRAY(SELECT jsonb_object_keys(value)) AS named) given,
    LATERAL jsonb_object_keys(o || n) AS key,
    LATERAL (
        SELECT CASE WHEN jsonb_typeof(o->key) = 'object'
                         AND coalesce(jsonb_typeof(n->key), 'object') = 'object'
                    THEN ((o->key) - named) || coalesce(n->key, '{}')
                    ELSE coalesce(n->key, o->key) END AS part
    ) merged
    WHERE part <> '{}' OR (key NOT IN ('flags', 'quality') AND (n ? key OR o->key = '{}'))
$$
"""


class Migration(migrations.Migration):
    dependencies = [("datasets", "0006_embargo")]
    operations = [migrations.RunSQL(MERGE_METADATA, migrations.RunSQL.noop)]
