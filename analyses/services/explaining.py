"""Which values made a number of a result, which did not, and why."""

import atexit
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from analyses.methods.results import timestamps_of
from analyses.models import Analysis, AnalysisInput
from analyses.packing import Request
from analyses.processes import Limits, Pool
from analyses.registry import FAILED, MAIN, Explanation, Of
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from analyses.services import inputs
from datasets.selectors import series as reading
from datasets.series import Series
from datastream.core.children import ChildEndedError
from datastream.core.errors import ConflictError, InvalidInputError, UnavailableError

# Somebody waits for the answer.
explainers = Pool(Limits(seconds=25.0, kept=1))
atexit.register(explainers.end)
Path = tuple[str | int, ...]
LONGEST_PATH = 200
PLACE = re.compile(r"\d{1,7}", re.ASCII)
DEFAULT_LIMIT, LARGEST_LIMIT = 1_000, 50_000


@dataclass(frozen=True)
class Explained:
    """A number, and the values of one of the series behind it.

    Attributes
    ----------
    reason : why the number is null, or what is to be known about it; None where nothing is
    codes : shape (n,), for each value of `series` a place in `reasons`, whose first means used
    """

    path: Path
    value: Any
    reason: str | None
    row: AnalysisInput
    parameter: str
    series: Series
    codes: NDArray[np.int64]
    reasons: tuple[str, ...]

    def counts(self) -> list[tuple[str, int]]:
        """Each reason to leave values out, with how many there are."""
        found = np.bincount(self.codes, minlength=len(self.reasons))
        pairs = zip(self.reasons, found.tolist(), strict=True)
        return [(reason, count) for reason, count in list(pairs)[1:] if count]


def explain(analysis: Analysis, number: str, *, of: str = "") -> Explained:
    """Explain a number of an analysis.

    Parameters
    ----------
    number : the path to it in the results, such as "theil_sen.per_decade" or "normals.6.mean"
    of : which of its series: the parameter that chose it, of several with its place, such as
        "predictors.0"; the main one if left out

    Raises
    ------
    ConflictError
        The analysis has no result.
    InvalidInputError
        There is no such number or series; `details` says which.
    """
    if analysis.result is None:
        raise ConflictError("It has no result yet; there is nothing to explain.")
    method = registry[analysis.type]
    path, value, reason = _found(analysis.result.results, number)
    row, told, asked = _chosen(analysis, method, _place(method, path), of)
    series, failed = inputs.judged(analysis, row, told)
    series = inputs.converted(series, inputs.unit_of(analysis, method, told["parameter"]))
    within = path[2:] if method.several else path
    said = _said(analysis, method, within, asked, (series, failed))
    return Explained(path, value, reason, row, told["parameter"], series, *said)


def _found(results: Any, number: str) -> tuple[Path, Any, str | None]:
    """The path, what is there, and the reason that stands nearest to it."""
    path: list[str | int] = []
    reason = results.get("reason")
    for part in number[:LONGEST_PATH].split("."):
        is_place = isinstance(results, list) and PLACE.fullmatch(part)
        key: str | int = int(part) if is_place else part
        try:
            results = results[key]
        except (KeyError, IndexError, TypeError) as error:
            raise InvalidInputError.of("number", _choices(results, path)) from error
        path.append(key)
        if isinstance(results, dict) and results.get("reason"):
            reason = results["reason"]
    return tuple(path), results, reason


def _choices(results: Any, path: list[str | int]) -> str:
    where = ".".join(map(str, path)) or "the results"
    if isinstance(results, list):
        return f"{where} has {len(results)} entries, from 0."
    if isinstance(results, dict):
        return f"{where} has {', '.join(sorted(results))}."
    return f"{where} holds nothing further."


def _place(method: Method, path: Path) -> int:
    """Of several series the one whose number it is."""
    if method.several and len(path) > 1 and isinstance(path[1], int):
        return path[1]
    return 0


