"""Who fails again and again is left alone for a while."""

import threading
import time
from collections.abc import Callable


class Circuit:
    """Open after so many failures in a row; after a pause one may try whether it answers again."""

    def __init__(
        self,
        *,
        failures: int = 5,
        pause_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures, self.pause_s, self._clock = failures, pause_s, clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opened_at = 0.0

    def closed_in_s(self) -> float:
        """The seconds until somebody may try; 0 for whoever may do so now.

        Past the pause only the first that asks may: the others wait for what it finds.
        """
        with self._lock:
            if self._in_a_row < self.failures:
                return 0.0
            left_s = self._opened_at + self.pause_s - self._clock()
            if left_s <= 0:
                self._opened_at = self._clock()
            return max(left_s, 0.0)

    def note(self, *, is_answered: bool) -> None:
        with self._lock:
            self._in_a_row = 0 if is_answered else self._in_a_row + 1
            if self._in_a_row == self.failures:
                self._opened_at = self._clock()
