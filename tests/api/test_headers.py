"""Headers and addresses: request ids, slashes, HEAD, caching, policies."""

import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import API, World

DATASETS = f"{API}/datasets"
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@pytest.fixture
def anyone(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.mark.parametrize("sent", ["abc-1", "!" * 128, '{"a":1}'])
def test_a_valid_request_id_comes_back(anyone: APIClient, sent: str) -> None:
    assert anyone.get(DATASETS, HTTP_X_REQUEST_ID=sent)["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", " ", "a b", "x" * 129, "\u00fc", "a\tb", "a\nb: c"])
def test_an_id_that_is_not_valid_is_replaced(anyone: APIClient, sent: str) -> None:
    answer = anyone.get(DATASETS, HTTP_X_REQUEST_ID=sent)
    assert UUID.fullmatch(answer["X-Request-ID"])


def test_two_requests_have_two_ids(anyone: APIClient) -> None:
    assert anyone.get(DATASETS)["X-Request-ID"] != anyone.get(DATASETS)["X-Request-ID"]


@pytest.mark.parametrize("path", ["/", "/health/live", "/api/schema", "/nothing", f"{API}/nothing"])
def test_every_answer_has_an_id(anyone: APIClient, path: str) -> None:
    assert anyone.get(path)["X-Request-ID"]


def test_a_trailing_slash_changes_nothing(world: World) -> None:
    with_slash = world.anyone.get(f"{DATASETS}/{world.dataset.pk}/")
    assert with_slash.status_code == 200
    assert with_slash.json() == world.anyone.get(f"{DATASETS}/{world.dataset.pk}").json()
    assert world.api.post(f"{DATASETS}/", {"name": "x"}, format="json").status_code == 201


def test_links_carry_no_trailing_slash(world: World) -> None:
    world.api.post(DATASETS, {"name": "second"}, format="json")
    page = world.api.get(f"{DATASETS}/", {"page_size": 1}).json()
    assert page["next"].split("?")[0].endswith(DATASETS)


def test_head_is_get_without_a_body(world: World) -> None:
    for path in (DATASETS, f"{DATASETS}/{world.dataset.pk}", f"{API}/analysis-types",
                 f"{DATASETS}/{world.dataset.pk}/data"):  # fmt: skip
        head, get = world.anyone.head(path), world.anyone.get(path)
        assert (head.status_code, b"".join(head)) == (200, b""), path
        assert head.get("ETag") == get.get("ETag")
    assert world.anyone.head(f"{API}/users").status_code == 401


def test_an_id_in_capitals_is_the_same_object(world: World) -> None:
    answer = world.anyone.get(f"{DATASETS}/{str(world.dataset.pk).upper()}")
    assert answer.json()["id"] == str(world.dataset.pk)


def test_private_answers_are_not_kept_by_anybody_between(world: World) -> None:
    for path in (DATASETS, f"{DATASETS}/{world.dataset.pk}", f"{API}/nothing"):
        assert world.api.get(path)["Cache-Control"] == "private, no-store"
        # Whoever keeps what anyone may see asks first whether it is still so.
        assert world.anyone.get(path)["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/api/docs", "/admin/login/", DATASETS, "/nothing"])
def test_every_page_has_the_policies(anyone: APIClient, path: str) -> None:
    answer = anyone.get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    for directive in ("default-src 'self'", "frame-ancestors 'none'", "object-src 'none'",
                      "base-uri 'none'"):  # fmt: skip
        assert directive in policy
    assert "unsafe" not in policy


def test_the_pages_hold_no_script_of_their_own(anyone: APIClient) -> None:
    for path in ("/", "/api/docs"):
        page = anyone.get(path).content.decode()
        for script in re.findall(r"<script[^>]*>", page):
            assert "src=" in script, (path, script)
        assert not re.search(r"\son\w+=|javascript:", page), path


def test_a_picture_is_looked_at_and_never_run(world: World, monkeypatch: Any) -> None:
    from visualizations import drawing

    # Drawing itself takes a second and is tested where it is made.
    monkeypatch.setattr(drawing, "draw", lambda *args, **kwargs: b"<svg/>")
    path = f"{API}/visualizations/{world.picture.pk}/image"
    answer = world.anyone.get(path, {"format": "svg"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "image/svg+xml"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("inline; filename=")


def test_answers_are_compressed_where_the_client_can(world: World) -> None:
    for coding in ("gzip", "br", "zstd"):
        answer = world.anyone.get("/api/schema", HTTP_ACCEPT_ENCODING=coding)
        assert answer["Content-Encoding"] == coding
        assert "accept-encoding" in answer["Vary"].lower()
