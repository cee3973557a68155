"""Plants the faults, each switched off."""

import time
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import transaction

from tests.faults import planted

PAUSE_S = 1.0


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
    from datasets import ingest

    write = ingest.write

    def faulty(*args: Any, also: Any = None, **options: Any) -> Any:
        if also is None or not is_on(planted.CHECKPOINT_FIRST):
            return write(*args, also=also, **options)
        with transaction.atomic():
            also(ingest.Outcome())
        time.sleep(PAUSE_S)
        return write(*args, **options)

    ingest.write = faulty


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
