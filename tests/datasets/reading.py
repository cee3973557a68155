"""What is stored, read back in the plainest way."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from datasets import access
from datasets.models import Dataset
from datasets.selectors import points
from datasets.selectors.points import Selection

Point = Mapping[str, Any]
EVERYTHING = 1_000_000


def view(dataset: Dataset) -> access.View:
    return access.full_view(Dataset.objects.get(pk=dataset.pk))


def read(dataset: Dataset, revision: int | None = None) -> list[dict[str, Any]]:
    """All points in their order, as they stood at a revision."""
    seen = view(dataset)
    selection = Selection(seen.dataset.revision if revision is None else revision)
    return list(orjson.loads(points.page(seen, selection, limit=EVERYTHING).results))


def values(dataset: Dataset, revision: int | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """(station, timestamp) → value."""
    return {(p["station"], p["timestamp"]): p["value"] for p in read(dataset, revision)}


def value(dataset: Dataset) -> dict[str, Any]:
    """The value of the only point."""
    (point,) = read(dataset)
    return dict(point["value"])


def metadata(dataset: Dataset) -> dict[str, Any]:
    """The metadata of the only point."""
    (point,) = read(dataset)
    return dict(point["metadata"])


def point(value: Mapping[str, Any], timestamp: str = "2001-01-01", **more: Any) -> dict[str, Any]:
    return {"timestamp": timestamp, "value": dict(value), **more}


def counts(outcome: Any, *names: str) -> tuple[int, ...]:
    """`counts(outcome, "inserted", "updated")`; the rest must be 0 and all must add up."""
    found = outcome.counts()
    assert found["received"] == sum(found.values()) - found["received"]
    rest = {name for name in found if found[name]} - {*names, "received"}
    assert not rest, found
    return tuple(found[name] for name in names)


def keys(points: Iterable[Point]) -> list[tuple[str, str]]:
    return [(p["station"], p["timestamp"]) for p in points]
