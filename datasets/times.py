"""Times as people send them, read as arrays; the one reader of timestamps of points."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datastream.core.errors import InvalidInputError

MESSAGE = "Not a time; write it like 2001-01-31T12:00:00Z."
SECOND = 1_000_000
QUARTER = 900 * SECOND
DAY = 86_400 * SECOND
FIRST = int(np.datetime64("0001-01-01", "us").astype(np.int64))
AFTER_LAST = int(np.datetime64("9999-12-31", "us").astype(np.int64)) + DAY
LONGEST_TEXT = 64

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Times:
    """`micros`: microseconds since 1970 UTC, shape (n,); `bad`: where there was no time."""

    micros: Ints
    bad: Bools


def zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"There is no time zone {name[:80]!r}; give an IANA name like America/Toronto."
        raise InvalidInputError.of("timezone", message) from error


def parse(texts: pa.Array, local: tzinfo | None = None) -> Times:
    """Read RFC 3339 times, dates and times without an offset.

    Parameters
    ----------
    texts : shape (n,), string
        ``2001-01-31``, ``2001-01-31T12:00``, with seconds, up to six fractional digits (more
        only as zeros), ``Z`` or an offset. Anything else, null too, is bad.
    local : time zone of times without an offset; None is UTC.
    """
    n = len(texts)
    micros, bad = np.zeros(n, np.int64), np.ones(n, np.bool_)
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    for length in np.unique(lengths):
        if 10 <= length <= LONGEST_TEXT:
            where = np.flatnonzero(lengths == length)
            chosen = texts if len(where) == n else texts.take(pa.array(where))
            micros[where], bad[where] = _parse_equal_lengths(_matrix(chosen, int(length)), local)
    bad |= (micros < FIRST) | (micros >= AFTER_LAST)
    return Times(micros, bad)


def from_arrow(column: pa.Array, local: tzinfo | None = None) -> Times:
    """Read a column of texts, dates or instants; an instant without a zone is `local` or UTC."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return parse(column.cast(pa.string()), local)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        bad = column.is_null().to_numpy(zero_copy_only=False)
        micros, odd = _micros(column)
        if getattr(kind, "tz", None) is None and local is not None:
            micros = _from_local(micros, local)
        return Times(micros, bad | odd | (micros < FIRST) | (micros >= AFTER_LAST))
    raise InvalidInputError.of("timestamp", f"The column holds {kind}, not times.")


