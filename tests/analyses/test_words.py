"""What analyses say of their results: exact sentences, and sentences whatever is missing."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import analyses.methods
from analyses.methods.words import change
from analyses.registry import analyses as registry
from datastream.core.registry import import_folder

import_folder(analyses.methods)
# Recorded from the analyses on weather of Seattle, the sea surface of El Niño and made-up values;
# long lists are cut to their ends, so that the file stays small.
RESULTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "words.json").read_text(encoding="utf-8")
)
SENTENCES: dict[str, list[str]] = {
    "anomaly": [
        (
            "Months of sst at 1+2 as differences from the normal of 1950 to 2010: highest "
            "−0.6231 degC (2010-12), lowest −1.639 degC (1950-02), last −0.6231 degC "
            "(2010-12)."
        ),
        "All 8 months, 1950-01 to 2010-12, have an anomaly.",
        "732 values are used; none is left out for its flag.",
    ],
    "anomaly, ratio": [
        (
            "Years of sst at 1+2 as ratios to the normal of 1950 to 2010: highest 1.027 "
            "(1951), lowest 0.9507 (1950), last 0.9872 (2010)."
        ),
        "All 8 years, 1950 to 2010, have an anomaly.",
        "732 values are used; none is left out for its flag.",
    ],
    "anomaly_detection": [
        (
            "2 of 2,969 days of T at A are unlike its season by seasonal-hybrid ESD, "
            "2001-01-01 to 2009-03-19, 1 high and 1 low; the farthest off is −60 degC on "
            "2002-12-02 where 5.848 degC is expected."
        ),
        "2,969 values are used, 31 days have too few; none is left out for its flag.",
    ],
    "changepoint": [
        (
            "1 of 4 tests finds a change in the mean of sst at 1+2, 1950 to 2010: "
            "Buishand U between 1981 and 1982 (+0.5754 degC, p = 0.034)."
        ),
        "PELT, which looks for several changes, finds none.",
        ("732 values are used, as means of 61 complete years; none is left out for its flag."),
    ],
    "climatology": [
        (
            "Normals of sst at 1+2, 1950 to 2010: highest in March (26.25 degC), lowest "
            "in September (20.58 degC)."
        ),
        "Each normal is made of 61 years.",
        "732 values are used; none is left out for its flag.",
    ],
    "climatology, days": [
        (
            "Normals of T at A, 2001 to 2008: highest in 01-04 (10.99 degC), lowest in "
            "12-28 (10.04 degC)."
        ),
        "Each normal is made of 8 years.",
        "2,922 values are used; none is left out for its flag.",
    ],
    "comparison": [
        (
            "sst at 1+2 against sst1 at 1+2, 1951-01-01 to 2010-12-01: bias +0.01407 "
            "degC, RMSE 1.561 degC, r = 0.76 (p < 0.001)."
        ),
        (
            "720 shared values are used; without a partner are 12 of sst at 1+2 and 12 of "
            "sst1 at 1+2; none is left out for its flag."
        ),
        (
            "Quantile mapping does not lower the RMSE: 1.561 degC before and 1.563 degC "
            "after, on stretches it was not fitted to (5 folds)."
        ),
    ],
    "correlation": [
        (
            "sst at 1+2 and sst1 at 1+2 have Pearson r = 0.76 (interval 0.66 to 0.83), p "
            "< 0.001, 1951-01-01 to 2010-12-01."
        ),
        "720 shared values count like 98 that do not depend on each other.",
        "Strongest of all lags, in steps of P1M: sst1 at 1+2 at lag 0 (r = 0.76).",
    ],
    "correlation, three": [
        (
            "The strongest of 3 correlations: temp_max at SEA and temp_min at SEA have "
            "Pearson r = 0.876 (interval 0.826 to 0.912), p < 0.001, 2012-01-01 to "
            "2015-12-31."
        ),
        "1,461 shared values count like 119 that do not depend on each other.",
        "3 of 3 correlations have p < 0.05; about 0.2 would by chance alone.",
    ],
    "decomposition": [
        (
            "temp_max at SEA has a strength (0 to 1) of 0.58 of the trend and 0.99 of the "
            "season of 12 months, 2012-01 to 2015-12."
        ),
        (
            "Its trend is 15.02 degC in 2012-01 and 17.03 degC in 2015-12; that describes "
            "it and tests nothing."
        ),
        "The largest remainder is +0.676 degC (2012-01).",
        (
            "1,461 values are used in 48 months, 0 of them without a value; none is left "
            "out for its flag."
        ),
    ],
    "drought": [
        (
            "SPI at A, 1980-01-01 to 2014-12-22, fitted to 1980 to 2013: droughts by "
            "scale in months: 4 at 1, 0 at 3, 0 at 6, 4 at 12."
        ),
        (
            "The heaviest, at 12 months, lasted 17 months from 2003-02; its lowest value "
            "is −1.72 (severe, 2003-08)."
        ),
        "12,775 values are used; none is left out for its flag.",
    ],
    "extremes": [
        (
            "Once in 100 years on average sst at 1+2 exceeds 29.2 degC (95 % interval "
            "27.9 to 30.9): GEV by maximum likelihood of 61 extremes, one a year, "
            "1950-01-01 to 2010-12-01."
        ),
        "The Anderson–Darling test does not speak against the fit (p = 0.55).",
        "732 values are used; none is left out for its flag.",
    ],
    "extremes, trend": [
        (
            "As of 2010-01-01, once in 100 years on average sst at 1+2 exceeds 29.4 degC "
            "(95 % interval 28.2 to 31.2): GEV by maximum likelihood of 61 extremes, one "
            "a year, 1950-01-01 to 2010-12-01."
        ),
        (
            "The Anderson–Darling test does not speak against the fit (p = 0.68). The "
            "location moves by 0.1054 degC per decade (p = 0.013)."
        ),
        "732 values are used; none is left out for its flag.",
    ],
    "extremes, peaks": [
        (
            "Once in 10 years on average T at A exceeds 21.45 degC (95 % interval 21.20 "
            "to 21.50): GPD by maximum likelihood of 52 peaks beyond 19.22 degC, "
            "2001-01-01 to 2009-03-19."
        ),
        "The Anderson–Darling test does not speak against the fit (p = 0.49).",
        "3,000 values are used; none is left out for its flag.",
        "There are 8 years of observation; levels of more than 16 years say little.",
    ],
    "forecast": [
        (
            "sst at 1+2 by SARIMA: 2011-01 24.0 degC (95 % interval 23.1 to 24.8), "
            "2011-12 22.9 degC (95 % interval 20.9 to 25.0)."
        ),
        (
            "Forecast from 20 starts in the past it was off by 0.7801 degC on average, "
            "and its skill against the values one season before is 0.59."
        ),
        "Its intervals held 91.2 % of the values then, where 95 % should be.",
        (
            "732 values are used in 732 months, 1950-01-01 to 2010-12-01; none is left "
            "out for its flag."
        ),
    ],
    "gaps": [
        (
            "99 % of the 3,000 expected values of T at A are there, 2001-01-01 to "
            "2009-03-19; 31 are missing in 2 gaps, the longest from 2001-04-11 to "
            "2001-05-11 (30 values)."
        ),
        ("By the rule of the WMO, 2 of 8 months and 2 of 9 years lack too many days to count."),
        "2,969 values are used; none is left out for its flag.",
        (
            "Interpolation fills 1 value and leaves 30; in 1,482 trials with known values hidden "
            "its error (RMSE) is 1.89 degC."
        ),
    ],
    "indices": [
        "13 indices are computed at SEA, 2012-01-01 to 2015-12-31.",
        (
            "Mean of the years with enough days (and range): summer days (above 25 degC) "
            "52.75 d (30 to 65, 4 years); frost days 18 d (10 to 26, 4 years); the "
            "hottest day of a year 34.73 degC (33.9 to 35.6, 4 years); the coldest night "
            "of a year −5.05 degC (−7.1 to −3.3, 4 years)."
        ),
        "17 are not: There are no values of precipitation. Others have other reasons.",
        "2,922 values are used; none is left out for its flag.",
    ],
    "outliers": [
        (
            "2 of 2,969 values of T at A are doubted, 2001-01-01 to 2009-03-19; the "
            "farthest off is −60 degC on 2002-12-02 where 5.213 degC is expected (by "
            "robust z, Hampel, seasonal IQR and jumps)."
        ),
        (
            "Not every method could judge: neighbours: At least 3 neighbouring stations "
            "are needed, and there are 0."
        ),
        (
            "Doubted values are not wrong until somebody has judged them; none is left "
            "out for its flag."
        ),
    ],
    "regression": [
        (
            "The terms explain 57.4 % of the variance of sst at 1+2, 1951-01-01 to "
            "2010-12-01 (720 months, p < 0.001)."
        ),
        (
            "Per unit of each: sst1 at 1+2 0.76 degC per degC (95 % interval 0.67 to "
            "0.85), p < 0.001."
        ),
        (
            "What is left depends on what was left before (lag-1 autocorrelation 0.91); "
            "the intervals and p of terms allow for that, that of the whole does not."
        ),
        ("720 months with a value of every series are used; none is left out for its flag."),
    ],
    "spectrum": [
        (
            "The strongest period of sst at 1+2 is 1 year, 1950-01-01 to 2010-12-01: "
            "amplitude 2.763 degC, false-alarm probability below 0.001, above red noise "
            "at 95 %. 2 other periods do so too."
        ),
        "732 values are used, as 732 months; none is left out for its flag.",
    ],
    "spectrum, wavelet": [
        (
            "Averaged over 1950-01-01 to 2010-12-01, the wavelet power of sst at 1+2 "
            "stands out of red noise at 95 % most at a period of 0.974 years."
        ),
        "732 values are used, as 732 months; none is left out for its flag.",
    ],
    "summary": [
        (
            "T at A is 10.06 degC on average, with a standard deviation of 6.639 degC, "
            "2001-01-01 to 2009-03-19."
        ),
        "Its highest value is 60 degC (2002-05-16), its lowest −60 degC (2002-12-02).",
        "2,969 values are used; none is left out for its flag.",
        ("99 % of the 3,000 expected values are there; the longest gap lacks 30 values."),
    ],
    "trend": [
        (
            "sst at 1+2 rises by 0.13 degC per decade (95 % interval 0.02 to 0.25), 1950 "
            "to 2010; Mann–Kendall p = 0.027 (no autocorrelation to correct for)."
        ),
        ("732 values are used, as means of 61 complete years; none is left out for its flag."),
    ],
    "trend, short": [
        (
            "No trend of temp_max at SEA can be told apart from chance, 2012-01-01 to "
            "2015-12-31: 10 degC per decade (95 % interval −6 to 27); Mann–Kendall p = "
            "0.24 after correction for autocorrelation."
        ),
        "1,461 values are used; none is left out for its flag.",
        "The series spans 4.0 years; under 10 years a trend says little.",
    ],
    "trend, seasonal": [
        (
            "sst at 1+2 rises by 0.13 degC per decade (95 % interval 0.02 to 0.25), 1950 "
            "to 2010; Mann–Kendall p = 0.027 (no autocorrelation to correct for)."
        ),
        ("732 values are used, as means of 61 complete years; none is left out for its flag."),
        (
            "By season, in degC per decade: DJF +0.13 (p = 0.008), MAM +0.12 (p = 0.049), "
            "JJA +0.13 (p = 0.059) and SON +0.12 (p = 0.058); seasonal Kendall test of "
            "all: p = 0.007."
        ),
    ],
}


def words(name: str, results: Any) -> list[str]:
    return registry[name.partition(",")[0]].words(results)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """To everything in a result, lists and what is in them too."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, one in pairs:
        yield (*before, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*before, key))


