"""One back-fill by the platform, in a process of its own: `STATIONS`; figures as JSON."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
django.setup()

from bench import samples  # noqa: E402
from bench.collection_rows import FIRST, LAST, codes  # noqa: E402
from bench.report import peak_bytes  # noqa: E402
from connectors.registry import connectors  # noqa: E402
from connectors.services import feeds, recording, runs  # noqa: E402
from datastream.core.http import Client  # noqa: E402

spent: dict[str, float] = {"waiting": 0.0, "parsing": 0.0, "storing": 0.0}


def clocked(owner: Any, name: str, kind: str) -> None:
    """Count the seconds in a function; those of threads beside each other add up."""
    original: Callable[..., Any] = getattr(owner, name)

    def counting(*args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(*args, **options)
        finally:
            spent[kind] += time.perf_counter() - start

    setattr(owner, name, counting)


def main(stations: int) -> None:
    product = connectors["noaa"].product()
    # As fast as it goes: the provider's rate would be all that is measured.
    type(product).quota = replace(product.quota, per_second=1e6)
    clocked(Client, "ask", "waiting")
    clocked(type(product), "parse", "parsing")
    clocked(recording, "store", "storing")
    span = {"start": FIRST.isoformat(), "end": LAST.isoformat()}
    feed = feeds.create_feed(
        samples.make_dataset(),
        connector="noaa",
        name=f"bench {stations} {time.time()}",
        product="daily-summaries",
        parameters={**span, "stations": codes(stations), "variables": ["TMAX", "TMIN", "PRCP"]},
    )
    before = peak_bytes()
    start = time.perf_counter()
    run = runs.execute_run(runs.start_run(feed).pk)
    seconds = time.perf_counter() - start
    if run is None or run.status != "succeeded":
        raise RuntimeError(f"The run ended as {run and run.status}: {run and run.error}")
    memory = {"memory_before": before, "memory": peak_bytes()}
    figures = {"rows": run.inserted, "seconds": seconds, **memory, **spent}
    sys.stdout.write(json.dumps(figures) + "\n")


main(int(sys.argv[1]))
