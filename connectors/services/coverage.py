"""Reading and writing the ledger: for each feed and place, what is known of which days."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from connectors import ledger
from connectors.base import Place, Window
from connectors.models import Coverage, Feed
from datastream.core import clock

# A statement names so many places at once.
PLACES_AT_ONCE = 500


def read(feed_id: UUID, places: Collection[Place] | None = None) -> dict[Place, list[ledger.Span]]:
    """What is known, in order, of some places or of all."""
    found: dict[Place, list[ledger.Span]] = {}
    rows = _rows(feed_id, places).order_by("station", "variable", "start")
    for row in rows:
        window = Window(row.start.astimezone(UTC).date(), row.end.astimezone(UTC).date())
        span = ledger.Span(window, row.state, row.reason, row.checked_at)
        found.setdefault(Place(row.station, row.variable), []).append(span)
    return found


def read_of(feed: Feed) -> dict[Place, list[ledger.Span]]:
    """All that is known of a feed's places."""
    return read(feed.pk)


@transaction.atomic
def note(feed_id: UUID, news: Iterable[tuple[Place, ledger.Span]]) -> None:
    """Put what was learnt in the place of what was known; a constant number of statements."""
    news = list(news)
    places = {place for place, _ in news}
    known = read(feed_id, places)
    for place, span in news:
        known[place] = ledger.put(known.get(place, []), span)
    _rows(feed_id, places).delete()
    Coverage.objects.bulk_create(
        _row(feed_id, place, span) for place, spans in known.items() for span in spans
    )


@transaction.atomic
def mark_due(feed_id: UUID, window: Window) -> None:
    """Let what is known of a window be asked for again; what is not is asked for anyway."""
    # Whoever changes the feed may forget all of it, which is not to come back.
    Feed.objects.select_for_update(no_key=True, of=["self"]).get(pk=feed_id)
    due = [
        (place, ledger.Span(Window(max(a.start, b.start), min(a.end, b.end)), ledger.DUE))
        for place, spans in read(feed_id).items()
        for a, b in ((span.window, window) for span in spans if span.state in ledger.KNOWN)
        if max(a.start, b.start) < min(a.end, b.end)
    ]
    if due:
        note(feed_id, due)


def forget(feed_id: UUID) -> None:
    """Know nothing any more, since something else is asked for now."""
    Coverage.objects.filter(feed_id=feed_id).delete()


def _rows(feed_id: UUID, places: Collection[Place] | None) -> QuerySet[Coverage]:
    rows = Coverage.objects.filter(feed_id=feed_id)
    if places is None or len(places) > PLACES_AT_ONCE:
        return rows
    return rows.filter(station__in={place.station for place in places})


def _row(feed_id: UUID, place: Place, span: ledger.Span) -> Coverage:
    return Coverage(
        feed_id=feed_id,
        station=place.station,
        variable=place.variables,
        start=_midnight(span.window.start),
        end=_midnight(span.window.end),
        state=span.state,
        reason=span.reason[:500],
        checked_at=span.checked_at or clock.now(),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
