"""One run: what has come is stored with its checkpoint while more is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Max, Q

from connectors import planning
from connectors.base import PageRefusedError, Product, Request, SchemaDriftError, Window
from connectors.models import Feed, Run, Trigger
from connectors.services import coverage, documents, feeds, recording
from connectors.services.fetching import Fetched, Fetching
from connectors.services.providers import NotAskedError, client_of, product_of
from datastream.core.answers import Answer
from datastream.core.errors import (
    InvalidInputError,
    PlatformError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

Progress = Callable[[int, int], None]

# Nobody answers: the rest would be asked in vain.
FAILURES_IN_A_ROW = 5

LostError = recording.LostError


def collect(run: Run, is_ours: Callable[[], bool], progress: Progress) -> None:
    """Ask for what the run still lacks, and store it.

    Raises
    ------
    PlatformError
        The first that went wrong, when all that could be stored is.
    LostError
        The run was cancelled, or another worker has it.
    """
    product = product_of(run.feed)
    plan = plan_run(run, product)
    total = run.checkpoint + len(plan.requests)
    progress(run.checkpoint, total)
    with (
        client_of(run.feed, product) as client,
        Fetching(product, client, plan.requests) as fetching,
    ):
        storing = Storing(run, fetching)
        for fetched in fetching:
            if not is_ours():
                raise LostError
            storing.take(fetched)
            progress(run.checkpoint + storing.failed, total)
    if storing.error is not None:
        raise storing.error


def replay(run: Run, is_ours: Callable[[], bool], progress: Progress) -> None:
    """Read the answers that were kept for the feed again, and store what they hold."""
    product = product_of(run.feed)
    # Those that wait for their store are read there as well.
    documents.move()
    numbers = documents.numbers_of(run.feed_id)
    recording.note_planned(run, len(numbers))
    for done, number in enumerate(numbers[run.checkpoint :], run.checkpoint):
        progress(done, len(numbers))
        if not is_ours():
            raise LostError
        _read_again(run, product, *documents.read(*number))
    progress(len(numbers), len(numbers))


def _read_again(run: Run, product: Product, request: Request, answer: Answer) -> None:
    try:
        page = product.parse(request, answer)
        recording.store(run, [recording.Stored(request, replace(page, next=None))])
    except PlatformError as error:
        # It was no better when it came, and is kept to be looked at.
        recording.skip(run, request, error)


def plan_run(run: Run, product: Product) -> planning.Plan:
    """The requests that the run still has to make; its first attempt lets the look-back be due."""
    window = planning.span(product, run.parameters, feeds.today())
    # A back-fill's days are due already.
    if run.planned is None and run.trigger != Trigger.BACK_FILL:
        again = revised(run.feed, window, but=run)
        if again is not None:
            coverage.mark_due(run.feed_id, again)
    plan = planning.plan(product, run.parameters, window, coverage.read(run.feed_id))
    recording.note_planned(run, run.checkpoint + len(plan.requests))
    return plan


def revised(feed: Feed, window: Window | None, *, but: Run | None = None) -> Window | None:
    """The days of a span that a run of the feed asks for again, known or not."""
    if window is None:
        return None
    # Others did not ask for the newest days.
    end = feed.parameters.get("end")
    to_the_end = Q(parameters__end=end) if end else ~Q(parameters__has_key="end")
    runs = Run.objects.filter(to_the_end, feed=feed.pk, planned__isnull=False)
    asking = runs.filter(trigger__in=[Trigger.HAND, Trigger.SCHEDULE])
    if but is not None:
        asking = asking.exclude(pk=but.pk)
    last: datetime | None = asking.aggregate(last=Max("created_at"))["last"]
    return planning.look_back(window, feed.lookback_days, last and last.astimezone(UTC).date())


class Storing:
    """What was fetched goes into the dataset; what failed into the ledger."""

    def __init__(self, run: Run, fetching: Fetching) -> None:
        self.run, self.fetching = run, fetching
        self.error: PlatformError | None = None
        self.failed = 0
        self.in_a_row = 0
        # Whether what went wrong makes all further requests vain.
        self.is_over = False
        # Requests of many pages, of which an earlier one had rows.
        self.with_rows: set[tuple[object, ...]] = set()

    def take(self, fetched: Sequence[Fetched]) -> None:
        checked = [self._checked(one) for one in fetched]
        pages = [one for one in checked if one.page is not None]
        if pages:
            self._store(pages)
        for one in checked:
            if one.error is not None:
                self._fail(one, one.error)
        if self.error is not None and self.is_over:
            raise self.error

    def _checked(self, one: Fetched) -> Fetched:
        most = settings.RUN_MAX_PAGES
        # This page is not among those that the run counts yet.
        may_follow = self.run.requests + 1 < most
        # A provider whose pages never end would hold us for ever.
        if one.page is None or one.page.next is None or may_follow:
            return one
        error = ProviderRefusedError(f"There is no end after {most:,} pages.")
        return replace(one, page=None, error=error)

    def _store(self, fetched: Sequence[Fetched]) -> None:
        try:
            recording.store(self.run, [self._stored(one) for one in fetched])
        except (InvalidInputError, PageRefusedError, SchemaDriftError) as error:
            # One of them is to blame, and costs only itself.
            if len(fetched) == 1:
                self._fail(fetched[0], error)
            else:
                for one in fetched:
                    self._store([one])
            return
        self.in_a_row = 0
        for one in fetched:
            if one.page is not None and one.page.next is not None:
                self.fetching.follow(one.request, one.page.next)

    def _stored(self, one: Fetched) -> recording.Stored:
        if one.page is None:
            raise ValueError("Only pages are stored.")
        key = (one.request.place, one.request.window)
        has_rows = one.has_rows or key in self.with_rows
        if one.page.next is None:
            self.with_rows.discard(key)
        elif has_rows:
            self.with_rows.add(key)
        return recording.Stored(one.request, one.page, has_rows=has_rows, packed=one.packed)

    def _fail(self, one: Fetched, error: PlatformError) -> None:
        self.failed += 1
        if not isinstance(error, NotAskedError):
            recording.fail(self.run, one.request, one.packed, error)
        self.in_a_row += isinstance(error, ProviderUnavailableError)
        ends = (
            isinstance(error, SchemaDriftError)
            or self.in_a_row >= FAILURES_IN_A_ROW
            or "retry_at" in error.details
        )
        if self.error is None or (ends and not self.is_over):
            self.error = error
        self.is_over |= ends
