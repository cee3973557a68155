"""Options and names that several kinds share."""

from collections.abc import Iterable, Sequence
from typing import Any

from analyses.methods.words import phrases
from datasets.series import Series, StationValue
from visualizations.charts import look, words
from visualizations.registry import Facts

NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
VARIABLE = NAME | {"description": "Name of the variable."}
PLACE_AND_PERIOD: dict[str, dict[str, Any]] = {
    "station": NAME
    | {"description": "Code of the station; may be left out where the dataset has one."},
    "start": {
        "type": "string",
        "format": "date-time",
        "maxLength": 40,
        "description": "First instant drawn; without an offset it is UTC.",
    },
    "end": {
        "type": "string",
        "format": "date-time",
        "maxLength": 40,
        "description": "Instant before which the picture ends.",
    },
}


def names(series: Sequence[Series]) -> list[str]:
    """What tells the series of one picture apart for the reader: variable, place or both."""
    variables = [words.variable(one) for one in series]
    if len(set(variables)) < len({one.variable for one in series}):
        variables = [words.plain(one.variable, 80) for one in series]
    return unlike(with_places(variables, series))


def column_names(series: Sequence[Series]) -> list[str]:
    """The same by the dataset's own names, with the declared unit, for tables."""
    found = with_places([one.variable for one in series], series)
    return unlike([f"{name} ({one.unit})" for name, one in zip(found, series, strict=True)])


def with_places(variables: list[str], series: Sequence[Series]) -> list[str]:
    places = [words.place(one) for one in series]
    if len(set(places)) == 1:
        return variables
    if len(set(variables)) == 1:
        return places
    return [f"{variable}, {place}" for variable, place in zip(variables, places, strict=True)]


def left_out(found: Iterable[Series | StationValue]) -> str:
    """A sentence about values that failed quality control; "" where none did."""
    n = sum(one.left_out for one in found)
    told = f"{phrases.count(n, 'value')} failed quality control and {phrases.verb(n)} left out."
    return told if n else ""


def unlike(found: Sequence[str]) -> list[str]:
    """The same names, the second of equal ones numbered."""
    return [
        f"{name} ({found[: i + 1].count(name)})" if name in found[:i] else name
        for i, name in enumerate(found)
    ]


def class_legend(title: str | None = None) -> dict[str, Any]:
    """Squares above the plot, for colours that stand for classes; `look.picture` is told which."""
    return {
        "orient": "top",
        "direction": "horizontal",
        "title": title,
        "titleFontSize": 14,
        "titleFontWeight": "normal",
        "titleColor": look.MUTED,
        "titleLimit": 400,
        "symbolType": "square",
        "symbolSize": 200,
        "columnPadding": 16,
    }


def place(series: Sequence[Series], facts: Facts) -> str:
    """Where the values are from: what the facts say, else the one station's name."""
    places = {words.place(one) for one in series}
    return words.plain(facts.place, 80) or (places.pop() if len(places) == 1 else "")


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Heights from 0 to 1, moved as little as needed to keep a distance, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = [heights[i] for i in order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + least)
    ceiling = 1.0
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - least
    result = [0.0] * len(heights)
    for i, height in zip(order, moved, strict=True):
        result[i] = height
    return result
