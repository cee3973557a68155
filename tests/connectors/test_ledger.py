"""The ledger's arithmetic, held against a model that knows each day for itself."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors import ledger
from connectors.base import Window
from connectors.ledger import DUE, EMPTY, FAILED, FETCHED, Span

FIRST, DAYS = date(2001, 2, 20), 30
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, DAYS - 1))
    return Window(day(start), day(draw(st.integers(start + 1, DAYS))))


SPANS = st.builds(
    Span,
    windows(),
    st.sampled_from([FETCHED, EMPTY, FAILED, DUE]),
    st.sampled_from(["", "outage"]),
    st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours)),
)


def days_of(window: Window) -> list[date]:
    return [window.start + timedelta(days=n) for n in range(window.days)]


def model_of(spans: list[Span]) -> dict[date, tuple[str, str]]:
    """State and reason of each day, the latest word on it."""
    return {one: (span.state, span.reason) for span in spans for one in days_of(span.window)}


def put_all(spans: list[Span]) -> list[Span]:
    known: list[Span] = []
    for span in spans:
        known = ledger.put(known, span)
    return known


@given(st.lists(SPANS, max_size=12))
def test_each_day_says_what_was_last_said_of_it(spans: list[Span]) -> None:
    known = put_all(spans)
    assert model_of(known) == model_of(spans)


@given(st.lists(SPANS, max_size=12))
def test_spans_are_in_order_apart_and_as_few_as_can_be(spans: list[Span]) -> None:
    for one, other in pairwise(put_all(spans)):
        assert one.window.end <= other.window.start
        touches = one.window.end == other.window.start
        assert not (touches and (one.state, one.reason) == (other.state, other.reason))


@given(st.lists(SPANS, max_size=12), windows())
def test_gaps_are_the_days_of_which_nothing_is_known(spans: list[Span], wanted: Window) -> None:
    states = model_of(spans)
    unknown = [
        one for one in days_of(wanted) if states.get(one, ("", ""))[0] not in {FETCHED, EMPTY}
    ]
    gaps = ledger.gaps(put_all(spans), wanted)
    assert [one for gap in gaps for one in days_of(gap)] == unknown
    # The least windows for these days: no two of them touch.
    assert all(one.end < other.start for one, other in pairwise(gaps))


@given(st.lists(SPANS, max_size=12), windows())
def test_a_window_that_was_fetched_has_no_gap(spans: list[Span], window: Window) -> None:
    known = ledger.put(put_all(spans), Span(window, FETCHED))
    assert ledger.gaps(known, window) == []


def test_joined_spans_were_checked_when_the_later_one_was() -> None:
    later = NOON + timedelta(hours=1)
    known = put_all(
        [
            Span(Window(day(0), day(3)), FETCHED, checked_at=later),
            Span(Window(day(3), day(5)), FETCHED, checked_at=NOON),
        ]
    )
    assert known == [Span(Window(day(0), day(5)), FETCHED, checked_at=later)]


def test_what_is_cut_out_of_a_span_leaves_its_rest_as_it_was() -> None:
    whole = Span(Window(day(0), day(9)), EMPTY, "nothing", NOON)
    middle = Span(Window(day(4), day(5)), DUE)
    left, _, right = ledger.put([whole], middle)
    assert (left.window, right.window) == (Window(day(0), day(4)), Window(day(5), day(9)))
    assert left.state == right.state == EMPTY
    assert left.checked_at == right.checked_at == NOON
