"""Why there is no reference period: no complete year at all, or none where one was asked for."""

from typing import Any

import numpy as np
import pytest

from analyses.methods.anomaly import anomaly
from analyses.methods.climatology import climatology
from analyses.methods.drought import drought
from analyses.methods.gaps import gaps
from datasets.series import Series

OUTSIDE = "No complete year lies within the reference that was asked for."
NONE = "The series has no complete year, so there is no reference period."


def monthly(count: int) -> Series:
    """From 1961; without one month, which there is to fill."""
    stamps = (np.datetime64("1961-01") + np.arange(count)).astype("datetime64[us]")
    there = np.arange(count) != 4
    values = 10.0 + np.arange(count) * 7 % 12
    return Series("PRCP", "mm", "A", stamps[there], values[there], interval="P1M")


def reasons(count: int, **asked: Any) -> set[str]:
    series = monthly(count)
    return {
        climatology(series, **asked)["reason"],
        anomaly(series, **asked)["reason"],
        drought(precipitation=series, scales=[1], **asked)["reason"],
        gaps(series, fill="climatology", **asked)["fill"]["reason"],
    }


@pytest.mark.parametrize("asked", [{"reference_start": 2021}, {"reference_end": 1960}])
def test_a_reference_outside_the_values_is_said_to_be_outside(asked: dict[str, int]) -> None:
    assert reasons(720, **asked) == {OUTSIDE}


def test_a_series_without_a_complete_year_is_said_to_have_none() -> None:
    assert reasons(9) == {NONE}
