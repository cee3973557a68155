"""Changes of the mean of a series: four tests for one change, and a search for several."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from analyses.methods.autocorrelation import lag_1
from analyses.methods.calendar import Moments, not_complete, period_means
from analyses.methods.change_tests import Change, tests_of
from analyses.methods.rain import amount_interval
from analyses.methods.results import head, plain, square, timestamps_of
from analyses.methods.schemas import MIN_COVERAGE, SEED
from analyses.methods.slopes import Floats, Ints
from analyses.methods.spread import robust_spread
from analyses.methods.words import change
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series

Step = Literal["raw", "month", "year"]

FEWEST = 10
MOST = 100_000
# PELT takes 3 s there where nothing changes, and four times that at twice as many values.
EXACT_UP_TO = 20_000
ALIKE = 0.1  # correlation of neighbours that is worth a warning where it is significant too


@dataclass(frozen=True, slots=True)
class Sample:
    """What is searched for changes.

    Attributes
    ----------
    timestamps : of the values, or the starts of the periods whose means they are
    scale : what the values were divided by so that no square overflows
    places : of each value of the series in the sample, −1 for those left out
    """

    timestamps: Moments
    values: Floats
    scale: float
    places: Ints


@np.errstate(over="ignore", invalid="ignore")
def changepoint(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    step: Step = "year",
    min_coverage: float = 0.8,
    simulations: int = 10_000,
    seed: int = 1,
    penalty: float = 3,
    min_length: int = 5,
) -> dict[str, Any]:
    """Find where the mean of a series changes, and how probable that would be by chance.

    Parameters
    ----------
    series : in its unit
    step : "raw" values, or means of each "month" or "year"
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is left out, and so is one that the
        series does not reach the end of.
    simulations, seed : of the p of SNHT and Buishand's tests
    penalty : what a further change must gain, in log(n) times the variance of the noise
    min_length : values between two changes of several

    Returns
    -------
    dict
        Each test with its statistic, p, the values on both sides of the change and their means;
        segments of equal mean. With fewer than ten values numbers are None and `reason` says why.

    References
    ----------
    Pettitt 1979; Alexandersson 1986; Buishand 1982 and 1984; Killick, Fearnhead and Eckley 2012.
    """
    sample = sample_of(series, step, min_coverage=min_coverage)
    result = head(series) | {
        "n": sample.values.size,
        "n_values": int((sample.places >= 0).sum()),
        "step": step,
        "units": units_of(series.unit),
        **amount_interval(series, step),
    }
    reason = reason_against(sample, step)
    if reason:
        return plain(result | dict.fromkeys(NOTHING) | {"reason": reason})
    tests, drawn = tests_of(sample.values, simulations=simulations, seed=seed)
    several = segments_of(sample, penalty=penalty, min_length=min_length)
    return plain(
        result
        | {
            "tests": {name: told(sample, change) for name, change in tests.items()},
            "simulations": drawn,
            "seed": seed,
            **several,
            "warning": warning_about(several["lag_1_autocorrelation"], sample.values.size),
            "reason": None,
        }
    )


NOTHING = (
    "tests", "simulations", "seed", "method", "penalty", "noise", "changes", "segments",
    "lag_1_autocorrelation", "warning",
)  # fmt: skip


def sample_of(series: Series, step: Step, *, min_coverage: float) -> Sample:
    stamps, values = series.timestamps, series.values
    places = np.arange(values.size)
    if step != "raw" and values.size:
        means = period_means(series, step)
        counted = means.complete(min_coverage)
        stamps, values = means.periods[counted], means.means[counted]
        places = means.places_among(counted, series.timestamps)
    # A power of two changes no digit.
    scale = math.ldexp(1.0, math.frexp(float(np.abs(values).max(initial=0.0)))[1] - 1)
    return Sample(stamps, values / scale, scale, places)


def reason_against(sample: Sample, step: Step) -> str | None:
    what = "values" if step == "raw" else f"complete {step}s"
    size = sample.values.size
    if size < FEWEST:
        return f"At least {FEWEST} {what} are needed, and there are {size}."
    if size > MOST:
        return f"At most {MOST} values are searched, and there are {size}; take means of months."
    if not np.isfinite(sample.values).all():
        return "The values are too large to compute with."
    if not spread_of(sample.values):
        return f"All {what} are equal, so nothing changes."
    return None


def spread_of(values: Floats) -> float:
    """Standard deviation; 0 where it is rounding only."""
    deviation = float(np.std(values))
    return deviation if deviation > 1e-14 * float(np.abs(values).max()) else 0.0


def told(sample: Sample, change: Change) -> dict[str, Any]:
    """A test's result with the values on both sides of the change."""
    return {"statistic": change.statistic, "p": change.p} | sides_of(
        sample, 0, change.before, sample.values.size
    )


