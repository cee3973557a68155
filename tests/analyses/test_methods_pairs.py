"""Times that series share, series that are delayed, values without seasons and lines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.methods.calendar import not_complete
from analyses.methods.pairs import (
    cleaned,
    common_times,
    delayed,
    explained,
    reason_without,
    sampled,
    values_at,
)
from datasets.series import Series

LAWS = settings(max_examples=30, deadline=None, database=None)
PLACES = st.sets(st.integers(0, 40), max_size=40)


def series(places, *, unit="D", start="2001-01-01", interval="P1D"):
    """Values that are their places in time."""
    places = np.array(sorted(places), int)
    stamps = (np.datetime64(start, unit) + places).astype("datetime64[us]")
    return Series("T", "K", "X", stamps, places.astype(float), interval=interval)


def raw(places, **facts):
    return sampled(series(places, **facts), "raw", min_coverage=0.8)


@LAWS
@given(st.lists(PLACES, min_size=1, max_size=4))
def test_common_times_are_those_of_all(some):
    samples = [raw(places) for places in some]
    times = common_times(samples)
    wanted = sorted(set.intersection(*some))
    assert times.tolist() == series(wanted).timestamps.tolist()
    for one in samples:
        assert values_at(one, times).tolist() == wanted


@LAWS
@given(PLACES, st.integers(-5, 5))
def test_what_is_delayed_stands_so_many_steps_later(places, steps):
    later = delayed(raw(places), steps, beside=raw({0}))
    assert later.times.tolist() == series({p + steps for p in places}).timestamps.tolist()
    assert later.values.tolist() == sorted(places)


def test_months_are_delayed_by_months_and_a_day_that_two_reach_is_the_first_ones():
    # 28 to 31 January one month later are all 28 February, which has no later day.
    january = raw({27, 28, 29, 30, 59, 60}, interval="P1M")
    assert [str(one)[:10] for one in january.times[-2:]] == ["2001-03-01", "2001-03-02"]
    later = delayed(january, 1, beside=january)
    told = [str(one)[5:10] for one in later.times]
    assert told == ["02-28", "04-01", "04-02"]
    assert later.values.tolist() == [27, 59, 60]


def test_a_day_that_two_reach_is_kept_once():
    leap = raw({30, 31}, interval="P1M")
    spring = raw({89, 120}, interval="P1M")
    for some in (leap, spring):
        for steps in range(-12, 13):
            later = delayed(some, steps, beside=some)
            assert later.times.size == np.unique(later.times).size == later.values.size


def test_of_two_that_reach_a_day_it_is_told_which_one_stays():
    # 30 and 31 January are both 28 February a month later; 10 February is 10 March.
    some = raw({29, 30, 40}, interval="P1M")
    later = delayed(some, 1, beside=some)
    found = explained(later, later.times, step="raw")
    told = [found.reasons[code] for code in found.codes]
    assert told == ["", "Delayed by the lag it stands where an earlier value does.", ""]
    found = explained(later, later.times[1:], step="raw")
    assert found.codes.tolist() == [2, 3, 0]


def test_means_of_months_know_where_each_value_went():
    one = sampled(series(set(range(90)) - set(range(35, 50))), "month", min_coverage=0.8)
    assert [str(time)[:7] for time in one.times] == ["2001-01", "2001-03"]
    assert one.values == pytest.approx([15, 74])
    assert np.unique(one.places).tolist() == [-1, 0, 1]
    assert (one.places == -1).sum() == 28 - 15


def test_it_is_told_for_each_value_whether_it_was_used():
    main = sampled(series(set(range(120)) - set(range(35, 50))), "month", min_coverage=0.8)
    found = explained(main, main.times[:1], step="month")
    told = {
        str(stamp)[:7]: found.reasons[code]
        for stamp, code in zip(main.series.timestamps, found.codes, strict=True)
    }
    assert told == {
        "2001-01": "",
        "2001-02": not_complete("month"),
        "2001-03": "The same month is not complete in another series.",
        "2001-04": "The same month is not complete in another series.",
    }


@LAWS
@given(st.integers(0, 1000), st.booleans(), st.booleans())
def test_what_is_cleaned_has_no_season_and_no_line_left(seed, deseasonalise, detrend):
    times = series(range(800)).timestamps
    values = np.random.default_rng(seed).normal(size=800) + np.arange(800) / 100
    found = cleaned(values, times, deseasonalise=deseasonalise, detrend=detrend)
    months = times.astype("datetime64[M]").astype(int) % 12
    assert found.removed == 11 * deseasonalise + detrend
    assert found.values.sum() == pytest.approx(0, abs=1e-9)
    if deseasonalise:
        assert np.bincount(months, weights=found.values) == pytest.approx(np.zeros(12), abs=1e-9)
    if detrend:
        assert found.values @ np.arange(800) == pytest.approx(0, abs=1e-6)


def test_why_nothing_is_shared_is_told_by_the_first_that_has_nothing():
    some, none = raw({1, 2}), raw(set())
    told = reason_without([some, none], common_times([some, none]), step="raw")
    assert told == "T at X has no values."
    months = [sampled(one.series, "month", min_coverage=0.8) for one in (some, some)]
    told = reason_without(months, common_times(months), step="month")
    assert told == "T at X has no complete month."
