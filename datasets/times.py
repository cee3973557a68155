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
# Days from 1970 to the first day of each month, from January of the year 0 on.
FIRST_DAYS = (
    np.arange("0000-01", "10000-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
)

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
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
    lengths = _lengths(texts)
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        if not 10 <= length <= LONGEST_TEXT:
            continue
        where = np.flatnonzero(lengths == length)
        if len(where) == n:
            micros, bad = _parse_equal_lengths(_matrix(texts, length), local)
        else:
            chosen = _matrix(texts.take(pa.array(where)), length)
            micros[where], bad[where] = _parse_equal_lengths(chosen, local)
    bad |= (micros < FIRST) | (micros >= AFTER_LAST)
    return Times(micros, bad)


def from_arrow(column: pa.Array, local: tzinfo | None = None) -> Times:
    """Read a column of texts, dates or instants; an instant without a zone is `local` or UTC."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _from_dictionary(column, local)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return parse(column.cast(pa.string()), local)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        bad = column.is_null().to_numpy(zero_copy_only=False)
        micros, odd = _micros(column)
        if getattr(kind, "tz", None) is None and local is not None:
            micros = _from_local(micros, local)
        return Times(micros, bad | odd | (micros < FIRST) | (micros >= AFTER_LAST))
    raise InvalidInputError.of("timestamp", f"The column holds {kind}, not times.")


def _from_dictionary(column: pa.DictionaryArray, local: tzinfo | None) -> Times:
    """Each different text is read once."""
    read = from_arrow(column.dictionary, local)
    codes = column.indices.cast(pa.int64())
    bad = codes.is_null().to_numpy(zero_copy_only=False)
    if not len(read.micros):
        return Times(np.zeros(len(bad), np.int64), np.ones(len(bad), np.bool_))
    places = codes.fill_null(0).to_numpy()
    return Times(read.micros[places], bad | read.bad[places])


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


def _lengths(texts: pa.Array) -> Ints:
    """Bytes of each text, at most one more than the longest time; 0 for null."""
    if texts.null_count:
        lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    else:
        lengths = np.diff(_offsets_of(texts))
    return np.asarray(np.minimum(lengths, LONGEST_TEXT + 1))


def _offsets_of(texts: pa.Array) -> NDArray[np.int32]:
    if not len(texts):
        return np.zeros(1, np.int32)
    count = texts.offset + len(texts) + 1
    return np.frombuffer(texts.buffers()[1], np.int32, count=count)[texts.offset :]


def _matrix(texts: pa.Array, length: int) -> Bytes:
    """Texts of one length, none of them null, with their first bytes, second bytes, … together.

    Shape (length, n): what is done with the characters of one place is then done at once.
    """
    first, size = int(_offsets_of(texts)[0]), length * len(texts)
    data = np.frombuffer(texts.buffers()[2], np.uint8, count=size, offset=first)
    return np.ascontiguousarray(data.reshape(len(texts), length).T)


def _parse_equal_lengths(chars: Bytes, local: tzinfo | None) -> tuple[Ints, Bools]:
    """Split the texts by how they end (`Z`, offset, nothing) and read each kind."""
    length, n = chars.shape
    # A date alone has no zone: there must be `THH:MM` before the letter.
    utc = _is(chars[-1], b"Zz") if length > 16 else np.zeros(n, np.bool_)
    offset = _is(chars[-6], b"+-") & ~utc if length >= 22 else np.zeros(n, np.bool_)
    micros, bad = np.zeros(n, np.int64), np.ones(n, np.bool_)
    for where, tail in ((utc, 1), (offset, 6), (~utc & ~offset, 0)):
        if where.all():
            return _parse_alike(chars, tail, local)
        if where.any():
            micros[where], bad[where] = _parse_alike(chars[:, where], tail, local)
    return micros, bad


def _parse_alike(chars: Bytes, tail: int, local: tzinfo | None) -> tuple[Ints, Bools]:
    """Times of one length that end alike: with so many characters for their zone."""
    micros, bad = _wall_time(chars[: len(chars) - tail])
    if tail == 6:
        shift, odd = _offset(chars[-6:])
        return micros - shift, bad | odd
    if tail == 0 and local is not None:
        return np.where(bad, 0, _from_local(np.where(bad, 0, micros), local)), bad
    return micros, bad


def _wall_time(chars: Bytes) -> tuple[Ints, Bools]:
    """`YYYY-MM-DD` and, if there is more, `THH:MM`, `:SS` and a fraction."""
    year, bad = _digits(chars[0:4])
    month, odd_month = _digits(chars[5:7])
    day, odd_day = _digits(chars[8:10])
    bad |= odd_month | odd_day | (chars[4] != ord("-")) | (chars[7] != ord("-"))
    bad |= (year < 1) | (month < 1) | (month > 12) | (day < 1)
    months = np.where(bad, 0, year * 12 + month - 1)
    first = FIRST_DAYS[months]
    bad |= day > FIRST_DAYS[months + 1] - first
    clock, odd = _clock(chars[10:])
    return (first + day - 1) * np.int64(DAY) + clock, bad | odd


def _clock(chars: Bytes) -> tuple[Ints, Bools]:
    """`THH:MM[:SS[.ffffff]]` as microseconds since midnight; no characters are midnight."""
    length, n = chars.shape
    if length == 0:
        return np.zeros(n, np.int64), np.zeros(n, np.bool_)
    if length not in {6, 9} and length < 11:
        return np.zeros(n, np.int64), np.ones(n, np.bool_)
    hour, bad = _digits(chars[1:3])
    minute, odd = _digits(chars[4:6])
    bad |= odd | ~_is(chars[0], b"Tt ") | (chars[3] != ord(":")) | (hour > 23) | (minute > 59)
    seconds = (hour * 60 + minute) * 60
    if length >= 9:
        second, odd = _digits(chars[7:9])
        bad |= odd | (chars[6] != ord(":")) | (second > 59)
        seconds += second
    micros = seconds * np.int64(SECOND)
    if length >= 11:
        fraction, odd = _fraction(chars[9:])
        bad, micros = bad | odd, micros + fraction
    return micros, bad


def _fraction(chars: Bytes) -> tuple[Ints32, Bools]:
    """`.f…`: six digits count, more must be zeros, for nothing is cut silently."""
    kept = chars[1:7]
    value, bad = _digits(kept)
    bad |= (chars[0] != ord(".")) | (chars[7:] != ord("0")).any(axis=0)
    return value * np.int32(10 ** (6 - len(kept))), bad


def _offset(chars: Bytes) -> tuple[Ints, Bools]:
    """`+HH:MM` as microseconds."""
    hours, bad = _digits(chars[1:3])
    minutes, odd = _digits(chars[4:6])
    bad |= odd | (chars[3] != ord(":")) | (hours > 23) | (minutes > 59)
    sign = np.where(chars[0] == ord("-"), np.int64(-SECOND), np.int64(SECOND))
    return sign * ((hours * 60 + minutes) * 60), bad


def _is(chars: Bytes, any_of: bytes) -> Bools:
    found = chars == any_of[0]
    for one in any_of[1:]:
        found |= chars == one
    return np.asarray(found)


def _digits(chars: Bytes) -> tuple[Ints32, Bools]:
    """Decimal digits of a fixed width; bad where a character is none."""
    # Without a sign, what is below "0" becomes large.
    digits = chars - np.uint8(ord("0"))
    value = digits[0].astype(np.int32)
    for digit in digits[1:]:
        value *= 10
        value += digit
    return value, digits.max(axis=0) > 9


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
