"""Plants the faults, each switched off."""

import time
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings

from tests.faults import planted

# In which whoever has seen it must have killed the worker.
PAUSE_S = 5.0


class PlantedConfig(AppConfig):
    name = "tests.faults.planted"
    label = "planted"

    def ready(self) -> None:
        checkpoint_before_page()
        any_address()
        without_a_look()


def is_on(name: str) -> bool:
    file = Path(settings.VAR) / "planted"
    return file.exists() and file.read_text() == name


def checkpoint_before_page() -> None:
    """Checkpoint and coverage are committed, and only then the points."""
    from connectors.services import recording
    from datasets.ingest import Outcome

    store, write = recording.store, recording._write

    def no_points(run: Any, pages: Any) -> Outcome:
        return Outcome() if is_on(planted.CHECKPOINT_FIRST) else write(run, pages)

    def faulty(run: Any, pages: Any) -> None:
        store(run, pages)
        if is_on(planted.CHECKPOINT_FIRST):
            time.sleep(PAUSE_S)
            write(run, pages)

    recording._write, recording.store = no_points, faulty


def any_address() -> None:
    """Whatever a provider's name leads to is asked."""
    from datastream.core import outbound

    is_allowed = outbound.is_allowed
    outbound.is_allowed = lambda address: is_on(planted.ANY_ADDRESS) or is_allowed(address)


def without_a_look() -> None:
    """Points are added without a look at those that are there."""
    from datasets.ingest.merge import Merge

    goes_straight = Merge._goes_straight

    def faulty(self: Any, *args: Any) -> bool:
        return is_on(planted.NO_LOOK) or goes_straight(self, *args)

    setattr(Merge, goes_straight.__name__, faulty)
