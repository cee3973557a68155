"""Sealing the audit log: committed events are chained by hash, some at a time."""

import math
import time
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from accounts.selectors.chain import BEGIN, COLUMNS, digest

BATCH = 5000
# A transaction has a number of its own so soon after it has drawn an event's id: in fact, within
# microseconds.
MARGIN_S = 10.0
# So many ids are looked through at each pass; more only every so often.
FAR, FAR_EVERY_S = 50_000, 15.0
# One sealer at a time, whichever worker it is in. What is running is asked before any event is
# read.
LOCK = """
SELECT pg_try_advisory_xact_lock(hashtextextended('audit seals', 0)),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
WAITING = f"""
SELECT e.id, {COLUMNS} FROM audit_events e
WHERE e.id > %s AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.event_id = e.id)
ORDER BY e.id LIMIT %s"""  # noqa: S608 - columns of ours
NEWEST = "SELECT position, hash FROM audit_seals ORDER BY position DESC LIMIT 1"
NEWEST_EVENT = "SELECT coalesce(max(id), 0) FROM audit_events"
SEAL = """
INSERT INTO audit_seals (position, event_id, hash)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])"""


@dataclass(slots=True)
class Mark:
    """The newest event at some time (s), and the first transaction that began well after that."""

    event: int
    at: float
    transaction: int | None = None


@dataclass(slots=True)
class Sealer:
    """Seals what was committed since its last pass; its first one looks at the whole table.

    Events become visible out of the order of their ids: a long upload commits its line after many
    with higher ids. So a pass looks at all events above `settled`, an id up to which no
    transaction can add any more. It is raised to the newest event of some time ago once every
    transaction that began before then has ended: no time is assumed that one could not outlast.
    Where that is far back, only some passes look so far and the others at what is new.
    """

    settled: int = 0
    _mark: Mark | None = None
    _looked_far_at: float = -math.inf

    def seal(self) -> int:
        """Chain all that waits, and tell how many; 0 where another sealer is at it."""
        after, sealed = self._begin(), 0
        is_whole = after == self.settled
        oldest: int | None = None
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(LOCK)
                is_ours, runs, following = cursor.fetchone()
                if not is_ours:
                    return sealed
                # As it was before anything was read: who ended since then may have been missed.
                oldest = runs if oldest is None else oldest
                cursor.execute(WAITING, [after, BATCH])
                events = cursor.fetchall()
                if events:
                    _chain(cursor, events)
                if len(events) < BATCH:
                    self._settle(cursor, oldest if is_whole else None, following)
                    return sealed + len(events)
            sealed += len(events)
            after = events[-1][0]

    def _begin(self) -> int:
        """After which event this pass looks."""
        now, mark = time.monotonic(), self._mark
        is_near = mark is None or mark.event - self.settled < FAR
        if mark is None or is_near or now - self._looked_far_at > FAR_EVERY_S:
            self._looked_far_at = now
            return self.settled
        return mark.event

    def _settle(self, cursor: Any, oldest: int | None, following: int) -> None:
        """Raise `settled` where all have ended that could write below it; set the next mark.

        oldest : the first transaction that ran still; None where not all was looked at
        following : the next to begin
        """
        mark, now = self._mark, time.monotonic()
        if mark is not None and mark.transaction is None:
            if now - mark.at >= MARGIN_S:
                mark.transaction = following
            return
        if mark is not None and mark.transaction is not None:
            if oldest is None or oldest < mark.transaction:
                return
            self.settled = mark.event
        cursor.execute(NEWEST_EVENT)
        self._mark = Mark(cursor.fetchone()[0], now)


def _chain(cursor: Any, events: list[tuple[Any, ...]]) -> None:
    cursor.execute(NEWEST)
    position, before = cursor.fetchone() or (0, BEGIN)
    before, hashes = bytes(before), []
    for _, *event in events:
        before = digest(before, tuple(event))
        hashes.append(before)
    positions = list(range(position + 1, position + 1 + len(events)))
    cursor.execute(SEAL, [positions, [event[0] for event in events], hashes])
