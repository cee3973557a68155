"""Failed guesses by name, each with its time: lost in a crash, like the other counters."""

from django.db import migrations

GUESSES = """
CREATE UNLOGGED TABLE guesses (
    name text PRIMARY KEY,
    at double precision[] NOT NULL
) WITH (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_oauth2_roles")]
    operations = [migrations.RunSQL(GUESSES, "DROP TABLE guesses")]
