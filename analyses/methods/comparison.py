"""Comparison of a series with a reference: errors, Taylor statistics, quantile mapping."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analyses.methods.calendar import Moments, month_of
from analyses.methods.pairs import (
    MEANS,
    STEP,
    USED,
    PairStep,
    common_times,
    described,
    explained,
    reason_without,
    sampled,
    values_at,
)
from analyses.methods.progress import progress
from analyses.methods.quantile_mapping import cross_validated, quantile_table, validation
from analyses.methods.rain import amount_interval
from analyses.methods.results import extent, head, plain
from analyses.methods.schemas import MIN_COVERAGE
from analyses.methods.scores import OF_UNIT, PURE, scores
from analyses.methods.slopes import Floats
from analyses.methods.words import relation
from analyses.registry import MAIN, SAME, Analysis, Explanation, Input, analyses
from datasets.series import Series

Mapping = Literal["all", "month", "none"]
LARGEST = 1e150  # the square of which is a number
MAPPED = ("value", "reference", "correction", "quantile_mae")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values of both series at their common times."""

    times: Moments
    x: Floats
    y: Floats

    @property
    def months(self) -> Any:
        return month_of(self.times)

    @property
    def is_too_large(self) -> bool:
        return bool(self.times.size and max(np.abs(self.x).max(), np.abs(self.y).max()) > LARGEST)


def comparison(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    *,
    reference: Series,
    step: PairStep = "raw",
    mapping: Mapping = "all",
    quantiles: int = 20,
    folds: int = 5,
    min_coverage: float = 0.8,
) -> dict[str, Any]:
    """Compare a series with a reference that is taken for the truth.

    Parameters
    ----------
    series, reference : in the unit of the series; differences are series minus reference
    step : "raw" values at exactly equal times, or means of each complete "day", "month" or "year"
    mapping : one table of corrections for "all" values, one for each "month" of the year, or "none"
    quantiles : number of quantiles in a table
    folds : number of stretches of time, each corrected by a table of the others
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is not paired.

    Returns
    -------
    dict
        `scores` of all pairs, `months` the same for each month of the year, and `mapping`.

    References
    ----------
    Taylor 2001; Nash and Sutcliffe 1970; Gupta et al. 2009; Gudmundsson et al. 2012.
    """
    samples = [sampled(one, step, min_coverage=min_coverage) for one in (series, reference)]
    times = common_times(samples)
    reason = reason_without(samples, times, step=step)
    pairs = Pairs(times, *(values_at(one, times) for one in samples))
    if pairs.is_too_large:
        reason = "The values are too large to compute with."
        times = times[:0]
        pairs = Pairs(times, pairs.x[:0], pairs.y[:0])
    found = scores(pairs.x, pairs.y)
    progress(0.3)
    return plain(
        head(series)
        | {"n": times.size}
        | extent(times)
        | shared_interval(series, reference, step)
        | {
            "step": step,
            "units": dict.fromkeys((*OF_UNIT, *MAPPED), series.unit)
            | dict.fromkeys((*PURE, "improvement", "probability", "n"), "1"),
            "series": [described(one, times) for one in samples],
            "scores": found,
            "months": [] if step == "year" else scores_by_month(pairs),
            "mapping": None
            if mapping == "none"
            else mapping_of(pairs, mapping, quantiles=quantiles, folds=folds),
            "reason": reason or found["reason"],
        }
    )


def shared_interval(series: Series, reference: Series, step: PairStep) -> dict[str, str]:
    """That of the amounts that means are of; two that differ leave differences without one."""
    found = amount_interval(series, step)
    return found if found == amount_interval(reference, step) else {}


def scores_by_month(pairs: Pairs) -> list[dict[str, Any]]:
    months = pairs.months
    return [
        {"month": f"{month:02d}"} | scores(pairs.x[months == month], pairs.y[months == month])
        for month in range(1, 13)
    ]


