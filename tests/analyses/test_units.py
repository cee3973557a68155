"""Every number of every analysis has a unit, and changes with that of the series as it says."""

from typing import Any

import pytest

from analyses.methods.results import unit_of
from analyses.registry import Analysis
from tests.analyses.measured import BY_CHOICE, result_of
from tests.analyses.odd import leaves

Path = tuple[str | int, ...]
# Shares that are asked for, and told again.
DIMENSIONLESS = {"confidence"}
# The likelihood is a density, so its logarithm is another in another unit.
SHIFTED = {"log_likelihood", "aic", "bic"}
# Their numbers hang on thresholds in degrees and millimetres.
FIXED = {"indices"}
FACTOR = 1024.0


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("max.value", "K"),
        ("mapping.validation.improvement.mae", "1"),
        ("mapping.validation.before.mae", "K"),
        ("theil_sen.corrected_per_decade_lower", "K per decade"),
        ("series.3.values", "K"),
        ("max.n", None),
        ("max.timestamp", None),
        ("max.n_values", None),
        ("max.period", "year"),
        ("trend_window", None),
        ("mae_of_all", None),
    ],
)
def test_the_longest_path_counts_then_the_group_then_the_name(path: str, unit: str | None) -> None:
    units = {
        "max": "K", "max.period": "year", "improvement": "1", "mae": "K", "trend": "K",
        "per_decade": "K per decade", "series": "1", "series.values": "K",
    }  # fmt: skip
    assert unit_of(units, path) == unit


def unit_at(result: dict[str, Any], path: Path) -> str | None:
    """As `units` say, else the `unit` that stands beside it in a list: of a term."""
    said = unit_of(result["units"], ".".join(map(str, path)))
    if said is None and len(path) == 3 and isinstance(path[1], int):
        beside = result[str(path[0])][path[1]]
        return beside.get("unit") if isinstance(beside, dict) else None
    return said


def floats(result: dict[str, Any]) -> list[tuple[Path, float]]:
    found: list[tuple[Any, Any]] = list(leaves(result))
    return [(path, value) for path, value in found if isinstance(value, float)]


@pytest.mark.parametrize(("analysis", "own"), BY_CHOICE)
def test_every_number_has_a_unit(analysis: Analysis, own: dict[str, Any]) -> None:
    result = result_of(analysis, own)
    assert all(isinstance(unit, str) and unit for unit in result["units"].values())
    without = {
        ".".join("#" if isinstance(part, int) else part for part in path)
        for path, _value in floats(result)
        if path[-1] not in DIMENSIONLESS and unit_at(result, path) is None
    }
    assert without == set()


def power(unit: str | None, own: str) -> int:
    """To which power the unit of the series is in another."""
    if unit == f"({own})^2":
        return 2
    above, _per, below = (unit or "").partition(" per ")
    return int(above == own) - int(below == own)


@pytest.mark.parametrize(("analysis", "own"), BY_CHOICE)
def test_values_in_a_smaller_unit_change_what_has_that_unit_and_nothing_else(
    analysis: Analysis, own: dict[str, Any]
) -> None:
    if analysis.name in FIXED:
        return
    first, second = (result_of(analysis, own, factor) for factor in (1.0, FACTOR))
    wrong = {}
    for (path, value), (_same, other) in zip(floats(first), floats(second), strict=True):
        unit = unit_at(first, path)
        wanted = value * FACTOR ** power(unit, first.get("unit", "mm"))
        if path[-1] not in SHIFTED and other != pytest.approx(wanted, rel=1e-3, abs=1e-9):
            wrong[".".join(map(str, path))] = (unit, value, other)
    assert wrong == {}
