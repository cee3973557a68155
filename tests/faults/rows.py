"""One row of the table of faults: kills under load, and what was found after them."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from tests.faults.feeding import Feeder
from tests.faults.ledger import Findings, Ledger
from tests.faults.readers import Analyst, Reader, Watch, points, stuck, told, wait_ready
from tests.faults.site import PATIENCE_S, Site
from tests.faults.writers import Acks, Caller, Writer
from tests.running import eventually

WRITERS, READERS = 4, 2


@dataclass
class Report:
    """What one row found; `unknown` batches were repeated with their keys."""

    name: str
    kills: int = 0
    acked_rows: int = 0
    feed_rows: int = 0
    findings: Findings = field(default_factory=Findings)
    recoveries_s: list[float] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def median_s(self) -> float:
        return statistics.median(self.recoveries_s) if self.recoveries_s else 0.0

    @property
    def worst_s(self) -> float:
        return max(self.recoveries_s, default=0.0)

    def body(self) -> dict[str, Any]:
        return {**asdict(self), "median_s": self.median_s, "worst_s": self.worst_s}


class Load:
    """Four writers, a feed, two readers and five analyses on a dataset of their own."""

    def __init__(self, site: Site, name: str) -> None:
        self.site, self.name = site, name
        wait_ready(site)
        self.caller = Caller(site)
        made = self.caller.ask("POST", f"{site.server.api}/datasets", json={"name": name})
        assert made.status_code == 201, made.text
        self.dataset = str(made.json()["id"])
        self.ledger, self.acks = Ledger(), Acks()
        self.writers = [
            Writer(site, self.dataset, self.ledger, self.acks, number)
            for number in range(1, WRITERS + 1)
        ]
        self.readers = [Reader(site, self.dataset) for _ in range(READERS)]
        self.analyst = Analyst(site, self.dataset)
        self.feeder = Feeder(site, f"{name}, feed")
        self.watch = Watch(site, self.feeder.dataset)

    @property
    def threads(self) -> list[Any]:
        return [*self.writers, *self.readers, self.analyst, self.feeder, self.watch]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Under way until the block ends, also where something in it goes wrong."""
        for thread in self.threads:
            thread.start()
        try:
            assert eventually(lambda: len(self.acks.times) > WRITERS, PATIENCE_S)
            yield
        finally:
            self._stop()

    def _stop(self) -> None:
        for thread in self.threads:
            thread.ends.set()
        for thread in self.threads:
            thread.join(PATIENCE_S + 30)
            assert not thread.is_alive(), f"{thread} does not end."

    def recovery_s(self, since: float) -> float:
        """The seconds from a moment to the first acknowledgement of what was sent after it."""
        found: list[float] = []

        def is_back() -> bool:
            first = self.acks.first_since(since)
            if first is not None:
                found.append(first)
            return bool(found)

        assert eventually(is_back, PATIENCE_S, every_s=0.05), self.site.server.log.read_text()[
            -3000:
        ]
        return found[0]

    def settle(self, report: Report) -> None:
        """Let all come to rest, export everything and compare."""
        wait_ready(self.site)
        findings = report.findings
        if not self.feeder.finish():
            findings.stuck += 1
        findings.stuck += stuck(self.site, self.dataset, self.feeder.dataset)
        findings.stuck += len(self.ledger.of("unknown"))
        findings += self.compare()
        findings += self.feeder.compare()
        findings += told(self.site, self.feeder.dataset)
        findings.torn += self.watch.torn + sum(reader.torn for reader in self.readers)
        report.acked_rows += self.ledger.acked_rows
        report.feed_rows += sum(1 for _ in self.feeder.expected())
        report.notes |= {
            "batches": len(self.ledger.batches),
            "refused": self.acks.refusals[:3],
            "reads": sum(reader.reads for reader in self.readers),
            "looks": self.watch.looks,
            "analyses": self.analyst.finished,
            "said_503": self.acks.unavailable,
            "503_without_retry_after": self.acks.without_retry_after,
            "most_attempts": max((run[2] for run in self.feeder.runs()), default=0),
        }

    def compare(self) -> Findings:
        url = f"{self.site.server.api}/datasets/{self.dataset}"
        # Tokens may have come to their end while a slow row was driven.
        with suppress(requests.RequestException):
            self.caller.ask("GET", url)
        answer = self.caller.ask("GET", f"{url}/data?format=ndjson", timeout=300)
        assert answer.status_code == 200, answer.text[:500]
        about = self.caller.ask("GET", url).json()
        found = self.ledger.compare(
            points(answer.text), counted=about["point_count"], changes=about["revision"]
        )
        found += told(self.site, self.dataset)
        return found


def drive(site: Site, name: str, kill: Callable[[], None], kills: int) -> Report:
    """Kill at random moments under load."""
    report = Report(name, kills)
    load = Load(site, name)
    with load.running():
        for _ in range(kills):
            time.sleep(random.uniform(0.3, 2.5))
            kill()
            report.recoveries_s.append(load.recovery_s(time.monotonic()))
    load.settle(report)
    return report
