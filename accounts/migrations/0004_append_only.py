"""The audit log is never changed; admins may read it."""

from typing import Any

from django.db import migrations

from accounts.roles import ADMIN, grant

# For every role, the owner's too: who must remove old rows drops the trigger and says why.
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_events_are_kept BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_are_kept BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
ALLOW = """
DROP TRIGGER audit_events_are_kept ON audit_events;
DROP TRIGGER audit_seals_are_kept ON audit_seals;
DROP FUNCTION refuse_change();
"""
# Counters of rate limits: lost in a crash, when nobody is past a limit any more.
COUNTERS = """
CREATE UNLOGGED TABLE rate_counters (
    name text PRIMARY KEY,
    full_at double precision NOT NULL
) WITH (fillfactor = 50);
"""


def give(apps: Any, schema_editor: Any) -> None:
    grant(
        apps, schema_editor, app_label="accounts", model="auditevent",
        granted={"view_auditevent": [ADMIN]},
    )  # fmt: skip
    grant(
        apps, schema_editor, app_label="accounts", model="apikey",
        granted={"view_apikey": [ADMIN], "change_apikey": [ADMIN]},
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_access")]
    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(COUNTERS, "DROP TABLE rate_counters"),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
