"""Taking a job's row for a while, and keeping it while the work goes on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from datastream.core import jobs
from datastream.core.models import Job, Status

log = structlog.get_logger(__name__)
Row = TypeVar("Row", bound=Job)

# A row that was never taken this long after it was made had its message lost.
PATIENCE = timedelta(seconds=15)
SWEPT_AT_ONCE = 100


def free() -> Q:
    """Rows that a worker may take: waiting, or left behind by a worker that died."""
    return Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=Now())


def take(rows: QuerySet[Row], identity: Any) -> Row | None:
    """Take a row by one UPDATE, or get None because somebody else has it or it is done."""
    taken = rows.filter(free(), pk=identity).update(
        status=Status.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=Now() + timedelta(seconds=settings.LEASE_S),
        started_at=Coalesce(F("started_at"), Now()),
    )
    return rows.model._default_manager.get(pk=identity) if taken else None  # noqa: SLF001


def renew(row: Job) -> bool:
    """Keep the row for another lease; False where it is no longer ours to keep."""
    mine = type(row)._default_manager.filter(  # noqa: SLF001
        pk=row.pk, status=Status.RUNNING, attempt=row.attempt
    )
    return bool(mine.update(lease_until=Now() + timedelta(seconds=settings.LEASE_S)))


@contextmanager
def kept(row: Job) -> Iterator[threading.Event]:
    """Renew the lease every third of it until the block ends.

    The event is set when the row was lost: cancelled, taken by another worker, or not renewed for
    a whole lease because the database was away.
    """
    done, lost = threading.Event(), threading.Event()

    def beat() -> None:
        ends_at = time.monotonic() + settings.LEASE_S
        try:
            while not done.wait(settings.LEASE_S / 3):
                asked_at = time.monotonic()
                is_ours = _renewed(row)
                if is_ours:
                    ends_at = asked_at + settings.LEASE_S
                elif is_ours is False or time.monotonic() > ends_at:
                    lost.set()
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()


def _renewed(row: Job) -> bool | None:
    """Whether the row is still ours; None where nobody could be asked."""
    try:
        return renew(row)
    except Error as error:
        log.warning("lease_not_renewed", row=str(row.pk), error=type(error).__name__)
        connection.close()
        return None


def sweep(rows: QuerySet[Row], task: str, argument: str) -> int:
    """Queue again what waits too long or was left behind by a worker that died."""
    if jobs.waiting(task) >= SWEPT_AT_ONCE:
        # All workers are at something, for hours it may be; more messages would only pile up.
        return 0
    never_sent = Q(status=Status.QUEUED, created_at__lt=Now() - PATIENCE)
    left = Q(status=Status.RUNNING, lease_until__lt=Now())
    found = rows.filter(never_sent | left).order_by("created_at").values_list("pk", flat=True)
    waiting = list(found[:SWEPT_AT_ONCE])
    for identity in waiting:
        jobs.enqueue(task, **{argument: str(identity)})
    return len(waiting)
