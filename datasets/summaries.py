"""Statistics by period as rows and as columns, of numbers or of JSON."""

from collections.abc import Iterable, Mapping
from itertools import islice, repeat
from typing import Any

import numpy as np
import orjson

from datasets.periods import Ints
from datasets.selectors.aggregates import COUNT, Page, Reading
from datasets.selectors.parts import Floats
from datasets.selectors.window import Window, decimals, rounded
from datastream.core import clock
from datastream.core.units import Conversion

Texts = Iterable[bytes]
# What is told of a variable beside its statistics.
WHOLE = (COUNT, "expected", "flagged")
Numbers = dict[str, dict[str, Floats]]


def units(asked: Reading, conversions: Mapping[str, Conversion]) -> dict[str, str]:
    """The unit of each variable that has one, as its statistics are answered."""
    stored = {one.name: one.unit for one in asked.variables if one.unit}
    return stored | {name: one.unit for name, one in conversions.items() if name in stored}


def numbers_of(asked: Reading, page: Page, conversions: Mapping[str, Conversion]) -> Numbers:
    """Variable → what is told of it → one number a period; NaN is none."""
    found: Numbers = {}
    names = [name for name in asked.question.statistics if name != COUNT]
    for place, variable in enumerate(asked.variables):
        count = page.table.count[:, place]
        told = {}
        for name in names:
            values = page.table.values(place, name)
            if variable.name in conversions:
                values = _converted(values, count, name, conversions[variable.name])
            told[name] = np.where(page.is_shown[:, place], values, np.nan)
        told[COUNT], told["expected"] = count, page.expected[:, place]
        told["coverage"], told["flagged"] = page.coverage[:, place], page.table.flagged[:, place]
        found[variable.name] = told
    return found


def _converted(values: Floats, count: Floats, name: str, by: Conversion) -> Floats:
    """A deviation is a difference, which has no offset; a sum has that of each value."""
    factor, offset = float(by.factor), float(by.offset)
    if name == "std":
        offset = 0.0
    scaled: Floats = values * factor + (offset * count if name == "sum" else offset)
    return scaled


# ------------------------------------------------------------------------------ JSON
def rows(page: Page, numbers: Numbers, fields: tuple[str, ...]) -> list[bytes]:
    """One JSON object a period, put together of texts: no object is made for a value."""
    members: list[list[Texts]] = []
    if "timestamp" in fields:
        instants = [time.encode() for time in times(page.timestamps)]
        members.append([repeat(b'"timestamp":"'), instants, repeat(b'"')])
    if "station" in fields:
        codes = {code: orjson.dumps(code) for code in set(page.stations)}
        members.append([repeat(b'"station":'), [codes[code] for code in page.stations]])
    if "value" in fields:
        told = [[repeat(_key(name)), *_braced(_texts(one))] for name, one in numbers.items()]
        members.append([repeat(b'"value":'), *_braced(told)])
    # What is the same in all rows has no end of its own.
    pieces = islice(zip(*_braced(members), strict=False), len(page.stations))
    return list(map(b"".join, pieces))


def _texts(told: Mapping[str, Floats]) -> list[list[Texts]]:
    return [
        [repeat(_key(name)), _dumps(_typed(name, values))[1:-1].split(b",")]
        for name, values in told.items()
    ]


def _braced(members: list[list[Texts]]) -> list[Texts]:
    """Members of an object, with what stands between them."""
    inner = [piece for member in members for piece in (repeat(b","), *member)][1:]
    return [repeat(b"{"), *inner, repeat(b"}")]


def _key(name: str) -> bytes:
    return orjson.dumps(name) + b":"


def columns(page: Page, numbers: Numbers, fields: tuple[str, ...]) -> bytes:
    """One array for each statistic: `TMAX.mean`, `TMAX.count` and so on."""
    found: dict[str, Any] = {}
    if "timestamp" in fields:
        found["timestamp"] = times(page.timestamps)
    if "station" in fields:
        found["station"] = page.stations
    for variable, told in numbers.items() if "value" in fields else ():
        found |= {f"{variable}.{name}": _typed(name, values) for name, values in told.items()}
    return _dumps(found)


def _typed(name: str, values: Floats) -> Any:
    """Whole numbers as such; what is none becomes null."""
    if name not in WHOLE:
        return np.ascontiguousarray(values)
    is_none = np.isnan(values)
    if not is_none.any():
        return values.astype(np.int64)
    return [None if none else int(one) for none, one in zip(is_none, values, strict=True)]


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def times(instants: Ints, unit: str = "s") -> list[str]:
    """As RFC 3339 in UTC: to the second, or the minute ("m"), where all are at a full one."""
    found = instants.astype("datetime64[us]")
    short = found.astype(f"datetime64[{unit}]")
    full = short if np.array_equal(short.astype(found.dtype), found) else found
    return [f"{text}Z" for text in np.datetime_as_string(full).tolist()]


# ------------------------------------------------------------------------------ charts
# A mean of many values is better known than one of them.
MORE_DECIMALS = 2


def drawn(window: Window, by: Conversion | None) -> dict[str, Any]:
    """A window as JSON; it is to be short, so no digit is there that says nothing."""
    low, high, mean = window.lo, window.hi, window.mean
    if by is not None:
        low, high, mean = (_converted(one, window.n, "mean", by) for one in (low, high, mean))
    places = decimals(low, high)
    return {
        "variable": window.variable.name,
        "station": window.station.code,
        "unit": by.unit if by else window.variable.unit,
        "step": window.step,
        "interval": window.interval,
        "start": clock.text(window.start),
        "end": clock.text(window.end),
        "total": int(window.n.sum()),
        "flagged": window.flagged,
        "t": times(window.t, "m"),
        "mean": rounded(mean, places + MORE_DECIMALS),
        "lo": rounded(low, places),
        "hi": rounded(high, places),
        "n": window.n.astype(np.int64).tolist(),
    }
