"""A picture as a page that other sites show in a frame: whole in one answer, no scripts."""

import base64

from django.template.loader import render_to_string

from visualizations import drawing
from visualizations.charts.theme import DARK, GROUND
from visualizations.models import Visualization
from visualizations.registry import Drawing

# Of a frame on a phone, where the words of a wide picture would be too small to read.
NARROW_PX = 600
WIDE, NARROW = {"width": 1200, "height": 600}, {"width": 480, "height": 480}


def page_of(picture: Visualization, compiled: Drawing) -> bytes:
    """The picture as HTML in the width of its frame; it leads to the values beside it."""
    context = {
        "alt": compiled.alt,
        "title": picture.title,
        "ground": GROUND if picture.options.get("theme") == DARK else "#fff",
        "wide": _source(compiled, WIDE),
        "narrow": _source(compiled, NARROW),
        "narrow_px": NARROW_PX,
    }
    return render_to_string("visualizations/embed.html", context).encode()


def _source(compiled: Drawing, size: dict[str, int]) -> str:
    svg = drawing.draw(compiled.spec, format="svg", **size)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
