"""What a chart of some width draws, against pandas."""

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from datasets.selectors.window import decimals
from datasets.services import rollups
from tests.datasets.reading import point
from tests.datasets.summarising import keys
from tests.factories import days, make_dataset, signed_in, write

Get = Callable[..., Any]
# How many hours each step has at least, in the order of the contract.
HOURS = {"hour": 1, "3h": 3, "6h": 6, "12h": 12, "day": 23, "week": 24 * 7, "month": 24 * 28,
         "quarter": 24 * 90, "year": 24 * 365}  # fmt: skip


def hourly() -> pd.Series:
    """Three years of hours with a gap of two months, one peak and one trough."""
    times = pd.date_range("2001-01-01", "2003-12-31T23:00", freq="h", tz="UTC")
    times = times[(times < "2002-03-05T00:00Z") | (times >= "2002-05-20T00:00Z")]
    values = np.round(10 * np.sin(np.arange(len(times)) / 1400), 1)
    values[7000], values[20_000] = 99.9, -88.8
    return pd.Series(values, index=times)


@pytest.fixture(scope="module")
def series(analyst: User) -> Dataset:
    made = make_dataset(analyst)
    made.variables.create(name="T", unit="degC")
    rows = hourly()
    texts = rows.index.strftime("%Y-%m-%dT%H:%M:%SZ")
    write(made, [{"timestamp": t, "station": "s", "value": {"T": v}}
                 for t, v in zip(texts, rows.tolist(), strict=True)])  # fmt: skip
    rollups.roll_up(made.pk)
    return made


def ask(api: APIClient, dataset: Dataset, **query: Any) -> Any:
    return api.get(f"/api/v1/datasets/{dataset.pk}/window?{urlencode({'variable': 'T', **query})}")


