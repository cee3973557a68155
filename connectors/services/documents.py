"""Raw answers: kept with what was made of them, moved to where documents live, read again."""

import gzip
import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router, transaction
from django.db.models import Sum

from connectors.base import Place, Request, Window
from connectors.models import Document, Run
from datastream.core import clock
from datastream.core.answers import Answer

log = structlog.get_logger(__name__)

PART_BYTES = 8 * 1024 * 1024
KEPT_HEADERS = frozenset(
    {"content-type", "date", "etag", "last-modified", "content-length", "cmr-hits"}
)
MOVED_AT_ONCE, MOVED_BYTES = 100, 16 * 1024 * 1024
# A tick is one transaction; the next goes on.
MOVES_IN_A_TICK = 10
DELETED_AT_ONCE = 500
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Packed:
    """An answer whose body is compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def pack(answer: Answer, kept: bytes) -> Packed:
    """An answer with what of its body may be kept."""
    headers = {k.lower(): v for k, v in answer.headers.items() if k.lower() in KEPT_HEADERS}
    # The quickest level: the next ones save a sixth of the space and take three times as long.
    body = gzip.compress(kept, compresslevel=1, mtime=0)
    return Packed(answer.status, headers, body, answer.received_at)


def keep(run: Run, answers: Iterable[tuple[int, Request, Packed]]) -> None:
    """Keep answers with their numbers, in the transaction of what was made of them.

    Always beside the points: where documents live elsewhere, `move` brings them there, so that a
    document store that is away holds nothing up.
    """
    Document.objects.using(DEFAULT_DB_ALIAS).bulk_create(
        part for number, request, packed in answers for part in _parts(run, number, request, packed)
    )


def _parts(run: Run, number: int, request: Request, packed: Packed) -> Iterator[Document]:
    for part, first in enumerate(range(0, max(len(packed.body), 1), PART_BYTES)):
        piece = packed.body[first : first + PART_BYTES]
        yield Document(
            feed_id=run.feed_id,
            run_id=run.pk,
            sequence=number,
            part=part,
            request=_written(request),
            status=packed.status,
            headers=packed.headers,
            body=piece,
            size=len(piece),
            received_at=packed.received_at,
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


def move(times: float = math.inf) -> int:
    """Bring documents to where they live, if that is elsewhere; their number.

    Those of one time are a hundred, or as many as are small enough together.
    """
    there = router.db_for_write(Document)
    moved = done = 0
    if there == DEFAULT_DB_ALIAS or not _is_set_up(there):
        return moved
    while done < times and (some := _move_some(there)):
        moved, done = moved + some, done + 1
    return moved


def _is_set_up(there: str) -> bool:
    """Whether `setup` has made what it needs; it was away the last time, if not."""
    table = Document._meta.db_table  # noqa: SLF001 - public in fact
    return table in connections[there].introspection.table_names()


def move_if_possible() -> int:
    """The same, not all at once; where their store is away, they wait here."""
    try:
        return move(MOVES_IN_A_TICK)
    except _troubles() as error:
        log.warning("documents_wait", error=type(error).__name__)
        return 0


def _troubles() -> tuple[type[Exception], ...]:
    """What is raised where the store is away."""
    # Takes a tenth of a second, and only those who have such a store need it.
    from pymongo.errors import PyMongoError

    return DatabaseError, PyMongoError


@transaction.atomic
def _move_some(there: str) -> int:
    here = Document.objects.using(DEFAULT_DB_ALIAS)
    # Another that moves at the same time takes others.
    waiting = here.order_by("received_at", "pk").select_for_update(skip_locked=True)
    sizes = waiting.values_list("pk", "size")[:MOVED_AT_ONCE]
    rows = list(here.filter(pk__in=_up_to(MOVED_BYTES, sizes)))
    known = set(
        Document.objects.using(there)
        .filter(pk__in=[row.pk for row in rows])
        .values_list("pk", flat=True)
    )
    # Those that are there already were moved by one who died before taking them away here.
    Document.objects.using(there).bulk_create([row for row in rows if row.pk not in known])
    return here.filter(pk__in=[row.pk for row in rows]).delete()[0]


def _up_to(most: int, sizes: Iterable[tuple[UUID, int]]) -> list[UUID]:
    """The first of them, as many as are together no larger than this, and at least one."""
    taken: list[UUID] = []
    held = 0
    for identity, size in sizes:
        held += size
        if taken and held > most:
            break
        taken.append(identity)
    return taken


def tidy() -> int:
    """Delete documents that are too old, then the oldest while all are too large; their number.

    Those that wait for their store count as well; where it is away, they are all there is.
    """
    there = router.db_for_write(Document)
    if there == DEFAULT_DB_ALIAS:
        return _tidy([DEFAULT_DB_ALIAS])
    try:
        places = [DEFAULT_DB_ALIAS, there] if _is_set_up(there) else [DEFAULT_DB_ALIAS]
        return _tidy(places)
    except _troubles() as error:
        log.warning("documents_wait", error=type(error).__name__)
        return _tidy([DEFAULT_DB_ALIAS])


def _tidy(places: Sequence[str]) -> int:
    too_old = clock.now() - timedelta(days=settings.DOCUMENTS_KEEP_DAYS)
    deleted = _delete_until(too_old, places)
    held = sum(
        Document.objects.using(place).aggregate(held=Sum("size"))["held"] or 0 for place in places
    )
    excess = held - settings.DOCUMENTS_MAX_MB * MIB
    if excess > 0:
        # All parts of an answer are of one time, and go together.
        deleted += _delete_until(_end_of_the_oldest(excess, places), places)
    return deleted


def _end_of_the_oldest(excess: int, places: Sequence[str]) -> datetime:
    """The time of the newest of the oldest documents that are together so large."""
    of_each = [
        Document.objects.using(place).order_by("received_at").values_list("received_at", "size")
        for place in places
    ]
    rows = heapq.merge(*(one.iterator(chunk_size=2000) for one in of_each))
    freed = 0
    while freed < excess:
        received_at, size = next(rows)
        freed += size
    return received_at


def _delete_until(end: datetime, places: Sequence[str]) -> int:
    """Delete what came until then, that moment included."""
    deleted = 0
    for place in places:
        rows = Document.objects.using(place).filter(received_at__lte=end)
        while identities := list(rows.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
            some = Document.objects.using(place).filter(pk__in=identities)
            deleted += some.delete()[0]
    return deleted


def numbers_of(feed_id: UUID) -> list[tuple[UUID, int]]:
    """Run and number of the answers that were kept for a feed, the oldest first."""
    # There is nothing to read in a refusal.
    first_parts = Document.objects.filter(feed_id=feed_id, part=0, status__lt=300)
    return list(first_parts.order_by("received_at", "sequence").values_list("run_id", "sequence"))


def read(run_id: UUID, number: int) -> tuple[Request, Answer]:
    """What was asked, and the answer as it is kept."""
    parts = list(Document.objects.filter(run_id=run_id, sequence=number).order_by("part"))
    return request_of(parts[0]), answer_of(parts)


def answer_of(parts: Sequence[Document]) -> Answer:
    """The answer that these parts hold, in their order."""
    body = gzip.decompress(b"".join(bytes(part.body) for part in parts))
    first = parts[0]
    return Answer("", first.status, first.headers, body, first.received_at)
