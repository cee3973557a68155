"""Reading an answer as a run would: the planned request, and a body for it."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors import planning
from connectors.base import Page, Product, Request
from datastream.core.answers import Answer

TODAY = date(2026, 7, 1)
SAMPLES = Path(__file__).parents[3] / "shared" / "providers" / "samples"


def planned(product: Product, parameters: Mapping[str, Any]) -> list[Request]:
    """What is asked on `TODAY`, when nothing is known yet."""
    settled = product.check(parameters)
    window = planning.span(product, settled, TODAY)
    return list(planning.plan(product, settled, window, {}).requests)


def answer(body: str | bytes, content_type: str = "text/plain", **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    told = {"content-type": content_type, **headers}
    return Answer("", 200, told, raw, datetime(2026, 1, 1, tzinfo=UTC))


def said(page: Page) -> list[Any]:
    """The metadata of each row."""
    return [text and json.loads(text) for text in page.table["metadata"].to_pylist()]
