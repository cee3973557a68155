"""Counters of limits: one number each, the time at which a caller's whole quota is there again.

The generic cell rate algorithm (ITU-T I.371, annex A): what is spent puts that time off, and by
itself it draws nearer. Of guesses the time of each is kept instead, since between a full quota and
the next that algorithm lets twice as many through. They are kept in Redis where it is configured,
else in the database; those that must outlive a crash of either, in a table that does. Each is
changed by one atomic step, outside of any transaction, so that what is undone was still counted.
"""

import math
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import redis
import structlog
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)
T = TypeVar("T")

# A counter must not hold up what it counts.
TIMEOUT_S = 0.25
# How long Redis is left alone after it did not answer.
AWAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What became of a step: whether it was counted, and the seconds until all is there again."""

    is_counted: bool
    ahead_s: float


# ------------------------------------------------------------------ in the database

_NOW = "extract(epoch FROM clock_timestamp())::float8"
SHORT, LASTING = "rate_counters", "lasting_counters"


def _spending(table: str) -> str:
    # `excluded.full_at - cost` is now. Where the step would go too far there is no row, and the
    # second part says how far ahead the counter is.
    return f"""
WITH spent AS (
    INSERT INTO {table} AS kept (name, full_at) VALUES (%(name)s, {_NOW} + %(cost)s)
    ON CONFLICT (name) DO UPDATE
    SET full_at = greatest(kept.full_at + %(cost)s, excluded.full_at)
    WHERE greatest(kept.full_at + %(cost)s, excluded.full_at)
        <= excluded.full_at - %(cost)s + %(most)s
    RETURNING full_at
)
SELECT true, full_at - {_NOW} FROM spent
UNION ALL
SELECT false, full_at - {_NOW} FROM {table}
WHERE name = %(name)s AND NOT EXISTS (SELECT FROM spent)"""  # noqa: S608 - constants only


_SPEND = {table: _spending(table) for table in (SHORT, LASTING)}
_AHEAD = f"SELECT full_at - {_NOW} FROM rate_counters WHERE name = %s"  # noqa: S608
_SWEEP = [f"DELETE FROM {table} WHERE full_at < {_NOW}" for table in (SHORT, LASTING)]  # noqa: S608
# Times of failures in order, the oldest first, without those older than the window.
_RECENT = f"""
ARRAY(SELECT one FROM unnest(kept.at) one WHERE one > {_NOW} - %(window)s ORDER BY one)"""  # noqa: S608
_NOTE = f"""
INSERT INTO guesses AS kept (name, at) VALUES (%(name)s, ARRAY[{_NOW}])
ON CONFLICT (name) DO UPDATE SET at = {_RECENT} || excluded.at
WHERE cardinality({_RECENT}) < %(most)s
RETURNING true"""  # noqa: S608
_LEFT = f"""
SELECT one + %(window)s - {_NOW} FROM guesses kept, unnest({_RECENT}) one
WHERE name = %(name)s ORDER BY one"""  # noqa: S608
_TAKE_BACK = "UPDATE guesses SET at = trim_array(at, 1) WHERE name = %s AND cardinality(at) > 0"
_FORGET = "DELETE FROM guesses WHERE name = %s"
_SWEEP_GUESSES = f"""
DELETE FROM guesses WHERE coalesce(at[cardinality(at)], 0) < {_NOW} - %s"""  # noqa: S608


class InDatabase:
    """Rows of unlogged tables, and the database's clock."""

    def spend_for_long(self, name: str, cost_s: float, most_s: float) -> Spent:
        """Count in a table that a crash does not empty."""
        return self._spend(LASTING, name, cost_s, most_s)

    def spend(self, name: str, cost_s: float, most_s: float) -> Spent:
        """Count what costs so much, if the counter is then at most so far ahead."""
        return self._spend(SHORT, name, cost_s, most_s)

    def _spend(self, table: str, name: str, cost_s: float, most_s: float) -> Spent:
        asked = {"name": name, "cost": cost_s, "most": most_s}
        with _alone() as cursor:
            cursor.execute(_SPEND[table], asked)
            row = cursor.fetchone()
        # None where another made the counter and spent all of it in the same moment.
        return Spent(*row) if row else Spent(is_counted=False, ahead_s=most_s)

    def ahead_s(self, name: str) -> float:
        with _alone() as cursor:
            cursor.execute(_AHEAD, [name])
            row = cursor.fetchone()
        return max(row[0], 0.0) if row else 0.0

    def note(self, name: str, window_s: float, most: int) -> bool:
        """Note a failure now, if with it there are at most so many in the window before now."""
        asked = {"name": name, "window": window_s, "most": most}
        with _alone() as cursor:
            cursor.execute(_NOTE, asked)
            return cursor.fetchone() is not None

    def noted(self, name: str, window_s: float) -> list[float]:
        """For each failure in the window the seconds until it is out of it, the next one first."""
        with _alone() as cursor:
            cursor.execute(_LEFT, {"name": name, "window": window_s})
            return [row[0] for row in cursor.fetchall()]

    def take_back(self, name: str) -> None:
        """Forget the newest failure."""
        with _alone() as cursor:
            cursor.execute(_TAKE_BACK, [name])

    def forget(self, name: str) -> None:
        """Forget all failures."""
        with _alone() as cursor:
            cursor.execute(_FORGET, [name])

    def sweep(self, window_s: float) -> int:
        """Delete what says nothing any more, failures older than the window; the number."""
        with _alone() as cursor:
            deleted = 0
            for statement in _SWEEP:
                cursor.execute(statement)
                deleted += int(cursor.rowcount)
            cursor.execute(_SWEEP_GUESSES, [window_s])
            return deleted + int(cursor.rowcount)


