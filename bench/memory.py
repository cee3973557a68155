"""Memory of the web processes while a large dataset is read page by page."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from bench.report import Line, median, seconds
from bench.server import Web
from datasets.models import Dataset

LIMIT = 50_000
MARK_MB = 200.0
EVERY_S = 0.02
TIMES = 4


class Peak:
    """The most that was resident in all processes together, asked for every few milliseconds."""

    def __init__(self, processes: list[int]) -> None:
        self.processes = processes
        self.highest = resident_mb(processes)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.highest = max(self.highest, resident_mb(self.processes))

    def end(self) -> float:
        self._ended.set()
        self._thread.join()
        return self.highest


def resident_mb(processes: list[int]) -> float:
    total = 0
    for process in processes:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        total += int(found[1]) if found else 0
    return total / 1024


def measure(web: Web, dataset: Dataset, points: int) -> Iterator[Line]:
    """Growth while all points are read several times; what grows only at first is no leak."""
    processes = web.workers()
    if not processes:
        return
    subject = f"Memory of {len(processes)} web processes, {points:,} points read {TIMES} times"
    before = resident_mb(processes)
    peak = Peak(processes)
    spent, after = [], []
    for _ in range(TIMES):
        spent.append(seconds(lambda: read_all(web, dataset, points)))
        after.append(resident_mb(processes))
    growth = peak.end() - before
    yield Line(subject, "before", before, "MB")
    yield Line(subject, "after the first reading", after[0], "MB")
    yield Line(subject, "after the last reading", after[-1], "MB")
    yield Line(subject, "at most", before + growth, "MB")
    share = growth / MARK_MB
    yield Line(subject, f"growth, as a part of {MARK_MB:g} MB", growth, "MB", share, most=1.0)
    yield Line(subject, "read", points / median(spent), "points/s")


def read_all(web: Web, dataset: Dataset, points: int) -> None:
    client = web.client()
    path: str | None = f"/api/v1/datasets/{dataset.pk}/data?limit={LIMIT}"
    seen = 0
    with tqdm(disable=None, total=points, desc="Reading", leave=False) as bar:
        while path:
            page = json.loads(client.get(path))
            seen += len(page["results"])
            bar.update(len(page["results"]))
            path = page["next"] and page["next"][page["next"].index("/api/") :]
    if seen != points:
        raise RuntimeError(f"{seen} points were read and {points} are stored.")
