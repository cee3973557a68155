"""Who writes, and repeats with its key what nobody answered."""

import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import requests

from tests.faults.ledger import ACKED, REFUSED, UNKNOWN, Batch, Ledger, Row
from tests.faults.site import PATIENCE_S, Site

HOURS = [f"2001-01-{day:02}T{hour:02}:00:00Z" for day in range(1, 6) for hour in range(24)]
VARIABLE = "T"
FIRST = datetime(2010, 1, 1, tzinfo=UTC)
START, END = "2001-01-01T00:00:00Z", "2001-01-06T00:00:00Z"
AGAIN_AFTER_S = 0.1


class Caller:
    """A session that signs in again where its token is of no use any more."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.session = site.admin()

    def ask(
        self, method: str, url: str, *, timeout: float = 30, **options: object
    ) -> requests.Response:
        answer = self.session.request(method, url, timeout=timeout, **options)  # type: ignore[arg-type]
        if answer.status_code == 401:
            self.session = self.site.admin()
        return answer


@dataclass
class Acks:
    """When attempts began that were acknowledged, and when they were; what was said in trouble."""

    times: list[tuple[float, float]] = field(default_factory=list)
    unavailable: int = 0
    without_retry_after: int = 0
    refusals: list[str] = field(default_factory=list)

    def first_since(self, moment: float) -> float | None:
        """The seconds from a moment to the first acknowledgement of what was sent after it."""
        ends = [end for began, end in list(self.times) if began >= moment]
        return min(ends) - moment if ends else None


class Writer(threading.Thread):
    """Rewrites a station as a whole, adds to another, deletes the first; one after the other."""

    def __init__(self, site: Site, dataset: str, ledger: Ledger, acks: Acks, number: int) -> None:
        super().__init__(daemon=True)
        self.caller, self.ledger, self.acks, self.number = Caller(site), ledger, acks, number
        self.url = f"{site.server.api}/datasets/{dataset}/data"
        self.ends = threading.Event()
        self.chance = random.Random()
        self.is_whole = False
        self.hour = 0

    def run(self) -> None:
        for count in itertools.count():
            if self.ends.is_set():
                return
            self.write(float(self.number * 1_000_000 + count))

    def write(self, value: float) -> None:
        kind = self.chance.choices(["whole", "more", "delete"], [5, 4, 1])[0]
        if kind == "delete" and self.is_whole:
            self.is_whole = False
            self.send(Batch(key(), [(f"whole{self.number}", hour) for hour in HOURS], None))
        elif kind == "more":
            self.write_more(value)
        else:
            self.write_whole(value)

    def write_whole(self, value: float) -> None:
        self.is_whole = True
        self.send(Batch(key(), [(f"whole{self.number}", hour) for hour in HOURS], value))

    def write_more(self, value: float) -> None:
        self.send(Batch(key(), self._more(), value))

    def _more(self) -> Sequence[Row]:
        first, self.hour = self.hour, self.hour + self.chance.choice([20, 200, 600])
        moments = (FIRST + timedelta(hours=n) for n in range(first, self.hour))
        return [(f"more{self.number}", f"{moment:%Y-%m-%dT%H:%M:%SZ}") for moment in moments]

    def send(self, batch: Batch) -> None:
        """Send a batch; whatever is unknown is repeated with its key until it is known."""
        self.ledger.note(batch)
        deadline = time.monotonic() + PATIENCE_S
        while batch.outcome == UNKNOWN and time.monotonic() < deadline:
            began = time.monotonic()
            batch.outcome = self._once(batch)
            if batch.outcome == ACKED:
                self.acks.times.append((began, time.monotonic()))
            else:
                time.sleep(AGAIN_AFTER_S)

    def _once(self, batch: Batch) -> str:
        headers = {"Idempotency-Key": batch.key, "Content-Type": "application/x-ndjson"}
        try:
            if batch.value is None:
                query = {"start": START, "end": END, "station": batch.rows[0][0]}
                answer = self.caller.ask(
                    "DELETE", self.url, params=query, headers={"Idempotency-Key": batch.key}
                )
            else:
                answer = self.caller.ask("POST", self.url, data=body_of(batch), headers=headers)
        except requests.RequestException:
            return UNKNOWN
        return self._meaning(answer)

    def _meaning(self, answer: requests.Response) -> str:
        if answer.status_code == 200:
            return ACKED
        if answer.status_code == 503:
            self.acks.unavailable += 1
            self.acks.without_retry_after += "Retry-After" not in answer.headers
        # 409: the first one of this key has not ended. 401: signed in again meanwhile.
        if answer.status_code >= 500 or answer.status_code in {401, 409}:
            return UNKNOWN
        self.acks.refusals.append(answer.text[:300])
        return REFUSED


def key() -> str:
    return str(uuid.uuid4())


def body_of(batch: Batch) -> bytes:
    lines = (
        json.dumps({"timestamp": instant, "station": station, "value": {VARIABLE: batch.value}})
        for station, instant in batch.rows
    )
    return "\n".join(lines).encode()
