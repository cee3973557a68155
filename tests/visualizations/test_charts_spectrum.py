"""Spectra: power and levels as the results have them; fields of wavelets keep what is highest."""

from typing import Any

import numpy as np
import pytest

from tests.visualizations.samples import FACTS, recorded
from visualizations.charts import look, wavelet_power
from visualizations.charts.look import Spec
from visualizations.charts.spectrum import compile_spectrum
from visualizations.registry import Drawing


def drawn(results: dict[str, Any]) -> Drawing:
    return compile_spectrum(results, {}, FACTS)


def subtitle(drawing: Drawing) -> str:
    return " ".join(drawing.spec["title"]["subtitle"])


def values(layer: Spec) -> list[Spec]:
    found: list[Spec] = layer["data"]["values"]
    return found


# ------------------------------------------------------------------ periodogram


def test_the_lines_are_power_and_levels() -> None:
    table = recorded("spectrum")["periodogram"]
    power, red, alarm, _, _ = drawn(recorded("spectrum")).spec["layer"]
    assert [row["t"] for row in values(power)] == table["periods"]
    assert [row["v"] for row in values(power)] == table["power"]
    assert [row["v"] for row in values(red)] == table["red_noise_level"]
    assert {row["v"] for row in values(alarm)} == {table["false_alarm_level"]}
    assert power["encoding"]["x"]["scale"]["type"] == "log"


def test_peaks_above_red_noise_are_named_and_those_on_flanks_are_not() -> None:
    drawing = drawn(recorded("spectrum"))
    told = [row["k"] for row in values(drawing.spec["layer"][3])]
    assert told[0] == "1 year"
    assert len(told) <= 3
    assert "Highest peaks above red noise (power): 1 year (0.88)." in subtitle(drawing)
    assert "1 year" in drawing.alt


def test_without_a_peak_above_red_noise_that_is_said() -> None:
    results = recorded("spectrum")
    for one in results["periodogram"]["peaks"]:
        one["red_noise_level"] = 1.0
    assert "No peak stands above red noise; the highest is at 1 year" in subtitle(drawn(results))
    results["periodogram"]["peaks"] = []
    assert "There is no peak." in subtitle(drawn(results))


def test_without_levels_power_is_drawn_alone() -> None:
    results = recorded("spectrum")
    results["periodogram"] |= {"red_noise_level": None, "false_alarm_level": None, "peaks": None}
    drawing = drawn(results)
    assert len(drawing.spec["layer"]) == 3
    assert "Dashed" not in subtitle(drawing)


def test_many_frequencies_are_thinned_and_keep_the_peak() -> None:
    results = recorded("spectrum")
    power = np.random.default_rng(1).uniform(0, 0.1, 100_000)
    power[77_777] = 0.9
    frequencies = np.arange(1, 100_001) / 50
    results["periodogram"] |= {
        "periods": (1 / frequencies).tolist(), "power": power.tolist(),
        "red_noise_level": power.tolist(),
    }  # fmt: skip
    drawing = drawn(results)
    assert max(row["v"] for row in values(drawing.spec["layer"][0])) == 0.9
    assert sum(len(values(one)) for one in drawing.spec["layer"]) <= look.MAX_MARKS
    assert len(drawing.columns["power"]) == 100_000


# ------------------------------------------------------------------ wavelets


def test_each_cell_has_its_power_and_missing_times_are_grey() -> None:
    results = recorded("spectrum", "wavelet")
    table = results["wavelet"]
    behind, cells, *_ = drawn(results).spec["layer"]
    assert behind["mark"]["color"] == look.NO_VALUE
    power = np.array(table["power"], float)
    expected = np.clip(np.log2(power[np.isfinite(power)]), -3, 4)
    np.testing.assert_allclose([row["v"] for row in values(cells)], expected)
    # Two months were bridged.
    assert len(values(cells)) == (144 - 2) * len(table["periods"])


def test_outlines_surround_what_is_above_the_level() -> None:
    results = recorded("spectrum", "wavelet")
    table = results["wavelet"]
    power = np.array(table["power"], float)
    above = power > np.array(table["level"])[:, None]
    # Another way to the same: walk around every cell.
    padded = np.pad(above, 1)
    edges = (padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()
    waves = wavelet_power.waves_of(table)
    times, rows = wavelet_power.edges(waves)
    (rule,) = wavelet_power.outlines(waves, times, rows, x={}, y={})
    places = {float(row): number for number, row in enumerate(rows)}
    stamps = {int(at): number for number, at in enumerate(times)}
    lengths = [
        stamps[one["k"]] - stamps[one["t"]] + places[one["hi"]] - places[one["lo"]]
        for one in values(rule)
    ]
    assert sum(lengths) == edges
    assert min(lengths) >= 1


def test_long_fields_keep_the_highest_power_and_the_limit_of_marks() -> None:
    results = recorded("spectrum", "wavelet")
    rng = np.random.default_rng(1)
    power = rng.exponential(size=(80, 1000))
    power[40, 777] = 500.0
    days = np.datetime64("2000-01-01") + np.arange(1000)
    results["wavelet"] |= {
        "timestamps": [f"{day}T00:00:00Z" for day in days], "power": power.tolist(),
        "periods": np.geomspace(0.01, 2, 80).tolist(), "level": [3.0] * 80, "cone": [1.0] * 1000,
    }  # fmt: skip
    drawing = drawn(results)
    assert sum(len(values(one)) for one in drawing.spec["layer"]) <= look.MAX_MARKS
    assert max(drawing.columns["power"]) == 500
    assert "2002-02-16" in drawing.alt


def test_the_strongest_inside_the_cone_is_told() -> None:
    results = recorded("spectrum", "wavelet")
    told = drawn(results).alt
    assert "Strongest at a period of" in told
    results["wavelet"]["cone"] = [0.0] * 144
    assert "All of it is weakened by the ends of the series." in drawn(results).alt


@pytest.mark.parametrize("name", ["usual", "wavelet"])
def test_time_units_are_named(name: str) -> None:
    results = recorded("spectrum", name) | {"time_unit": "day"}
    drawing = drawn(results)
    assert any("(days)" in head for head in drawing.columns)
    assert "days" in drawing.alt
