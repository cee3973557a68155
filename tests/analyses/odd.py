"""Odd series for every analysis, and every analysis with each of its choices."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from analyses.registry import Analysis
from datasets.series import Series

Taken = dict[str, Any]
Path = tuple[str | int, ...]
N = 1100
START = np.datetime64("2001-01-01", "us")
DAYS = START + np.arange(N) * np.timedelta64(1, "D")
UNITS = {"precipitation": "mm d-1"}


def weather(n: int = N, place: int = 0) -> Any:
    noise = np.random.default_rng(7 + place).normal(size=n)
    return 10 + 8 * np.sin(np.arange(n) * 2 * np.pi / 365.25) + noise


def irregular() -> Any:
    minutes = np.random.default_rng(3).integers(1, 900, N).cumsum()
    return START + minutes * np.timedelta64(1, "m")


def with_gaps() -> Any:
    """Ten years away in the middle of each hundred values."""
    return DAYS + (np.arange(N) // 100) * np.timedelta64(3650, "D")


ODD: dict[str, tuple[Any, Any]] = {
    "nothing": ([], DAYS),
    "one": ([3.5], DAYS),
    "two": ([3.5, 4.5], DAYS),
    "two far apart": ([3.5, 4.5], np.array(["0001-01-01", "9999-12-31"], "datetime64[us]")),
    "constant": (np.full(N, 7.0), DAYS),
    "zero": (np.zeros(N), DAYS),
    "all but one equal": (np.r_[np.full(N - 1, 7.0), 8.0], DAYS),
    "huge gaps": (weather(), with_gaps()),
    "huge": (weather() * 1e299, DAYS),
    "huge of both signs": (np.where(np.arange(N) % 2, 1.7e308, -1.7e308), DAYS),
    "tiny": (weather() * 1e-300, DAYS),
    "one huge": (np.r_[weather(N - 1), 1e300], DAYS),
    "whole": (np.round(weather()), DAYS),
    "irregular": (weather(), irregular()),
    "ordinary": (weather(), DAYS),
}
# For each of a hundred choices.
ODDEST = ("one", "constant", "huge gaps", "huge of both signs", "irregular")
TOO_FEW = ("nothing", "one", "two", "constant")


def odd(name: str, *, place: int = 0, unit: str = "degC", variable: str = "T") -> Series:
    values, times = ODD[name]
    values = np.asarray(values, np.float64)
    if place and name in {"ordinary", "irregular"}:
        values = weather(place=place)
    return Series(
        variable=variable,
        unit=unit,
        station="ABC"[place],
        timestamps=times[: values.size],
        values=values,
        interval="" if name == "irregular" else "P1D",
        left_out=5 if name == "nothing" else 0,
        latitude=45.0 + place,
        longitude=7.0,
    )


def taken_by(analysis: Analysis, name: str) -> Taken:
    """All that it takes, all of the same oddness."""
    found: Taken = {}
    for place, one in enumerate(analysis.inputs):
        unit = one.unit if one.unit and one.unit != "same" else UNITS.get(one.parameter, "degC")
        variable = one.parameter if one.names else "T"
        at = {"unit": unit, "variable": variable}
        if one.is_several:
            found[one.parameter] = [odd(name, place=1, **at), odd(name, place=2, **at)]
        else:
            found[one.parameter] = odd(name, place=0 if one.names else place, **at)
    return found


def choices(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """Its defaults, and then each other choice of each parameter that has some."""
    defaults = {name: entry["default"] for name, entry in analysis.parameters.items()}
    yield defaults
    for name, entry in analysis.parameters.items():
        others = entry.get("enum", [False, True] if entry["type"] == "boolean" else [])
        for other in others:
            if other != entry["default"]:
                changed = defaults | {name: other}
                if not analysis.rules(changed):
                    yield changed


def told(analysis: Analysis, own: dict[str, Any]) -> str:
    """Which of the choices of an analysis it is: what is not as the default."""
    other = [f"{k}={v}" for k, v in own.items() if v != analysis.parameters[k]["default"]]
    return " ".join([analysis.name, *other])


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything in a result that holds nothing itself, with the path to it."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in pairs:
            yield from leaves(part, (*path, key))
    else:
        yield path, value


def numbers(result: dict[str, Any]) -> list[Path]:
    """Paths to numbers, or to where there is none: of each list the first, a middle, the last."""
    alike: dict[tuple[str | int | None, ...], list[Path]] = {}
    for path, value in leaves(result):
        if not isinstance(value, str | bool):
            shape = tuple(None if isinstance(part, int) else part for part in path)
            alike.setdefault(shape, []).append(path)
    return [
        path for found in alike.values() for path in {found[0], found[len(found) // 2], found[-1]}
    ]
