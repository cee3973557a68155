"""Schedules: what can be kept, and the next time they come."""

from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import schedules
from datastream.core.errors import InvalidInputError

NOW = datetime(2026, 3, 10, 12, 30, 15, tzinfo=UTC)
MOMENTS = st.integers(0, 100 * 366 * 1440).map(
    lambda minutes: datetime(1999, 1, 1, 0, 0, 7, tzinfo=UTC) + timedelta(minutes=minutes)
)


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high)
    pairs = st.tuples(one, one).map(sorted)
    return st.one_of(
        one.map(str),
        st.lists(one, min_size=2, max_size=4).map(lambda many: ",".join(map(str, many))),
        pairs.map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(pairs, st.integers(1, 9)).map(lambda p: f"{p[0][0]}-{p[0][1]}/{p[1]}"),
    )


STEPS = st.integers(1, 20).map(lambda step: f"*/{step}")
TIMES = st.tuples(numbers(0, 59) | STEPS | st.just("*"), numbers(0, 23) | STEPS | st.just("*")).map(
    " ".join
)


def cron_after(text: str, now: datetime = NOW) -> datetime:
    found = schedules.next_after({"cron": text}, now)
    assert found is not None
    return found


def celery_says(text: str, now: datetime) -> datetime:
    table = crontab.from_string(text)
    table.nowfun = lambda: now
    left: timedelta = table.remaining_estimate(now)
    return now + left


@settings(max_examples=150, deadline=None)
@given(TIMES, numbers(1, 28) | st.just("*"), numbers(1, 12) | st.just("*"), MOMENTS)
def test_the_next_time_by_day_of_month_is_the_one_that_celery_finds(
    times: str, days: str, months: str, now: datetime
) -> None:
    text = f"{times} {days} {months} *"
    assert cron_after(text, now) == celery_says(text, now)


@settings(max_examples=100, deadline=None)
@given(TIMES, numbers(0, 6), MOMENTS)
def test_the_next_time_by_day_of_week_is_the_one_that_celery_finds(
    times: str, weekdays: str, now: datetime
) -> None:
    text = f"{times} * * {weekdays}"
    assert cron_after(text, now) == celery_says(text, now)


@settings(max_examples=100, deadline=None)
@given(TIMES, numbers(1, 28), numbers(0, 6), MOMENTS)
def test_a_day_of_month_and_one_of_week_mean_whichever_comes_first(
    times: str, days: str, weekdays: str, now: datetime
) -> None:
    either = celery_says(f"{times} {days} * *", now), celery_says(f"{times} * * {weekdays}", now)
    assert cron_after(f"{times} {days} * {weekdays}", now) == min(either)


def test_with_a_star_both_fields_of_the_day_must_fit() -> None:
    # 10 March 2026 is a Tuesday; as in Vixie's cron, */2 leaves the odd days.
    assert cron_after("0 6 */2 * 3") == datetime(2026, 3, 11, 6, tzinfo=UTC)
    assert cron_after("0 6 */2 * 4") == datetime(2026, 3, 19, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * sun", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("0 0 * * 1-7/2", "0 0 * * 0,1,3,5"),
        ("0 0 * * */7", "0 0 * * 0"),
        ("0 0 * * MON-Fri", "0 0 * * 1-5"),
        ("0 0 * jan,Dec *", "0 0 * 1,12 *"),
        ("  0  0\t* * * ", "0 0 * * *"),
    ],
)
def test_sunday_is_0_and_7_and_names_are_numbers(text: str, same: str) -> None:
    one, other = schedules.cron(text), schedules.cron(same)
    assert (one.weekdays, one.months) == (other.weekdays, other.months)


def test_a_leap_day_is_waited_for() -> None:
    assert cron_after("0 0 29 2 *") == datetime(2028, 2, 29, tzinfo=UTC)
    # None in 2100, and only the fifth of those that follow is a Sunday.
    late = datetime(2096, 3, 1, tzinfo=UTC)
    assert cron_after("0 0 29 2 */7", late) == datetime(2128, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 32 * *",
        "0 0 * 13 *", "0 0 * * 8", "*/0 * * * *", "-1 * * * *", "1,,2 * * * *", "* * * *",
        "* * * * * *", "", "@daily", "a b c d e", "mon * * * *", "\u0663 * * * *", "0 0 * * 1" * 99,
    ],
)  # fmt: skip
def test_a_time_that_never_comes_or_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        schedules.check({"cron": text})
    assert "schedule" in caught.value.details


@pytest.mark.parametrize(
    "schedule",
    [
        {"every": "4m"}, {"every": "0h"}, {"every": "6"}, {"every": "6w"}, {"every": 6},
        {"every": "100000d"}, {"at": "6h"}, {}, {"every": "6h", "cron": "* * * * *"}, "6h", [], 7,
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(schedule: object) -> None:
    with pytest.raises(InvalidInputError):
        schedules.check(schedule)


def test_every_so_often_counts_from_now() -> None:
    assert schedules.check({"every": "90m"}) == {"every": "90m"}
    assert schedules.next_after({"every": "90m"}, NOW) == NOW + timedelta(minutes=90)
    assert schedules.next_after({"every": "99999d"}, NOW) == NOW + timedelta(days=99_999)


def test_without_a_schedule_there_is_no_next_time() -> None:
    assert schedules.check(None) is None
    assert schedules.next_after(None, NOW) is None
    assert schedules.next_after({}, NOW) is None
