"""Errors: one shape, the right status, no 5xx whatever is sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from jsonschema import validate
from rest_framework import exceptions
from rest_framework.test import APIClient

from datastream.core import errors
from datastream.core.api.errors import STATUS_OF_CODE, describe, flatten
from datastream.core.api.schema import ERROR
from tests.api.conftest import API, Operation, World

pytestmark = pytest.mark.slow

DATASETS = f"{API}/datasets"


def in_shape(answer: Any, status: int, code: str = "") -> dict[str, Any]:
    """The details of an error answer, once its status, code and shape are seen to be right."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Request-ID"]
    validate(answer.json(), ERROR)
    detail = answer.json()["detail"]
    assert not code or detail["code"] == code
    assert detail["message"]
    details: dict[str, Any] = detail["details"]
    return details


@pytest.fixture
def anyone(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


# ------------------------------------------------------------------ every operation


def public(operation: Operation) -> bool:
    return {} in operation.about["security"]


def test_a_01_nobody_is_asked_to_sign_in_wherever_the_description_says_so(
    operations: list[Operation], world: World
) -> None:
    for one in operations:
        answer = getattr(world.anyone, one.method)(one.at(), {}, format="json")
        if public(one) and one.path != f"{API}/users":
            assert answer.status_code in {200, 400, 404}, one
        else:
            in_shape(answer, 401, "AUTHENTICATION_REQUIRED")
            assert answer["WWW-Authenticate"].startswith("Bearer"), one


def test_an_unknown_id_is_404_for_every_operation(
    operations: list[Operation], world: World
) -> None:
    for one in operations:
        if "{" in one.path:
            answer = getattr(world.admin, one.method)(one.at(), {}, format="json")
            in_shape(answer, 404, "NOT_FOUND")


BODIES: tuple[Any, ...] = (None, 3, "x", [], {}, {"a": {"b": []}}, [[[]]], [None, 1, "x", {}])


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_in_12_no_body_whatever_it_is_makes_a_5xx(
    operations: list[Operation], world: World, body: Any
) -> None:
    fine = {200, 202} if body in ([], {}) else set()
    for one in operations:
        if "requestBody" in one.about:
            path = one.at(dataset_id=world.dataset.pk, id=world.dataset.pk)
            send = getattr(world.admin, one.method)
            answer = send(path, json.dumps(body), content_type="application/json")
            assert answer.status_code in {400, 404} | fine, (one, answer.content)
            if answer.status_code >= 400:
                in_shape(answer, answer.status_code)


def odd(operation: Operation) -> Iterator[dict[str, str]]:
    for parameter in operation.about.get("parameters", []):
        if parameter["in"] == "query":
            for text in ("", "\x00", "'", "x" * 300, "-1", "1e400", "NaN", "[]", "%", "9" * 30):
                yield {parameter["name"]: text}


@pytest.mark.slow
def test_no_query_whatever_it_is_makes_a_5xx(operations: list[Operation], world: World) -> None:
    for one in operations:
        if one.method == "get":
            key = world.picture.pk if "visualizations" in one.path else world.dataset.pk
            path = one.at(dataset_id=world.dataset.pk, id=key)
            for query in odd(one):
                answer = world.admin.get(path, query)
                assert answer.status_code in {200, 400, 404, 406}, (one, query, answer.content)


def test_a_method_that_is_not_there_is_405_with_what_is(
    operations: list[Operation], world: World
) -> None:
    by_path: dict[str, list[Operation]] = {}
    for one in operations:
        by_path.setdefault(one.path, []).append(one)
    for there in by_path.values():
        methods = {one.method for one in there}
        for method in {"get", "post", "put", "patch", "delete", "options", "trace"} - methods:
            # Before who is calling: nobody may use it.
            answer = getattr(world.anyone, method)(there[0].at())
            in_shape(answer, 405, "METHOD_NOT_ALLOWED")
            assert set(answer["Allow"].lower().split(", ")) - {"head"} == methods, there[0]


def test_a_10_headers_that_would_override_the_method_are_ignored(world: World) -> None:
    path = f"{DATASETS}/{world.dataset.pk}"
    for name in ("X-HTTP-Method-Override", "X-Method-Override"):
        assert world.admin.get(path, headers={name: "DELETE"}).status_code == 200
    assert world.admin.post(f"{path}?_method=DELETE", {}, format="json").status_code == 405


# ------------------------------------------------------------------ one by one


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"\xff",
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
    ids=lambda body: str(body[:12]),
)
def test_what_is_no_json_is_a_parse_error(api: APIClient, body: bytes) -> None:
    in_shape(api.post(DATASETS, body, content_type="application/json"), 400, "PARSE_ERROR")