@contextmanager
def _alone() -> Iterator[Any]:
    """A cursor whose statement is committed by itself."""
    if not _is_in_transaction():
        with connection.cursor() as cursor:
            yield cursor
        return
    # Seldom: a current password that is asked for with a change.
    with closing(connection.copy()) as own, own.cursor() as cursor:
        yield cursor


def _is_in_transaction() -> bool:
    # Not those around a test, told apart as the framework does for `atomic(durable=True)`.
    blocks: list[Any] = connection.atomic_blocks
    return connection.in_atomic_block and not any(block._from_testcase for block in blocks)  # noqa: SLF001


# ------------------------------------------------------------------ in Redis

_SPEND_LUA = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kept = tonumber(redis.call('GET', KEYS[1]) or now)
local cost, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(kept, now) + cost
if full > now + most then
    return {0, tostring(math.max(kept, now) - now)}
end
if full > now then
    local life = math.ceil((full - now) * 1000) + 1000
    redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', life)
end
return {1, string.format('%.6f', full - now)}
"""
_NOTE_LUA = """
local clock = redis.call('TIME')
local now, window = tonumber(clock[1]) + tonumber(clock[2]) / 1000000, tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now - window))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000))
return 1
"""
_NOTED_LUA = """
local clock = redis.call('TIME')
local now, window = tonumber(clock[1]) + tonumber(clock[2]) / 1000000, tonumber(ARGV[1])
local late = string.format('(%.6f', now - window)
local kept = redis.call('ZRANGEBYSCORE', KEYS[1], late, '+inf', 'WITHSCORES')
local left = {}
for n = 2, #kept, 2 do
    left[#left + 1] = string.format('%.6f', tonumber(kept[n]) + window - now)
end
return left
"""
# Redis reads no numbers as long as infinity.
_LONGEST_S = 1e9


class InRedis:
    """Keys that expire, and the clock of Redis."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            # By itself the client tries again for four seconds.
            retry=Retry(NoBackoff(), 0),
        )
        self._spend = self.client.register_script(_SPEND_LUA)
        self._note = self.client.register_script(_NOTE_LUA)
        self._noted = self.client.register_script(_NOTED_LUA)
        self._away_until = -math.inf

    @property
    def is_away(self) -> bool:
        """Whether it did not answer lately, and is not asked by this process."""
        return time.monotonic() < self._away_until

    def leave_alone(self) -> None:
        self._away_until = time.monotonic() + AWAY_S
        # Its other connections are dead as well, and would each be found out one by one.
        self.client.connection_pool.disconnect()

    def spend(self, name: str, cost_s: float, most_s: float) -> Spent:
        words = [repr(cost_s), repr(min(most_s, _LONGEST_S))]
        is_counted, ahead_s = self._spend(keys=[_key(name)], args=words)
        return Spent(bool(is_counted), float(ahead_s))

    def ahead_s(self, name: str) -> float:
        # Costs nothing, and never goes too far.
        return self.spend(name, 0.0, _LONGEST_S).ahead_s

    def note(self, name: str, window_s: float, most: int) -> bool:
        words = [repr(window_s), str(most), uuid.uuid4().hex]
        return bool(self._note(keys=[_key(name)], args=words))

    def noted(self, name: str, window_s: float) -> list[float]:
        return [float(one) for one in self._noted(keys=[_key(name)], args=[repr(window_s)])]

    def take_back(self, name: str) -> None:
        self.client.zpopmax(_key(name))

    def forget(self, name: str) -> None:
        self.client.delete(_key(name))


def _key(name: str) -> str:
    return f"datastream:limit:{name}"


# ------------------------------------------------------------------ where they are now


def is_away() -> bool:
    """Whether Redis is configured and did not answer; limits are stricter until it does."""
    return bool(settings.REDIS_URL) and _in_redis(settings.REDIS_URL).is_away


def counted(step: Callable[[InDatabase | InRedis], T]) -> T:
    """The result of a step, on the counters of Redis or else on those of the database."""
    if settings.REDIS_URL and not is_away():
        store = _in_redis(settings.REDIS_URL)
        try:
            return step(store)
        except redis.RedisError as error:
            store.leave_alone()
            log.warning("limits_in_database", error=type(error).__name__)
    return step(InDatabase())


@cache
def _in_redis(url: str) -> InRedis:
    return InRedis(url)
