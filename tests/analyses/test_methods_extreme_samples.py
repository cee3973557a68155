"""Which blocks count by the months that are in them."""

import numpy as np
import pytest

from analyses.methods.extreme_samples import find_blocks, part_of
from datasets.series import Series


def blocks(missing, block="year", *, min_coverage=0.7):
    """Six years of days without so many of July in the third."""
    days = np.arange("2001-01-01", "2007-01-01", dtype="datetime64[D]")
    gone = np.flatnonzero(days == np.datetime64("2003-07-01"))[0] + np.arange(missing)
    stamps = np.delete(days, gone).astype("datetime64[us]")
    values = np.random.default_rng(1).normal(size=stamps.size)
    series = Series("TMAX", "degC", "X", stamps, values, interval="P1D")
    return find_blocks(series, part_of(block, 1), min_coverage=min_coverage)


@pytest.mark.parametrize("block", ["year", "JJA"])
@pytest.mark.parametrize(("missing", "counts"), [(15, True), (20, False)])
def test_a_block_wants_half_of_each_of_its_months(block, missing, counts):
    # Without July nobody knows the hottest day of the summer.
    found = blocks(missing, block)
    assert found.coverage.min() > 0.75
    assert found.counted.tolist() == [True, True, counts, True, True, True]


def test_who_asks_for_less_of_a_block_gets_it():
    assert blocks(20, min_coverage=0.3).counted.all()


def test_blocks_of_yearly_values_know_nothing_of_months():
    stamps = np.arange("2001", "2013", dtype="datetime64[Y]").astype("datetime64[us]")
    series = Series("TXX", "degC", "X", stamps, np.arange(12.0), interval="P1Y")
    assert find_blocks(series, part_of("year", 1), min_coverage=0.8).counted.all()
