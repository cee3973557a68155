"""Stations and variables of a batch: found, made or refused; and their values checked."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import F
from numpy.typing import NDArray

from datasets.ingest.batch import RESERVED, VARIABLES_MAX, Batch
from datasets.models import Dataset, Kind, SchemaMode, Station, Variable
from datastream.core.errors import InvalidInputError

NAME_MAX = 255
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def resolve(dataset: Dataset, batch: Batch, missing: Iterable[float] = ()) -> NDArray[np.int64]:
    """Check a batch against its dataset and give the station's number of each row.

    Bad rows are marked in `batch.problems`; sentinels (the variable's own and `missing`) become
    null; numbers sent as text in a column become numbers. The dataset is locked by the caller.
    """
    _check_variables(dataset, batch, list(missing))
    return _station_numbers(dataset, batch)


# ------------------------------------------------------------------ variables


def _check_variables(dataset: Dataset, batch: Batch, missing: list[float]) -> None:
    known = {variable.name: variable for variable in dataset.variables.all()}
    new = [name for name in batch.values if name not in known]
    for name in new:
        _refuse_name(name)
    if new and dataset.schema_mode == SchemaMode.FREEZE:
        _refuse_unknown_variables(batch, new)
        new = []
    elif len(known) + len(new) > VARIABLES_MAX:
        raise InvalidInputError.of(
            new[-1], f"A dataset has at most {VARIABLES_MAX} variables; this would be one more."
        )
    made = [Variable(dataset=dataset, name=name) for name in new]
    for variable in [*(known[name] for name in batch.values if name in known), *made]:
        _check_values(batch, variable, missing)
    if made and not batch.problems.bad.all():
        Variable.objects.bulk_create(made)
        Dataset.objects.filter(pk=dataset.pk).update(meta_version=F("meta_version") + 1)


def _refuse_name(name: str) -> None:
    if name in RESERVED or not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise InvalidInputError.of(
            name[:80] or "value",
            f"Not a name for a variable: at most {NAME_MAX} characters, none of them invisible, "
            f"and not one of {', '.join(sorted(RESERVED))}.",
        )


def _refuse_unknown_variables(batch: Batch, names: list[str]) -> None:
    for name in names:
        column = batch.values.pop(name)
        removed = batch.removed.pop(name, np.zeros(len(batch), np.bool_))
        present = column.is_valid().to_numpy(zero_copy_only=False) | removed
        if name in batch.texts:
            present |= _mask(batch.texts.pop(name).is_valid())
        batch.problems.add(present, name, "The dataset has no such variable and makes none.")


def _check_values(batch: Batch, variable: Variable, missing: list[float]) -> None:
    column = _of_its_kind(batch, variable)
    if variable.kind == Kind.TEXT:
        batch.values[variable.name] = _texts(batch, variable, column)
        return
    numbers = _numbers(batch, variable, column)
    sentinels = [*variable.missing_values, *missing]
    if sentinels:
        is_sentinel = pc.is_in(numbers, pa.array(sentinels, pa.float64()))
        numbers = pc.if_else(is_sentinel, pa.scalar(None, pa.float64()), numbers)
    batch.values[variable.name] = numbers
    _check_range(batch, variable, numbers)


def _of_its_kind(batch: Batch, variable: Variable) -> pa.Array:
    """A variable's column; where numbers and texts came mixed, those of the other kind are bad."""
    numbers, texts = batch.values[variable.name], batch.texts.get(variable.name)
    if texts is None:
        return numbers
    if variable.kind == Kind.TEXT:
        batch.problems.add(_mask(numbers.is_valid()), variable.name, "Not a text.")
        return texts
    batch.problems.add(_mask(texts.is_valid()), variable.name, "Not a number.")
    return numbers


def _texts(batch: Batch, variable: Variable, column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type) and column.null_count < len(column):
        batch.problems.add(_mask(column.is_valid()), variable.name, "Not a text.")
        return pa.nulls(len(column), pa.string())
    column = column.cast(pa.string())
    odd = _mask(pc.match_substring_regex(column, CONTROL))
    batch.problems.add(odd, variable.name, "Control characters are not allowed.")
    return column


def _numbers(batch: Batch, variable: Variable, column: pa.Array) -> pa.Array:
    """A column as float64; what is no finite number is a row error."""
    kind = column.type
    if pa.types.is_string(kind) and batch.numbers_as_text:
        column = _numbers_in_text(batch, variable, column)
    elif pa.types.is_integer(kind):
        too_large = pc.or_(pc.greater(column, 2**53), pc.less(column, -(2**53)))
        batch.problems.add(_mask(too_large), variable.name, "A whole number beyond ±2^53.")
        column = column.cast(pa.float64(), safe=False)
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        column = column.cast(pa.float64(), safe=False)
    else:
        batch.problems.add(_mask(column.is_valid()), variable.name, "Not a number.")
        return pa.nulls(len(column), pa.float64())
    odd = _mask(pc.invert(pc.is_finite(column)))
    batch.problems.add(odd, variable.name, "Not a finite number.")
    return column


def _numbers_in_text(batch: Batch, variable: Variable, column: pa.Array) -> pa.Array:
    odd = pc.invert(pc.match_substring_regex(column, NUMBER))
    batch.problems.add(_mask(odd), variable.name, "Not a number.")
    kept = pc.if_else(pa.array(_mask(odd)), pa.scalar(None, pa.string()), column.cast(pa.string()))
    return pc.replace_substring_regex(kept, r"^\+", "").cast(pa.float64())


def _check_range(batch: Batch, variable: Variable, numbers: pa.Array) -> None:
    low, high = variable.valid_min, variable.valid_max
    if low is None and high is None:
        return
    outside = pc.or_(
        pc.less(numbers, -np.inf if low is None else low),
        pc.greater(numbers, np.inf if high is None else high),
    )
    message = f"Outside the valid range from {low} to {high} {variable.unit}".rstrip() + "."
    batch.problems.add(_mask(outside), variable.name, message)


def _mask(flags: pa.Array) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = pc.fill_null(flags, pa.scalar(value=False)).to_numpy(
        zero_copy_only=False
    )
    return mask


# ------------------------------------------------------------------ stations


def _station_numbers(dataset: Dataset, batch: Batch) -> NDArray[np.int64]:
    coded = batch.station.dictionary_encode()
    codes = coded.dictionary.to_pylist()
    indices = coded.indices.to_numpy()
    asked = [code for code in codes if "\x00" not in code]
    known = dict(dataset.stations.filter(code__in=asked).values_list("code", "id"))
    unknown = [code not in known for code in codes]
    unfit = [code not in known and not _is_code(code) for code in codes]
    _refuse_stations(batch, indices, unfit, "Not a station code.")
    if dataset.schema_mode == SchemaMode.FREEZE:
        _refuse_stations(batch, indices, unknown, "The dataset has no such station.")
    else:
        used = np.unique(indices[~batch.problems.bad]).tolist()
        known |= _make_stations(dataset, [codes[place] for place in used if unknown[place]])
    numbers = np.array([known.get(code, 0) for code in codes] or [0], np.int64)
    return numbers[indices] if len(indices) else np.zeros(0, np.int64)


def _is_code(code: str) -> bool:
    """Whether this can be a new station's code; an empty one stands for no station."""
    return code == "" or bool(code.strip() and code.isprintable() and len(code) <= NAME_MAX)


def _refuse_stations(
    batch: Batch, indices: NDArray[np.int64], refused: list[bool], message: str
) -> None:
    if any(refused):
        batch.problems.add(np.array(refused)[indices], "station", message)


def _make_stations(dataset: Dataset, codes: list[str]) -> dict[str, int]:
    if not codes:
        return {}
    Station.objects.bulk_create([Station(dataset=dataset, code=code, name=code) for code in codes])
    Dataset.objects.filter(pk=dataset.pk).update(meta_version=F("meta_version") + 1)
    return dict(dataset.stations.filter(code__in=codes).values_list("code", "id"))
