"""All subjects one after the other."""

from dataclasses import dataclass

from django.conf import settings
from tqdm import tqdm

from bench import database, machine, memory, merge, pages, report, samples, server, startup
from bench.report import Line
from datasets.models import Dataset


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of points: of a merge, of what is stored beside it, of the largest dataset."""

    merged: int
    beside: int
    largest: int


FULL = Size(merged=500_000, beside=2_000_000, largest=1_000_000)
QUICK = Size(merged=100_000, beside=200_000, largest=200_000)


def bench(*, quick: bool) -> int:
    """Measure, print and keep; the exit code is 1 where a mark is missed."""
    with database.own_database():
        about, lines = everything(quick=quick)
    report.print_table(about, lines)
    file = settings.VAR / "bench.json"
    report.write_json(file, about, lines)
    print(f"\nWritten to {file}.")
    return 0 if all(line.is_reached for line in lines) else 1


def everything(*, quick: bool) -> tuple[dict[str, str], list[Line]]:
    size = QUICK if quick else FULL
    samples.make_user()
    lines = [*startup.measure()]
    lines += merge.measure(size.merged, state="empty table", fill=database.empty_points)
    database.empty_points()
    largest = _fill(size)
    stored = size.beside + size.largest
    if not quick:
        state = f"beside {stored / 1e6:g} million"
        lines += merge.measure(size.merged, state=state, fill=lambda: None)
    with server.running() as web:
        lines += pages.measure(web, largest, label=f"of {size.largest:,}")
        lines += memory.measure(web, largest, size.largest)
        lines += merge.measure_scattered(largest, samples.table(size.largest))
        _rewrite(largest, size)
        lines += pages.measure(web, largest, label=f"{size.largest:,} in history")
    return machine.describe(), lines


def _fill(size: Size) -> Dataset:
    """Store points beside those that are measured; the dataset to be read."""
    part = size.merged
    for _ in tqdm(range(size.beside // part), desc="Filling"):
        samples.write(samples.make_dataset(), samples.table(part))
    largest = samples.make_dataset()
    samples.write(largest, samples.table(size.largest))
    return largest


def _rewrite(dataset: Dataset, size: Size) -> None:
    """Change every value once, so that all that was stored lies in history."""
    for _ in tqdm(range(1), desc="Changing every point"):
        samples.write(dataset, samples.table(size.largest, seed=2))
