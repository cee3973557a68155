"""Stations on a map, each with one number: its newest value, a mean or how many there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods.results import timestamps_of
from analyses.methods.words import phrases
from datasets.series import StationValue, StationValues
from visualizations.charts import common, globe, look, scales, words
from visualizations.charts import labels as beside
from visualizations.charts.globe import Cut
from visualizations.charts.look import Spec
from visualizations.registry import Column, Drawing, Facts, Kind, kinds

WHAT = {"latest": "newest value", "mean": "mean", "count": "number of values"}
PALETTES = {"viridis": look.VIRIDIS, "blues": look.BLUES, "blue-red": look.BLUE_RED}
# The map is pale on any ground, so nothing on it may follow the ground of the picture.
LAND, SEA, BORDER = "#f1ede2", "#dbe8f3", "#c3bdae"
INK, FAINT, HALO = "#1b2734", "#52606e", "#fffffe"
# The number stands beside each of so many stations, and the name too beside so few.
MOST_NUMBERED, MOST_NAMED = 40, 12
LABEL_PX = 12
# Of a plot of the usual size, which is about so high.
LARGER_SIDE_PX = 400
SHARE_IN_COLOUR = 0.98
OUTLINE_NOTE = "Outline: Natural Earth."
Values = Sequence[StationValue]


def compile_map(found: StationValues, options: Mapping[str, Any], facts: Facts) -> Drawing:
    named = words.NAMES.get(found.standard_name) or words.plain(
        found.standard_name.replace("_", " ") or found.variable, 80
    )
    statistic = options["statistic"]
    place = words.plain(facts.place, 80)
    title = words.heading(facts.title, where=place, what=f"{named}, {WHAT[statistic]}")
    placed = [one for one in found.stations if one.latitude is not None]
    cut = cut_of(placed, options.get("area"))
    shown = inside(placed, cut)
    unit = "" if statistic == "count" else found.unit
    if not shown:
        text = "No station of the dataset lies in this area."
        if not placed:
            text = "The dataset has no station with coordinates."
        spec = look.sentence(facts, title=title, text=text)
        return Drawing(spec, f"Map: {title}. {text}", table(shown, unit, statistic))
    filled = [one for one in shown if one.value is not None]
    spec = look.picture(
        facts,
        title=title,
        subtitle=subtitle(found, shown, options, named=named, where=words.before(place, title)),
        layer=layers(shown, cut, options, unit),
        below_px=12,
    )
    spec["projection"] = globe.projection(cut)
    told = alt_text(filled, shown, title, unit=unit, what=WHAT[statistic])
    return Drawing(spec, told, table(shown, unit, statistic))


def cut_of(placed: Values, area: Sequence[float] | None) -> Cut:
    if area:
        west, south, east, north = map(float, area)
        return Cut(west, south, east if east > west else east + 360, north)
    return globe.around(*places(placed))


def places(stations: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes."""
    found = np.array([(one.longitude, one.latitude) for one in stations], float).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def inside(placed: Values, cut: Cut) -> list[StationValue]:
    held = cut.holds(*places(placed))
    return [one for one, is_in in zip(placed, held, strict=True) if is_in]


def subtitle(
    found: StationValues, shown: Values, options: Mapping[str, Any], *, named: str, where: str
) -> list[str]:
    filled = [one for one in shown if one.value is not None]
    statistic = options["statistic"]
    unit = "" if statistic == "count" else words.unit(found.unit)
    known = [one.timestamp for one in filled if one.timestamp is not None]
    stamps = np.sort(np.array(known, "datetime64[us]"))
    when = ""
    if stamps.size:
        newest = "newest values from" if statistic == "latest" else "last values from"
        when = f", {newest} {words.period(stamps)}"
    span = [str(options[name]) for name in ("start", "end") if name in options]
    period = f" from {options['start']}" if "start" in options else ""
    period += f" before {options['end']}" if "end" in options else ""
    what = f"{WHAT[statistic][:1].upper()}{WHAT[statistic][1:]} of {named}{words.plain(period)}"
    what = f"{where}{what}{', ' if unit else ''}{unit}"
    told = [f"{what}; {phrases.count(len(shown), 'station')}{when}"]
    if len(filled) < len(shown):
        without = phrases.count(len(shown) - len(filled), "station")
        told.append(f"Grey crosses: {without} without a value{' in this period' if span else ''}.")
    told.append(common.left_out(shown))
    nowhere = sum(one.latitude is None for one in found.stations)
    outside = len(found.stations) - nowhere - len(shown)
    left = [f"{phrases.count(nowhere, 'station')} without coordinates"] if nowhere else []
    left += [f"{phrases.count(outside, 'station')} outside the area"] if outside else []
    return [*told, f"Not shown: {', '.join(left)}." if left else "", OUTLINE_NOTE]