def test_a_body_of_another_kind_is_415(api: APIClient) -> None:
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "rubbish"):
        answer = api.post(DATASETS, b"x", content_type=kind)
        in_shape(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    other = api.post(DATASETS, b"{}", content_type="application/json; charset=latin-1")
    in_shape(other, 415, "UNSUPPORTED_MEDIA_TYPE")
    utf8 = api.post(DATASETS, b'{"name":"x"}', content_type="application/json; charset=UTF-8")
    assert utf8.status_code == 201


def test_a_body_past_the_limit_is_413_naming_it(api: APIClient, settings: Any) -> None:
    settings.BODY_MAX_BYTES = 100
    whole = b'{"name":"%s"}'
    fits = whole % (b"x" * (100 - len(whole) + 2))
    assert len(fits) == 100
    assert api.post(DATASETS, fits, content_type="application/json").status_code == 201
    answer = api.post(DATASETS, fits + b" ", content_type="application/json")
    assert in_shape(answer, 413, "PAYLOAD_TOO_LARGE") == {"limit_bytes": 100}


def test_an_accept_that_nobody_serves_is_406(anyone: APIClient) -> None:
    in_shape(anyone.get(DATASETS, HTTP_ACCEPT="image/png"), 406, "NOT_ACCEPTABLE")
    for fine in ("*/*", "application/*", "application/json;q=0.1, text/html"):
        assert anyone.get(DATASETS, HTTP_ACCEPT=fine).status_code == 200


def test_a_stale_tag_is_412_and_changes_nothing(world: World) -> None:
    path = f"{DATASETS}/{world.dataset.pk}"
    for method in (world.api.patch, world.api.delete):
        answer = method(path, {"name": "late"}, format="json", HTTP_IF_MATCH='"stale"')
        in_shape(answer, 412, "PRECONDITION_FAILED")
    assert world.api.get(path).json()["name"] == world.dataset.name


def test_a_weak_tag_is_compared_by_its_opaque_part(world: World) -> None:
    path = f"{DATASETS}/{world.dataset.pk}"
    tag = world.api.get(path)["ETag"]
    assert world.api.get(path, HTTP_IF_NONE_MATCH=f"W/{tag}").status_code == 304
    assert world.api.get(path, HTTP_IF_NONE_MATCH=f'"x", {tag}').status_code == 304
    changed = world.api.patch(path, {"name": "n"}, format="json", HTTP_IF_MATCH=f"W/{tag}")
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/datasets",
        "/api/v1/nothing",
        "/api/v1/datasets/a/b/c",
        "/health/nothing",
    ],
)
def test_an_unknown_path_of_the_api_is_404_in_json(anyone: APIClient, path: str) -> None:
    in_shape(anyone.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/nothing", "/datasets/nothing", "/apis"])
def test_an_unknown_page_is_404_in_html(anyone: APIClient, path: str) -> None:
    answer = anyone.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
    assert b"<h1" in answer.content


@pytest.mark.parametrize("host", ["evil.example.org", "localhost:80:80", "a b", ""])
def test_in_46_a_foreign_host_is_400(db: None, host: str) -> None:
    answer = Client(raise_request_exception=False).get(DATASETS, HTTP_HOST=host or "@")
    in_shape(answer, 400, "VALIDATION_ERROR")


def test_a_failure_of_ours_tells_nothing_but_the_request_id(
    anyone: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets.selectors import catalogue

    def fail(_: Any) -> None:
        raise RuntimeError("secret-of-ours")

    monkeypatch.setattr(catalogue, "datasets", fail)
    answer = anyone.get(DATASETS)
    assert in_shape(answer, 500, "SERVER_ERROR") == {}
    assert b"secret-of-ours" not in answer.content


def test_a_database_that_is_away_is_503_with_when_to_try_again() -> None:
    status, content, headers = describe(OperationalError("could not connect: password=x"))
    assert (status, content["detail"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert headers["Retry-After"] == "5"
    assert "password" not in str(content)


def test_every_error_of_the_platform_has_a_status() -> None:
    def below(kind: type[errors.PlatformError]) -> Iterator[type[errors.PlatformError]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    provider_only = {"SCHEMA_DRIFT"}
    for kind in below(errors.PlatformError):
        assert kind.code in STATUS_OF_CODE.keys() | provider_only, kind


def test_errors_of_the_frameworks_keep_their_meaning() -> None:
    expected: dict[Exception, tuple[int, str]] = {
        Http404(): (404, "NOT_FOUND"),
        exceptions.NotFound(): (404, "NOT_FOUND"),
        exceptions.Throttled(wait=3): (429, "RATE_LIMITED"),
        exceptions.AuthenticationFailed(): (401, "INVALID_TOKEN"),
        exceptions.ParseError("x"): (400, "PARSE_ERROR"),
        KeyError("x"): (500, "SERVER_ERROR"),
    }
    for error, (status, code) in expected.items():
        found, content, _ = describe(error)
        assert (found, content["detail"]["code"]) == (status, code)


def test_nested_messages_are_named_by_dots_and_indexes() -> None:
    detail = {"a": ["x"], "list": [{}, {"b": ["y"]}], "inner": {"c": {"d": ["z"]}}}
    assert flatten(detail) == {"a": ["x"], "list.1.b": ["y"], "inner.c.d": ["z"]}
    assert flatten(["whole"]) == {"body": ["whole"]}
    assert flatten({"non_field_errors": ["n"]}) == {"body": ["n"]}
