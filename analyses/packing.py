"""What a computation takes, as bytes for a process of our own: facts as JSON, then the arrays."""

import dataclasses
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from datasets.series import Series

LENGTH = struct.Struct(">I")
ARRAYS = ("timestamps", "values")
Taken = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A computation by its name, its series by parameter, and its own parameters.

    Attributes
    ----------
    path : to the number of the results that is to be explained; None: the results are wanted
    of : which of the series is explained: its parameter, and its place among those of it
    """

    name: str
    taken: Taken
    own: Mapping[str, Any]
    path: tuple[str | int, ...] | None = None
    of: tuple[str, int] = ("variable", 0)


def pack(request: Request) -> bytes:
    arrays: list[bytes] = []

    def facts_of(series: Series | None) -> dict[str, Any] | None:
        if series is None:
            return None
        arrays.append(series.timestamps.astype("datetime64[us]").tobytes())
        arrays.append(series.values.astype(np.float64).tobytes())
        names = [one.name for one in dataclasses.fields(Series) if one.name not in ARRAYS]
        return {one: getattr(series, one) for one in names} | {"n": series.values.size}

    told = {
        parameter: [facts_of(one) for one in given] if isinstance(given, list) else facts_of(given)
        for parameter, given in request.taken.items()
    }
    own, path = dict(request.own), request.path
    facts = {"name": request.name, "taken": told, "own": own, "path": path, "of": request.of}
    head = orjson.dumps(facts)
    return b"".join([LENGTH.pack(len(head)), head, *arrays])


def unpack(body: bytes) -> Request:
    (length,) = LENGTH.unpack_from(body)
    head = orjson.loads(body[LENGTH.size : LENGTH.size + length])
    start = LENGTH.size + length

    def array(n: int, kind: str) -> NDArray[Any]:
        nonlocal start
        found = np.frombuffer(body, kind, n, start).copy()
        start += found.nbytes
        return found

    def series_of(facts: dict[str, Any] | None) -> Series | None:
        if facts is None:
            return None
        n = facts.pop("n")
        stamps, values = array(n, "datetime64[us]"), array(n, "float64")
        return Series(timestamps=stamps, values=values, **facts)

    taken = {
        parameter: [series_of(one) for one in told] if isinstance(told, list) else series_of(told)
        for parameter, told in head["taken"].items()
    }
    path = None if head["path"] is None else tuple(head["path"])
    name, place = head["of"]
    return Request(head["name"], taken, head["own"], path, (name, place))
