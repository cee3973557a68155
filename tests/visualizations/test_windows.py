"""Long series come to a picture in steps: gaps and extremes stay, and not each value is read."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import connection

from accounts.models import User
from analyses import services as analyses
from datasets import access
from datasets.models import Dataset, Station
from datasets.selectors import series as reading
from datasets.series import SteppedSeries
from tests.factories import make_dataset, write
from visualizations import options, services
from visualizations.charts import line, look
from visualizations.models import Visualization
from visualizations.registry import Facts, kinds


def hourly(n: int) -> pd.Series:
    """Hours with a gap of 40 days and a thin fortnight, one peak and one trough."""
    times = pd.date_range("2001-01-01", periods=n, freq="h", tz="UTC")
    values = np.round(10 * np.sin(np.arange(n) / 1400), 1)
    values[n // 3], values[n // 2] = 99.9, -88.8
    there = np.ones(n, bool)
    there[1008:1968] = False
    there[4032:4368] = np.arange(336) % 6 == 0
    return pd.Series(values[there], times[there])


@pytest.fixture
def filled(analyst: User) -> Dataset:
    dataset = make_dataset(analyst)
    dataset.variables.create(name="T", unit="degC", interval="PT1H")
    rows = hourly(9000)
    texts = rows.index.strftime("%Y-%m-%dT%H:%M:%SZ")
    write(dataset, [{"timestamp": t, "station": "s", "value": {"T": v}}
                    for t, v in zip(texts, rows.tolist(), strict=True)])  # fmt: skip
    return dataset


def save(dataset: Dataset, **more: Any) -> Visualization:
    data = {"title": "T", "kind": "line", "dataset": dataset.pk,
            "options": {"variables": ["T"], **more}}  # fmt: skip
    return services.create_visualization(dataset.owner, data)


def compiled(dataset: Dataset, **more: Any) -> Any:
    picture = save(dataset, **more)
    return services.compiled(picture, services.shown(dataset.owner, picture))


def test_a_long_line_is_the_steps_that_pandas_makes(filled: Dataset) -> None:
    drawing = compiled(filled)
    words = " ".join(drawing.spec["title"]["subtitle"])
    assert "Line: mean of each 12 hours" in words
    expected = hourly(9000).groupby(hourly(9000).index.floor("12h")).agg(["mean", "min", "max"])
    assert drawing.columns["timestamp"][0] == "2001-01-01T00:00:00Z"
    for name in ("mean", "lowest", "highest"):
        told = {"lowest": "min", "highest": "max"}.get(name, name)
        found = drawing.columns[f"T (degC) {name}"]
        np.testing.assert_allclose(found, expected[told], atol=1e-9)
    assert max(drawing.columns["T (degC) highest"]) == 99.9
    assert "lowest −88.8 °C on 2001-07-07, highest 99.9 °C on 2001-05-06" in drawing.alt
    assert "2001-01-01 00:00 to 2002-01-10 23:00 UTC, one value an hour" in words
    assert f"{len(hourly(9000)):,} values" in words
    # The first and the last step are left out of the count.
    share = 1 - (len(hourly(9000)) - 24) / (9000 - 24)
    assert f"{100 * share:.1f} % missing" in words


def test_a_gap_stays_a_gap_and_a_thin_step_has_no_mean(filled: Dataset) -> None:
    drawing = compiled(filled)
    flat = [p for g in drawing.spec["layer"] for p in g.get("layer", [g])]
    band, path = (
        next(p["data"]["values"] for p in flat if p["mark"]["type"] == mark)
        for mark in ("area", "line")
    )
    assert sum(row["lo"] is None for row in band) == 1
    # 28 half days with two of twelve values each, and the gap.
    assert sum(row["v"] is None for row in path) == 29
    assert "28 steps with under half of the values" in " ".join(drawing.spec["title"]["subtitle"])


@pytest.mark.parametrize(
    ("step", "told"),
    [("hour", "on 2000-01-03"), ("day", "on 2000-01-03"), ("week", "in the week of 2000-01-03"),
     ("month", "in 2000-01"), ("quarter", "in the quarter of 2000-01-03"), ("year", "in 2000")],
)  # fmt: skip
def test_an_extreme_is_told_with_its_step(step: str, told: str) -> None:
    one = replace(stepped(5, "T"), step=step, highest=np.array([1.0, 9, 1]))
    drawing = line.compile_line([one], options.check(kinds["line"], {"variables": ["T"]}), Facts())
    assert drawing.alt.endswith(f"highest 9.00 °C {told}.")


def test_the_steps_of_an_analysis_are_those_of_its_revision(filled: Dataset) -> None:
    analysis = analyses.request_analysis(
        access.view(filled.owner, filled.pk), "trend", {"variable": "T"}, user=filled.owner
    )
    data = {"title": "T", "kind": "line", "analysis": analysis.pk}
    picture = services.create_visualization(filled.owner, data)
    write(filled, [{"timestamp": "2001-01-01T06:00:00Z", "station": "s", "value": {"T": 500}}])

    def highest() -> float:
        drawing = services.compiled(picture, services.shown(filled.owner, picture))
        return float(max(drawing.columns["T (degC) highest"]))

    assert highest() == 99.9
    assert max(compiled(filled).columns["T (degC) highest"]) == 500


def test_a_part_that_is_short_is_drawn_as_it_is(filled: Dataset) -> None:
    drawing = compiled(filled, start="2001-01-01T05:00:00Z", end="2001-01-03")
    assert list(drawing.columns) == ["timestamp", "T (degC)"]
    assert len(drawing.columns["timestamp"]) == 43


def test_values_over_more_years_than_steps_are_read_whole(filled: Dataset) -> None:
    first = "0005-01-01T00:00:00Z"
    write(filled, [{"timestamp": first, "station": "s", "value": {"T": 1.0}}])
    drawing = compiled(filled)
    assert drawing.columns["timestamp"][0] == first
    assert max(drawing.columns["T (degC)"]) == 99.9


def stepped(n: int, name: str) -> SteppedSeries:
    """Every other step empty, and of the rest every other one thin: as many marks as can be."""
    there = np.arange(0, n, 2)
    stamps = np.datetime64("2000-01-01", "us") + there * np.timedelta64(1, "D")
    ones = np.ones(there.size)
    return SteppedSeries(
        *(name, "degC", "A", stamps, ones), lowest=ones - 1, highest=ones + 1, counts=24 * ones,
        expected=24 * ones, gap_after=np.arange(there.size) < there.size - 1, step="day",
    )  # fmt: skip


def test_six_series_with_a_gap_at_each_step_stay_under_the_limit_of_marks() -> None:
    chosen = options.check(kinds["line"], {"variables": ["T"]})
    px = kinds["line"].window_px or 0
    six = [stepped(int(1.5 * px), f"T{i}") for i in range(6)]
    spec = line.compile_line(six, chosen, Facts()).spec
    flat = [p for g in spec["layer"] for p in g.get("layer", [g])]
    assert 10_000 < sum(len(p["data"]["values"]) for p in flat) <= look.MAX_MARKS


@pytest.mark.slow
def test_a_million_hours_make_a_line_of_which_no_array_is_read(
    analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dataset(analyst)
    dataset.variables.create(name="T", unit="degC", interval="PT1H")
    write(dataset, [{"timestamp": "1899-01-01", "station": "s", "value": {"T": 0}}])
    station = Station.objects.get(dataset=dataset)
    with connection.cursor() as cursor:
        # As a million points stand in the table; sending them takes minutes.
        cursor.execute(
            """INSERT INTO data_points (dataset_id, station_id, timestamp, value, metadata,
                                        revision, created_at)
            SELECT dataset_id, station_id, timestamptz '1900-01-01 00:00Z' + n * interval '1 h',
                   jsonb_build_object('T', CASE n WHEN 654321 THEN 77 ELSE sin(n / 1400.0) END),
                   metadata, revision, created_at
            FROM data_points, generate_series(1, 1000000) n
            WHERE station_id = %s AND n NOT BETWEEN 400000 AND 440000""",
            [station.pk],
        )

    def whole(*_: Any, **__: Any) -> None:
        raise AssertionError("the series was read whole")

    monkeypatch.setattr(reading, "series", whole)
    drawing = compiled(dataset)
    assert "mean of each" in " ".join(drawing.spec["title"]["subtitle"])
    assert max(drawing.columns["T (degC) highest"]) == 77
    flat = [p for g in drawing.spec["layer"] for p in g.get("layer", [g])]
    path = next(p["data"]["values"] for p in flat if p["mark"]["type"] == "line")
    assert sum(row["v"] is None for row in path) >= 1
    assert len(path) < 1300
