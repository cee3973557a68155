"""The database: migrations complete, the driver, the constraints."""

import io
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

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
    driver: Any = connections["default"]
    assert driver.Database.__name__ == "psycopg2"


def test_every_table_of_ours_has_a_constraint_for_its_choices(db: None) -> None:
    """A column with choices is held to them by the database too."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            words = " ".join(str(one) for one in model._meta.constraints)
            for field in model._meta.fields:
                if field.choices:
                    assert field.name in words, (model.__name__, field.name)


def test_migrations_ask_through_the_connection_that_migrates() -> None:
    """The application's own role, whose connection is the default, may have no rights yet."""
    project = Path(__file__).resolve().parents[2]
    asking = [
        path.name for path in project.glob("*/migrations/0*.py") if ".objects" in path.read_text()
    ]
    assert asking == []
