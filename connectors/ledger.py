"""Interval arithmetic of the coverage ledger: what is known of a place's time, and what is not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.base import Window

FETCHED, EMPTY, FAILED, DUE = "fetched", "empty", "failed", "due"
STATES = (FETCHED, EMPTY, FAILED, DUE)
KNOWN = frozenset({FETCHED, EMPTY})


@dataclass(frozen=True, slots=True)
class Span:
    """A window of a place and what is known of it."""

    window: Window
    state: str
    reason: str = ""
    checked_at: datetime | None = None


def put(spans: Iterable[Span], new: Span) -> list[Span]:
    """The spans in order with a new one in the place of what it overlaps.

    Neighbours that say the same become one, checked when the later of them was.
    """
    rest = [part for span in spans for part in _outside(span, new.window)]
    joined: list[Span] = []
    for span in sorted([*rest, new], key=lambda one: one.window):
        if joined and _is_continued(joined[-1], span):
            joined[-1] = _together(joined[-1], span)
        else:
            joined.append(span)
    return joined


def gaps(spans: Iterable[Span], wanted: Window) -> list[Window]:
    """The parts of a window of which nothing is known: never asked, failed or due again."""
    left = [wanted]
    for span in spans:
        if span.state in KNOWN:
            left = [part for window in left for part in _without(window, span.window)]
    return left


def has_failed(spans: Iterable[Span], window: Window) -> bool:
    """Whether any part of a window was asked for in vain."""
    return any(
        span.state == FAILED and span.window.start < window.end and window.start < span.window.end
        for span in spans
    )


def _outside(span: Span, window: Window) -> Iterator[Span]:
    for part in _without(span.window, window):
        yield replace(span, window=part)


def _without(window: Window, other: Window) -> Iterator[Window]:
    """What is left of a window when another is taken out of it."""
    if window.start < min(window.end, other.start):
        yield Window(window.start, min(window.end, other.start))
    if max(window.start, other.end) < window.end:
        yield Window(max(window.start, other.end), window.end)


def _is_continued(one: Span, other: Span) -> bool:
    touches = one.window.end == other.window.start
    return touches and (one.state, one.reason) == (other.state, other.reason)


def _together(one: Span, other: Span) -> Span:
    times = [span.checked_at for span in (one, other) if span.checked_at is not None]
    return replace(
        one,
        window=Window(one.window.start, other.window.end),
        checked_at=max(times, default=None),
    )
