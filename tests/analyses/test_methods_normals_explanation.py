"""The values that are told to be behind a normal or an anomaly make it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from analyses.methods import anomaly as anomalies
from analyses.methods import climatology as normals
from datasets.series import Series


def daily(start, end):
    stamps = np.arange(start, end, dtype="datetime64[D]").astype("datetime64[us]")
    values = np.random.default_rng(1).normal(size=stamps.size)
    return Series("TAVG", "degC", "X", stamps, values, interval="P1D")


@pytest.fixture
def gappy():
    """Ten years, of which the third March has only ten days and the last year ends in November."""
    series = daily("2001-01-01", "2010-11-20")
    days = series.timestamps.astype("datetime64[D]")
    kept = (days < np.datetime64("2003-03-11")) | (days >= np.datetime64("2003-04-01"))
    return replace(series, timestamps=series.timestamps[kept], values=series.values[kept])


def months(series, codes):
    """Values told to be used, by their months."""
    stamps, values = series.timestamps[codes == 0], series.values[codes == 0]
    keys = stamps.astype("datetime64[M]").astype(int)
    return np.array([values[keys == key].mean() for key in np.unique(keys)])


def test_a_monthly_normal_is_the_mean_of_the_months_behind_it(gappy):
    result = normals.climatology(gappy)
    for place in range(12):
        found = normals.explain(gappy, ("normals", place, "mean"))
        assert months(gappy, found.codes).mean() == pytest.approx(result["normals"][place]["mean"])
    march = normals.explain(gappy, ("normals", 2, "mean"))
    assert march.reasons[1:] == (
        "It is in another month.",
        "It is outside the reference years.",
        "Its month is not complete: too few or far too many values, or the series ends within it.",
    )
    assert [(march.codes == code).sum() for code in (2, 3)] == [31, 10]


def test_a_seasonal_normal_is_the_mean_of_the_winters_behind_it(gappy):
    entry = normals.climatology(gappy, by="season")["normals"][0]
    found = normals.explain(gappy, ("normals", 0, "mean"), by="season")
    stamps, values = gappy.timestamps[found.codes == 0], gappy.values[found.codes == 0]
    winters = (stamps.astype("datetime64[M]").astype(int) + 1) // 12
    means = [values[winters == winter].mean() for winter in np.unique(winters)]
    # The first winter begins in January 2001, and the reference ends with 2009.
    assert [len(means), str(stamps[0])[:10]] == [entry["years"], "2001-12-01"]
    assert np.mean(means) == pytest.approx(entry["mean"])
    assert found.reasons[1] == "It is in another season."


@pytest.mark.parametrize(("window", "place"), [(1, 59), (15, 0), (31, 200), (61, 365)])
def test_the_normal_of_a_day_is_the_mean_of_the_days_behind_it(gappy, window, place):
    entry = normals.climatology(gappy, by="day_of_year", window_days=window)["normals"][place]
    found = normals.explain(
        gappy, ("normals", place, "mean"), by="day_of_year", window_days=window, min_years=3
    )
    assert (found.codes == 0).sum() == entry["n"]
    if entry["mean"] is not None:
        assert gappy.values[found.codes == 0].mean() == pytest.approx(entry["mean"])


def test_an_anomaly_is_its_month_less_the_months_of_its_normal(gappy):
    result = anomalies.anomaly(gappy)
    place = result["timestamps"].index("2010-03-01T00:00:00Z")
    own = anomalies.explain(gappy, ("means", place))
    usual = anomalies.explain(gappy, ("normals", place), kind="ratio")
    both = anomalies.explain(gappy, ("values", place))
    assert months(gappy, own.codes)[0] - months(gappy, usual.codes).mean() == pytest.approx(
        result["values"][place]
    )
    assert ((both.codes == 0) == ((own.codes == 0) | (usual.codes == 0))).all()
    assert (own.codes == 0).sum() == result["n_values"][place] == 31
    # The reference ends before 2010, which has no December.
    assert (both.codes == 0).sum() == (usual.codes == 0).sum() + 31


def test_a_month_that_is_not_complete_says_so(gappy):
    place = anomalies.anomaly(gappy)["timestamps"].index("2003-03-01T00:00:00Z")
    found = anomalies.explain(gappy, ("values", place))
    in_march = gappy.timestamps.astype("datetime64[M]") == np.datetime64("2003-03")
    assert set(found.codes[in_march]) == {3}
    counted = anomalies.explain(gappy, ("n_values", place))
    assert (counted.codes == 0).tolist() == in_march.tolist()


@pytest.mark.parametrize("step", ["day", "month", "year"])
def test_any_number_of_any_series_can_be_asked_for(step, gappy):
    paths = [(), ("n_periods",), ("values", 10**6), ("normals", 0), ("values", 0), ("reason",)]
    for series, path in itertools.product([gappy, daily("2001-01-01", "2001-01-01")], paths):
        found = anomalies.explain(series, path, step=step)
        assert found.codes.shape == series.values.shape
        assert found.codes.max(initial=0) < len(found.reasons)
        by = "month" if step == "month" else "day_of_year"
        assert normals.explain(series, path, by=by).codes.shape == series.values.shape


def test_without_a_reference_nothing_is_behind_a_normal():
    short = daily("2001-01-01", "2001-03-01")
    assert (normals.explain(short, ("normals", 0, "mean")).codes == 2).all()
