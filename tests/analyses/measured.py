"""Results of every analysis, with each of its choices, on twelve years of days in any unit."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import analyses.methods
from analyses.registry import Analysis
from analyses.registry import analyses as registry
from datasets.series import Series
from datastream.core.registry import import_folder
from tests.analyses.odd import UNITS, choices, told

import_folder(analyses.methods)
MORE: dict[str, list[dict[str, Any]]] = {
    "correlation": [{"max_lag": 2}],
    "decomposition": [{"periods": [6, 12]}],
    "gaps": [{"fill": "climatology"}, {"fill": "neighbours"}],
    "regression": [{"trend": True, "harmonics": 1}],
    "spectrum": [{"method": "wavelet"}],
    "trend": [{"by": "month"}],
}
QUICK: dict[str, dict[str, Any]] = {
    "extremes": {"resamples": 100},
    "forecast": {"method": "theta", "origins": 5},
}


@cache
def years(place: int) -> Any:
    """Twelve years of days above zero with a few gaps, a wave, noise and values far out."""
    days = np.arange("2001-01-01", "2013-01-01", dtype="datetime64[D]")
    n = np.arange(days.size)
    rng = np.random.default_rng(place)
    values = 300 + 9 * np.sin(2 * np.pi * n / 365.25) + n / 900 + rng.normal(size=n.size)
    values += 3 * np.sin(n / 50)
    values[[700, 2500]] += 60
    kept = np.ones(n.size, bool)
    kept[400 + 40 * place : 404 + 40 * place] = False
    return days[kept].astype("datetime64[us]"), values[kept]


def series(place: int, factor: float, *, variable: str, unit: str) -> Series:
    stamps, values = years(place)
    return Series(
        variable=variable,
        unit=unit,
        station="ABC"[place],
        timestamps=stamps,
        values=values * factor,
        interval="P1D",
        latitude=45.0 + place / 10,
        longitude=7.0,
    )


def taken_by(analysis: Analysis, factor: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, one in enumerate(analysis.inputs):
        unit = one.unit if one.unit and one.unit != "same" else UNITS.get(one.parameter, "K")
        about = {"unit": unit, "variable": one.parameter if one.names else f"T{place}"}
        if one.is_several:
            found[one.parameter] = [series(other, factor, **about) for other in (1, 2)]
        else:
            found[one.parameter] = series(0 if one.names else place, factor, **about)
    return found


def result_of(analysis: Analysis, own: dict[str, Any], factor: float = 1.0) -> dict[str, Any]:
    """As JSON, of values in a unit that is so many times smaller."""
    found: dict[str, Any] = json.loads(computed(analysis.name, json.dumps(own), factor))
    return found


@cache
def computed(name: str, own: str, factor: float) -> str:
    analysis = registry[name]
    return json.dumps(analysis.run(taken_by(analysis, factor), json.loads(own)))


def quick(analysis: Analysis, own: dict[str, Any]) -> dict[str, Any]:
    """What takes less time, but where another choice was made."""
    less = QUICK.get(analysis.name, {})
    return own | {k: v for k, v in less.items() if own[k] == analysis.parameters[k]["default"]}


def cases() -> Iterator[Any]:
    """Defaults and some more of each analysis; every other choice is slow."""
    for one in registry:
        own, *others = choices(one)
        some = [quick(one, own | more) for more in ({}, *MORE.get(one.name, ()))]
        for taken in some:
            yield pytest.param(one, taken, id=told(one, taken))
        for taken in [quick(one, other) for other in others]:
            if taken not in some:
                yield pytest.param(one, taken, id=told(one, taken), marks=pytest.mark.slow)


BY_CHOICE = list(cases())
