"""Series as tests of pictures want them, and what a compiled picture holds."""

from typing import Any

import numpy as np

from datasets.series import Series
from visualizations import options
from visualizations.charts.look import Spec
from visualizations.registry import Drawing, Facts, kinds

FACTS = Facts(place="Bergen", source="MET Norway", license="CC BY 4.0")
INTERVALS = {"h": "PT1H", "D": "P1D", "M": "P1M", "Y": "P1Y"}


def series_of(
    values: Any, *, start: str = "2001-01-01", step: str = "D", unit: str = "degC", **facts: Any
) -> Series:
    """One value a step from a day on; NaN is a value that is not there."""
    values = np.asarray(values, float)
    stamps = np.array(start, f"datetime64[{step}]") + np.arange(values.size)
    there = np.isfinite(values)
    given = {"variable": "T", "station": "A", "interval": INTERVALS[step], "unit": unit} | facts
    return Series(timestamps=stamps[there].astype("datetime64[us]"), values=values[there], **given)


def rain(values: Any, **facts: Any) -> Series:
    given = {"unit": "mm", "variable": "RR", "standard_name": "precipitation_amount"} | facts
    return series_of(values, **given)


def drawn(kind: str, series: Series, facts: Facts = FACTS, **more: Any) -> Drawing:
    chosen = options.check(kinds[kind], {"variable": "T", **more})
    return kinds[kind].compile([series], chosen, facts)


def words(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["text"] + drawing.spec["title"]["subtitle"])


def sentence(drawing: Drawing) -> str:
    """What a picture without values says."""
    return " ".join(drawing.spec["layer"][0]["data"]["values"][0]["k"])


def layers(drawing: Drawing, mark: str) -> list[Spec]:
    """All layers of one mark, without the foot."""
    flat = [part for group in drawing.spec["layer"] for part in group.get("layer", [group])]
    return [part for part in flat if part["mark"]["type"] == mark and "name" not in part]


def rows(drawing: Drawing, mark: str) -> list[Spec]:
    return [row for layer in layers(drawing, mark) for row in layer["data"]["values"]]


def marks(drawing: Drawing) -> int:
    flat = [part for group in drawing.spec["layer"] for part in group.get("layer", [group])]
    return sum(len(part["data"]["values"]) for part in flat)
