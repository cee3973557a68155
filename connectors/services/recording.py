"""What a run learnt, each time in one transaction: points, coverage, counts and raw answers."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from django.db import transaction
from django.db.models import F

from connectors import ledger
from connectors.base import Page, Request
from connectors.models import Run
from connectors.services import coverage, documents
from connectors.services.feeds import facts_of
from datasets import ingest
from datasets.models import Station, Variable
from datasets.services import declare
from datastream.core import clock
from datastream.core.answers import Answer
from datastream.core.errors import PlatformError, RowError
from datastream.core.models import Status

LISTED = 100


class LostError(Exception):
    """The run is no longer ours: it was cancelled, or another worker has taken it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A page to be stored.

    has_rows : whether it or an earlier page of its request has any.
    is_kept : whether its answer is a document already.
    """

    request: Request
    answer: Answer
    page: Page
    has_rows: bool
    is_kept: bool = False


def store(run: Run, pages: Sequence[Stored]) -> None:
    """Store pages of different stations: points, checkpoint, coverage and answers together."""
    _declare(run, pages)
    batches = [ingest.from_table(one.page.table) for one in pages]
    for batch, first in zip(batches, accumulate(map(len, batches), initial=0), strict=False):
        batch.first = first

    def also(outcome: ingest.Outcome) -> None:
        _note(run, pages, outcome)

    if not any(map(len, batches)):
        with transaction.atomic():
            also(ingest.Outcome())
    else:
        ingest.write(
            run.feed.dataset_id,
            batches,
            author=ingest.Author(route=f"feed {run.feed.name}"[:255], run_id=run.pk),
            options=ingest.Options(on_invalid="skip"),
            also=also,
        )
    run.checkpoint += sum(one.page.next is None for one in pages)


def _declare(run: Run, pages: Sequence[Stored]) -> None:
    stations = {one.code: one for page in pages for one in page.page.stations}
    variables = {one.name: one for page in pages for one in page.page.variables}
    if stations:
        declare(run.feed.dataset, Station, "code", [asdict(one) for one in stations.values()])
    if variables:
        declare(run.feed.dataset, Variable, "name", list(map(facts_of, variables.values())))


def _note(run: Run, pages: Sequence[Stored], outcome: ingest.Outcome) -> None:
    rejected = sum(len(one.page.rejected) for one in pages)
    counts = {
        name: F(name) + getattr(outcome, name)
        for name in ("received", "inserted", "updated", "unchanged", "rejected")
    }
    run.rejections = (run.rejections + _rejections(pages, outcome.errors))[:LISTED]
    run.notes = (run.notes + [note for one in pages for note in one.page.notes])[:LISTED]
    _update(
        run,
        len(pages),
        {
            **counts,
            "received": counts["received"] + rejected,
            "rejected": counts["rejected"] + rejected,
            "checkpoint": F("checkpoint") + sum(one.page.next is None for one in pages),
            "rejections": run.rejections,
            "notes": run.notes,
        },
    )
    run.rejected += outcome.rejected + rejected
    now = clock.now()
    coverage.note(
        run.feed_id,
        [
            (
                one.request.place,
                ledger.Span(
                    one.request.window,
                    ledger.FETCHED if one.has_rows else ledger.EMPTY,
                    checked_at=now,
                ),
            )
            for one in pages
            if one.page.next is None
        ],
    )
    documents.keep(run, [(one.request, one.answer) for one in pages if not one.is_kept])


def fail(run: Run, request: Request, answer: Answer | None, error: PlatformError) -> None:
    """Note that a request came to nothing, and keep what was answered all the same."""
    with transaction.atomic():
        rows = error.details.get("rows", [])
        run.rejections = (run.rejections + [_said(request, row) for row in rows])[:LISTED]
        refused = int(error.details.get("rejected", 0))
        facts = {"rejections": run.rejections, "rejected": F("rejected") + refused}
        _update(run, 1, {**facts, "received": F("received") + refused})
        span = ledger.Span(request.window, ledger.FAILED, error.message, clock.now())
        coverage.note(run.feed_id, [(request.place, span)])
        documents.keep(run, [(request, answer)] if answer is not None else [])
    run.rejected += refused


def _update(run: Run, requests: int, facts: dict[str, Any]) -> None:
    mine = Run.objects.filter(pk=run.pk, attempt=run.attempt, status=Status.RUNNING)
    if not mine.update(requests=F("requests") + requests, **facts):
        raise LostError
    # The number of the first of their documents.
    run.requests += requests


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
