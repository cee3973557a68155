"""Trends of a century of days and the decomposition of 10,000, beside the usual ways."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analyses.methods.mann_kendall import mann_kendall
from analyses.methods.slopes import Floats, theil_sen
from analyses.methods.stl import decompose, smoothing_of
from bench.report import Line, median, seconds

CENTURY, FEW, DAYS = 36_500, 5_000, 10_000
MOST_S, MOST_MB, LEAST = 2.0, 300.0, 20.0
# A process of its own has a peak of memory of its own.
WORK = """
from bench import trends
from bench.report import peak_bytes, seconds
x, y = trends.made_up(trends.CENTURY)
print(seconds(lambda: trends.fit(x, y)))
print(peak_bytes() / 2**20)
"""


def measure() -> Iterator[Line]:
    subject = "Theil–Sen with interval, and Mann–Kendall"
    spent, memory = zip(*[alone() for _ in range(3)], strict=True)
    took, most = median(spent), max(memory)
    days = f"{CENTURY:,} days"
    yield Line(
        subject, f"{days}, as a part of {MOST_S:g} s", 1000 * took, "ms", took / MOST_S, most=1.0
    )
    share = most / MOST_MB
    yield Line(subject, f"{days}, whole process at most", most, "MB", share, most=1.0)
    yield from against_pairs(subject)
    yield from decomposed()


def alone() -> tuple[float, float]:
    """Seconds, and megabytes at most, of one fit in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WORK],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    spent, memory = done.stdout.split()
    return float(spent), float(memory)


def made_up(n: int) -> tuple[Floats, Floats]:
    """Days with seasons, weather that lasts, a trend, and one decimal, so that values tie."""
    x = np.arange(n) / 365.2425
    noise = np.random.default_rng(5).normal(size=n + 9)
    lasting = np.convolve(noise, 0.6 ** np.arange(10), mode="valid")
    return x, np.round(10 * np.sin(2 * np.pi * x) + 0.02 * x + lasting, 1)


def fit(x: Floats, y: Floats) -> None:
    theil_sen(x, y, confidence=0.95)
    mann_kendall(y)


def against_pairs(subject: str) -> Iterator[Line]:
    """Beside scipy, which computes the slope of every pair."""
    from scipy.stats import theilslopes

    x, y = made_up(FEW)
    ours = median([seconds(lambda: theil_sen(x, y, confidence=0.95)) for _ in range(5)])
    theirs = median([seconds(lambda: theilslopes(y, x)) for _ in range(3)])
    yield Line(subject, f"scipy's theilslopes, {FEW:,} days", 1000 * theirs, "ms")
    yield Line(subject, f"ours, {FEW:,} days", 1000 * ours, "ms", theirs / ours, least=LEAST)


def decomposed() -> Iterator[Line]:
    """Beside statsmodels with smoothers computed at every day."""
    from statsmodels.tsa.seasonal import STL

    subject = f"STL of {DAYS:,} days"
    _, y = made_up(DAYS)
    smoothing = smoothing_of(365, place=0, window=None, trend=None)
    ours = median([seconds(lambda: decompose(y, [smoothing], robust=False)) for _ in range(3)])
    theirs = seconds(lambda: STL(y, period=365, seasonal=smoothing.window).fit())
    yield Line(subject, "statsmodels", 1000 * theirs, "ms")
    yield Line(subject, "ours", 1000 * ours, "ms", theirs / ours)
