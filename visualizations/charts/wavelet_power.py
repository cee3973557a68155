"""Wavelet power as a field of period and time, with what stands above noise outlined."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visualizations.charts import look, outcome, scales
from visualizations.charts.look import Spec
from visualizations.charts.outcome import Floats
from visualizations.registry import Column

# Cells, and pieces of outline, together below what a picture may have.
MOST_CELLS, MOST_EDGES = 12_000, 6_000
# Of the next cell.
OVERLAP = 0.4
# Powers of two of the variance at which the colours end.
LEAST, MOST = -3.0, 4.0
TICKS = [2.0**p for p in range(-20, 21)]


@dataclass(frozen=True)
class Waves:
    """Power by period and time.

    Attributes
    ----------
    periods : shape (p,), ascending
    stamps : shape (t,)
    power : shape (p, t), in variances; NaN is missing
    level : shape (p,), below which red noise stays
    cone : shape (t,), the longest period that the ends do not weaken
    """

    stamps: NDArray[np.datetime64]
    periods: Floats
    power: Floats
    level: Floats
    cone: Floats


def waves_of(table: Mapping[str, Any]) -> Waves:
    stamps = outcome.instants(table.get("timestamps"))
    periods = outcome.numbers(table.get("periods"))
    rows = table.get("power") or []
    power = np.full((periods.size, stamps.size), np.nan)
    for place, row in enumerate(rows[: periods.size]):
        numbers = outcome.numbers(row)[: stamps.size]
        power[place, : numbers.size] = numbers
    level = outcome.numbers(table.get("level"))
    cone = outcome.numbers(table.get("cone"))
    return Waves(
        stamps,
        periods,
        power,
        level if level.size == periods.size else np.full(periods.size, np.nan),
        cone if cone.size == stamps.size else np.full(stamps.size, np.inf),
    )


def coarser(found: Waves) -> tuple[Waves, int]:
    """So many times in one column that the cells fit: the highest power of each, and how many."""
    many = outcome.every(found.power.size, MOST_CELLS)
    if many == 1:
        return found, 1
    size = -(-found.stamps.size // many) * many
    padded = np.full((found.periods.size, size), -np.inf)
    padded[:, : found.stamps.size] = np.where(np.isnan(found.power), -np.inf, found.power)
    highest = padded.reshape(found.periods.size, -1, many).max(axis=2)
    power = np.where(np.isinf(highest), np.nan, highest)
    some = slice(None, None, many)
    return Waves(found.stamps[some], found.periods, power, found.level, found.cone[some]), many


def layers(found: Waves, title: str) -> list[Spec]:
    waves, _ = coarser(found)
    times, rows = edges(waves)
    x = look.time_axis(int(times[0]), int(times[-1]))
    y: Spec = {
        "type": "quantitative",
        "scale": {"type": "log", "domain": [float(rows[0]), float(rows[-1])], "nice": False},
        "axis": {
            "title": title,
            "grid": False,
            "values": [tick for tick in TICKS if rows[0] <= tick <= rows[-1]],
            "format": ",.6~g" if rows[-1] >= 1000 else ".3~g",
        },
    }
    return [
        behind(times, rows, x, y),
        cells(waves, times, rows, x=x, y=y),
        cone(waves, times, rows, x=x, y=y),
        *outlines(waves, times, rows, x=x, y=y),
    ]


def edges(waves: Waves) -> tuple[NDArray[np.int64], Floats]:
    """Between neighbouring times in milliseconds, and between neighbouring periods."""
    times = np.array(outcome.milliseconds(waves.stamps), np.int64)
    step = int(np.median(np.diff(times))) if times.size > 1 else 86_400_000
    logs = np.log2(waves.periods)
    half = float(np.median(np.diff(logs))) / 2 if logs.size > 1 else 0.5
    middle = (logs[:-1] + logs[1:]) / 2
    return (
        np.append(times, times[-1] + step),
        np.exp2(np.concatenate([[logs[0] - half], middle, [logs[-1] + half]])),
    )


def box(x: Spec, y: Spec) -> Spec:
    """A rectangle from `t` to `k` and from `lo` to `hi`."""
    return {"x": x, "x2": {"field": "k"}, "y": {"field": "lo", **y}, "y2": {"field": "hi"}}


def behind(times: NDArray[np.int64], rows: Floats, x: Spec, y: Spec) -> Spec:
    row = {"t": int(times[0]), "k": int(times[-1]), "lo": float(rows[0]), "hi": float(rows[-1])}
    return {
        "data": {"values": [row]},
        "mark": {"type": "rect", "color": look.NO_VALUE},
        "encoding": box(x, y),
    }


def cells(waves: Waves, times: NDArray[np.int64], rows: Floats, *, x: Spec, y: Spec) -> Spec:
    p, t = np.nonzero(np.isfinite(waves.power))
    with np.errstate(divide="ignore"):
        logs = np.clip(np.log2(waves.power[p, t]), LEAST, MOST)
    ends, tops = overlapping(waves.power, times, rows)
    colour = scales.coloured((LEAST, MOST), look.VIRIDIS, title="power, variances")
    colour["legend"] |= {
        "values": [LEAST, 0, MOST],
        "labelExpr": f"datum.value == 0 ? '1' : datum.value < 0 ? '≤ 1/{2**-LEAST:g}'"
        f" : '≥ {2**MOST:g}'",
    }
    return {
        "data": {
            "values": look.rows(
                t=times[t].tolist(),
                k=ends[p, t].tolist(),
                lo=rows[p].tolist(),
                hi=tops[p, t].tolist(),
                v=logs.tolist(),
            )
        },
        "mark": {"type": "rect"},
        "encoding": box(x, y) | {"color": colour},
    }


def overlapping(
    power: Floats, times: NDArray[np.int64], rows: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """Ends and tops of cells, a little inside the next one, or hairlines shine through."""
    there = np.isfinite(power)
    later = np.zeros(power.shape, np.bool_)
    later[:, :-1], above = there[:, 1:], np.zeros(power.shape, np.bool_)
    above[:-1] = there[1:]
    wider = np.diff(times, append=times[-1])[1:]
    ends = times[1:] + np.where(later, OVERLAP * wider, 0)
    higher = np.diff(rows, append=rows[-1])[1:, None]
    return ends.astype(np.int64), rows[1:, None] + np.where(above, OVERLAP * higher, 0.0)


def cone(waves: Waves, times: NDArray[np.int64], rows: Floats, *, x: Spec, y: Spec) -> Spec:
    """A veil where the ends of the series weaken the power."""
    reach = np.clip(np.append(waves.cone, waves.cone[-1]), rows[0], rows[-1])
    return {
        "data": {
            "values": look.rows(
                t=times.tolist(),
                lo=reach.tolist(),
                hi=np.full(reach.size, rows[-1]).tolist(),
            )
        },
        "mark": {"type": "area", "color": "white", "opacity": 0.55, "line": False},
        "encoding": {"x": x, "y": {"field": "lo", **y}, "y2": {"field": "hi"}},
    }


def outlines(
    waves: Waves, times: NDArray[np.int64], rows: Floats, *, x: Spec, y: Spec
) -> list[Spec]:
    """Lines between what stands above red noise and what does not; none where they are too many."""
    above = waves.power > waves.level[:, None]
    across = runs(np.diff(above, axis=0, prepend=False, append=False))
    down = runs(np.diff(above, axis=1, prepend=False, append=False).T)
    if len(across) + len(down) > MOST_EDGES:
        return []
    found = [
        {"t": int(times[a]), "k": int(times[b]), "lo": float(rows[p]), "hi": float(rows[p])}
        for p, a, b in across
    ]
    found += [
        {"t": int(times[t]), "k": int(times[t]), "lo": float(rows[a]), "hi": float(rows[b])}
        for t, a, b in down
    ]
    return [
        {
            "data": {"values": found},
            "mark": {"type": "rule", "color": "#000001", "strokeWidth": 1.4},
            "encoding": box(x, y),
        }
    ]


def runs(edge: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(row, first, last + 1) of what is true in a row."""
    turned = np.diff(edge.astype(np.int8), axis=1, prepend=0, append=0)
    starts, ends = np.argwhere(turned == 1), np.argwhere(turned == -1)
    return [(int(r), int(a), int(b)) for (r, a), (_, b) in zip(starts, ends, strict=True)]


def table(found: Waves, unit: str) -> dict[str, Column]:
    """Every power that was drawn, a row each."""
    waves, _ = coarser(found)
    p, t = np.nonzero(np.isfinite(waves.power))
    stamps = np.datetime_as_string(waves.stamps, unit="s")
    return {
        "timestamp": [f"{stamps[i]}Z" for i in t],
        f"period ({unit}s)": waves.periods[p],
        "power": waves.power[p, t],
        "level": waves.level[p],
    }


def strongest(found: Waves, unit: str) -> str:
    """Where the power is highest inside the cone, and how much stands above noise."""
    inside = found.periods[:, None] <= found.cone[None, :]
    there = inside & np.isfinite(found.power)
    if not there.any():
        return "All of it is weakened by the ends of the series."
    share = float((found.power > found.level[:, None])[there].mean())
    p, t = np.unravel_index(np.argmax(np.where(there, found.power, -np.inf)), found.power.shape)
    at = str(found.stamps[t])[:10]
    return (
        f"Strongest at a period of {found.periods[p]:.3g} {unit}s around {at}; "
        f"{100 * share:.0f} % stand above red noise."
    )
