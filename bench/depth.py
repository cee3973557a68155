"""Page 1 against a page deep inside a large dataset."""

import json
from collections.abc import Iterator

from tqdm import tqdm

from bench.report import Line, median, seconds
from bench.server import Client, Web
from datasets.models import Dataset

ROUNDS = 15
MARK = 1.2


def measure(web: Web, dataset: Dataset, points: int, *, page: int) -> Iterator[Line]:
    """Both pages of 1,000 points in turns."""
    client = web.client()
    first = f"/api/v1/datasets/{dataset.pk}/data?limit=1000"
    deep = first
    for _ in tqdm(range(page - 1), disable=None, desc="Turning pages", leave=False):
        deep = _next(client, deep)
    spent: dict[str, list[float]] = {first: [], deep: []}
    for _ in range(ROUNDS):
        for path, times in spent.items():
            times.append(seconds(lambda path=path: client.get(path)))  # type: ignore[misc]
    shallow, far = (median(times) * 1000 for times in spent.values())
    subject = f"Pages of 1,000 among {points:,} points"
    yield Line(subject, "page 1", shallow, "ms")
    yield Line(subject, f"page {page:,}", far, "ms", far / shallow, most=MARK)


def _next(client: Client, path: str) -> str:
    following = json.loads(client.get(path))["next"]
    return str(following[following.index("/api/") :])
