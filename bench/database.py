"""A database of its own beside the platform's, dropped at the end."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import CommandError
from django.db import connections
from psycopg2 import sql

from datastream.databases import broker_in

ALONE = "SELECT pg_try_advisory_lock(hashtextextended('datastream bench', 0))"
NAME = sql.Identifier(settings.DATABASES["default"]["NAME"])
DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(NAME)
MAKE = sql.SQL("CREATE DATABASE {}").format(NAME)
PATIENCE_S = 60.0
# The database's own vacuuming may not be ended by force, and ends by itself.
IN_USE = (psycopg2.errors.ObjectInUse, psycopg2.errors.InsufficientPrivilege)
# The owner makes it; the application's role only fills it.
PLAIN = """
CREATE SCHEMA bench;
CREATE TABLE bench.data_points (LIKE public.data_points INCLUDING ALL);
GRANT USAGE ON SCHEMA bench TO {role};
GRANT INSERT ON bench.data_points TO {role}"""


@contextmanager
def own_database() -> Iterator[None]:
    """Make the database with all tables; drop it whatever happens."""
    keeper = _keeper()
    try:
        _drop(keeper)
        _run(keeper, MAKE)
        # By a process of its own: the queue's library keeps the owner's connection open.
        setup = [sys.executable, str(settings.BASE_DIR / "manage.py"), "setup"]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL)
        as_owner(for_application(PLAIN))
        yield
    finally:
        connections.close_all()
        _drop(keeper)
        keeper.close()


def for_application(statement: str) -> sql.Composable:
    """A statement with the name of the application's role in the place of `{role}`."""
    return sql.SQL(statement).format(role=sql.Identifier(settings.DATABASES["default"]["USER"]))


def url() -> str:
    """The bench's database in the form of SQLAlchemy's URLs."""
    return broker_in(settings.DATABASES["default"]).removeprefix("sqla+")


def as_owner(statement: str | sql.Composable) -> None:
    with connections[settings.OWNER].cursor() as cursor:
        cursor.execute(statement)


def empty_plain_table() -> None:
    as_owner("TRUNCATE bench.data_points")


def empty_points() -> None:
    as_owner("TRUNCATE data_points, data_point_history")


def _keeper() -> Any:
    """A connection outside of the database that is made and dropped."""
    owner = connections[settings.OWNER]
    # Through Django's, so that the embedded server is started where it does not run.
    keeper = owner.get_new_connection({**owner.get_connection_params(), "dbname": "postgres"})
    keeper.autocommit = True
    with keeper.cursor() as cursor:
        cursor.execute(ALONE)
        if not cursor.fetchone()[0]:
            raise CommandError("Another bench runs on this database server.")
    return keeper


def _run(keeper: "psycopg2.extensions.connection", statement: sql.Composable) -> None:
    with keeper.cursor() as cursor:
        cursor.execute(statement)


def _drop(keeper: "psycopg2.extensions.connection") -> None:
    """Drop the database with the connections that the queue's library keeps to it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            _run(keeper, DROP)
        except IN_USE:
            if time.monotonic() > deadline:
                raise
        else:
            return
