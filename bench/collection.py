"""A back-fill of half a century from a provider over loopback, beside dlt with the same rows."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings

from bench import database
from bench.collection_provider import HOST
from bench.environments import install
from bench.report import Line

HERE = Path(__file__).parent
DLT = HERE / "dlt_stack"
PYTHON = settings.BASE_DIR / "build" / "dlt-stack" / "bin" / "python"
# 1.8 million points, which dlt takes minutes for; fewer where it has to be quick.
STATIONS, QUICK = 100, 20
REQUESTS_A_STATION = 5
PATIENCE_S = 30.0
DLT_PATIENCE_S = 3600.0
MARK = 3.0
MEMORY_MARK_MIB = 150.0
SUBJECT = "Back-fill of 50 years of daily values"


def measure(*, quick: bool) -> Iterator[Line]:
    """Ours, then the same rows by dlt."""
    stations = QUICK if quick else STATIONS
    with provider() as address:
        # Libraries are loaded at first use: what one station takes says how much they are.
        one = collect(address, 1)
        database.empty_points()
        before = calls(address)
        ours = collect(address, stations)
        asked = calls(address) - before
    yield from _ours(ours, stations, asked)
    yield from _memory(one, ours)
    if install("dlt", PYTHON, requirements=DLT / "requirements.txt"):
        database.empty_points()
        yield from _beside(ours, load(stations))


def _ours(figures: dict[str, float], stations: int, asked: int) -> Iterator[Line]:
    what = f"{stations} stations, {figures['rows']:,.0f} points"
    yield Line(SUBJECT, what, figures["rows"] / figures["seconds"], "rows/s")
    total = sum(figures[kind] for kind in ("waiting", "parsing", "storing"))
    for kind in ("waiting", "parsing", "storing"):
        yield Line(SUBJECT, f"share of {kind}", 100 * figures[kind] / total, "%")
    least = stations * REQUESTS_A_STATION
    yield Line(SUBJECT, f"requests, of {least} at least", asked, "", asked / least, most=1.0)


def _memory(one: dict[str, float], ours: dict[str, float]) -> Iterator[Line]:
    start, least, most = (
        figure / 2**20 for figure in (one["memory_before"], one["memory"], ours["memory"])
    )
    yield Line(SUBJECT, "memory of the process before it runs", start, "MiB")
    yield Line(SUBJECT, "and when one station is done", least, "MiB")
    what = f"what the others add, as a part of {MEMORY_MARK_MIB:g} MiB"
    more = most - least
    yield Line(SUBJECT, what, more, "MiB", more / MEMORY_MARK_MIB, most=1.0)


def _beside(ours: dict[str, float], theirs: dict[str, float]) -> Iterator[Line]:
    if ours["rows"] != theirs["rows"]:
        raise RuntimeError(f"Other rows: {ours['rows']} and {theirs['rows']}.")
    fast, slow = (one["rows"] / one["seconds"] for one in (ours, theirs))
    what = f"{ours['rows']:,.0f} points"
    yield Line(SUBJECT, f"dlt, merge, the same {what}", slow, "rows/s")
    what = f"ours, {what} with fetching, checks and history"
    yield Line(SUBJECT, what, fast, "rows/s", fast / slow, least=MARK)


@contextmanager
def provider() -> Iterator[str]:
    """Start the provider; end it whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.collection_provider", folder]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR)
        try:
            yield f"http://{HOST}:{_port(Path(folder) / 'port', process)}/"
        finally:
            process.terminate()
            process.wait()


def _port(file: Path, process: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if file.exists():
            return int(file.read_text())
        time.sleep(0.05)
    raise RuntimeError("The provider did not start.")


def calls(address: str) -> int:
    with urllib.request.urlopen(f"{address}calls", timeout=10) as answer:  # noqa: S310 - ours
        return int(answer.read())


def collect(address: str, stations: int) -> dict[str, float]:
    """Our back-fill."""
    more = {"NOAA_BASE_URL": address, "OUTBOUND_NETWORKS": f"{HOST}/32"}
    return _figures([sys.executable, "-m", "bench.collection_run", str(stations)], more)


def load(stations: int) -> dict[str, float]:
    """The same rows by dlt, into a schema of its own."""
    owner = settings.DATABASES[settings.OWNER]
    # It wants a password, needed or not; a host of the query stands before `localhost`.
    user = f"{owner['USER']}:{quote(owner.get('PASSWORD') or 'none', safe='')}"
    where = f"localhost:{owner.get('PORT') or 5432}/{owner['NAME']}"
    with tempfile.TemporaryDirectory() as folder:
        host = _without_spaces(owner["HOST"] or "localhost", Path(folder))
        more = {
            "DLT_STACK_DATABASE": f"postgresql://{user}@{where}?host={quote(host, safe='')}",
            "DLT_DATA_DIR": folder,
            "HOME": folder,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "PYTHONPATH": str(HERE),
        }
        found = _figures([str(PYTHON), str(DLT / "load.py"), str(stations)], more)
    database.as_owner("DROP SCHEMA IF EXISTS dlt_bench, dlt_bench_staging CASCADE")
    return found


def _without_spaces(host: str, folder: Path) -> str:
    """The same; for the folder of a socket a link to it, since dlt makes "+" of its spaces."""
    if not host.startswith("/"):
        return host
    link = folder / "socket"
    link.symlink_to(host)
    return str(link)


def _figures(command: list[str], more: dict[str, str]) -> dict[str, float]:
    """What a program says of itself in its last line."""
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        timeout=DLT_PATIENCE_S,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
