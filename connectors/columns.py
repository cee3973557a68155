"""Columns of an answer become the table of a page, with what the provider said of each value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from connectors.base import SchemaDriftError, Variable, Window
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import ProviderUnavailableError

TIMESTAMP = pa.timestamp("us", tz="UTC")
# On the QARTOD scale, as texts.
SUSPECT, FAILED = "3", "4"
# More impossible values than this share are not faults of some values, but of their unit.
MAX_IMPOSSIBLE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Column:
    """One variable of all rows of length n.

    Attributes
    ----------
    values : shape (n,), float64 or string, null where there is none
    said : section of the metadata → shape (n,), string
        What is said of each value; null where nothing. `quality` holds digits, all others text.
    """

    variable: Variable
    values: pa.Array
    said: Mapping[str, pa.Array] = field(default_factory=dict)

    def filter(self, mask: pa.BooleanArray) -> "Column":
        """The rows where `mask` is true."""
        said = {name: texts.filter(mask) for name, texts in self.said.items()}
        return Column(self.variable, self.values.filter(mask), said)


def build_table(
    stations: str | pa.Array, timestamps: pa.Array, columns: Sequence[Column]
) -> pa.Table:
    """The table of a page: without variables that have no value, and rows that have none.

    Parameters
    ----------
    stations : the code of all rows, or shape (n,), string
    timestamps : shape (n,), of type `TIMESTAMP`
    """
    n = len(timestamps)
    columns = [column for column in columns if column.values.null_count < n]
    codes = (
        pa.repeat(pa.scalar(stations, pa.string()), n) if isinstance(stations, str) else stations
    )
    table = {"station": codes, "timestamp": timestamps}
    table |= {column.variable.name: column.values for column in columns}
    metadata = build_metadata(columns)
    if metadata is not None:
        table["metadata"] = metadata
    has_values = np.zeros(n, bool)
    for column in columns:
        has_values |= column.values.is_valid().to_numpy(zero_copy_only=False)
    return pa.table(table).filter(pa.array(has_values))


def empty_table() -> pa.Table:
    return build_table("", pa.array([], TIMESTAMP), [])


def build_metadata(columns: Sequence[Column]) -> pa.Array | None:
    """One JSON object a row; None where nothing is said of any value."""
    names = dict.fromkeys(name for column in columns for name in column.said)
    if not names:
        return None
    sections = [
        _section(name, [(c, c.said[name]) for c in columns if name in c.said]) for name in names
    ]
    return pc.binary_join_element_wise("{", joined(sections), "}", "")


def _section(name: str, entries: Sequence[tuple[Column, pa.Array]]) -> pa.Array:
    quote = "" if name == "quality" else '"'
    members = [
        pc.binary_join_element_wise(
            f"{json.dumps(column.variable.name)}:{quote}",
            said if name == "quality" else escaped(said),
            quote,
            "",
        )
        for column, said in entries
    ]
    return pc.binary_join_element_wise(f'"{name}":{{', joined(members), "}", "")


def escaped(texts: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON; each different one is written once."""
    coded = pc.dictionary_encode(texts.cast(pa.string()))
    written = [json.dumps(text, ensure_ascii=False)[1:-1] for text in coded.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(coded.indices)


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """With commas between those that are not null; null where all are."""
    # Not `null_handling="skip"`, which drops a row where all are null (seen in pyarrow 26).
    pieces = [pc.binary_join_element_wise(column, ",", "") for column in columns]
    text = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    return blank_to_null(pc.utf8_rtrim(text, characters=","))


def blank_to_null(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def grades(flags: pa.Array, qualities: Mapping[str, int]) -> pa.Array:
    """The quality of each flag as a digit; null where it is not 3 or worse, or there is no flag."""
    marks = pa.array(list(qualities), pa.string())
    digits = pa.array([str(q) if q >= 3 else None for q in qualities.values()], pa.string())
    return digits.take(pc.index_in(flags, marks))


def times_of(texts: pa.Array, form: str) -> pa.Array:
    """Texts of this form, of `strptime`, as `TIMESTAMP` in UTC; null for whatever else they are."""
    times = pc.strptime(texts, format=form, unit="s", error_is_null=True)
    # strptime takes 30 February for 2 March.
    is_same = pc.equal(pc.strftime(times, format=form), texts)
    times = pc.if_else(is_same, times, pa.scalar(None, times.type))
    return pc.assume_timezone(times, "UTC").cast(TIMESTAMP)


def outside(times: pa.Array, window: Window) -> pa.BooleanArray:
    """Which times, of type `TIMESTAMP`, are not of a window; null where there is none."""
    first, after = (
        pa.scalar(day).cast(pa.timestamp("us")).cast(TIMESTAMP)
        for day in (window.start, window.end)
    )
    return pc.or_(pc.less(times, first), pc.greater_equal(times, after))


def without_sentinels(values: pa.Array, sentinels: Sequence[float]) -> pa.Array:
    """Numbers with null in the place of those that mean "no value"."""
    is_missing = pc.is_in(values, pa.array(sentinels, pa.float64()))
    return pc.if_else(is_missing, pa.scalar(None, pa.float64()), values)


def is_impossible(variable: Variable, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which numbers lie beyond the limits of their variable; NaN does not."""
    low = -np.inf if variable.valid_min is None else variable.valid_min
    high = np.inf if variable.valid_max is None else variable.valid_max
    beyond: NDArray[np.bool_] = (values < low) | (values > high)
    return beyond


def refuse_impossible(
    variable: Variable, values: NDArray[np.float64], max_share: float = MAX_IMPOSSIBLE_SHARE
) -> None:
    """SchemaDriftError where so many numbers are impossible that their unit must be another."""
    impossible = int(is_impossible(variable, values).sum())
    known = int(np.isfinite(values).sum())
    if impossible > max(1, max_share * known):
        raise SchemaDriftError(
            f"{impossible} of {known} values of {variable.name} are not possible in "
            f"{variable.unit}: the unit is another."
        )


def refuse_web_page(provider: str, answer: Answer) -> None:
    """ProviderUnavailableError for HTML, which providers send in an outage also with status 200."""
    body = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if "html" in answer.headers.get("content-type", "").lower() or body.startswith(b"<"):
        words = provider_message(answer.body)[:200]
        raise ProviderUnavailableError(f"{provider} answered with a web page: {words}")
