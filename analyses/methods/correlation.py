"""Correlation of series with each other, at the same time and with one before the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from analyses.methods.coefficients import Asked, Coefficient, Effective, Kind, coefficient
from analyses.methods.pairs import (
    MEANS,
    STEP,
    PairStep,
    Sample,
    cleaned,
    common_times,
    delayed,
    described,
    explained,
    reason_without,
    sampled,
    shared,
    values_at,
)
from analyses.methods.progress import progress
from analyses.methods.results import extent, head, plain
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE
from analyses.methods.words import relation
from analyses.registry import MAIN, Analysis, Explanation, Input, analyses
from datasets.series import Series

NUMBERS = ("r", "p", "n", "n_eff", "lower", "upper")
Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """How two series are made ready and correlated."""

    step: PairStep
    asked: Asked
    deseasonalise: bool
    detrend: bool


def correlation(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    others: Sequence[Series],
    method: Kind = "pearson",
    step: PairStep = "raw",
    max_lag: int = 0,
    deseasonalise: bool = False,
    detrend: bool = False,
    effective_size: Effective = "lag_1",
    confidence: float = 0.95,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Correlate each of several series with each other, and the first with others at lags.

    Parameters
    ----------
    series, others : in any units; each pair is correlated at the times that both have
    method : "pearson", "spearman" (ranks) or "kendall" (tau-b)
    step : "raw" values at exactly equal times, or means of each complete "day", "month" or "year"
    max_lag : steps; of raw values intervals of the first series
        Positive lags: the other comes earlier than the first; negative ones: later.
    deseasonalise : takes the normal of its month from each value, over the times of the pair
    detrend : takes a straight line from the values, by least squares, over the times of the pair
    effective_size : how pairs are discounted because neighbours are alike
    confidence : 0.5 to 0.999, of all intervals
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is not paired.

    Returns
    -------
    dict
        Square matrices in the order of the series, the first being that of the analysis, and a
        table of lags for each other series. What is missing is None.

    References
    ----------
    Dawdy and Matalas 1964; Bretherton et al. 1999; Pyper and Peterman 1998; Fisher 1921.
    """
    way = Way(step, Asked(method, effective_size, confidence), deseasonalise, detrend)
    samples = [sampled(one, step, min_coverage=min_coverage) for one in (series, *others)]
    pairs = matrix(samples, way, share=0.5 if max_lag else 1.0)
    with_main = [common_times([samples[0], other]) for other in samples[1:]]
    used = np.unique(np.concatenate(with_main))
    return plain(
        head(series)
        | {"n": used.size}
        | extent(used)
        | told(way)
        | {
            "units": dict.fromkeys(NUMBERS, "1") | {"lag": samples[0].lag_unit},
            "series": [described(one, used) for one in samples],
            "matrices": table(pairs, samples),
            "lags": lags(samples, way, max_lag) if max_lag else [],
        }
        | reasons_of(pairs)
    )


def told(way: Way) -> dict[str, Any]:
    """What a reader must know of how the coefficients were made."""
    return {
        "method": way.asked.kind,
        "step": way.step,
        "deseasonalise": way.deseasonalise,
        "detrend": way.detrend,
        "effective_size": way.asked.effective,
        "confidence": way.asked.confidence,
    }


def correlated(main: Sample, other: Sample, way: Way, *, lag: int = 0) -> Coefficient:
    """Of two series at their common times, the other so many steps earlier."""
    if lag and main.spacing is None:
        return Coefficient(0, reason="The interval of the first series is not known.")
    later = delayed(other, lag, beside=main)
    times = common_times([main, later])
    reason = reason_without([main, other], times, step=way.step)
    if reason:
        return Coefficient(0, reason=reason)
    options = {"deseasonalise": way.deseasonalise, "detrend": way.detrend}
    left = [cleaned(values_at(one, times), times, **options) for one in (main, later)]
    return coefficient(left[0].values, left[1].values, way.asked, removed=left[0].removed)