def _chosen(
    analysis: Analysis, method: Method, place: int, of: str
) -> tuple[AnalysisInput, Mapping[str, str], Of]:
    """The row and the name of the series that is asked for, and where the method has it."""
    known = inputs.in_order(analysis)
    if of:
        name, _, number = of.partition(".")
        known = [(row, told) for row, told in known if told["parameter"] == name]
        place = int(number) if PLACE.fullmatch(number) else len(known) if number else 0
    if place >= len(known):
        names = ", ".join(one.parameter for one in method.inputs)
        raise InvalidInputError.of("of", f"There is no such series; it reads {names}.")
    row, told = known[place]
    before = [one for _, one in known[:place] if one["parameter"] == told["parameter"]]
    return row, told, (told["parameter"], 0 if method.several else len(before))


def _said(
    analysis: Analysis,
    method: Method,
    path: Path,
    asked: Of,
    read: tuple[Series, NDArray[np.bool_]],
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """What the method says about the values that came to it, and the failed ones beside."""
    series, failed = read
    used = reading.without(series, failed)
    says = Explanation(np.zeros(used.values.size, np.int64))
    if method.explain is not None:
        says = _asked(analysis, method, path, asked, used)
    codes = np.full(series.values.size, len(says.reasons), np.int64)
    codes[~failed] = says.codes
    return codes, (*says.reasons, FAILED)


def _asked(analysis: Analysis, method: Method, path: Path, asked: Of, used: Series) -> Explanation:
    """What the method says, in a process where its libraries may be loaded."""
    taken: dict[str, Any] = {MAIN.parameter: used}
    if len(method.inputs) > 1:
        (taken,) = inputs.read(analysis, method)
    request = Request(method.name, taken, method.own(analysis.parameters), path, asked)
    try:
        told = orjson.loads(explainers.compute(request))
    except ChildEndedError as error:
        raise UnavailableError("The explanation was interrupted; ask again.") from error
    return Explanation(np.array(told["codes"], np.int64), tuple(told["reasons"]))


@dataclass(frozen=True)
class Choice:
    """Which of the values are told."""

    start: datetime | None = None
    end: datetime | None = None
    used: bool | None = None
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True)
class Page:
    """Places of the values that are told; `next_start` is None where there are no more."""

    rows: NDArray[np.int64]
    next_start: datetime | None


def page(explained: Explained, choice: Choice) -> Page:
    """The first values of a choice, in time."""
    stamps = explained.series.timestamps
    wanted = np.ones(stamps.size, np.bool_)
    if choice.start is not None:
        wanted &= stamps >= _moment(choice.start)
    if choice.end is not None:
        wanted &= stamps < _moment(choice.end)
    if choice.used is not None:
        wanted &= (explained.codes == 0) == choice.used
    rows = np.flatnonzero(wanted)
    if rows.size <= choice.limit:
        return Page(rows, None)
    following: datetime = stamps[rows[choice.limit]].item()
    return Page(rows[: choice.limit], following.replace(tzinfo=UTC))


def _moment(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")


def answer(explained: Explained, told: Page) -> dict[str, Any]:
    """An explanation as it is answered, without `next`."""
    codes = explained.codes[told.rows]
    reasons = [None, *explained.reasons[1:]]
    return {
        "number": ".".join(map(str, explained.path)),
        "value": explained.value,
        "reason": explained.reason,
        "parameter": explained.parameter,
        "dataset": explained.row.dataset_id,
        "revision": explained.row.revision,
        "station": explained.series.station,
        "variable": explained.series.variable,
        "unit": explained.series.unit,
        "used": int((explained.codes == 0).sum()),
        "left_out": [{"reason": why, "count": count} for why, count in explained.counts()],
        "results": {
            "timestamp": timestamps_of(explained.series.timestamps[told.rows]),
            "value": explained.series.values[told.rows].tolist(),
            "used": (codes == 0).tolist(),
            "reason": [reasons[code] for code in codes.tolist()],
        },
    }
