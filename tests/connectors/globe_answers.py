"""Answers of GLOBE as its notes have them, and how they are read."""

import json
from datetime import date
from typing import Any

import orjson

import connectors.providers.globe
from connectors.base import Page, Product, Request
from connectors.registry import connectors as registry
from tests.connectors.fakes.globe import SITES, record
from tests.connectors.reading import answer, planned

assert connectors.providers.globe.__doc__
GLOBE = registry["globe"]
AIR = GLOBE.product("air_temps")
MAY = {"country": "KEN", "start": "2025-05-01", "end": "2025-05-31"}
DAY = date(2025, 5, 14)
HERE = SITES[0]


def one(protocol: str = "air_temps", day: date = DAY, outer: Any = (), **fields: Any) -> Any:
    """A record of Kenya; `fields` are of its data, without their prefix."""
    made = record(protocol, HERE, day, fields)
    return {**made, **dict(outer)}


def content(*records: Any, count: int | None = None, **more: Any) -> bytes:
    number = len(records) if count is None else count
    return orjson.dumps({"count": number, "message": "success", "results": records, **more})


def request_of(product: Product = AIR, **parameters: Any) -> Request:
    (request,) = planned(product, {**MAY, **parameters})
    return request


def read(*records: Any, product: str = "air_temps") -> Page:
    chosen = GLOBE.product(product)
    return chosen.parse(request_of(chosen), answer(content(*records)))


def column(page: Page, name: str) -> list[Any]:
    found: list[Any] = page.table[name].to_pylist()
    return found


def metadata(page: Page) -> list[Any]:
    return [json.loads(text) for text in column(page, "metadata")]


def temperatures(*values: Any) -> list[Any]:
    return [one(day=date(2025, 5, n), CurrentTemp=v) for n, v in enumerate(values, 1)]


# What is asked
