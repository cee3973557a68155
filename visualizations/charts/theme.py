"""Pictures on dark ground: the same specification with another colour for each of ours."""

from typing import Any

from visualizations.charts import look

GROUND = "#11181f"
LIGHT, DARK = "light", "dark"
# Colours of the same rank keep it: what stands out on white stands out here.
IN_THE_DARK = {
    "white": GROUND,
    look.TEXT: "#e6ecf1",
    look.MUTED: "#a9b6c3",
    look.AXIS: "#5b6875",
    look.GRID: "#27323d",
    **dict(zip(look.SERIES, look.SERIES_IN_THE_DARK, strict=True)),
    **dict(zip(look.RAIN, look.RAIN_IN_THE_DARK, strict=True)),
    **dict(zip(look.VIRIDIS, look.VIRIDIS_IN_THE_DARK, strict=True)),
    look.BAND: "#45596a",
    look.WIDE_BAND: "#263440",
    look.LOW: "#6bb3ff",
    look.HIGH: "#ff8a70",
    look.DRY: "#c99a4e",
    look.WET: "#35a79c",
}
# Scales both ways are read from their middle, on any ground; a whole ramp is its own ground.
KEPT = (list(look.BLUE_RED), list(look.BROWN_GREEN), list(look.VIRIDIS))
# Only under these keys stands a colour; words of people are never taken for one.
COLOURED = frozenset(["background", "color", "fill", "range", "stroke", "value"])


def themed(spec: look.Spec, theme: str) -> look.Spec:
    """The specification for one of the themes; on light ground it is what it was."""
    return spec if theme != DARK else {k: _part(k, v) for k, v in spec.items()}


def _part(key: str, value: Any) -> Any:
    if key in {"data", "usermeta"} or (key == "range" and value in KEPT):
        return value
    if isinstance(value, dict):
        return {k: _part(k, v) for k, v in value.items()}
    if isinstance(value, list):
        return [_part(key, v) for v in value]
    is_colour = key in COLOURED or key.endswith("Color")
    return IN_THE_DARK.get(value, value) if is_colour and isinstance(value, str) else value
