"""Which values a doubt about one value rests on."""

from typing import Any

import numpy as np
import pytest

from analyses.methods.outliers import explain, outliers
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series

N = 2000
WRONG = 900


def series(values: Any, station: str = "X") -> Series:
    stamps = (np.datetime64("2001-01-01") + np.arange(len(values))).astype("datetime64[us]")
    return Series("T", "degC", station, stamps, np.asarray(values, float), interval="P1D")


def own(**given: Any) -> dict[str, Any]:
    method = analyses["outliers"]
    return method.own(check(method, {"variable": "T"})) | {"neighbours": []} | given


@pytest.fixture
def weather() -> Any:
    """Days with one that is far too warm, and a stretch of equal ones."""
    values = np.random.default_rng(4).normal(size=N)
    values[WRONG] = 60.0
    values[1200:1230] = 0.25
    return values


def rows(some: Series, given: dict[str, Any]) -> dict[str, int]:
    found = outliers(some, **given)["doubted"]
    return {row["timestamp"][:10]: place for place, row in enumerate(found)}


def used(some: Series, path: tuple[Any, ...], given: dict[str, Any]) -> set[int]:
    told = explain(some, path, **given)
    assert {told.reasons[code] for code in told.codes if code} <= {
        "What doubts this value does not look at it."
    }
    return set(np.flatnonzero(told.codes == 0).tolist())


def test_a_doubt_rests_on_what_its_check_looks_at(weather: Any) -> None:
    some, given = series(weather), own()
    day = str(np.datetime64("2001-01-01") + WRONG)
    row = rows(some, given)[day]
    window = set(range(WRONG - 15, WRONG + 16))
    assert used(some, ("doubted", row, "scores", "hampel"), given) == window
    # The best of those that doubt it, and no neighbours, is the Hampel filter.
    assert used(some, ("doubted", row, "expected"), given) == window
    assert used(some, ("doubted", row, "value"), given) == {WRONG}
    everything = set(range(N))
    assert used(some, ("doubted", row, "scores", "robust_z"), given) == everything
    assert used(some, ("doubted", row, "scores", "jumps"), given) == everything
    assert used(some, ("doubted", row), given) == everything
    in_june = {
        WRONG + 365 * year + shift for year in (-2, -1, 0, 1, 2, 3) for shift in range(-7, 8)
    }
    seasonal = used(some, ("doubted", row, "scores", "seasonal_iqr"), given)
    assert WRONG in seasonal
    assert len(seasonal - in_june) <= 3
    assert 60 <= len(seasonal) <= 15 * 6


def test_a_window_at_an_end_is_as_long_as_all(weather: Any) -> None:
    weather[2] = 50.0
    some, given = series(weather), own(methods=["hampel"])
    path = ("doubted", rows(some, given)["2001-01-03"], "score")
    assert used(some, path, given) == set(range(31))


def test_a_flat_line_rests_on_its_equal_values(weather: Any) -> None:
    some, given = series(weather), own(methods=["flat_lines"])
    assert used(some, ("doubted", 3, "scores", "flat_lines"), given) == set(range(1200, 1230))
    assert used(some, ("doubted", 99, "score"), given) == set(range(N))


def test_what_neighbours_doubt_rests_on_the_weeks_around(weather: Any) -> None:
    near = [
        series(weather + np.random.default_rng(place).normal(size=N) / 9, station)
        for place, station in enumerate("ABC")
    ]
    for one in near:
        one.values[WRONG] = 0.0
    some, given = series(weather), own(methods=["spatial"], neighbours=near, min_correlation=0.5)
    weather[WRONG] = 4.0
    some = series(weather)
    day = np.datetime64("2001-01-01") + WRONG
    path = ("doubted", rows(some, given)[str(day)], "scores", "spatial")
    month = day.astype("datetime64[M]")
    first = int((month.astype("datetime64[D]") - np.datetime64("2001-01-01")).astype(int)) - 15
    last = int(((month + 1).astype("datetime64[D]") - np.datetime64("2001-01-01")).astype(int)) + 15
    assert used(some, path, given) == set(range(first, last))