def mapping_of(pairs: Pairs, mapping: Mapping, *, quantiles: int, folds: int) -> dict[str, Any]:
    """Tables of corrections, and what they are worth on values that they were not made from."""
    groups = pairs.months if mapping == "month" else np.zeros(pairs.times.size, np.int64)
    names = range(1, 13) if mapping == "month" else range(1)
    tables = [
        {"month": f"{name:02d}" if name else None}
        | table_of(pairs.x[groups == name], pairs.y[groups == name], quantiles)
        for name in names
    ]
    corrected = cross_validated(pairs.x, pairs.y, groups, quantiles=quantiles, folds=folds)
    progress(0.9)
    found = validation(pairs.x, pairs.y, corrected, quantiles=quantiles)
    reason = None
    if not found["n"]:
        reason = f"Without one stretch of {folds} no table has {quantiles} pairs."
    return {
        "by": mapping,
        "tables": tables,
        "validation": found | {"folds": folds, "reason": reason},
    }


def table_of(x: Floats, y: Floats, quantiles: int) -> dict[str, Any]:
    table = quantile_table(x, y, quantiles=quantiles)
    if table is None:
        reason = f"A table of {quantiles} quantiles needs as many pairs, and there are {x.size}."
        columns = ("probability", "value", "reference", "correction")
        return {"n": x.size, "reason": reason} | {name: [] for name in columns}
    return {
        "n": x.size,
        "probability": table.probabilities,
        "value": table.values,
        "reference": table.reference,
        "correction": table.corrections,
        "reason": None,
    }


def explain(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    path: Sequence[str | int],
    *,
    reference: Series,
    of: int = 0,
    step: PairStep = "raw",
    mapping: Mapping = "all",
    min_coverage: float = 0.8,
    **_: Any,
) -> Explanation:
    """Which values of the series, or of the reference (1), are paired, in the month of the path.

    `path` leads to ("scores", "rmse"), ("months", 6, "bias") or ("mapping", "tables", 6, "n").
    """
    samples = [sampled(one, step, min_coverage=min_coverage) for one in (series, reference)]
    found = explained(samples[of], common_times(samples), step=step)
    match list(path):
        case ["months", int(place), *_] if step != "year":
            month = place + 1
        case ["mapping", "tables", int(place), *_] if mapping == "month":
            month = place + 1
        case _:
            return found
    elsewhere = (found.codes == USED) & (month_of(samples[of].series.timestamps) != month)
    codes = np.where(elsewhere, len(found.reasons), found.codes)
    return Explanation(codes, (*found.reasons, "It is of another month of the year."))


analyses.add(
    Analysis(
        name="comparison",
        title="Comparison",
        description=(
            "A series against a reference that is taken for the truth: errors, Taylor statistics, "
            "efficiencies, all by month too, and quantile mapping with what it is worth."
        ),
        inputs=(
            MAIN,
            Input(
                "reference",
                "Series taken for the truth: variable, and station and dataset where they are "
                "others; converted to the unit of the first.",
                form="series",
                unit=SAME,
            ),
        ),
        parameters={
            "step": STEP,
            "mapping": {
                "type": "string",
                "enum": ["all", "month", "none"],
                "default": "all",
                "description": "Whether there is one table of corrections for all values, one for "
                "each month of the year, or none.",
            },
            "quantiles": {
                "type": "integer",
                "minimum": 2,
                "maximum": 100,
                "default": 20,
                "description": "Number of quantiles in a table of corrections, which needs as many "
                "pairs.",
            },
            "folds": {
                "type": "integer",
                "minimum": 2,
                "maximum": 20,
                "default": 5,
                "description": "Number of stretches of time, each corrected by a table of the "
                "others, to see what a table is worth.",
            },
            "min_coverage": MIN_COVERAGE,
        },
        only_with={
            "quantiles": {"mapping": ("all", "month")},
            "folds": {"mapping": ("all", "month")},
            "min_coverage": {"step": MEANS},
        },
        missing=(
            "Nothing is filled. Only times that both series have are compared; a day, month or "
            "year counts where it has `min_coverage` of its values in both."
        ),
        references=(
            "Taylor 2001, doi:10.1029/2000JD900719 (diagram and skill)",
            "Nash and Sutcliffe 1970, doi:10.1016/0022-1694(70)90255-6 (nse)",
            "Gupta et al. 2009, doi:10.1016/j.jhydrol.2009.08.003 (kge)",
            "Boé et al. 2007, doi:10.1002/joc.1602 (quantile mapping)",
            "Gudmundsson et al. 2012, doi:10.5194/hess-16-3383-2012 (its cross-validation)",
        ),
        version=1,
        libraries=("numpy", "scipy"),
        compute=comparison,
        says=relation.comparison,
        explain=explain,
    )
)
