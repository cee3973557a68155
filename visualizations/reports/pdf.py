"""A report as PDF: the same text, numbers and pictures as the page."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualizations import drawing
from visualizations.reports.content import Pairs, Picture, Report, Section
from visualizations.reports.tables import Table

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).resolve().parent.parent / "fonts"
FONT = "DejaVu Sans"
MARGIN_MM = 18.0
TEXT, MUTED, LINES = (27, 39, 51), (82, 96, 109), (200, 206, 212)
SIZE = {"width": 900, "height": 480}
# Points.
TITLE, HEADING, BODY, SMALL = 17, 12, 9.5, 8
# The least room for a heading: the heads of a wide table and a row or two, or another heading too.
NEXT_MM = {HEADING: 50.0, BODY: 38.0}


def pdf_of(report: Report) -> bytes:
    """The report on pages of A4."""
    pdf = _document(report)
    _title(pdf, report)
    if report.words:
        _heading(pdf, "In words")
    for sentence in report.words:
        _text(pdf, sentence)
    _pairs(pdf, "Data", report.facts)
    for one in report.pictures:
        _picture(pdf, one)
    for line in report.undrawn:
        _text(pdf, line, SMALL)
    _heading(pdf, "Results")
    for section in report.sections:
        _section(pdf, section)
    if report.left_out_sections:
        _text(pdf, f"{report.left_out_sections} more series are in the results.", SMALL)
    _pairs(pdf, "Parameters", report.parameters)
    _heading(pdf, "Missing data")
    _text(pdf, report.missing)
    _heading(pdf, "References")
    for line in report.references:
        _text(pdf, line, SMALL)
    _pairs(pdf, "How it was made", report.provenance)
    return bytes(pdf.output())


def _document(report: Report) -> "FPDF":
    from fpdf import FPDF

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-MARGIN_MM + 4)
            self.set_font(FONT, size=SMALL)
            self.set_text_color(*MUTED)
            self.cell(0, 5, f"DataStream Pro · page {self.page_no()}", align="R")

    pdf = Document(format="A4")
    pdf.set_margins(MARGIN_MM, MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
    pdf.add_font(FONT, fname=FONTS / "DejaVuSans.ttf")
    pdf.add_font(FONT, style="B", fname=FONTS / "DejaVuSans-Bold.ttf")
    pdf.set_title(report.title)
    pdf.set_lang("en")
    if report.created_at is not None:
        pdf.set_creation_date(report.created_at)
    pdf.add_page()
    return pdf


def _title(pdf: "FPDF", report: Report) -> None:
    pdf.set_font(FONT, style="B", size=TITLE)
    pdf.set_text_color(*TEXT)
    pdf.multi_cell(0, TITLE * 0.5, report.title, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.ln(2)
    _text(pdf, report.description)


def _heading(pdf: "FPDF", text: str, size: float = HEADING) -> None:
    pdf.ln(4)
    # A heading at the foot of a page would stand apart from what it names.
    if pdf.will_page_break(NEXT_MM[size]):
        pdf.add_page()
    pdf.set_font(FONT, style="B", size=size)
    pdf.set_text_color(*TEXT)
    pdf.multi_cell(0, size * 0.6, text, new_x="LMARGIN", new_y="NEXT", align="L")


def _text(pdf: "FPDF", text: str, size: float = BODY) -> None:
    pdf.set_font(FONT, size=size)
    pdf.set_text_color(*TEXT)
    pdf.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")


def _pairs(pdf: "FPDF", title: str, pairs: Pairs) -> None:
    if pairs:
        _heading(pdf, title)
        _rows(pdf, None, pairs, widths=(1, 3))


def _section(pdf: "FPDF", section: Section) -> None:
    if section.title:
        _heading(pdf, section.title)
    for table in section.tables:
        _table(pdf, table)
    for note in section.notes:
        _text(pdf, note, SMALL)


def _table(pdf: "FPDF", table: Table) -> None:
    _heading(pdf, table.title, BODY)
    first = 2 if len(table.columns) < 4 else 1
    _rows(pdf, table.columns, table.rows, widths=(first, *[1] * (len(table.columns) - 1)))
    if table.left_out:
        _text(pdf, f"{table.left_out:,} more rows are in the results.", SMALL)


def _rows(
    pdf: "FPDF",
    columns: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    *,
    widths: tuple[float, ...],
) -> None:
    pdf.set_font(FONT, size=SMALL)
    pdf.set_text_color(*TEXT)
    pdf.set_draw_color(*LINES)
    pdf.set_line_width(0.1)
    options: dict[str, Any] = {"col_widths": widths, "text_align": "LEFT", "line_height": 4.5}
    options |= {"borders_layout": "HORIZONTAL_LINES", "first_row_as_headings": columns is not None}
    options |= {"v_align": "TOP", "padding": 0.4}
    with pdf.table(**options) as told:
        for cells in ([columns] if columns else []) + list(rows):
            told.row(cells)


def _picture(pdf: "FPDF", one: Picture) -> None:
    png = drawing.draw(one.drawing.spec, format="png", **SIZE, scale=2.0)
    pdf.ln(3)
    pdf.image(io.BytesIO(png), w=pdf.epw, alt_text=one.drawing.alt)
    _text(pdf, one.caption, SMALL)
    pdf.ln(2)
