"""Something small that is done again and again beside all else that a process does."""

import threading
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger(__name__)

# Who comes more seldom holds no connection meanwhile.
OFTEN_S = 5.0


class Ticking(threading.Thread):
    """Calls a function now and every so many seconds, on a connection of its own, until stopped.

    A failure ends one call and not the thread: the database may be back at the next.
    """

    def __init__(self, work: Callable[[], object], *, name: str, every_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._every_s = work, every_s
        self._stopped = threading.Event()
        self._is_failing = False

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._tick()
                self._stopped.wait(self._every_s)
        finally:
            connection.close()

    def stop(self, patience_s: float = 5.0) -> None:
        self._stopped.set()
        self.join(patience_s)

    def _tick(self) -> None:
        try:
            self._work()
        except (OperationalError, InterfaceError) as error:
            # Once for all the time that the database is away.
            if not self._is_failing:
                log.warning("tick_failed", what=self.name, error=str(error).strip())
            self._is_failing = True
        except Exception:
            if not self._is_failing:
                log.exception("tick_failed", what=self.name)
            self._is_failing = True
        else:
            self._is_failing = False
        finally:
            if self._every_s < OFTEN_S:
                connection.close_if_unusable_or_obsolete()
            else:
                connection.close()
