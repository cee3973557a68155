"""A feed that is run again and again, for ever more stations, and what it must have brought."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import uuid4

import requests

from tests.faults.ledger import Findings, Found, Row
from tests.faults.site import LEASE_S, PATIENCE_S, Site
from tests.faults.weather import STATIONS, days, value
from tests.faults.writers import Caller
from tests.running import eventually

A_RUN = 8
MOST = 480
END = date(2000, 12, 31)
SHARES = """
SELECT s.code, p.timestamp AT TIME ZONE 'UTC', p.value->>'TMAX'
FROM data_points p JOIN stations s ON s.id = p.station_id WHERE p.dataset_id = %s"""
REVISIONS = """
SELECT coalesce(sum(inserted - deleted), 0)::bigint FROM revisions WHERE dataset_id = %s"""
ANSWERS = """
SELECT (SELECT coalesce(sum(requests), 0)::bigint FROM runs WHERE feed_id = %s),
       (SELECT count(*) FROM documents WHERE feed_id = %s)"""


class Feeder(threading.Thread):
    """Makes a feed and runs it; whatever a run has left to do, the next one does."""

    def __init__(self, site: Site, name: str, *, stations: int = A_RUN, only: str = "") -> None:
        super().__init__(daemon=True)
        self.site, self.caller = site, Caller(site)
        self.ends = threading.Event()
        self.first_year, self.stations, self.only = 2000, stations, only
        self.refused = 0
        self.dataset = self._made("datasets", name=name, schema_mode="evolve")
        self.feed = self._made(
            "feeds",
            # Of this time: the test may be run once more.
            name=f"{name} {uuid4()}",
            connector="noaa",
            product="daily-summaries",
            dataset=self.dataset,
            parameters=self.parameters,
            # Nothing is due again, so what is covered is what is stored.
            lookback_days=0,
        )

    @property
    def codes(self) -> list[str]:
        return [self.only] if self.only else STATIONS[: self.stations]

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "stations": self.codes,
            "start": f"{self.first_year}-01-01",
            "end": END.isoformat(),
            "variables": ["TMAX"],
        }

    def _made(self, kind: str, **facts: Any) -> str:
        answer = self.caller.ask("POST", f"{self.site.server.api}/{kind}", json=facts)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def run(self) -> None:
        while not self.ends.is_set():
            with suppress(requests.RequestException):
                if self.start_run().status_code == 202:
                    self._wait_for_run()
                    self._grow()
            self.ends.wait(0.1)

    def start_run(self) -> requests.Response:
        answer = self.caller.ask("POST", f"{self.site.server.api}/feeds/{self.feed}/run")
        self.refused += answer.status_code == 409
        return answer

    def runs(self) -> list[tuple[Any, ...]]:
        statement = "SELECT id, status, attempt, error FROM runs WHERE feed_id = %s ORDER BY 1"
        return self.site.ask(statement, self.feed)

    def is_open(self) -> bool:
        url = f"{self.site.server.api}/runs?feed={self.feed}&ordering=-created_at&page_size=1"
        with suppress(requests.RequestException):
            answer = self.caller.ask("GET", url)
            if answer.status_code == 200:
                found = answer.json()["results"]
                return bool(found) and found[0]["status"] in {"queued", "running"}
        return True

    def _wait_for_run(self) -> None:
        while self.is_open() and not self.ends.wait(0.2):
            pass

    def _grow(self) -> None:
        """Ask for more the next time: further stations, or an earlier year of all."""
        if self.stations < MOST:
            self.stations += A_RUN
        else:
            self.first_year -= 1
        while not self.ends.is_set() and not self._change():
            self.ends.wait(0.2)

    def _change(self) -> bool:
        """Have the feed ask for what it now should; whether it will."""
        url = f"{self.site.server.api}/feeds/{self.feed}"
        with suppress(requests.RequestException):
            return self.caller.ask("PATCH", url, json={"parameters": self.parameters}).ok
        return False

    def finish(self) -> bool:
        """Run until all is there that the feed now asks for; whether it ended well."""
        if not eventually(self._change, PATIENCE_S):
            return False
        # It may have had nothing left to ask for, and knew nothing of what is asked for now.
        last = self._last_run()

        def is_done() -> bool:
            if self.is_open():
                return False
            found = self._last_run()
            # One that had nothing left to ask for.
            if found[:1] != last[:1] and found[1:] == ("succeeded", 0):
                return True
            with suppress(requests.RequestException):
                self.start_run()
            return False

        return eventually(is_done, 180 + 10 * LEASE_S, every_s=0.2)

    def _last_run(self) -> tuple[Any, ...]:
        found = self.site.ask(
            "SELECT id, status, planned FROM runs WHERE feed_id = %s "
            "ORDER BY created_at DESC LIMIT 1",
            self.feed,
        )
        return found[0] if found else ()

    # ------------------------------------------------------------------ what is found
    def expected(self) -> Iterator[tuple[Row, float]]:
        span = days(date(self.first_year, 1, 1), END)
        for code in self.codes:
            for day in span:
                yield (code, date.fromordinal(day).isoformat()), value(code, day)

    def compare(self) -> Findings:
        rows = self.site.ask(SHARES, self.dataset)
        found: list[Found] = [(code, f"{moment:%Y-%m-%d}", float(v)) for code, moment, v in rows]
        values = {(code, day): v for code, day, v in found}
        expected = dict(self.expected())
        wrong = [row for row, wanted in expected.items() if values.get(row) != wanted]
        ((told,),) = self.site.ask(REVISIONS, self.dataset)
        requests_made, answers = self._answers()
        return Findings(
            lost=len(wrong) + max(requests_made - answers, 0),
            doubled=len(found) - len(values) + abs(int(told) - len(found)),
            phantom=len(set(values) - set(expected)),
            told_twice=max(answers - requests_made, 0),
        )

    def _answers(self) -> tuple[int, int]:
        ((made, kept),) = self.site.ask(ANSWERS, self.feed, self.feed)
        return int(made), int(kept)
