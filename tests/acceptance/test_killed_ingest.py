"""A kill -9 of everything while samples are loaded leaves each whole and nothing doubled."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from datastream.core.embedded import Server
from tests.acceptance.installation import Installation
from tests.running import PROJECT
from tests.timing import seconds_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found by /proc"),
]

POINTS = {"co2": 2225, "elnino": 732, "seattle": 1461}
KILLS = 5
SAMPLES = """
SELECT d.tags[2], d.revision, d.point_count,
       (SELECT count(*) FROM data_points p WHERE p.dataset_id = d.id),
       (SELECT count(*) FROM revisions r WHERE r.dataset_id = d.id)
FROM datasets d WHERE d.source = 'sample'"""


def samples(installation: Installation) -> list[tuple[Any, ...]]:
    server = Server(installation.var / "postgres")
    server.ensure_running()
    connection = psycopg2.connect(server.url("datastream", "datastream_owner"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(SAMPLES)
            return cursor.fetchall()
    finally:
        connection.close()
        server.stop()


def test_a_killed_ingest_of_samples_leaves_each_whole_and_nothing_doubled(
    installation: Installation,
) -> None:
    installation.run("setup")
    start_up = seconds_of(lambda: installation.run("create_first_admin"))
    random.seed()
    for _ in range(KILLS):
        with installation.manage("ingest", "sample"):
            time.sleep(start_up * random.uniform(0.7, 1.8))
            installation.kill_everything()
        for name, revision, counted, stored, revisions in samples(installation):
            assert (revision, revisions, counted, stored) == (1, 1, POINTS[name], POINTS[name])

    installation.run("ingest", "sample")

    found = {name: stored for name, _, _, stored, _ in samples(installation)}
    assert found == POINTS


def test_the_receipt_of_samples_can_be_read_by_machines(installation: Installation) -> None:
    installation.run("setup")
    installation.run("create_first_admin")
    receipts = subprocess.run(
        [sys.executable, "manage.py", "ingest", "sample", "--json"],
        cwd=PROJECT,
        env=installation.environment,
        capture_output=True,
        check=True,
    ).stdout
    inserted = {one["sample"]: one["inserted"] for one in json.loads(receipts)}
    assert inserted == POINTS
