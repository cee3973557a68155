"""One run: several requests are asked ahead while what has come is stored, with its checkpoint."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from types import TracebackType

from django.db import connections

from connectors import planning
from connectors.base import Page, Product, Request, SchemaDriftError
from connectors.models import Run, Trigger
from connectors.services import coverage, documents, feeds, recording
from connectors.services.providers import client_of, product_of
from datastream.core.answers import Answer
from datastream.core.errors import (
    PlatformError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from datastream.core.http import Client

Progress = Callable[[int, int], None]

# Follow-ups of one request; a provider whose pages never end would hold us for ever.
MOST_PAGES = 1000
# Nobody answers: the rest would be asked in vain.
FAILURES_IN_A_ROW = 5

LostError = recording.LostError


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a request; with an error there is no page, and perhaps no answer."""

    request: Request
    answer: Answer | None = None
    page: Page | None = None
    error: PlatformError | None = None


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
    numbers = documents.numbers_of(run.feed_id)
    for n, number in enumerate(numbers):
        progress(n, len(numbers))
        if n < run.checkpoint:
            continue
        if not is_ours():
            raise LostError
        request, answer = documents.read(*number)
        page = replace(product.parse(request, answer), next=None)
        has_rows = bool(page.table.num_rows or page.stations)
        kept = recording.Stored(request, answer, page, has_rows=has_rows, is_kept=True)
        recording.store(run, [kept])
    progress(len(numbers), len(numbers))


def plan_run(run: Run, product: Product) -> planning.Plan:
    """The requests that the run still has to make; its first attempt lets the look-back be due."""
    window = planning.span(product, run.parameters, feeds.today())
    if run.planned is None and window is not None:
        again = planning.look_back(window, run.feed.lookback_days)
        if again is not None and run.trigger != Trigger.BACK_FILL:
            coverage.mark_due(run.feed_id, again)
    known = coverage.read(run.feed_id)
    plan = planning.plan(product, run.parameters, window, known)
    if run.planned is None:
        run.planned = len(plan.requests)
        Run.objects.filter(pk=run.pk, attempt=run.attempt).update(planned=run.planned)
    return plan


class Fetching:
    """Asks several requests at once, and hands out together what has come from several places."""

    def __init__(self, product: Product, client: Client, requests: Sequence[Request]) -> None:
        self.product, self.client = product, client
        self.waiting = deque(requests)
        self.most = 2 * product.quota.parallel
        self.pool = ThreadPoolExecutor(product.quota.parallel, thread_name_prefix="fetch")
        self.going: set[Future[Fetched]] = set()
        self.came: deque[Fetched] = deque()

    def __enter__(self) -> "Fetching":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)

    def follow(self, request: Request) -> None:
        """Ask this one before all others."""
        self.waiting.appendleft(request)

    def stop(self) -> None:
        self.waiting.clear()

    def __iter__(self) -> Iterator[list[Fetched]]:
        while self.waiting or self.going or self.came:
            while self.waiting and len(self.going) + len(self.came) < self.most:
                self.going.add(self.pool.submit(self._fetch, self.waiting.popleft()))
            if self.going and not self.came:
                wait(self.going, return_when=FIRST_COMPLETED)
            done = {future for future in self.going if future.done()}
            self.going -= done
            self.came.extend(future.result() for future in done)
            yield self._together()

    def _together(self) -> list[Fetched]:
        """What has come, no station twice: one write takes no point twice."""
        batch: list[Fetched] = []
        left: deque[Fetched] = deque()
        for one in self.came:
            stations = {other.request.station for other in batch}
            is_alone = "" in stations | {one.request.station}
            fits = not batch or not (is_alone or one.request.station in stations)
            (batch if fits else left).append(one)
        self.came = left
        return batch

    def _fetch(self, request: Request) -> Fetched:
        answer = None
        try:
            answer = self.client.ask(
                request.path, request.params, json=request.json, headers=request.headers
            )
            return Fetched(request, answer, self.product.parse(request, answer))
        except PlatformError as error:
            return Fetched(request, answer, error=error)
        finally:
            # Of this thread, which asked for the provider's next turn.
            connections.close_all()


class Storing:
    """What was fetched goes into the dataset; what failed into the ledger."""

    def __init__(self, run: Run, fetching: Fetching) -> None:
        self.run, self.fetching = run, fetching
        self.error: PlatformError | None = None
        self.failed = 0
        self.in_a_row = 0
        # Requests of which an earlier page had rows.
        self.with_rows: set[tuple[object, ...]] = set()

    def take(self, fetched: Sequence[Fetched]) -> None:
        good = [self._checked(one) for one in fetched]
        pages = [one for one in good if one.page is not None]
        if pages:
            self._store(pages)
        for one in good:
            if one.error is not None:
                self._fail(one, one.error)

    def _checked(self, one: Fetched) -> Fetched:
        if one.page is None or one.page.next is None or one.request.page < MOST_PAGES:
            return one
        error = ProviderRefusedError(f"There is no end after {MOST_PAGES:,} pages.")
        return Fetched(one.request, one.answer, error=error)

    def _store(self, fetched: Sequence[Fetched]) -> None:
        stored = [self._stored(one) for one in fetched]
        recording.store(self.run, stored)
        self.in_a_row = 0
        for one in stored:
            if one.page.next is not None:
                self.fetching.follow(one.page.next)

    def _stored(self, one: Fetched) -> recording.Stored:
        page, request = one.page, one.request
        if page is None or one.answer is None:
            raise ValueError("Only pages are stored.")
        key = (request.place, request.window)
        if page.table.num_rows or page.stations:
            self.with_rows.add(key)
        return recording.Stored(request, one.answer, page, has_rows=key in self.with_rows)

    def _fail(self, one: Fetched, error: PlatformError) -> None:
        self.error = self.error or error
        self.failed += 1
        recording.fail(self.run, one.request, one.answer, error)
        self.in_a_row += isinstance(error, ProviderUnavailableError)
        if isinstance(error, SchemaDriftError):
            raise error
        if self.in_a_row >= FAILURES_IN_A_ROW or "retry_at" in error.details:
            raise error
