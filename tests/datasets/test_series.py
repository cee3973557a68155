"""A series as arrays equals what was written."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from datasets.models import Dataset
from datasets.selectors.series import number_variables, series
from datastream.core.errors import InvalidInputError
from tests.datasets.reading import point, view
from tests.factories import days, write


@pytest.fixture
def observed(dataset: Dataset) -> Dataset:
    """Ten days of TMAX and TMIN at `a` and `b`; two values of TMAX at `a` are flagged."""
    dataset.variables.create(name="TMAX", unit="degC", standard_name="air_temperature",
                             interval="P1D")  # fmt: skip
    dataset.variables.create(name="SKY", kind="text")
    dataset.stations.create(code="a", name="Alpha")
    sent: list[dict[str, Any]] = [{**one, "station": code} for code in "ab" for one in days(10)]
    sent[3]["metadata"] = {"quality": {"TMAX": 4, "TMIN": 3}, "flags": {"TMAX": "X"}}
    sent[5]["metadata"] = {"quality": {"TMAX": 3}}
    sent[7]["value"] = {"TMIN": 1, "SKY": "clear"}
    write(dataset, sent)
    return dataset


def values_of(n: int = 10) -> list[float]:
    return [one["value"]["TMAX"] for one in days(n)]


def test_a_series_is_what_was_written(observed: Dataset):
    found = series(view(observed), "TMAX", station="b")
    assert found.values.dtype == np.float64
    assert found.timestamps.dtype == np.dtype("datetime64[us]")
    assert found.values.tolist() == values_of()
    expected = np.arange("2001-01-01", "2001-01-11", dtype="datetime64[D]")
    np.testing.assert_array_equal(found.timestamps, expected)


def test_a_series_knows_what_it_is(observed: Dataset):
    found = series(view(observed), "TMAX", station="a")
    facts = (found.variable, found.unit, found.station, found.station_name, found.standard_name)
    assert facts == ("TMAX", "degC", "a", "Alpha", "air_temperature")
    assert found.interval == "P1D"


def test_values_flagged_as_failed_are_left_out_and_counted(observed: Dataset):
    found = series(view(observed), "TMAX", station="a")
    expected = [v for n, v in enumerate(values_of()) if n not in {3, 7}]
    assert found.values.tolist() == expected
    assert found.left_out == 1
    with_failed = series(view(observed), "TMAX", station="a", include_failed=True)
    assert (len(with_failed.values), with_failed.left_out) == (9, 0)
    assert series(view(observed), "TMIN", station="a").left_out == 0


def test_start_is_in_and_end_is_out(observed: Dataset):
    start, end = datetime(2001, 1, 3, tzinfo=UTC), datetime(2001, 1, 6, tzinfo=UTC)
    found = series(view(observed), "TMAX", station="b", start=start, end=end)
    assert found.values.tolist() == values_of()[2:5]
    later = series(view(observed), "TMAX", station="b", start=datetime(2030, 1, 1, tzinfo=UTC))
    assert (len(later.values), len(later.timestamps), later.left_out) == (0, 0, 0)


def test_a_series_as_of_a_revision_is_that_of_then(observed: Dataset):
    write(observed, [point({"TMAX": 99}, "2001-01-02", station="b"),
                     point({"TMAX": None, "TMIN": None}, "2001-01-03", station="b"),
                     point({"TMAX": 7}, "2000-01-01", station="b")])  # fmt: skip
    assert series(view(observed), "TMAX", station="b", revision=1).values.tolist() == values_of()
    now = series(view(observed), "TMAX", station="b").values.tolist()
    assert now == [7, 10.5, 99, *values_of()[3:]]
    assert len(series(view(observed), "TMAX", station="b", revision=0).values) == 0


def test_a_view_from_before_a_write_still_reads_what_stood_then(observed: Dataset):
    before = view(observed)
    write(observed, [{**one, "station": "b", "value": {"TMAX": -1}} for one in days(12)])
    assert series(before, "TMAX", station="b").values.tolist() == values_of()


@pytest.mark.parametrize("number", [1e300, 5e-324, 1e22, 2.0**53, -1.7976931348623157e308, 0.1])
def test_numbers_are_exact_to_the_last_bit(dataset: Dataset, number: float):
    write(dataset, [point({"A": number})])
    assert series(view(dataset), "A").values.tolist() == [number]


def test_times_are_exact_from_the_first_to_the_last(dataset: Dataset):
    times = [
        "0001-01-01T00:00:00.000001",
        "1969-12-31T23:59:59.999999",
        "9999-12-31T23:59:59.999999",
    ]
    write(dataset, [point({"A": n}, time) for n, time in enumerate(times)])
    found = series(view(dataset), "A")
    assert np.datetime_as_string(found.timestamps).tolist() == times


def test_the_only_station_need_not_be_named(dataset: Dataset):
    write(dataset, days(2, station="x"))
    assert series(view(dataset), "TMAX").station == "x"
    write(dataset, days(2, station="y"))
    with pytest.raises(InvalidInputError):
        series(view(dataset), "TMAX")


def test_a_name_with_any_characters_is_found(dataset: Dataset):
    names = ["%s", "%(x)s", "a'b", 'a"b', "a\\b", "{x}", "é"]
    write(dataset, [point({name: n for n, name in enumerate(names)}, station="%s'")])
    assert sorted(number_variables(view(dataset))) == sorted(names)
    found = [series(view(dataset), name).values.tolist() for name in names]
    assert found == [[n] for n in range(len(names))]


@pytest.mark.parametrize(("variable", "station"), [("NOPE", "a"), ("TMAX", "z"), ("SKY", "a")])
def test_what_is_not_there_or_no_number_is_refused(observed: Dataset, variable: str, station: str):
    with pytest.raises(InvalidInputError):
        series(view(observed), variable, station=station)


def test_a_dataset_without_points_has_no_series(dataset: Dataset):
    dataset.variables.create(name="TMAX")
    with pytest.raises(InvalidInputError) as error:
        series(view(dataset), "TMAX")
    assert "no points yet" in str(error.value.details)


def test_only_number_variables_are_listed(observed: Dataset):
    assert sorted(number_variables(view(observed))) == ["TMAX", "TMIN"]
