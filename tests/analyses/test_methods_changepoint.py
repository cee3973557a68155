"""Change points against the Nile, pyHomogeneity, published critical values and brute force."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstwobign
from statsmodels.datasets import nile

from analyses.methods.change_tests import simulated
from analyses.methods.changepoint import changepoint, explain, found_ends
from analyses.parameters import check
from analyses.registry import analyses as registry
from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.analyses.pyhomogeneity import SAMPLE

LAWS = settings(max_examples=8, deadline=None, database=None)
TESTS = ("pettitt", "snht", "buishand_range", "buishand_u")


def series(values, stamps, interval):
    stamps = np.asarray(stamps).astype("datetime64[us]")
    return Series("Q", "m3 s-1", "S", stamps, np.asarray(values, float), interval=interval)


def yearly(values, start=1871):
    return series(values, np.datetime64(str(start), "Y") + np.arange(len(values)), "P1Y")


def daily(values, start="2001-01-01", interval="P1D"):
    return series(values, np.datetime64(start) + np.arange(len(values)), interval)


def noise(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def shifted(n=60, place=25, by=3.0, seed=1):
    return noise(n, seed) + by * (np.arange(n) >= place)


def answer(some, **parameters):
    result = changepoint(some, **({"simulations": 1000} | parameters))
    json.dumps(result, allow_nan=False)
    return result


def nile_years():
    return yearly(nile.load_pandas().data["volume"].to_numpy())


# ---------------------------------------------------------------- against published numbers


def test_the_nile_falls_after_1898():
    # Cobb 1978, doi:10.1093/biomet/65.2.243: 28 years with a mean of 1098, 72 with one of 850.
    result = answer(nile_years())
    for name in TESTS:
        test = result["tests"][name]
        assert [test["last_before"], test["first_after"]] == [
            "1898-01-01T00:00:00Z",
            "1899-01-01T00:00:00Z",
        ]
        assert [test["n_before"], test["n_after"]] == [28, 72]
        assert test["p"] <= 0.001
    assert [test["mean_before"], test["mean_after"]] == [1097.75, pytest.approx(849.97222)]
    assert test["difference"] == pytest.approx(-247.77778)
    # Balke 1993, doi:10.2307/1391308, and strucchange's breakpoints(Nile ~ 1): one change, 1898.
    assert [one["last_before"][:4] for one in result["changes"]] == ["1898"]
    assert [one["n"] for one in result["segments"]] == [28, 72]


def test_statistics_are_those_of_pyhomogeneity():
    # Its tests: U = 2716, T = 2.44266, R = 0.98932, U = 0.06440, change after the 298th, means.
    known = ~np.isnan(SAMPLE)
    stamps = np.datetime64("2001-01-01") + np.arange(SAMPLE.size)
    result = answer(series(SAMPLE[known], stamps[known], "P1D"), step="raw")
    expected = {
        "pettitt": 2716,
        "snht": 2.4426594259172947,
        "buishand_range": 0.9893156056266303,
        "buishand_u": 0.0644043126990563,
    }
    for name, statistic in expected.items():
        test = result["tests"][name]
        assert test["statistic"] == pytest.approx(statistic, rel=1e-12)
        assert test["last_before"][:10] == str(stamps[297])
        assert test["mean_before"] == pytest.approx(157.87285223367698)
        assert test["mean_after"] == pytest.approx(120.93548387096774)
    assert min(test["p"] for test in result["tests"].values()) > 0.1


def test_pettitts_approximation_is_that_of_his_paper():
    # Pettitt 1979, section 3.2: his K of 232 among 40 values has a p of 0.0146.
    result = answer(nile_years())["tests"]["pettitt"]
    assert result["p"] == pytest.approx(2 * math.exp(-6 * 1617**2 / (100**3 + 100**2)))
    assert 2 * math.exp(-6 * 232**2 / (40**3 + 40**2)) == pytest.approx(0.0146, abs=5e-5)


@pytest.mark.parametrize(
    ("n", "snht", "buishand"),
    [
        (20, (6.95, 9.56), (1.43, 1.60)),
        (30, (7.65, 10.45), (1.50, 1.70)),
        (50, (8.45, 11.38), (1.55, 1.78)),
        (100, (9.15, 12.32), (1.62, 1.86)),
    ],
)
def test_random_series_give_the_published_critical_values(n, snht, buishand):
    # At 5 % and 1 %: Alexandersson and Moberg 1997, Int. J. Climatol. 17, 25–34, and Jarušková 1994
    # for SNHT; Buishand 1982 for the range; as in Wijngaard et al. 2003, doi:10.1002/joc.906.
    drawn = simulated(n, simulations=50_000, seed=3)
    assert np.quantile(drawn["snht"], [0.95, 0.99]) == pytest.approx(snht, rel=0.05)
    assert np.quantile(drawn["snht"], 0.95) == pytest.approx(snht[0], rel=0.025)
    assert np.quantile(drawn["buishand_range"], [0.95, 0.99]) == pytest.approx(buishand, rel=0.015)


@pytest.mark.slow
def test_random_series_come_near_the_limits_of_long_ones():
    # Anderson and Darling 1952, table 1, for Buishand's U; Kolmogorov for the highest sum.
    drawn = simulated(2000, simulations=10_000, seed=3)
    assert np.quantile(drawn["buishand_u"], [0.9, 0.95]) == pytest.approx([0.347, 0.461], rel=0.04)
    # Kuiper 1960: 1.747 at 5 %, for n without end.
    assert np.quantile(drawn["buishand_range"], 0.95) == pytest.approx(1.747, rel=0.02)
    assert np.quantile(drawn["buishand_range"], 0.95) > kstwobign.isf(0.05)


def brute(values, penalty, least):
    """Optimal partition by dynamic programming over all places."""
    n = values.size
    s, q = np.r_[0, np.cumsum(values)], np.r_[0, np.cumsum(values**2)]
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -penalty
    for end in range(least, n + 1):
        starts = np.arange(end - least + 1)
        cost = q[end] - q[starts] - (s[end] - s[starts]) ** 2 / (end - starts)
        total = best[starts] + cost + penalty
        last[end] = starts[np.argmin(total)]
        best[end] = total.min()
    ends = [n]
    while last[ends[0]]:
        ends.insert(0, int(last[ends[0]]))
    return ends


@LAWS
@given(st.integers(0, 1000), st.floats(10, 40), st.integers(2, 12))
def test_several_changes_are_those_of_brute_force(seed, penalty, least):
    values = noise(80, seed) + 2.0 * (np.arange(80) > 30) - 3.0 * (np.arange(80) > 55)
    found = found_ends(values, penalty=penalty, min_length=least, is_exact=True)
    assert found == brute(values, penalty, least)


# ---------------------------------------------------------------- what it does


def test_several_changes_are_found_with_their_means():
    values = noise(90) / 2 + 5.0 * (np.arange(90) >= 30) - 2.0 * (np.arange(90) >= 60)
    result = answer(yearly(values, 1900))
    assert [one["first_after"][:4] for one in result["changes"]] == ["1930", "1960"]
    assert [one["mean"] for one in result["segments"]] == pytest.approx(
        [values[:30].mean(), values[30:60].mean(), values[60:].mean()]
    )
    assert [[one["n_before"], one["n_after"]] for one in result["changes"]] == [[30, 30], [30, 30]]
    assert result["changes"][1]["difference"] == pytest.approx(
        values[60:].mean() - values[30:60].mean()
    )
    assert result["noise"] == pytest.approx(0.5, rel=0.3)
    assert result["penalty"]["value"] == pytest.approx(3 * math.log(90) * result["noise"] ** 2)
    assert [result["method"], result["penalty"]["factor"]] == ["PELT", 3]


def test_a_higher_penalty_finds_fewer_changes():
    some = yearly(shifted(80, 40, 1.5))
    counts = [len(answer(some, penalty=factor)["changes"]) for factor in (1, 3, 1000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_noise_has_no_change():
    result = answer(yearly(noise(100, 5)))
    assert [len(result["changes"]), len(result["segments"])] == [0, 1]
    assert min(test["p"] for test in result["tests"].values()) > 0.05


def test_values_that_are_alike_have_a_warning():
    values = noise(300)
    for place in range(1, 300):
        values[place] += 0.8 * values[place - 1]
    result = answer(yearly(values, 1600), penalty=100)
    assert result["lag_1_autocorrelation"] > 0.6
    assert "too often" in result["warning"]
    assert answer(yearly(noise(100, 5)))["warning"] is None


def test_periods_with_too_few_values_are_left_out():
    whole = daily(np.repeat(np.r_[np.zeros(8), np.full(8, 5.0)], 365) + noise(16 * 365) / 9)
    kept = np.delete(np.arange(16 * 365), slice(800, 900))
    some = replace(whole, timestamps=whole.timestamps[kept], values=whole.values[kept])
    result = answer(some, min_length=3)
    # 2003 has a gap of a hundred days, and 2016 is not over.
    assert [result["n"], result["tests"]["snht"]["n_before"]] == [14, 7]
    assert result["n_values"] == 14 * 365 + 3
    assert result["tests"]["snht"]["first_after"] == "2009-01-01T00:00:00Z"
    assert answer(some, step="month")["n"] > 170


def test_the_same_seed_gives_the_same_p_and_few_simulations_a_coarse_one():
    some = yearly(shifted(60, 25, 0.7))
    assert answer(some) == answer(some)
    assert answer(some, seed=2)["tests"]["snht"]["p"] != answer(some)["tests"]["snht"]["p"]
    assert answer(nile_years())["tests"]["snht"]["p"] == pytest.approx(1 / 1001)


@pytest.mark.slow
def test_a_long_series_is_searched_in_halves_with_fewer_simulations():
    values = noise(40_000) + (np.arange(40_000) >= 15_000)
    result = answer(daily(values, "1900-01-01"), step="raw", simulations=10_000)
    assert [result["method"], result["simulations"]] == ["binary segmentation", 1250]
    told = registry["changepoint"].words(result)
    assert any(one.startswith("Binary segmentation, which looks for several") for one in told)
    assert len(result["changes"]) == 1
    assert result["changes"][0]["n_before"] == pytest.approx(15_000, abs=20)


# ---------------------------------------------------------------- laws


@LAWS
@given(st.integers(0, 1000), st.floats(0.01, 1000), st.floats(-1e4, 1e4))
def test_changes_follow_the_unit_and_do_not_see_the_zero(seed, factor, shift):
    some = yearly(np.round(shifted(50, 20, 2.0, seed), 3))
    before, after = answer(some), answer(replace(some, values=some.values * factor + shift))
    for name in TESTS:
        one, other = before["tests"][name], after["tests"][name]
        assert other["statistic"] == pytest.approx(one["statistic"], rel=1e-6)
        assert other["last_before"] == one["last_before"]
        assert other["difference"] == pytest.approx(factor * one["difference"], rel=1e-6)
    assert len(after["changes"]) == len(before["changes"])


@LAWS
@given(st.integers(0, 1000))
def test_a_series_turned_round_has_its_change_at_the_same_place(seed):
    values = shifted(50, 18, 4.0, seed)
    ahead, back = answer(yearly(values)), answer(yearly(values[::-1]))
    for name in TESTS:
        assert back["tests"][name]["n_after"] == ahead["tests"][name]["n_before"]
        assert back["tests"][name]["statistic"] == pytest.approx(ahead["tests"][name]["statistic"])


# ---------------------------------------------------------------- odd input


@pytest.mark.parametrize("step", ["raw", "month", "year"])
@pytest.mark.parametrize(
    "some",
    [
        daily([]),
        daily([1.0]),
        daily([1.0], interval=""),
        daily(noise(9)),
        daily(np.full(5000, 0.1)),
        yearly([5.0] * 40),
        daily(np.zeros(100_001), "1700-01-01"),
    ],
    ids=["empty", "one", "lone", "few", "constant", "equal", "long"],
)
def test_what_has_no_change_to_test_says_why(some, step):
    result = answer(some, step=step)
    assert result["tests"] is result["segments"] is result["changes"] is None
    assert result["reason"].endswith(".")


@pytest.mark.parametrize(
    "values",
    [
        1e300 * shifted(),
        1e-300 * shifted(),
        np.where(np.arange(60) % 2, 1.7e308, -1.7e308),
        np.r_[np.zeros(30), np.full(30, 10.0)],
        np.r_[np.zeros(59), 1.0],
        np.arange(60.0) // 7,
        np.arange(60.0),
    ],
    ids=["huge", "tiny", "overflow", "step", "last", "stairs", "line"],
)
def test_odd_values_give_no_number_that_is_not_one(values):
    result = answer(yearly(values))
    assert (result["tests"] is None) == (result["reason"] is not None)
    assert all(0 <= test["p"] <= 1 for test in result["tests"].values())


def test_a_clean_step_is_found_exactly():
    result = answer(yearly(np.r_[np.zeros(30), np.full(30, 10.0)]))
    assert [one["n_before"] for one in result["changes"]] == [30]
    assert [one["mean"] for one in result["segments"]] == [0, 10]
    assert result["lag_1_autocorrelation"] is None


# ---------------------------------------------------------------- declaration and explanation


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("simulations", 10**9),
        ("simulations", 0),
        ("penalty", 0),
        ("penalty", -3),
        ("min_length", 1),
        ("min_length", 2.5),
        ("seed", 2**32),
        ("step", "week"),
        ("min_coverage", 0),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(name, value):
    with pytest.raises(InvalidInputError) as caught:
        check(registry["changepoint"], {"variable": "Q", name: value})
    assert list(caught.value.details) == [name]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (("tests", "snht", "p"), 100),
        (("tests", "snht", "mean_before"), 28),
        (("tests", "pettitt", "mean_after"), 72),
        (("changes", 0, "mean_after"), 72),
        (("changes", 0, "difference"), 100),
        (("segments", 0, "mean"), 28),
        (("segments", 9, "mean"), 100),
        (("noise",), 100),
    ],
)
def test_the_values_behind_a_number_are_those_on_its_side(path, count):
    found = explain(nile_years(), path)
    assert int((found.codes == 0).sum()) == count
    assert found.reasons[2].startswith("It is on the other side")
    assert registry["changepoint"].explain is explain


def test_values_of_periods_left_out_are_explained():
    some = daily(noise(13 * 365), "2001-06-15")
    found = explain(some, ("tests", "snht", "p"))
    assert found.reasons[found.codes[0]].startswith("Its year is not complete")
    assert int((found.codes == 0).sum()) == answer(some)["n_values"]
    assert explain(daily([]), ("tests", "snht", "p")).codes.size == 0
