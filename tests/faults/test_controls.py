"""The driver fails on known-bad systems: each of its figures is seen to rise."""

import time

import pytest

from tests.faults import planted, scenes
from tests.faults.feeding import Feeder
from tests.faults.readers import Watch
from tests.faults.rows import Load
from tests.faults.site import PATIENCE_S, Site
from tests.running import eventually

pytestmark = pytest.mark.slow

# What is acknowledged then lies in the memory of the database's processes, for seconds.
NOT_FLUSHED = (
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET wal_writer_delay = '10s'",
    "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
    "SELECT pg_reload_conf()",
)
FLUSHED = ("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
KEYS_OF_POINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'data_points'::regclass AND contype IN ('p', 'u')"""


def configure(site: Site, *statements: str) -> None:
    connection = site.server.database("postgres")
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def switch(site: Site, name: str) -> None:
    (site.server.var / "planted").write_text(name)


def lost_by_a_kill(site: Site, name: str, *statements: str) -> int:
    """Rows that were acknowledged just before the database was killed, and are not there."""
    load = Load(site, name)
    writer = load.writers[0]
    configure(site, *statements)
    # Its processes take a moment to hear of it.
    time.sleep(1)
    for number in range(1, 4):
        for one in range(3):
            writer.write_whole(number + one / 10)
        site.kill_database()
        assert eventually(site.is_ready, PATIENCE_S)
    return load.compare().lost


def test_commits_that_are_not_flushed_are_found(planted_site: Site) -> None:
    assert lost_by_a_kill(planted_site, "Flushed") == 0
    try:
        assert lost_by_a_kill(planted_site, "Not flushed", *NOT_FLUSHED) > 0
    finally:
        configure(planted_site, *FLUSHED)


def test_a_checkpoint_before_its_page_is_found(planted_site: Site) -> None:
    switch(planted_site, planted.CHECKPOINT_FIRST)
    feeder = Feeder(planted_site, "Checkpoint first", stations=4)
    watch = Watch(planted_site, feeder.dataset)
    watch.start()
    try:
        assert feeder.start_run().status_code == 202
        assert eventually(lambda: watch.torn > 0, PATIENCE_S, every_s=0.01)
        planted_site.kill_worker()
    finally:
        watch.ends.set()
        watch.join()
        switch(planted_site, "")
    assert feeder.finish()
    assert feeder.compare().lost > 0


def test_what_was_asked_for_last_is_fetched_before_it_is_compared(planted_site: Site) -> None:
    feeder = Feeder(planted_site, "Asked for last", stations=1)
    assert feeder.finish()
    feeder.stations = 2
    assert feeder.finish()
    assert feeder.compare().is_clean


def test_a_private_address_that_is_asked_is_found(planted_site: Site) -> None:
    assert scenes.probe_private(planted_site) == 0
    switch(planted_site, planted.ANY_ADDRESS)
    try:
        assert scenes.probe_private(planted_site) > 0
    finally:
        switch(planted_site, "")


def test_points_without_a_unique_key_are_found(planted_site: Site) -> None:
    load = Load(planted_site, "No key")
    writer = load.writers[0]
    writer.write_whole(1.0)
    assert load.compare().is_clean
    keys = planted_site.ask(KEYS_OF_POINTS)
    for name, _ in keys:
        planted_site.ask(f'ALTER TABLE data_points DROP CONSTRAINT "{name}" CASCADE')
    switch(planted_site, planted.NO_LOOK)
    try:
        writer.write_whole(2.0)
        assert load.compare().doubled > 0
    finally:
        switch(planted_site, "")
        planted_site.ask("DELETE FROM data_points WHERE dataset_id = %s", load.dataset)
        for name, definition in keys:
            planted_site.ask(f'ALTER TABLE data_points ADD CONSTRAINT "{name}" {definition}')