def matrix(
    samples: Sequence[Sample], way: Way, *, share: float
) -> dict[tuple[int, int], Coefficient]:
    """Of each pair, by the places of both."""
    found: dict[tuple[int, int], Coefficient] = {}
    places = list(combinations(range(len(samples)), 2))
    for done, (one, other) in enumerate(places):
        found[one, other] = correlated(samples[one], samples[other], way)
        progress(share * (done + 1) / len(places))
    return found


def reasons_of(pairs: Mapping[tuple[int, int], Coefficient]) -> dict[str, Any]:
    """Why a pair has no coefficient; where none has, the first reason is that of the result."""
    reasons = [
        {"series": list(places), "reason": one.reason}
        for places, one in pairs.items()
        if one.reason
    ]
    is_any = any(one.r is not None for one in pairs.values())
    return {"reasons": reasons, "reason": None if is_any else reasons[0]["reason"]}


def table(pairs: Mapping[tuple[int, int], Coefficient], samples: Sequence[Sample]) -> Numbers:
    """A square matrix of each number; each series is like itself, and that is no test."""
    size = len(samples)
    found: Numbers = {name: [[None] * size for _ in range(size)] for name in NUMBERS}
    for place, sample in enumerate(samples):
        found["r"][place][place] = 1.0 if sample.times.size else None
        found["n"][place][place] = sample.times.size
    for (row, column), one in pairs.items():
        for name in NUMBERS:
            found[name][row][column] = found[name][column][row] = getattr(one, name)
    return found


def lags(samples: Sequence[Sample], way: Way, max_lag: int) -> list[Numbers]:
    """Of each other series with the first, from the lag −max_lag to max_lag."""
    main, others = samples[0], samples[1:]
    steps = range(-max_lag, max_lag + 1)
    found = []
    for number, other in enumerate(others):
        row = []
        for done, lag in enumerate(steps):
            row.append(correlated(main, other, way, lag=lag))
            progress(0.5 + 0.5 * (number + done / len(steps)) / len(others))
        columns = {name: [getattr(one, name) for one in row] for name in NUMBERS}
        found.append(
            {
                "series": number + 1,
                "lag": list(steps),
                **columns,
                "strongest": strongest(row, steps),
            }
        )
    return found


def strongest(row: Sequence[Coefficient], steps: Sequence[int]) -> dict[str, Any] | None:
    """The lag with the coefficient farthest from 0; of equal ones the nearest to no lag."""
    found = [
        (abs(one.r), -abs(lag), lag)
        for one, lag in zip(row, steps, strict=True)
        if one.r is not None
    ]
    if not found:
        return None
    lag = max(found)[2]
    return {"lag": lag, "r": row[lag - steps[0]].r}


def explain(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    path: Sequence[str | int],
    *,
    others: Sequence[Series],
    of: int = 0,
    step: PairStep = "raw",
    max_lag: int = 0,
    min_coverage: float = 0.8,
    **_: Any,
) -> Explanation:
    """Which values of one of the series are in a coefficient; those that are in any otherwise.

    `path` leads to ("matrices", "r", row, column) or ("lags", place, "r", number), or to the same
    place of another number.
    """
    samples = [sampled(one, step, min_coverage=min_coverage) for one in (series, *others)]
    match list(path):
        case ["matrices", str(), int(row), int(column)]:
            return of_pair(samples, (row, column), of, step=step)
        case ["series", int(place), *_] if place:
            return of_pair(samples, (0, place), of, step=step)
        case ["lags", int(place), *more] if place < len(others):
            number = more[1] if len(more) > 1 and isinstance(more[1], int) else None
            lags = range(-max_lag, max_lag + 1) if number is None else [number - max_lag]
            return of_lags(samples, place + 1, of, lags=lags, step=step)
    mine = samples[of].times
    is_shared = np.zeros(mine.size, np.bool_)
    for place, one in enumerate(samples):
        if place != of:
            is_shared[np.searchsorted(mine, shared(mine, one.times))] = True
    return explained(samples[of], mine[is_shared], step=step)


