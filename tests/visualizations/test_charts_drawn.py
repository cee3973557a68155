"""Each kind as it comes out of the renderer: words, ink, and hostile words that stay words."""

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import visualizations.charts
from datastream.core.registry import import_folder
from tests.visualizations.samples import compiled
from visualizations.drawing import draw
from visualizations.registry import Facts, kinds

import_folder(visualizations.charts)

KINDS = kinds.names()
# Of kinds that draw no temperature, or no number below zero.
UNITS = {"wind_rose": "m/s", "correlation_matrix": "", "spectrum": "", "taylor": ""}
UNSIGNED = {"availability", "calendar", "spectrum", "taylor", "wind_rose"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</text><script>alert(1)</script>",
    "]]>",
    "'+alert(1)+'",
    "{{7*7}} &lt; & <!DOCTYPE x> <?x?>",
]
EVALUATED = {"expr", "labelExpr", "test", "calculate", "filter", "signal", "field", "href", "url"}


def texts(svg: bytes) -> str:
    root = ET.fromstring(svg)  # noqa: S314 - it comes from our own renderer
    return " ".join(text for text in root.itertext() if text.strip())


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value of a specification; data rows are inert, so they are left out."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in {"data", "usermeta"}:
                yield key, part
                yield from walk(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from walk(part)


@pytest.mark.parametrize("kind", KINDS)
def test_the_svg_has_title_unit_and_source(kind: str) -> None:
    words = texts(draw(compiled(kind).spec, format="svg"))
    unit, source = UNITS.get(kind, "°C"), "Source: MET Norway (CC BY 4.0) · DataStream Pro"
    for word in ("Warm years", unit, "Bergen", source):
        assert word in words


@pytest.mark.parametrize("kind", KINDS)
def test_the_png_has_its_size_and_ink_in_the_title_strip(kind: str) -> None:
    png = draw(compiled(kind).spec, width=800, height=400, scale=1.5)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (1200, 600)
        assert image.mode == "RGB"
        strip = np.asarray(image.convert("L"))[25:60]
    # Text of a missing font leaves no pixel and raises nothing.
    assert (strip < 90).sum() > 300


@pytest.mark.parametrize("kind", KINDS)
def test_in_55_hostile_words_are_drawn_and_run_nothing(kind: str) -> None:
    word = " ".join(HOSTILE)
    facts = Facts(title=word, place=word, source=word, license=word)
    drawing = compiled(kind, facts, variable=word, unit=word, station_name=word, standard_name=word)
    svg = draw(drawing.spec, format="svg")
    assert "<script>alert(1)</script>" in texts(svg)
    assert not re.search(rb"<script|<img|<image|<!|<\?|\shref=|\son\w+=[\"']", svg)


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_people_reach_nothing_that_is_evaluated(kind: str) -> None:
    facts = Facts(*["alert(1)"] * 5)
    found = compiled(
        kind, facts, variable="alert(1)", unit="alert(1)", station="alert(1)", interval="alert(1)"
    )
    evaluated = [(key, value) for key, value in walk(found.spec) if key in EVALUATED]
    assert evaluated
    assert not [pair for pair in evaluated if "alert" in str(pair[1])]
    assert not {key for key, _ in evaluated} & {"href", "url", "signal", "filter"}
    fields = {value for key, value in evaluated if key == "field"}
    assert fields <= {"t", "v", "lo", "hi", "k"}


@pytest.mark.parametrize("kind", KINDS)
def test_control_characters_and_half_characters_do_not_end_the_renderer(kind: str) -> None:
    word = "a\0b\x01c\x1b[0m\ud800\udfff\ufffe\u2028 d\te\nf"
    facts = Facts(title=word, place=word, source=word, license=word)
    found = compiled(kind, facts, variable=word, unit=word, station_name=word, standard_name=word)
    words = texts(draw(found.spec, format="svg"))
    assert "a b c [0m d e f" in words


@pytest.mark.parametrize("kind", KINDS)
def test_long_words_are_cut_and_licence_and_product_stay(kind: str) -> None:
    facts = Facts(title="W" * 500, place="x y " * 99, source="s" * 999, license="CC BY 4.0")
    svg = draw(compiled(kind, facts).spec, format="svg", width=500, height=400)
    assert "(CC BY 4.0) · DataStream Pro" in texts(svg)
    assert b'width="500" height="400"' in svg[:300]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", ["MET Norway", "", "s" * 999])
def test_a_licence_that_nobody_stated_is_said(kind: str, source: str) -> None:
    facts = Facts(source=source)
    words = texts(draw(compiled(kind, facts).spec, format="svg", width=500, height=400))
    told = "(licence not stated) · DataStream Pro"
    assert (f"Source: {source or 'not given'} {told}" if len(source) < 99 else told) in words


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_have_a_true_minus(kind: str) -> None:
    words = texts(draw(compiled(kind).spec, format="svg"))
    assert re.search(r"−\d", words) or kind in UNSIGNED
    assert not re.search(r"(?<![\d-])-\d", words)


@pytest.mark.parametrize("kind", KINDS)
def test_the_specification_is_complete_in_itself(kind: str) -> None:
    spec = compiled(kind).spec
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json"
    assert all("values" in layer["data"] for layer in spec["layer"] if "data" in layer)
    assert spec["config"]["font"].endswith("Liberation Sans, sans-serif")
