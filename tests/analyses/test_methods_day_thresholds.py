"""Days of the year that the base period says too little of have no threshold.

climdex.pcic gives NA there too; it asks for `min.base.data.fraction.present` of the values around
each day of the year (climdexInput.raw).
"""

from typing import Any

import numpy as np
import pytest

from analyses.methods.calendar import month_of, year_of
from analyses.methods.indices import climate_indices, explain
from tests.analyses.weather import by_formula, series

NAMES = ["TX10p", "TX90p", "TN10p", "TN90p", "WSDI", "CSDI"]
BASE: dict[str, Any] = {"base_start": 1961, "base_end": 1970}


def weather_without(is_gone):
    """Twenty years, complete but for days of years and months up to 1970."""
    found = {}
    for name, one in by_formula(1961, 1980).items():
        years, months = year_of(one.timestamps), month_of(one.timestamps)
        values = np.where(is_gone(years, months), np.nan, one.values)
        found[name] = series(name, "1961-01-01", values)
    return {name: found[name] for name in ("tmax", "tmin")}


def no_winters(years, months):
    return (years <= 1970) & np.isin(months, [12, 1, 2])


def answer(is_gone, **own):
    return climate_indices(**weather_without(is_gone), indices=NAMES, **BASE, **own)


@pytest.mark.parametrize("index", NAMES[:4])
def test_a_month_that_the_base_period_does_not_know_has_no_percentage(index):
    found = answer(no_winters)["monthly"][index]
    whole = answer(lambda years, _: years > 3000)["monthly"][index]
    after = slice(12 * 15, 12 * 16)  # 1976
    assert [found[after][place] for place in (11, 0, 1)] == [None, None, None]
    # Those of the middle of the year need no winter.
    assert found[after][3:10] == pytest.approx(whole[after][3:10])
    assert all(value is not None for value in whole[after])


@pytest.mark.parametrize("index", NAMES)
def test_a_year_with_such_months_has_no_number(index):
    result = answer(no_winters)
    assert result["annual"][index] == [None] * 20
    assert result["annual"]["missing_days"]["tmax"][15] == 0


def test_only_days_with_a_threshold_are_counted():
    """Of 1976, March lacks one day and November two: half of what is around them is winter."""
    options = {"max_missing_month": 31, "max_missing_year": 366}
    found = answer(no_winters, **options)
    assert found["monthly"]["TX90p"][12 * 15] is None
    monthly = found["monthly"]["TX90p"][12 * 15 + 2 : 12 * 15 + 11]
    days = [30, 30, 31, 30, 31, 31, 30, 31, 28]
    beyond = [share * n / 100 for share, n in zip(monthly, days, strict=True)]
    assert beyond == pytest.approx([round(one) for one in beyond])
    assert found["annual"]["TX90p"][15] == pytest.approx(100 * sum(beyond) / sum(days))


@pytest.mark.parametrize(("years_without", "has_number"), [(3, True), (4, False)])
def test_seven_of_ten_years_make_a_threshold_and_six_do_not(years_without, has_number):
    result = answer(lambda years, months: (years < 1961 + years_without) & (months == 7))
    assert (result["monthly"]["TX90p"][12 * 15 + 6] is not None) is has_number
    assert (result["annual"]["WSDI"][15] is not None) is has_number
    assert result["monthly"]["TX90p"][12 * 15 + 9] is not None


def test_years_of_the_base_period_before_the_first_value_count_as_missing():
    """Eight of ten years are there; of two Julys less there are six."""
    gappy = weather_without(lambda years, months: np.isin(years, [1965, 1966]) & (months == 7))
    own: dict[str, Any] = {"base_start": 1959, "base_end": 1968, "indices": ["TX90p"]}
    found = climate_indices(tmax=gappy["tmax"], **own)["monthly"]["TX90p"]
    assert found[12 * 15 + 6] is None
    assert found[12 * 15 + 4] is not None


def test_a_day_without_a_threshold_is_told():
    given = weather_without(no_winters)
    told = explain(given["tmax"], ("monthly", "TX90p", 12 * 15), **given, **BASE)
    january = given["tmax"].timestamps.astype("datetime64[M]") == np.datetime64("1976-01")
    (reason,) = {told.reasons[code] for code in told.codes[january]}
    assert reason.startswith("Its day of the year has no threshold: the base period has under 70 %")