def of_pair(
    samples: Sequence[Sample], places: tuple[int, int], of: int, *, step: PairStep
) -> Explanation:
    """Values of one series behind the coefficient of two of them."""
    if of not in places:
        return not_of(samples[of])
    return explained(samples[of], common_times([samples[one] for one in places]), step=step)


def of_lags(
    samples: Sequence[Sample], other: int, of: int, *, lags: Iterable[int], step: PairStep
) -> Explanation:
    """Values of one series behind the coefficients of the first with another at some lags."""
    if of not in {0, other}:
        return not_of(samples[of])
    found = []
    for lag in lags:
        later = delayed(samples[other], lag, beside=samples[0])
        times = common_times([samples[0], later])
        if lag and samples[0].spacing is None:
            times = times[:0]
        found.append(explained(later if of else samples[0], times, step=step))
    # Of several lags a value is left out where none uses it, for the reason at the first of them.
    used = np.any([one.codes == 0 for one in found], axis=0)
    return Explanation(np.where(used, 0, found[0].codes), found[0].reasons)


def not_of(sample: Sample) -> Explanation:
    codes = np.ones(sample.series.values.size, np.int64)
    return Explanation(codes, ("", "The number is of other series."))


analyses.add(
    Analysis(
        name="correlation",
        title="Correlation",
        description=(
            "Correlation of each of several series with each other, with the number of independent "
            "pairs, test and interval, and of the first with the others at lags."
        ),
        inputs=(
            MAIN,
            Input(
                "others",
                "Series to correlate with it and with each other: variable, and station and "
                "dataset where they are others.",
                form="list",
            ),
        ),
        parameters={
            "method": {
                "type": "string",
                "enum": ["pearson", "spearman", "kendall"],
                "default": "pearson",
                "description": "Pearson's r, Spearman's rank correlation or Kendall's tau-b.",
            },
            "step": STEP,
            "max_lag": {
                "type": "integer",
                "minimum": 0,
                "maximum": 366,
                "default": 0,
                "description": "Farthest lag, in steps, at which the first series is correlated "
                "with the others; 0 for none.",
            },
            "deseasonalise": {
                "type": "boolean",
                "default": False,
                "description": "Whether the normal of its month is taken from each value.",
            },
            "detrend": {
                "type": "boolean",
                "default": False,
                "description": "Whether a straight line is taken from the values.",
            },
            "effective_size": {
                "type": "string",
                "enum": ["lag_1", "all_lags", "none"],
                "default": "lag_1",
                "description": "How pairs are discounted because neighbours are alike: by the "
                "lag-1 correlations, by those of all lags up to a fifth of the pairs, or not.",
            },
            "confidence": CONFIDENCE,
            "min_coverage": MIN_COVERAGE,
        },
        only_with={"min_coverage": {"step": MEANS}},
        missing=(
            "Nothing is filled. Each pair of series is correlated at the times that both have; a "
            "day, month or year counts where it has `min_coverage` of its values in each."
        ),
        references=(
            "Dawdy and Matalas 1964, in Chow, Handbook of Applied Hydrology, section 8-III",
            "Bretherton et al. 1999, doi:10.1175/1520-0442(1999)012<1990:TENOSD>2.0.CO;2",
            "Pyper and Peterman 1998, doi:10.1139/f98-104 (effective size over all lags)",
            "Fisher 1921, Metron 1, 3–32 (interval)",
            "Bonett and Wright 2000, doi:10.1007/BF02294183 (interval of ranks)",
            "Fieller, Hartley and Pearson 1957, doi:10.1093/biomet/44.3-4.470 (interval of tau)",
            "Kendall 1975, Rank Correlation Methods, Griffin, London",
        ),
        version=1,
        libraries=("numpy", "scipy"),
        compute=correlation,
        says=relation.correlation,
        explain=explain,
    )
)
