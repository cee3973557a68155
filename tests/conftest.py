"""What all tests share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from tests.factories import PASSWORD, make_dataset, make_user

ClientOf = Callable[[User | None], APIClient]


# What the migrations put in, which every test expects to be there.
KEPT_TABLES = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "workspaces",
}


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which commits are real, for threads and tasks; emptied afterwards.

    The framework's own (`transaction=True`) would take the roles away from the tests that follow.
    """
    with django_db_blocker.unblock():
        yield
        tables = set(connection.introspection.table_names()) - KEPT_TABLES
        names = ", ".join(map(connection.ops.quote_name, sorted(tables)))
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names}")


@pytest.fixture
def analyst(db: None) -> User:
    return make_user("analyst")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin")


@pytest.fixture
def viewer(db: None) -> User:
    return make_user("viewer")


@pytest.fixture
def steward(db: None) -> User:
    return make_user("steward")


@pytest.fixture
def dataset(analyst: User) -> Dataset:
    """An empty private dataset of the analyst."""
    return make_dataset(analyst)


@pytest.fixture
def client_of() -> ClientOf:
    """A client that is signed in as a user over the API, or that of nobody."""

    def make(user: User | None) -> APIClient:
        client = APIClient(raise_request_exception=False)
        if user is not None:
            body = {"username": user.username, "password": PASSWORD}
            tokens = APIClient().post("/api/v1/auth/token", body, format="json").json()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
        return client

    return make


@pytest.fixture
def api(analyst: User, client_of: ClientOf) -> APIClient:
    """The analyst's client."""
    return client_of(analyst)
