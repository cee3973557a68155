"""Lines: one to six series over time, gaps as gaps, long ones as mean with lowest and highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.calendar import Interval, interval_of, parse_interval
from analyses.methods.results import timestamps_of
from analyses.methods.words import phrases
from datasets.series import Series, SteppedSeries
from datastream.core.errors import InvalidInputError
from visualizations.charts import common, look, words
from visualizations.charts.look import Spec
from visualizations.charts.thinning import DAY, Moments, Trace, traces, within
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

MOST_SERIES = 6
# Names at the line ends and gaps have marks of their own.
MOST_TRACE_MARKS = look.MAX_MARKS - 2 * MOST_SERIES
LABEL_SIZE, LABEL_GAP, LABEL_PX = 14, 8, 140
# A name needs 18 px of a plot that is about 400 px high.
LABEL_SHARE = 0.045


@dataclass(frozen=True)
class Line:
    """One series with what tells it from the others."""

    series: Series
    trace: Trace
    name: str
    column: str
    colour: str
    dash: list[int]


def compile_line(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    cut = [within(one, options.get("start"), options.get("end")) for one in series]
    if len(cut) > MOST_SERIES:
        raise InvalidInputError.of("variables", f"At most {MOST_SERIES} lines fit one picture.")
    units = list(dict.fromkeys(one.unit for one in cut))
    if len(units) > 2:
        shown = ", ".join(words.unit(u) or "none" for u in units)
        raise InvalidInputError.of(
            "variables", f"At most two units fit one picture, and these have {shown}."
        )
    names, heads = common.names(cut), common.column_names(cut)
    title = words.heading(facts.title, where=common.place(cut, facts), what=", ".join(names))
    if not any(one.values.size for one in cut):
        return empty(facts, title=title, heads=heads, options=options)
    lines = [
        Line(one, trace, names[i], heads[i], look.SERIES[i], look.DASHES[i])
        for i, (one, trace) in enumerate(zip(cut, traces(cut, MOST_TRACE_MARKS), strict=True))
    ]
    subtitle = describe(lines, facts, title)
    spec = look.picture(facts, title=title, subtitle=subtitle, layer=layers(lines, units))
    if len(units) == 2:
        spec["resolve"] = {"scale": {"y": "independent"}}
    return Drawing(spec, alt_text(lines, title), columns(lines))


def empty(facts: Facts, *, title: str, heads: list[str], options: Mapping[str, Any]) -> Drawing:
    chosen = "start" in options or "end" in options
    text = f"There are no values {'in this period' if chosen else 'yet'}."
    spec = look.sentence(facts, title=title, text=text)
    columns: dict[str, Column] = {"timestamp": [], **{name: [] for name in heads}}
    return Drawing(spec, f"Line: {title}. {text}", columns)


def layers(lines: list[Line], units: list[str]) -> list[Spec]:
    """One group of layers a unit, each with its own axis; the second stands on the right."""
    x = look.time_axis(*x_span([line.trace.timestamps for line in lines]))
    names = label_px(lines)
    groups: list[Spec] = []
    labels: list[tuple[Line, float]] = []
    for unit in units:
        members = [line for line in lines if line.series.unit == unit and line.trace.values.size]
        if not members:
            continue
        low, high = y_span(members)
        axis = value_axis(members, unit, right_px=names if groups else None)
        scale = {"domain": [low, high], "nice": False, "zero": False, "clamp": True}
        y: Spec = {"type": "quantitative", "scale": scale, "axis": axis}
        groups.append({"layer": [part for line in members for part in marks(line, x=x, y=y)]})
        labels += [(line, (high - float(line.trace.values[-1])) / (high - low)) for line in members]
    return groups + (name_marks(labels) if len(lines) > 1 else [])


def x_span(stamps: Sequence[Moments]) -> tuple[int, int]:
    """First and last instant in milliseconds; a single instant gets a day around it."""
    filled = [t for t in stamps if t.size]
    first = min(t[0] for t in filled).astype("datetime64[ms]").astype(np.int64)
    last = max(t[-1] for t in filled).astype("datetime64[ms]").astype(np.int64)
    half = DAY // 2000
    return (int(first), int(last)) if first < last else (int(first) - half, int(last) + half)


def y_span(lines: list[Line]) -> tuple[float, float]:
    """Lowest and highest with some air, on round numbers; a constant gets room around it."""
    low = min(float(line.trace.lowest.min()) for line in lines)
    high = max(float(line.trace.highest.max()) for line in lines)
    largest = max(abs(low), abs(high))
    air = 0.04 * (high - low) or 0.1 * largest or 1.0
    # So small a span is rounding: an axis could not tell its ends apart.
    air = max(air, 1e-9 * largest)
    # What is never negative, such as rain, gets no room below zero.
    return look.nice(max(0.0, low - air) if low >= 0 else low - air, high + air)


def label_px(lines: list[Line]) -> float:
    """Room for the names at the line ends."""
    widest = max(look.breadth(line.name) for line in lines) * LABEL_SIZE
    return min(LABEL_PX, widest) + 2 * LABEL_GAP if len(lines) > 1 else 0.0


def value_axis(members: list[Line], unit: str, *, right_px: float | None) -> Spec:
    title = words.unit(unit)
    if len(members) == 1:
        title = f"{members[0].name}, {title}" if title else members[0].name
    axis: Spec = {
        "title": title or "no unit given",
        "grid": right_px is None,
        "tickCount": {"expr": "max(2, ceil(height / 50))"},
    }
    # The names at the line ends stand between the plot and the right axis.
    return axis if right_px is None else axis | {"orient": "right", "offset": right_px}


def marks(line: Line, *, x: Spec, y: Spec) -> list[Spec]:
    trace = line.trace
    parts: list[Spec] = []
    if trace.step:
        band: Spec = {"type": "area", "fill": line.colour, "stroke": line.colour}
        # With an edge, so that a single high value is seen.
        band |= {"opacity": 1, "fillOpacity": 0.25, "strokeOpacity": 0.5, "strokeWidth": 0.7}
        parts.append(
            {
                "data": {"values": points(trace, with_band=True)},
                "mark": band,
                "encoding": {"x": x, "y": {"field": "lo", **y}} | {"y2": {"field": "hi"}},
            }
        )
    encoding = {"x": x, "y": {"field": "v", **y}}
    width = 1.2 if trace.values.size > 800 else 2
    stroke = {"type": "line", "color": line.colour, "strokeWidth": width, "clip": False}
    parts.append(
        {
            "data": {"values": points(trace)},
            "mark": stroke | {"strokeDash": line.dash, "strokeJoin": "round"},
            "encoding": encoding,
        }
    )
    alone = is_alone(trace)
    if alone.any():
        dots = look.rows(t=timestamps_of(trace.timestamps[alone]), v=trace.values[alone].tolist())
        dot = {"type": "point", "filled": True, "size": 24, "opacity": 1, "color": line.colour}
        parts.append({"data": {"values": dots}, "mark": dot, "encoding": encoding})
    return parts


def is_alone(trace: Trace) -> NDArray[np.bool_]:
    """Values between two gaps: a line through one point would not be seen."""
    ends = trace.breaks | np.append(trace.is_thin[1:], True)
    begins = np.append(True, trace.breaks[:-1] | trace.is_thin[:-1])
    return np.asarray(begins[: ends.size] & ends & ~trace.is_thin)


def points(trace: Trace, *, with_band: bool = False) -> list[Spec]:
    """Rows of the data; an empty value stands in each gap and breaks the line there."""
    gaps = np.flatnonzero(trace.breaks)
    stamps = trace.timestamps
    between = stamps[gaps] + (stamps[gaps + 1] - stamps[gaps]) // 2
    times = timestamps_of(np.insert(stamps, gaps + 1, between))
    fields = {"lo": trace.lowest, "hi": trace.highest} if with_band else {"v": trace.values}
    values: dict[str, list[float | None]] = {name: list(fields[name].tolist()) for name in fields}
    if not with_band:
        values["v"] = [
            None if thin else v for v, thin in zip(values["v"], trace.is_thin, strict=True)
        ]
    for column in values.values():
        for shift, gap in enumerate(gaps):
            column.insert(int(gap) + 1 + shift, None)
    return look.rows(t=times, **values)


def name_marks(labels: list[tuple[Line, float]]) -> list[Spec]:
    """The name of each series beside its last value, moved apart where names would overlap."""
    heights = common.apart([height for _, height in labels], LABEL_SHARE)
    return [
        {
            "data": {"values": [{"k": line.name}]},
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "middle",
                "dx": LABEL_GAP,
                "x": {"expr": "width"},
                "y": {"expr": f"height * {height:.4f}"},
                "fontSize": LABEL_SIZE,
                "limit": LABEL_PX,
                "color": line.colour,
            },
            "encoding": {"text": {"field": "k", "type": "nominal"}},
        }
        for (line, _), height in zip(labels, heights, strict=True)
    ]


def describe(lines: list[Line], facts: Facts, title: str) -> list[str]:
    """Place, unit, period, number of values and of gaps; what is missing; what was thinned."""
    filled = [line for line in lines if line.trace.values.size]
    place = common.place([line.series for line in lines], facts)
    found = sum(size(line) for line in lines)
    stamps = np.concatenate([ends(line) for line in filled])
    stamps.sort()
    every = {words.interval(interval_of_line(line)) for line in filled}
    parts = [
        place if place and place.lower() not in title.lower() else "",
        words.period(stamps),
        every.pop() if len(every) == 1 else "",
        phrases.count(found, "value"),
        holes(filled),
    ]
    told = [", ".join(part for part in parts if part)]
    units = list(dict.fromkeys(words.unit(line.series.unit) for line in lines))
    told[0] = f"{' and '.join(u or 'no unit' for u in units)}; {told[0]}"
    told += steps(filled)
    missing = [line.name for line in lines if not line.trace.values.size]
    if missing:
        told.append(f"No values in this period: {', '.join(missing)}.")
    if found == 1:
        told.append("There is only one value.")
    return [*told, common.left_out([line.series for line in lines])]


def ends(line: Line) -> Moments:
    """The instants of the values, or of steps that of the first and of the last."""
    one = line.series
    return one.ends if isinstance(one, SteppedSeries) and one.ends.size else one.timestamps


def size(line: Line) -> int:
    """How many values a line stands for."""
    one = line.series
    return int(one.counts.sum()) if isinstance(one, SteppedSeries) else int(one.values.size)


def interval_of_line(line: Line) -> Interval | None:
    # The spacing of steps is not that of the values.
    one = line.series
    return parse_interval(one.interval) if isinstance(one, SteppedSeries) else interval_of(one)


def holes(lines: list[Line]) -> str:
    """How many gaps there are; of what came in steps, how many values are missing."""
    counted = [line.trace.gaps for line in lines if not isinstance(line.series, SteppedSeries)]
    shares = [one.missing for line in lines if isinstance(one := line.series, SteppedSeries)]
    told = []
    if sum(map(size, lines)) > 1 and counted:
        told.append(phrases.count(sum(counted), "gap") if sum(counted) else "no gaps")
    if shares and not np.isnan(shares).all():
        told.append(f"{words.number(100 * float(np.nanmax(shares)), 1)} % missing")
    return ", ".join(told)


def steps(lines: list[Line]) -> list[str]:
    """What line and band are where values were put together."""
    names = list(dict.fromkeys(line.trace.step for line in lines if line.trace.step))
    if not names:
        return []
    told = f"Line: mean of each {' or '.join(names)}. Band: lowest to highest value in it."
    thin = sum(int(line.trace.is_thin.sum()) for line in lines)
    if thin:
        told += f" {phrases.count(thin, 'step')} with under half of the values: band only."
    return [told]


def alt_text(lines: list[Line], title: str) -> str:
    told = [f"Line: {title}."]
    for line in lines:
        if not line.trace.values.size:
            told.append(f"{line.name}: no values in this period.")
            continue
        told_ends = [
            f"{word} {words.with_unit(value, line.series.unit)} {at}"
            for word, value, at in extremes(line)
        ]
        period = words.period(ends(line))
        told.append(f"{line.name}, {period}: {', '.join(told_ends)}.")
    return " ".join(told)


def extremes(line: Line) -> list[tuple[str, str, str]]:
    """Lowest and highest value, each with the day or the step it lies in."""
    one, trace = line.series, line.trace
    low, high = one.values, one.values
    if isinstance(one, SteppedSeries):
        low, high = trace.lowest, trace.highest
    spread = float(high.max() - low.min())
    digits = words.decimals(spread) + 1 if spread else words.decimals(float(low[0]))
    found = (("lowest", low, int(low.argmin())), ("highest", high, int(high.argmax())))
    return [
        (word, words.number(float(v[place]), digits), when(one, one.timestamps[place]))
        for word, v, place in found
    ]


def when(one: Series, at: np.datetime64) -> str:
    """The day of a value, or the step that it lies in."""
    step = one.step if isinstance(one, SteppedSeries) else ""
    if step in {"month", "year"}:
        return f"in {at.astype(f'datetime64[{step[0].upper()}]')}"
    day = at.astype("datetime64[D]")
    return f"in the {step} of {day}" if step in {"week", "quarter"} else f"on {day}"


def columns(lines: list[Line]) -> dict[str, Column]:
    """All series side by side at the union of their instants; NaN where one has no value."""
    stamps = np.unique(np.concatenate([line.trace.timestamps for line in lines]))
    table: dict[str, Column] = {"timestamp": list(timestamps_of(stamps))}
    for line in lines:
        trace, head = line.trace, line.column
        where = np.searchsorted(stamps, trace.timestamps)
        parts = {head: trace.values}
        if trace.step:
            parts = {
                f"{head} mean": trace.values,
                f"{head} lowest": trace.lowest,
                f"{head} highest": trace.highest,
            }
        for name, values in parts.items():
            column = np.full(stamps.size, np.nan)
            column[where] = values
            table[name] = column
    return table


kinds.add(
    Kind(
        name="line",
        title="Lines",
        description="One to six variables over time, with gaps as gaps. Long series are drawn as "
        "the mean of a calendar step with a band from its lowest to its highest value.",
        options={
            "variables": {
                "type": "array",
                "items": common.NAME,
                "minItems": 1,
                "maxItems": MOST_SERIES,
                "uniqueItems": True,
                "description": "Names of the variables, at most six, of at most two units.",
            },
            **common.PLACE_AND_PERIOD,
        },
        required=("variables",),
        version=2,
        compile=compile_line,
        named_by=("variables",),
        # Of six series so many steps, each with its gaps, are less than all marks of a picture.
        window_px=800,
    )
)
