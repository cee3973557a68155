"""Counters of what others allow us in a day, which are still true after a crash."""

from django.db import migrations

COUNTERS = """
CREATE TABLE lasting_counters (
    name text PRIMARY KEY,
    full_at double precision NOT NULL
) WITH (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_guesses")]
    operations = [migrations.RunSQL(COUNTERS, "DROP TABLE lasting_counters")]
