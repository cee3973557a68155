"""The values of a batch checked against their variables, by column."""

import re
from collections.abc import Mapping

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasets.ingest.batch import Batch
from datasets.ingest.metadata import metadata_text
from datasets.models import Kind, Variable

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
DECIMAL_COMMA = re.compile(r"^[+-]?\d+(\.\d{3})*,\d+$")
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
GUARDED = r"^'('*[=+\-@\t\r])"
# What providers write where there is no value. Undeclared, it may be meant: it is stored, doubted.
SENTINELS = (-999.0, -9999.0, -99999.0, -999.9, -9999.9, -999.99, -9999.99)
SUSPECT = 3  # on the QARTOD scale

Mask = NDArray[np.bool_]


def check_values(batch: Batch, variable: Variable, missing: list[float]) -> None:
    """Replace a variable's column by its numbers or texts and mark the rows that are wrong."""
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
    if batch.guarded:
        column = unguarded(column)
    odd = _mask(pc.match_substring_regex(column, CONTROL))
    batch.problems.add(odd, variable.name, "Control characters are not allowed.")
    return column


def unguarded(texts: pa.Array) -> pa.Array:
    """Texts without the apostrophe that an export puts before what a spreadsheet would compute."""
    return pc.replace_substring_regex(texts, GUARDED, r"\1")


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
    if odd.any():
        batch.problems.add(odd, variable.name, "Not a finite number.")
        column = pc.if_else(pa.array(odd), pa.scalar(None, pa.float64()), column)
    return column


def _numbers_in_text(batch: Batch, variable: Variable, column: pa.Array) -> pa.Array:
    """Decimal numbers; what the reader takes besides them (nan, inf) is none."""
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid:
        numbers = None
    if numbers is not None and pc.all(pc.is_finite(numbers)).as_py() is not False:
        return numbers
    odd = _mask(pc.invert(pc.match_substring_regex(column, NUMBER)))
    batch.problems.add(odd, variable.name, lambda row: _why(column[row].as_py()))
    kept = pc.if_else(pa.array(odd), pa.scalar(None, pa.string()), column)
    return kept.cast(pa.float64())


def _why(text: str) -> str:
    if DECIMAL_COMMA.match(text):
        return "Not a number; write decimals with a point."
    return "Not a number; leave the cell empty where there is no value."


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


def _mask(flags: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(flags, pa.scalar(value=False)).to_numpy(zero_copy_only=False)
    return mask


# ------------------------------------------------------------------ what may be a sentinel


def doubt(batch: Batch, variables: Mapping[str, Variable]) -> dict[str, int]:
    """Mark what looks like an undeclared sentinel as suspect; say how many, by variable.

    Where a variable has a valid range, that has judged already.
    """
    sentinels = pa.array(SENTINELS, pa.float64())
    found: dict[str, Mask] = {}
    for name, column in batch.values.items():
        variable = variables[name]
        has_range = variable.valid_min is not None or variable.valid_max is not None
        if variable.kind == Kind.NUMBER and not has_range:
            mask = _mask(pc.is_in(column, sentinels)) & ~batch.problems.bad
            if mask.any():
                found[name] = mask
    if found:
        _mark_suspect(batch, found)
    return {name: int(mask.sum()) for name, mask in found.items()}


def _mark_suspect(batch: Batch, found: Mapping[str, Mask]) -> None:
    """Set the quality of these values; equal metadata of equal variables are made once."""
    names = list(found)
    masks = np.stack(list(found.values()))
    rows = np.flatnonzero(masks.any(axis=0))
    metadata = pa.nulls(len(batch), pa.string()) if batch.metadata is None else batch.metadata
    coded = metadata.take(pa.array(rows)).dictionary_encode(null_encoding="encode")
    patterns, pattern = np.unique(masks[:, rows], axis=1, return_inverse=True)
    pairs, pair = np.unique(
        np.stack([coded.indices.to_numpy(), pattern.reshape(-1)]), axis=1, return_inverse=True
    )
    known = coded.dictionary.to_pylist()
    texts = [
        _with_quality(known[code], [names[i] for i in np.flatnonzero(patterns[:, which])])
        for code, which in pairs.T.tolist()
    ]
    mask = np.zeros(len(batch), np.bool_)
    mask[rows] = True
    marked = pa.array(texts, pa.string()).take(pa.array(pair.reshape(-1)))
    batch.metadata = pc.replace_with_mask(metadata, pa.array(mask), marked)


def _with_quality(metadata: str | None, names: list[str]) -> str | None:
    said = orjson.loads(metadata) if metadata else {}
    quality = dict.fromkeys(names, SUSPECT) | said.get("quality", {})
    return metadata_text({**said, "quality": quality})
