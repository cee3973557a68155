"""What a run learnt, each time in one transaction: points, coverage, counts and raw answers."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from django.db import transaction

from connectors import base, ledger
from connectors.base import Page, Place, Request
from connectors.models import PAGE_COUNTS, Feed, Run, Trigger
from connectors.rows import MAX_BAD_SHARE, is_too_bad
from connectors.services import coverage, documents
from connectors.services.feeds import asked, facts_of, unlike
from datasets import ingest
from datasets.models import Station, Variable
from datasets.services import declare
from datastream.core import clock
from datastream.core.errors import PlatformError, RowError
from datastream.core.models import Status

LISTED = 100


class LostError(Exception):
    """The run is no longer ours: it was cancelled, or another worker has taken it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A page to be stored.

    has_rows : whether it or an earlier page of its request has any.
    packed : its answer; None where that is a document already.
    """

    request: Request
    page: Page
    has_rows: bool = False
    packed: documents.Packed | None = None

    @property
    def is_last(self) -> bool:
        return self.page.next is None


def store(run: Run, pages: Sequence[Stored]) -> None:
    """Store pages that have no point in common: all of them and what is noted, or nothing."""
    # Stations and times in order spare the write a detour.
    pages = sorted(pages, key=lambda one: (one.request.place, one.request.window))
    with transaction.atomic():
        # First of all, as everybody who writes to a dataset does.
        ingest.lock(run.feed.dataset_id)
        _declare(run, pages)
        outcome = _write(run, pages)
        _refuse_bad(pages, outcome)
        facts = _learnt(run, pages, outcome)
        # The feed before its run, as whoever changes, starts or deletes a feed takes them.
        _cover(run, ((one.request, _span(one)) for one in pages if one.is_last))
        _update(run, facts)
        _keep(run, pages)
    _take_over(run, facts)


def fail(run: Run, request: Request, packed: documents.Packed | None, error: PlatformError) -> None:
    """Note that a request came to nothing, and keep what was answered all the same."""
    facts = {
        "requests": run.requests + 1,
        "advanced_in": run.attempt,
        **_with_refused(run, request, error),
    }
    with transaction.atomic():
        span = ledger.Span(request.window, ledger.FAILED, error.message, clock.now())
        _cover(run, [(request, span)])
        _update(run, facts)
        if packed is not None:
            documents.keep(run, [(run.requests, request, packed)])
    _take_over(run, facts)


def skip(run: Run, request: Request, error: PlatformError) -> None:
    """Note that a kept answer cannot be read."""
    note = f"{request.station} from {request.window.start}: {error.message}"
    facts = {
        "checkpoint": run.checkpoint + 1,
        "advanced_in": run.attempt,
        "notes": [*run.notes, note][:LISTED],
        **_with_refused(run, request, error),
    }
    _update(run, facts)
    _take_over(run, facts)


def note_planned(run: Run, planned: int) -> None:
    """Note how many requests the run has in all."""
    _update(run, {"planned": planned})
    run.planned = planned


def _declare(run: Run, pages: Sequence[Stored]) -> None:
    stations = {one.code: one for page in pages for one in page.page.stations}
    variables = {one.name: one for page in pages for one in page.page.variables}
    if stations:
        declare(run.feed.dataset, Station, "code", list(map(_facts_of_station, stations.values())))
    if variables:
        problem = unlike(run.feed.dataset, variables.values())
        if problem:
            raise base.SchemaDriftError(problem)
        declare(run.feed.dataset, Variable, "name", list(map(facts_of, variables.values())))


def _facts_of_station(station: base.Station) -> dict[str, Any]:
    """What the provider says; what it does not say stays as it is known."""
    facts = {name: value for name, value in asdict(station).items() if value not in {None, ""}}
    if not {"latitude", "longitude"} <= facts.keys():
        facts.pop("latitude", None)
        facts.pop("longitude", None)
    if "name" in facts:
        facts["name"] = facts["name"][:255]
    # The one station of a table without stations has no code.
    return {**facts, "code": station.code}


def _write(run: Run, pages: Sequence[Stored]) -> ingest.Outcome:
    batches = [ingest.from_table(one.page.table) for one in pages]
    if not any(map(len, batches)):
        return ingest.Outcome()
    for batch, first in zip(batches, accumulate(map(len, batches), initial=0), strict=False):
        batch.first = first
    return ingest.write(
        run.feed.dataset_id,
        batches,
        author=ingest.Author(route=f"feed {run.feed.name}"[:255], run_id=run.pk),
        options=ingest.Options(on_invalid="skip"),
    )


def _refuse_bad(pages: Sequence[Stored], outcome: ingest.Outcome) -> None:
    """Refuse pages too many of whose rows the dataset refused; alone if any of them may be such.

    Else they would count as fetched, and nobody would ask for them again.
    """
    rows = min((one.page.table.num_rows for one in pages if one.page.table.num_rows), default=0)
    if is_too_bad(outcome.rejected, rows):
        first = outcome.errors[0]
        raise base.PageRefusedError(
            f"The dataset refused {outcome.rejected} of {outcome.received} rows, more than "
            f"{MAX_BAD_SHARE:.0%}; nothing of the page was kept. "
            f"The first: {first['field']}: {first['message']}",
            details={"rows": outcome.errors[:LISTED], "rejected": outcome.rejected},
        )


def _learnt(run: Run, pages: Sequence[Stored], outcome: ingest.Outcome) -> dict[str, Any]:
    """The run's counts and lists with what these pages add."""
    facts: dict[str, Any] = {
        name: getattr(run, name) + getattr(outcome, name) for name in PAGE_COUNTS
    }
    bad = sum(len(one.page.rejected) for one in pages)
    notes = [note for one in pages for note in one.page.notes]
    return facts | {
        "received": facts["received"] + bad,
        "rejected": facts["rejected"] + bad,
        "checkpoint": run.checkpoint + sum(one.is_last for one in pages),
        "advanced_in": run.attempt,
        "requests": run.requests + sum(one.packed is not None for one in pages),
        "rejections": (run.rejections + _rejections(pages, outcome.errors))[:LISTED],
        "notes": list(dict.fromkeys(run.notes + notes))[:LISTED],
    }


