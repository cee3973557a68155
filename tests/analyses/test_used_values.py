"""Every result states how many values it is made of, and how many it is not, and why."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.registry import FAILED, MAIN
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from analyses.services import explaining
from datasets import access
from datasets.models import Dataset, Station, Variable
from tests.analyses.test_contract_requests import BY_NAME, good
from tests.factories import days, make_dataset, write

N = 1300
START = dt.date(2001, 1, 1)
NAMES = ("TMAX", "TMIN", "PRCP")
# Half of March 2002 is missing; two values failed; July 2004 is cut off.
GAP = range(434, 450)
BAD = (10, 700)


@pytest.fixture
def home(analyst: User) -> Dataset:
    dataset = make_dataset(analyst)
    Station.objects.create(dataset=dataset, code="A", latitude=45, longitude=7)
    for name, unit in zip(NAMES, ("degC", "degC", "mm"), strict=True):
        Variable.objects.create(dataset=dataset, name=name, unit=unit, interval="P1D")
    points = days(N, station="A")
    for n, one in enumerate(points):
        one["value"] = dict.fromkeys(NAMES, n * 7919 % 101 / 9 + n % 5)
        if n in BAD:
            one["metadata"] = {"quality": dict.fromkeys(NAMES, 4)}
    write(dataset, [one for n, one in enumerate(points) if n not in GAP])
    dataset.refresh_from_db()
    return dataset


def month(n: int) -> tuple[int, int]:
    day = START + dt.timedelta(n)
    return day.year, day.month


def done(dataset: Dataset, method: Method, **given: Any) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    parameters = good(method) | given
    analysis = services.request_analysis(view, method.name, parameters, user=dataset.owner)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    assert analysis.result is not None, analysis.error
    return analysis


def results_of(analysis: Analysis) -> dict[str, Any]:
    assert analysis.result is not None
    results: dict[str, Any] = analysis.result.results
    return results["series"][0] if "series" in results and analysis.type == "summary" else results


@pytest.mark.parametrize("method", BY_NAME)
def test_a_result_counts_what_explain_tells(home: Dataset, method: Method) -> None:
    analysis = done(home, method)
    results = results_of(analysis)
    number = "series.0.n" if method.several else "n"
    # Of several by name those that it says it was computed on.
    asked = ["variable"] if MAIN in method.inputs else list(results["variables"])
    told = [explaining.explain(analysis, number, of=of) for of in asked]
    assert results["used_values"] == sum(int((one.codes == 0).sum()) for one in told)
    left: dict[str, int] = {}
    for one in told:
        for reason, count in one.counts():
            left[reason] = left.get(reason, 0) + count
    assert {one["reason"]: one["count"] for one in results["left_out_by"]} == left
    assert left[FAILED] == results["left_out"] == len(BAD) * len(asked)
    every = (N - len(GAP)) * len(asked)
    assert results["used_values"] + sum(left.values()) == every


# March 2002 has half of its days, and July 2004 is cut off; a day has all that it should have.
IN_MONTHS = {n for n in range(N) if month(n) not in {(2002, 3), (2004, 7)}} - set(BAD)


@pytest.mark.parametrize(
    ("kind", "given", "used"),
    [
        ("climatology", {"reference_start": 2001, "reference_end": 2004}, IN_MONTHS),
        ("forecast", {"step": "month"}, IN_MONTHS),
        ("anomaly", {"step": "month"}, IN_MONTHS),
        ("anomaly_detection", {"step": "month"}, IN_MONTHS),
        ("regression", {"step": "month"}, IN_MONTHS),
        ("trend", {"step": "month"}, IN_MONTHS),
    ],
)
def test_values_in_incomplete_months_are_not_counted(
    home: Dataset, kind: str, given: dict[str, Any], used: set[int]
) -> None:
    results = results_of(done(home, registry[kind], **given))
    assert results["used_values"] == len(used)
    if kind not in {"regression", "trend"}:
        assert results["n"] == len(used)
    incomplete = N - len(GAP) - len(BAD) - len(used)
    counts = {one["reason"]: one["count"] for one in results["left_out_by"]}
    assert sorted(counts.values()) == sorted([incomplete, len(BAD)])
    assert results["start"] == "2001-01-01T00:00:00Z"


def test_flags_that_are_included_leave_nothing_out(home: Dataset) -> None:
    results = results_of(done(home, registry["summary"], flags="include"))
    assert (results["used_values"], results["left_out_by"]) == (N - len(GAP), [])


def test_counting_again_gives_the_same_digest(home: Dataset) -> None:
    first = done(home, registry["climatology"])
    again = services.rerun(access.view(home.owner, home.pk), first, user=home.owner)
    again.refresh_from_db()
    assert again.verdict == "identical"
