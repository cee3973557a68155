"""What a run asks for: the parts of its span of which the ledger knows nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connectors import ledger
from connectors.base import ALWAYS, Place, Product, Request, Window

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests of a run, and what they need at least."""

    product: Product
    requests: tuple[Request, ...]

    @property
    def places(self) -> int:
        return len({request.place for request in self.requests})

    @property
    def seconds(self) -> float:
        """At the provider's rate, whose answers take time as well."""
        quota, asked = self.product.quota, len(self.requests)
        at_rate = asked / quota.per_second
        if quota.per_day is None:
            return at_rate
        at_once, later = shares_of_day(quota.per_day)
        return max(at_rate, (asked - at_once) / later * DAY_S)

    @property
    def window(self) -> Window | None:
        """From the first day asked for to the last."""
        if not self.requests:
            return None
        windows = [request.window for request in self.requests]
        return Window(min(one.start for one in windows), max(one.end for one in windows))


def shares_of_day(per_day: int) -> tuple[int, int]:
    """How many of a day's requests may go at once, and how many then come back in a day.

    Both together, so that in no 24 hours there are more, whenever the provider's day begins.
    """
    at_once = max(per_day // 2, 1)
    return at_once, max(per_day - at_once, 1)


def span(product: Product, parameters: Mapping[str, Any], today: date) -> Window | None:
    """The days that settled parameters ask for; None where there are none yet.

    Without an end it is yesterday; what is observed has no days that are yet to come.
    """
    if not product.is_dated:
        return ALWAYS
    start = date.fromisoformat(parameters["start"])
    end = today
    if "end" in parameters:
        asked = date.fromisoformat(parameters["end"]) + timedelta(days=1)
        end = asked if product.reaches_future else min(asked, today)
    return Window(start, end) if start < end else None


def look_back(window: Window, days: int, last_run: date | None) -> Window | None:
    """The part of a span whose values may have been revised since the last run.

    It begins so many days before that run, however long ago it was: what was new then may have
    been revised a day later.
    """
    if window == ALWAYS:
        return ALWAYS
    if days == 0:
        return None
    known_until = min(window.end, last_run or window.end)
    before = max((known_until - window.start).days, 0)
    return Window(window.start + timedelta(days=max(before - days, 0)), window.end)


def plan(
    product: Product,
    parameters: Mapping[str, Any],
    window: Window | None,
    known: Mapping[Place, list[ledger.Span]],
) -> Plan:
    """The requests for what is not known of a window, place by place.

    What was asked for in vain comes last: it may end the run again, and the others are not to wait.
    """
    if window is None:
        return Plan(product, ())
    requests = (
        request
        for place in product.places(parameters)
        for gap in ledger.gaps(known.get(place, []), window)
        for request in product.requests(parameters, place, gap)
    )

    def has_failed(request: Request) -> bool:
        return ledger.has_failed(known.get(request.place, []), request.window)

    return Plan(product, tuple(sorted(requests, key=has_failed)))
