"""Secrets for providers become encrypted text; what is there is encrypted."""

from django.db import migrations

from datastream.core.encryption import EncryptedTextField, decrypt, encrypt

TABLE = "provider_credentials"


def forwards(apps, schema_editor):
    _change_each(schema_editor, encrypt)


def backwards(apps, schema_editor):
    _change_each(schema_editor, decrypt)


def _change_each(schema_editor, change):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT id, secret FROM {TABLE} FOR UPDATE")  # noqa: S608 - our own name
        for identity, secret in cursor.fetchall():
            cursor.execute(
                f"UPDATE {TABLE} SET secret = %s WHERE id = %s",  # noqa: S608 - our own name
                [change(secret), identity],
            )


class Migration(migrations.Migration):
    dependencies = [("connectors", "0002_roles")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE {TABLE} ALTER secret TYPE text"
                    " USING convert_from(secret, 'UTF8')",
                    f"ALTER TABLE {TABLE} ALTER secret TYPE bytea USING convert_to(secret, 'UTF8')",
                )
            ],
            state_operations=[
                migrations.AlterField("providercredential", "secret", EncryptedTextField())
            ],
        ),
        migrations.RunPython(forwards, backwards),
    ]
