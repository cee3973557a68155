"""The picture of what a feed covers: where its bars lie, and what it says."""

import re
from datetime import date, timedelta
from html import unescape

import pytest

from connectors import strips
from connectors.base import Window
from connectors.ledger import Span

# 64 days on 640 units, which begin at 150: a day is 10 wide.
WHOLE = Window(date(2001, 1, 1), date(2001, 3, 6))


def bars(drawn: str) -> list[tuple[str, float, float, float]]:
    """State, x, y and width of each bar."""
    found = re.findall(
        r'<rect class="coverage-(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', drawn
    )
    return [(state, float(x), float(y), float(width)) for state, x, y, width in found]


def span(first: int, last: int, state: str, reason: str = "") -> Span:
    """From one day of the window to another, counted from 0, the last one out."""
    days = (WHOLE.start + timedelta(days=first), WHOLE.start + timedelta(days=last))
    return Span(Window(*days), state, reason)


def years_of(drawn: str) -> list[int]:
    return [int(year) for year in re.findall(r'text-anchor="middle">(\d+)<', drawn)]


def test_a_span_lies_where_its_days_do() -> None:
    drawn = strips.draw({"A": [span(10, 20, "fetched"), span(60, 64, "failed")]}, WHOLE)
    assert bars(drawn) == [
        ("never", 150, 4, 640),
        ("fetched", 250, 4, 100),
        ("failed", 750, 4, 40),
    ]


def test_each_station_has_a_row_of_its_own() -> None:
    drawn = strips.draw({"A": [], "B": [span(0, 64, "empty")]}, WHOLE)
    assert bars(drawn) == [("never", 150, 4, 640), ("never", 150, 24, 640), ("empty", 150, 24, 640)]


def test_what_is_outside_is_cut_off() -> None:
    drawn = strips.draw({"A": [span(-10, 10, "due"), span(70, 80, "fetched")]}, WHOLE)
    assert bars(drawn)[1:] == [("due", 150, 4, 100)]


def test_a_day_among_decades_can_still_be_seen() -> None:
    decades = Window(date(1900, 1, 1), date(2000, 1, 1))
    one = Span(Window(date(1950, 1, 1), date(1950, 1, 2)), "failed")
    assert bars(strips.draw({"A": [one]}, decades))[1][3] == 1


def test_words_are_escaped_and_told_in_full() -> None:
    name = "<b>A & B</b> is a long name"
    drawn = strips.draw({name: [span(0, 1, "failed", '"<script>"')]}, WHOLE)
    assert "<b>" not in drawn
    assert "<script>" not in drawn
    assert f">{name[:19]}…<title>{name}</title>" in unescape(drawn)
    assert '2001-01-01 to 2001-01-01: "<script>"' in unescape(drawn)


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        (2000, 2003, [2000, 2001, 2002, 2003]),
        (1998, 2015, [1998, 2000, 2002, 2004, 2006, 2008, 2010, 2012, 2014]),
        (1901, 2000, [1910, 1920, 1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000]),
    ],
)
def test_the_axis_names_as_many_years_as_there_is_room_for(
    first: int, last: int, years: list[int]
) -> None:
    window = Window(date(first, 1, 1), date(last + 1, 1, 1))
    assert years_of(strips.draw({"A": []}, window)) == years


def test_a_window_without_a_new_year_names_its_own() -> None:
    assert years_of(strips.draw({"A": []}, Window(date(2001, 3, 1), date(2001, 9, 1)))) == [2001]


def test_more_than_a_hundred_are_not_drawn_and_told_of() -> None:
    many = {f"station {n:03}": [span(0, 1, "fetched")] for n in range(101)}
    drawn = strips.draw(many, WHOLE)
    assert "station 099" in drawn
    assert "station 100" not in drawn
    assert "The first 100 of 101" in strips.left_out(many)
    assert strips.left_out({"A": []}) == ""


def test_it_has_neither_styles_nor_scripts_and_a_title() -> None:
    drawn = strips.draw({"A": [span(0, 1, "due")]}, WHOLE) + strips.legend()
    assert "style" not in drawn
    assert "script" not in drawn
    assert "<title>Coverage by station, 2001-01-01 to 2001-03-05</title>" in drawn
    for state in ("fetched", "empty", "failed", "due", "never"):
        assert f"coverage-{state}" in strips.legend()
