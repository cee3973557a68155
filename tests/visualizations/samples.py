"""What kinds of pictures can be drawn of, for tests and the gallery: series, stations, results.

Results are recorded from the analyses themselves, on made-up values, so that charts are tested
without computing them: `results/<type>.json` holds some by name, `usual` among them.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analyses.registry import MAIN, Analysis, analyses
from datasets.series import Series, StationValue, StationValues
from visualizations import options
from visualizations.registry import Drawing, Facts, Kind, kinds

RESULTS = Path(__file__).with_name("results")
FACTS = Facts(title="Warm years", place="Bergen", source="MET Norway", license="CC BY 4.0")
# What an option names, where it is not a temperature: unit and values.
Make = Callable[[np.random.Generator, int], NDArray[np.float64]]
ROLES: dict[str, tuple[str, Make]] = {
    "direction": ("degree", lambda rng, n: rng.vonmises(-2.3, 1.0, n) % (2 * np.pi) * 180 / np.pi),
    "speed": ("m s-1", lambda rng, n: rng.weibull(2, n) * 5),
}
Step = Literal["M", "D", "h"]
# Kinds that need a value a day.
DAILY = {"calendar", "ribbon"}
# To try every method takes minutes.
QUICK: dict[str, dict[str, Any]] = {"forecast": {"method": "theta", "origins": 5}}
NAMES = ("variable", "station", "station_name", "unit")


def monthly(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.normal(size=n) + np.arange(n) / 200


def series(values: Any, start: str = "1960-01", step: Step = "M", **facts: Any) -> Series:
    """Values in a row from a month, day or hour on; NaN is a gap."""
    values = np.asarray(values, float)
    stamps = np.datetime64(start, step) + np.arange(values.size)
    there = np.isfinite(values)
    given = {"variable": "T", "unit": "degC", "station": "A"} | facts
    interval = {"M": "P1M", "D": "P1D", "h": "PT1H"}[step]
    stamps = stamps.astype("datetime64[us]")
    told: dict[str, Any] = {"interval": interval} | given
    return Series(timestamps=stamps[there], values=values[there], **told)


def recorded(kind: Kind | str, name: str = "usual") -> dict[str, Any]:
    """Results of the first analysis that the kind draws, of which a test may change anything."""
    first = kind if isinstance(kind, str) else kind.analyses[0]
    found: dict[str, Any] = json.loads((RESULTS / f"{first}.json").read_text())[name]
    return found


def stations(values: Mapping[str, tuple[float, float, float | None]], **facts: str) -> Any:
    """By code: latitude, longitude and value; of degrees Celsius unless said otherwise."""
    at = np.datetime64("2020-01-01T00", "us")
    given = {"variable": "T", "unit": "degC", "standard_name": ""} | facts
    name = given.pop("station_name", "")
    found = []
    for code, (latitude, longitude, value) in values.items():
        told = name or f"Station {code}"
        stamp = None if value is None else at
        found.append(StationValue(code, told, latitude, longitude, value, stamp, 1))
    return StationValues(**given, stations=tuple(found))


NORWAY = {
    "A": (60.38, 5.33, 7.6), "B": (59.94, 10.72, -1.5), "C": (63.41, 10.45, None),
    "D": (69.65, 18.94, -3.1),
}  # fmt: skip


def subject(kind: Kind, **facts: str) -> Any:
    """What a kind draws, with names, unit and whatever else is said in `facts`."""
    if kind.draws == "stations":
        known = {k: v for k, v in facts.items() if k not in {"station", "interval"}}
        return stations({facts.get("station", code): v for code, v in NORWAY.items()}, **known)
    if kind.draws == "results":
        return renamed(recorded(kind), facts)
    rng = np.random.default_rng(5)
    found = []
    for name in kind.named_by:
        unit, make = ROLES.get(name, ("", monthly))
        own = facts | ({"unit": unit} if unit else {})
        step: Step = "D" if kind.name in DAILY else "M"
        n = 14_610 if kind.name in DAILY else 480
        found.append(series(make(rng, n), step=step, **dict[str, Any](own)))
    return found


def renamed(part: Any, facts: Mapping[str, str]) -> Any:
    """Results in which each name and unit is another."""
    if isinstance(part, dict):
        return {
            key: facts[key] if key in NAMES and key in facts and value else renamed(value, facts)
            for key, value in part.items()
        }
    return [renamed(one, facts) for one in part] if isinstance(part, list) else part


def least(kind: Kind) -> dict[str, Any]:
    """The options that must be given."""
    names = {"variables": ["T"], "direction": "D", "speed": "V"}
    return {name: names.get(name, "T") for name in kind.required}


def compiled(kind: str, facts: Facts = FACTS, **more: str) -> Drawing:
    found = kinds[kind]
    return found.compile(subject(found, **more), options.check(found, least(found)), facts)


def computed(method: Analysis, one: Series, others: list[Series]) -> dict[str, Any]:
    """What an analysis says of a series, by its defaults, and of others where it takes more."""
    taken: dict[str, Any] = {}
    for entry in method.inputs:
        if entry == MAIN or entry.form == "variable":
            taken[entry.parameter] = one if entry == MAIN or entry.is_required else None
        else:
            taken[entry.parameter] = others if entry.is_several else others[0]
    defaults = {
        name: schema["default"] for name, schema in method.parameters.items() if "default" in schema
    }
    given = defaults | QUICK.get(method.name, {})
    found: dict[str, Any] = json.loads(json.dumps(method.run(taken, given), allow_nan=False))
    return found


def drawable(kind: Kind) -> list[Analysis]:
    """The analyses of a kind that are there."""
    return [method for name in kind.analyses if (method := analyses.get(name)) is not None]
