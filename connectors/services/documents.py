"""Raw answers: kept with what was made of them, moved to where documents live, read again."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, router
from django.db.models import Sum

from connectors.base import Place, Request, Window
from connectors.models import Document, Run
from datastream.core import clock
from datastream.core.answers import Answer

PART_BYTES = 8 * 1024 * 1024
KEPT_HEADERS = frozenset(
    {"content-type", "date", "etag", "last-modified", "content-length", "cmr-hits"}
)
MOVED_AT_ONCE = 20
DELETED_AT_ONCE = 500
MIB = 2**20


def keep(run: Run, answers: Sequence[tuple[Request, Answer]]) -> None:
    """Keep answers in the transaction of what was made of them.

    Always beside the points: where documents live elsewhere, `move` brings them there, so that a
    document store that is away holds nothing up.
    """
    first = run.requests - len(answers)
    Document.objects.using(DEFAULT_DB_ALIAS).bulk_create(
        part
        for number, (request, answer) in enumerate(answers, first)
        for part in _parts(run, number, request, answer)
    )


def _parts(run: Run, number: int, request: Request, answer: Answer) -> Iterator[Document]:
    body = gzip.compress(answer.body, compresslevel=6, mtime=0)
    headers = {k.lower(): v for k, v in answer.headers.items() if k.lower() in KEPT_HEADERS}
    for part, first in enumerate(range(0, max(len(body), 1), PART_BYTES)):
        piece = body[first : first + PART_BYTES]
        yield Document(
            feed_id=run.feed_id,
            run_id=run.pk,
            sequence=number,
            part=part,
            request=_written(request),
            status=answer.status,
            headers=headers,
            body=piece,
            size=len(piece),
            received_at=answer.received_at,
        )


def _written(request: Request) -> dict[str, Any]:
    window = {"start": request.window.start.isoformat(), "end": request.window.end.isoformat()}
    # Their values may be keys.
    return {**asdict(request), "window": window, "headers": {}, "json": request.json}


def request_of(document: Document) -> Request:
    """The request that a document answers."""
    told = document.request
    start, end = (date.fromisoformat(told["window"][name]) for name in ("start", "end"))
    return Request(
        **{**told, "place": Place(**told["place"]), "window": Window(start=start, end=end)}
    )


def move() -> int:
    """Bring documents to where they live, if that is elsewhere; their number."""
    there = router.db_for_write(Document)
    if there == DEFAULT_DB_ALIAS:
        return 0
    here = Document.objects.using(DEFAULT_DB_ALIAS)
    moved = 0
    while rows := list(here.order_by("received_at", "pk")[:MOVED_AT_ONCE]):
        known = set(
            Document.objects.using(there)
            .filter(pk__in=[row.pk for row in rows])
            .values_list("pk", flat=True)
        )
        # Those that are there already were moved by one who died before taking them away here.
        Document.objects.using(there).bulk_create(row for row in rows if row.pk not in known)
        moved += here.filter(pk__in=[row.pk for row in rows]).delete()[0]
    return moved


def tidy() -> int:
    """Delete documents that are too old, then the oldest while all are too large; their number."""
    before = clock.now() - timedelta(days=settings.DOCUMENTS_KEEP_DAYS)
    deleted = _delete_all(Document.objects.filter(received_at__lt=before))
    room = settings.DOCUMENTS_MAX_MB * MIB
    while (Document.objects.aggregate(held=Sum("size"))["held"] or 0) > room:
        oldest = Document.objects.order_by("received_at").values_list("pk", flat=True)
        deleted += Document.objects.filter(pk__in=list(oldest[:DELETED_AT_ONCE])).delete()[0]
    return deleted


def _delete_all(rows: Any) -> int:
    deleted = 0
    while identities := list(rows.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        deleted += Document.objects.filter(pk__in=identities).delete()[0]
    return deleted


def numbers_of(feed_id: UUID) -> list[tuple[UUID, int]]:
    """Run and number of the answers that were kept for a feed, the oldest first."""
    first_parts = Document.objects.filter(feed_id=feed_id, part=0)
    return list(first_parts.order_by("received_at", "sequence").values_list("run_id", "sequence"))


def read(run_id: UUID, number: int) -> tuple[Request, Answer]:
    """What was asked, and the answer as it came."""
    parts = list(Document.objects.filter(run_id=run_id, sequence=number).order_by("part"))
    return request_of(parts[0]), answer_of(parts)


def answer_of(parts: Sequence[Document]) -> Answer:
    """The answer that these parts hold, in their order."""
    body = gzip.decompress(b"".join(bytes(part.body) for part in parts))
    first = parts[0]
    return Answer("", first.status, first.headers, body, first.received_at)
