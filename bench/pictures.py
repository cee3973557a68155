"""Pictures of 10,000 points, cold and warm, and of a long line by its steps."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from accounts.models import User
from bench import trends
from bench.memory import resident_mb
from bench.report import Line, median, seconds
from bench.samples import NAME
from bench.series import VARIABLE, by_copy
from datasets.models import Dataset
from datasets.series import Series
from visualizations import drawing, options, services
from visualizations.registry import Facts, kinds

POINTS, ROUNDS = 10_000, 5
FORMATS = ("png", "svg")
CHOSEN = {"variables": [VARIABLE]}


def measure(long: Dataset) -> Iterator[Line]:
    """`long` has one station and so many values that a line is drawn of its steps."""
    yield from _drawn()
    yield from _stepped(long)


def _drawn() -> Iterator[Line]:
    """Each point a mark, as nobody may ask for more than twice of."""
    subject = f"Line of {POINTS:,} points"
    series = made_up(POINTS)
    spec = compiled(series).spec
    spent = _usual(partial(compiled, series))
    yield Line(subject, "to its specification", 1000 * spent, "ms")
    for form in FORMATS:
        cold = median([_cold(spec, form) for _ in range(ROUNDS)])
        warm = _usual(partial(drawing.draw, spec, format=form))
        what = f"to {form.upper()}"
        yield Line(subject, f"{what}, first of a drawing process", 1000 * cold, "ms", cold / warm)
        yield Line(subject, f"{what}, warm", 1000 * warm, "ms")
    process = drawing.renderer.ready().popen.pid
    yield Line(subject, "the drawing process then", resident_mb([process]), "MB")


def made_up(n: int) -> Series:
    _, values = trends.made_up(n)
    days = np.datetime64("1990-01-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    return Series(VARIABLE, "degC", "BENCH", days, values, interval="P1D")


def compiled(series: Series) -> Any:
    kind = kinds["line"]
    return kind.compile([series], options.check(kind, CHOSEN), Facts())


def _cold(spec: dict[str, Any], form: str) -> float:
    drawing.renderer.end()
    return seconds(lambda: drawing.draw(spec, format=form))


def _usual(work: Callable[[], object]) -> float:
    """Median seconds."""
    return median([seconds(work) for _ in range(ROUNDS)])


def _stepped(dataset: Dataset) -> Iterator[Line]:
    """As the API draws it, without its store of finished pictures."""
    subject = f"Line of {dataset.point_count:,} values by its steps"
    owner = User.objects.get(username=NAME)
    data = {"title": "bench", "kind": "line", "dataset": dataset.pk, "options": CHOSEN}
    picture = services.create_visualization(owner, data)
    shown = services.shown(owner, picture)
    spec = services.compiled(picture, shown).spec
    whole = _usual(partial(by_copy, dataset))
    yield Line(subject, "all its values read, which it does not need", 1000 * whole, "ms")
    spent = _usual(partial(services.compiled, picture, shown))
    yield Line(subject, "read and compiled", 1000 * spent, "ms", whole / spent)
    for form in FORMATS:
        spent = _usual(partial(drawing.draw, spec, format=form))
        yield Line(subject, f"drawn to {form.upper()}, warm", 1000 * spent, "ms")
