"""Wind roses: sectors of where the wind comes from, calm and variable apart, in percent of all."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from datasets.series import Series
from datastream.core.errors import InvalidInputError
from tests.visualizations.samples import series
from visualizations import options
from visualizations.charts import wind_rose
from visualizations.registry import Drawing, Facts, kinds


def wind(
    directions: Any, speeds: Any, *, unit: str = "m s-1", angle: str = "degree"
) -> list[Series]:
    return [
        series(directions, step="h", variable="D", unit=angle),
        series(speeds, step="h", variable="V", unit=unit),
    ]


def drawn(found: list[Series], **more: Any) -> Drawing:
    chosen = options.check(kinds["wind_rose"], {"direction": "D", "speed": "V", **more})
    return wind_rose.compile_wind_rose(found, chosen, Facts(place="Bergen", source="MET Norway"))


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def of_sector(drawing: Drawing, name: str, column: str = "values") -> float:
    at = list(drawing.columns["from"]).index(name)
    return float(drawing.columns[column][at])


def test_shares_of_sectors_and_classes_agree_with_pandas() -> None:
    rng = np.random.default_rng(3)
    directions, speeds = rng.uniform(0, 360, 5000), rng.weibull(2, 5000) * 5
    drawing = drawn(wind(directions, speeds))
    table = pd.DataFrame({"d": directions, "v": speeds})
    table = table[table.v >= 0.5]
    # Turned by half a sector, the sectors begin at 0.
    table["sector"] = pd.cut(
        (table.d + 11.25) % 360, np.arange(0, 361, 22.5), right=False
    ).cat.codes
    table["class"] = pd.cut(table.v, [0.5, 2, 4, 6, 8, 11, np.inf], right=False).cat.codes
    expected = 100 * table.groupby(["sector", "class"]).size().unstack(fill_value=0) / 5000
    found = [column[:16] for name, column in drawing.columns.items() if name.endswith("s (%)")]
    np.testing.assert_allclose(np.array(found).T, expected.to_numpy(), atol=1e-12)
    assert sum(drawing.columns["all (%)"]) == pytest.approx(100)


@pytest.mark.parametrize(
    ("degrees", "sector"),
    [(0, "N"), (360, "N"), (11.24, "N"), (11.26, "NNE"), (90, "E"), (225, "SW"), (348.74, "NNW"),
     (348.76, "N")],
)  # fmt: skip
def test_a_direction_lies_in_its_sector(degrees: float, sector: str) -> None:
    assert of_sector(drawn(wind([degrees], [5.0])), sector) == 1


def test_radians_are_an_angle_and_knots_a_speed() -> None:
    assert of_sector(drawn(wind([np.pi / 2], [5.0], angle="radian")), "E") == 1
    drawing = drawn(wind([90, 90], [0.9, 1.1], unit="knot"))
    assert of_sector(drawing, "calm") == 1  # 0.5 m/s are 0.97 kn
    assert "Calm (below 0.97 kn)" in subtitle(drawing)
    assert "0.97–4 kn (%)" in drawing.columns


def test_calm_and_variable_are_counted_apart_from_all_sectors() -> None:
    directions = [0, 999, np.nan, 90, 0, -1]
    drawing = drawn(wind(directions, [0.0, 3, 4, 5, 0.4, 2]))
    assert of_sector(drawing, "calm") == 2
    assert of_sector(drawing, "variable") == 3
    assert of_sector(drawing, "N") == 0
    assert "33.3 % (2 values)" in subtitle(drawing)
    assert "Variable or no direction: 50.0 % (3 values)" in subtitle(drawing)
    assert "Calm: 33.3 %" in drawing.alt
    assert "calm" in str(drawing.spec["layer"])


def test_directions_without_a_speed_are_left_out_and_counted() -> None:
    drawing = drawn(wind([10, 20, 30], [1.0, np.nan, np.nan]))
    assert "Left out: 2 directions without a speed." in subtitle(drawing)


def test_rings_are_at_most_five_round_percentages() -> None:
    for longest, step in ((3, 1), (7, 2), (22, 5), (100, 20)):
        assert wind_rose.ring_step(longest) == step


@pytest.mark.parametrize(("unit", "angle", "named"), [("degC", "degree", "speed"),
                                                      ("m s-1", "m", "direction")])  # fmt: skip
def test_what_is_no_speed_or_no_angle_is_refused_by_name(unit: str, angle: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        drawn(wind([1.0], [1.0], unit=unit, angle=angle))
    assert named in caught.value.details


def test_without_a_speed_a_sentence_says_so() -> None:
    drawing = drawn(wind([10.0], []))
    assert "There are no wind speeds in this period." in drawing.alt


def test_one_value_and_nothing_but_calm_are_drawn_and_said() -> None:
    drawing = drawn(wind([10.0], [0.0]))
    assert "There is no wind from any direction." in subtitle(drawing)
    assert "100.0 % (1 value)" in subtitle(drawing)


def test_an_undeclared_unit_is_taken_as_it_is() -> None:
    drawing = drawn(wind([10.0], [3.0], unit="", angle=""))
    assert of_sector(drawing, "N") == 1
    assert "2–4 (%)" in drawing.columns
