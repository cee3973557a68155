"""Who reads and analyses while others write, and what a single look finds torn."""

import json
import threading
from contextlib import suppress
from typing import Any

import psycopg2
import requests

from tests.faults.ledger import Findings, Found, announced, is_mixed
from tests.faults.site import LEASE_S, PATIENCE_S, Site
from tests.faults.writers import HOURS, VARIABLE, Caller
from tests.running import eventually

ANALYSES = 5
FINAL = {"succeeded", "failed", "partial", "cancelled"}
# Days that the ledger of a feed has as fetched, and points that are there, in one look.
COVERED_AND_STORED = """
SELECT (SELECT coalesce(sum(extract(epoch FROM "end" - start) / 86400), 0)::bigint
        FROM coverage JOIN feeds f ON f.id = feed_id
        WHERE f.dataset_id = %(dataset)s AND state = 'fetched'),
       (SELECT count(*) FROM data_points WHERE dataset_id = %(dataset)s),
       (SELECT coalesce(sum(inserted), 0)::bigint FROM runs JOIN feeds f ON f.id = feed_id
        WHERE f.dataset_id = %(dataset)s)"""
# How often each revision is announced.
EVENTS = """
SELECT count(e.id) FROM revisions r
LEFT JOIN events e ON e.dataset_id = r.dataset_id AND e.revision = r.number
                  AND e.kind = 'revision_committed'
WHERE r.dataset_id = %s GROUP BY r.number"""
OPEN_JOBS = """
WITH jobs AS (
    SELECT f.dataset_id, r.status FROM runs r JOIN feeds f ON f.id = r.feed_id
    UNION ALL SELECT dataset_id, status FROM analyses
    UNION ALL SELECT dataset_id, status FROM exports)
SELECT count(*) FROM jobs
WHERE dataset_id = ANY(%s::uuid[]) AND status IN ('queued', 'running')"""


def points(text: str) -> list[Found]:
    """The points of an export as NDJSON."""
    found = map(json.loads, text.splitlines())
    return [(one["station"], one["timestamp"], one["value"][VARIABLE]) for one in found]


class Reader(threading.Thread):
    """Exports all again and again; stations that are always written whole must be whole."""

    def __init__(self, site: Site, dataset: str) -> None:
        super().__init__(daemon=True)
        self.caller = Caller(site)
        self.url = f"{site.server.api}/datasets/{dataset}/data?format=ndjson"
        self.ends = threading.Event()
        self.reads = self.torn = 0

    def run(self) -> None:
        while not self.ends.wait(0.1):
            with suppress(requests.RequestException):
                answer = self.caller.ask("GET", f"{self.url}&end=2002-01-01")
                if answer.status_code == 200:
                    self.look(points(answer.text))

    def look(self, found: list[Found]) -> None:
        self.reads += 1
        whole: dict[str, list[Found]] = {}
        for one in found:
            whole.setdefault(one[0], []).append(one)
        self.torn += sum(is_mixed(one) or len(one) != len(HOURS) for one in whole.values())


class Analyst(threading.Thread):
    """Keeps five analyses under way."""

    def __init__(self, site: Site, dataset: str) -> None:
        super().__init__(daemon=True)
        self.caller = Caller(site)
        self.site, self.dataset = site, dataset
        self.ends = threading.Event()
        self.going: set[str] = set()
        self.started = self.finished = 0

    def run(self) -> None:
        while not self.ends.wait(0.2):
            with suppress(requests.RequestException):
                self.look()

    def look(self) -> None:
        for identity in list(self.going):
            url = f"{self.site.server.api}/analyses/{identity}"
            answer = self.caller.ask("GET", url)
            if answer.status_code == 200 and answer.json()["status"] in FINAL:
                self.going.discard(identity)
                self.finished += 1
        while len(self.going) < ANALYSES and not self.ends.is_set():
            started = self.start_one()
            if started is None:
                return
            self.going.add(started)

    def start_one(self) -> str | None:
        """The id of a new analysis; None where it was not taken."""
        # Another number each time, or it would be the same analysis, which is not done twice.
        self.started += 1
        day = self.started % 28 + 1
        body = {
            "type": "summary",
            "parameters": {"variable": VARIABLE, "station": "more1", "end": f"2050-01-{day:02}"},
        }
        url = f"{self.site.server.api}/datasets/{self.dataset}/analysis"
        answer = self.caller.ask("POST", url, json=body)
        return str(answer.json()["id"]) if answer.status_code == 202 else None


class Watch(threading.Thread):
    """Looks at ledger and points of a feed in one statement: the one is never without the other."""

    def __init__(self, site: Site, dataset: str) -> None:
        super().__init__(daemon=True)
        self.site, self.dataset = site, dataset
        self.ends = threading.Event()
        self.looks = self.torn = 0

    def run(self) -> None:
        while not self.ends.wait(0.2):
            with suppress(psycopg2.Error):
                connection = self.site.server.database()
                try:
                    self._look_on(connection)
                finally:
                    connection.close()

    def _look_on(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            while not self.ends.wait(0.02):
                cursor.execute(COVERED_AND_STORED, {"dataset": self.dataset})
                covered, stored, counted = cursor.fetchone()
                self.looks += 1
                self.torn += not covered == stored == counted


def told(site: Site, dataset: str) -> Findings:
    """Revisions of a dataset that nobody was told of, or that were told of more than once."""
    return announced([int(count) for (count,) in site.ask(EVENTS, dataset)])


def stuck(site: Site, *datasets: str) -> int:
    """Jobs of these datasets that are not final so long after all is up again."""

    def open_jobs() -> int:
        with suppress(psycopg2.Error):
            return int(site.ask(OPEN_JOBS, list(datasets))[0][0])
        return -1

    eventually(lambda: open_jobs() == 0, 60 + LEASE_S, every_s=0.5)
    return abs(open_jobs())


def wait_ready(site: Site) -> None:
    assert eventually(site.is_ready, PATIENCE_S), site.server.log.read_text()[-2000:]