def sides_of(sample: Sample, start: int, place: int, end: int) -> dict[str, Any]:
    """What lies before and after a place, within two others."""
    last, first = timestamps_of(sample.timestamps[place - 1 : place + 1])
    before = float(sample.values[start:place].mean())
    after = float(sample.values[place:end].mean())
    return {
        "last_before": last,
        "first_after": first,
        "n_before": place - start,
        "n_after": end - place,
        "mean_before": before * sample.scale,
        "mean_after": after * sample.scale,
        "difference": (after - before) * sample.scale,
    }


# ---------------------------------------------------------------- several changes


def segments_of(sample: Sample, *, penalty: float, min_length: int) -> dict[str, Any]:
    values, n = sample.values, sample.values.size
    sigma = noise_of(values)
    is_exact = n <= EXACT_UP_TO
    ends = found_ends(
        (values - np.median(values)) / sigma,
        penalty=penalty * math.log(n),
        min_length=min_length,
        is_exact=is_exact,
    )
    edges = [0, *ends]
    level = np.concatenate([np.full(b - a, values[a:b].mean()) for a, b in pairwise(edges)])
    rest = values - level
    return {
        "method": "PELT" if is_exact else "binary segmentation",
        "penalty": {
            "factor": penalty,
            "value": penalty * math.log(n) * float(np.square(sigma * sample.scale)),
        },
        "noise": sigma * sample.scale,
        "changes": [
            sides_of(sample, edges[number - 1], edges[number], edges[number + 1])
            for number in range(1, len(edges) - 1)
        ],
        "segments": [segment(sample, a, b) for a, b in pairwise(edges)],
        "lag_1_autocorrelation": lag_1(rest) if float(rest @ rest) > 0 else None,
    }


def found_ends(values: Floats, *, penalty: float, min_length: int, is_exact: bool) -> list[int]:
    """Where segments end, by the least sum of squares plus the penalty for each change.

    ruptures' KernelCPD with a linear kernel is PELT on the sum of squares, in C. With a least
    length what it prunes is not always safe to prune: under low penalties a segmentation can come
    out that is worse than the best by less than one penalty.
    """
    import ruptures  # type: ignore[import-untyped]

    if values.size < 2 * min_length:
        return [values.size]
    search = (
        ruptures.KernelCPD(kernel="linear", min_size=min_length)
        if is_exact
        else ruptures.Binseg(model="l2", min_size=min_length, jump=1)
    )
    return [int(end) for end in search.fit(values[:, None]).predict(pen=penalty)]


def noise_of(values: Floats) -> float:
    """Standard deviation about the segments, by the median step from value to value.

    A change is one step among many, so it hardly counts. Where most steps are zero, by their mean
    square.
    """
    steps = np.diff(values) / math.sqrt(2)
    sigma = robust_spread(steps, 0.0)
    return sigma or float(np.sqrt(np.mean(steps**2)))


def segment(sample: Sample, start: int, end: int) -> dict[str, Any]:
    values = sample.values[start:end]
    first, last = timestamps_of(sample.timestamps[[start, end - 1]])
    return {
        "start": first,
        "end": last,
        "n": end - start,
        "mean": float(values.mean()) * sample.scale,
        "std": float(values.std(ddof=1)) * sample.scale if values.size > 1 else None,
    }


def warning_about(correlation: float | None, n: int) -> str | None:
    if correlation is None or correlation < max(ALIKE, 2 / math.sqrt(n)):
        return None
    return (
        f"Neighbouring values are alike (correlation {correlation:.2f}), and the tests take them "
        "for independent: they find changes too often."
    )


def units_of(unit: str) -> dict[str, str]:
    valued = ("mean_before", "mean_after", "difference", "mean", "std", "noise")
    return dict.fromkeys(valued, unit) | {
        "statistic": "1",
        "p": "1",
        "penalty.factor": "1",
        "penalty.value": square(unit),
        "lag_1_autocorrelation": "1",
    }


