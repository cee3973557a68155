"""Slow hashing in turns, so that those who sign in hold up nobody who reads."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore, RLock
from typing import TypeVar

from prometheus_client import Gauge

from datastream.core.errors import TooManyRequestsError

T = TypeVar("T")

# Two hashes would else have both cores of a small machine to themselves.
NICENESS = 10
# One check takes 50 ms; whoever would wait longer for others' is told to come back.
PATIENCE_S = 5.0
WAITING_MOST = 16
RUNNING = Gauge(
    "password_checks_running",
    "Passwords that a process is hashing.",
    multiprocess_mode="liveall",
)


class Turns:
    """One thread at a time, which may take its turn again within it; some others wait."""

    def __init__(self, *, patience_s: float, waiting_most: int) -> None:
        self.patience_s = patience_s
        self._lock = RLock()
        self._waiting = BoundedSemaphore(waiting_most)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for it; TooManyRequestsError where too many wait already, or after a while."""
        if not self._taken():
            message = "Too many are signing in at this moment; try again shortly."
            raise TooManyRequestsError(message, retry_after_s=self.patience_s)
        try:
            yield
        finally:
            self._lock.release()

    def _taken(self) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._lock.acquire(timeout=self.patience_s)
        finally:
            self._waiting.release()


# Those of this process.
hashing = Turns(patience_s=PATIENCE_S, waiting_most=WAITING_MOST)


def hashed(work: Callable[[], T]) -> T:
    """The result of the one slow hash of this process, in a thread that gives way to others."""
    with hashing.turn():
        RUNNING.inc()
        try:
            return _hasher(os.getpid()).submit(work).result()
        finally:
            RUNNING.dec()


@cache
def _hasher(process: int) -> ThreadPoolExecutor:
    """By process, since no thread outlives a fork."""
    return ThreadPoolExecutor(1, f"hashing-{process}", initializer=_give_way)


def _give_way() -> None:
    # On Linux alone a thread has a priority of its own.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
