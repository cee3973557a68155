"""Pictures of results: each kind draws what its analyses give, or a sentence where that is nothing.

How the results are read is also tested on results of the analyses that are registered, computed
here: a field that is named otherwise would leave a picture empty.
"""

from typing import Any

import numpy as np
import pytest

import analyses.methods
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder
from tests.visualizations.samples import FACTS, computed, drawable, recorded, series
from visualizations import options
from visualizations.charts import look, outcome
from visualizations.registry import Drawing, Kind, kinds

import_folder(analyses.methods)
KINDS = [kind for kind in kinds if kind.draws == "results"]
EMPTY = ("empty", "constant", "short")


def drawn(kind: Kind, results: Any) -> Drawing:
    return kind.compile(results, options.check(kind, {}), FACTS)


def is_sentence(drawing: Drawing) -> bool:
    return "sentence" in drawing.spec["usermeta"]["words"]


def marks(spec: Any) -> int:
    layers = spec.get("layer", [])
    own = len(spec["data"]["values"]) if "data" in spec else 0
    return own + sum(map(marks, layers))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_results_names_what_it_reads_at_the_top_of_its_file(kind: Kind) -> None:
    import importlib

    told = importlib.import_module(kind.compile.__module__).__doc__ or ""
    for name in kind.analyses:
        assert f"results of `{name}`" in told


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", EMPTY)
def test_results_without_numbers_are_a_sentence_with_their_reason(kind: Kind, name: str) -> None:
    try:
        results = recorded(kind, name)
    except KeyError:
        return
    drawing = drawn(kind, results)
    reason = results["reason"]
    if reason is None:
        assert not is_sentence(drawing)
        return
    assert is_sentence(drawing)
    assert reason in drawing.alt
    assert not any(len(column) for column in drawing.columns.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_results_that_hold_nothing_at_all_are_a_sentence(kind: Kind) -> None:
    for results in ({}, {"reason": None}, dict.fromkeys(recorded(kind))):
        assert is_sentence(drawn(kind, results))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_column_is_as_long_and_marks_are_limited(kind: Kind) -> None:
    drawing = drawn(kind, recorded(kind))
    assert len({len(column) for column in drawing.columns.values()}) == 1
    assert 0 < marks(drawing.spec) <= look.MAX_MARKS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_the_analyses_really_give_is_drawn(kind: Kind) -> None:
    rng = np.random.default_rng(2)
    months = np.arange(180)
    values = 10 - 9 * np.cos(2 * np.pi * months / 12) + rng.normal(size=180)
    gappy = values.copy()
    gappy[100:102] = np.nan
    other = [series(values * 0.9 + rng.normal(size=180), variable="U", station="B")]
    for method in drawable(kind):
        for name, one in {"whole": values, "gappy": gappy}.items():
            drawing = drawn(kind, computed(method, series(one), other))
            assert not is_sentence(drawing), (method.name, name, drawing.alt)
        for one in (values[:0], values[:1], values[:20], np.full(480, 3.0)):
            drawing = drawn(kind, computed(method, series(one), other))
            assert drawing.alt


def test_long_columns_are_thinned_and_keep_extremes_and_gaps() -> None:
    values = np.random.default_rng(1).normal(size=100_000)
    values[[700, 99_999]] = 50, -50
    values[5000:5100] = np.nan
    kept = outcome.thinned(values, 6000)
    assert kept.size <= 6000
    assert {700, 99_999} <= set(kept.tolist())
    assert np.isnan(values[kept]).any()
    assert (np.diff(kept) > 0).all()


def test_a_line_breaks_where_there_is_no_value_and_shows_one_alone() -> None:
    stamps = np.arange("2000", "2006", dtype="datetime64[Y]").astype("datetime64[us]")
    values = np.array([1.0, 2, np.nan, 4, np.nan, 6])
    line, dots = outcome.line(stamps, values, {}, {})["layer"]
    assert [row["v"] for row in line["data"]["values"]] == [1, 2, None, 4, None, 6]
    assert [row["v"] for row in dots["data"]["values"]] == [4, 6]


def test_options_of_results_are_closed() -> None:
    for kind in KINDS:
        with pytest.raises(InvalidInputError):
            options.check(kind, {"expr": "datum"})
