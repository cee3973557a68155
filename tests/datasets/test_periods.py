"""Calendar periods against pandas and zoneinfo, also where clocks did odd things."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import periods
from datasets.periods import DAY, HOUR, STEPS, Interval, Ints, interval

TORONTO, LORD_HOWE = ZoneInfo("America/Toronto"), ZoneInfo("Australia/Lord_Howe")
KATHMANDU, ST_JOHNS = ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")
HAVANA, APIA = ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia")
FREQUENCIES = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}


def micros(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


def edges(step: str, zone: tzinfo, first: str, last: str) -> Ints:
    return periods.edges(STEPS[step], zone, micros(first), micros(last))


def shown(found: Ints) -> list[str]:
    times = found.astype("datetime64[us]").astype("datetime64[m]")
    texts: list[str] = np.datetime_as_string(times).tolist()
    return texts


def hours(found: Ints) -> list[float]:
    lengths: list[float] = (np.diff(found) / HOUR).tolist()
    return lengths


@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Australia/Lord_Howe",
                                  "Asia/Kathmandu", "Europe/Paris"])  # fmt: skip
@pytest.mark.parametrize("step", FREQUENCIES)
def test_periods_start_when_pandas_says(step: str, zone: str):
    ends = pd.DatetimeIndex(["1921-03-10T07:00Z", "2037-10-05T07:00Z"])
    found = periods.edges(STEPS[step], ZoneInfo(zone), *ends.as_unit("us").asi8.tolist())
    naive = pd.date_range("1920-01-01", "2039-01-01", freq=FREQUENCIES[step])
    begin, end = naive.searchsorted(ends.tz_convert(zone).tz_localize(None), "right")
    local = naive[begin - 1 : end + 1].tz_localize(zone, nonexistent="NaT", ambiguous="NaT")
    assert len(found) == len(local)
    # Where midnight does not come, or comes twice, the tests below say when the day begins.
    once = ~local.isna()
    assert once.sum() > len(once) - 5
    expected = local[once].tz_convert("UTC").as_unit("us").asi8
    np.testing.assert_array_equal(found[once], expected)


def test_days_have_23_and_25_hours_where_the_clock_changes():
    assert hours(edges("day", TORONTO, "2024-03-09T12:00", "2024-03-11T12:00")) == [24, 23, 24]
    assert hours(edges("day", TORONTO, "2024-11-02T12:00", "2024-11-04T12:00")) == [24, 25, 24]
    assert hours(edges("day", LORD_HOWE, "2024-04-05T20:00", "2024-04-06T20:00")) == [24, 24.5]
    assert hours(edges("day", LORD_HOWE, "2024-10-05T02:00", "2024-10-05T20:00")) == [24, 23.5]


def test_an_hour_that_comes_twice_is_two_and_a_skipped_one_is_none():
    autumn = edges("hour", TORONTO, "2024-11-03T04:00", "2024-11-04T04:59")
    assert hours(autumn) == [1] * 25
    assert hours(edges("hour", TORONTO, "2024-03-10T05:00", "2024-03-11T03:59")) == [1] * 23
    # At 2 the clock goes back by half an hour, to 1:30.
    changed = edges("hour", LORD_HOWE, "2024-04-06T14:10", "2024-04-06T15:40")
    assert shown(changed) == [
        "2024-04-06T14:00", "2024-04-06T15:00", "2024-04-06T15:30", "2024-04-06T16:30",
    ]  # fmt: skip


def test_hours_of_kathmandu_begin_at_a_quarter():
    assert shown(edges("hour", KATHMANDU, "2024-01-01T00:00", "2024-01-01T00:00")) == [
        "2023-12-31T23:15", "2024-01-01T00:15",
    ]  # fmt: skip


def test_steps_of_some_hours_start_at_the_midnight_of_the_place():
    for step, size in (("3h", 3), ("6h", 6), ("12h", 12)):
        day = edges(step, TORONTO, "2024-11-03T04:00", "2024-11-04T04:59")
        assert hours(day) == [size + 1] + [size] * (24 // size - 1)
        assert shown(day)[0] == "2024-11-03T04:00"


def test_december_belongs_to_the_winter_of_the_year_after():
    assert shown(edges("season", UTC, "2023-12-01T00:00", "2024-12-01T00:00")) == [
        "2023-12-01T00:00", "2024-03-01T00:00", "2024-06-01T00:00", "2024-09-01T00:00",
        "2024-12-01T00:00", "2025-03-01T00:00",
    ]  # fmt: skip


def test_mean_solar_time_of_1900_is_odd_to_the_second():
    # Kathmandu kept 5:41:16 until 1920.
    start = datetime(1900, 3, 1, tzinfo=KATHMANDU).astimezone(UTC)
    found = edges("month", KATHMANDU, "1900-03-05T00:00", "1900-03-05T00:00")
    assert found[0] == int(start.timestamp()) * 1_000_000 == micros("1900-02-28T18:18:44")


def test_a_midnight_that_is_skipped_begins_the_day_when_the_clock_goes_on():
    # From 23:30 to 0:30: the tz database, Toronto, 30 March 1919.
    found = edges("day", TORONTO, "1919-03-30T12:00", "1919-03-31T12:00")
    assert shown(found) == ["1919-03-30T05:00", "1919-03-31T04:30", "1919-04-01T04:00"]


def test_a_midnight_that_comes_twice_is_in_one_day_only():
    # From 1:00 to 0:00 on the same date.
    havana = edges("day", HAVANA, "2024-11-02T12:00", "2024-11-04T12:00")
    assert hours(havana) == [24, 25, 24]
    # From 0:01 to 23:01 of the day before, which has not ended then.
    assert hours(edges("day", ST_JOHNS, "2005-10-29T12:00", "2005-10-31T12:00")) == [25, 24, 24]


def test_a_date_that_was_skipped_is_no_day():
    # Samoa had no 30 December 2011.
    found = edges("day", APIA, "2011-12-29T12:00", "2012-01-01T00:00")
    assert shown(found) == [
        "2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00", "2012-01-01T10:00",
    ]  # fmt: skip
    month = edges("month", APIA, "2011-12-10T00:00", "2011-12-10T00:00")
    assert counts("P1D", "month", APIA, month) == [30]


@given(
    st.integers(micros("0001-01-02"), micros("9999-12-30")),
    st.sampled_from(list(STEPS)),
    st.sampled_from(["UTC", "America/Toronto", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_every_instant_is_in_one_period_that_begins_with_its_wall_time(
    instant: int, step: str, name: str
):
    zone = ZoneInfo(name)
    begin, end = periods.edges(STEPS[step], zone, instant, instant).tolist()
    assert begin <= instant < end
    if begin > micros("0001-01-02") and step in FREQUENCIES:
        wall = wall_time(begin, zone)
        assert (wall.hour, wall.minute, wall.second) == (0, 0, 0)
        assert wall.day == 1 or step in {"day", "week"}
        assert wall.month in {"quarter": (1, 4, 7, 10), "year": (1,)}.get(step, range(13))


def wall_time(instant: int, zone: tzinfo) -> datetime:
    since = np.datetime64(instant, "us").item().replace(tzinfo=UTC)
    found: datetime = since.astimezone(zone)
    return found


@given(st.integers(1900, 9998), st.sampled_from([TORONTO, LORD_HOWE, APIA]))
def test_clocks_of_any_year_are_those_of_zoneinfo(year: int, zone: ZoneInfo):
    start = periods.edges(
        STEPS["year"], zone, micros(f"{year:04}-07-01"), micros(f"{year:04}-07-01")
    )
    expected = [datetime(one, 1, 1, tzinfo=zone).astimezone(UTC) for one in (year, year + 1)]
    assert [wall_time(int(one), UTC) for one in start] == expected


# ------------------------------------------------------------------------------ expected values
def counts(
    text: str, step: str, zone: tzinfo, starts: Ints, anchor: str = "1970-01-01"
) -> list[int] | None:
    between = interval(text)
    assert between is not None
    found = periods.expected(between, STEPS[step], zone, starts, anchor=micros(anchor))
    return None if found is None else found.tolist()


def test_a_month_of_daily_values_has_its_days():
    year = edges("month", TORONTO, "2024-01-10T00:00", "2024-12-10T00:00")
    assert (
        counts("P1D", "month", TORONTO, year)
        == pd.date_range("2024-01-01", periods=12, freq="MS").days_in_month.tolist()
    )
    assert counts("P1D", "year", UTC, edges("year", UTC, "1900-01-01", "1900-01-01")) == [365]


def test_a_day_of_hourly_values_has_its_true_hours():
    days = edges("day", TORONTO, "2024-03-09T12:00", "2024-03-11T12:00")
    assert counts("PT1H", "day", TORONTO, days) == [24, 23, 24]
    assert counts("PT15M", "day", TORONTO, days) == [96, 92, 96]
    half = edges("day", LORD_HOWE, "2024-04-05T20:00", "2024-04-07T20:00")
    hourly = pd.date_range("2024-04-01", "2024-04-12", freq="h").as_unit("us").asi8
    expected = np.diff(np.searchsorted(hourly, half)).tolist()
    assert counts("PT1H", "day", LORD_HOWE, half) == expected


@pytest.mark.parametrize(
    ("text", "step", "expected"),
    [("P1M", "month", [1]), ("P1M", "quarter", [3]), ("P1M", "season", [3]), ("P1M", "year", [12]),
     ("P3M", "season", [1]), ("P1Y", "year", [1]), ("P1D", "week", [7]), ("PT6H", "12h", [2]),
     ("PT24H", "day", [1]), ("PT30S", "hour", [120])],
)  # fmt: skip
def test_periods_hold_so_many_values(text: str, step: str, expected: list[int]):
    found = edges(step, UTC, "2024-01-10T00:00", "2024-01-10T00:00")
    assert counts(text, step, UTC, found) == expected


@pytest.mark.parametrize(
    ("text", "step"),
    [("P1D", "12h"), ("PT3H", "hour"), ("P1M", "day"), ("P1M", "week"), ("P1Y", "season"),
     ("P10D", "week"), ("P2Y", "year")],
)  # fmt: skip
def test_values_that_come_less_often_than_periods_are_not_expected_in_each(text: str, step: str):
    found = edges(step, UTC, "2024-01-10T00:00", "2024-01-10T00:00")
    assert counts(text, step, UTC, found) is None


def test_weekly_values_are_expected_on_the_day_on_which_they_come():
    months = edges("month", UTC, "2024-01-10T00:00", "2024-06-10T00:00")
    saturdays = pd.date_range("2023-12-02", "2024-07-31", freq="W-SAT").as_unit("us").asi8
    expected = np.diff(np.searchsorted(saturdays, months)).tolist()
    assert counts("P7D", "month", UTC, months, anchor="1958-03-29") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("P1D", Interval(days=1)), ("P1W", Interval(days=7)), ("PT1H", Interval(micros=HOUR)),
     ("P1Y6M", Interval(months=18)), ("P1DT12H", Interval(micros=DAY + 12 * HOUR)),
     ("", None), ("P", None), ("PT", None), ("P0D", None), ("P1M1D", None), ("daily", None)],
)  # fmt: skip
def test_durations_are_read(text: str, expected: Interval | None):
    assert interval(text) == expected
