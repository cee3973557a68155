"""Which values made a climate index."""

import numpy as np

from analyses.methods.indices import explain
from tests.analyses.weather import by_formula, without, year


def explained(series, path, **given):
    told = explain(series, path, **given)
    return told.codes, [told.reasons[code] for code in told.codes]


def test_days_of_the_year_made_its_number():
    tmin = without([1, 2])
    codes, reasons = explained(tmin, ("annual", "FD", 0), tmin=tmin)
    assert (codes == 0).sum() == 363
    assert set(reasons[363:]) == {"It is in another period."}


def test_days_of_the_base_period_helped_to_make_a_percentile():
    weather = by_formula(1961, 1985)
    tmax = weather["tmax"]
    own = {"base_start": 1961, "base_end": 1972}
    codes, reasons = explained(tmax, ("monthly", "TX90p", 299), **weather, **own)
    assert (codes == 0).sum() == 4383 + 31
    assert "outside the base period" in reasons[5000]
    rain = weather["precipitation"]
    codes, reasons = explained(rain, ("annual", "R95pTOT", 24), **weather, **own)
    assert (codes == 0).sum() == 365 + (rain.values[:4383] >= 1).sum()


def test_other_variables_and_incomplete_years_are_told():
    tmin, tmax = without([1, 2, 3, 4]), without([], "tmax")
    _, reasons = explained(tmax, ("annual", "FD", 0), tmin=tmin, tmax=tmax)
    assert set(reasons) == {"The index is not computed from this variable."}
    _, reasons = explained(tmin, ("annual", "FD", 0), tmin=tmin, tmax=tmax)
    assert reasons[0].startswith("Its year or month misses")


def test_four_days_before_the_month_belong_to_five_days_of_rain():
    rain = year("precipitation")
    codes, _ = explained(rain, ("monthly", "Rx5day", 1), precipitation=rain)
    assert np.flatnonzero(codes == 0).tolist() == list(range(27, 59))
    codes, _ = explained(rain, ("base",), precipitation=rain)
    assert not codes.any()
