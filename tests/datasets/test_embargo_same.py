"""Whoever may not see the newest values reads a dataset as if it had never had them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from datasets.services import rollups
from datastream.core import clock
from tests.datasets.embargoed import NOW, extend, made, paged, routes, told, until_of

PAGED = ["/data?limit=3", "/data?limit=4&order=desc", "/data?resolution=month&limit=2",
         "/changes?limit=3"]  # fmt: skip
VALUES = st.one_of(st.none(), st.integers(-20, 40))
# From long ago until after `NOW`; a null takes a value away, and the last one the point.
points = st.builds(
    lambda day, hour, station, value, failed: {
        "timestamp": f"2020-{4 + day // 30:02}-{1 + day % 30:02}T{hour:02}:00:00Z",
        "station": station,
        "value": value,
        **({"metadata": {"quality": {"TMAX": 4}}} if failed else {}),
    },
    day=st.integers(0, 110),
    hour=st.sampled_from([0, 0, 0, 12, 23]),
    station=st.sampled_from("AB"),
    value=st.dictionaries(st.sampled_from(["TMAX", "TMIN"]), VALUES, min_size=1),
    failed=st.booleans(),
)
histories = st.lists(
    st.lists(points, max_size=25, unique_by=lambda one: (one["station"], one["timestamp"])),
    min_size=1,
    max_size=4,
)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def check(owner: User, history: list[list[Any]], days: int, rolled_up: int) -> None:
    until, nobody = until_of(days), APIClient()
    pair = (
        made(owner, history[:rolled_up], embargo_days=days),
        made(owner, history[:rolled_up], before=until),
    )
    revision = max(1, len(history) // 2)
    for dataset, before in zip(pair, (None, until), strict=True):
        rollups.roll_up(dataset.pk)
        for batch in history[rolled_up:]:
            extend(dataset, batch, before=before)
    embargoed, lacking = pair
    for path, same in zip(routes(revision=revision), routes(until, revision), strict=True):
        assert told(nobody, embargoed, path) == told(nobody, lacking, same), path
    for path in PAGED:
        assert paged(nobody, embargoed, path) == paged(nobody, lacking, path), path


def check_many(owner: User, examples: int) -> None:
    # Nothing is made smaller: an example takes too long to be tried a thousand times.
    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck),
        database=None, phases=[Phase.generate],
    )  # fmt: skip
    @given(histories, st.integers(1, 100), st.integers(0, 4))
    def run(history: list[list[Any]], days: int, rolled_up: int) -> None:
        check(owner, history, days, rolled_up)

    run()


def test_a_few_histories_read_as_if_they_had_ended_before_the_embargo(db: None, analyst: User):
    check_many(analyst, 1)


@pytest.mark.slow
def test_many_histories_read_as_if_they_had_ended_before_the_embargo(db: None, analyst: User):
    check_many(analyst, 12)
