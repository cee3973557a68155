"""Every registered analysis over HTTP, on odd series as they are stored."""

from collections.abc import Sequence
from typing import Any

import pytest
from rest_framework.test import APIClient

from analyses import services
from analyses.models import Analysis
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from datasets import access
from datasets.models import Dataset, Station, Variable
from tests.analyses.test_contract_requests import BY_NAME, good
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write

pytestmark = pytest.mark.slow

Points = list[dict[str, Any]]
NAMES = ("TMAX", "TMIN", "PRCP")
FAILED = {"quality": dict.fromkeys(NAMES, 4)}


def points(n: int, **more: Any) -> Points:
    """Days with all that any of them takes."""
    found = days(n, station="A", **more)
    for place, one in enumerate(found):
        one["value"] |= {"PRCP": float(place % 3)}
    return found


def equal(n: int) -> Points:
    return [one | {"value": dict.fromkeys(NAMES, 4.5)} for one in points(n)]


def extreme(n: int) -> Points:
    """Huge and tiny values by turns, and ten years without any in the middle."""
    later = points(n // 2, start="2019-01-01")
    found = [*points(n // 2), *later]
    for place, one in enumerate(found):
        one["value"] = dict.fromkeys(NAMES, 1e300 if place % 2 else 1e-300)
    return found


ODD: dict[str, Points] = {
    "one value": points(1),
    "two values": points(2),
    "equal values": equal(800),
    "huge and tiny values": extreme(800),
    "nothing but failed values": points(800, metadata=FAILED),
}


def of(batches: Sequence[Points]) -> Dataset:
    """A dataset with these points, written one batch after the other."""
    dataset = make_dataset(make_user("analyst"))
    Station.objects.create(dataset=dataset, code="A", latitude=45, longitude=7)
    for name, unit in zip(NAMES, ("degC", "degC", "mm"), strict=True):
        Variable.objects.create(dataset=dataset, name=name, unit=unit, interval="P1D")
    for batch in batches:
        write(dataset, batch)
    dataset.refresh_from_db()
    return dataset


def asked(client: APIClient, dataset: Dataset, method: Method) -> dict[str, Any]:
    """The analysis as it is read after a request that waits for it."""
    body = {"type": method.name, "parameters": good(method)}
    made = client.post(f"/api/v1/datasets/{dataset.pk}/analysis?wait=20", body, format="json")
    assert made.status_code == 200, made.content
    answer = client.get(made["Location"])
    assert answer.status_code == 200
    assert not {b"NaN", b"Infinity"} & set(answer.content.replace(b",", b":").split(b":"))
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("method", BY_NAME)
def test_in_54_an_odd_series_ends_with_a_reason_or_a_named_failure(
    committed_db: None, client_of: ClientOf, method: Method
) -> None:
    for name, batch in ODD.items():
        dataset = of([batch])
        found = asked(client_of(dataset.owner), dataset, method)
        if found["status"] == "failed":
            assert found["error"]["code"] not in {"SERVER_ERROR", "WORKER_DIED"}, (name, found)
            assert found["error"]["message"].endswith("."), (name, found)
        else:
            assert found["status"] == "succeeded", (name, found)
        if name == "nothing but failed values":
            results = found["results"]
            (one,) = results["series"] if method.several else [results]
            assert one["reason"], (name, found)
            assert one["left_out"] >= 800


@pytest.mark.parametrize("method", BY_NAME)
def test_in_54_a_dataset_without_points_has_no_station_to_choose(
    committed_db: None, client_of: ClientOf, method: Method
) -> None:
    dataset = make_dataset(make_user("analyst"))
    for name in NAMES:
        Variable.objects.create(dataset=dataset, name=name)
    given = {name: value for name, value in good(method).items() if name != "station"}
    answer = client_of(dataset.owner).post(
        f"/api/v1/datasets/{dataset.pk}/analysis",
        {"type": method.name, "parameters": given},
        format="json",
    )
    assert answer.status_code == 400, answer.content
    (sentences,) = answer.json()["detail"]["details"].values()
    assert sentences[0].endswith(".")
    assert not Analysis.objects.exists()


def computed(dataset: Dataset, method: Method) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    analysis = services.request_analysis(view, method.name, good(method), user=dataset.owner)
    services.execute(analysis.pk)
    return Analysis.objects.select_related("result").get(pk=analysis.pk)


def test_a_series_written_backwards_and_in_pieces_gives_the_same(db: None) -> None:
    batch = points(800)
    backwards = batch[::-1]
    orderly = of([batch])
    messy = of([backwards[500:], backwards[:200], backwards[200:500]])
    for method in registry:
        first, second = computed(orderly, method).result, computed(messy, method).result
        assert first is not None, method.name
        assert second is not None, method.name
        assert second.inputs_digest == first.inputs_digest, method.name
        assert second.digest == first.digest, method.name


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("comparison", {"reference": {"variable": "PRCP"}}),
        ("indices", {"tmax": "PRCP"}),
        ("indices", {"precipitation": "TMAX"}),
        ("drought", {"precipitation": "TMIN"}),
        ("drought", {"tmean": "PRCP", "index": "spei"}),
    ],
)
def test_series_of_units_that_do_not_fit_are_never_mixed(
    committed_db: None, client_of: ClientOf, kind: str, given: dict[str, Any]
) -> None:
    dataset = of([points(800)])
    (name,) = given.keys() - {"index"}
    body = {"type": kind, "parameters": good(registry[kind]) | given}
    path = f"/api/v1/datasets/{dataset.pk}/analysis?wait=20"
    answer = client_of(dataset.owner).post(path, body, format="json")
    if answer.status_code == 200:
        assert answer.json()["status"] == "failed"
        assert answer.json()["error"]["message"].startswith(f"{name}: ")
    else:
        assert answer.status_code == 400
        assert {one.partition(".")[0] for one in answer.json()["detail"]["details"]} == {name}
