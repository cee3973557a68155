"""`manage.py setup`: what nobody else may make is there before anybody needs it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from datastream.celery import app
from datastream.core.embedded import Server
from tests.acceptance.installation import Installation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found by /proc"),
]


@contextmanager
def owner(installation: Installation) -> Iterator[Any]:
    server = Server(installation.var / "postgres")
    server.ensure_running()
    connection = psycopg2.connect(server.url("datastream", "datastream_owner"))
    with closing(connection), connection, connection.cursor() as cursor:
        yield cursor
    server.stop()


def queues(installation: Installation) -> set[str]:
    with owner(installation) as cursor:
        cursor.execute("SELECT name FROM kombu_queue")
        return {name for (name,) in cursor.fetchall()}


def test_the_queues_are_there_before_two_workers_would_make_them(
    installation: Installation,
) -> None:
    assert "queues (" in installation.run("setup")
    assert queues(installation) == set(app.amqp.queues) >= {"analyses", "datastream", "runs"}
    # As in an installation that is older than one of them.
    with owner(installation) as cursor:
        cursor.execute("DELETE FROM kombu_queue WHERE name = 'runs'")

    assert "Database: queues (" in installation.run("setup")

    assert queues(installation) == set(app.amqp.queues)
    assert "Database: up to date (" in installation.run("setup")
