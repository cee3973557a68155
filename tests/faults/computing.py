"""F-02 for what computes: its process is killed, and the worker that waits for it stays."""

import random
import time
from contextlib import suppress
from datetime import date, timedelta
from functools import partial

from tests.faults.rows import Report
from tests.faults.scenes import ended
from tests.faults.site import PATIENCE_S, Site, children, kill
from tests.faults.writers import Caller
from tests.running import PROCESSES, eventually

CENTURY = 36_525
MODULE = b"analyses.compute_process"


def f_02_computing(site: Site, kills: int) -> Report:
    """The process that computes an analysis of seconds is killed in the middle of it."""
    report = Report("F-02 computing", kills)
    caller = Caller(site)
    dataset, attempts = century(site, caller), []
    for seed in range(kills):
        identity = started(site, caller, dataset, seed)
        # Before that its process may only be waiting for it, as one always does.
        assert eventually(partial(is_under_way, site, identity), PATIENCE_S, every_s=0.02)
        time.sleep(random.uniform(0.0, 1.0))
        moment = time.monotonic()
        kill(computing(site))
        status, attempt = ended(site, identity)
        report.recoveries_s.append(time.monotonic() - moment)
        report.findings.stuck += status != "succeeded"
        attempts.append(attempt)
    report.acked_rows = CENTURY
    report.notes["fewest_attempts"] = min(attempts)
    return report


def is_under_way(site: Site, analysis: str) -> bool:
    """Whether the process that computes it has told how far it is."""
    statement = "SELECT 1 FROM analyses WHERE id = %s AND status = 'running' AND progress > 0"
    return bool(site.ask(statement, analysis))


def century(site: Site, caller: Caller) -> str:
    """A dataset with a hundred years of days."""
    made = caller.ask("POST", f"{site.server.api}/datasets", json={"name": "A century"})
    dataset = str(made.json()["id"])
    first, rng = date(1901, 1, 1), random.Random(7)
    lines = [f"{first + timedelta(days=day)},{rng.gauss(20, 5):.2f}" for day in range(CENTURY)]
    body = "\n".join(["timestamp,T", *lines]).encode()
    url = f"{site.server.api}/datasets/{dataset}/data"
    answer = caller.ask("POST", url, data=body, headers={"Content-Type": "text/csv"}, timeout=120)
    assert answer.status_code == 200, answer.text
    return dataset


def started(site: Site, caller: Caller, dataset: str, seed: int) -> str:
    """The id of an analysis that takes a while, and that nobody asked for before."""
    parameters = {"variable": "T", "resamples": 5000, "seed": seed}
    url = f"{site.server.api}/datasets/{dataset}/analysis"
    answer = caller.ask("POST", url, json={"type": "extremes", "parameters": parameters})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def computing(site: Site) -> list[int]:
    """The processes that compute, children of the workers."""
    workers = site.processes(b"celery")
    found = {one for worker in workers for one in children(worker)}
    return [one for one in found if MODULE in command(one)]


def command(process: int) -> bytes:
    with suppress(OSError):
        return (PROCESSES / str(process) / "cmdline").read_bytes()
    return b""
