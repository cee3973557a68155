"""JSON Schemas of parameters that several analyses have, so that they mean the same in each."""

from typing import Any

REFERENCE_YEARS: dict[str, dict[str, Any]] = {
    name: {
        "type": ["integer", "null"],
        "minimum": 1600,
        "maximum": 2400,
        "default": None,
        "description": f"{which} year of the reference period. If neither year is given: 1991–2020 "
        "where 24 of them are complete, else all complete years.",
    }
    for name, which in (("reference_start", "First"), ("reference_end", "Last"))
}
WINDOW_DAYS: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 61,
    "not": {"multipleOf": 2},
    "default": 15,
    "description": "Days of the year, an odd number, taken together for the normal of the one in "
    "the middle; only for days.",
}
MIN_COVERAGE: dict[str, Any] = {
    "type": "number",
    "minimum": 0.1,
    "maximum": 1,
    "default": 0.8,
    "description": "Smallest share of its expected values with which a day, month or year counts; "
    "a year or season also wants half of each of its months.",
}
CONFIDENCE: dict[str, Any] = {
    "type": "number",
    "minimum": 0.5,
    "maximum": 0.999,
    "default": 0.95,
    "description": "Confidence of the intervals.",
}
SEED: dict[str, Any] = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**32 - 1,
    "default": 1,
    "description": "Seed of the random numbers; the same seed gives the same results.",
}
