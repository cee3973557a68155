"""Answers of MSC GeoMet in their documented form, and the pages that they become."""

import json
from typing import Any

from connectors.base import Page, Product, Request
from connectors.registry import connectors
from datastream.core.answers import Answer
from tests.connectors.reading import answer, planned

CANADA = connectors["climatedata_ca"]
CODE = "1018611"


def ask(product: str, start: str, end: str, **parameters: Any) -> tuple[Product, list[Request]]:
    """The requests for days up to and with `end`."""
    found = CANADA.product(product)
    return found, planned(found, {"stations": [CODE], "start": start, "end": end, **parameters})


def answer_of(body: Any, content_type: str = "application/geo+json") -> Answer:
    return answer(body if isinstance(body, bytes) else json.dumps(body), content_type)


def collection(*rows: dict[str, Any], matched: int | None = None, **more: Any) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-123.3247, 48.4133]},
            "properties": {"CLIMATE_IDENTIFIER": CODE, "STATION_NAME": "VICTORIA", **row},
        }
        for row in rows
    ]
    count = len(features) if matched is None else matched
    counts = {"numberMatched": count, "numberReturned": len(features)}
    return {"type": "FeatureCollection", "features": features, **counts, **more}


def day(number: int, **properties: Any) -> dict[str, Any]:
    return {"LOCAL_DATE": f"2024-07-{number:02d} 00:00:00", "MEAN_TEMPERATURE": 16.6, **properties}


def read(*rows: dict[str, Any], **more: Any) -> Page:
    """July 2024 of the daily values."""
    product, (request,) = ask("climate-daily", "2024-07-01", "2024-07-31")
    return product.parse(request, answer_of(collection(*rows, **more)))


def values(page: Page, variable: str) -> list[Any]:
    listed: list[Any] = page.table[variable].to_pylist()
    return listed


def metadata(page: Page) -> list[Any]:
    return [text and json.loads(text) for text in page.table["metadata"].to_pylist()]
