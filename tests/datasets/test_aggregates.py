"""Statistics by period: the numbers, against pandas."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.access import Right, View
from datasets.models import Dataset
from datasets.selectors import aggregates
from datasets.selectors.aggregates import STATISTICS, Question
from datasets.selectors.points import Selection
from datasets.services import rollups
from tests.datasets.reading import point, view
from tests.datasets.summarising import Point, compare, frame, statistics
from tests.factories import days, make_dataset, write

ALL = list(STATISTICS)


def daily() -> list[Point]:
    """Sixteen months at `a` with gaps and flags, two at `b`; every tenth day has a text too."""
    random = np.random.default_rng(3)
    found = []
    for number, day in enumerate(pd.date_range("2000-11-15", "2002-03-10")):
        if day.strftime("%Y-%m") == "2001-09" or random.random() < 0.1:
            continue
        value: dict[str, Any] = {"TMAX": round(float(random.normal(12, 8)), 1)}
        if number % 3:
            value["PRCP"] = round(float(random.gamma(0.4, 6)), 1)
        if number % 10 == 0:
            value["SKY"] = "clear"
        quality = {"quality": {"TMAX": 4}} if number % 17 == 0 else {}
        found.append({"timestamp": f"{day.date()}T05:00:00Z", "station": "a", "value": value,
                      "metadata": quality})  # fmt: skip
    return [*found, *days(59, "2001-05-03", station="b")]


def hourly() -> list[Point]:
    """A week around each change of the clock in Toronto."""
    random = np.random.default_rng(4)
    spans = [("2024-03-07", "2024-03-14"), ("2024-10-31", "2024-11-07")]
    times = [time for span in spans for time in pd.date_range(*span, freq="h")]
    return [
        {"timestamp": f"{time.isoformat()}Z", "value": {"T": round(float(one), 2)}}
        for time, one in zip(times, random.normal(5, 4, len(times)), strict=True)
        if one > 0
    ]


@pytest.fixture(scope="module")
def by_day(analyst: User) -> Dataset:
    made = make_dataset(analyst)
    made.variables.create(name="TMAX", unit="degC", interval="P1D")
    made.variables.create(name="SKY", kind="text")
    write(made, daily())
    return made


@pytest.fixture(scope="module")
def by_hour(analyst: User) -> Dataset:
    made = make_dataset(analyst)
    write(made, hourly())
    return made


def ask(api: APIClient, dataset: Dataset, **query: Any) -> Any:
    text = urlencode(query, doseq=True)
    answer = api.get(f"/api/v1/datasets/{dataset.pk}/data?{text}")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Asia/Kathmandu"])
@pytest.mark.parametrize("step", ["day", "week", "month", "quarter", "season", "year"])
def test_daily_values_by_period_are_as_in_pandas(
    api: APIClient, by_day: Dataset, db: None, step: str, zone: str
):
    answer = ask(api, by_day, resolution=step, timezone=zone, statistic=ALL, variables="TMAX,PRCP")
    assert (answer["resolution"], answer["timezone"]) == (step, zone)
    for variable in ("TMAX", "PRCP"):
        expected = statistics(frame(daily(), variable), step, zone)
        compare(answer["results"], expected, step=step, zone=zone, variable=variable)


@pytest.mark.parametrize("step", ["hour", "3h", "6h", "12h", "day"])
def test_hours_over_a_change_of_the_clock_are_as_in_pandas(
    api: APIClient, by_hour: Dataset, db: None, step: str
):
    zone = "America/Toronto"
    query = {"timezone": zone, "statistic": ["mean", "max"], "limit": 50_000}
    results = ask(api, by_hour, resolution=step, **query)["results"]
    expected = statistics(frame(hourly(), "T"), step, zone)
    compare(results, expected, step=step, zone=zone, variable="T")


def test_the_mean_is_the_default(api: APIClient, by_day: Dataset, db: None):
    (first, *_) = ask(api, by_day, resolution="month", station="b")["results"]
    assert first["timestamp"] == "2001-05-01T00:00:00Z"
    assert list(first) == ["timestamp", "station", "value"]
    told = first["value"]["TMAX"]
    assert list(told) == ["mean", "count", "expected", "coverage", "flagged"]
    assert (told["count"], told["expected"], told["coverage"]) == (29, 31, 29 / 31)


def test_a_month_that_holds_nothing_is_listed(api: APIClient, by_day: Dataset, db: None):
    results = ask(api, by_day, resolution="month", station="a", variables="TMAX")["results"]
    months = pd.date_range("2000-11-01", "2002-03-01", freq="MS")
    assert [one["timestamp"][:7] for one in results] == months.strftime("%Y-%m").tolist()
    september = next(one for one in results if one["timestamp"].startswith("2001-09"))
    assert september["value"]["TMAX"] == {
        "mean": None, "count": 0, "expected": 30, "coverage": 0, "flagged": 0,
    }  # fmt: skip


def test_values_that_failed_are_left_out_and_counted_unless_asked_for(
    api: APIClient, by_day: Dataset, db: None
):
    query = {"resolution": "year", "variables": "TMAX", "statistic": ALL}
    excluded = ask(api, by_day, **query)["results"]
    assert sum(one["value"]["TMAX"]["flagged"] for one in excluded) > 20
    included = ask(api, by_day, **query, flags="include")["results"]
    values = frame(daily(), "TMAX")
    expected = statistics(values, "year", failed=True)
    compare(included, expected, step="year", variable="TMAX")


def test_a_window_cuts_the_first_and_the_last_period(api: APIClient, by_day: Dataset, db: None):
    window = {"start": "2001-03-10", "end": "2001-05-20T05:00:00Z"}
    answer = ask(api, by_day, resolution="month", variables="TMAX", station="a", **window)
    values = frame(daily(), "TMAX")
    start, end = map(pd.Timestamp, ("2001-03-10T00:00Z", "2001-05-20T05:00Z"))
    inside = values[(values.time >= start) & (values.time < end) & (values.station == "a")]
    compare(answer["results"], statistics(inside, "month"), step="month", variable="TMAX")
    # The whole month is expected all the same.
    assert [one["value"]["TMAX"]["expected"] for one in answer["results"]] == [31, 30, 31]


def test_texts_have_no_mean(api: APIClient, by_day: Dataset, db: None):
    (first, *_) = ask(api, by_day, resolution="year")["results"]
    assert sorted(first["value"]) == ["PRCP", "TMAX", "TMIN"]
    url = f"/api/v1/datasets/{by_day.pk}/data?resolution=year&variables=TMAX,SKY"
    answer = api.get(url)
    assert answer.status_code == 400
    assert "SKY" in answer.json()["detail"]["details"]["variables"][0]


def test_an_earlier_revision_has_its_own_statistics(api: APIClient, dataset: Dataset):
    write(dataset, days(31))
    write(dataset, [point({"TMAX": 1000}, "2001-01-05")])
    query = {"resolution": "month", "variables": "TMAX", "statistic": "max"}
    for revision, expected in ((1, 16.5), (2, 1000)):
        (month,) = ask(api, dataset, **query, revision=revision)["results"]
        assert month["value"]["TMAX"]["max"] == expected
    assert ask(api, dataset, **query, revision=0)["results"] == []


def test_what_is_under_embargo_is_in_no_statistic(dataset: Dataset):
    write(dataset, days(59))
    until = datetime(2001, 2, 10, tzinfo=UTC)
    for _ in range(2):
        seen = View(view(dataset).dataset, Right.VIEW, until=until)
        asked = aggregates.reading(seen, Selection(1), Question("month", UTC))
        page = aggregates.page(asked, limit=10)
        assert page.table.count[:, 0].tolist() == [31, 9]
        rollups.roll_up(dataset.pk)


def test_winter_begins_in_december_of_the_year_before(api: APIClient, dataset: Dataset):
    write(dataset, days(90, "2003-12-01", station="x"))
    results = ask(api, dataset, resolution="season", variables="TMAX")["results"]
    assert [one["timestamp"] for one in results] == ["2003-12-01T00:00:00Z"]
    # 31 + 31 + 29: the year 2004 was a leap year.
    assert results[0]["value"]["TMAX"]["expected"] == 91


@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Asia/Kathmandu"])
def test_either_end_of_time_has_its_statistics(api: APIClient, dataset: Dataset, zone: str):
    write(dataset, [point({"A": 1}, "0001-01-01"), point({"A": 3}, "0001-01-02"),
                    point({"A": 5}, "9999-12-31T23:59:59.999999")])  # fmt: skip
    query: dict[str, Any] = {"resolution": "season", "limit": 2, "timezone": zone}
    first, second = ask(api, dataset, **query)["results"]
    assert (first["timestamp"], first["value"]["A"]["mean"]) == ("0001-01-01T00:00:00Z", 2)
    assert second["value"]["A"]["count"] == 0
    (last, _) = ask(api, dataset, **query, order="desc")["results"]
    assert last["value"]["A"]["mean"] == 5


@pytest.mark.parametrize(
    ("times", "expected"),
    [(pd.date_range("2001-01-01", periods=9, freq="h"), "PT1H"),
     (pd.date_range("2001-01-01", periods=9, freq="15min"), "PT15M"),
     (pd.date_range("2001-01-31", periods=14, freq="ME"), "P1M"),
     (pd.date_range("2001-01-01", periods=9, freq="QS"), "P3M"),
     (pd.date_range("2001-01-01", periods=9, freq="YS"), "P1Y"),
     (pd.date_range("2001-01-06", periods=9, freq="W-SAT"), "P7D"),
     (pd.date_range("2001-01-01", periods=9, freq="10s"), "PT10S"),
     (pd.DatetimeIndex(["2001-01-01", "2001-01-02", "2001-01-03", "2001-02-01"]), "P1D"),
     (pd.DatetimeIndex(["2001-01-01"]), "")],
)  # fmt: skip
def test_the_interval_is_seen_in_the_data_where_nobody_said_it(
    api: APIClient, dataset: Dataset, times: pd.DatetimeIndex, expected: str
):
    write(dataset, [point({"A": 1}, f"{time.isoformat()}Z") for time in times])
    answer = ask(api, dataset, resolution="year")
    assert answer["intervals"] == {"A": expected}
    told = answer["results"][0]["value"]["A"]
    assert (told["expected"] is None) == (told["coverage"] is None) == (expected == "")


def test_a_declared_interval_is_believed(api: APIClient, dataset: Dataset):
    dataset.variables.create(name="A", interval="PT12H")
    write(dataset, [point({"A": 1}, "2001-01-01"), point({"A": 1}, "2001-01-02")])
    answer = ask(api, dataset, resolution="day")
    assert answer["intervals"] == {"A": "PT12H"}
    assert [one["value"]["A"]["expected"] for one in answer["results"]] == [2, 2]


def test_values_that_come_less_often_than_periods_have_no_coverage(
    api: APIClient, dataset: Dataset
):
    write(dataset, [point({"A": 1}, f"2001-{month:02}-01") for month in range(1, 5)])
    answer = ask(api, dataset, resolution="week")
    assert {one["value"]["A"]["expected"] for one in answer["results"]} == {None}


def test_auto_is_the_finest_step_that_fits(api: APIClient, by_day: Dataset, db: None):
    for points, expected in ((1500, "day"), (100, "week"), (20, "month"), (2, "year")):
        answer = ask(api, by_day, resolution="auto", points=points, station="a", limit=2000)
        assert answer["resolution"] == expected
        assert len(answer["results"]) <= points + 1


def test_values_too_large_to_be_added_up_are_named_and_not_rolled_up(
    api: APIClient, dataset: Dataset
):
    write(dataset, [point({"A": 1.7e308}, "2001-01-01"), point({"A": 1.6e308}, "2001-01-02")])
    url = f"/api/v1/datasets/{dataset.pk}/data?resolution=month&statistic="
    for _ in range(2):
        before = transaction.savepoint()
        refused = api.get(f"{url}mean")
        transaction.savepoint_rollback(before)
        assert refused.status_code == 400
        assert "statistic" in refused.json()["detail"]["details"]
        assert api.get(f"{url}max").json()["results"][0]["value"]["A"]["max"] == 1.7e308
        rollups.roll_up(dataset.pk)


def test_the_number_of_queries_is_always_the_same(
    api: APIClient, by_day: Dataset, dataset: Dataset
):
    write(dataset, [{**one, "station": f"s{n}"} for n in range(70) for one in days(3)])

    def count(made: Dataset, **query: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ask(api, made, resolution="month", **query)
        return len(queries)

    few = count(dataset, limit=2)
    assert count(dataset, limit=2, station=["s1", "s5"]) == few
    # One more where a page has more stations than most have.
    assert count(dataset, limit=1000) == few + 1


def test_two_hundred_variables_have_all_statistics(api: APIClient, dataset: Dataset):
    value = {f"V{number:03}": number for number in range(200)}
    write(dataset, [point(value, f"2001-01-{day:02}") for day in (1, 2, 3)])
    (month,) = ask(api, dataset, resolution="month", statistic=ALL)["results"]
    assert {name: told["median"] for name, told in month["value"].items()} == value


def test_only_the_points_of_the_page_are_read(dataset: Dataset):
    write(dataset, days(800))
    asked = aggregates.reading(view(dataset), Selection(1), Question("month", UTC))
    for is_first, after in ((True, None), (False, aggregates.page(asked, limit=5).last)):
        with CaptureQueriesContext(connection) as queries:
            aggregates.page(asked, limit=1, after=after)
        (read,) = (one["sql"] for one in queries if "width_bucket" in one["sql"])
        assert ("2001-02-01" in read, "2001-07-01" in read) == (is_first, not is_first)
        assert "2001-08" not in read
        assert "2003" not in read
