"""Computing in processes of its own: limits on time and memory, progress, and a way to stop."""

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from django.conf import settings

from analyses.packing import Request, pack
from datastream.core.children import Child
from datastream.core.errors import PlatformError

MODULE = "analyses.compute_process"
# One thread each: two analyses at once on two cores gain nothing by more.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MEGABYTE = 2**20
# Told how far it is, from 0 to 1; raises where nobody wants the result any more.
Watch = Callable[[float], None]


def unheard(_progress: float) -> None:
    """Nobody is told, and nobody stops it."""


class NotWantedError(Exception):
    """It was cancelled, or another worker has it."""


class ComputingFailedError(PlatformError):
    """The computation failed."""

    def __init__(self, code: str, message: str, *, trace: str = "") -> None:
        super().__init__(message)
        self.code, self.trace = code, trace


def _seconds() -> float:
    return float(settings.ANALYSIS_MAX_S)


def _memory_bytes() -> int:
    return int(settings.ANALYSIS_MAX_MB) * MEGABYTE


@dataclass(frozen=True)
class Limits:
    """What one analysis may take, and what a process that waits for the next may keep."""

    seconds: float = field(default_factory=_seconds)
    memory_bytes: int = field(default_factory=_memory_bytes)  # resident
    result_bytes: int = 64 * MEGABYTE
    kept_bytes: int = 600 * MEGABYTE
    kept: int = 2


class Pool:
    """Computing processes; one that has served waits for the next, warm."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    @property
    def limits(self) -> Limits:
        """Those of the settings where it has none of its own."""
        return self._limits or Limits()

    def prepare(self) -> None:
        """Have a process that starts and loads libraries before the first computation."""
        self._give_back(Child(MODULE, environment=ONE_THREAD))

    def deadline(self) -> float:
        """When an analysis that begins now has taken too long, on the monotonic clock."""
        return time.monotonic() + self.limits.seconds

    def compute(
        self, request: Request, *, watch: Watch = unheard, until: float | None = None
    ) -> bytes:
        """What the process answers to a request, as JSON.

        `until` is the deadline of an analysis that computes more than once.

        Raises
        ------
        ComputingFailedError
            It failed, took too long or too much memory; `message` says so in one sentence.
        ChildEndedError
            The process was killed; another may have more luck.
        NotWantedError
            From `watch`; the computation is ended.
        """
        child = self._borrow()
        try:
            body = self._result(child, pack(request), watch, until or self.deadline())
        except BaseException:
            # It may still be at it, and half an answer may be in the pipe.
            child.end()
            raise
        self._give_back(child)
        return body

    def _result(self, child: Child, request: bytes, watch: Watch, ends_at: float) -> bytes:
        progress = 0.0

        def check() -> None:
            self._check_limits(child, ends_at)
            watch(progress)

        child.send(request, check)
        while True:
            kind, body = child.receive(check)
            check()
            if kind == b"p":
                progress = float(body)
            elif kind == b"0":
                return self._checked(body)
            else:
                raise ComputingFailedError(**orjson.loads(body))

    def _check_limits(self, child: Child, ends_at: float) -> None:
        if time.monotonic() > ends_at:
            seconds = self.limits.seconds
            limit = f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} s"
            raise ComputingFailedError(
                "TIME_LIMIT",
                f"It took longer than {limit}; choose a shorter period or fewer series.",
            )
        if child.resident() > self.limits.memory_bytes:
            limit = f"{self.limits.memory_bytes / 2**30:g} GiB"
            raise ComputingFailedError(
                "MEMORY_LIMIT",
                f"It took more than {limit} of memory; choose a shorter period or fewer series.",
            )

    def _checked(self, body: bytes) -> bytes:
        if len(body) > self.limits.result_bytes:
            limit = f"{self.limits.result_bytes // MEGABYTE} MiB"
            raise ComputingFailedError(
                "RESULT_LIMIT", f"The result is larger than {limit}; choose a shorter period."
            )
        return body

    def _borrow(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_running:
                    return child
                child.end()
        return Child(MODULE, environment=ONE_THREAD)

    def _give_back(self, child: Child) -> None:
        with self._lock:
            is_kept = len(self._idle) < self.limits.kept
            if is_kept and child.resident() <= self.limits.kept_bytes:
                self._idle.append(child)
                return
        child.end()

    def end(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().end()


pool = Pool()
atexit.register(pool.end)
