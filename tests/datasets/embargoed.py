"""A dataset under an embargo beside others that never had what it hides, all read alike."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset, Station, Variable
from tests.factories import make_dataset, write

NOW = datetime(2020, 6, 15, 10, 30, tzinfo=UTC)
API = "/api/v1"
# Long past: with it each batch makes a revision, whatever else of it is hidden.
MARKER = "2019-01-01T00:00:00Z"
# What differs from one dataset to the next, whatever is in them.
OWN = frozenset({"id", "dataset", "next", "created", "seconds", "bytes", "created_at"})
STATISTICS = "".join(
    f"&statistic={name}" for name in ("mean", "min", "max", "sum", "count", "median", "p95", "std")
)
Point = dict[str, Any]


def until_of(days: int) -> datetime:
    """Midnight, so many days ago: `NOW` is in the middle of a day."""
    return datetime(2020, 6, 15, tzinfo=UTC) - timedelta(days=days)


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def made(
    owner: User, batches: Iterable[list[Point]], *, before: datetime | None = None, **facts: Any
) -> Dataset:
    """A dataset of batches, without the points from an instant on.

    Stations and variables are there from the beginning: they are no values, and are not hidden.
    """
    facts.setdefault("visibility", "public")
    dataset = make_dataset(owner, name="River", license="CC0", **facts)
    for number, code in enumerate(("A", "B")):
        place = {"latitude": 47.449 + number, "longitude": -122.309 - number}
        Station.objects.create(dataset=dataset, code=code, **place)
    # One interval is declared and one is seen in the values.
    for name, interval in (("TMAX", "P1D"), ("TMIN", "")):
        Variable.objects.create(dataset=dataset, name=name, unit="degC", interval=interval)
    for batch in batches:
        extend(dataset, batch, before=before)
    return dataset


def extend(dataset: Dataset, batch: list[Point], *, before: datetime | None = None) -> None:
    kept = [one for one in batch if before is None or one["timestamp"] < text(before)]
    marker = {"timestamp": MARKER, "station": "A", "value": {"TMAX": dataset.revision}}
    write(dataset, [marker, *kept])
    dataset.refresh_from_db()


def series(first: str, last: str, station: str = "A", **values: float) -> list[Point]:
    """A point a day, `last` in; each value grows by 1 a day."""
    begin, end = (datetime.fromisoformat(one) for one in (first, last))
    return [
        {
            "timestamp": text(begin + timedelta(days=day)),
            "station": station,
            "value": {name: value + day for name, value in values.items()},
        }
        for day in range((end - begin).days + 1)
    ]


def routes(until: datetime | None = None, revision: int = 1) -> list[str]:
    """What can be read of the points of a dataset; with `until` as if all ended there."""
    end = f"&end={text(until)}" if until else ""
    month = "/data?resolution=month"
    return [
        "/data", "/data?order=desc", "/data?layout=columns", f"/data?revision={revision}",
        "/data?variables=TMAX", "/data?station=B", "/data?flags=exclude",
        "/data?start=2020-05-20&end=2020-06-12T12:00:00Z", "/data?bbox=-123,47,-122,48",
        *(f"/data?format={name}" for name in ("ndjson", "csv", "arrow", "parquet", "geojson")),
        f"/data?format=csv&order=desc&revision={revision}", "/data?estimate=1",
        f"/data?estimate=1&revision={revision}", "/data?estimate=1&station=A&start=2020-05-20",
        f"/data?resolution=day{STATISTICS}", f"{month}{STATISTICS}",
        f"{month}&timezone=America/Toronto", f"{month}&min_coverage=0.6", f"{month}&order=desc",
        f"{month}&format=csv", f"{month}&revision={revision}{STATISTICS}", "/data?resolution=year",
        "/data?resolution=auto&points=20", "/data?resolution=week&statistic=max",
        "/window?variable=TMAX&station=A", "/window?variable=TMAX&station=A&step=month&px=300",
        "/window?variable=TMIN&station=B&timezone=America/Toronto",
        f"/completeness?variables=TMAX,TMIN{end}", f"/completeness?timezone=Asia/Tokyo{end}",
        "/changes", f"/changes?since={revision}", "/changes?variables=TMIN&station=B",
        "/changes?format=ndjson", "",
    ]  # fmt: skip


def told(client: APIClient, dataset: Dataset, path: str) -> Any:
    """What a reader is told, but for what is the dataset's own."""
    answer: Any = client.get(f"{API}/datasets/{dataset.pk}{path}")
    assert answer.status_code == 200, (path, answer.content)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer["Content-Type"].split(";")[0]
    found = _plain(kind, body)
    if not path:
        names = ("point_count", "start", "end", "revision", "station_count")
        found = {name: found[name] for name in names}
    return answer.get("Content-Disposition"), found


def paged(client: APIClient, dataset: Dataset, path: str) -> list[Any]:
    """The results of all pages."""
    found, address = [], f"{API}/datasets/{dataset.pk}{path}"
    while address:
        page = client.get(address).json()
        found += _without(page["results"])
        address = page["next"]
    return found


def _plain(kind: str, body: bytes) -> Any:
    if kind in {"application/json", "application/geo+json"}:
        return _without(orjson.loads(body))
    if kind == "application/x-ndjson":
        return [_without(orjson.loads(line)) for line in body.splitlines()]
    if kind == "text/csv":
        return [_without(row) for row in csv.DictReader(io.StringIO(body.decode()))]
    if kind == "application/vnd.apache.arrow.stream":
        table = pa.ipc.open_stream(body).read_all()
    else:
        table = parquet.read_table(io.BytesIO(body))
    about = {name.decode(): said for name, said in table.schema.metadata.items()}
    return _without(about), [_without(row) for row in table.to_pylist()]


def _without(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without(one) for name, one in told.items() if name not in OWN}
    return [_without(one) for one in told] if isinstance(told, list) else told
