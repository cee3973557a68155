"""One number at each station equals what pandas finds in its series, and shows nothing hidden."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from datasets import access
from datasets.access import View
from datasets.models import Dataset
from datasets.selectors.by_station import values_by_station
from datasets.selectors.points import Selection
from datasets.selectors.series import series
from datasets.series import StationValue
from datastream.core import clock
from datastream.core.errors import InvalidInputError
from tests.datasets.embargoed import NOW, made
from tests.datasets.embargoed import series as growing
from tests.factories import days, write


@pytest.fixture
def observed(dataset: Dataset) -> Dataset:
    """Ten days at `a`, twenty at `b`, none at `c`; the newest of `a` failed quality control."""
    dataset.variables.create(name="TMAX", unit="degC")
    dataset.variables.create(name="SKY", kind="text")
    for code in "abc":
        dataset.stations.create(code=code, latitude=50.123, longitude=8.456)
    sent: list[dict[str, Any]] = [{**one, "station": "a"} for one in days(10)]
    sent += [{**one, "station": "b"} for one in days(20)]
    sent[9]["metadata"] = {"quality": {"TMAX": 4}}
    write(dataset, sent)
    dataset.refresh_from_db()
    return dataset


def asked(view: View, statistic: str, **span: Any) -> dict[str, StationValue]:
    selection = Selection(view.dataset.revision, variables=("TMAX",), **span)
    found = values_by_station(view, selection, statistic, most=10)
    return {one.code: one for one in found.stations}


@pytest.mark.parametrize(
    "span",
    [
        {},
        {"start": datetime(2001, 1, 3, tzinfo=UTC), "end": datetime(2001, 1, 8, 12, tzinfo=UTC)},
        {"start": datetime(2002, 1, 1, tzinfo=UTC)},
    ],
    ids=["all", "a few days", "none"],
)
def test_latest_mean_and_count_are_those_of_the_series(observed: Dataset, span: dict[str, Any]):
    view = access.full_view(observed)
    found = {name: asked(view, name, **span) for name in ("latest", "mean", "count")}
    for code in "ab":
        one = series(view, "TMAX", station=code, **span)
        expected = one.values if one.values.size else None
        assert found["latest"][code].value == (None if expected is None else expected[-1])
        assert (found["count"][code].value or 0) == one.values.size
        assert found["mean"][code].value == (
            None if expected is None else pytest.approx(expected.mean())
        )
        if expected is not None:
            assert found["latest"][code].timestamp == one.timestamps[-1]
    assert all(found[name]["c"].value is None for name in found)


def test_what_failed_is_counted_where_it_would_have_counted(observed: Dataset):
    """Of `a` one in the midst and the two newest failed, of `c` all: before, among, after."""
    sent: list[dict[str, Any]] = [{**one, "station": "c"} for one in days(5)]
    sent += [{**one, "station": "a"} for one in days(11)[2::8]]
    write(observed, [one | {"metadata": {"quality": {"TMAX": 4}}} for one in sent])
    write(observed, [{"timestamp": "2001-02-01", "station": "b", "value": {"TMAX": 1},
                      "metadata": {"quality": {"TMAX": 3, "TMIN": 4}}}])  # fmt: skip
    observed.refresh_from_db()
    view = access.full_view(observed)
    for statistic, expected in (("latest", (2, 0, 5)), ("mean", (3, 0, 5)), ("count", (3, 0, 5))):
        found = asked(view, statistic)
        assert tuple(found[code].left_out for code in "abc") == expected
        assert (found["c"].value, found["c"].timestamp) == (None, None)
        assert found["a"].timestamp == np.datetime64("2001-01-09", "us")
        until = asked(view, statistic, end=datetime(2001, 1, 4, tzinfo=UTC))
        of_a = series(view, "TMAX", station="a", end=datetime(2001, 1, 4, tzinfo=UTC)).left_out
        assert [until[code].left_out for code in "abc"] == [of_a, 0, 3]
        before = values_by_station(view, Selection(1, variables=("TMAX",)), statistic, most=10)
        assert [one.left_out for one in before.stations] == [1, 0, 0]


def test_an_older_revision_is_answered_as_it_was(observed: Dataset):
    before = asked(access.full_view(observed), "mean")["b"].value
    write(observed, [{"timestamp": "2001-01-02", "station": "b", "value": {"TMAX": 1000}}])
    observed.refresh_from_db()
    view = access.full_view(observed)
    selection = Selection(1, variables=("TMAX",))
    found = values_by_station(view, selection, "mean", most=10).stations
    assert [one.value for one in found if one.code == "b"] == [pytest.approx(before)]
    assert asked(view, "mean")["b"].value > before  # type: ignore[operator]


def test_nothing_is_told_that_is_hidden(
    analyst: User, viewer: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    sent = growing("2020-05-01", "2020-06-14", TMAX=1)
    dataset = made(analyst, [sent], embargo_days=10, coordinate_step_deg=0.1)
    view = access.view(viewer, dataset.pk)
    latest = asked(view, "latest")["A"]
    assert latest.timestamp == np.datetime64("2020-06-04", "us")
    assert latest.value == 35
    assert asked(view, "count")["A"].value == 36
    assert (latest.latitude, latest.longitude) == (47.4, -122.3)


def test_what_cannot_be_shown_is_refused(observed: Dataset):
    view = access.full_view(observed)
    for name, most in (("SKY", 10), ("SNOW", 10), ("TMAX", 2)):
        with pytest.raises(InvalidInputError):
            values_by_station(view, Selection(1, variables=(name,)), "mean", most=most)
