"""What auditing costs: writes and refusals with it, and with nothing in its place."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from statistics import quantiles
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.db import transaction
from rest_framework.test import APIClient
from tqdm import tqdm

from accounts.models import User
from accounts.services import audit
from accounts.services.seals import Sealer
from bench import samples
from bench.report import Line, median, seconds
from datasets import ingest

SUBJECT = "Audit log"
ROWS, BULK_ROUNDS, ROUNDS = 20_000, 7, 150
BULK_MOST, REQUEST_MOST_MS = 1.1, 1.0


def measure() -> Iterator[Line]:
    """Each pair of figures from rounds that alternate, so that both see the same machine."""
    steps = tqdm(disable=None, total=3, desc="Audit")
    with_it, without = _alternating(_bulk(), BULK_ROUNDS)
    what = f"a write of {ROWS:,} points, against one that is not audited"
    yield Line(SUBJECT, what, with_it * 1000, "ms", with_it / without, most=BULK_MOST)
    steps.update()
    for what, work in (("a write of one point", _single()), ("a refused read", _refused())):
        with_it, without = _alternating(work, ROUNDS)
        more_ms = (with_it - without) * 1000
        told = f"{what}, more than without, part of {REQUEST_MOST_MS:g} ms"
        yield Line(SUBJECT, told, more_ms, "ms", more_ms / REQUEST_MOST_MS, most=1.0)
        steps.update()
    steps.close()
    yield from _alone()


def _alternating(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Seconds with auditing and without it, the lower quartile of each."""
    audited: list[float] = []
    plain: list[float] = []
    for number in range(2 * rounds + 2):
        is_audited = number % 2 == 0
        if is_audited:
            spent = seconds(work)
        else:
            with _nothing("record"), _nothing("record_denial"):
                spent = seconds(work)
        # The first of each is warmer or colder than the others.
        if number > 1:
            (audited if is_audited else plain).append(spent)
    # Not the median: the difference is small beside what else the machine does, which only adds.
    return quantiles(audited, n=4)[0], quantiles(plain, n=4)[0]


def _nothing(name: str) -> AbstractContextManager[Any]:
    return patch.object(audit, name, lambda *args, **kwargs: None)


def _bulk() -> Callable[[], object]:
    rows = samples.table(ROWS)
    return lambda: samples.write(samples.make_dataset(), rows)


def _single() -> Callable[[], object]:
    dataset = samples.make_dataset()
    author = ingest.Author("bench", user=User.objects.get(username=samples.NAME))
    numbers = iter(range(10 * ROUNDS))

    def write() -> None:
        point = {"timestamp": f"2001-01-01T00:00:00.{next(numbers):06d}Z", "value": {"TMAX": 1.5}}
        ingest.write(dataset.pk, ingest.from_records([point]), author=author)

    return write


def _refused() -> Callable[[], object]:
    client = APIClient(SERVER_NAME="127.0.0.1")
    client.force_authenticate(User.objects.get(username=samples.NAME))
    path = f"/api/v1/datasets/{uuid4()}"

    def ask() -> None:
        status = client.get(path).status_code
        if status != 404:
            raise RuntimeError(f"GET {path}: {status}")

    return ask


def _alone() -> Iterator[Line]:
    with transaction.atomic():
        inserts = [seconds(lambda: audit.record("bench", of=("x", 1), n=1)) for _ in range(500)]
    yield Line(SUBJECT, "one line in a transaction", median(inserts) * 1000, "ms")
    sealer = Sealer()
    for _ in range(20):
        with transaction.atomic():
            for number in range(500):
                audit.record("bench", of=("x", number))
    waiting = 500 * 20
    yield Line(SUBJECT, "sealing", waiting / seconds(sealer.seal), "lines/s")
    idle = median([seconds(sealer.seal) for _ in range(20)])
    yield Line(SUBJECT, "a pass of the sealer with nothing to do", idle * 1000, "ms")