def changed(results: Any, path: tuple[Any, ...], value: Any) -> Any:
    results = copy.deepcopy(results)
    place = results
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return results


def test_every_type_says_something() -> None:
    assert {name.partition(",")[0] for name in SENTENCES} == set(registry.names())


@pytest.mark.parametrize("name", SENTENCES)
def test_a_known_result_is_told_in_these_words(name: str) -> None:
    assert words(name, RESULTS[name]) == SENTENCES[name]


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("instead", [None, [], "", 0])
def test_whatever_is_missing_there_are_sentences(name: str, instead: Any) -> None:
    for path in paths(RESULTS[name]):
        if registry[name.partition(",")[0]].several and len(path) < 3:
            continue
        told = words(name, changed(RESULTS[name], path, instead))
        assert all(isinstance(one, str) and one for one in told), path
        assert "nan" not in " ".join(told).split()


@pytest.mark.parametrize("name", registry.names())
def test_a_result_without_numbers_gives_its_reason(name: str) -> None:
    method = registry[name]
    empty = {"variable": "T", "station": "A", "reason": "There are no values."}
    results = {"series": [empty]} if method.several else empty
    assert method.words(results) == ["T at A: There are no values."]


def test_of_many_series_the_first_are_told() -> None:
    empty = {"variable": "T", "reason": "There are no values."}
    told = registry["summary"].words({"series": [empty] * 23})
    assert told == ["T: There are no values."] * 20 + ["3 more series are in the results."]


