"""Changes read back in the plainest way, and replayed."""

from collections.abc import Iterable
from typing import Any

import orjson

from datasets.models import Dataset
from datasets.selectors import changes as selector
from tests.datasets.reading import view

State = dict[str, dict[str, Any]]


def changes(dataset: Dataset, since: int = 0, limit: int = 1000, **more: Any) -> list[Any]:
    """All changes after a revision, fetched `limit` at a time."""
    seen = view(dataset)
    numbers = dict(dataset.stations.values_list("code", "pk"))
    more["stations"] = tuple(numbers[code] for code in more.pop("stations", ()))
    asked = selector.Changes(since, more.pop("until", seen.dataset.revision), **more)
    found: list[Any] = []
    after = None
    while True:
        page = selector.page(seen, asked, limit=limit, after=after)
        results = orjson.loads(f"[{','.join(page.pieces)}]")
        assert len(results) <= limit
        found += results
        if page.last is None:
            return found
        after = page.last


def short(found: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Revision, change, station, day, value."""
    return [
        (one["revision"], one["change"], one["station"], one["timestamp"][:10], one["value"])
        for one in found
    ]


def state(points: Iterable[dict[str, Any]]) -> State:
    return {one["id"]: dict(one) for one in points}


def replayed(before: State, found: Iterable[dict[str, Any]]) -> State:
    """A state after changes; each must fit what is there."""
    now = dict(before)
    for one in found:
        assert (one["id"] in now) == (one["change"] != "inserted"), one
        if one["change"] == "deleted":
            assert one["value"] is None
            del now[one["id"]]
        else:
            names = ("id", "timestamp", "station", "value", "metadata")
            now[one["id"]] = {name: one[name] for name in names}
    return now
