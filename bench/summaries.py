"""Aggregates and windows of charts, from roll-ups and from the points themselves."""

import json
from collections.abc import Iterator

import django.test
from django.db import connection

from bench import samples
from bench.report import Line, median, seconds
from bench.server import Client, Web
from datasets.models import Dataset
from datasets.services import rollups

ROUNDS = 9
CENTURY = 36_500
MARKED_HOURS = 1_000_000
WARM_MARK_MS, COLD_MARK_MS, WINDOW_MARK_MS, WINDOW_MARK_KB = 15.0, 400.0, 150.0, 20.0


def measure(web: Web, hours: int) -> Iterator[Line]:
    client = web.client()
    days = filled(CENTURY, "1 day")
    path = f"/api/v1/datasets/{days.pk}/data?resolution=month&variables=TMAX&limit=5000"
    subject = f"Monthly means of {CENTURY:,} daily values"
    yield _in_server(client, subject, "cold, from the points", path, COLD_MARK_MS)
    rollups.roll_up(days.pk)
    yield _in_server(client, subject, "warm, from roll-ups", path, WARM_MARK_MS)
    client.get(path)
    took = median([seconds(lambda: client.get(path)) for _ in range(ROUNDS)]) * 1000
    yield Line(subject, "warm, over HTTP", took, "ms")
    series = filled(hours, "1 hour")
    took = seconds(lambda: rollups.roll_up(series.pk))
    path = f"/api/v1/datasets/{series.pk}/window?variable=TMAX&px=900"
    subject = f"Window over {hours:,} hourly values"
    yield Line(subject, "making its roll-ups, in the worker", hours / took, "rows/s")
    yield _timed(client, subject, "over HTTP", path, WINDOW_MARK_MS)
    size = len(client.get(path)) / 1000
    what = f"size, part of {WINDOW_MARK_KB:g} kB"
    # How many steps there are, and so the size, depends on the span: the mark is for this one.
    most = 1.0 if hours == MARKED_HOURS else None
    yield Line(subject, what, size, "kB", size / WINDOW_MARK_KB, most=most)
    steps = json.loads(client.get(path))
    yield Line(subject, f"steps ({steps['step']})", len(steps["t"]), "")


def _in_server(client: Client, subject: str, what: str, path: str, mark_ms: float) -> Line:
    """The whole request, sign-in included, without the way there and back."""
    headers = {"Authorization": client.headers["Authorization"], "Host": "localhost"}
    server = django.test.Client(headers=headers)
    server.get(path)
    took = median([seconds(lambda: server.get(path)) for _ in range(ROUNDS)]) * 1000
    what = f"{what}, in the server, part of {mark_ms:g} ms"
    return Line(subject, what, took, "ms", took / mark_ms, most=1.0)


def _timed(client: Client, subject: str, what: str, path: str, mark_ms: float) -> Line:
    client.get(path)
    took = median([seconds(lambda: client.get(path)) for _ in range(ROUNDS)]) * 1000
    return Line(subject, f"{what}, part of {mark_ms:g} ms", took, "ms", took / mark_ms, most=1.0)


def filled(n: int, step: str) -> Dataset:
    """A dataset of one station, filled beside the API for speed."""
    dataset = samples.make_dataset()
    samples.fill(dataset, n, step=step, stations=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE data_points")
    return dataset
