"""Computing processes: warm, limited, stopped, killed, and gone with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

import analyses.methods
from analyses.packing import Request
from analyses.processes import (
    MEGABYTE,
    ONE_THREAD,
    ComputingFailedError,
    Limits,
    NotWantedError,
    Pool,
    Watch,
    unheard,
)
from analyses.registry import analyses as registry
from datasets.series import Series
from datastream.core.children import ChildEndedError
from datastream.core.registry import import_folder
from tests.running import eventually

import_folder(analyses.methods)
OWN = {"step": "raw"}


def series(n: int) -> Series:
    days = np.datetime64("1900-01-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    values = np.random.default_rng(6).normal(size=n)
    return Series("TMAX", "degC", "A", days, values, interval="P1D")


@pytest.fixture
def make_pool() -> Iterator[Callable[..., Pool]]:
    made: list[Pool] = []

    def make(**limits: Any) -> Pool:
        made.append(Pool(Limits(**limits) if limits else None))
        return made[-1]

    yield make
    for pool in made:
        pool.end()


def compute(pool: Pool, n: int = 400, own: Mapping[str, Any] = OWN, watch: Watch = unheard) -> Any:
    return orjson.loads(pool.compute(Request("trend", {"variable": series(n)}, own), watch=watch))


def idle(pool: Pool) -> list[int]:
    return [child.popen.pid for child in pool._idle]


def test_results_are_those_of_the_function(make_pool: Callable[..., Pool]) -> None:
    here = registry["trend"].run({"variable": series(400)}, OWN)
    assert compute(make_pool()) == orjson.loads(orjson.dumps(here))


def test_the_next_computation_finds_the_process_warm(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    compute(pool)
    (first,) = idle(pool)
    compute(pool)
    assert idle(pool) == [first]


def test_a_process_that_was_prepared_has_its_libraries_and_is_taken(
    make_pool: Callable[..., Pool],
) -> None:
    pool = make_pool()
    pool.prepare()
    (first,) = idle(pool)
    maps = Path(f"/proc/{first}/maps")
    assert eventually(lambda: "/scipy/stats/" in maps.read_text(), every_s=0.02)
    compute(pool)
    assert idle(pool) == [first]


def test_a_process_that_grew_is_not_kept(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(kept_bytes=1)
    compute(pool)
    assert idle(pool) == []


def test_one_that_died_meanwhile_is_replaced(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    compute(pool)
    (first,) = idle(pool)
    os.kill(first, signal.SIGKILL)
    pool._idle[0].popen.wait()
    compute(pool)
    assert idle(pool) != [first]


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        ({"seconds": 0.0}, "TIME_LIMIT", "choose a shorter period"),
        ({"memory_bytes": 1}, "MEMORY_LIMIT", "choose a shorter period"),
        ({"result_bytes": 10}, "RESULT_LIMIT", "choose a shorter period"),
    ],
)
def test_what_takes_too_much_is_ended_and_says_what_to_do(
    make_pool: Callable[..., Pool], limits: dict[str, Any], code: str, words: str
) -> None:
    pool = make_pool(**limits)
    with pytest.raises(ComputingFailedError, match=words) as error:
        compute(pool)
    assert error.value.code == code
    assert idle(pool) == []


def test_series_of_one_analysis_have_one_deadline(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(seconds=60.0)
    request = Request("trend", {"variable": series(400)}, OWN)
    until = pool.deadline()
    assert pool.compute(request, until=until)
    with pytest.raises(ComputingFailedError, match="longer than 60 s"):
        pool.compute(request, until=until - 60)


def test_an_analysis_may_take_as_long_as_the_settings_say(
    make_pool: Callable[..., Pool], settings: Any
) -> None:
    pool = make_pool()
    request = Request("trend", {"variable": series(400)}, OWN)
    assert settings.ANALYSIS_MAX_S == 600
    # It began so many seconds ago.
    assert pool.compute(request, until=pool.deadline() - 560)
    with pytest.raises(ComputingFailedError, match="longer than 10 minutes"):
        pool.compute(request, until=pool.deadline() - 601)
    settings.ANALYSIS_MAX_S = 660
    assert pool.compute(request, until=pool.deadline() - 601)


def test_an_analysis_may_take_as_much_memory_as_the_settings_say(
    make_pool: Callable[..., Pool], settings: Any
) -> None:
    pool = make_pool()
    assert settings.ANALYSIS_MAX_MB == 2048
    compute(pool)
    (process,) = pool._idle
    taken = process.resident() // MEGABYTE
    settings.ANALYSIS_MAX_MB = taken + 16
    assert compute(pool)
    settings.ANALYSIS_MAX_MB = taken - 1
    with pytest.raises(ComputingFailedError) as error:
        compute(pool)
    assert (error.value.code, idle(pool)) == ("MEMORY_LIMIT", [])


def test_a_computation_that_takes_more_and_more_memory_is_ended_in_time(
    make_pool: Callable[..., Pool],
) -> None:
    limit = 256 * MEGABYTE
    pool = make_pool(memory_bytes=limit)
    compute(pool)
    (process,) = pool._idle
    before = process.resident()
    with pytest.raises(ComputingFailedError, match=r"more than 0\.25 GiB") as error:
        compute(pool, 4_000_000)
    assert (error.value.code, idle(pool)) == ("MEMORY_LIMIT", [])
    assert before < limit
    assert not process.is_running


def test_a_mistake_of_ours_is_one_sentence_and_a_trace(make_pool: Callable[..., Pool]) -> None:
    with pytest.raises(ComputingFailedError, match=r"failed \(TypeError\)") as error:
        compute(make_pool(), own={"confidence": "much"})
    assert error.value.code == "SERVER_ERROR"
    assert "Traceback" in error.value.trace


def test_what_nobody_wants_any_more_is_ended(make_pool: Callable[..., Pool]) -> None:
    def refuse(_progress: float) -> None:
        raise NotWantedError

    pool = make_pool()
    start = time.monotonic()
    with pytest.raises(NotWantedError):
        compute(pool, 400_000, watch=refuse)
    assert time.monotonic() < start + 10
    assert idle(pool) == []


def test_f_02_a_process_that_is_killed_is_heard_of(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    compute(pool)
    (pid,) = idle(pool)

    def kill(_progress: float) -> None:
        os.kill(pid, signal.SIGKILL)

    with pytest.raises(ChildEndedError):
        compute(pool, 400_000, watch=kill)


def test_f_02_it_ends_at_once_when_its_parent_is_killed() -> None:
    """In the middle of a computation as well as between two."""
    program = (
        "import sys\n"
        "from analyses.packing import Request, pack\n"
        "from analyses.processes import Child, MODULE\n"
        "from tests.analyses.test_processes import OWN, series\n"
        "child = Child(MODULE)\n"
        "request = Request('trend', {'variable': series(400_000)}, OWN)\n"
        "child.send(pack(request), lambda: None)\n"
        "print(child.popen.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
        parent.wait()
    ends_at = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < ends_at:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def test_no_secret_of_the_settings_is_in_its_environment(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool()
    compute(pool)
    (pid,) = idle(pool)
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    names = {word.split(b"=")[0].decode() for word in words if word}
    assert names == {"PYTHONPATH", "TZ", *ONE_THREAD}
