"""Counters of limits: never more than they say, under parallel requests, in both places."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from accounts import counters, limits, tasks
from accounts.counters import InDatabase, InRedis
from accounts.limits import Caller
from datastream.core import origin
from datastream.core.errors import TooManyRequestsError
from datastream.core.origin import JWT, KEY, Credential
from datastream.env import Rate
from tests import redis as redis_server
from tests.redis import Redis
from tests.running import eventually
from tests.threads import at_once

Store = InDatabase | InRedis
SOMEBODY = Caller("user somebody")


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with redis_server.running() as server:
        yield server


@pytest.fixture(params=["database", "redis"])
def store(request: pytest.FixtureRequest, db: None) -> Store:
    """The counters of the database, and those of Redis."""
    if request.param == "database":
        return InDatabase()
    return InRedis(request.getfixturevalue("redis").url)


@pytest.fixture
def few() -> Iterator[None]:
    """Limits of three to a minute."""
    rate = Rate(3, 60)
    with override_settings(RATE_READS=rate, RATE_POINTS=rate, REDIS_URL=""):
        yield


@pytest.fixture
def request_of() -> Iterator[Callable[..., origin.Origin]]:
    """Begin a request of a user with a credential, or of nobody, from an address."""

    def begin(address: str = "192.0.2.1", kind: str = "", identity: Any = None) -> origin.Origin:
        here = origin.begin("a request", address)
        if kind:
            here.user_id, here.credential = identity, Credential(kind, str(identity))
        return here

    yield begin
    origin.end()


def refused(policy: str, **more: Any) -> TooManyRequestsError:
    with pytest.raises(TooManyRequestsError) as caught:
        limits.spend(policy, **more)
    return caught.value


# ------------------------------------------------------------------ both places


def test_a_counter_takes_what_fits_and_no_more(store: Store) -> None:
    name = f"fits {time.time_ns()}"
    answers = [store.spend(name, 100, 300) for _ in range(4)]
    assert [one.is_counted for one in answers] == [True, True, True, False]
    assert [one.ahead_s for one in answers] == pytest.approx([100, 200, 300, 300], abs=20)
    assert store.ahead_s(name) == pytest.approx(300, abs=20)


def test_what_costs_less_than_is_left_is_taken_after_a_refusal(store: Store) -> None:
    name = f"less {time.time_ns()}"
    assert store.spend(name, 250, 300).is_counted
    assert not store.spend(name, 100, 300).is_counted
    assert store.spend(name, 49, 300).is_counted


def test_a_counter_fills_again_with_time(store: Store) -> None:
    name = f"fills {time.time_ns()}"
    assert store.spend(name, 3, 3).is_counted
    assert not store.spend(name, 3, 3).is_counted
    assert eventually(lambda: store.spend(name, 3, 3).is_counted, every_s=0.05)


def test_a_debt_is_paid_off_first(store: Store) -> None:
    name = f"debt {time.time_ns()}"
    assert store.spend(name, 1000, float("inf")).is_counted
    refusal = store.spend(name, 1, 300)
    assert not refusal.is_counted
    assert refusal.ahead_s == pytest.approx(1000, abs=20)


def test_failures_are_noted_until_they_are_as_many_as_may_be(store: Store) -> None:
    name = f"noted {time.time_ns()}"
    assert store.noted(name, 300) == []
    assert [store.note(name, 300, 3) for _ in range(5)] == [True, True, True, False, False]
    left = store.noted(name, 300)
    assert left == sorted(left)
    assert left == pytest.approx([300, 300, 300], abs=20)


def test_a_failure_is_out_when_its_window_is_over(store: Store) -> None:
    def story() -> list[bool]:
        name, taken = f"window {time.time_ns()}", []
        for pause_s in (0, 0.2, 0, 0.15, 0):
            time.sleep(pause_s)
            taken.append(store.note(name, 0.3, 2))
        return taken

    # A machine that is busy may make a pause longer than it is here.
    assert eventually(lambda: story() == [True, True, False, True, False], 10)


def test_a_failure_that_was_none_is_taken_back(store: Store) -> None:
    name = f"back {time.time_ns()}"
    store.take_back(name)
    for _ in range(3):
        store.note(name, 300, 3)
    store.take_back(name)
    assert len(store.noted(name, 300)) == 2
    assert [store.note(name, 300, 3) for _ in range(2)] == [True, False]
    store.forget(name)
    assert store.noted(name, 300) == []


def test_callers_have_counters_of_their_own(store: Store) -> None:
    one, other = f"one {time.time_ns()}", f"other {time.time_ns()}"
    assert store.spend(one, 300, 300).is_counted
    assert store.spend(other, 300, 300).is_counted


def taken_at(steps: list[float], take: Callable[[], bool]) -> list[tuple[float, float]]:
    """Try after each pause; the times before and after each that was let through."""
    taken = []
    for pause in steps:
        time.sleep(pause)
        before = time.time()
        if take():
            taken.append((before, time.time()))
    return taken


@hypothesis(deadline=None, max_examples=6)
@given(steps=st.lists(st.floats(0, 0.01), min_size=5, max_size=15))
def test_within_any_time_no_more_than_the_quota_and_what_came_back(
    django_db_blocker: Any, django_db_setup: None, redis: Redis, steps: list[float]
) -> None:
    quota, window_s = 3, 0.03
    with django_db_blocker.unblock():
        for store in (InDatabase(), InRedis(redis.url)):
            name = f"law {time.time_ns()}"
            spend = partial(store.spend, name, window_s / quota, window_s)
            taken = taken_at(steps, lambda: spend().is_counted)  # noqa: B023 - called at once
            for first in range(len(taken)):
                for last in range(first, len(taken)):
                    elapsed_s = taken[last][1] - taken[first][0]
                    assert last - first + 1 <= quota + elapsed_s * quota / window_s + 1e-3


@pytest.mark.slow
@hypothesis(deadline=None, max_examples=6)
@given(steps=st.lists(st.floats(0, 0.02), min_size=5, max_size=15))
def test_within_any_window_no_more_failures_than_the_limit(
    django_db_blocker: Any, django_db_setup: None, redis: Redis, steps: list[float]
) -> None:
    most, window_s = 3, 0.03
    with django_db_blocker.unblock():
        for store in (InDatabase(), InRedis(redis.url)):
            name = f"strict {time.time_ns()}"
            taken = taken_at(steps, partial(store.note, name, window_s, most))
            for first, beyond in zip(taken, taken[most:], strict=False):
                assert beyond[1] - first[0] >= window_s


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("place", ["database", "redis"])
def test_parallel_failures_are_no_more_than_may_be(place: str, redis: Redis) -> None:
    store = InDatabase() if place == "database" else InRedis(redis.url)

    def work() -> int:
        return sum(store.note("parallel failures", 600, 10) for _ in range(5))

    assert sum(at_once(*[work] * 8)) == 10


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("place", ["database", "redis"])
def test_parallel_requests_cannot_spend_more_than_there_is(place: str, redis: Redis) -> None:
    store = InDatabase() if place == "database" else InRedis(redis.url)

    def work() -> int:
        return sum(store.spend("parallel", 60, 600).is_counted for _ in range(5))

    assert sum(at_once(*[work] * 8)) == 10


@pytest.mark.usefixtures("committed_db")
def test_what_is_undone_was_counted_all_the_same() -> None:
    store = InDatabase()
    with transaction.atomic():
        store.spend("undone", 60, 600)
        transaction.set_rollback(True)
    assert store.ahead_s("undone") == pytest.approx(60, abs=20)


def test_counters_that_say_nothing_any_more_are_swept(db: None) -> None:
    store = InDatabase()
    store.spend("over", 0.001, 1)
    store.spend("open", 60, 600)
    time.sleep(0.01)
    tasks.sweep_limits()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM rate_counters WHERE name IN ('over', 'open')")
        assert cursor.fetchall() == [("open",)]


def test_failures_that_are_old_are_swept(db: None) -> None:
    store = InDatabase()
    for name in ("old", "new"):
        store.note(name, 900, 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE guesses SET at = ARRAY[at[1] - 1000] WHERE name = 'old'")
        store.sweep(900)
        cursor.execute("SELECT name FROM guesses WHERE name IN ('old', 'new')")
        assert cursor.fetchall() == [("new",)]


def test_a_key_in_redis_goes_by_itself(redis: Redis) -> None:
    store = InRedis(redis.url)
    store.spend("brief", 2, 60)
    assert 0 < store.client.pttl("datastream:limit:brief") <= 3000


# ------------------------------------------------------------------ callers and quotas


def test_a_caller_is_refused_past_the_quota_and_told_when_to_come_back(db: None, few: None) -> None:
    for _ in range(3):
        limits.spend(limits.READS, of=SOMEBODY)
    error = refused(limits.READS, of=SOMEBODY)
    assert 10 < error.retry_after_s <= 20
    assert error.details == {"limit": "reads", "quota": 3, "window_s": 60}


def test_what_weighs_more_than_the_quota_takes_all_of_it(db: None, few: None) -> None:
    limits.spend(limits.READS, 1000, of=SOMEBODY)
    assert 10 < refused(limits.READS, of=SOMEBODY).retry_after_s <= 20


def test_what_was_done_is_charged_beyond_the_quota(
    db: None, few: None, request_of: Callable[..., Any]
) -> None:
    here = request_of(kind=JWT, identity=1)
    limits.require(limits.POINTS)
    limits.charge(limits.POINTS, 30)
    assert here.limits["points"].left == 0
    with pytest.raises(TooManyRequestsError) as caught:
        limits.require(limits.POINTS)
    assert 500 < caught.value.retry_after_s <= 560


def test_a_rate_by_the_second_allows_a_burst_of_ten(db: None) -> None:
    with override_settings(RATE_READS=Rate(400, 1)):
        quota = limits.quota(limits.READS, SOMEBODY)
    assert (quota.number, quota.window_s) == (4000, 10)


def test_strangers_have_a_tenth(db: None) -> None:
    with override_settings(RATE_READS=Rate(400, 1), RATE_EXPORTS=Rate(3, 60)):
        stranger = Caller("network 192.0.2.1", is_stranger=True)
        assert limits.quota(limits.READS, stranger).number == 400
        assert limits.quota(limits.EXPORTS, stranger).number == 1


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("192.0.2.1", JWT, 1), ("192.0.2.2", JWT, 1), True),
        (("192.0.2.1", JWT, 1), ("192.0.2.1", JWT, 2), False),
        (("192.0.2.1", KEY, 1), ("192.0.2.1", JWT, 1), False),
        (("192.0.2.1",), ("192.0.2.1",), True),
        (("192.0.2.1",), ("192.0.2.2",), False),
        (("2001:db8:1:2::a",), ("2001:db8:1:2:ffff::b",), True),
        (("2001:db8:1:2::a",), ("2001:db8:1:3::a",), False),
        (("192.0.2.1",), ("192.0.2.1", JWT, 1), False),
    ],
)
def test_who_shares_a_counter(
    request_of: Callable[..., Any], one: Any, other: Any, is_same: bool
) -> None:
    names = []
    for caller in (one, other):
        request_of(*caller)
        names.append(limits.quota(limits.READS, limits.caller()).counter)
    assert (names[0] == names[1]) == is_same


def test_a_counter_is_named_by_a_hash(request_of: Callable[..., Any]) -> None:
    request_of("192.0.2.77")
    name = limits.quota(limits.READS, limits.caller()).counter
    assert "192" not in name
    assert len(name) < 60


def test_a_request_announces_what_it_was_held_to(
    db: None, few: None, request_of: Callable[..., Any]
) -> None:
    here = request_of(kind=JWT, identity=2)
    limits.spend(limits.READS)
    standing = here.limits["reads"]
    assert (standing.quota, standing.window_s, standing.left) == (3, 60, 2)
    assert standing.full_in_s == 20


# ------------------------------------------------------------------ Redis that dies


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.slow
def test_f_05_without_redis_limits_are_kept_in_the_database_and_are_stricter(db: None) -> None:
    six = Rate(6, 60)
    with redis_server.running() as server, override_settings(REDIS_URL=server.url, RATE_READS=six):
        limits.spend(limits.READS, of=SOMEBODY)
        assert not counters.is_away()
        server.kill()
        began = time.monotonic()
        # The first of them finds out while it is held to all six.
        for _ in range(3):
            limits.spend(limits.READS, of=SOMEBODY)
        assert refused(limits.READS, of=SOMEBODY).details["quota"] == 3
        assert time.monotonic() - began < counters.AWAY_S
        assert counters.is_away()
