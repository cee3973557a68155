"""Empirical quantile mapping: what brings the distribution of one series onto that of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.slopes import Floats, Ints


@dataclass(frozen=True, slots=True)
class Table:
    """Quantiles of both series at the same probabilities; the correction is to be added."""

    probabilities: Floats
    values: Floats
    reference: Floats

    @property
    def corrections(self) -> Floats:
        return np.asarray(self.reference - self.values)


def quantile_table(x: Floats, y: Floats, *, quantiles: int) -> Table | None:
    """Of the middles of so many classes of equal size; None with fewer values than classes."""
    if x.size < quantiles:
        return None
    probabilities = (np.arange(quantiles) + 0.5) / quantiles
    return Table(probabilities, np.quantile(x, probabilities), np.quantile(y, probabilities))


def mapped(values: Floats, table: Table) -> Floats:
    """Correct values, with corrections between quantiles interpolated and beyond them constant.

    Boé et al. 2007, doi:10.1002/joc.1602. Where several quantiles are equal, as those of days
    without rain, the mean of their corrections is taken.
    """
    known, places, counts = np.unique(table.values, return_inverse=True, return_counts=True)
    corrections = np.bincount(places, weights=table.corrections) / counts
    return np.asarray(values + np.interp(values, known, corrections))


def cross_validated(x: Floats, y: Floats, groups: Ints, *, quantiles: int, folds: int) -> Floats:
    """Each value of x corrected by a table of the other stretches of time; NaN without one.

    Parameters
    ----------
    x, y : shape (n,), in order of time
    groups : shape (n,); each has a table of its own
    folds : number of stretches, of equal numbers of values
    """
    found = np.full(x.size, np.nan)
    stretch = np.arange(x.size) * folds // max(x.size, 1)
    for fold in range(folds):
        for group in np.unique(groups):
            asked = (stretch == fold) & (groups == group)
            others = (stretch != fold) & (groups == group)
            table = quantile_table(x[others], y[others], quantiles=quantiles)
            if table is not None and asked.any():
                found[asked] = mapped(x[asked], table)
    return found


def validation(x: Floats, y: Floats, corrected: Floats, *, quantiles: int) -> dict[str, Any]:
    """Errors before and after a correction, of the values that have one."""
    has = np.isfinite(corrected)
    if not has.any():
        return {"n": 0, "before": None, "after": None, "improvement": None}
    before = errors(x[has], y[has], quantiles=quantiles)
    after = errors(corrected[has], y[has], quantiles=quantiles)
    gained = ("mae", "rmse", "quantile_mae")
    return {
        "n": has.sum(),
        "before": before,
        "after": after,
        "improvement": {
            name: 1 - after[name] / before[name] if before[name] else None for name in gained
        },
    }


def errors(x: Floats, y: Floats, *, quantiles: int) -> dict[str, float]:
    """`quantile_mae` is the mean distance of both distributions, whatever came when."""
    probabilities: Sequence[float] | Floats = (np.arange(quantiles) + 0.5) / quantiles
    apart = np.quantile(x, probabilities) - np.quantile(y, probabilities)
    return {
        "bias": float(np.mean(x) - np.mean(y)),
        "mae": float(np.mean(np.abs(x - y))),
        "rmse": float(np.sqrt(np.mean((x - y) ** 2))),
        "quantile_mae": float(np.mean(np.abs(apart))),
    }
