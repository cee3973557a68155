"""What pictures of analysis results share: reading results that may have gaps, and their words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualizations.charts import look, words
from visualizations.charts.look import Spec
from visualizations.registry import Column, Drawing, Facts

Results = Mapping[str, Any]
Floats = NDArray[np.float64]


def number(value: Any) -> float:
    """A number of the results; NaN where there is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else float("nan")


def numbers(values: Sequence[Any] | None) -> Floats:
    found: Floats = np.array([number(one) for one in values or ()], np.float64)
    return found


def instants(texts: Sequence[str] | None) -> NDArray[np.datetime64]:
    """Timestamps of results, which are RFC 3339 in UTC."""
    found: NDArray[np.datetime64] = np.array(
        [one.removesuffix("Z") for one in texts or ()], "datetime64[us]"
    )
    return found


def milliseconds(stamps: NDArray[np.datetime64]) -> list[int]:
    found: list[int] = stamps.astype("datetime64[ms]").astype(np.int64).tolist()
    return found


def period(results: Results) -> str:
    """From the first to the last value that counted; nothing where that is not known."""
    ends = [results.get("start"), results.get("end")]
    return " to ".join(day(str(one)) for one in dict.fromkeys(ends)) if all(ends) else ""


def day(text: str) -> str:
    """The day of a timestamp, with its time where it is not midnight."""
    at = datetime.fromisoformat(text)
    return f"{at:%Y-%m-%d}" if at.hour == at.minute == 0 else f"{at:%Y-%m-%d %H:%M} UTC"


def variable(results: Results) -> str:
    return words.plain(str(results.get("variable") or "values"), 80)


def place(results: Results, facts: Facts) -> str:
    return words.plain(facts.place, 80) or words.plain(str(results.get("station") or ""), 80)


def heading(results: Results, facts: Facts, what: str) -> str:
    return words.heading(facts.title, where=place(results, facts), what=what)


def where(results: Results, facts: Facts, title: str) -> str:
    """The place, to begin a subtitle with, unless the title names it."""
    return words.before(place(results, facts), title)


def unit(results: Results) -> str:
    return str(results.get("unit") or "")


def valued(value: float, results: Results, *others: float) -> str:
    """A value with its unit, with as many decimals as tell it from the others."""
    spread = [value, *others] if not others else [one - value for one in others if one != value]
    digits = words.decimals(*(spread or [value]))
    return words.with_unit(words.number(value, digits), unit(results))


def reason(results: Results, otherwise: str) -> str:
    return words.plain(str(results.get("reason") or otherwise), 300)


def without(facts: Facts, *, kind: str, title: str, text: str, columns: Sequence[str]) -> Drawing:
    """A picture that says why there is nothing to draw."""
    spec = look.sentence(facts, title=title, text=text)
    empty: dict[str, Column] = {name: [] for name in columns}
    return Drawing(spec, f"{kind}: {title}. {text}", empty)


def headed(name: str, results: Results) -> str:
    """The head of a column, with the declared unit."""
    return f"{name} ({unit(results)})" if unit(results) else name


def every(count: int, most: int) -> int:
    """Take every so manieth, so that there are at most `most`."""
    return max(1, -(-count // most))


def text_at(told: Sequence[Spec], x: Spec, y: Spec, **mark: Any) -> Spec:
    """Words `k` at places `t` and `v`."""
    return {
        "data": {"values": list(told)},
        "mark": {"type": "text", "fontSize": 12, "color": look.MUTED} | mark,
        "encoding": {
            "x": {"field": "t", **x},
            "y": {"field": "v", **y},
            "text": {"field": "k", "type": "nominal"},
        },
    }


def thinned(values: Floats, most: int) -> NDArray[np.int64]:
    """Which of many values in a row are drawn: the lowest and highest of each stretch, and a gap.

    All of them where there are at most `most`.
    """
    if values.size <= most:
        return np.arange(values.size)
    stretch = -(-values.size // (most // 3))
    padded = np.full(-(-values.size // stretch) * stretch, np.nan)
    padded[: values.size] = values
    rows = padded.reshape(-1, stretch)
    starts = np.arange(len(rows)) * stretch
    is_gap = np.isnan(rows)
    low = np.where(is_gap, np.inf, rows).argmin(axis=1)
    high = np.where(is_gap, -np.inf, rows).argmax(axis=1)
    gaps = starts[is_gap.any(axis=1)] + is_gap.argmax(axis=1)[is_gap.any(axis=1)]
    found = np.unique(np.concatenate([starts + low, starts + high, gaps, [values.size - 1]]))
    return found[found < values.size]


def line(stamps: NDArray[np.datetime64], values: Floats, x: Spec, y: Spec, **mark: Any) -> Spec:
    """A line in time that breaks where there is no value; a value alone is a dot."""
    there = np.isfinite(values)
    beside = np.append(False, there[:-1]) | np.append(there[1:], False)
    rows = look.rows(
        t=milliseconds(stamps), v=[v if is_there else None for v, is_there in
                                   zip(values.tolist(), there.tolist(), strict=True)]
    )  # fmt: skip
    encoding = {"x": x, "y": {"field": "v", **y}}
    drawn: list[Spec] = [
        {"data": {"values": rows}, "mark": {"type": "line", **mark}, "encoding": encoding}
    ]
    alone = np.flatnonzero(there & ~beside)
    if alone.size:
        dots = [rows[number] for number in alone]
        colour = {"color": mark.get("color", look.TEXT)}
        drawn.append(
            {
                "data": {"values": dots},
                "mark": {"type": "circle", "size": 18, "opacity": 1, **colour},
                "encoding": encoding,
            }
        )
    return {"layer": drawn}
