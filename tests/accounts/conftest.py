"""Signing in over the API, and a client of nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories import PASSWORD

SignIn = Callable[[User], dict[str, Any]]


@pytest.fixture
def anyone() -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def sign_in(anyone: APIClient) -> SignIn:
    """The tokens of a new sign-in."""

    def sign_in(user: User) -> dict[str, Any]:
        body = {"username": user.username, "password": PASSWORD}
        answer = anyone.post("/api/v1/auth/token", body, format="json")
        assert answer.status_code == 200, answer.content
        tokens: dict[str, Any] = answer.json()
        return tokens

    return sign_in


@pytest.fixture
def status_with(anyone: APIClient) -> Callable[[str], int]:
    """The status of GET /users/me with an access token."""

    def status_with(access: str) -> int:
        header = f"Bearer {access}"
        return int(anyone.get("/api/v1/users/me", HTTP_AUTHORIZATION=header).status_code)

    return status_with
