"""Taylor diagrams: spread, correlation and error of a point follow from where it stands."""

from typing import Any

import numpy as np
import pytest

from tests.visualizations.samples import FACTS, recorded
from visualizations.charts.look import Spec
from visualizations.charts.taylor import FARTHEST, compile_taylor
from visualizations.registry import Drawing


def drawn(results: dict[str, Any], *, months: bool = True) -> Drawing:
    return compile_taylor(results, {"months": months}, FACTS)


def circles(drawing: Drawing) -> list[list[Spec]]:
    """Rows of the months, then of all."""
    layers = [one for one in drawing.spec["layer"] if one["mark"]["type"] == "circle"]
    return [one["data"]["values"] for one in layers]


@pytest.mark.parametrize("name", ["usual", "against"])
def test_a_point_has_its_spread_correlation_and_error_as_distances(name: str) -> None:
    results = recorded("comparison", name)
    months, (one,) = circles(drawn(results))
    for row, scores in zip((one, *months), (results["scores"], *results["months"]), strict=True):
        length = np.hypot(row["t"], row["v"])
        assert length == pytest.approx(scores["normalised_std"], rel=1e-5)
        assert row["t"] / length == pytest.approx(scores["r"], rel=1e-5)
        # Taylor 2001, equation 1: the distance from the reference at (1, 0).
        error = np.hypot(row["t"] - 1, row["v"])
        assert error == pytest.approx(scores["normalised_centred_rmse"], rel=1e-4)


def test_months_can_be_left_out() -> None:
    results = recorded("comparison")
    months, _ = circles(drawn(results, months=False))
    assert months == []
    assert len(drawn(results).columns["r"]) == 13


def test_a_negative_correlation_makes_a_half_circle() -> None:
    def domain(name: str) -> list[float]:
        layer = drawn(recorded("comparison", name)).spec["layer"][0]
        found: list[float] = layer["encoding"]["x"]["scale"]["domain"]
        return found

    assert domain("usual")[0] == 0
    assert domain("against")[0] == -domain("against")[1]


def test_a_spread_far_out_is_drawn_at_the_edge_and_said() -> None:
    results = recorded("comparison", "wide")
    drawing = drawn(results)
    _, (one,) = circles(drawing)
    assert np.hypot(one["t"], one["v"]) == pytest.approx(FARTHEST)
    assert "Spreads above 5 are drawn at the edge." in " ".join(drawing.spec["title"]["subtitle"])


def test_both_series_are_named() -> None:
    drawing = drawn(recorded("comparison"))
    assert "Diamond: T, Reanalysis." in " ".join(drawing.spec["title"]["subtitle"])
    assert "the large dot, T, A: correlation" in drawing.alt


def test_a_comparison_with_itself_is_the_reference() -> None:
    results = recorded("comparison")
    results["scores"] |= {"r": 1.0, "normalised_std": 1.0, "normalised_centred_rmse": 0.0}
    _, (one,) = circles(drawn(results))
    assert (one["t"], one["v"]) == (1, 0)
