"""Maps: stations where they are, projected as published, coloured, counted, and cut to an area."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.series import StationValues
from tests.visualizations.samples import NORWAY, stations
from visualizations import options
from visualizations.charts import globe, look
from visualizations.charts import map as maps
from visualizations.charts.look import Spec
from visualizations.registry import Drawing, Facts, kinds


def drawn(found: StationValues, **more: Any) -> Drawing:
    chosen = options.check(kinds["map"], {"variable": "T", **more})
    return maps.compile_map(found, chosen, Facts(place="Norway", source="MET Norway"))


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def dots(drawing: Drawing) -> Spec:
    (layer,) = [one for one in drawing.spec["layer"] if "color" in one.get("encoding", {})]
    return dict(layer)


def test_dots_stand_where_the_stations_are_with_their_values() -> None:
    drawing = drawn(stations(NORWAY))
    rows = dots(drawing)["data"]["values"]
    assert {(row["hi"], row["lo"], row["v"]) for row in rows} == {
        place for place in NORWAY.values() if place[2] is not None
    }
    assert list(drawing.columns["latest (degC)"]) == [7.6, -1.5, None, -3.1]
    assert list(drawing.columns["station"]) == list("ABCD")
    assert "4 stations" in subtitle(drawing)
    assert "Grey crosses: 1 station without a value." in subtitle(drawing)
    assert "Lowest: −3.1 °C at Station D, highest: 7.6 °C at Station A" in drawing.alt


def test_lamberts_projection_agrees_with_snyders_example() -> None:
    # Snyder 1987, Map Projections: A Working Manual, p. 332.
    x, y = globe.azimuthal(np.array([100.0]), np.array([-20.0]), (-100.0, 40.0))
    np.testing.assert_allclose([3 * x[0], 3 * y[0]], [-4.2339303, 4.0257775], atol=1e-6)


def test_equal_earth_agrees_with_its_paper() -> None:
    # Šavrič, Patterson and Jenny 2018, table 1: the equator is 2.05458 times as long as the
    # central meridian.
    x, _ = globe.equal_earth(np.array([180.0]), np.array([0.0]))
    _, y = globe.equal_earth(np.array([0.0]), np.array([90.0]))
    assert x[0] / y[0] == pytest.approx(2.05458, abs=1e-5)


@pytest.mark.parametrize(
    ("places", "is_world", "inside"),
    [
        ([(60.0, 5.0), (70.0, 25.0)], False, (65.0, 10.0)),
        ([(-17.0, 178.0), (-14.0, -171.0)], False, (-15.0, 180.0)),
        ([(0.0, 10.0), (-40.0, -70.0), (70.0, 170.0)], True, (0.0, -90.0)),
        ([(85.0, 0.0), (80.0, 120.0), (75.0, -120.0)], False, (89.0, 60.0)),
        ([(-85.0, 0.0), (-80.0, 120.0), (-75.0, -120.0)], False, (-89.0, 60.0)),
        ([(10.0, 20.0)], False, (12.0, 21.0)),
    ],
    ids=["region", "date line", "world", "arctic", "antarctic", "one"],
)
def test_a_map_holds_all_its_stations_and_what_lies_between(
    places: list[tuple[float, float]], is_world: bool, inside: tuple[float, float]
) -> None:
    latitudes, longitudes = (np.array(column) for column in zip(*places, strict=True))
    cut = globe.around(longitudes, latitudes)
    assert cut.is_world == is_world
    assert cut.holds(longitudes, latitudes).all()
    assert cut.holds(np.array([inside[1]]), np.array([inside[0]])).all()
    x, y = globe.plane(cut, longitudes, latitudes)
    edge_x, edge_y = globe.edges(cut)
    assert edge_x.min() <= x.min() <= x.max() <= edge_x.max()
    assert edge_y.min() <= y.min() <= y.max() <= edge_y.max()


def test_an_area_cuts_and_counts_what_is_outside() -> None:
    drawing = drawn(stations(NORWAY), area=[0, 55, 12, 62])
    assert list(drawing.columns["station"]) == ["A", "B"]
    assert "Not shown: 2 stations outside the area." in subtitle(drawing)
    across = stations({"E": (0.0, 179.0, 1.0), "W": (0.0, -179.0, 2.0), "X": (0.0, 0.0, 3.0)})
    assert list(drawn(across, area=[170, -10, -170, 10]).columns["station"]) == ["E", "W"]


def test_nothing_in_the_area_or_without_coordinates_is_a_sentence() -> None:
    assert (
        "No station of the dataset lies in this area."
        in drawn(stations(NORWAY), area=[100, 0, 110, 10]).alt
    )
    nowhere = stations({"A": (None, None, 1.0)})  # type: ignore[dict-item]
    assert "The dataset has no station with coordinates." in drawn(nowhere).alt


@pytest.mark.parametrize("statistic", ["latest", "mean", "count"])
def test_what_failed_quality_control_is_said_of_the_stations_shown(statistic: str) -> None:
    found = stations(NORWAY)
    told = "failed quality control"
    assert told not in subtitle(drawn(found, statistic=statistic))
    assert told not in drawn(found, statistic=statistic).alt
    failed = replace(
        found, stations=tuple(replace(s, left_out=n) for n, s in enumerate(found.stations))
    )
    one, all_of_them = drawn(failed, area=[0, 55, 12, 62], statistic=statistic), drawn(failed)
    sentence = "1 value failed quality control and is left out."
    assert sentence in subtitle(one)
    assert one.alt.endswith(f"Station A. {sentence}")
    assert "6 values failed quality control and are left out." in subtitle(all_of_them)
    alone = replace(found, stations=(replace(found.stations[2], left_out=2),))
    assert drawn(alone).alt.endswith("value. 2 values failed quality control and are left out.")


def test_stations_without_any_value_are_crosses_only() -> None:
    drawing = drawn(stations({"A": (60.0, 5.0, None)}))
    assert "None has a value." in drawing.alt
    assert not [one for one in drawing.spec["layer"] if "color" in one.get("encoding", {})]


def test_counts_have_no_unit_and_colours_are_clamped_with_a_legend_that_says_so() -> None:
    drawing = drawn(stations(NORWAY), statistic="count")
    assert "°C" not in subtitle(drawing)
    colour = dots(drawn(stations(NORWAY)))["encoding"]["color"]
    assert colour["scale"]["clamp"] is True
    assert "≥" in colour["legend"]["labelExpr"]
    assert "°C" in colour["legend"]["labelExpr"]
    symmetric = dots(drawn(stations(NORWAY), palette="blue-red"))["encoding"]["color"]["scale"]
    np.testing.assert_allclose(symmetric["domain"], -np.array(symmetric["domain"])[::-1])


@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, 1e300])
def test_equal_values_have_a_scale(value: float) -> None:
    found = stations({"A": (60.0, 5.0, value), "B": (61.0, 6.0, value)})
    domain = dots(drawn(found))["encoding"]["color"]["scale"]["domain"]
    assert np.isfinite(domain).all()
    assert np.diff(domain).min() > 0


def test_a_unit_nobody_spelled_and_names_stay_out_of_expressions() -> None:
    word = "'+alert(1)+'"
    found = stations(NORWAY, unit=word, variable=word, station_name=word)
    colour = dots(drawn(found))["encoding"]["color"]
    assert "alert" not in colour["legend"]["labelExpr"]
    assert "alert" in subtitle(drawn(found))


def test_many_stations_stay_under_the_limit_of_marks_and_have_no_labels() -> None:
    rng = np.random.default_rng(1)
    many = {
        str(n): (float(a), float(b), 1.0 * n)
        for n, (a, b) in enumerate(rng.uniform((-80, -180), (80, 180), (9000, 2)))
    }
    drawing = drawn(stations(many))
    marks = sum(len(one["data"]["values"]) for one in drawing.spec["layer"])
    assert marks < look.MAX_MARKS
    assert not [one for one in drawing.spec["layer"] if one["mark"].get("dx")]


def test_labels_that_would_meet_are_left_out() -> None:
    close = stations({f"S{n}": (60 + n / 1000, 5.0, float(n)) for n in range(5)})
    texts = [one for one in drawn(close).spec["layer"] if one["mark"].get("dx")]
    assert len(texts[0]["data"]["values"]) <= 1


def test_outlines_are_small_and_where_land_is() -> None:
    found = globe.outlines()
    assert globe.OUTLINES.stat().st_size < 150_000
    points = np.array([point for polygon in found["land"] for ring in polygon for point in ring])
    assert np.abs(points[:, 0]).max() <= 180
    assert np.abs(points[:, 1]).max() <= 90