# ---------------------------------------------------------------- which values made a number


def explain(
    series: Series,
    path: Sequence[str | int],
    *,
    step: Step = "year",
    min_coverage: float = 0.8,
    **others: Any,
) -> Explanation:
    """Values in the periods that count; for a side or a segment those within it."""
    sample = sample_of(series, step, min_coverage=min_coverage)
    codes = np.where(sample.places >= 0, 0, 1)
    within = None
    if len(path) > 2:
        # Where changes are does not depend on the simulations, so a few will do.
        asked = {**others, "simulations": 1}
        within = span_of(path, changepoint(series, step=step, min_coverage=min_coverage, **asked))
    if within:
        stamps = np.array([text.rstrip("Z") for text in within], "datetime64[us]")
        start, end = np.searchsorted(sample.timestamps, stamps)
        outside = (sample.places < start) | (sample.places > end)
        codes[outside & (codes == 0)] = 2
    elsewhere = "It is on the other side of the change, or in another segment."
    return Explanation(codes, ("", not_complete(step), elsewhere))


def span_of(path: Sequence[str | int], result: dict[str, Any]) -> tuple[str, str] | None:
    """First and last timestamp of what a number was made of; None for all."""
    if result["tests"] is None or len(path) < 3:
        return None
    kind, which, field = path[0], path[1], path[2]
    ends = (str(result["segments"][0]["start"]), str(result["segments"][-1]["end"]))
    if kind == "segments" and isinstance(which, int) and 0 <= which < len(result["segments"]):
        one = result["segments"][which]
        return one["start"], one["end"]
    if kind == "tests" and which in result["tests"]:
        one = result["tests"][which]
    elif kind == "changes" and isinstance(which, int) and 0 <= which < len(result["changes"]):
        one = result["changes"][which]
        ends = (result["segments"][which]["start"], result["segments"][which + 1]["end"])
    else:
        return None
    if field in {"mean_before", "n_before"}:
        return ends[0], one["last_before"]
    return (one["first_after"], ends[1]) if field in {"mean_after", "n_after"} else ends


analyses.add(
    Analysis(
        name="changepoint",
        title="Change points",
        description=(
            "Pettitt's test, SNHT and Buishand's tests for one change of the mean, and several "
            "changes by PELT (in long series by binary segmentation), on values or on means of "
            "months or years."
        ),
        parameters={
            "step": {
                "type": "string",
                "enum": ["raw", "month", "year"],
                "default": "year",
                "description": "What is searched: values, or means of months or years.",
            },
            "min_coverage": MIN_COVERAGE
            | {
                "description": "Smallest share of its expected values with which a month or a "
                "year counts; a year also wants half of each of its months."
            },
            "simulations": {
                "type": "integer",
                "minimum": 1000,
                "maximum": 100_000,
                "default": 10_000,
                "description": "How many random series the p of SNHT and of Buishand's tests are "
                "made of; fewer where a series is long.",
            },
            "seed": SEED,
            "penalty": {
                "type": "number",
                "minimum": 1,
                "maximum": 1000,
                "default": 3,
                "description": "What each of several changes must gain, in log(n) times the "
                "variance of the noise; more finds fewer changes.",
            },
            "min_length": {
                "type": "integer",
                "minimum": 2,
                "maximum": 10_000,
                "default": 5,
                "description": "Fewest values between two of several changes.",
            },
        },
        only_with={"min_coverage": {"step": ("month", "year")}},
        missing=(
            "Nothing is filled. A month or year with less than `min_coverage` of its expected "
            "values is left out, and so is one that the series does not reach the end of. The "
            "tests take what is left in order, so a gap has no length."
        ),
        references=(
            "Pettitt 1979, doi:10.2307/2346729",
            "Alexandersson 1986, doi:10.1002/joc.3370060607 (SNHT)",
            "Buishand 1982, doi:10.1016/0022-1694(82)90066-X (range)",
            "Buishand 1984, doi:10.1016/0022-1694(84)90032-5 (U)",
            "Killick, Fearnhead and Eckley 2012, doi:10.1080/01621459.2012.737745 (PELT)",
            "Zhang and Siegmund 2007, doi:10.1111/j.1541-0420.2006.00662.x (penalty)",
        ),
        version=1,
        compute=changepoint,
        says=change.changepoint,
        explain=explain,
        libraries=("numpy", "ruptures"),
    )
)
