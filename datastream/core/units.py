"""Units as CF spells them, and conversions between them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value becomes `value * factor + offset` in `unit`; a difference `value * factor`."""

    unit: str
    factor: Decimal
    offset: Decimal


def conversion(source: str, target: str) -> Conversion:
    """From one unit to another; InvalidInputError of `units` where that is impossible."""
    raise NotImplementedError
