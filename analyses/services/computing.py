"""Analyses in the worker: taken, read, computed in a process of their own, told."""

import hashlib
import time
from collections.abc import Iterator
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisResult
from analyses.packing import Request
from analyses.processes import NotWantedError, pool
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from analyses.services import inputs
from analyses.services.libraries import versions
from datasets.models import Dataset
from datasets.series import Series
from datastream.core import jobs, leases
from datastream.core.children import ChildEndedError
from datastream.core.errors import PlatformError
from datastream.core.models import OPEN, Status

log = structlog.get_logger(__name__)

TASK = "analyses.execute"
# A process of its own dies alone, so most of them are restarts of the worker.
TRIES = 20
ASK_EVERY_S = 1.0
# The database is away, or somebody killed the process: it stays open and is taken up again when the
# lease is over.
INTERRUPTIONS = (OperationalError, InterfaceError, ChildEndedError)


def execute(analysis_id: UUID | str) -> None:
    """Compute an analysis, unless somebody else has it or its like in hand."""
    analysis = _take(analysis_id)
    if analysis is None:
        return
    try:
        if analysis.attempt > TRIES:
            _fail(analysis, "WORKER_DIED", f"The worker died {TRIES} times while computing it.")
            return
        with leases.kept(analysis):
            _compute(analysis)
    finally:
        _call_next(analysis)


@transaction.atomic
def _take(analysis_id: UUID | str) -> Analysis | None:
    """The row, where nobody computes the same and its user has not as many computed as may be."""
    asked = _present().filter(pk=analysis_id).first()
    if asked is None:
        return None
    running = Analysis.objects.filter(status=Status.RUNNING, lease_until__gt=Now())
    if asked.user_id is not None:
        with connection.cursor() as cursor:
            lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
            cursor.execute(lock, [f"analyses of {asked.user_id}"])
        others = running.filter(user=asked.user_id).exclude(pk=asked.pk).count()
        if others >= settings.ANALYSES_PER_USER_AT_ONCE:
            return None
    twin = running.filter(key=OuterRef("key")).exclude(pk=OuterRef("pk"))
    return leases.take(_present().filter(~Exists(twin)), analysis_id)


def _call_next(analysis: Analysis) -> None:
    """Send the one of the same user that has waited longest; it may have come too early before."""
    waiting = _present().filter(user=analysis.user_id, status=Status.QUEUED)
    first = waiting.order_by("created_at").values_list("pk", flat=True).first()
    if analysis.user_id is not None and first is not None:
        jobs.enqueue(TASK, analysis_id=str(first))


def _present() -> QuerySet[Analysis]:
    """All but those of datasets that somebody deleted."""
    return Analysis.objects.filter(dataset__in=Dataset.objects.all())


def _compute(analysis: Analysis) -> None:
    start = time.perf_counter()
    method = registry[analysis.type]
    try:
        body, inputs_digest = _results(analysis, method)
    except NotWantedError:
        log.info("analysis_stopped", analysis=str(analysis.pk))
        return
    except PlatformError as error:
        _tell_failure(analysis, error)
        return
    except INTERRUPTIONS as error:
        log.warning("analysis_interrupted", analysis=str(analysis.pk), error=type(error).__name__)
        return
    result, _ = AnalysisResult.objects.get_or_create(
        key=analysis.key,
        defaults={
            "results": orjson.loads(body),
            "digest": hashlib.sha256(body).hexdigest(),
            "inputs_digest": inputs_digest,
            "libraries": versions(method),
            "seconds": time.perf_counter() - start,
        },
    )
    finish_all(result)


def _tell_failure(analysis: Analysis, error: PlatformError) -> None:
    trace = getattr(error, "trace", "")
    if trace:
        log.error("analysis_failed", analysis=str(analysis.pk), type=analysis.type, trace=trace)
    problem = "; ".join(f"{k}: {v[0]}" for k, v in error.details.items() if isinstance(v, list))
    _fail(analysis, error.code, problem or error.message)


def _results(analysis: Analysis, method: Method) -> tuple[bytes, str]:
    """The results as JSON, and a digest of the arrays that they were made of."""
    own, until = method.own(analysis.parameters), pool.deadline()
    total = sum(len(row.series) for row in analysis.inputs.all()) if method.several else 1
    digest, bodies = hashlib.sha256(), []
    for number, taken in enumerate(inputs.read(analysis, method)):
        for series in _flat(taken):
            digest.update(series.timestamps.tobytes())
            digest.update(series.values.tobytes())
        watch = Watch(analysis, done=number / total, share=1 / total)
        request = Request(method.name, taken, own)
        bodies.append(pool.compute(request, watch=watch.ask, until=until))
    if method.several:
        return b'{"series":[' + b",".join(bodies) + b"]}", digest.hexdigest()
    return bodies[0], digest.hexdigest()


def _flat(taken: dict[str, inputs.Taken]) -> Iterator[Series]:
    for one in taken.values():
        if isinstance(one, Series):
            yield one
        elif one is not None:
            yield from one


class Watch:
    """Writes how far a computation is, and hears whether anybody still wants it."""

    def __init__(self, analysis: Analysis, *, done: float, share: float) -> None:
        self._mine = Analysis.objects.filter(
            pk=analysis.pk, status=Status.RUNNING, attempt=analysis.attempt
        )
        self._done, self._share = done, share
        self._asked_at = time.monotonic()

    def ask(self, progress: float) -> None:
        """Once a second; NotWantedError where it was cancelled or another worker has it."""
        if time.monotonic() < self._asked_at + ASK_EVERY_S:
            return
        self._asked_at = time.monotonic()
        if not self._mine.update(progress=min(1.0, self._done + progress * self._share)):
            raise NotWantedError


def finish_all(result: AnalysisResult) -> None:
    """Every open request with this key is done."""
    Analysis.objects.filter(key=result.key, status__in=OPEN).update(
        status=Status.SUCCEEDED, result=result, progress=1, finished_at=Now(), lease_until=None
    )


def _fail(analysis: Analysis, code: str, message: str) -> None:
    Analysis.objects.filter(pk=analysis.pk, status__in=OPEN).update(
        status=Status.FAILED,
        error={"code": code, "message": message},
        finished_at=Now(),
        lease_until=None,
    )


def sweep() -> int:
    """Queue again what was lost."""
    return leases.sweep(_present(), TASK, "analysis_id")
