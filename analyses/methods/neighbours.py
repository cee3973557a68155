"""Series of neighbouring stations beside a series: aligned in time, fitted to it, averaged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Moments
from analyses.methods.slopes import Floats
from datasets.series import Series

Bools = NDArray[np.bool_]


def aligned(moments: Moments, others: Sequence[Series]) -> Floats:
    """Values of other series at these instants: shape (instants, series), NaN where none is."""
    table = np.full((moments.size, len(others)), np.nan)
    for column, other in enumerate(others):
        if other.timestamps.size:
            places = np.searchsorted(other.timestamps, moments)
            places = np.minimum(places, other.timestamps.size - 1)
            same = other.timestamps[places] == moments
            table[same, column] = other.values[places[same]]
    return table


@dataclass(frozen=True, slots=True)
class Lines:
    """The line from each neighbour to the station, by least squares over the pairs there are.

    Attributes
    ----------
    slopes, intercepts : shape (k,), NaN where there is no line
    correlations : Pearson's, of the pairs
    agreements : modified index of agreement of the pairs, Legates and McCabe 1999
    pairs : how many
    """

    slopes: Floats
    intercepts: Floats
    correlations: Floats
    agreements: Floats
    pairs: Floats

    def usable(self, *, min_pairs: int, min_correlation: float) -> Bools:
        enough = (self.pairs >= min_pairs) & (self.correlations >= min_correlation)
        return np.asarray(enough & np.isfinite(self.slopes) & np.isfinite(self.agreements))

    def estimates(self, table: Floats) -> Floats:
        """What each neighbour says of the station, shape of the table."""
        return np.asarray(self.intercepts + self.slopes * table)


def fit(values: Floats, table: Floats) -> Lines:
    """Fit the station's values, shape (n,), NaN allowed, to each column of a table (n, k)."""
    there = np.isfinite(table) & np.isfinite(values)[:, None]
    pairs = there.sum(axis=0).astype(np.float64)
    x, y = np.where(there, table, 0.0), np.where(there, values[:, None], 0.0)
    with np.errstate(all="ignore"):
        mean_x, mean_y = x.sum(axis=0) / pairs, y.sum(axis=0) / pairs
        dx, dy = np.where(there, x - mean_x, 0.0), np.where(there, y - mean_y, 0.0)
        xx, yy, xy = (dx * dx).sum(axis=0), (dy * dy).sum(axis=0), (dx * dy).sum(axis=0)
        slopes = xy / xx
        apart = np.where(there, np.abs(x - mean_y), 0.0).sum(axis=0) + np.abs(dy).sum(axis=0)
        return Lines(
            slopes=slopes,
            intercepts=mean_y - slopes * mean_x,
            correlations=xy / np.sqrt(xx * yy),
            agreements=1 - np.abs(x - y).sum(axis=0) / apart,
            pairs=pairs,
        )


def weighted(estimates: Floats, weights: Floats, *, at_least: int = 1) -> Floats:
    """Mean of the estimates of each row by weight; NaN where fewer than so many are there."""
    there = np.isfinite(estimates) & (weights > 0)
    shares = np.where(there, weights, 0.0)
    with np.errstate(all="ignore"):
        means = np.where(there, estimates * shares, 0.0).sum(axis=1) / shares.sum(axis=1)
    return np.where(there.sum(axis=1) >= at_least, means, np.nan)
