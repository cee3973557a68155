"""People and clients that the tests of a module share; what a test itself makes is undone."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from tests.factories import make_dataset, make_user, signed_in


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What fixtures of the module's scope make is there for all its tests, and then undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def analyst(kept: None) -> User:
    return make_user("analyst")


@pytest.fixture(scope="module")
def api(analyst: User) -> APIClient:
    """The analyst's client."""
    return signed_in(analyst)


@pytest.fixture
def dataset(db: None, analyst: User) -> Dataset:
    """An empty private dataset of the analyst."""
    return make_dataset(analyst)
