"""Rules broken on purpose, one at a time, to prove that the tests of the promises notice.

They live in a server that is started with `tests.security.faulty.settings` and are switched while
it runs: the file `faults` in its `DATASTREAM_VAR` holds the name of the one that is on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

Switch = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """`proof` is the beginning of the tests' names that must fail with it: `test_k_06`."""

    name: str
    proof: str
    says: str
    plant: Callable[[Switch], None]


FAULTS: dict[str, Fault] = {}


def fault(identity: str, says: str) -> Callable[[Callable[[Switch], None]], None]:
    """Register a fault for a promise such as `k-06`.

    The function is called once when the server starts and puts its broken version in place, which
    does as it should while `is_on()` is false.
    """

    def add(plant: Callable[[Switch], None]) -> None:
        name = f"{identity} {plant.__name__}"
        if name in FAULTS:
            raise ValueError(f"There are two faults {name!r}.")
        proof = f"test_{identity.replace('-', '_')}"
        FAULTS[name] = Fault(name, proof, says, plant)

    return add


def switch(name: str) -> Switch:
    """Whether a fault is on, asked anew each time."""
    file = Path(settings.VAR) / "faults"
    return lambda: file.exists() and file.read_text() == name
