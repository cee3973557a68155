"""Which periods have too few values, against the words of WMO-No. 1203."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from datasets.coverage import is_month_missing
from datasets.models import Dataset
from datasets.services import rollups
from tests.datasets.reading import point
from tests.factories import days, write


def ask(api: APIClient, dataset: Dataset, **query: Any) -> Any:
    text = urlencode({"variables": "TMAX", "resolution": "month", **query}, doseq=True)
    return api.get(f"/api/v1/datasets/{dataset.pk}/data?{text}")


def means(api: APIClient, dataset: Dataset, **query: Any) -> list[float | None]:
    answer = ask(api, dataset, **query)
    assert answer.status_code == 200, answer.content
    return [one["value"]["TMAX"]["mean"] for one in answer.json()["results"]]


def without(missing: list[str], n: int = 365) -> list[dict[str, Any]]:
    """Days of 2001 but for some."""
    return [one for one in days(n) if one["timestamp"][:10] not in missing]


def dates(*texts: str) -> list[str]:
    return [f"2001-{text}" for text in texts]


@pytest.mark.parametrize(
    ("missing", "is_missing"),
    [([], False), (range(4, 8), False), (range(4, 9), True), (range(0, 20, 2), False),
     (range(0, 22, 2), True), (range(27, 31), False), (range(26, 31), True), (range(5), True),
     (range(31), True)],
)  # fmt: skip
def test_more_than_ten_missing_days_or_five_in_a_row_make_a_month_missing(
    missing: Any, is_missing: bool
):
    present = np.ones(31, np.bool_)
    present[list(missing)] = False
    assert is_month_missing(present, np.array([0, 31])).tolist() == [is_missing]


def test_missing_days_of_two_months_are_not_in_one_row():
    present = np.ones(59, np.bool_)
    present[28:34] = False
    assert is_month_missing(present, np.array([0, 31, 59])).tolist() == [False, False]


@given(st.lists(st.booleans(), min_size=28, max_size=31), st.lists(st.booleans(), min_size=28,
                                                                   max_size=31))  # fmt: skip
def test_the_rule_is_that_of_a_plain_count(first: list[bool], second: list[bool]):
    def plainly(month: list[bool]) -> bool:
        rows = "".join("x" if day else "-" for day in month)
        return rows.count("-") > 10 or "-----" in rows

    found = is_month_missing(
        np.array(first + second), np.array([0, len(first), len(first) + len(second)])
    )
    assert found.tolist() == [plainly(first), plainly(second)]


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_the_rule_of_the_wmo_by_name(api: APIClient, dataset: Dataset, is_rolled_up: bool):
    february = dates(*[f"02-{day:02}" for day in range(10, 15)])
    june = dates(*[f"06-{day:02}" for day in range(1, 22, 2)])
    july = dates(*[f"07-{day:02}" for day in range(1, 21, 2)])
    write(dataset, without([*february, *june, *july]))
    if is_rolled_up:
        rollups.roll_up(dataset.pk)
    found = means(api, dataset, min_coverage="wmo")
    assert [number for number, mean in enumerate(found, 1) if mean is None] == [2, 6]
    # A season is missing with one of its months, and so is a year. The winter has no December.
    seasons = means(api, dataset, min_coverage="wmo", resolution="season")
    assert [mean is None for mean in seasons] == [True, False, True, False, True]
    assert means(api, dataset, min_coverage="wmo", resolution="year") == [None]


def test_the_rule_counts_a_day_of_hourly_values_that_has_one(api: APIClient, dataset: Dataset):
    hours = pd.date_range("2001-01-01", "2001-02-28T23:00", freq="h")
    few = [one for one in hours if one.month == 1 or one.day < 20 or one.hour == 7]
    write(dataset, [point({"TMAX": 1}, f"{one.isoformat()}Z") for one in few])
    assert means(api, dataset, min_coverage="wmo") == [1, 1]
    assert means(api, dataset, min_coverage="0.9") == [1, None]


def test_days_are_those_of_the_place(api: APIClient, dataset: Dataset):
    # Each at 19 h of the day before in Toronto: the first is in December there.
    write(dataset, days(90))
    found = means(api, dataset, min_coverage="wmo", timezone="America/Toronto")
    assert [mean is None for mean in found] == [True, False, False, False]


def test_a_share_below_the_least_is_null_and_its_counts_are_told(api: APIClient, dataset: Dataset):
    write(dataset, [one for n, one in enumerate(days(119)) if n != 40])
    answer = ask(api, dataset, min_coverage=1, statistic=["mean", "count"]).json()
    assert [one["value"]["TMAX"]["mean"] is None for one in answer["results"]] == [
        False, True, False, True,
    ]  # fmt: skip
    assert answer["results"][1]["value"]["TMAX"]["count"] == 27
    assert answer["results"][1]["value"]["TMAX"]["coverage"] == 27 / 28
    assert None not in means(api, dataset, min_coverage=0)


def test_what_nobody_can_know_is_not_enough(api: APIClient, dataset: Dataset):
    write(dataset, [point({"TMAX": 1})])
    assert means(api, dataset, min_coverage="0.1") == [None]
    assert means(api, dataset) == [1]


def test_failed_values_are_missing_for_the_rule_too(api: APIClient, dataset: Dataset):
    failed = {"metadata": {"quality": {"TMAX": 4}}}
    write(dataset, [{**one, **(failed if n < 5 else {})} for n, one in enumerate(days(31))])
    assert means(api, dataset, min_coverage="wmo") == [None]
    assert means(api, dataset, min_coverage="wmo", flags="include") != [None]


@pytest.mark.parametrize("resolution", ["hour", "day", "week", "quarter"])
def test_the_rule_is_for_months_and_what_is_made_of_them(
    api: APIClient, dataset: Dataset, resolution: str
):
    write(dataset, days(3))
    answer = ask(api, dataset, min_coverage="wmo", resolution=resolution)
    assert answer.status_code == 400
    assert "min_coverage" in answer.json()["detail"]["details"]


@pytest.mark.parametrize("interval", ["P1M", "P7D", ""])
def test_the_rule_is_for_daily_values(api: APIClient, dataset: Dataset, interval: str):
    dataset.variables.create(name="TMAX", interval=interval)
    write(dataset, [point({"TMAX": 1})])
    answer = ask(api, dataset, min_coverage="wmo")
    assert answer.status_code == 400
    assert "TMAX" in answer.json()["detail"]["details"]["min_coverage"][0]
