"""Light and dark: one picture, two grounds, and words that stay what they are."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import visualizations.charts
from datastream.core.registry import import_folder
from tests.visualizations.samples import FACTS, compiled, recorded
from tests.visualizations.test_charts_drawn import texts, walk
from visualizations.charts import look, theme
from visualizations.drawing import draw
from visualizations.registry import Facts, kinds

import_folder(visualizations.charts)


def luminance(colour: str) -> float:
    """By WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_on_light_ground_nothing_changes() -> None:
    spec = compiled("line").spec
    assert theme.themed(spec, "light") is spec


@pytest.mark.parametrize("kind", kinds.names())
def test_no_light_colour_is_left_on_dark_ground(kind: str) -> None:
    spec = theme.themed(compiled(kind).spec, "dark")
    dark = set(theme.IN_THE_DARK.values())
    light = set(theme.IN_THE_DARK) - dark
    assert spec["background"] == theme.GROUND
    found = [v for k, v in walk(spec) if isinstance(v, str)]
    assert not light & set(found)


@pytest.mark.parametrize("colour", [look.TEXT, look.MUTED])
def test_words_have_enough_contrast_on_both_grounds(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 4.5
    assert contrast(theme.IN_THE_DARK[colour], theme.GROUND) >= 4.5


@pytest.mark.parametrize("colour", [*look.SERIES_IN_THE_DARK, "#6bb3ff", "#ff8a70", look.NO_VALUE])
def test_marks_have_enough_contrast_on_dark_ground(colour: str) -> None:
    assert contrast(colour, theme.GROUND) >= 3


def test_classes_stand_out_on_dark_ground_and_rise() -> None:
    """The lowest class of a calendar was as dark as its ground."""
    steps = [contrast(colour, theme.GROUND) for colour in look.VIRIDIS_IN_THE_DARK]
    assert steps[0] >= 3
    assert steps == sorted(steps)
    layers = theme.themed(compiled("calendar").spec, "dark")["layer"]
    (scale,) = [
        one["encoding"]["color"]["scale"] for one in layers if "color" in one.get("encoding", {})
    ]
    assert all(contrast(colour, theme.GROUND) >= 3 for colour in scale["range"])


@pytest.mark.parametrize("kind", ["map", "spectrum"])
def test_a_ramp_that_is_its_own_ground_is_kept(kind: str) -> None:
    drawing = compiled(kind)
    if kind == "spectrum":
        drawing = kinds[kind].compile(recorded(kind, "wavelet"), {}, FACTS)
    spec = theme.themed(drawing.spec, "dark")
    found = [value for key, value in walk(spec) if key == "range"]
    assert list(look.VIRIDIS) in found


def test_a_scale_both_ways_is_the_same_on_both_grounds() -> None:
    spec = theme.themed(compiled("stripes").spec, "dark")
    assert spec["layer"][1]["encoding"]["color"]["scale"]["range"] == list(look.BLUE_RED)


def test_words_that_are_colours_stay_words() -> None:
    facts = Facts(title=look.TEXT, place="white", source="white")
    spec = theme.themed(compiled("line", facts).spec, "dark")
    assert spec["title"]["text"] == [look.TEXT]
    assert "Source: white" in texts(draw(spec, format="svg"))


@pytest.mark.parametrize("kind", kinds.names())
def test_a_dark_picture_is_dark_with_light_ink_in_its_title(kind: str) -> None:
    png = draw(theme.themed(compiled(kind).spec, "dark"), width=800, height=400)
    with Image.open(io.BytesIO(png)) as image:
        pixels: Any = np.asarray(image.convert("L"))
    assert pixels[0, 0] < 40
    assert (pixels[18:40] > 180).sum() > 150
