"""Theil–Sen slopes of any number of values: order statistics of all pairwise slopes, exactly.

Two points change places in the order of y − m·x as m passes their slope, so the slopes below m are
the inversions of that order (Cole, Salowe, Steiger and Szemerédi 1989, doi:10.1137/0218055).
A bracket around the wanted slope is narrowed by counting, and the few slopes in it are written out.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# How many pairwise slopes are below a slope, and up to it; and those strictly between two.
Count = Callable[[float], tuple[int, int]]
Listed = Callable[[float, float], Floats]

DIRECT_UP_TO = 2_000  # values; all pairwise slopes of these take 0.1 s and 50 MB
LISTED_UP_TO = 1_000_000  # slopes written out at once
SAMPLED = 400_000  # pairs of points that guide the search, at most
SAMPLED_EACH = 8  # the same for each value
NEAR = 1e-14  # relative width of a bracket that cannot be narrowed


@dataclass(frozen=True, slots=True)
class Sen:
    """A Theil–Sen line; slopes in the unit of y per unit of x, the intercept at x = 0."""

    slope: float
    intercept: float
    lower: float
    upper: float


def theil_sen(x: Floats, y: Floats, *, confidence: float, factor: float = 1.0) -> Sen:
    """Fit the median of all pairwise slopes through the point of medians.

    Parameters
    ----------
    x : shape (n,), n ≥ 2, strictly ascending
    y : shape (n,), finite
    confidence : 0 to 1
        Of the interval of the slope: Sen 1968, doi:10.1080/01621459.1968.10480934, equation 2.6.
    factor : ≥ 1
        What the variance of Kendall's S is multiplied by for the interval, for dependent values.
    """
    pairs = x.size * (x.size - 1) // 2
    below, above = interval_ranks(pairs, kendall_variance(y) * factor, confidence=confidence)
    lower, left, right, upper = select_slopes(x, y, [below, (pairs - 1) // 2, pairs // 2, above])
    slope = (left + right) / 2
    intercept = float(np.median(y) - slope * np.median(x))
    return Sen(slope=slope, intercept=intercept, lower=lower, upper=upper)


def interval_ranks(pairs: int, variance: float, *, confidence: float) -> tuple[int, int]:
    """Which of so many slopes, in order, are the ends of the interval; variance is that of S."""
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance)
    return max(round((pairs - reach) / 2) - 1, 0), min(round((pairs + reach) / 2), pairs - 1)


def kendall_variance(y: Floats) -> float:
    """Variance of Kendall's S without a trend, corrected for ties in y (Kendall 1975)."""
    n = y.size
    ties = np.unique(y, return_counts=True)[1].astype(np.float64)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def select_slopes(x: Floats, y: Floats, ranks: list[int]) -> list[float]:
    """Answer the pairwise slopes of these ranks, 0 being the smallest; x is strictly ascending."""
    if x.size <= DIRECT_UP_TO:
        first, second = np.triu_indices(x.size, 1)
        slopes = (y[second] - y[first]) / (x[second] - x[first])
        return [float(value) for value in np.partition(slopes, ranks)[ranks]]
    sample = sampled_slopes(x, y)
    # Ranks side by side ask the same, and all of them ask how many slopes are 0.
    count = cache(partial(count_slopes, x, y))
    listed = lru_cache(maxsize=1)(partial(slopes_between, x, y))
    return [
        select_slope(steepest(x, y), rank=rank, sample=sample, count=count, listed=listed)
        for rank in ranks
    ]


def sampled_slopes(x: Floats, y: Floats) -> Floats:
    """Slopes of random pairs, sorted. The seed is fixed, and the answer does not depend on it."""
    generator, size = np.random.default_rng(1968), min(SAMPLED, SAMPLED_EACH * x.size)
    first = generator.integers(0, x.size, size)
    second = (first + generator.integers(1, x.size, size)) % x.size
    return np.sort((y[second] - y[first]) / (x[second] - x[first]))


@dataclass
class Bracket:
    """A slope of one rank lies in (low, high); `below` are under it, `through` also inside it."""

    low: float
    high: float
    below: int
    through: int

    @property
    def inside(self) -> int:
        return self.through - self.below

    def narrow(self, count: Count, *, pivot: float, rank: int) -> bool:
        """Cut at the pivot; answer whether the pivot is the slope itself."""
        under, upto = count(pivot)
        if under <= rank < upto:
            return True
        if rank < under:
            self.high, self.through = pivot, under
        else:
            self.low, self.below = pivot, upto
        return False


def steepest(x: Floats, y: Floats) -> Bracket:
    """All slopes: no two points are steeper than the steepest neighbours."""
    steps = np.diff(y) / np.diff(x)
    margin = 1e-9 * float(np.abs(steps).max())
    pairs = x.size * (x.size - 1) // 2
    return Bracket(float(steps.min()) - margin, float(steps.max()) + margin, 0, pairs)


