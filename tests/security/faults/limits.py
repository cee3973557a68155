"""What could be wrong with limits, sign-ins and addresses (K-02, K-03, K-04, K-14)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts import counters, limits, passwords, turns
from accounts.limits import Caller
from accounts.models import User
from datastream.core.api import addresses, middleware
from datastream.core.errors import NotAllowedError
from tests.security.faults import Switch, fault


@fault("k-02", "An unknown name is refused without the slow hash.")
def unknown_is_quick(is_on: Switch) -> None:
    real = passwords._is_right

    def broken(user: User | None, password: str) -> bool:
        return False if user is None and is_on() else real(user, password)

    passwords._is_right = broken


@fault("k-02", "An inactive account says that it is one.")
def inactive_says_so(is_on: Switch) -> None:
    real = passwords._is_right

    def broken(user: User | None, password: str) -> bool:
        if user is not None and not user.is_active and is_on():
            raise NotAllowedError("This account is not active.")
        return real(user, password)

    passwords._is_right = broken


@fault("k-03", "Failures are not counted.")
def failures_are_free(is_on: Switch) -> None:
    real = limits.count_guess

    def broken(account: Caller | None = None) -> None:
        if not is_on():
            real(account)

    limits.count_guess = broken


@fault("k-03", "Failures are read first and written later, so that many see the same.")
def counters_race(is_on: Switch) -> None:
    real = counters.InDatabase.note

    def broken(self: counters.InDatabase, name: str, window_s: float, most: int) -> bool:
        if not is_on():
            return real(self, name, window_s, most)
        known = self.noted(name, window_s)
        if len(known) >= most:
            return False
        time.sleep(0.1)
        # As if nobody else had been counted meanwhile.
        self.forget(name)
        return all(real(self, name, window_s, most) for _ in [*known, None])

    counters.InDatabase.note = broken  # type: ignore[method-assign]


@fault("k-03", "A failure comes back after a fifth of the window.")
def failures_come_back_early(is_on: Switch) -> None:
    real = counters.InDatabase.noted

    def broken(self: counters.InDatabase, name: str, window_s: float) -> list[float]:
        return real(self, name, window_s / 5 if is_on() else window_s)

    counters.InDatabase.noted = broken  # type: ignore[method-assign]


@fault("k-04", "Passwords are checked all at once.")
def no_turns(is_on: Switch) -> None:
    real = turns.Turns.turn

    @contextmanager
    def broken(self: turns.Turns) -> Iterator[None]:
        if is_on():
            yield
        else:
            with real(self):
                yield

    turns.Turns.turn = broken  # type: ignore[method-assign]


@fault("k-14", "Whatever is forwarded is believed, whoever says so.")
def all_are_proxies(is_on: Switch) -> None:
    real = addresses._is_trusted
    addresses._is_trusted = lambda address: is_on() or real(address)


@fault("k-14", "Limits are kept, and not announced.")
def nothing_is_announced(is_on: Switch) -> None:
    real = middleware._announce

    def broken(limits: Any, response: Any) -> None:
        if not is_on():
            real(limits, response)

    middleware._announce = broken


@fault("k-14", "Users, keys and networks share one counter.")
def one_counter_for_all(is_on: Switch) -> None:
    real = limits.caller
    limits.caller = lambda: Caller("all") if is_on() else real()