def layers(shown: Values, cut: Cut, options: Mapping[str, Any], unit: str) -> list[Spec]:
    filled = [one for one in shown if one.value is not None]
    empty = [one for one in shown if one.value is None]
    drawn = [*ground(cut), lines(globe.lines(cut)), borders()]
    if empty:
        drawn.append(crosses(empty))
    if filled:
        drawn.append(dots(filled, options, unit))
    return [*drawn, *labels(filled, cut)]


def shape(kind: str, coordinates: Any, **mark: Any) -> Spec:
    """A part of the ground: one mark, whatever it is made of."""
    geometry = {"type": kind, "coordinates": coordinates}
    return {
        "data": {"values": [{"type": "Feature", "properties": {}, "geometry": geometry}]},
        "mark": {"type": "geoshape", "clip": True, **mark},
    }


def ground(cut: Cut) -> list[Spec]:
    sea: Spec = {
        "data": {"values": [{}]},
        "mark": {"type": "rect", "color": SEA, "x": 0, "y": 0}
        | {"x2": {"expr": "width"}, "y2": {"expr": "height"}},
    }
    if cut.is_world:
        sea = {"data": {"values": [{"type": "Sphere"}]}}
        sea["mark"] = {"type": "geoshape", "fill": SEA, "stroke": look.AXIS, "clip": True}
    land = globe.outlines()["land"]
    return [sea, shape("MultiPolygon", land, fill=LAND, stroke=look.AXIS, strokeWidth=0.8)]


def lines(found: Any) -> Spec:
    return shape(
        "MultiLineString", found, filled=False, stroke=look.AXIS, strokeWidth=0.5, opacity=0.5
    )


def borders() -> Spec:
    return shape(
        "MultiLineString", globe.outlines()["borders"], filled=False, stroke=BORDER, strokeWidth=0.7
    )


def at() -> Spec:
    return {
        "longitude": {"field": "lo", "type": "quantitative"},
        "latitude": {"field": "hi", "type": "quantitative"},
    }


def rows(stations: Values) -> list[Spec]:
    longitudes, latitudes = places(stations)
    return look.rows(lo=longitudes.tolist(), hi=latitudes.tolist(), v=[s.value for s in stations])


def size_of(count: int) -> int:
    return 150 if count <= MOST_NUMBERED else 70 if count <= 400 else 28


def crosses(stations: Values) -> Spec:
    mark = {"type": "point", "shape": "M-1,-1L1,1M-1,1L1,-1", "filled": False, "clip": True}
    size = size_of(len(stations)) / 1.5
    return {
        "data": {"values": rows(stations)},
        "mark": mark | {"stroke": FAINT, "strokeWidth": 1.3, "size": size},
        "encoding": at(),
    }


def dots(stations: Values, options: Mapping[str, Any], unit: str) -> Spec:
    stations = sorted(stations, key=lambda one: abs(one.value or 0))
    values = np.array([one.value for one in stations], float)
    palette = options["palette"]
    if palette == "auto":
        palette = "viridis"
    domain = colour_span(values, is_symmetric=palette == "blue-red")
    is_count = options["statistic"] == "count"
    title = WHAT[options["statistic"]]
    mark = {"type": "circle", "size": size_of(len(stations)), "opacity": 1, "clip": True}
    return {
        "data": {"values": rows(stations)},
        "mark": mark | {"stroke": INK, "strokeWidth": 0.7},
        "encoding": {
            **at(),
            "color": scales.coloured(
                domain, PALETTES[palette], title=title, unit=unit, is_count=is_count
            ),
        },
    }


