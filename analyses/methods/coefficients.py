"""Correlation of two series of equal length, and how sure it is where neighbours are alike."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analyses.methods.autocorrelation import autocorrelations, lag_1, sample_size_factor
from analyses.methods.mann_kendall import average_ranks
from analyses.methods.slopes import Floats, Ints

Kind = Literal["pearson", "spearman", "kendall"]
Effective = Literal["lag_1", "all_lags", "none"]
FEWEST = 3
# Variance of the transformed coefficient: Fisher 1921; Bonett and Wright 2000; Fieller, Hartley and
# Pearson 1957.
FISHER: dict[Kind, Callable[[float, float], float]] = {
    "pearson": lambda _, n: 1 / (n - 3) if n > 3 else math.nan,
    "spearman": lambda r, n: (1 + r * r / 2) / (n - 3) if n > 3 else math.nan,
    "kendall": lambda _, n: 0.437 / (n - 4) if n > 4 else math.nan,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which coefficient, how many independent values to count, confidence of its interval."""

    kind: Kind = "pearson"
    effective: Effective = "lag_1"
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its test against none, and its interval; None where there is none.

    `n` counts pairs, `n_eff` how many independent ones tell as much.
    """

    n: int
    r: float | None = None
    p: float | None = None
    n_eff: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str | None = None


def coefficient(x: Floats, y: Floats, asked: Asked, *, removed: int = 0) -> Coefficient:
    """Correlate two series in order of time.

    Parameters
    ----------
    x, y : shape (n,), finite
    removed : numbers beside the mean that were taken from each of them before, as for its seasons
        They count as values that are not there, as in the test of a partial correlation.
    """
    n = int(x.size)
    if n - removed < FEWEST:
        least = FEWEST + removed
        return Coefficient(n, reason=f"At least {least} pairs are needed, and there are {n}.")
    x, y = scaled(x), scaled(y)
    if not (x.any() and y.any()):
        return Coefficient(n, reason="The values of one series are all equal.")
    # Likeness of neighbours is that of what is correlated: a few large values hide that of ranks.
    if asked.kind != "pearson":
        x, y = (scaled(average_ranks(one)) for one in (x, y))
    size = max((n - removed) / size_factor(x, y, asked.effective), 2.0)
    if asked.kind == "kendall":
        r, p = kendall(x, y, share=size / n)
    else:
        r = pearson(x, y)
        p = student_p(r, size)
    if size <= 2:
        reason = "Neighbouring values are so alike that hardly any of them are independent."
        return Coefficient(n, r=r, n_eff=size, reason=reason)
    lower, upper = fisher_interval(r, size, asked)
    return Coefficient(n, r=r, p=p, n_eff=size, lower=lower, upper=upper)


def scaled(values: Floats) -> Floats:
    """About their mean, the farthest at 1, so that no square overflows; zeros where all equal."""
    top = float(np.abs(values).max())
    if top == 0 or np.ptp(values / top) <= 1e-12:
        return np.zeros(values.size)
    centred = values / top - np.mean(values / top)
    return np.asarray(centred / np.abs(centred).max())


def pearson(x: Floats, y: Floats) -> float:
    """Of values about their means."""
    return max(-1.0, min(1.0, float(x @ y) / math.sqrt(float(x @ x) * float(y @ y))))


def size_factor(x: Floats, y: Floats, effective: Effective) -> float:
    """What the number of pairs is divided by because neighbours are alike; never below 1.

    Of first-order autoregressions: Dawdy and Matalas 1964; Bretherton et al. 1999,
    doi:10.1175/1520-0442(1999)012<1990:TENOSD>2.0.CO;2. Else the correlations at all lags up to a
    fifth of the pairs: Pyper and Peterman 1998, doi:10.1139/f98-104. Lags count pairs in order.
    """
    if effective == "none":
        return 1.0
    if effective == "lag_1":
        product = min(lag_1(x) * lag_1(y), 1 - 1e-12)
        return max(1.0, (1 + product) / (1 - product))
    rho = autocorrelations(x) * autocorrelations(y)
    return max(1.0, sample_size_factor(rho[1 : x.size // 5 + 1], x.size))


def student_p(r: float, size: float) -> float:
    """Two-sided, with size − 2 degrees of freedom; of rank correlation an approximation."""
    from scipy.special import betainc

    return float(betainc(max(size - 2, 0.0) / 2, 0.5, (1 - r) * (1 + r)))


def kendall(x: Floats, y: Floats, *, share: float) -> tuple[float, float]:
    """Tau-b and its two-sided p by the normal approximation, with ties.

    Parameters
    ----------
    share : what the number of pairs is multiplied by to count independent ones
    """
    from scipy.stats import kendalltau

    tau = float(kendalltau(x, y, method="asymptotic").statistic)
    n = x.size
    ties, others = (np.unique(one, return_counts=True)[1].astype(np.int64) for one in (x, y))
    pairs = n * (n - 1) // 2
    untied = math.sqrt(float(pairs - tied(ties)) * float(pairs - tied(others)))
    variance = kendall_variance(n, ties, others)
    z = tau * untied / math.sqrt(variance / share)
    return tau, math.erfc(abs(z) / math.sqrt(2))


def tied(counts: Ints) -> int:
    return int((counts * (counts - 1) // 2).sum())


def kendall_variance(n: int, ties: Ints, others: Ints) -> float:
    """Of S where both series have ties: Kendall 1975, equation 4.4."""

    def thirds(counts: Ints) -> float:
        return float((counts * (counts - 1.0) * (counts - 2)).sum())

    def ends(counts: Ints) -> float:
        return float((counts * (counts - 1.0) * (2 * counts + 5)).sum())

    m = float(n) * (n - 1)
    return (
        (m * (2 * n + 5) - ends(ties) - ends(others)) / 18
        + 2.0 * tied(ties) * tied(others) / m
        + thirds(ties) * thirds(others) / (9 * m * (n - 2))
    )


def fisher_interval(r: float, size: float, asked: Asked) -> tuple[float | None, float | None]:
    """By the inverse hyperbolic tangent (Fisher 1921); None with too few independent pairs."""
    from scipy.stats import norm

    variance = FISHER[asked.kind](r, size)
    if math.isnan(variance):
        return None, None
    if abs(r) == 1:
        return r, r
    reach = float(norm.ppf((1 + asked.confidence) / 2)) * math.sqrt(variance)
    middle = math.atanh(r)
    return math.tanh(middle - reach), math.tanh(middle + reach)
