"""Climate indices of a century of days, beside xclim with the same series in its environment."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from analyses.methods.indices import climate_indices
from bench import environments
from bench.report import Line, median, seconds
from datasets.series import Series

STACK = Path(__file__).parent / "xclim_stack"
PYTHON = settings.BASE_DIR / "build" / "xclim-stack" / "bin" / "python"
PATIENCE_S = 1800.0
# The first round of xclim compiles what it needs; it does not count.
ROUNDS = 2
FULL, QUICK = 100, 40
BASE = (1961, 1990)
MARK = 5.0
SUBJECT = "Climate indices (27 of the ETCCDI and degree days)"
UNITS = {"tmax": "degC", "tmin": "degC", "precipitation": "mm"}

Weather = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def measure(*, quick: bool) -> Iterator[Line]:
    """Ours, then xclim's."""
    years = QUICK if quick else FULL
    first = 2021 - years
    weather = made_up(first, 2020, seed=1)
    given: dict[str, Any] = dict(series_of(weather, first, latitude=48.0))
    ours = median([seconds(lambda: climate_indices(**given)) for _ in range(3)])
    what = f"{years} years of days, bootstrap included"
    if not install():
        yield Line(SUBJECT, f"ours, {what}", 1000 * ours, "ms")
        return
    _, spent = reference("indices", weather, first, base=BASE, latitude=48.0, rounds=ROUNDS)
    yield Line(SUBJECT, f"xclim, {what}", 1000 * spent[-1], "ms")
    yield Line(SUBJECT, f"ours, {what}", 1000 * ours, "ms", spent[-1] / ours, least=MARK)


def made_up(
    first: int, last: int, *, seed: int, mean: float = 9.0, swing: float = 11.0, wet: float = 0.35
) -> Weather:
    """Whole years of days with seasons, weather that lasts, and rain with gamma amounts."""
    rng = np.random.default_rng(seed)
    days = np.arange(f"{first}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
    season = -np.cos(2 * np.pi * (np.arange(days.size) - 20) / 365.2425)
    noise = rng.normal(0, 3.2, days.size + 6)
    lasting = np.convolve(noise, 0.7 ** np.arange(7), mode="valid")
    tmax = np.round(mean + 5 + swing * season + lasting, 2)
    tmin = np.round(tmax - 1 - rng.gamma(3, 2.5, days.size), 2)
    is_wet = rng.random(days.size) < wet * (1 + 0.6 * season)
    rain = np.round(np.where(is_wet, rng.gamma(0.8, 8, days.size), 0.0), 1)
    return {"tmax": tmax, "tmin": tmin, "precipitation": rain}


def series_of(weather: Weather, first: int, *, latitude: float | None) -> dict[str, Series]:
    """The same as an analysis takes it; a missing day is absent."""
    found = {}
    for name, values in weather.items():
        start = np.datetime64(f"{first}-01-01")
        stamps = (start + np.arange(values.size)).astype("datetime64[us]")
        there = np.isfinite(values)
        found[name] = Series(
            name.upper(),
            UNITS[name],
            "X",
            stamps[there],
            values[there],
            interval="P1D",
            latitude=latitude,
        )
    return found


def reference(
    what: str,
    arrays: Weather,
    first: int,
    *,
    base: tuple[int, int],
    latitude: float,
    rounds: int = 1,
) -> tuple[Weather, list[float]]:
    """What xclim finds of these arrays, and the seconds of each round; see the program."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            Path(folder) / "input.npz",
            allow_pickle=False,
            what=what,
            start=f"{first}-01-01",
            base=np.array(base),
            latitude=latitude,
            repeats=rounds,
            **arrays,
        )
        command = [str(PYTHON), str(STACK / "reference.py"), folder]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True, text=True
        )
        with np.load(Path(folder) / "output.npz") as kept:
            found = {name: kept[name] for name in kept.files}
    return found, json.loads(done.stdout.splitlines()[-1])["seconds"]


def install() -> bool:
    return environments.install("xclim", PYTHON, requirements=STACK / "requirements.txt")