def select_slope(
    bracket: Bracket, *, rank: int, sample: Floats, count: Count, listed: Listed
) -> float:
    """Answer the slope of one rank, which lies in the bracket.

    It is exact, or within rounding where more than LISTED_UP_TO slopes differ only by rounding.
    """
    # Equal values all have slope 0, often a large share of all pairs, so 0 is asked first.
    candidates = [0.0]
    while bracket.inside > LISTED_UP_TO:
        candidates = [pivot for pivot in candidates if bracket.low < pivot < bracket.high]
        width = NEAR * max(abs(bracket.low), abs(bracket.high))
        if not candidates or bracket.high - bracket.low <= width:
            return (bracket.low + bracket.high) / 2
        for pivot in candidates:
            inside = bracket.low < pivot < bracket.high
            if inside and bracket.narrow(count, pivot=pivot, rank=rank):
                return pivot
        sample = sample[(sample > bracket.low) & (sample < bracket.high)]
        candidates = pivots(bracket, rank=rank, sample=sample)
    slopes = listed(bracket.low, bracket.high)
    place = min(rank - bracket.below, slopes.size - 1)
    return float(np.partition(slopes, place)[place])


def pivots(bracket: Bracket, *, rank: int, sample: Floats) -> list[float]:
    """Guess two slopes close around the wanted one from the sample, or else take the middle."""
    size = sample.size
    if size < 20:
        return [(bracket.low + bracket.high) / 2]
    share = (rank - bracket.below + 0.5) / bracket.inside
    spread = 3 * math.sqrt(share * (1 - share) / size) + 1 / size
    places = [int((share - spread) * size), int((share + spread) * size)]
    return [float(sample[min(max(place, 0), size - 1)]) for place in places]


def count_slopes(x: Floats, y: Floats, pivot: float) -> tuple[int, int]:
    """Count the pairwise slopes below the pivot, and up to and including it."""
    rest = y - pivot * x
    order = order_of(rest)
    under = count_inversions(order)
    # Two points whose slope is the pivot have the same rest.
    return under, under + count_ties(rest[order])


def count_ties(ascending: Floats) -> int:
    """Count pairs of equal values."""
    edges = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1], [True]]))
    sizes = np.diff(edges)
    return int((sizes * (sizes - 1) // 2).sum())


def order_of(values: Floats, *, later_first: bool = False) -> Ints:
    """Indices in ascending order of their values, those of equal values by time."""
    if not later_first:
        return np.argsort(values, kind="stable")
    return values.size - 1 - np.argsort(values[::-1], kind="stable")


def halves(permutation: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Split a permutation of 0 … n−1 by the bits of its numbers, highest first.

    Yields, for each bit, `small`, `large` and `before`, all of shape (rows, size): the numbers
    without and with that bit in their order, a row for each group with the same higher bits, and
    how many of the large ones of a row stood before each small one. These are the inversions.
    """
    bits = max(1, int(permutation.size - 1).bit_length())
    padding = np.arange(permutation.size, 2**bits)
    table = np.concatenate([permutation, padding]).astype(np.int32)
    for bit in range(bits - 1, -1, -1):
        size = 2**bit
        is_large = (table & size).astype(np.bool_)
        is_small = ~is_large
        small = table[is_small].reshape(-1, size)
        large = table[is_large].reshape(-1, size)
        seen = np.cumsum(is_large, dtype=np.int32)[is_small].reshape(-1, size)
        yield small, large, seen - size * np.arange(small.shape[0], dtype=np.int32)[:, np.newaxis]
        table = np.concatenate([small, large], axis=1).ravel()


def count_inversions(permutation: Ints) -> int:
    """Count pairs in which the larger number stands first, in O(n log n)."""
    return sum(int(before.sum()) for _small, _large, before in halves(permutation))


def list_inversions(permutation: Ints) -> tuple[Ints, Ints]:
    """Answer the smaller and the larger number of every inversion."""
    smaller, larger = [], []
    for small, large, before in halves(permutation):
        counts = before.ravel()
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.repeat(np.repeat(np.arange(large.shape[0]), large.shape[1]), counts)
        larger.append(large[rows, np.arange(starts.size) - starts])
        smaller.append(np.repeat(small.ravel(), counts))
    return np.concatenate(smaller), np.concatenate(larger)


def slopes_between(x: Floats, y: Floats, low: float, high: float) -> Floats:
    """Slopes strictly between two slopes: the pairs that change places on the way."""
    at_low = order_of(y - low * x, later_first=True)
    at_high = order_of(y - high * x)
    rank = np.empty_like(at_high)
    rank[at_high] = np.arange(at_high.size)
    first, second = (at_high[number] for number in list_inversions(rank[at_low]))
    return np.asarray((y[second] - y[first]) / (x[second] - x[first]))
