"""Reports of every analysis: each number beside its own unit, counts and times beside none."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from analyses.registry import Analysis
from analyses.registry import analyses as registry
from tests.analyses.measured import BY_CHOICE, quick, result_of
from tests.analyses.odd import choices
from visualizations.reports.tables import Table, tables_of

# The last part of a name; an index may count days, and is told in days.
COUNT_OR_TIME = re.compile(
    r"(n|n .+|df .+|time|timestamp|start|end|at|year|month|count|left out|not shared|incomplete"
    r"|judged|not judged|doubted|resamples|failed|seed|folds|origins)"
)
DAY = re.compile(r"\d{4}-\d\d-\d\d.*")


def named(table: Table) -> Iterator[tuple[str, str, str]]:
    """Name, unit and a value of each number of a table."""
    if table.columns[:2] == ("name", "value"):
        yield from ((row[0], (*row, "")[2], row[1]) for row in table.rows)
    else:
        for place, head in enumerate(table.columns):
            name, _open, unit = head.partition(" (")
            yield name, unit.removesuffix(")"), table.rows[0][place]


def units_in(analysis: Analysis, more: dict[str, Any] | None = None) -> dict[str, str]:
    own = quick(analysis, next(choices(analysis)) | (more or {}))
    told = tables_of(result_of(analysis, own))
    return {f"{one.title}: {name}": unit for one in told for name, unit, _value in named(one)}


@pytest.mark.parametrize(("analysis", "own"), BY_CHOICE)
def test_no_count_and_no_time_has_a_unit(analysis: Analysis, own: dict[str, Any]) -> None:
    wrong = [
        (table.title, name, unit)
        for table in tables_of(result_of(analysis, own))
        for name, unit, value in named(table)
        if unit and (COUNT_OR_TIME.fullmatch(name.split(": ")[-1]) or DAY.fullmatch(value))
    ]
    assert wrong == []


RIGHT = {
    "comparison": {
        "mapping: validation: before: mae": "K",
        "mapping: validation: improvement: mae": "",
        "scores: rmse": "K",
        "scores: nse": "",
    },
    "decomposition": {
        "Numbers: trend window": "month",
        "seasons: period": "month",
        "Values: trend": "K",
        "strength: trend": "",
    },
    "extremes": {
        "Numbers: n values": "",
        "blocks: n values": "",
        "blocks: values": "K",
        "Numbers: l moments: l1": "K",
        "Numbers: l moments: t3": "",
        "return levels: period": "year",
        "return levels: upper": "K",
    },
    "forecast": {
        "forecast: time": "",
        "forecast: mean": "K",
        "forecast: upper": "K",
        "backtest: methods: mase": "",
    },
    "regression": {
        "fit: df residual": "",
        "fit: residual std": "K",
        "fit: r squared": "",
        "influence: residual": "K",
        "terms, continued: standard error": "",
        "terms: unit": "",
    },
    "spectrum": {"periodogram: peaks: period": "year", "periodogram: lag 1": ""},
    "trend": {
        "theil sen: corrected per decade lower": "K per decade",
        "Numbers: years": "year",
        # A square of numbers says its unit in its title.
        "line (K): 2": "",
    },
}


@pytest.mark.parametrize("name", RIGHT)
def test_numbers_stand_beside_their_own_unit(name: str) -> None:
    found = units_in(registry[name])
    wanted = RIGHT[name]
    assert {one: found.get(one) for one in wanted} == wanted
