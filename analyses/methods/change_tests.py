"""Tests for one change of the mean at an unknown place, on values in order of time."""

import math
from dataclasses import dataclass

import numpy as np

from analyses.methods.mann_kendall import average_ranks
from analyses.methods.progress import progress
from analyses.methods.slopes import Floats, Ints

TESTS = ("snht", "buishand_range", "buishand_u")
WORK = 50_000_000  # random numbers drawn in all: a few seconds
AT_ONCE = 1_000_000  # drawn at a time: 8 MB, and a few times that to compute with


@dataclass(frozen=True, slots=True)
class Change:
    """How strong a change is, how probable that by chance, and how many values lie before it."""

    statistic: float
    p: float
    before: int


def pettitt(values: Floats) -> Change:
    """Pettitt 1979, doi:10.2307/2346729: ranks; p by his approximation, good below 0.5."""
    n = values.size
    before = np.arange(1, n)
    u = 2 * np.cumsum(average_ranks(values))[:-1] - before * (n + 1)
    place = int(np.argmax(np.abs(u)))
    k = abs(float(u[place]))
    p = min(1.0, 2 * math.exp(-6 * k**2 / (float(n) ** 3 + float(n) ** 2)))
    return Change(k, p, place + 1)


def statistics(samples: Floats) -> tuple[dict[str, Floats], Ints, Ints]:
    """SNHT's T, Buishand's R/√n and U of each row, and where the first two see the change.

    Alexandersson 1986, doi:10.1002/joc.3370060607, with the standard deviation of n − 1; Buishand
    1982, doi:10.1016/0022-1694(82)90066-X (R), and 1984, doi:10.1016/0022-1694(84)90032-5 (U), with
    that of n.
    """
    n = samples.shape[1]
    centred = samples - samples.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.mean(centred**2, axis=1))
    sums = np.cumsum(centred, axis=1)[:, :-1] / deviation[:, None]
    before = np.arange(1, n)
    t = sums**2 * ((n - 1) / (before * (n - before)))
    # The sum of all n is zero, and counts among the highest and lowest.
    spread = np.maximum(sums.max(axis=1), 0) - np.minimum(sums.min(axis=1), 0)
    found = {
        "snht": t.max(axis=1),
        "buishand_range": spread / math.sqrt(n),
        "buishand_u": np.sum(sums**2, axis=1) / (n * (n + 1)),
    }
    return found, np.argmax(t, axis=1) + 1, np.argmax(np.abs(sums), axis=1) + 1


def simulated(n: int, *, simulations: int, seed: int) -> dict[str, Floats]:
    """The statistics of as many series of independent normal values, fewer where n is large."""
    rng = np.random.default_rng(seed)
    left = total = min(simulations, WORK // n)
    rows = max(1, AT_ONCE // n)
    parts = []
    while left:
        parts.append(statistics(rng.standard_normal((min(rows, left), n)))[0])
        left -= min(rows, left)
        progress(1 - left / total)
    return {name: np.concatenate([part[name] for part in parts]) for name in TESTS}


def tests_of(values: Floats, *, simulations: int, seed: int) -> tuple[dict[str, Change], int]:
    """The four tests, and how many simulations stand behind the p of the last three."""
    by_chance = simulated(values.size, simulations=simulations, seed=seed)
    found, place_t, place_s = statistics(values[None, :])
    places = {"snht": place_t, "buishand_range": place_s, "buishand_u": place_s}
    drawn = by_chance["snht"].size
    tests = {"pettitt": pettitt(values)}
    for name in TESTS:
        statistic = float(found[name][0])
        beyond = int((by_chance[name] >= statistic).sum())
        tests[name] = Change(statistic, (1 + beyond) / (1 + drawn), int(places[name][0]))
    return tests, drawn
