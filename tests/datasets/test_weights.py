"""What reads of points weigh against the limit on reads."""

from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from datasets.views import weights
from datasets.views.reading import KINDS


def weight(method: str = "get", accept: str = "*/*", **query: Any) -> float:
    made = getattr(RequestFactory(), method)("/", query, headers={"Accept": accept})
    return weights.of(Request(made), KINDS)


@pytest.mark.parametrize(
    ("query", "weighs"),
    [
        ({}, 1.1),
        ({"limit": 1}, 1.0001),
        ({"limit": 50_000}, 6),
        ({"limit": "9" * 8}, 6),
        ({"resolution": "month", "limit": 10_000}, 11),
        ({"format": "csv"}, 41),
        ({"format": "parquet", "resolution": "month"}, 50),
        ({"accept": "application/x-ndjson"}, 41),
        ({"method": "head", "format": "csv"}, 1),
    ],
)
def test_a_read_weighs_by_what_it_makes(query: dict[str, Any], weighs: float) -> None:
    assert weight(**query) == pytest.approx(weighs)


@pytest.mark.parametrize("limit", ["-1", "1.5", "NaN", "٣", "9" * 30, ""])
def test_what_will_be_refused_weighs_as_the_usual(limit: str) -> None:
    assert weight(limit=limit) == pytest.approx(1.1)
    assert weight(format="png", limit=limit) == 1
