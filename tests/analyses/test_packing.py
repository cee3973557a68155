"""What is packed is what is unpacked."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from analyses.packing import Request, pack, unpack
from datasets.series import Series


def series(n: int, **facts: Any) -> Series:
    days = np.datetime64("1900-01-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    return Series("T", "degC", "A", days, np.linspace(-1e300, 1 / 3, n), **facts)


def told(one: Any) -> Any:
    if isinstance(one, list):
        return [told(part) for part in one]
    if one is None:
        return None
    return asdict(one) | {"timestamps": one.timestamps.tolist(), "values": one.values.tolist()}


@pytest.mark.parametrize(
    "taken",
    [
        {"variable": series(3)},
        {"variable": series(0)},
        {"variable": series(2, latitude=-3.25, station_name="Åsgård \u2028", left_out=4)},
        {"tmax": None, "tmin": series(5), "neighbours": []},
        {"variable": series(1), "predictors": [series(4), series(2, interval="P1M")]},
    ],
)
def test_series_come_out_as_they_went_in(taken: dict[str, Any]) -> None:
    own = {"by": "month", "periods": [1, 2.5], "start": None}
    found = unpack(pack(Request("trend", taken, own, ("normals", 6, "mean"), ("tmax", 2))))
    assert (found.name, found.own, found.path) == ("trend", own, ("normals", 6, "mean"))
    assert found.of == ("tmax", 2)
    assert {k: told(v) for k, v in found.taken.items()} == {k: told(v) for k, v in taken.items()}


def test_arrays_may_be_changed() -> None:
    found = unpack(pack(Request("trend", {"variable": series(3)}, {})))
    one = found.taken["variable"]
    one.values[0] = 1.0
    assert one.values.dtype == np.float64
    assert one.timestamps.dtype == np.dtype("datetime64[us]")
    assert found.path is None
