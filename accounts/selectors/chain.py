"""The chain over the audit log: how an event is hashed, and whether all of it still fits.

A seal holds SHA-256 over the hash of the seal before it (32 zero bytes for the first) and a JSON
array of the event's columns as texts, so whoever changes, removes or slips in an event has to make
every later seal anew.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import orjson
from django.db import connection

BEGIN = bytes(32)
BATCH = 5000
# An event is committed within minutes of its time, however long the upload, and sealed at once. One
# that is sealed after others that came so much later has been slipped in.
LATE_S = 3600.0
# All as texts, the same whatever the session's settings are.
COLUMNS = """
e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.user_id::text,
e.credential, e.credential_id, e.action, e.object_type, e.object_id, e.outcome,
host(e.address), e.request_id, e.details::text"""
SEALED = f"""
SELECT s.position, s.event_id, s.hash, extract(epoch FROM s.sealed_at)::float8,
       extract(epoch FROM e.at)::float8, {COLUMNS}
FROM audit_seals s LEFT JOIN audit_events e ON e.id = s.event_id
WHERE s.position > %s ORDER BY s.position LIMIT %s"""  # noqa: S608 - columns of ours
UNSEALED = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)::float8,
       min(e.id) FILTER (WHERE e.id < %s AND extract(epoch FROM e.at) < %s)
FROM audit_events e WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.event_id = e.id)"""
Event = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold; `event` is None where only seals tell."""

    what: str
    position: int | None
    event: int | None


@dataclass(slots=True)
class Chain:
    """How far a walk came: position and hash of the last seal that held, and what waits."""

    position: int = 0
    hash: bytes = BEGIN
    sealed_at: float = 0.0
    highest_event: int = 0
    unsealed: int = 0
    oldest_unsealed_s: float = 0.0
    broken: Broken | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it is stored, with its event's columns; these are all None where it is gone."""

    position: int
    event_id: int
    hash: bytes
    sealed_at: float
    at: float | None
    event: Event


def digest(before: bytes, event: Event) -> bytes:
    return hashlib.sha256(before + orjson.dumps(event)).digest()


def verify(progress: Callable[[int], object] = lambda seals: None) -> Chain:
    """Walk the chain from its beginning to the first place where it is broken, in constant memory.

    `progress` is told after each batch how many seals have been looked at.
    """
    found = Chain()
    for seal, following in pairwise(chain(_seals(progress), [None])):
        assert seal is not None  # noqa: S101 - only the last of them is None
        found.broken = _problem(found, seal, following)
        if found.broken:
            return found
        found.position, found.hash, found.sealed_at = seal.position, seal.hash, seal.sealed_at
        found.highest_event = max(found.highest_event, seal.event_id)
    _look_at_unsealed(found)
    return found


def expect(position: int, known: bytes) -> Broken | None:
    """Whether a position and its hash that somebody kept elsewhere are still in the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM audit_seals WHERE position = %s", [position])
        found = cursor.fetchone()
    if found is None:
        return Broken("the chain ends before the expected position", position, None)
    if bytes(found[0]) != known:
        return Broken("another hash stands at the expected position", position, None)
    return None


def count() -> int:
    """The newest position; 0 where nothing is sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(position), 0) FROM audit_seals")
        return int(cursor.fetchone()[0])


def _seals(progress: Callable[[int], object]) -> Iterator[Seal]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(SEALED, [after, BATCH])
            rows = cursor.fetchall()
        if not rows:
            return
        for position, event_id, stored, sealed_at, at, *event in rows:
            yield Seal(position, event_id, bytes(stored), sealed_at, at, tuple(event))
        after = rows[-1][0]
        progress(len(rows))


def _problem(before: Chain, seal: Seal, following: Seal | None) -> Broken | None:
    """What is wrong with a seal or its event; the seal after it tells which of the two it is."""
    if seal.position != before.position + 1:
        return Broken("a seal is missing", before.position + 1, None)
    if seal.event[0] is None:
        return Broken("the event is missing", seal.position, seal.event_id)
    if digest(before.hash, seal.event) != seal.hash:
        is_kept = following is not None and _follows(seal, following)
        what = "the event was changed" if is_kept else "the seal does not fit its event"
        return Broken(what, seal.position, seal.event_id)
    is_late = seal.at is not None and before.sealed_at - seal.at > LATE_S
    if is_late and seal.event_id < before.highest_event:
        return Broken("the event was inserted later", seal.position, seal.event_id)
    return None


def _follows(seal: Seal, following: Seal) -> bool:
    """Whether the seal after this one was made upon it as it stands."""
    is_next = following.position == seal.position + 1
    return is_next and digest(seal.hash, following.event) == following.hash


def _look_at_unsealed(found: Chain) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [found.highest_event, found.sealed_at - LATE_S])
        found.unsealed, found.oldest_unsealed_s, inserted = cursor.fetchone()
    if inserted is not None:
        found.broken = Broken("the event was inserted later", None, inserted)
