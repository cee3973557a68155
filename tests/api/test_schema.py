"""The description of the API: complete, valid, and the one that is kept in docs/."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import get_resolver

from datastream.core.api.routes import _walk, api_routes, check_routes
from datastream.core.api.views import Resource
from tests.api.conftest import API, Operation

PROJECT = Path(__file__).resolve().parents[2]
KEPT = PROJECT / "docs" / "openapi.json"


@pytest.mark.slow
def test_the_description_is_valid_and_made_without_a_warning(tmp_path: Path) -> None:
    options = {"validate": True, "fail_on_warn": True, "format": "openapi-json"}
    target = tmp_path / "openapi.json"
    call_command("spectacular", file=str(target), **options)
    assert json.loads(target.read_text())["openapi"].startswith("3.1")


@pytest.mark.skipif(not KEPT.exists(), reason="`make openapi` has not been run yet")
def test_the_description_in_docs_is_that_of_the_code(tmp_path: Path) -> None:
    target = tmp_path / "openapi.json"
    call_command("spectacular", format="openapi-json", file=str(target))
    if target.read_bytes() != KEPT.read_bytes():
        pytest.fail("docs/openapi.json is out of date; run: make openapi")


def test_every_route_of_the_api_is_described(operations: list[Operation]) -> None:
    routes = {
        (path.replace("<str:", "{").replace("<int:", "{").replace(">", "}"), method)
        for path, view, _ in api_routes()
        if path.startswith(API)
        for method in methods_of(path)
    }
    described = {(one.path, one.method) for one in operations}
    # The description calls every key `id`.
    assert {(path.replace("{pk}", "{id}"), method) for path, method in routes} == described


def methods_of(path: str) -> set[str]:
    for route, pattern in _patterns(get_resolver().url_patterns, "/"):
        if route == path:
            return set(pattern.callback.actions) - {"head"}
    raise AssertionError(path)


def _patterns(patterns: Any, prefix: str) -> Any:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns, path)
        else:
            yield path, pattern


def test_every_operation_tells_its_errors_in_the_one_shape(operations: list[Operation]) -> None:
    for one in operations:
        answers = one.about["responses"]
        wanted = {"400", "401", "403", "404", "405", "406", "429", "503"}
        wanted |= {"409", "412"} if one.method != "get" else set()
        wanted |= {"413", "415"} if "requestBody" in one.about else set()
        assert wanted <= set(answers), one
        for status in wanted:
            shape = answers[status]["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Error"}, one


def test_every_operation_has_a_name_a_summary_a_tag_and_says_who_may_call_it(
    operations: list[Operation],
) -> None:
    names = [one.about["operationId"] for one in operations]
    assert len(names) == len(set(names))
    for one in operations:
        assert one.about["summary"], one
        assert len(one.about["tags"]) == 1, one
        assert "Who: " in one.about["description"], one
        assert one.about["security"], one


def test_every_operation_says_which_credential_and_scope_it_needs(
    openapi: dict[str, Any], operations: list[Operation]
) -> None:
    known = openapi["components"]["securitySchemes"]
    assert set(known) == {"apiKey", "bearer", "oauth2", "session"}
    for one in operations:
        ways = {name: scopes for way in one.about["security"] for name, scopes in way.items()}
        if not ways:
            assert one.path.startswith(f"{API}/auth/"), one
            continue
        assert {"bearer", "session"} <= set(ways), one
        assert ways.get("oauth2") == ways.get("apiKey"), one
        for flow in known["oauth2"]["flows"].values():
            assert set(ways.get("oauth2", ())) <= set(flow["scopes"]), one


def test_what_is_done_in_person_only_takes_no_key_and_no_token(
    operations: list[Operation],
) -> None:
    in_person = {
        str(one).replace(API, "")
        for one in operations
        if {"bearer": []} in one.about["security"]
        and not any("oauth2" in way or "apiKey" in way for way in one.about["security"])
    }
    assert {"post /auth/api-keys", "post /users/me/password", "patch /users/me"} <= in_person
    assert "get /users/me" not in in_person


def test_the_scope_is_that_which_is_asked_for(operations: list[Operation]) -> None:
    wanted = {
        "get /datasets": "data:read",
        "post /datasets": "data:write",
        "post /datasets/{dataset_id}/analysis": "analysis:run",
        "get /audit": "admin",
    }
    found = {str(one).replace(API, ""): one.about["security"] for one in operations}
    for name, scope in wanted.items():
        assert {"oauth2": [scope]} in found[name], name


def test_every_parameter_says_what_it_means(operations: list[Operation]) -> None:
    silent = [
        f"{one} {parameter['name']}"
        for one in operations
        for parameter in one.about.get("parameters", [])
        if not parameter.get("description")
        and parameter["in"] != "path"
        and "enum" not in parameter["schema"]
    ]
    assert silent == []


def test_every_tag_is_described(openapi: dict[str, Any], operations: list[Operation]) -> None:
    described = {tag["name"] for tag in openapi["tags"] if tag["description"]}
    assert {tag for one in operations for tag in one.about["tags"]} <= described


def test_a_route_that_does_not_say_who_may_call_it_is_found() -> None:
    assert check_routes() == []

    class Forgetful(Resource):
        requires = {"list": "anyone"}

    from django.urls import path

    route = path("forgetful", Forgetful.as_view({"get": "list", "post": "create"}))
    ((_, view, actions),) = _walk([route], "/api/")
    assert view is Forgetful
    assert [action for action in actions if action not in view.requires] == ["create"]


def test_such_a_route_stops_the_start(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    (problem,) = check_routes()
    assert (problem.id, problem.is_serious()) == ("api.E001", True)
    assert "create" in str(problem.hint)


class _Forgetful(Resource):
    requires = {"list": "anyone"}

    def create(self, request: Any) -> None:
        """Nobody said who may."""


def _routes() -> list[Any]:
    from django.urls import path

    return [path("api/v1/forgetful", _Forgetful.as_view({"get": "list", "post": "create"}))]


urlpatterns = _routes()
