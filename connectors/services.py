"""Feeds and their runs: each request is fetched, kept, and stored with its checkpoint."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from accounts.services import audit
from connectors import base
from connectors.models import Coverage, Document, Feed, Run
from connectors.registry import connectors
from datasets import ingest
from datasets.models import Dataset, SchemaMode, Station, Variable
from datasets.services import declare, record_created
from datastream.core import jobs, leases
from datastream.core.errors import ConflictError, InvalidInputError, PlatformError
from datastream.core.http import Answer, Client, Limits
from datastream.core.models import OPEN, Status

log = structlog.get_logger(__name__)

TASK = "connectors.execute_run"
TRIES = 5
PART_BYTES = 8 * 1024 * 1024
KEPT_HEADERS = frozenset({"content-type", "date", "etag", "last-modified", "content-length"})

Progress = Callable[[int, int], None]


def connector_named(name: str) -> base.Connector:
    found = connectors.get(name)
    if found is None:
        raise InvalidInputError.of("connector", f"Choose from {', '.join(connectors.names())}.")
    return found


def base_url(connector: base.Connector) -> str:
    """Where the connector asks: its own address, or the one that a setting names."""
    return getattr(settings, f"{connector.name.upper()}_BASE_URL", "") or connector.base_url


@transaction.atomic
def make_feed(
    dataset: Dataset,
    connector: base.Connector,
    *,
    name: str,
    product: str,
    parameters: Mapping[str, Any],
) -> Feed:
    """Make a feed of this name, or give the existing one these parameters."""
    chosen = connector.product(product)
    # What is left of a deleted dataset does not keep the name of its feed.
    Feed.objects.filter(name=name, dataset__deleted_at__isnull=False).delete()
    facts = {
        "connector": connector.name,
        "product": chosen.name,
        "dataset_id": dataset.pk,
        "parameters": connector.check(chosen.name, parameters),
    }
    before = Feed.objects.filter(name=name).values(*facts).first()
    feed, is_new = Feed.objects.update_or_create(name=name, defaults=facts)
    if before != facts:
        _record_feed("feed.created" if is_new else "feed.changed", feed)
    rows = [_facts_of_variable(one) for one in chosen.variables.values()]
    declare(dataset, Variable, "name", rows)
    return feed


@transaction.atomic
def change_feed(feed: Feed, **facts: Any) -> None:
    """Change facts of a feed; runs that go on are not changed."""
    for name, value in facts.items():
        setattr(feed, name, value)
    feed.save()
    _record_feed("feed.changed", feed, fields=sorted(facts))


def _record_feed(action: str, feed: Feed, **details: Any) -> None:
    of = "feed", feed.pk
    audit.record(action, of=of, name=feed.name, dataset=feed.dataset_id, **details)


def _facts_of_variable(variable: base.Variable) -> dict[str, Any]:
    # A provider's own range is not ours to refuse by: an odd value is kept, flagged.
    return {k: v for k, v in asdict(variable).items() if k not in {"valid_min", "valid_max"}}


@transaction.atomic
def target_of(
    connector: base.Connector, owner: Any, *, name: str, visibility: str = "internal"
) -> Dataset:
    """The dataset that a connector's feeds of this name fill; made where there is none."""
    dataset, is_new = Dataset.objects.get_or_create(
        source=connector.name,
        name=name,
        defaults={
            "owner": owner,
            "visibility": visibility,
            "schema_mode": SchemaMode.FREEZE,
            "license": connector.license,
            "citation": connector.citation,
            "tags": [connector.name],
        },
    )
    if is_new:
        record_created(dataset)
    return dataset


def start_run(feed: Feed) -> Run:
    """Make a run of a feed; ConflictError with the id of the one that is going on."""
    try:
        with transaction.atomic():
            run = Run.objects.create(feed=feed, parameters=feed.parameters)
            of = "run", run.pk
            audit.record("feed.run", of=of, feed=feed.pk, name=feed.name, dataset=feed.dataset_id)
            return run
    except IntegrityError as error:
        going = feed.runs.filter(status__in=OPEN).values_list("pk", flat=True).first()
        message = f"The feed is running already, as run {going}."
        raise ConflictError(message, details={"run": str(going)}) from error


def run_again(run: Run) -> Run:
    """A new run with the parameters of an old one, in the worker."""
    with transaction.atomic():
        again = start_run(run.feed)
        Run.objects.filter(pk=again.pk).update(parameters=run.parameters)
        jobs.enqueue(TASK, run_id=str(again.pk))
    return again


# ------------------------------------------------------------------ one run


def _runs() -> QuerySet[Run]:
    """All but those of datasets that somebody deleted.

    Not by a join: an UPDATE with one forgets, once it has waited for a row, why it wanted the row.
    """
    return Run.objects.filter(feed__in=Feed.objects.filter(dataset__deleted_at__isnull=True))


