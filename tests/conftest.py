"""What all tests share."""

import gc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from datastream.core import origin
from tests.factories import PASSWORD, make_dataset, make_user

if TYPE_CHECKING:
    from tests.running import Server

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


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay until the end; no use looking for garbage in them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The database of the tests, whatever is run.

    The framework's own makes none where no test of the run has its mark or its `db`: those that use
    `committed_db` alone would empty the real one.
    """
    with django_db_blocker.unblock():
        keep = django_db_keepdb and not django_db_createdb
        made = setup_databases(0, interactive=False, keepdb=keep, serialized_aliases=set())
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


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


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> None:
    """What the request of an earlier test came with says nothing of this one."""
    origin.end()


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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """One real server with its worker and database for all stories, with the real settings."""
    from tests.running import Server

    with Server(tmp_path_factory.mktemp("server") / "var") as server:
        yield server
