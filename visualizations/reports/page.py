"""A report as a page."""

import base64
from collections.abc import Iterator

from django.template.loader import render_to_string

from visualizations import drawing
from visualizations.reports.content import Picture, Report


def page_of(report: Report, *, address: str) -> str:
    """The report as HTML; `address` is that of the analysis in the API."""
    pictures = list(_pictures(report.pictures))
    context = {"report": report, "pictures": pictures, "address": address}
    return render_to_string("visualizations/report.html", context)


def _pictures(pictures: list[Picture]) -> Iterator[dict[str, str]]:
    for one in pictures:
        svg = drawing.draw(one.drawing.spec, format="svg", width=900, height=480)
        text = base64.b64encode(svg).decode()
        yield {
            "source": f"data:image/svg+xml;base64,{text}",
            "alt": one.drawing.alt,
            "caption": one.caption,
        }
