"""Tokens and headers that nobody was given: 401, never 500."""

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from tests.accounts.conftest import SignIn

KEY = str(settings.SIMPLE_JWT["SIGNING_KEY"])
Forge = Callable[..., str]


@pytest.fixture
def forge(analyst: User, sign_in: SignIn) -> Forge:
    """A genuine access token with some claims changed; a claim given as ... is left out."""
    genuine = sign_in(analyst)["access"]
    claims = jwt.decode(genuine, options={"verify_signature": False})

    def forge(*, key: str = KEY, algorithm: str = "HS256", **changed: Any) -> str:
        payload = {k: v for k, v in {**claims, **changed}.items() if v is not ...}
        # Not PyJWT: it refuses to write what an attacker writes.
        if algorithm == "none":
            return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(payload)}."
        return signed({"alg": algorithm, "typ": "JWT"}, payload, key)

    return forge


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def signed(header: Any, payload: Any, key: str) -> str:
    text = f"{part(header)}.{part(payload)}"
    signature = jwt.get_algorithm_by_name("HS256").sign(text.encode(), key.encode())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_the_forger_can_write_a_genuine_token(
    forge: Forge, status_with: Callable[[str], int]
) -> None:
    assert status_with(forge()) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"algorithm": "none"},
        {"algorithm": "HS512"},
        {"key": "x" * 40},
        {"aud": "somebody-else"},
        {"aud": ...},
        {"aud": [1]},
        {"iss": "somebody-else"},
        {"iss": ...},
        {"token_type": "refresh"},
        {"token_type": ...},
        {"token_type": None},
        {"exp": 1},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": None},
        {"exp": [9]},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": "x"},
        {"nbf": 10**12},
        {"jti": ...},
        {"login": ...},
    ],
    ids=str,
)
def test_k_05_a_token_that_is_not_ours_is_401(
    forge: Forge, status_with: Callable[[str], int], changed: dict[str, Any]
) -> None:
    assert status_with(forge(**changed)) == 401


@pytest.mark.parametrize("login", ["admin", "", "\x00", 5, None, True, ["a"], {"a": 1}, "0" * 33])
def test_in_50_a_sign_in_named_by_text_list_or_nul_is_401(
    forge: Forge, status_with: Callable[[str], int], login: Any
) -> None:
    assert status_with(forge(login=login)) == 401


def test_in_50_an_end_beyond_all_time_is_401(
    forge: Forge, status_with: Callable[[str], int]
) -> None:
    assert status_with(forge(exp=1e300)) == 401


@pytest.mark.parametrize("user", ["admin", ["a"], "\x00", None, 7])
def test_whose_token_it_is_comes_from_the_sign_in_and_not_from_a_claim(
    forge: Forge, status_with: Callable[[str], int], user: Any
) -> None:
    assert status_with(forge(user_id=user)) in {200, 401}


def test_a_sign_in_that_never_was_is_401(forge: Forge, status_with: Callable[[str], int]) -> None:
    assert status_with(forge(login=str(uuid4()))) == 401


@pytest.mark.parametrize(
    "header", [[], "x", None, {}, {"alg": ["HS256"]}, {"alg": "HS256", "crit": ["x"]}]
)
def test_an_odd_header_of_a_token_is_401(
    forge: Forge, status_with: Callable[[str], int], header: Any
) -> None:
    payload = jwt.decode(forge(), options={"verify_signature": False})
    assert status_with(signed(header, payload, KEY)) == 401


@pytest.mark.parametrize("payload", [[], "x", None, 3, {}])
def test_an_odd_payload_of_a_token_is_401(
    db: None, status_with: Callable[[str], int], payload: Any
) -> None:
    header = {"alg": "HS256", "typ": "JWT"}
    assert status_with(signed(header, payload, KEY)) == 401


def test_a_token_nested_too_deep_to_be_read_is_401(
    db: None, status_with: Callable[[str], int]
) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()
    assert status_with(f"{nested}.e30.e30") == 401


@pytest.mark.parametrize(
    "words", ["a.b.c", "..", ".", "a" * 7000, "e30.e30.e30", "%00", "\x01.a.b"]
)
def test_what_is_no_token_at_all_is_401(
    db: None, status_with: Callable[[str], int], words: str
) -> None:
    assert status_with(words) == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  a",
        "Bearer a b",
        "Basic YTpi",
        "Token a",
        "x" * 7000,
        "Bearer " + "x" * 7000,
        "Bearer \xfc",
        "Bearer \u2713".encode().decode("latin-1"),
        "\x00",
    ],
)
def test_in_49_a_bad_authorization_header_is_401_and_says_how(
    db: None, anyone: APIClient, header: str
) -> None:
    # A public list, so that the header is refused and not ignored.
    answer = anyone.get("/api/v1/datasets", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["detail"]["code"] == "INVALID_TOKEN"


@pytest.mark.parametrize("refresh", [None, True, ["a"], {"a": 1}, "", "\x00", "x" * 5000])
@pytest.mark.parametrize("path", ["refresh", "revoke"])
def test_a_refresh_token_that_is_no_text_is_400(
    db: None, anyone: APIClient, path: str, refresh: Any
) -> None:
    answer = anyone.post(f"/api/v1/auth/{path}", {"refresh": refresh}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["detail"]["details"]) == {"refresh"}


@pytest.mark.parametrize("refresh", ["x", "a.b.c", "e30.e30.e30", "\u2713"])
@pytest.mark.parametrize("path", ["refresh", "revoke"])
def test_a_refresh_token_that_is_not_ours_is_401(
    db: None, anyone: APIClient, path: str, refresh: str
) -> None:
    answer = anyone.post(f"/api/v1/auth/{path}", {"refresh": refresh}, format="json")
    assert answer.status_code == 401