def _micros(column: pa.Array) -> tuple[Ints, Bools]:
    """Instants in microseconds; bad where they are finer than that or far out of range."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    raw = column.cast(pa.int64()).fill_null(0).to_numpy()
    if column.type.unit == "ns":
        return raw // 1000, raw % 1000 != 0
    factor = {"s": SECOND, "ms": 1000, "us": 1}[column.type.unit]
    far = (raw < FIRST // factor) | (raw > AFTER_LAST // factor)
    return np.where(far, 0, raw) * factor, far


def _matrix(texts: pa.Array, length: int) -> Bytes:
    """Texts of one length as a matrix of bytes, a row each."""
    joined = pa.concat_arrays([texts]) if isinstance(texts, pa.ChunkedArray) else texts
    joined = pc.binary_join_element_wise(joined, "", "")  # a fresh buffer without an offset
    data = np.frombuffer(joined.buffers()[2], np.uint8, count=length * len(joined))
    return data.reshape(len(joined), length)


def _parse_equal_lengths(chars: Bytes, local: tzinfo | None) -> tuple[Ints, Bools]:
    """Split the rows by how they end (`Z`, offset, nothing) and read each kind."""
    n, length = chars.shape
    micros, bad = np.zeros(n, np.int64), np.ones(n, np.bool_)
    # A date alone has no zone: there must be `THH:MM` before the letter.
    utc = np.isin(chars[:, -1], [ord("Z"), ord("z")]) & (length > 16)
    offset = (
        np.isin(chars[:, -6], [ord("+"), ord("-")]) & ~utc
        if length >= 22
        else np.zeros(n, np.bool_)
    )
    for where, tail in ((utc, 1), (offset, 6), (~utc & ~offset, 0)):
        if not where.any():
            continue
        rows = chars[where]
        value, wrong = _wall_time(rows[:, : length - tail])
        if tail == 6:
            shift, odd = _offset(rows[:, -6:])
            value, wrong = value - shift, wrong | odd
        elif tail == 0 and local is not None:
            value = np.where(wrong, 0, _from_local(np.where(wrong, 0, value), local))
        micros[where], bad[where] = value, wrong
    return micros, bad


def _wall_time(chars: Bytes) -> tuple[Ints, Bools]:
    """`YYYY-MM-DD` and, if there is more, `THH:MM`, `:SS` and a fraction."""
    year, bad = _digits(chars[:, 0:4])
    month, odd_month = _digits(chars[:, 5:7])
    day, odd_day = _digits(chars[:, 8:10])
    bad |= odd_month | odd_day | (chars[:, 4] != ord("-")) | (chars[:, 7] != ord("-"))
    bad |= (year < 1) | (month < 1) | (month > 12) | (day < 1)
    safe_year, safe_month = np.where(bad, 2000, year), np.where(bad, 1, month)
    months = (safe_year - 1970) * 12 + safe_month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    bad |= day > after - first
    clock, odd = _clock(chars[:, 10:])
    return (first + day - 1) * DAY + clock, bad | odd


def _clock(chars: Bytes) -> tuple[Ints, Bools]:
    """`THH:MM[:SS[.ffffff]]` as microseconds since midnight; no characters are midnight."""
    n, length = chars.shape
    if length == 0:
        return np.zeros(n, np.int64), np.zeros(n, np.bool_)
    if length not in {6, 9} and length < 11:
        return np.zeros(n, np.int64), np.ones(n, np.bool_)
    hour, bad = _digits(chars[:, 1:3])
    minute, odd = _digits(chars[:, 4:6])
    bad |= odd | ~np.isin(chars[:, 0], [ord("T"), ord("t"), ord(" ")]) | (chars[:, 3] != ord(":"))
    bad |= (hour > 23) | (minute > 59)
    micros = (hour * 60 + minute) * 60 * SECOND
    if length >= 9:
        second, odd = _digits(chars[:, 7:9])
        bad |= odd | (chars[:, 6] != ord(":")) | (second > 59)
        micros += second * SECOND
    if length >= 11:
        fraction, odd = _fraction(chars[:, 9:])
        bad, micros = bad | odd, micros + fraction
    return micros, bad


def _fraction(chars: Bytes) -> tuple[Ints, Bools]:
    """`.f…`: six digits count, more must be zeros, for nothing is cut silently."""
    kept = chars[:, 1:7]
    value, bad = _digits(kept)
    bad |= (chars[:, 0] != ord(".")) | (chars[:, 7:] != ord("0")).any(axis=1)
    return value * 10 ** (6 - kept.shape[1]), bad


def _offset(chars: Bytes) -> tuple[Ints, Bools]:
    """`+HH:MM` as microseconds."""
    hours, bad = _digits(chars[:, 1:3])
    minutes, odd = _digits(chars[:, 4:6])
    bad |= odd | (chars[:, 3] != ord(":")) | (hours > 23) | (minutes > 59)
    sign = np.where(chars[:, 0] == ord("-"), -1, 1)
    return sign * (hours * 60 + minutes) * 60 * SECOND, bad


def _digits(chars: Bytes) -> tuple[Ints, Bools]:
    """Decimal digits of a fixed width; bad where a character is none."""
    numbers = chars.astype(np.int64) - ord("0")
    bad: Bools = np.asarray(((numbers < 0) | (numbers > 9)).any(axis=1))
    weights = 10 ** np.arange(chars.shape[1] - 1, -1, -1)
    return numbers @ weights, bad


def _from_local(micros: Ints, local: tzinfo) -> Ints:
    """Instants of wall times; a doubled hour is its first, a skipped one is moved forward.

    Zones are asked once a quarter of an hour of wall time that occurs, not once a value.
    """
    offsets = _offsets(micros, local, QUARTER)
    # Mean solar time is off by odd seconds, and ends within a quarter (New York 1883, 12:03:58).
    odd = offsets % QUARTER != 0
    offsets[odd] = _offsets(micros[odd], local, SECOND)
    return micros - offsets


def _offsets(micros: Ints, local: tzinfo, step: int) -> Ints:
    """The offset at the start of the step that each wall time is in."""
    steps, inverse = np.unique(micros // step, return_inverse=True)
    asked = (_utc_offset(int(one) * step, local) for one in steps)
    return np.fromiter(asked, np.int64, len(steps))[inverse]


def _utc_offset(micros: int, local: tzinfo) -> int:
    try:
        wall = datetime(1970, 1, 1) + timedelta(microseconds=micros)  # noqa: DTZ001 - wall time
        offset = wall.replace(tzinfo=local).utcoffset()
    except OverflowError:
        offset = None
    return 0 if offset is None else int(offset.total_seconds()) * SECOND
