"""Which values of each of several series made a number, counted again without the methods."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.services import explaining
from datasets import access
from datasets.models import Dataset, Station, Variable
from datastream.core.errors import InvalidInputError
from tests.conftest import ClientOf
from tests.factories import make_dataset, write

START = dt.date(2001, 1, 1)
DAYS = 1200
# Which of the days each has a value of.
HOLDS = {
    "TMAX": lambda n: n % 7 != 0,
    "TMIN": lambda n: n % 5 != 0,
    "PRCP": lambda n: n % 3 != 0 or n < 600,
}
OTHERS = [{"variable": "TMIN"}, {"variable": "PRCP"}]


@pytest.fixture
def home(analyst: User) -> Dataset:
    dataset = make_dataset(analyst)
    for name, unit in (("TMAX", "degC"), ("TMIN", "degC"), ("PRCP", "mm")):
        Variable.objects.create(dataset=dataset, name=name, unit=unit, interval="P1D")
    Station.objects.create(dataset=dataset, code="A", latitude=45, longitude=7)
    write(dataset, [one for n in range(DAYS) if (one := point(n))["value"]])
    dataset.refresh_from_db()
    return dataset


def point(n: int) -> dict[str, Any]:
    values = {name: (n * 7919 % 101) / 7 + n % 11 for name in HOLDS if HOLDS[name](n)}
    return {"timestamp": f"{START + dt.timedelta(n)}", "station": "A", "value": values}


def having(*names: str) -> set[int]:
    return {n for n in range(DAYS) if all(HOLDS[name](n) for name in names)}


def of_months(numbers: set[int], complete: set[tuple[int, int]]) -> set[int]:
    return {n for n in numbers if month(n) in complete}


def month(n: int) -> tuple[int, int]:
    day = START + dt.timedelta(n)
    return day.year, day.month


def complete(name: str, share: float) -> set[tuple[int, int]]:
    """Months with so large a share of their days; the last is cut off."""
    every = [month(n) for n in range(DAYS)]
    mine = [month(n) for n in having(name)]
    return {m for m in set(every[:-30]) if mine.count(m) >= share * every.count(m) - 1e-9}


def done(dataset: Dataset, kind: str, **given: Any) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    parameters = {"station": "A"} | given
    analysis = services.request_analysis(view, kind, parameters, user=dataset.owner)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    assert analysis.result is not None, analysis.error
    return analysis


def told(analysis: Analysis, number: str, of: str = "") -> set[int]:
    """Days whose value is used; all others are left out for a reason."""
    explained = explaining.explain(analysis, number, of=of)
    used = explained.codes == 0
    counted = sum(count for _, count in explained.counts())
    assert used.sum() + counted == explained.series.values.size
    days = explained.series.timestamps[used].astype("datetime64[D]").tolist()
    return {(day - START).days for day in days}


def test_both_sides_of_a_comparison_are_told(home: Dataset) -> None:
    analysis = done(home, "comparison", variable="TMAX", reference={"variable": "TMIN"})
    both = having("TMAX", "TMIN")
    for of in ("", "variable", "reference", "reference.0"):
        assert told(analysis, "scores.rmse", of) == both
        june = {n for n in both if month(n)[1] == 6}
        assert told(analysis, "months.5.bias", of) == june


def test_each_predictor_of_a_regression_is_told(home: Dataset) -> None:
    analysis = done(home, "regression", variable="TMAX", predictors=OTHERS, min_coverage=0.75)
    names = {"": "TMAX", "predictors.0": "TMIN", "predictors.1": "PRCP"}
    shared = set.intersection(*(complete(name, 0.75) for name in names.values()))
    assert 10 < len(shared) < 38
    assert analysis.result is not None
    assert analysis.result.results["n"] == len(shared)
    for of, name in names.items():
        assert told(analysis, "fit.r_squared", of) == of_months(having(name), shared)


def test_a_predictor_with_a_lag_is_told_where_it_stood(home: Dataset) -> None:
    given = {"predictors": OTHERS[:1], "step": "raw", "lag": 2}
    analysis = done(home, "regression", variable="TMAX", **given)
    both = {n for n in having("TMIN") if n + 2 in having("TMAX")}
    assert told(analysis, "n", "predictors") == both
    assert told(analysis, "n") == {n + 2 for n in both}


def test_each_series_of_a_correlation_is_told(home: Dataset) -> None:
    analysis = done(home, "correlation", variable="TMAX", others=OTHERS, max_lag=3)
    names = {"": "TMAX", "others.0": "TMIN", "others.1": "PRCP"}
    pairs = {("", "others.0"): "0.1", ("", "others.1"): "0.2", ("others.0", "others.1"): "1.2"}
    for pair, place in pairs.items():
        both = having(*(names[of] for of in pair))
        for of in names:
            assert told(analysis, f"matrices.r.{place}", of) == (both if of in pair else set())
    # At the lag 2 the other comes two days before.
    both = {n for n in having("TMIN") if n + 2 in having("TMAX")}
    assert told(analysis, "lags.0.r.5", "others.0") == both
    assert told(analysis, "lags.0.r.5") == {n + 2 for n in both}
    assert told(analysis, "lags.0.r.5", "others.1") == set()
    any_other = having("TMIN", "TMAX") | having("TMIN", "PRCP")
    assert told(analysis, "n", "others.0") == any_other


def test_temperatures_of_a_drought_are_told(home: Dataset) -> None:
    spi = done(home, "drought", tmax="TMAX", tmin="TMIN")
    assert told(spi, "totals.5", "tmax") == set()
    june = {n for n in range(DAYS) if month(n) == (2001, 6)}
    assert told(spi, "totals.5", "precipitation") == june & having("PRCP")
    spei = done(home, "drought", index="spei", tmax="TMAX", tmin="TMIN")
    assert told(spei, "evapotranspiration.5", "tmin") == june & having("TMIN")
    assert told(spei, "evapotranspiration.5", "precipitation") == set()


def test_one_variable_for_two_parameters_is_told_by_parameter(home: Dataset) -> None:
    analysis = done(home, "indices", tmax="TMAX", tmin="TMAX", indices=["SU"], max_missing_year=366,
                    max_missing_month=31)  # fmt: skip
    assert told(analysis, "annual.SU.0", "tmin") == set()
    assert told(analysis, "n", "tmin") == set()
    assert told(analysis, "annual.SU.0", "tmax") == {
        n for n in having("TMAX") if month(n)[0] == 2001
    }


def beside(home: Dataset) -> None:
    """A neighbour with a value on two days of three, until February 2002."""
    Station.objects.create(dataset=home, code="B", latitude=46, longitude=7)
    values = {n: 0.9 * (n * 7919 % 101) / 7 + n % 11 for n in range(400) if n % 3}
    write(
        home,
        [
            {"timestamp": f"{START + dt.timedelta(n)}", "station": "B", "value": {"TMAX": value}}
            for n, value in values.items()
        ],
    )
    home.refresh_from_db()


def test_neighbours_that_filled_a_value_are_told(home: Dataset, client_of: ClientOf) -> None:
    beside(home)
    analysis = done(home, "gaps", variable="TMAX", fill="neighbours")
    assert analysis.result is not None
    second_of_july = 182
    filled = analysis.result.results["filled"]["timestamps"]
    number = f"filled.values.{filled.index(f'{START + dt.timedelta(second_of_july)}T00:00:00Z')}"
    around = {n for n in having("TMAX") if n < 400 and n % 3 and month(n)[1] in {6, 7, 8}}
    assert told(analysis, number) == around
    for of in ("neighbours", "neighbours.0"):
        assert told(analysis, number, of) == around | {second_of_july}
    url = f"/api/v1/analyses/{analysis.pk}/explain"
    answer = client_of(home.owner).get(url, {"number": number, "of": "neighbours"}).json()
    assert (answer["station"], answer["variable"]) == ("B", "TMAX")
    assert answer["used"] == len(around) + 1
    reasons = {one["reason"].split()[0]: one["count"] for one in answer["left_out"]}
    without_partner = sum(n % 3 > 0 and n % 7 == 0 for n in range(400)) - 1
    assert reasons.pop("A") == without_partner
    assert sum(reasons.values()) == 266 - without_partner - answer["used"]


def test_of_neighbours_that_are_not_there_nothing_is_told(home: Dataset) -> None:
    beside(home)
    analysis = done(home, "outliers", variable="TMAX", neighbours=["B"])
    with pytest.raises(InvalidInputError):
        explaining.explain(analysis, "n", of="neighbours.1")
    assert told(analysis, "n") == having("TMAX")
    assert told(analysis, "n", "neighbours") == set()
