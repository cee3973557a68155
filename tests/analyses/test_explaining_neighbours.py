"""What explain says of neighbours is held against the number itself: it moves with what made it.

A value that is used, changed a little, changes the number; all that are left out, changed at once,
do not.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analyses.methods import gaps, outliers
from analyses.parameters import check
from analyses.registry import analyses
from datasets.series import Series

N = 900
GONE, DARK = 400, 430
WRONG = 500
LITTLE = 1e-5


def series(values: Any, station: str) -> Series:
    stamps = (np.datetime64("2001-01-01") + np.arange(len(values))).astype("datetime64[us]")
    return Series("T", "degC", station, stamps, np.asarray(values, float), interval="P1D")


def without(some: Series, *gone: int) -> Series:
    kept = np.setdiff1d(np.arange(some.values.size), gone)
    return replace(some, timestamps=some.timestamps[kept], values=some.values[kept])


@pytest.fixture
def network() -> list[Series]:
    """A station with gaps, three neighbours with gaps elsewhere, and one that is unlike."""
    random = np.random.default_rng(8)
    truth = 10 * np.sin(np.arange(N) / 58) + random.normal(size=N)
    here = series(truth + random.normal(size=N) / 5, "A")
    others = [series(truth + random.normal(size=N) / (5 - k), f"N{k}") for k in range(3)]
    holes = [[DARK], [], []]
    others = [
        without(one, *random.choice(350, 30, replace=False), *gone)
        for one, gone in zip(others, holes, strict=True)
    ]
    strange = series(random.normal(size=N), "S")
    return [without(here, GONE, DARK, *range(80, 90)), *others, strange]


def own(name: str, **given: Any) -> dict[str, Any]:
    method = analyses[name]
    return method.own(check(method, {"variable": "T"} | given))


def changed(some: Series, where: Any, by: float = LITTLE) -> Series:
    values = some.values.copy()
    values[where] += by
    return replace(some, values=values)


Number = Callable[[Sequence[Series]], float]


def hold(every: Sequence[Series], codes: Sequence[Any], number: Number) -> None:
    """The number moves with each value that is used and with no other."""
    told = number(every)
    rest = [changed(one, code != 0) for one, code in zip(every, codes, strict=True)]
    assert number(rest) == pytest.approx(told, rel=1e-12)
    for place, code in enumerate(codes):
        used = np.flatnonzero(code == 0)
        for where in used[:: used.size // 4 + 1]:
            moved = [*every]
            moved[place] = changed(every[place], where)
            assert number(moved) != pytest.approx(told, rel=1e-13), (place, where)


def codes_of(
    explain: Any, every: Sequence[Series], path: tuple[Any, ...], given: dict[str, Any]
) -> list[Any]:
    said = [
        explain(every[0], path, neighbours=every[1:], **given, of=of) for of in range(len(every))
    ]
    assert all(one.codes.max() < len(one.reasons) for one in said)
    return [one.codes for one in said]


@pytest.mark.parametrize("column", ["values", "expected_errors"])
@pytest.mark.parametrize(("day", "made_it"), [(GONE, [1, 2]), (DARK, [2, 3])])
def test_a_filled_value_moves_with_what_is_said_to_have_made_it(
    network: list[Series], day: int, made_it: list[int], column: str
) -> None:
    given = own("gaps", fill="neighbours", most_neighbours=2)

    def filled(every: Sequence[Series]) -> dict[str, Any]:
        found = gaps.gaps(every[0], neighbours=every[1:], **given)["filled"]
        return dict(zip(found["timestamps"], found[column], strict=True))

    stamp = f"{np.datetime64('2001-01-01') + day}T00:00:00Z"
    place = list(filled(network)).index(stamp)
    codes = codes_of(gaps.explain, network, ("filled", column, place), given)
    hold(network, codes, lambda every: filled(every)[stamp])
    if column == "values":
        assert [k for k in range(1, 5) if (codes[k] == 0).any()] == made_it


def test_the_skill_of_the_filling_moves_with_what_is_said_to_have_made_it(
    network: list[Series],
) -> None:
    given = own("gaps", fill="neighbours", most_neighbours=1)
    codes = codes_of(gaps.explain, network, ("fill", "cross_validation", "mae"), given)
    hold(
        network,
        codes,
        lambda every: gaps.gaps(every[0], neighbours=every[1:], **given)["fill"][
            "cross_validation"
        ]["mae"],
    )


@pytest.mark.parametrize("number", ["expected", "score"])
def test_a_doubt_by_neighbours_moves_with_what_is_said_to_have_made_it(
    network: list[Series], number: str
) -> None:
    given = own("outliers", methods=["spatial"], min_neighbours=2, min_correlation=0.5)
    here = changed(network[0], WRONG, by=6.0)
    gone = int(np.searchsorted(network[3].timestamps, here.timestamps[WRONG]))
    every = [here, *network[1:3], without(network[3], gone), network[4]]

    def doubt(some: Sequence[Series]) -> float:
        rows = outliers.outliers(some[0], neighbours=some[1:], **given)["doubted"]
        (row,) = [one for one in rows if one["value"] == pytest.approx(here.values[WRONG], abs=0.1)]
        return float(row[number])

    rows = outliers.outliers(every[0], neighbours=every[1:], **given)["doubted"]
    place = [row["value"] for row in rows].index(here.values[WRONG])
    codes = codes_of(outliers.explain, every, ("doubted", place, number), given)
    hold(every, codes, doubt)
    # The third has no value then: its line says nothing of what is expected, but the spread is
    # that of what all lines say at all times around.
    used = [k for k in range(1, 5) if (codes[k] == 0).any()]
    assert used == ([1, 2] if number == "expected" else [1, 2, 3])


@pytest.mark.parametrize(
    ("method", "given", "path"),
    [
        (gaps, {"fill": "neighbours"}, ("n",)),
        (gaps, {"fill": "neighbours"}, ("months", 3, "days")),
        (gaps, {"fill": "interpolation"}, ("filled", "values", 0)),
        (gaps, {"fill": "none"}, ("fill",)),
        (outliers, {}, ("n",)),
        (outliers, {}, ("methods", "hampel", "judged")),
        (outliers, {"methods": ["hampel"]}, ("n_doubted",)),
        (outliers, {"min_neighbours": 9}, ("methods", "spatial", "judged")),
    ],
)
def test_of_other_numbers_no_value_of_a_neighbour_is_used(
    network: list[Series], method: Any, given: dict[str, Any], path: tuple[Any, ...]
) -> None:
    name = method.__name__.rpartition(".")[2]
    _, *others = codes_of(method.explain, network, path, own(name, **given))
    assert all(codes.all() for codes in others)


@pytest.mark.parametrize(("fill", "count"), [("interpolation", 2), ("climatology", 4 * 15 - 1)])
def test_a_value_filled_without_neighbours_moves_with_what_is_said_to_have_made_it(
    fill: str, count: int
) -> None:
    some = without(series(np.random.default_rng(5).normal(size=1461), "A"), GONE)
    given = own("gaps", fill=fill)

    def filled(every: Sequence[Series]) -> float:
        (value,) = gaps.gaps(every[0], **given)["filled"]["values"]
        return float(value)

    (codes,) = codes_of(gaps.explain, [some], ("filled", "values", 0), given)
    assert (codes == 0).sum() == count
    hold([some], [codes], filled)
