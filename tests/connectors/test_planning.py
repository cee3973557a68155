"""What a run asks for: the span, the look-back, and the gaps of each place."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import ledger, planning
from connectors.base import ALWAYS, Host, Page, Place, Product, Quota, Request, Window
from connectors.columns import empty_table
from datastream.core.answers import Answer

TODAY = date(2026, 3, 10)
STATIONS = ("A", "B", "C")


class Yearly(Product):
    """One request for each calendar year of a station."""

    name, title = "yearly", "Yearly"
    host = Host("", "http://127.0.0.1:9/")
    parameters = {}
    quota = Quota(per_second=2.0)
    time_rule = "As it comes."

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        return [Request("", {}, place, part) for part in window.by_year()]

    def parse(self, request: Request, answer: Answer) -> Page:
        return Page(empty_table())


class Undated(Yearly):
    is_dated = False


class Projections(Yearly):
    reaches_future = True


class Counted(Yearly):
    quota = Quota(per_second=2.0, per_day=1000)


DATES = st.dates(date(1990, 1, 1), date(2030, 12, 31))


def days_of(windows: list[Window]) -> list[date]:
    return [w.start + timedelta(days=n) for w in windows for n in range(w.days)]


def test_without_an_end_the_span_ends_with_yesterday() -> None:
    window = planning.span(Yearly(), {"start": "2026-01-01"}, TODAY)
    assert window is not None
    assert window.last_day == date(2026, 3, 9)


def test_an_end_is_a_day_of_the_span() -> None:
    parameters = {"start": "2025-12-31", "end": "2025-12-31"}
    window = planning.span(Yearly(), parameters, TODAY)
    assert window == Window(date(2025, 12, 31), date(2026, 1, 1))


@pytest.mark.parametrize("start", ["2026-03-10", "2027-01-01"])
def test_what_is_observed_has_no_days_that_are_yet_to_come(start: str) -> None:
    parameters = {"start": start, "end": "2030-12-31"}
    assert planning.span(Yearly(), parameters, TODAY) is None
    assert planning.plan(Yearly(), parameters, None, {}).requests == ()


def test_projections_reach_into_the_future() -> None:
    parameters = {"start": "2027-01-01", "end": "2100-12-31"}
    window = planning.span(Projections(), parameters, TODAY)
    assert window == Window(date(2027, 1, 1), date(2101, 1, 1))


def test_what_has_no_dates_is_asked_for_again_by_each_run() -> None:
    assert planning.span(Undated(), {}, TODAY) == ALWAYS
    assert planning.look_back(ALWAYS, 0, None) == ALWAYS


@given(st.tuples(DATES, DATES).map(sorted), st.integers(0, 2**31 - 1))
def test_the_look_back_is_the_last_days_of_the_span(pair: list[date], days: int) -> None:
    window = Window(pair[0], pair[1] + timedelta(days=1))
    again = planning.look_back(window, days, None)
    last = days_of([window])[-days:] if days else []
    assert (days_of([again]) if again else []) == last


@given(st.tuples(DATES, DATES).map(sorted), st.integers(1, 2**31 - 1), DATES)
def test_the_look_back_begins_before_the_last_run_however_long_ago_it_was(
    pair: list[date], days: int, last_run: date
) -> None:
    window = Window(pair[0], pair[1] + timedelta(days=1))
    again = planning.look_back(window, days, last_run)
    wanted = days_of([window])
    since = min(last_run, window.end).toordinal() - days
    assert (days_of([again]) if again else []) == [
        day for day in wanted if day.toordinal() >= since
    ]


def test_what_was_asked_for_in_vain_comes_last() -> None:
    window = Window(date(2001, 1, 1), date(2004, 1, 1))
    failed = ledger.Span(Window(date(2001, 6, 1), date(2001, 6, 2)), ledger.FAILED)
    due = ledger.Span(Window(date(2002, 6, 1), date(2002, 6, 2)), ledger.DUE)
    known = {Place("A"): [failed, due], Place("B"): []}
    plan = planning.plan(Yearly(), {"stations": ["A", "B"]}, window, known)
    asked = [(one.station, one.window.start.year) for one in plan.requests]
    assert asked == [
        ("A", 2002), ("A", 2003), ("B", 2001), ("B", 2002), ("B", 2003), ("A", 2001),
    ]  # fmt: skip


@given(st.tuples(DATES, DATES).map(sorted), st.lists(st.tuples(DATES, DATES).map(sorted)))
def test_a_plan_asks_for_each_unknown_day_of_each_place_once(
    pair: list[date], known: list[list[date]]
) -> None:
    window = Window(pair[0], pair[1] + timedelta(days=1))
    spans: list[ledger.Span] = []
    for start, end in known:
        fetched = ledger.Span(Window(start, end + timedelta(days=1)), ledger.FETCHED)
        spans = ledger.put(spans, fetched)
    plan = planning.plan(Yearly(), {"stations": STATIONS}, window, {Place("B"): spans})
    for station in STATIONS:
        asked = days_of([one.window for one in plan.requests if one.station == station])
        fetched_days = set(days_of([span.window for span in spans])) if station == "B" else set()
        assert asked == [day for day in days_of([window]) if day not in fetched_days]


def test_a_plan_says_how_many_places_which_days_and_how_long() -> None:
    window = Window(date(2020, 6, 1), date(2022, 2, 1))
    plan = planning.plan(Yearly(), {"stations": STATIONS}, window, {})
    assert (len(plan.requests), plan.places, plan.window) == (9, 3, window)
    assert plan.seconds == 4.5
    assert planning.plan(Yearly(), {"stations": ()}, window, {}).window is None


def test_a_plan_beyond_a_days_quota_takes_days() -> None:
    window = Window(date(2000, 1, 1), date(2001, 1, 1))
    stations = [f"S{n}" for n in range(1500)]
    plan = planning.plan(Counted(), {"stations": stations}, window, {})
    # 500 at once, and 500 a day: never more than 1000 in any 24 hours.
    assert plan.seconds == 2 * 86_400
