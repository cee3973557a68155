"""What a run asks for: the parts of its span of which the ledger knows nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connectors import ledger
from connectors.base import ALWAYS, Place, Product, Request, Window


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
        return len(self.requests) / self.product.quota.per_second

    @property
    def window(self) -> Window | None:
        """From the first day asked for to the last."""
        if not self.requests:
            return None
        windows = [request.window for request in self.requests]
        return Window(min(one.start for one in windows), max(one.end for one in windows))


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


def look_back(window: Window, days: int) -> Window | None:
    """The last so many days of a span, whose values may have been revised since."""
    if window == ALWAYS:
        return ALWAYS
    start = max(window.start, window.end - timedelta(days=days))
    return Window(start, window.end) if start < window.end else None


def plan(
    product: Product,
    parameters: Mapping[str, Any],
    window: Window | None,
    known: Mapping[Place, list[ledger.Span]],
) -> Plan:
    """The requests for what is not known of a window, place by place."""
    if window is None:
        return Plan(product, ())
    return Plan(
        product,
        tuple(
            request
            for place in product.places(parameters)
            for gap in ledger.gaps(known.get(place, []), window)
            for request in product.requests(parameters, place, gap)
        ),
    )
