"""Runs of feeds: started, done by whoever has the lease, cancelled, taken up again."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.services import audit
from connectors import ledger, planning
from connectors.base import SchemaDriftError, Window
from connectors.models import Feed, Run, Trigger
from connectors.services import collecting, coverage, feeds
from connectors.services.providers import product_of
from datastream.core import jobs, leases
from datastream.core.errors import ConflictError, InvalidInputError, NotFoundError, PlatformError
from datastream.core.models import OPEN, Status

log = structlog.get_logger(__name__)

TASK = "connectors.execute_run"
# Of which none got a page further.
TRIES = 5
DUE_AT_ONCE = 100


@transaction.atomic
def start_run(feed: Feed, *, trigger: str = Trigger.HAND, **parameters: Any) -> Run:
    """Make a run of a feed; ConflictError with the id of the one that is going on.

    `parameters` stand in the place of the feed's own, for this run: other days or stations.
    """
    # Whoever deletes it waits, or has been first.
    if not Feed.objects.select_for_update(of=["self"], no_key=True).filter(pk=feed.pk).exists():
        raise NotFoundError
    if parameters:
        parameters = product_of(feed).check({**feed.parameters, **parameters})
        if feeds.asked(feed, parameters) != feeds.asked(feed):
            message = "A run takes other days or stations; for anything else change the feed."
            raise InvalidInputError.of("parameters", message)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                feed=feed, trigger=trigger, parameters=parameters or feed.parameters
            )
    except IntegrityError as error:
        going = feed.runs.filter(status__in=OPEN).values_list("pk", flat=True).first()
        message = f"The feed is running already, as run {going}."
        raise ConflictError(message, details={"run": str(going)}) from error
    of = "run", run.pk
    audit.record("feed.run", of=of, feed=feed.pk, name=feed.name, dataset=feed.dataset_id)
    return run


@transaction.atomic
def queue_run(feed: Feed, **options: Any) -> Run:
    """Make a run of a feed, for a worker to do."""
    run = start_run(feed, **options)
    jobs.enqueue(TASK, run_id=str(run.pk))
    return run


def run_again(run: Run) -> Run:
    """A new run for the days and stations of an old one, in the worker."""
    feed = run.feed
    if run.trigger == Trigger.REPLAY:
        return queue_run(feed, trigger=Trigger.REPLAY)
    if run.trigger == Trigger.BACK_FILL:
        start, end = (date.fromisoformat(run.parameters[name]) for name in ("start", "end"))
        return back_fill(feed, Window(start, end + timedelta(days=1)))
    names = product_of(feed).span_parameters & run.parameters.keys()
    return queue_run(feed, **{name: run.parameters[name] for name in names})


@transaction.atomic
def back_fill(feed: Feed, window: Window) -> Run:
    """Ask again for all of a window, in the worker."""
    product = product_of(feed)
    if not product.is_dated:
        raise InvalidInputError.of("start", f"{product.title} has no days to ask for again.")
    run = start_run(
        feed,
        trigger=Trigger.BACK_FILL,
        start=window.start.isoformat(),
        end=window.last_day.isoformat(),
    )
    coverage.mark_due(feed.pk, window)
    jobs.enqueue(TASK, run_id=str(run.pk))
    return run


def start_replay(feed: Feed) -> Run:
    """Make a run that reads the kept answers again, without asking the provider."""
    return start_run(feed, trigger=Trigger.REPLAY)


@transaction.atomic
def start_refetch(feed: Feed) -> Run:
    """Make a run that asks again for all that the feed asks for."""
    run = start_run(feed)
    window = planning.span(product_of(feed), feed.parameters, feeds.today())
    if window is not None:
        coverage.mark_due(feed.pk, window)
    return run


@transaction.atomic
def cancel_run(run: Run) -> None:
    """End a run; what it has stored stays, and the worker stops at its next page."""
    cancelled = Run.objects.filter(pk=run.pk, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=Now(), lease_until=None
    )
    if not cancelled:
        raise ConflictError("It is done already.")
    audit.record("feed.run_cancelled", of=("run", run.pk), feed=run.feed_id)


def start_due() -> int:
    """Start the feeds whose time has come; their number."""
    return sum(map(_was_started, due_feeds()[:DUE_AT_ONCE]))


def due_feeds() -> QuerySet[Feed, UUID]:
    """The ids of feeds whose time has come, those that wait longest first."""
    due = Feed.objects.filter(
        enabled=True, next_run_at__lte=Now(), dataset__deleted_at__isnull=True
    )
    return due.order_by("next_run_at").values_list("pk", flat=True)


def _was_started(feed_id: UUID) -> bool:
    try:
        return _start_if_due(feed_id)
    except PlatformError as error:
        # The others are due all the same.
        log.warning("feed_not_started", feed=str(feed_id), error=error.code)
        return False


@transaction.atomic
def take_turn(feed_id: UUID) -> Feed | None:
    """A feed that is due, whose next turn is set; None where somebody else has taken this one."""
    due = Feed.objects.filter(pk=feed_id, enabled=True, next_run_at__lte=Now())
    # Not its key, which a run that somebody starts by hand refers to.
    feed = due.select_for_update(of=["self"], no_key=True).first()
    if feed is not None:
        feeds.set_due(feed)
        Feed.objects.filter(pk=feed.pk).update(next_run_at=feed.next_run_at)
    return feed


@transaction.atomic
def _start_if_due(feed_id: UUID) -> bool:
    feed = take_turn(feed_id)
    if feed is None:
        return False
    try:
        queue_run(feed, trigger=Trigger.SCHEDULE)
    except ConflictError:
        # The last one is still at it, and asks for what this one would.
        return False
    return True


def plan_of(feed: Feed) -> planning.Plan:
    """What a run of the feed would ask for now; the feed need not be saved."""
    product = product_of(feed)
    window = planning.span(product, feed.parameters, feeds.today())
    known = coverage.read(feed.pk)
    again = collecting.revised(feed, window)
    if again is not None:
        due = ledger.Span(again, ledger.DUE)
        known = {place: ledger.put(spans, due) for place, spans in known.items()}
    return planning.plan(product, feed.parameters, window, known)


# ------------------------------------------------------------------ one run


def _runs() -> QuerySet[Run]:
    """All but those of datasets that somebody deleted.

    Not by a join: an UPDATE with one forgets, once it has waited for a row, why it wanted the row.
    """
    return Run.objects.filter(feed__in=Feed.objects.filter(dataset__deleted_at__isnull=True))


def execute_run(run_id: UUID | str, progress: collecting.Progress | None = None) -> Run | None:
    """Do a run from where it stands; None where somebody else is at it, it is done or gone."""
    run = leases.take(_runs(), run_id)
    if run is None:
        return None
    if run.attempt - run.advanced_in > TRIES:
        problem = {"code": "WORKER_DIED", "message": "The worker died too often."}
        _finish(run, Status.FAILED, problem)
    else:
        with leases.kept(run) as lost:
            _do(run, lambda: not lost.is_set(), progress or (lambda done, planned: None))
    # Not refreshed: its dataset may have been deleted meanwhile, and the run with it.
    return Run.objects.select_related("feed__dataset").filter(pk=run.pk).first()


def _do(run: Run, is_ours: Callable[[], bool], progress: collecting.Progress) -> None:
    try:
        work = collecting.replay if run.trigger == Trigger.REPLAY else collecting.collect
        work(run, is_ours, progress)
    except collecting.LostError:
        log.info("run_lost", run=str(run.pk), attempt=run.attempt)
        return
    except PlatformError as error:
        problem = {"code": error.code, "message": error.message, "details": error.details}
        # A page whose rows were refused did come; only what was never had is a failure.
        has_some = (run.checkpoint or run.received) and not isinstance(error, SchemaDriftError)
        _finish(run, Status.PARTIAL if has_some else Status.FAILED, problem)
    except (OperationalError, InterfaceError) as error:
        # The database was away, or full: the run stays open and is taken up when its lease is over.
        log.warning("run_left", run=str(run.pk), error=type(error).__name__)
        if not connection.in_atomic_block:
            connection.close()
    except Exception as error:
        log.exception("run_failed", run=str(run.pk), feed=str(run.feed_id))
        problem = {"code": "SERVER_ERROR", "message": f"It failed ({type(error).__name__})."}
        _finish(run, Status.PARTIAL if run.checkpoint else Status.FAILED, problem)
    else:
        _finish(run, Status.PARTIAL if run.rejected else Status.SUCCEEDED, None)


def _finish(run: Run, status: Status, error: dict[str, Any] | None) -> None:
    Run.objects.filter(pk=run.pk, attempt=run.attempt, status__in=OPEN).update(
        status=status, error=error, finished_at=Now(), lease_until=None
    )


def sweep() -> int:
    """Queue again the runs that were lost."""
    return leases.sweep(_runs(), TASK, "run_id")