def trend(**numbers: Any) -> str:
    given = {"per_decade": 0.214, "lower": 0.103, "upper": 0.321, "p": 0.0012, "factor": 2.0}
    given |= numbers
    results = {
        "variable": "TMAX", "station": "USW00024233", "unit": "degC", "step": "year",
        "start": "1950-01-01T00:00:00Z", "end": "2020-12-31T00:00:00Z", "confidence": 0.95,
        "theil_sen": {
            "per_decade": given["per_decade"],
            "corrected_per_decade_lower": given["lower"],
            "corrected_per_decade_upper": given["upper"],
        },
        "mann_kendall": {
            "corrected_p": given["p"], "factor": given["factor"],
            "removed_autocorrelation": 0.0, "autocorrelation": given.get("way", "yue_wang"),
        },
    }  # fmt: skip
    return change.trend(results)[0]


def test_a_trend_is_told_with_its_interval_and_test() -> None:
    assert trend() == (
        "TMAX at USW00024233 rises by 0.21 degC per decade (95 % interval 0.10 to 0.32), "
        "1950 to 2020; Mann–Kendall p = 0.001 after correction for autocorrelation."
    )
    assert "falls by 0.21 degC per decade (95 % interval 0.10 to 0.32)" in trend(
        per_decade=-0.214, lower=-0.321, upper=-0.103
    )
    assert trend(factor=1.0).endswith("p = 0.001 (no autocorrelation to correct for).")
    assert trend(way="none").endswith("p = 0.001 without a correction for autocorrelation.")


def test_a_trend_that_chance_would_give_is_none() -> None:
    assert trend(p=0.31, lower=-0.1).startswith(
        "No trend of TMAX at USW00024233 can be told apart from chance, 1950 to 2020: 0.21 degC"
    )