def _with_refused(run: Run, request: Request, error: PlatformError) -> dict[str, Any]:
    """The run's counts and list with the rows for which a page was refused, if that was why."""
    refused = int(error.details.get("rejected", 0))
    rows = error.details.get("rows", [])
    return {
        "received": run.received + refused,
        "rejected": run.rejected + refused,
        "rejections": (run.rejections + [_said(request, row) for row in rows])[:LISTED],
    }


def _update(run: Run, facts: dict[str, Any]) -> None:
    """Change the run's row while it is ours; its lock keeps everybody else from taking it."""
    mine = Run.objects.filter(pk=run.pk, attempt=run.attempt, status=Status.RUNNING)
    if not mine.update(**facts):
        raise LostError


def _take_over(run: Run, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        setattr(run, name, value)


def _cover(run: Run, news: Iterable[tuple[Request, ledger.Span]]) -> None:
    """Note what is known now, unless the feed asks for something else since the run began."""
    if run.trigger == Trigger.REPLAY:
        return
    rows = Feed.objects.select_for_update(no_key=True, of=["self"])
    feed = rows.filter(pk=run.feed_id).first()
    if feed is None:
        # Deleted, and the run with it.
        raise LostError
    if asked(feed) == asked(run.feed, run.parameters):
        known: list[tuple[Place, ledger.Span]] = [(one.place, span) for one, span in news]
        coverage.note(run.feed_id, known)


def _span(one: Stored) -> ledger.Span:
    state = ledger.FETCHED if one.has_rows else ledger.EMPTY
    return ledger.Span(one.request.window, state, checked_at=clock.now())


def _keep(run: Run, pages: Sequence[Stored]) -> None:
    packed = [(one.request, one.packed) for one in pages if one.packed is not None]
    documents.keep(run, [(n, *one) for n, one in enumerate(packed, run.requests)])


def _rejections(pages: Sequence[Stored], errors: Sequence[RowError]) -> list[dict[str, Any]]:
    """Rows that the connector could not read, and those that the dataset refused."""
    listed = [_said(one.request, asdict(row)) for one in pages for row in one.page.rejected]
    firsts = list(accumulate((one.page.table.num_rows for one in pages), initial=0))
    for error in errors:
        n = bisect_right(firsts, error["row"]) - 1
        listed.append(_said(pages[n].request, {**error, "row": error["row"] - firsts[n]}))
    return listed


def _said(request: Request, row: Any) -> dict[str, Any]:
    return {"station": request.station, "start": request.window.start.isoformat(), **row}
