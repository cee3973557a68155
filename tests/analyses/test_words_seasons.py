"""What is said of single months, seasons and days of the year."""

import pytest

from analyses.methods.words import change


def by_month(pooled: float, *rates: float | None) -> str:
    seasons = [
        {
            "season": f"{place:02}",
            "theil_sen": {"per_decade": rate},
            "mann_kendall": {"corrected_p": 0.0004},
        }
        for place, rate in enumerate(rates, 1)
    ]
    seasonal = {
        "by": "month",
        "theil_sen": {"per_decade": pooled},
        "mann_kendall": {"corrected_p": 0.5},
        "seasons": seasons,
    }
    return change.seasons({"units": {"per_decade": "mm per decade"}, "seasonal": seasonal})[0]


@pytest.mark.parametrize("pooled", [0.0, 11.0, 0.0001])
def test_slopes_of_seasons_have_the_digits_that_the_smallest_needs(pooled: float) -> None:
    told = by_month(pooled, -1.234, None, 0.3149, 0.0)
    assert "01 −1.23 (p < 0.001), 02 not known (p < 0.001), 03 +0.31 (p < 0.001) and 04" in told


def test_a_slope_that_is_only_rounding_takes_no_digits() -> None:
    assert "01 +2.2 (p < 0.001) and 02 +0.0 (p" in by_month(0.0, 2.2, 4e-16)
    assert "01 0 (p < 0.001) and 02 0 (p" in by_month(0.0, 0.0, 0.0)
