"""The database: migrations complete, the driver, the queue's tables."""

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from datastream.management.commands.setup import make_queue_tables

OURS = ("accounts", "datasets", "analyses", "connectors", "visualizations")


def test_no_migration_is_missing(db: None) -> None:
    said = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes" in said.getvalue()


def test_migrations_are_named_by_people_and_can_be_undone(db: None) -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS:
            assert "auto" not in name, name
            assert all(one.reversible for one in migration.operations), (app, name)


def test_the_driver_is_psycopg2() -> None:
    assert connection.Database.__name__ == "psycopg2"


def test_every_table_of_ours_has_a_constraint_for_its_choices(db: None) -> None:
    """A column with choices is held to them by the database too."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            words = " ".join(str(one) for one in model._meta.constraints)
            for field in model._meta.fields:
                if field.choices:
                    assert field.name in words, (model.__name__, field.name)


# The library that the queue's library uses warns of how that one uses it.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
def test_the_queue_tables_are_those_that_the_library_expects(committed_db: None) -> None:
    from kombu.transport.sqlalchemy import models

    make_queue_tables(connection)
    try:
        for table in models.ModelBase.metadata.sorted_tables:
            wanted = {column.name: bool(column.nullable) for column in table.columns}
            assert columns(table.name) == wanted, table.name
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE kombu_message, kombu_queue CASCADE")
            cursor.execute("DROP SEQUENCE IF EXISTS message_id_sequence, queue_id_sequence")


def columns(table: str) -> dict[str, bool]:
    """Name and whether it may be null, of every column."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, is_nullable = 'YES' FROM information_schema.columns "
            "WHERE table_name = %s",
            [table],
        )
        found: Any = cursor.fetchall()
    return dict(found)
