"""Bring the database up to date: tables, cache, queue, rights; quick where nothing is to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from tqdm import tqdm

from datastream.celery import app
from datastream.core import jobs

WAIT_S = 60.0


class Command(BaseCommand):
    help = "Prepare the database: migrations, cache and queue tables, rights of the application."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        started = time.monotonic()
        owner = connections[settings.OWNER]
        self._wait(owner)
        with _alone(owner):
            migrated = self._migrate(settings.OWNER)
            tables = set(owner.introspection.table_names())
            made = [*self._make_cache(tables), *self._make_queues(owner, tables)]
            grant(owner, str(settings.DATABASES["default"]["USER"]))
        if "documents" in settings.DATABASES:
            migrated += self._migrate_documents()
        done = [f"{migrated} migrations"] if migrated else []
        spent_s = time.monotonic() - started
        what = ", ".join([*done, *made]) or "up to date"
        self.stdout.write(f"Database: {what} ({spent_s:.1f} s).")

    def _wait(self, database: BaseDatabaseWrapper) -> None:
        deadline = time.monotonic() + WAIT_S
        said = False
        while True:
            try:
                database.ensure_connection()
            except OperationalError as error:
                if time.monotonic() > deadline or not _may_pass(error):
                    raise CommandError(f"The database cannot be used: {_line(error)}") from error
                if not said:
                    self.stdout.write(f"Waiting for the database: {_line(error)}")
                said = True
                time.sleep(0.5)
            else:
                return

    def _migrate(self, alias: str) -> int:
        executor = MigrationExecutor(connections[alias])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            with tqdm(total=len(plan), desc="Migrating", delay=2, leave=False, disable=None) as bar:
                call_command(_Migrate(bar), database=alias, interactive=False, verbosity=0)
        return len(plan)

    def _migrate_documents(self) -> int:
        """Where their store is away, raw answers wait in PostgreSQL, and nothing else needs it."""
        # Takes a tenth of a second, and only those who have such a store need it.
        from pymongo.errors import PyMongoError

        try:
            return self._migrate("documents")
        except (DatabaseError, PyMongoError) as error:
            self.stderr.write(f"The document store cannot be used: {_line(error)}")
            self.stderr.write("Raw answers wait; once it is back, restart, or run `setup` again.")
            return 0

    def _make_cache(self, tables: set[str]) -> list[str]:
        wanted = [
            cache["LOCATION"]
            for cache in settings.CACHES.values()
            if cache["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
        ]
        if tables.issuperset(wanted):
            return []
        call_command("createcachetable", database=settings.OWNER, verbosity=0)
        return ["cache table"]

    def _make_queues(self, owner: BaseDatabaseWrapper, tables: set[str]) -> list[str]:
        if not jobs.queue_is_in_database() or _has_queues(owner, tables):
            return []
        make_queues(owner)
        return ["queues"]


class _Migrate(Migrate):
    """Django's migrate, telling a bar how far it is."""

    def __init__(self, bar: "tqdm[Any]") -> None:
        super().__init__()
        self.bar = bar

    def migration_progress_callback(self, action: str, *_about: Any, **_more: Any) -> None:
        if action == "apply_success":
            self.bar.update()


def _has_queues(owner: BaseDatabaseWrapper, tables: set[str]) -> bool:
    if not {"kombu_queue", "kombu_message"} <= tables:
        return False
    with owner.cursor() as cursor:
        cursor.execute("SELECT name FROM kombu_queue")
        return {name for (name,) in cursor.fetchall()} >= set(app.amqp.queues)


def make_queues(owner: BaseDatabaseWrapper) -> None:
    """Let the queues' library make its tables as the owner; the application's role may not.

    The queues are rows of them. Two workers that declare the same one at once are in each other's
    way, and one of them ends.
    """
    from kombu import Connection

    options = {"creator": lambda: owner.get_new_connection(owner.get_connection_params())}
    with Connection("sqla+postgresql+psycopg2://", transport_options=options) as broker:
        for queue in app.amqp.queues.values():
            queue(broker.default_channel).declare()


def grant(owner: BaseDatabaseWrapper, role: str) -> None:
    """Give the application's role rows, but no tables: neither DDL nor TRUNCATE."""
    if role == owner.settings_dict["USER"]:
        return
    to = owner.ops.quote_name(role)
    rights = {"TABLES": "SELECT, INSERT, UPDATE, DELETE", "SEQUENCES": "USAGE, SELECT"}
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = "
            "current_user::regrole AND CASE WHEN relkind IN ('r', 'p') THEN NOT "
            "has_table_privilege(%s, oid, 'DELETE') WHEN relkind = 'S' THEN NOT "
            "has_sequence_privilege(%s, oid, 'USAGE') ELSE false END LIMIT 1",
            [role, role],
        )
        if cursor.fetchone() is None:
            return
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {to}")
        for kind, what in rights.items():
            cursor.execute(f"GRANT {what} ON ALL {kind} IN SCHEMA public TO {to}")
            cursor.execute(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {what} ON {kind} TO {to}"
            )


@contextmanager
def _alone(database: BaseDatabaseWrapper) -> Iterator[None]:
    """Two set-ups at once, of `make run` and a container's start, go one after the other."""
    key = "hashtextextended('datastream setup', 0)"
    with database.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({key})")
        try:
            yield
        finally:
            cursor.execute(f"SELECT pg_advisory_unlock({key})")


def _may_pass(error: OperationalError) -> bool:
    """Whether waiting may help: a server that starts, not a wrong password or a full disk."""
    passing = ("starting", "refused", "could not translate", "No such file", "timeout", "recovery")
    return any(words in str(error) for words in passing)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
