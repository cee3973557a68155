"""A trend of a century of days, from POST to result: web server, queue, worker, its process."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from signal import SIGKILL
from uuid import uuid4

from analyses.models import Analysis
from analyses.services import TASK
from bench import server
from bench.memory import resident_mb
from bench.report import Line, median, seconds
from bench.series import VARIABLE, by_copy
from bench.server import Client, Web
from datasets.models import Dataset
from datastream.core import jobs

ROUNDS = 7
PATIENCE_S = 60.0
WAIT_S = 20
# A worker has begun long before somebody asks, and what it prepares is ready.
SETTLED_S = 5.0
MS = 1000
# Each request has another, or it would be told a result that is there.
confidences = count(900)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one request: all, in the queue, in the worker, and there on reading and computing.

    `asking` is what is left: to check and store the request, to notice its end and to answer.
    """

    total: float
    queue: float
    worker: float
    computing: float

    @property
    def asking(self) -> float:
        return self.total - self.queue - self.worker


def measure(web: Web, days: Dataset) -> Iterator[Line]:
    """`days` has one station."""
    subject = f"Trend of {days.point_count:,} days, from POST to result"
    client = web.client()
    with server.worker_of_analyses() as worker:
        _await_worker()
        first = ask(client, days)
        warm = [ask(client, days) for _ in range(ROUNDS)]
        memory = resident_mb(server.children(worker))
        cold = [_cold(client, days, worker) for _ in range(ROUNDS)]
    read = median([seconds(lambda: by_copy(days)) for _ in range(ROUNDS)])
    usual, fresh = (median([one.total for one in some]) for some in (warm, cold))
    yield Line(subject, "first of a worker", MS * first.total, "ms", first.total / usual)
    yield Line(subject, "cold: a new computing process", MS * fresh, "ms", fresh / usual)
    yield Line(subject, "warm", MS * usual, "ms")
    yield from _parts(subject, warm, read)
    yield Line(subject, "the computing process then", memory, "MB")


def _parts(subject: str, warm: list[Spent], read: float) -> Iterator[Line]:
    computing = median([one.computing for one in warm])
    parts = {
        "in the queue": median([one.queue for one in warm]),
        "reading": read,
        "packing and computing": computing - read,
        "taking and telling, in the worker": median([one.worker for one in warm]) - computing,
        "asking and answering, in the web server": median([one.asking for one in warm]),
    }
    for what, spent in parts.items():
        yield Line(subject, f"of that {what}", MS * spent, "ms")


def ask(client: Client, dataset: Dataset) -> Spent:
    """Ask for another trend of all values, and wait for it."""
    own = {"variable": VARIABLE, "step": "raw", "confidence": next(confidences) / 1000}
    body = json.dumps({"type": "trend", "parameters": own})
    path = f"/api/v1/datasets/{dataset.pk}/analysis?wait={WAIT_S}"
    start = time.perf_counter()
    answer = json.loads(client.ask("POST", path, body=body))
    total = time.perf_counter() - start
    row = Analysis.objects.select_related("result").get(pk=answer["id"])
    if row.result is None or row.started_at is None or row.finished_at is None:
        raise RuntimeError(f"The trend ended as {row.status}: {row.error}")
    queue, worker = row.started_at - row.created_at, row.finished_at - row.started_at
    return Spent(total, queue.total_seconds(), worker.total_seconds(), row.result.seconds)


def _cold(client: Client, dataset: Dataset, worker: int) -> Spent:
    for process in server.children(worker):
        os.kill(process, SIGKILL)
    return ask(client, dataset)


def _await_worker() -> None:
    """Until it takes what is queued; an analysis that is not there starts no process."""
    jobs.enqueue(TASK, analysis_id=str(uuid4()))
    deadline = time.monotonic() + PATIENCE_S
    while jobs.waiting(TASK):
        if time.monotonic() > deadline:
            raise RuntimeError("The worker of analyses did not start.")
        time.sleep(0.05)
    time.sleep(SETTLED_S)
