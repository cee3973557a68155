"""Correlation matrices: each coefficient in its cell, bold where it is sure, grey where none is."""

from typing import Any

import numpy as np
import pytest

from analyses.methods.correlation import correlation
from tests.visualizations.samples import FACTS, recorded, series
from visualizations.charts import look
from visualizations.charts.correlation_matrix import compile_correlation_matrix
from visualizations.registry import Drawing


def drawn(results: dict[str, Any]) -> Drawing:
    return compile_correlation_matrix(results, {}, FACTS)


def cells(drawing: Drawing) -> dict[tuple[str, str], float]:
    rows = drawing.spec["layer"][0]["data"]["values"]
    return {(row["k"].split("  ")[0], row["t"]): row["v"] for row in rows}


def test_each_coefficient_stands_in_its_row_and_column() -> None:
    results = recorded("correlation")
    drawing = drawn(results)
    names = drawing.spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert names[:3] == ["T, A", "TMIN, A", "SNOW, A"]
    r = np.array(results["matrices"]["r"])
    found = cells(drawing)
    for row, column in zip(*np.nonzero(~np.eye(len(r), dtype=bool)), strict=True):
        assert found[str(row + 1), names[column]] == r[row, column]
    assert len(drawing.columns["r"]) == 10
    np.testing.assert_array_equal(drawing.columns["r"], r[np.triu_indices(5, 1)])


def test_bold_is_under_five_percent() -> None:
    results = recorded("correlation")
    p = np.array(results["matrices"]["p"], float)
    texts = [one for one in drawn(results).spec["layer"] if one["mark"]["type"] == "text"]
    bold = sum(
        len(one["data"]["values"]) for one in texts if one["mark"].get("fontWeight") == "bold"
    )
    assert bold == (p < 0.05).sum()
    assert any(one["mark"].get("fontWeight") == "normal" for one in texts)


def test_the_scale_is_symmetric_from_minus_one_to_one() -> None:
    colour = drawn(recorded("correlation")).spec["layer"][0]["encoding"]["color"]
    assert colour["scale"]["domain"][0] == -1
    assert colour["scale"]["domain"][-1] == 1
    assert colour["scale"]["range"] == list(look.BLUE_RED)


def test_pairs_without_a_coefficient_are_grey() -> None:
    drawing = drawn(recorded("correlation", "constant"))
    grey = drawing.spec["layer"][1]
    assert grey["mark"]["color"] == look.NO_VALUE
    assert len(grey["data"]["values"]) == 4
    assert "Grey: no coefficient." in " ".join(drawing.spec["title"]["subtitle"])


def test_many_series_have_numbers_for_names_and_no_numbers_in_cells() -> None:
    drawing = drawn(recorded("correlation", "many"))
    x = drawing.spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert x == [str(n) for n in range(1, 20)]
    assert [one["mark"]["type"] for one in drawing.spec["layer"]] == ["rect", "text"]


def test_equal_names_are_told_apart() -> None:
    results = recorded("correlation")
    results["series"] = [{"variable": "T", "station": "A"} for _ in results["series"]]
    names = drawn(results).spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert len(set(names)) == 5


@pytest.mark.parametrize("place", [(0, 1), (3, 4)])
def test_the_alternative_text_names_the_farthest(place: tuple[int, int]) -> None:
    results = recorded("correlation")
    results["matrices"]["r"][place[0]][place[1]] = results["matrices"]["r"][place[1]][place[0]] = (
        2.0
    )
    assert "Highest: 2.00 (" in drawn(results).alt


def test_what_was_taken_out_is_said_and_so_is_how_pairs_were_counted() -> None:
    rng = np.random.default_rng(1)
    some, other = (series(rng.normal(size=240), variable=name) for name in ("T", "TMIN"))
    options: dict[str, Any] = {"deseasonalise": True, "detrend": True, "effective_size": "none"}
    told = " ".join(drawn(correlation(some, others=[other], **options)).spec["title"]["subtitle"])
    assert "Taken out before: seasons and trends." in told
    assert "Bold: p < 0.05. Grey" in told
    plain = " ".join(drawn(correlation(some, others=[other])).spec["title"]["subtitle"])
    assert "Taken out" not in plain
    assert "discounted" in plain
