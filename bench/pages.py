"""Pages of points over HTTP against the SQL statement's own time."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg2
from django.db import connection
from tqdm import tqdm

from bench.report import Line, median, seconds
from bench.server import Client, Web
from datasets.access import full_view
from datasets.models import Dataset
from datasets.selectors import points
from datasets.selectors.points import Selection

REPEATS = 9
WARM_UP = 2
LARGE = 36_500
MARK = 1.3


def measure(web: Web, dataset: Dataset, *, label: str) -> Iterator[Line]:
    """Figures of pages of the dataset, at its newest revision."""
    client = web.client()
    dataset.refresh_from_db()
    subject = f"JSON pages, {label}"
    for limit in (1000, LARGE):
        path = f"/api/v1/datasets/{dataset.pk}/data?limit={limit}"
        own, http, packed = _interleaved(
            own_statement(dataset, limit),
            lambda path=path: client.get(path),  # type: ignore[misc]
            lambda path=path: client.get(path, encoding="gzip"),  # type: ignore[misc]
        )
        yield Line(subject, f"{limit:,} points: the statement itself", own * 1000, "ms")
        most = MARK if limit == LARGE else None
        yield Line(subject, f"{limit:,} points over HTTP", http * 1000, "ms", http / own, most=most)
        yield Line(subject, f"{limit:,} points over HTTP, gzip", packed * 1000, "ms", packed / own)
    yield _alone(
        client, subject, "1,000 points over HTTP, near the end", _near_end(client, dataset)
    )
    if dataset.revision > 1:
        path = f"/api/v1/datasets/{dataset.pk}/data?limit=1000&revision=1"
        yield _alone(client, subject, "1,000 points over HTTP, at revision 1", path)


def _interleaved(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each, measured in turns once warm."""
    spent: list[list[float]] = [[] for _ in works]
    for turn in tqdm(range(WARM_UP + REPEATS), disable=None, desc="Pages", leave=False):
        for times, work in zip(spent, works, strict=True):
            once = seconds(work)
            if turn >= WARM_UP:
                times.append(once)
    return [median(times) for times in spent]


def own_statement(dataset: Dataset, limit: int) -> Callable[[], object]:
    """Runs the first page's statement through the driver alone."""
    statement, values = _statement(dataset, limit)
    with connection.cursor() as django:
        raw: psycopg2.extensions.cursor = django.connection.cursor()

    def run() -> object:
        raw.execute(statement, values)
        return raw.fetchall()

    return run


def _statement(dataset: Dataset, limit: int) -> tuple[str, Mapping[str, Any]]:
    seen: list[tuple[str, Mapping[str, Any]]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        seen.append((sql, params))
        return execute(sql, params, many, context)

    view = full_view(dataset)
    with connection.execute_wrapper(note):
        points.page(view, Selection(dataset.revision), limit=limit)
    return next(one for one in seen if "string_agg" in one[0])


def _alone(client: Client, subject: str, what: str, path: str) -> Line:
    (spent,) = _interleaved(lambda: client.get(path))
    return Line(subject, what, spent * 1000, "ms")


def _near_end(client: Client, dataset: Dataset) -> str:
    """The second page, backwards."""
    path = f"/api/v1/datasets/{dataset.pk}/data?limit=1000&order=desc"
    following = json.loads(client.get(path))["next"]
    return str(following[following.index("/api/") :])
