"""What all pictures share: fonts, colours, title, foot, and how words fit the width.

The sizes and colours follow one page of rules for every kind; `docs/reference/pictures.md` lists
them. Whatever a renderer may evaluate (expressions, field names, colours) is written here and in
the kinds, never taken from people's words.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from visualizations.charts import words
from visualizations.registry import Facts

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
PRODUCT = "DataStream Pro"
# A family the renderer lacks draws no text and says nothing; Liberation Sans is inside it.
FONT = "Arial, Liberation Sans, sans-serif"
WIDTH, HEIGHT = 1200, 600
# Usual width of the labels left of the plot.
LEFT_PX = 70
PADDING = 20
# Lines of title, subtitle, foot and legend, and the room between them and below the axis, px.
TITLE_PX, SUBTITLE_PX, FOOT_PX, LEGEND_PX, BETWEEN_PX = 24, 19, 17, 20, 80
MAX_MARKS = 20_000
# Below this an axis would write more zeros than digits.
SMALL = 1e-4

TEXT, MUTED, AXIS, GRID = "#1b2733", "#52606d", "#9aa5b1", "#e1e6eb"
SERIES = ("#332288", "#D55E00", "#648FFF", "#882255", "#CC79A7", "#000000")
SERIES_IN_THE_DARK = ("#99DDFF", "#FFB000", "#009E73", "#D55E00", "#EEDD88", "#a78bfa")
DASHES = ([1, 0], [8, 3], [2, 2], [10, 3, 2, 3], [5, 2], [12, 3, 2, 3, 2, 3])
BELOW, ABOVE = "#4393c3", "#d6604d"
DRY, WET = "#8c510a", "#01665e"
NO_VALUE = "#8a8f94"
# Around a line: what is usual, and what has been; and the days below and above it.
BAND, WIDE_BAND = "#b9c6d0", "#e4e8ed"
LOW, HIGH = "#2166ac", "#b2182b"
# From a dry day to 30 mm and more.
RAIN = ("#e7ebef", "#cfe3ef", "#9ccae1", "#5aa6cf", "#2a79b9", "#124e91", "#082650")
RAIN_IN_THE_DARK = ("#22303b", "#17456b", "#1f6299", "#3a86c0", "#6baed6", "#a6d1ec", "#e0f1fb")
# One way, from few to many: Matplotlib's viridis at ten places, and ColorBrewer's blues.
VIRIDIS = (
    *("#440154", "#482878", "#3e4989", "#31688e", "#26828e"),
    *("#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"),
)
# The same from 0.36 on, where it stands out on dark ground.
VIRIDIS_IN_THE_DARK = (
    *("#2e6e8e", "#277f8e", "#22918b", "#23a286", "#31b27c"),
    *("#4ec16a", "#74cf54", "#a1da38", "#cfe129", "#fde725"),
)
BLUES = ("#d6e6f4", "#abd0e6", "#6aaed6", "#3787c0", "#105ba4", "#08306b")
# ColorBrewer, 11 classes: RdBu from blue to red, BrBG from brown to green.
BLUE_RED = (
    *("#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7"),
    *("#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"),
)
BROWN_GREEN = (
    *("#543005", "#8c510a", "#bf812d", "#dfc27d", "#f6e8c3", "#f5f5f5"),
    *("#c7eae5", "#80cdc1", "#35978f", "#01665e", "#003c30"),
)

# An instant as "14:30" or "2012-04-03", and in longer pictures "2012-04" or "2012": ISO, UTC.
DAY_LABEL = (
    "utcseconds(datum.value) ? utcFormat(datum.value, '%H:%M:%S')"
    " : utchours(datum.value) || utcminutes(datum.value) ? utcFormat(datum.value, '%H:%M')"
    " : utcFormat(datum.value, '%Y-%m-%d')"
)
TIME_LABEL = (
    "utcdate(datum.value) != 1 ? utcFormat(datum.value, '%Y-%m-%d')"
    " : utcmonth(datum.value) ? utcFormat(datum.value, '%Y-%m')"
    " : utcFormat(datum.value, '%Y')"
)
LONG_MS = 90 * 86_400_000
# So that the subtitle leaves most of a low picture to its plot.
LINE_EVERY_PX = 75
TITLE_LINES, SUBTITLE_LINES, FOOT_LINES = 3, 8, 3


def config() -> Spec:
    return {
        "font": FONT,
        "aria": False,
        "background": "white",
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "labelFontSize": 14,
            "titleColor": MUTED,
            "titleFontSize": 14,
            "titleFontWeight": "normal",
            "titleLimit": 400,
            "titlePadding": 12,
            "domainColor": AXIS,
            "tickColor": AXIS,
            "gridColor": GRID,
            "labelPadding": 4,
        },
        "legend": {"labelColor": MUTED, "labelFontSize": 14, "labelLimit": 400, "offset": 16}
        | {"titleColor": MUTED, "titleFontSize": 14, "titleFontWeight": "normal"}
        | {"titleLimit": 600},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": TEXT,
            "fontSize": 20,
            "fontWeight": "bold",
            "subtitleColor": MUTED,
            "subtitleFontSize": 14,
            "subtitlePadding": 6,
            "lineHeight": 24,
            "subtitleLineHeight": 19,
            "offset": 14,
        },
    }


def source(facts: Facts) -> str:
    told = words.plain(facts.source) or words.plain(facts.citation)
    return f"Source: {told or 'not given'}"


def credit(facts: Facts) -> str:
    license_ = words.plain(facts.license, 60)
    return f"({license_ or 'licence not stated'}) · {PRODUCT}"


def text_layer(name: str, size: int, **mark: Any) -> Spec:
    """Words at the left edge of the plot, which `fitted` fills in."""
    common = {"type": "text", "align": "left", "x": 0, "fontSize": size, "lineHeight": size + 5}
    return {
        "name": name,
        "data": {"values": [{"k": ""}]},
        "mark": common | mark,
        "encoding": {"text": {"field": "k", "type": "nominal"}},
    }


def picture(
    facts: Facts,
    *,
    title: str,
    subtitle: Sequence[str],
    layer: Sequence[Spec],
    below_px: int = 36,
    classes: Sequence[str] = (),
) -> Spec:
    """The whole specification, of the default size: layers between a title and a foot.

    The foot stands `below_px` under the plot; `classes` are the words of the legend, if it has
    squares. `usermeta` keeps the words as whole sentences, for `fitted`; renderers do not look
    there.
    """
    foot = text_layer("foot", 12, baseline="top", color=MUTED, y={"expr": f"height + {below_px}"})
    told = {
        "title": title,
        "subtitle": [line for line in subtitle if line],
        "foot": source(facts),
        "foot_tail": credit(facts),
    }
    spec = {
        "$schema": SCHEMA,
        "usermeta": {"words": told, "classes": [words.plain(name, 40) for name in classes]},
        "background": "white",
        "padding": PADDING,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": [*layer, foot],
        "config": config(),
    }
    return fitted(spec, WIDTH, HEIGHT)


def sentence(facts: Facts, *, title: str, text: str) -> Spec:
    """A picture without values: the frame and a sentence that says why."""
    layer = text_layer("sentence", 16, baseline="middle", color=TEXT, y={"expr": "height / 2"})
    spec = picture(facts, title=title, subtitle=[], layer=[layer], below_px=12)
    spec["usermeta"]["words"]["sentence"] = text
    return fitted(spec, WIDTH, HEIGHT)


def time_axis(first_ms: int, last_ms: int) -> Spec:
    """Encoding of field `t` from one instant to another."""
    return {
        "field": "t",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [first_ms, last_ms], "nice": False},
        "axis": {
            "title": None,
            "grid": False,
            "tickCount": {"expr": "max(2, ceil(width / 110))"},
            "labelExpr": TIME_LABEL if last_ms - first_ms > LONG_MS else DAY_LABEL,
            "labelFlush": True,
            "labelOverlap": True,
            "labelSeparation": 8,
        },
    }


def year_axis(first: int, last: int, *, margin: float) -> Spec:
    """Scale and axis of years; each stands at its number, with a margin before and behind."""
    most = last - first + 1
    return {
        "scale": {"domain": [first - margin, last + margin], "nice": False, "zero": False},
        "axis": {
            "title": None,
            "grid": False,
            "format": "d",
            "tickCount": {"expr": f"min({most}, max(2, ceil(width / 130)))"},
            "labelOverlap": True,
            "labelSeparation": 8,
        },
    }


def value_axis(title: str, low: float, high: float) -> Spec:
    """An axis of values upward; so small ones as no zeros could show are powers of ten."""
    axis: Spec = {"title": title, "tickCount": {"expr": "max(2, ceil(height / 50))"}}
    return axis | ({"format": "~g"} if max(abs(low), abs(high)) < SMALL else {})


def nice(low: float, high: float, ticks: int = 12) -> tuple[float, float]:
    """Round limits around a span, so that the axis begins and ends on a tick."""
    step = step_of(low, high, ticks)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def step_of(low: float, high: float, ticks: int) -> float:
    """A round step, 1, 2 or 5 times a power of ten, of which about so many make the span."""
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * size for size in (1, 2, 5, 10) if power * size >= rough * 0.999)


def rows(**columns: Sequence[Any]) -> list[Spec]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def fitted(spec: Mapping[str, Any], width: int, height: int) -> Spec:
    """The same picture for another size, its words broken anew into lines that fit."""
    told = spec["usermeta"]["words"]
    room = width - 2 * PADDING - spec["usermeta"].get("left_px", LEFT_PX)
    most = min(SUBTITLE_LINES, max(2, height // LINE_EVERY_PX))
    lines = [part for line in told["subtitle"] for part in wrapped(line, room / 14, most)]
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    title = {"text": wrapped(told["title"], room / 21, TITLE_LINES), "subtitle": lines}
    layers = [refit(layer, told, room) for layer in spec["layer"]]
    classes = spec["usermeta"]["classes"]
    columns, legend_lines = legend_size(classes, room)
    foot = sum(len(layer["data"]["values"][0]["k"]) for layer in layers if layer.get("name"))
    around = BETWEEN_PX + TITLE_PX * len(title["text"]) + SUBTITLE_PX * len(title["subtitle"])
    around += FOOT_PX * foot + LEGEND_PX * legend_lines
    # An axis title longer than the axis would push the picture's own title out of sight.
    config = {**spec["config"], "axisY": {"titleLimit": max(height - around, 40)}}
    if classes:
        # A number: the plot is still too wide when the renderer counts for itself what fits.
        config["legend"] = {**config["legend"], "columns": columns}
    size = {"width": width, "height": height}
    return {**spec, **size, "config": config, "title": title, "layer": layers}


def legend_size(classes: Sequence[str], room: float) -> tuple[int, int]:
    """Columns of a legend of squares that fit, and its lines with those of its title."""
    if not classes:
        return 1, 0
    widest = 50 + 14 * max(map(breadth, classes))
    columns = max(1, min(len(classes), int(room / widest)))
    return columns, math.ceil(len(classes) / columns) + 2


def refit(layer: Spec, told: Mapping[str, Any], room: float) -> Spec:
    text = told.get(layer.get("name", ""))
    if text is None:
        return layer
    tail = told.get(f"{layer['name']}_tail", "")
    lines = wrapped(text, room / layer["mark"]["fontSize"], FOOT_LINES, tail=tail)
    return {**layer, "data": {"values": [{"k": lines}]}}


def breadth(text: str) -> float:
    """Width in units of the font size, by rough classes of the letters of Arial."""
    # Where one letter is missing in Arial, the renderer takes a wider font for the whole line.
    is_foreign = any(ord(c) > 0x5FF and not 0x2000 <= ord(c) < 0x2300 for c in text)
    return sum(map(letter, text)) * (1.25 if is_foreign else 1.0)


def letter(char: str) -> float:
    if char in " iljtfr.,;:'|!()[]I·":
        return 0.3
    if char in "mwMW@%—…":
        return 0.9
    if ord(char) > 0x1100:
        return 1.0
    return 0.7 if char.isupper() else 0.56


def wrapped(text: str, room: float, most: int, *, tail: str = "") -> list[str]:
    """At most so many lines that fit; the text is cut with an ellipsis, the tail never."""
    lines = broken(f"{text} {tail}".strip(), room)
    while len(lines) > most and text:
        text = text[: len(text) * 9 // 10]
        lines = broken(f"{text}… {tail}".strip(), room)
    return lines[:most]


def broken(text: str, room: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        for piece in pieces(word, room):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if breadth(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines


def pieces(word: str, room: float) -> list[str]:
    """A word, cut where it alone is wider than the line."""
    if breadth(word) <= room:
        return [word]
    size = max(1, math.floor(room))
    return [word[i : i + size] for i in range(0, len(word), size)]
