"""All subjects one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from tqdm import tqdm

from bench import (
    analyses,
    audit,
    authentication,
    collection,
    database,
    depth,
    downloads,
    machine,
    memory,
    merge,
    pages,
    pictures,
    report,
    samples,
    series,
    server,
    startup,
    summaries,
    trends,
    uploads,
    usual,
    xclim,
)
from bench.report import Line
from bench.server import Web
from datasets.models import Dataset
from datasets.services import rollups


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of points: of a merge, of what is stored beside it, of what is read, of the most."""

    merged: int
    beside: int
    read: int
    most: int
    page: int


FULL = Size(merged=500_000, beside=2_000_000, read=1_000_000, most=10_000_000, page=1_000)
QUICK = Size(merged=100_000, beside=100_000, read=100_000, most=200_000, page=50)


def bench(*, quick: bool) -> int:
    """Measure, print and keep; the exit code is 1 where a mark is missed."""
    with database.own_database():
        lines = list(everything(QUICK if quick else FULL, quick=quick))
        about = machine.describe()
        report.print_table(about, lines)
    file = settings.VAR / "bench.json"
    report.write_json(file, about, lines)
    print(f"\nWritten to {file}.")
    return 0 if all(line.is_reached for line in lines) else 1


def everything(size: Size, *, quick: bool) -> Iterator[Line]:
    samples.make_user()
    # The first write of a process loads libraries.
    samples.write(samples.make_dataset(), samples.table(1000))
    usual.install()
    yield from startup.measure()
    yield from authentication.measure()
    yield from audit.measure()
    yield from merge.measure(size.merged, state="empty table", fill=database.empty_points)
    database.empty_points()
    with server.running() as web:
        uploaded = list(uploads.measure(web, size.read))
        yield from uploaded
        largest = _fill(size)
        yield from reads(web, largest, size)
        yield from summaries.measure(web, size.read)
        yield from usual.measure(web, upload_rate=uploads.rate(uploaded))
        if not quick:
            state = f"beside {size.beside / 1e6:g} million"
            yield from merge.measure(size.merged, state=state, fill=lambda: None)
        yield from deep_reads(web, size)
    database.empty_points()
    yield from collection.measure(quick=quick)
    database.empty_points()
    yield from analysed(size)
    yield from xclim.measure(quick=quick)
    yield from trends.measure()


def reads(web: Web, largest: Dataset, size: Size) -> Iterator[Line]:
    """Pages and downloads of a dataset, then of the same with all it had in history."""
    yield from pages.measure(web, largest, label=f"of {size.read:,}")
    yield from memory.measure(web, largest, size.read)
    yield from downloads.measure(web, largest, size.read)
    yield from merge.measure_scattered(largest, samples.table(size.read))
    for _ in tqdm(range(1), disable=None, desc="Changing every point"):
        samples.write(largest, samples.table(size.read, seed=2))
    history = uploads.bytes_a_value("data_point_history", 3 * size.read)
    yield Line("Size on disk, keys and index included", "a value in history", history, "bytes")
    yield from pages.measure(web, largest, label=f"{size.read:,} in history")


def deep_reads(web: Web, size: Size) -> Iterator[Line]:
    """A dataset that is far larger than what is read of it."""
    database.empty_points()
    most = samples.make_dataset()
    samples.fill(most, size.most, step="1 hour", stations=100)
    stored = uploads.bytes_a_value("data_points", 3 * size.most)
    yield Line("Size on disk, keys and index included", "a value", stored, "bytes")
    yield from depth.measure(web, most, size.most, page=size.page)
    yield from downloads.measure_first_bytes(web, most, size.most)


def analysed(size: Size) -> Iterator[Line]:
    """What computes and draws: reading arrays, pictures, a trend with all that it goes through."""
    days = summaries.filled(summaries.CENTURY, "1 day")
    hours = summaries.filled(size.read, "1 hour")
    rollups.roll_up(hours.pk)
    yield from series.measure(days, hours)
    yield from pictures.measure(hours)
    with server.running() as web:
        yield from analyses.measure(web, days)


def _fill(size: Size) -> Dataset:
    """Store points beside those that are measured; the dataset to be read."""
    part = size.merged
    for _ in tqdm(range(size.beside // part), disable=None, desc="Filling"):
        samples.write(samples.make_dataset(), samples.table(part))
    largest = samples.make_dataset()
    samples.write(largest, samples.table(size.read))
    return largest