def colour_span(values: NDArray[np.float64], *, is_symmetric: bool) -> tuple[float, float]:
    """So wide that one odd station does not pale all others; a constant gets room around it."""
    share = (1 - SHARE_IN_COLOUR) / 2
    low, high = (float(v) for v in np.quantile(values, [share, 1 - share]))
    if is_symmetric:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = 0.1 * abs(low) or 1.0
        return low - room, high + room
    return low, high


def labels(stations: Values, cut: Cut) -> list[Spec]:
    """Number and, where there are few, name beside each station that has room for it."""
    if not stations or len(stations) > MOST_NUMBERED:
        return []
    values = np.array([one.value for one in stations], float)
    digits = max(words.decimals(float(np.ptp(values)) or float(values[0])), 0)
    told = []
    for one, row in zip(stations, rows(stations), strict=True):
        name = f"{words.plain(one.name or one.code, 24)}: " if len(stations) <= MOST_NAMED else ""
        told.append(row | {"k": name + words.number(float(row["v"]), digits)})
    spots = np.column_stack(globe.projected(cut, *places(stations))) * LARGER_SIDE_PX
    kept = beside.with_room(spots, [row["k"] for row in told], size=LABEL_PX, radius=6)
    told = [told[number] for number in kept]
    mark = {"type": "text", "align": "left", "dx": 9, "fontSize": LABEL_PX, "clip": True}
    return [
        {
            "data": {"values": told},
            "mark": mark | {"baseline": "middle", "color": INK} | more,
            "encoding": {**at(), "text": {"field": "k", "type": "nominal"}},
        }
        # A pale edge keeps the words legible on borders and coasts.
        for more in ({"stroke": HALO, "strokeWidth": 3, "opacity": 0.8}, {})
    ]


def table(shown: Values, unit: str, statistic: str) -> dict[str, Column]:
    stamps = [
        None if one.timestamp is None else timestamps_of(np.array([one.timestamp]))[0]
        for one in shown
    ]
    head = f"{statistic} ({unit})" if unit else statistic
    return {
        "station": [one.code for one in shown],
        "name": [one.name for one in shown],
        "latitude": [one.latitude for one in shown],
        "longitude": [one.longitude for one in shown],
        "timestamp": stamps,
        head: [one.value for one in shown],
        "values": [one.count for one in shown],
    }


def alt_text(filled: Values, shown: Values, title: str, *, unit: str, what: str) -> str:
    told = f"Map: {title}: {phrases.count(len(shown), 'station')} coloured by the {what} of each."
    left_out = common.left_out(shown)
    if not filled:
        return f"{told} None has a value. {left_out}".strip()
    ends = []
    values = [float(one.value or 0) for one in filled]
    digits = words.decimals(max(values) - min(values) or values[0]) + 1
    for word, number in (("Lowest", min(values)), ("highest", max(values))):
        one = filled[values.index(number)]
        shown_value = words.with_unit(words.number(number, digits), unit)
        ends.append(f"{word}: {shown_value} at {words.plain(one.name or one.code, 60)}")
    return f"{told} {', '.join(ends)}. {left_out}".strip()


kinds.add(
    Kind(
        name="map",
        title="Map of stations",
        description="The stations of a dataset on an outline of land, coloured by their newest "
        "value, or by the mean or count of the values of a period.",
        options={
            "variable": common.VARIABLE,
            "statistic": {
                "type": "string",
                "enum": [*WHAT],
                "default": "latest",
                "description": "Which number of each station is shown.",
            },
            **{name: common.PLACE_AND_PERIOD[name] for name in ("start", "end")},
            "area": {
                "type": "array",
                "items": {"type": "number", "minimum": -180, "maximum": 180},
                "minItems": 4,
                "maxItems": 4,
                "description": "West, south, east, north in degrees; left out, all stations are "
                "shown. Where west is above east it crosses the date line.",
            },
            "palette": {
                "type": "string",
                "enum": ["auto", *PALETTES],
                "default": "auto",
                "description": "Colours; auto takes viridis. Blue-red is symmetric about 0.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_map,
        references=("Natural Earth, https://www.naturalearthdata.com (outline of land)",),
        draws="stations",
    )
)