@pytest.fixture
def get(api: APIClient, series: Dataset, db: None) -> Get:
    """`get(px=100)` answers 200 with this body."""

    def read(**query: Any) -> Any:
        answer = ask(api, series, **query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return read


@pytest.mark.parametrize("zone", ["UTC", "America/Toronto"])
@pytest.mark.parametrize("px", [8, 30, 200, 900, 4000])
def test_it_is_what_pandas_says(get: Get, px: int, zone: str):
    found = get(px=px, timezone=zone)
    assert len(found["t"]) <= 1.5 * px
    rows = hourly()
    groups = rows.groupby(keys(pd.DatetimeIndex(rows.index), found["step"], zone))
    periods = keys(pd.DatetimeIndex(found["t"]), found["step"], zone)
    expected = groups.agg(["mean", "min", "max", "count"]).reindex(periods)
    for name, told, places in (("mean", "mean", 3), ("min", "lo", 1), ("max", "hi", 1)):
        numbers = np.array(found[told], np.float64)
        np.testing.assert_allclose(numbers, expected[name], atol=0.51 / 10**places)
    assert found["n"] == expected["count"].fillna(0).astype(int).tolist()
    assert found["total"] == sum(found["n"]) == len(rows)
    assert (max(filter(None, found["hi"])), min(filter(None, found["lo"]))) == (99.9, -88.8)


def test_it_says_what_it_is(get: Get, series: Dataset):
    found = get(px=20)
    arrays = {"t", "mean", "lo", "hi", "n"}
    assert {name: found[name] for name in found if name not in arrays} == {
        "dataset": str(series.pk), "revision": 1, "timezone": "UTC", "variable": "T",
        "station": "s", "unit": "degC", "step": "quarter", "interval": "PT1H",
        "start": "2001-01-01T00:00:00Z", "end": "2004-01-01T00:00:00Z", "total": 24_456,
        "flagged": 0,
    }  # fmt: skip
    assert found["t"][:2] == ["2001-01-01T00:00Z", "2001-04-01T00:00Z"]
    assert {len(found[name]) for name in arrays} == {12}


def test_a_gap_is_kept_as_nulls(get: Get):
    found = get(px=100, step="month")
    place = found["t"].index("2002-04-01T00:00Z")
    assert [found[name][place] for name in ("mean", "lo", "hi", "n")] == [None, None, None, 0]


@pytest.mark.parametrize("days_shown", [1, 3, 20, 90, 400, 1000])
@pytest.mark.parametrize("px", [40, 900])
def test_auto_takes_the_finest_step_that_fits(get: Get, days_shown: int, px: int):
    start = pd.Timestamp("2001-01-01T00:00Z")
    end = start + pd.Timedelta(days=days_shown)
    found = get(px=px, start=start.isoformat(), end=end.isoformat())
    assert len(found["t"]) <= 1.5 * px
    finer = dict(itertools.takewhile(lambda one: one[0] != found["step"], HOURS.items()))
    assert all(days_shown * 24 / hours > 1.5 * px for hours in finer.values())


def test_auto_is_never_finer_than_the_values(api: APIClient, dataset: Dataset):
    for name, interval in (("T", "P1D"), ("M", "P1M"), ("W", "P7D")):
        dataset.variables.create(name=name, interval=interval)
    write(dataset, [{**one, "value": {"T": 1, "M": 2, "W": 3}} for one in days(40)])
    for name, step in (("T", "day"), ("M", "month"), ("W", "week")):
        assert ask(api, dataset, variable=name, px=4000).json()["step"] == step
    # One that is asked for by name is.
    assert ask(api, dataset, px=4000, step="hour").json()["step"] == "hour"


def test_a_step_that_does_not_fit_is_refused_with_one_that_does(api: APIClient, series: Dataset,
                                                                db: None):  # fmt: skip
    answer = ask(api, series, px=100, step="day")
    assert answer.status_code == 400
    assert "month fits" in answer.json()["detail"]["details"]["step"][0]


def test_a_window_is_cut_where_it_is_asked_to_be(get: Get):
    found = get(start="2001-01-01T06:00:00Z", end="2001-01-01T09:30:00Z", step="6h")
    assert (found["t"], found["n"]) == (["2001-01-01T06:00Z"], [4])
    assert (found["start"], found["end"]) == ("2001-01-01T06:00:00Z", "2001-01-01T09:30:00Z")
    nothing = get(start="2050-01-01", end="2060-01-01")
    assert (nothing["t"], nothing["total"], nothing["end"]) == ([], 0, "2060-01-01T00:00:00Z")


def test_a_series_without_values_is_empty(api: APIClient, dataset: Dataset):
    dataset.variables.create(name="T")
    dataset.stations.create(code="s")
    found = ask(api, dataset).json()
    assert (found["t"], found["mean"], found["start"], found["end"]) == ([], [], None, None)


def test_values_are_converted(get: Get):
    plain, found = get(px=100, step="month"), get(px=100, step="month", units="T:degF")
    assert found["unit"] == "degF"
    for name in ("mean", "lo", "hi"):
        expected = np.array(plain[name], np.float64) * 1.8 + 32
        np.testing.assert_allclose(np.array(found[name], np.float64), expected, atol=0.002)
    assert max(filter(None, found["hi"])) == 211.82


def test_failed_values_are_left_out_unless_asked_for(api: APIClient, dataset: Dataset):
    write(dataset, [point({"T": 1}), point({"T": 9}, "2001-01-02",
                                           metadata={"quality": {"T": 4}})])  # fmt: skip
    found = ask(api, dataset, step="year").json()
    assert (found["hi"], found["flagged"], found["total"]) == ([1], 1, 1)
    assert ask(api, dataset, step="year", flags="include").json()["hi"] == [9]


def test_an_earlier_revision_draws_what_stood_then(api: APIClient, dataset: Dataset):
    write(dataset, [point({"T": 1})])
    write(dataset, [point({"T": 2})])
    rollups.roll_up(dataset.pk)
    for revision in (1, 2):
        found = ask(api, dataset, revision=revision, step="year").json()
        assert (found["revision"], found["mean"]) == (revision, [revision])


def test_an_unchanged_window_is_not_sent_again(api: APIClient, series: Dataset, db: None):
    tag = ask(api, series)["ETag"]
    url = f"/api/v1/datasets/{series.pk}/window?variable=T"
    assert api.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 304


def test_a_million_hours_are_short(api: APIClient, dataset: Dataset):
    # As many steps as a century of hours has, of values that look like these.
    months = pd.date_range("1900-01-01", "2014-01-31", freq="MS")
    write(dataset, [point({"T": -12.3 + n % 30}, f"{one.isoformat()}Z")
                    for n, one in enumerate(months)])  # fmt: skip
    answer = ask(api, dataset, px=900)
    assert answer.json()["step"] == "quarter"
    # Each has more values a step there, so a longer count: three letters more.
    assert len(answer.content) + 3 * len(answer.json()["n"]) < 20_000


@pytest.mark.parametrize(
    ("query", "named"),
    [({"variable": ""}, "variable"), ({"variable": "nothing"}, "variable"), ({"px": 0}, "px"),
     ({"px": 4001}, "px"), ({"px": 1}, "px"), ({"step": "season"}, "step"),
     ({"step": "5min"}, "step"), ({"timezone": "X/Y"}, "timezone"), ({"station": "q"}, "station"),
     ({"units": "T:kg"}, "units"), ({"units": "M:K"}, "units"), ({"flags": "x"}, "flags"),
     ({"start": "x"}, "start"), ({"limit": 3}, "limit"), ({"revision": 9}, "revision")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_named(
    api: APIClient, series: Dataset, db: None, query: dict[str, Any], named: str
):
    answer = ask(api, series, **query)
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [named]


def test_a_text_cannot_be_drawn_and_a_station_must_be_chosen(api: APIClient, dataset: Dataset):
    dataset.variables.create(name="SKY", kind="text")
    write(dataset, [point({"T": 1}, station="a"), point({"T": 1}, station="b")])
    assert list(ask(api, dataset).json()["detail"]["details"]) == ["station"]
    answer = ask(api, dataset, variable="SKY", station="a")
    assert list(answer.json()["detail"]["details"]) == ["variable"]


def test_a_stranger_draws_nothing(series: Dataset, viewer: User):
    assert ask(signed_in(viewer), series).status_code == 404


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 2.0], 0), ([1.5, 22.25], 2), ([0.1 + 0.2], 1), ([1 / 3], 6 + 1), ([12345678.9], 0),
     ([np.nan], 0), ([0.0], 0), ([4.2e-7], 8), ([1e22], 0)],
)  # fmt: skip
def test_as_many_decimals_as_the_values_have(values: list[float], expected: int):
    assert decimals(np.array(values)) == expected
