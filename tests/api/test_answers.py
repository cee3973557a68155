"""Answers are what the description says they are."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from accounts.models import AuditEvent
from tests.api.conftest import API, Operation, World
from tests.connectors.collecting import PARAMETERS

# Paths of the description, and whose client asks.
pytestmark = pytest.mark.slow

READ = (
    "/audit",
    "/audit/{id}",
    "/auth/api-keys",
    "/users",
    "/users/me",
    "/users/{id}",
    "/datasets",
    "/datasets/{id}",
    "/datasets/{dataset_id}/stations",
    "/datasets/{dataset_id}/stations/{id}",
    "/datasets/{dataset_id}/variables",
    "/datasets/{dataset_id}/variables/{id}",
    "/datasets/{dataset_id}/revisions",
    "/datasets/{dataset_id}/revisions/{number}",
    "/datasets/{dataset_id}/shares",
    "/datasets/{dataset_id}/data",
    "/datasets/{dataset_id}/data/{point_id}",
    "/datasets/{dataset_id}/data?resolution=month&min_coverage=1",
    "/datasets/{dataset_id}/data?resolution=day&layout=columns",
    "/datasets/{dataset_id}/window?variable=TMAX",
    "/datasets/{dataset_id}/completeness",
    "/datasets/{dataset_id}/changes",
    "/datasets/{dataset_id}/receipts",
    "/datasets/{dataset_id}/receipts/{id}",
    "/receipts/{id}",
    "/datasets/{dataset_id}/analysis",
    "/exports",
    "/exports/{id}",
    "/analyses",
    "/analyses/{id}",
    "/analyses/{id}/explain?number=series.0.n",
    "/analysis-types",
    "/visualizations",
    "/visualizations/{id}",
    "/visualizations/{id}/spec",
    "/visualizations/{id}/image?format=json",
    "/visualization-kinds",
    "/connectors",
    "/connectors/{name}",
    "/feeds",
    "/feeds/{id}",
    "/feeds/{id}/plan",
    "/feeds/{feed_id}/coverage",
    "/runs",
    "/runs/{id}",
    "/documents",
    "/documents/{id}",
)


def valid(openapi: dict[str, Any], schema: dict[str, Any], answer: Any) -> None:
    whole = {**schema, "components": openapi["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]
    assert problems == []


def schema_of(operation: Operation, status: int) -> dict[str, Any]:
    found: dict[str, Any] = operation.about["responses"][str(status)]["content"][
        "application/json"
    ]["schema"]
    return found


def find(operations: list[Operation], method: str, path: str) -> Operation:
    return next(one for one in operations if (one.method, one.path) == (method, API + path))


def names(path: str, world: World) -> dict[str, Any]:
    dataset = world.dataset
    of = {
        "/audit": AuditEvent.objects.latest("pk").pk,
        "/users": world.owner.pk,
        "/datasets/{id}": dataset.pk,
        "/datasets/{dataset_id}/stations": dataset.stations.get().pk,
        "/datasets/{dataset_id}/variables": dataset.variables.first().pk,  # type: ignore[union-attr]
        "/datasets/{dataset_id}/receipts": dataset.receipts.get().pk,
        "/receipts": dataset.receipts.get().pk,
        "/exports": dataset.exports.get().pk,
        "/analyses": world.analysis.pk,
        "/visualizations": world.picture.pk,
        "/feeds": world.run.feed_id,
        "/runs": world.run.pk,
        "/documents": world.document.pk,
    }
    key = next((value for start, value in of.items() if path.startswith(start)), None)
    named = {"id": key, "dataset_id": dataset.pk, "feed_id": key, "name": "noaa", "number": 1}
    if "{point_id}" in path:
        page = world.anyone.get(f"{API}/datasets/{dataset.pk}/data").json()
        named["point_id"] = page["results"][0]["id"]
    return named


@pytest.mark.parametrize("path", READ)
def test_an_answer_is_as_described(
    openapi: dict[str, Any], operations: list[Operation], world: World, path: str
) -> None:
    path, _, query = path.partition("?")
    operation = find(operations, "get", path)
    answer = world.admin.get(f"{operation.at(**names(path, world))}?{query}")
    assert answer.status_code == 200, answer.content
    if answer.json().get("results") is not None:
        assert answer.json()["results"] or path.endswith(("shares", "api-keys"))
    valid(openapi, schema_of(operation, 200), answer.json())


def test_every_operation_that_reads_json_is_in_the_table(operations: list[Operation]) -> None:
    reading = {
        one.path.removeprefix(API)
        for one in operations
        if one.method == "get" and "application/json" in one.about["responses"]["200"]["content"]
    }
    assert reading == {path.partition("?")[0] for path in READ}


WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/datasets", {"name": "new", "tags": ["a"]}),
    ("/datasets/{dataset_id}/stations", {"code": "B", "latitude": 1.5, "longitude": 2}),
    ("/datasets/{dataset_id}/variables", {"name": "PRCP", "unit": "mm"}),
    ("/datasets/{dataset_id}/shares", {"role": "viewer", "permission": "view"}),
    ("/datasets/{dataset_id}/data", {"timestamp": "2001-02-01", "value": {"TMAX": 1}}),
    ("/datasets/{dataset_id}/analysis", {"type": "summary", "parameters": {"variable": "TMAX"}}),
    ("/feeds", {"connector": "noaa", "name": "new", "parameters": PARAMETERS}),
    ("/feeds/{id}/run", {"start": "2012-01-01", "end": "2012-02-01"}),
    ("/feeds/{id}/run", {}),
    ("/users", {"username": "n", "email": "n@example.org", "password": "a-long-sentence-5"}),
)


@pytest.mark.parametrize(("path", "body"), WRITES, ids=[path for path, _ in WRITES])
def test_the_answer_to_a_write_is_as_described(
    openapi: dict[str, Any],
    operations: list[Operation],
    world: World,
    path: str,
    body: dict[str, Any],
) -> None:
    operation = find(operations, "post", path)
    body = {**body, "dataset": str(world.dataset.pk)} if path == "/feeds" else body
    answer = world.admin.post(operation.at(**names(path, world)), body, format="json")
    assert answer.status_code in {200, 201, 202}, answer.content
    valid(openapi, schema_of(operation, answer.status_code), answer.json())


def test_the_request_bodies_of_the_examples_are_valid_and_work(
    openapi: dict[str, Any], operations: list[Operation], world: World
) -> None:
    body = find(operations, "post", "/datasets").about["requestBody"]
    described = body["content"]["application/json"]
    for example in described["examples"].values():
        valid(openapi, described["schema"], example["value"])
        answer = world.api.post(f"{API}/datasets", example["value"], format="json")
        assert answer.status_code == 201, answer.content


def test_times_are_utc_with_z_and_ids_are_uuids(world: World) -> None:
    shown = world.anyone.get(f"{API}/datasets/{world.dataset.pk}").json()
    assert shown["start"] == "2001-01-01T00:00:00Z"
    assert shown["created_at"].endswith("Z")
    assert shown["id"] == str(world.dataset.pk)


def test_the_description_and_its_page_are_readable_without_signing_in(anyone: APIClient) -> None:
    schema = anyone.get("/api/schema")
    assert schema["Content-Type"].startswith("application/json")
    assert schema.json()["info"]["title"] == "DataStream Pro"
    page = anyone.get("/api/docs")
    assert page["Content-Type"].startswith("text/html")
    script = anyone.get("/api/docs", {"script": ""})
    assert b"/api/schema" in script.content


@pytest.fixture
def anyone(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)
