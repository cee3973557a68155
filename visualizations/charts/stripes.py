"""Stripes: one coloured stripe a year for its difference from the mean of a base period."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.methods import rain
from datasets.series import Series
from visualizations.charts import common, look, words, yearly
from visualizations.charts.look import Spec
from visualizations.charts.yearly import Anomalies
from visualizations.registry import Drawing, Facts, Kind, kinds

PALETTES = {"blue-red": look.BLUE_RED, "brown-green": look.BROWN_GREEN}
# Colours end where 99 of 100 differences do, so that one odd year does not pale all others.
SHARE_IN_COLOUR = 0.99
# Neighbours overlap a little, or the white behind them shines through as hairlines.
OVERLAP_YEARS = 0.3
LEGEND_PX = 336


def compile_stripes(series: Sequence[Series], options: Mapping[str, Any], facts: Facts) -> Drawing:
    found = yearly.anomalies("Climate stripes", series, options, facts)
    if isinstance(found, Drawing):
        return found
    spec = look.picture(
        facts,
        title=found.title,
        subtitle=subtitle(found),
        layer=layers(found, options),
        below_px=12 if options["bare"] else 36,
    )
    return Drawing(spec, alt_text(found, options), yearly.table(found))


def subtitle(found: Anomalies) -> list[str]:
    is_rain = rain.is_rain(found.years.series)
    mark = "Climate stripes, one a year" if is_rain else "One stripe a year"
    missing = yearly.left_out(found.years, shown_as="Grey")
    return [yearly.opening(found, mark), found.base.note, missing]


def layers(found: Anomalies, options: Mapping[str, Any]) -> list[Spec]:
    years = found.years.years
    first, last = int(years[0]), int(years[-1])
    there = ~np.isnan(found.differences)
    overlap = np.append(there[1:], False) * OVERLAP_YEARS
    x = {"field": "lo", "type": "quantitative", **look.year_axis(first, last, margin=0.5)}
    if options["bare"]:
        x["axis"] = None
    behind = {
        "data": {"values": [{"lo": first - 0.5, "hi": last + 0.5}]},
        "mark": {"type": "rect", "color": look.NO_VALUE},
        "encoding": {"x": x, "x2": {"field": "hi"}},
    }
    stripes = {
        "data": {
            "values": look.rows(
                t=years[there].tolist(),
                lo=(years - 0.5)[there].tolist(),
                hi=(years + 0.5 + overlap)[there].tolist(),
                v=found.differences[there].tolist(),
            )
        },
        "mark": {"type": "rect"},
        "encoding": {"x": x, "x2": {"field": "hi"}, "color": colour(found, options)},
    }
    return [behind, stripes]


def palette(found: Anomalies, options: Mapping[str, Any]) -> str:
    is_rain = rain.is_rain(found.years.series)
    by_variable = "brown-green" if is_rain else "blue-red"
    return by_variable if options["palette"] == "auto" else str(options["palette"])


def colour(found: Anomalies, options: Mapping[str, Any]) -> Spec:
    """A scale from brown to green for rain, from blue to red for all else, the same both ways."""
    chosen = palette(found, options)
    reach = colour_reach(found.differences)
    scale = {
        "type": "linear",
        "domain": np.linspace(-reach, reach, len(PALETTES[chosen])).tolist(),
        "range": list(PALETTES[chosen]),
        "interpolate": "rgb",
        "clamp": True,
    }
    legend = None if options["bare"] else legend_of(found, reach)
    return {"field": "v", "type": "quantitative", "scale": scale, "legend": legend}


def colour_reach(differences: NDArray[np.float64]) -> float:
    reach = float(np.quantile(np.abs(differences[~np.isnan(differences)]), SHARE_IN_COLOUR))
    return round(reach, words.decimals(reach)) or 1.0


def legend_of(found: Anomalies, reach: float) -> Spec:
    # Only units that we spell ourselves may stand in an expression.
    unit = found.years.series.unit
    shown = f" {words.unit(unit)}" if words.is_known(unit) else ""
    digits = words.decimals(reach)
    low, high = (words.signed(value, digits) + shown for value in (-reach, reach))
    return {
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "gradientLength": LEGEND_PX,
        "gradientThickness": 13,
        "values": [-reach, 0, reach],
        "labelExpr": f"datum.value < 0 ? '≤ {low}' : datum.value > 0 ? '≥ {high}'"
        f" : '0 = mean of {found.base.years}'",
    }


def alt_text(found: Anomalies, options: Mapping[str, Any]) -> str:
    unit = words.unit(found.years.series.unit) or "its unit"
    years = words.years(int(found.years.years[0]), int(found.years.years[-1]))
    below, above = palette(found, options).split("-")
    return (
        f"Climate stripes: {found.title}, one stripe a year, {years}, as difference from the "
        f"{found.base.years} mean in {unit}; {below} below, {above} above. {yearly.extremes(found)}"
    )


kinds.add(
    Kind(
        name="stripes",
        title="Climate stripes",
        description="One stripe a year, coloured by its difference from the mean of a base "
        "period; brown to green for rain, blue to red for all else. Years that are not complete "
        "are grey.",
        options={
            "variable": common.VARIABLE,
            **common.PLACE_AND_PERIOD,
            **yearly.reference_options(1971, 2000),
            "palette": {
                "type": "string",
                "enum": ["auto", *PALETTES],
                "default": "auto",
                "description": "Colours; auto takes brown to green for rain.",
            },
            "bare": {
                "type": "boolean",
                "default": False,
                "description": "Without axis and legend.",
            },
        },
        required=("variable",),
        version=1,
        compile=compile_stripes,
        references=("Hawkins 2018, warming stripes, https://showyourstripes.info",),
    )
)
