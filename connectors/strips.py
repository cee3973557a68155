"""The coverage of a feed as a picture: a strip a station, along the years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from connectors.base import Window
from connectors.ledger import DUE, EMPTY, FAILED, FETCHED, Span

LABEL_WIDTH, STRIP_WIDTH, ROW_HEIGHT, BAR_HEIGHT, AXIS_HEIGHT = 150, 640, 20, 12, 22
WIDTH = LABEL_WIDTH + STRIP_WIDTH + 10
MOST_ROWS = 100
LONGEST_LABEL = 20
# Beyond this many years only every second, fifth, tenth … has its number.
MOST_YEARS = 12
STEPS = (1, 2, 5, 10, 20, 50, 100)
MEANINGS = {
    FETCHED: "fetched",
    EMPTY: "asked, and the provider has nothing",
    FAILED: "asked in vain",
    DUE: "to be asked again",
    "never": "never asked",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """Days along the width of a strip."""

    window: Window

    def x(self, day: date) -> float:
        share = (day - self.window.start).days / self.window.days
        return round(LABEL_WIDTH + STRIP_WIDTH * share, 2)


def draw(strips: Mapping[str, Sequence[Span]], window: Window) -> str:
    """SVG without styles or scripts of its own; classes `coverage-<state>` colour it."""
    shown = dict(list(strips.items())[:MOST_ROWS])
    scale = Scale(window)
    height = ROW_HEIGHT * len(shown) + AXIS_HEIGHT
    rows = [
        _strip(label, spans, scale, n * ROW_HEIGHT)
        for n, (label, spans) in enumerate(shown.items())
    ]
    title = f"Coverage by station, {window.start} to {window.last_day}"
    return (
        f'<svg class="coverage" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        f"{''.join(rows)}{_axis(scale, height - AXIS_HEIGHT)}</svg>"
    )


def left_out(strips: Mapping[str, Sequence[Span]]) -> str:
    """Say so where there are more strips than are drawn."""
    if len(strips) <= MOST_ROWS:
        return ""
    return f"<p>The first {MOST_ROWS} of {len(strips):,}; the list of coverage has all.</p>"


def legend() -> str:
    """What the colours of the strips mean, as a list."""
    entries = [
        f'<li><svg class="coverage" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        f'<rect class="coverage-{state}" width="12" height="12"/></svg> {meaning}</li>'
        for state, meaning in MEANINGS.items()
    ]
    return f'<ul class="coverage-legend">{"".join(entries)}</ul>'


def _strip(label: str, spans: Sequence[Span], scale: Scale, top: int) -> str:
    y = top + (ROW_HEIGHT - BAR_HEIGHT) / 2
    shown = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    bars = [_bar("never", scale.window, scale, y, MEANINGS["never"])]
    for span in spans:
        start = max(span.window.start, scale.window.start)
        end = min(span.window.end, scale.window.end)
        if start < end:
            part = Window(start, end)
            bars.append(_bar(span.state, part, scale, y, span.reason or MEANINGS[span.state]))
    return (
        f'<text x="{LABEL_WIDTH - 8}" y="{y + BAR_HEIGHT - 2}" text-anchor="end">'
        f"{escape(shown)}<title>{escape(label)}</title></text>{''.join(bars)}"
    )


def _bar(state: str, window: Window, scale: Scale, y: float, words: str) -> str:
    x = scale.x(window.start)
    # A day among decades would be too thin to be seen.
    width = max(scale.x(window.end) - x, 1.0)
    told = f"{window.start} to {window.last_day}: {words}"
    return (
        f'<rect class="coverage-{state}" x="{x}" y="{y}" width="{width:.2f}" '
        f'height="{BAR_HEIGHT}"><title>{escape(told)}</title></rect>'
    )


def _axis(scale: Scale, top: int) -> str:
    years = range(scale.window.start.year, scale.window.last_day.year + 1)
    step = next((one for one in STEPS if len(years) / one <= MOST_YEARS), STEPS[-1])
    first = scale.window.start
    ticks = [date(year, 1, 1) for year in years if year % step == 0]
    shown = [day for day in ticks if day >= first] or [first]
    return "".join(
        f'<line class="coverage-tick" x1="{scale.x(day)}" x2="{scale.x(day)}" y1="{top}" '
        f'y2="{top + 4}"/><text x="{scale.x(day)}" y="{top + 17}" text-anchor="middle">'
        f"{day.year}</text>"
        for day in shown
    )