def execute_run(run_id: UUID | str, progress: Progress | None = None) -> Run | None:
    """Do a run from where it stands; None where somebody else is at it, it is done or gone."""
    run = leases.take(_runs(), run_id)
    if run is None:
        return None
    if run.attempt > TRIES:
        _finish(
            run, Status.FAILED, {"code": "WORKER_DIED", "message": "The worker died too often."}
        )
        return run
    with leases.kept(run) as lost:
        try:
            _fetch_all(run, lambda: not lost.is_set(), progress)
        except PlatformError as error:
            problem = {"code": error.code, "message": error.message, "details": error.details}
            _finish(run, Status.PARTIAL if run.checkpoint else Status.FAILED, problem)
        except Exception as error:
            log.exception("run_failed", run=str(run.pk), feed=str(run.feed_id))
            problem = {"code": "SERVER_ERROR", "message": f"It failed ({type(error).__name__})."}
            _finish(run, Status.PARTIAL if run.checkpoint else Status.FAILED, problem)
    # Not refreshed: its dataset may have been deleted meanwhile, and the run with it.
    return Run.objects.select_related("feed__dataset").filter(pk=run.pk).first()


def _fetch_all(run: Run, is_ours: Callable[[], bool], progress: Progress | None) -> None:
    connector = connector_named(run.feed.connector)
    plan = connector.plan(run.feed.product, run.parameters)
    limits = Limits(per_second=connector.quota.per_second)
    agent = f"DataStreamPro/{settings.VERSION} (+{settings.CONTACT})"
    with Client(base_url(connector), user_agent=agent, limits=limits) as client:
        for number, request in enumerate(plan):
            if number >= run.checkpoint and is_ours():
                _fetch(run, connector, client, number=number, request=request)
            if progress is not None:
                progress(number + 1, len(plan))
    if is_ours():
        run.refresh_from_db()
        _finish(run, Status.PARTIAL if run.rejected else Status.SUCCEEDED, None)


def _fetch(
    run: Run, connector: base.Connector, client: Client, *, number: int, request: base.Request
) -> None:
    """Ask once, keep the raw answer, store what is in it together with the checkpoint."""
    try:
        answer = client.get(request.path, request.params)
        _keep_document(run, number, request, answer)
        page = connector.parse(request, answer)
        for note in page.notes:
            log.info("page_note", run=str(run.pk), note=note)
    except PlatformError as error:
        _cover(run, request, "failed", error.message)
        raise
    _declare_stations(run.feed.dataset, page)
    _store(run, number, request, page)
    run.checkpoint = number + 1


def _declare_stations(dataset: Dataset, page: base.Page) -> None:
    declare(dataset, Station, "code", [asdict(station) for station in page.stations])


def _store(run: Run, number: int, request: base.Request, page: base.Page) -> None:
    def checkpoint(outcome: ingest.Outcome) -> None:
        counts = {
            n: F(n) + getattr(outcome, n) for n in ("received", "inserted", "updated", "unchanged")
        }
        rejected = outcome.rejected + len(page.rejected)
        counts["received"] += len(page.rejected)
        Run.objects.filter(pk=run.pk, attempt=run.attempt).update(
            requests=F("requests") + 1,
            checkpoint=number + 1,
            rejected=F("rejected") + rejected,
            **counts,
        )
        _cover(run, request, "fetched" if page.table.num_rows else "empty")

    ingest.write(
        run.feed.dataset_id,
        ingest.from_table(page.table),
        author=ingest.Author(route=f"feed {run.feed.name}"[:255], run_id=run.pk),
        options=ingest.Options(on_invalid="skip"),
        also=checkpoint,
    )


def _cover(run: Run, request: base.Request, state: str, reason: str = "") -> None:
    """Note what is now known of the window of a request."""
    start, end = (
        datetime.combine(day, time(), UTC) for day in (request.window.start, request.window.end)
    )
    Coverage.objects.update_or_create(
        feed=run.feed,
        station=request.station,
        variable="",
        start=start,
        defaults={"end": end, "state": state, "reason": reason[:500], "checked_at": Now()},
    )


def _keep_document(run: Run, number: int, request: base.Request, answer: Answer) -> None:
    """Keep the raw answer, so that it can be read again without asking the provider."""
    body = gzip.compress(answer.body, mtime=0)
    headers = {k.lower(): v for k, v in answer.headers.items() if k.lower() in KEPT_HEADERS}
    for part, first in enumerate(range(0, len(body), PART_BYTES)):
        Document.objects.update_or_create(
            run_id=run.pk,
            sequence=number,
            part=part,
            defaults={
                "feed_id": run.feed_id,
                "request": {"path": request.path, "params": dict(request.params)},
                "status": answer.status,
                "headers": headers,
                "body": body[first : first + PART_BYTES],
                "received_at": answer.received_at,
            },
        )


def _finish(run: Run, status: Status, error: dict[str, Any] | None) -> None:
    Run.objects.filter(pk=run.pk, status__in=OPEN).update(
        status=status, error=error, finished_at=Now(), lease_until=None
    )


def sweep() -> int:
    """Queue again the runs that were lost."""
    return leases.sweep(_runs(), TASK, "run_id")
