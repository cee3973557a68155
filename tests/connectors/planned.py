"""What a product asks for, without a feed and a ledger."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from connectors import planning
from connectors.base import Product, Request


def planned(product: Product, parameters: Mapping[str, Any]) -> tuple[Request, ...]:
    """All requests that a first run makes."""
    settled = product.check(parameters)
    window = planning.span(product, settled, date(2026, 7, 1))
    return planning.plan(product, settled, window, {}).requests
