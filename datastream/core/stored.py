"""JSON as it is read back from the database."""

import json
from typing import Any

# Whole numbers of so many characters have less than 64 bits.
SURELY_SHORT = 18


class Decoder(json.JSONDecoder):
    """Keeps large floats floats: the database writes 1e300 with all of its digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_int=number, **options)


def number(digits: str) -> int | float:
    """A whole number, as a float where it has more than 64 bits, which no answer could hold."""
    if len(digits) <= SURELY_SHORT:
        return int(digits)
    whole = int(digits)
    return whole if -(2**63) <= whole < 2**64 else float(digits)
