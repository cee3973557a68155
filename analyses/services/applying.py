"""Results that become data: doubted values marked in their dataset, filled series in a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pyarrow as pa
from django.db import transaction
from numpy.typing import NDArray

from accounts.models import User
from accounts.services import audit
from analyses.models import Analysis
from analyses.registry import analyses as registry
from analyses.services import inputs
from datasets import access, ingest, places, services
from datasets.access import Right, View
from datasets.ingest.batch import Problems
from datasets.models import Dataset, Station, Variable
from datasets.selectors import remarks
from datasets.selectors import series as reading
from datasets.selectors.points import Selection
from datasets.series import Series
from datastream.core.errors import ConflictError, InvalidInputError, NotAllowedError

OUTLIERS, GAPS = "outliers", "gaps"
# On the QARTOD scale.
NOT_EVALUATED, SUSPECT, FAILED = 2, 3, 4
QUALITIES = {"suspect": SUSPECT, "fail": FAILED}
FILLED = "F"
COPIED = (
    "name", "standard_name", "unit", "cell_method", "interval", "kind", "description",
    "missing_values", "valid_min", "valid_max",
)  # fmt: skip
Moments = NDArray[np.datetime64]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    """The dataset that was written to, and what became of the values."""

    dataset: UUID
    outcome: ingest.Outcome
    is_new: bool = False

    def body(self) -> dict[str, Any]:
        return {"dataset": str(self.dataset), **self.outcome.body()}


def apply(
    analysis: Analysis, *, user: User, quality: str | None = None, name: str | None = None
) -> Applied:
    """Make data of a result.

    Of `outliers`: the doubted values get a quality, `suspect` if not given, in one revision of
    their dataset. Of `gaps`: the series and what was filled become a new dataset of the caller's,
    which `name` names.

    Raises
    ------
    NotFoundError, NotAllowedError
        The caller does not see the dataset, or may not edit it (for `gaps`: may not make one).
    InvalidInputError
        Such a result cannot be applied, says nothing to apply, or has no name to be stored under.
    ConflictError
        There is no result, or the doubted values have changed since it was computed.
    """
    is_filling = analysis.type == GAPS
    view = access.view(user, analysis.dataset_id, need=Right.VIEW if is_filling else Right.EDIT)
    if is_filling and not user.has_perm("datasets.add_dataset"):
        raise NotAllowedError
    _check(analysis, quality=quality, name=name)
    if analysis.result is None:
        raise ConflictError("It has no result to apply.")
    if is_filling:
        return _fill(analysis, view, user=user, name=name or "")
    return _mark(analysis, view, user=user, quality=QUALITIES[quality or "suspect"])


def _check(analysis: Analysis, *, quality: str | None, name: str | None) -> None:
    if analysis.type not in {OUTLIERS, GAPS}:
        message = f"A result of {analysis.type} cannot be applied; those of gaps and outliers can."
        raise InvalidInputError.of("type", message)
    if analysis.type == OUTLIERS and name is not None:
        raise InvalidInputError.of("name", "Only of `gaps`, whose result becomes a new dataset.")
    if analysis.type == GAPS and quality is not None:
        raise InvalidInputError.of("quality", "Only of `outliers`, whose values get a quality.")
    if analysis.type == GAPS and not name:
        raise InvalidInputError.of("name", "Name the new dataset.")


def _author(analysis: Analysis, user: User) -> ingest.Author:
    return ingest.Author(f"POST /analyses/{analysis.pk}/apply", user=user)


def _record(analysis: Analysis, applied: Applied, **more: Any) -> Applied:
    outcome = applied.outcome
    audit.record(
        "analysis.applied",
        of=("analysis", analysis.pk),
        dataset=applied.dataset,
        type=analysis.type,
        receipt=outcome.receipt,
        revision=outcome.revision,
        **more,
    )
    return applied


# ---------------------------------------------------------------- outliers


def _mark(analysis: Analysis, view: View, *, user: User, quality: int) -> Applied:
    """Give the doubted values a quality; nobody else writes between the check and that."""
    results = _results(analysis)
    if results["n_listed"] < results["n_doubted"]:
        message = (
            f"Only {results['n_listed']} of {results['n_doubted']} doubted values are listed; "
            "choose greater thresholds or a shorter period."
        )
        raise InvalidInputError.of("type", message)
    rows = results["doubted"]
    dataset = view.dataset.pk
    with transaction.atomic():
        ingest.lock(dataset)
        kept = _still_so(analysis, view, rows, quality=quality)
        batch = _remarks(analysis, kept, quality)
        outcome = ingest.write(dataset, batch, author=_author(analysis, user))
        return _record(analysis, Applied(dataset, outcome), quality=quality)


def _still_so(
    analysis: Analysis, view: View, rows: Sequence[Row], *, quality: int
) -> Sequence[Row]:
    """Those to mark: not those that failed already, where these are only suspect.

    Raises
    ------
    ConflictError
        Some are other values by now, or somebody else has judged them.
    """
    results = _results(analysis)
    variable = results["variable"]
    _, station = reading.find(view, variable, results["station"])
    asked = {"station": station.pk, "variable": variable, "n": analysis.dataset_revision}
    times = [row["timestamp"] for row in rows]
    changed, failed = remarks.standing(view.dataset.pk, asked, times, quality=quality, worst=FAILED)
    if changed.any():
        first = times[int(np.argmax(changed))]
        message = (
            f"{int(changed.sum())} of the doubted values changed since revision "
            f"{analysis.dataset_revision}, the first at {first}; run the analysis again."
        )
        raise ConflictError(message, details={"changed": int(changed.sum())})
    kept = ~failed | (quality == FAILED)
    return [row for row, keep in zip(rows, kept, strict=True) if keep]


def _remarks(analysis: Analysis, rows: Sequence[Row], quality: int) -> ingest.Batch:
    """What is said of doubted values, and nothing about the values themselves."""
    results = _results(analysis)
    variable = results["variable"]
    said = {}
    for methods in {tuple(row["methods"]) for row in rows}:
        remark = {"quality": {variable: quality}, "doubted_by": {variable: methods}}
        said[methods] = orjson.dumps(remark, option=orjson.OPT_SORT_KEYS).decode()
    moments = _moments([row["timestamp"] for row in rows])
    return ingest.Batch(
        station=pa.array([results["station"]] * len(rows), pa.string()),
        micros=moments.astype(np.int64),
        values={},
        problems=Problems.none(len(rows)),
        metadata=pa.array([said[tuple(row["methods"])] for row in rows], pa.string()),
    )


# ---------------------------------------------------------------- gaps


def _fill(analysis: Analysis, view: View, *, user: User, name: str) -> Applied:
    """A new dataset of the series as it was read, and what was filled."""
    results = _results(analysis)
    if not results["filled"]["timestamps"]:
        raise InvalidInputError.of("type", "Nothing was filled; run it with another `fill`.")
    series: Any = next(inputs.read(analysis, registry[GAPS]))["variable"]
    with transaction.atomic():
        dataset = _new_dataset(analysis, view, user=user, name=name)
        variable, station = reading.find(view, series.variable, series.station)
        _describe(dataset, view, variable, station)
        batch = _whole(series, results["filled"], _said(analysis, view, series))
        # The valid range may have been set after the values were stored; the receipt names them.
        options = ingest.Options(on_invalid="skip")
        author = _author(analysis, user)
        outcome = ingest.write(dataset.pk, batch, author=author, options=options)
        return _record(analysis, Applied(dataset.pk, outcome, is_new=True))


def _new_dataset(analysis: Analysis, view: View, *, user: User, name: str) -> Dataset:
    """Private; with the terms of the one it is made from, and what that hides hidden."""
    source, results = view.dataset, _results(analysis)
    return services.create_dataset(
        user,
        name=name,
        source="analysis",
        description=f"{results['variable']} with gaps filled by {results['fill']['method']}.",
        license=source.license,
        citation=source.citation,
        embargo_days=source.embargo_days,
        coordinate_step_deg=source.coordinate_step_deg,
        lineage={
            "dataset": str(source.pk),
            "revision": analysis.dataset_revision,
            "station": results["station"],
            "variable": results["variable"],
            "analysis": str(analysis.pk),
            "type": analysis.type,
            "method_version": analysis.method_version,
            "parameters": analysis.parameters,
        },
    )


def _describe(dataset: Dataset, view: View, variable: Variable, station: Station) -> None:
    """The facts of the variable, and of the station as far as the caller may know them."""
    latitude, longitude = places.seen(view, station) or (None, None)
    told = {
        "code": station.code,
        "name": station.name,
        "latitude": latitude,
        "longitude": longitude,
        "elevation_m": station.elevation_m,
        "timezone": station.timezone,
    }
    services.declare(dataset, Station, "code", [told])
    facts = {fact: getattr(variable, fact) for fact in COPIED}
    services.declare(dataset, Variable, "name", [facts])


def _said(analysis: Analysis, view: View, series: Series) -> pa.Array:
    """What was said about each value of the series then, null where nothing was."""
    # The series itself is cut to what the caller saw; what is said is looked up by its times.
    whole = access.full_view(view.dataset)
    stations, variables = (series.station,), (series.variable,)
    selection = Selection(analysis.dataset_revision, stations=stations, variables=variables)
    times, texts = remarks.remarks(whole, selection)
    if not times.size:
        return pa.nulls(series.timestamps.size, pa.string())
    at = np.minimum(np.searchsorted(times, series.timestamps), times.size - 1)
    there = times[at] == series.timestamps
    return texts.take(pa.array(at, mask=~there))


def _whole(series: Series, filled: dict[str, list[Any]], said: pa.Array) -> ingest.Batch:
    """The values there were and those filled; the latter are flagged and say their error."""
    moments = np.concatenate([series.timestamps, _moments(filled["timestamps"])])
    values = np.concatenate([series.values, np.array(filled["values"], np.float64)])
    errors = pa.array(filled["expected_errors"], pa.float64()).dictionary_encode("encode")
    texts = [_filled(series.variable, error) for error in errors.dictionary.to_pylist()]
    marks = pa.array(texts, pa.string()).take(errors.indices)
    return ingest.Batch(
        station=pa.repeat(pa.scalar(series.station), moments.size),
        micros=moments.astype(np.int64),
        values={series.variable: pa.array(values)},
        problems=Problems.none(moments.size),
        metadata=pa.concat_arrays([said, marks]),
    )


def _filled(variable: str, error: float | None) -> str:
    said: dict[str, Any] = {"flags": {variable: FILLED}, "quality": {variable: NOT_EVALUATED}}
    if error is not None:
        said["expected_error"] = {variable: error}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


def _results(analysis: Analysis) -> Row:
    return dict(analysis.result.results) if analysis.result else {}


def _moments(times: Sequence[str]) -> Moments:
    return np.array([time.removesuffix("Z") for time in times], "datetime64[us]")
