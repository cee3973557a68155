"""What is said of single months, seasons and days of the year."""

import pytest

from analyses.methods.words import change, description


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


def climatology(by: str, **years: int) -> list[str]:
    normals = [
        {"period": period, "years": n, "mean": float(n) if n >= 3 else None}
        for period, n in years.items()
    ]
    return description.climatology({"by": by, "normals": normals})


@pytest.mark.parametrize(
    ("by", "noun"), [("month", "month"), ("season", "season"), ("day_of_year", "day")]
)
def test_what_has_no_normal_is_named_and_its_years_are_not_counted(by: str, noun: str) -> None:
    told = climatology(by, a=2, b=3, c=3)[1]
    assert told == f"Each normal is made of 3 years; 1 {noun} of the year has none."
    assert climatology(by, a=2)[0] == f"No {noun} of the year has a normal of The series."


def test_the_slope_that_is_told_is_that_of_the_interval() -> None:
    numbers = {"per_decade": 9.0, "corrected_per_decade": 0.2}
    interval = {"corrected_per_decade_lower": 0.1, "corrected_per_decade_upper": 0.3}
    results = {"theil_sen": numbers | interval, "mann_kendall": {"corrected_p": 0.01}}
    told = change.trend(results | {"unit": "degC", "confidence": 0.95})[0]
    assert "rises by 0.20 degC per decade (95 % interval 0.10 to 0.30)" in told
