"""Twenty kills a row: print the figures, keep them in build/faults.json; 1 where one is not 0."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests import redis
from tests.faults import scenes
from tests.faults.computing import f_02_computing
from tests.faults.conftest import NOBODY
from tests.faults.disk import small_disk
from tests.faults.ledger import Findings
from tests.faults.rows import Report, drive
from tests.faults.site import Site

FILE = Path(__file__).resolve().parents[2] / "build" / "faults.json"
Scene = Callable[[Site, int], Report]
SCENES: dict[str, Scene] = {
    "f-01": scenes.f_01,
    "f-02": scenes.f_02,
    "f-02-analysis": scenes.f_02_analysis,
    "f-02-computing": f_02_computing,
    "f-03": scenes.f_03,
    "f-03-range": scenes.f_03_replacement,
    "f-04": scenes.f_04,
    "f-07": scenes.f_07,
    "f-17": scenes.f_17,
}
# Ten is what the row asks for, since each takes a whole start; a disk in memory is soon full of
# what the database keeps for the case that it is killed.
MOST = {"f-07": 10, "f-08": 3}
COLUMNS = ("kills", "acked", "feed", "lost", "doubled", "torn", "phantom", "stuck", "twice")


class SkippedError(Exception):
    """This machine lacks what a row needs."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    every = [*SCENES, *APART]
    parser.add_argument("--only", nargs="*", choices=every, default=every)
    asked = parser.parse_args()
    reports: list[Report] = []
    for report in run(asked.only, asked.kills):
        reports.append(report)
        # A row takes minutes: what there is, is kept.
        write(reports, FILE)
    say(f"\nWritten to {FILE}.")
    total = Findings()
    for report in reports:
        total += report.findings
    return 0 if total.is_clean and len(reports) == len(asked.only) else 1


def run(wanted: list[str], kills: int) -> Iterator[Report]:
    head("", *COLUMNS, "median s", "worst s")
    times = {name: min(kills, MOST.get(name, kills)) for name in wanted}
    together = [name for name in wanted if name in SCENES]
    if together:
        with site() as one:
            for name in together:
                yield from tried(name, partial(SCENES[name], one, times[name]))
    for name in wanted:
        if name in APART:
            yield from tried(name, partial(APART[name], times[name]))


def f_05(kills: int) -> Report:
    """The cache is killed, and started again by nobody but us."""
    if redis.program() is None:
        raise SkippedError("no Redis or Valkey server is installed")
    with redis.running() as cache, site(REDIS_URL=cache.url) as one:

        def kill_cache() -> None:
            cache.kill()
            cache.start()

        return drive(one, "F-05 cache", kill_cache, kills)


def f_06(looks: int) -> Report:
    """The document store is out of reach; `make test-mongodb` kills a real one."""
    with site(MONGODB_URL=NOBODY) as one:
        return scenes.f_06(one, looks)


def f_08(times: int) -> Report:
    """The disk is full, again and again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        if not stack.enter_context(small_disk(folder / "var")):
            raise SkippedError("a small disk can only be made by root")
        return scenes.f_08(stack.enter_context(Site(folder)), times)


# Each with an installation of its own.
APART: dict[str, Callable[[int], Report]] = {"f-05": f_05, "f-06": f_06, "f-08": f_08}


def tried(name: str, scene: Callable[[], Report]) -> Iterator[Report]:
    """Drive a row and print it; one that breaks off is told and the next goes on."""
    try:
        report = scene()
    except SkippedError as reason:
        say(f"{name:<28}skipped: {reason}")
        yield Report(name, notes={"skipped": str(reason)})
        return
    except Exception:  # noqa: BLE001 - whatever it was, the other rows are worth their run
        say(f"{name} broke off:\n{traceback.format_exc()}")
        return
    found = report.findings
    figures = (found.lost, found.doubled, found.torn, found.phantom, found.stuck, found.told_twice)
    times = (f"{report.median_s:.1f}", f"{report.worst_s:.1f}")
    head(report.name, report.kills, report.acked_rows, report.feed_rows, *figures, *times)
    yield report


@contextmanager
def site(**settings: str) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        with Site(folder, **settings) as one:
            yield one
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(reports: list[Report], file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    body = {"processors": os.cpu_count(), "rows": [report.body() for report in reports]}
    file.write_text(json.dumps(body, indent=1, default=str) + "\n")


def head(name: str, *words: Any) -> None:
    say(f"{name:<28}" + "".join(f"{word:>9}" for word in words))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
