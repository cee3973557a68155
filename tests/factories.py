"""Objects for tests, made through the services that make them for users."""

import itertools
from datetime import date, timedelta
from typing import Any

from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import User
from datasets import ingest
from datasets.models import Dataset

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery-9"


def make_user(role: str = "analyst", **facts: Any) -> User:
    name = facts.pop("username", f"{role}-{next(_numbers)}")
    email = facts.pop("email", f"{name}@example.org")
    return accounts.create_user(name, email, password=PASSWORD, roles=[role])


def signed_in(user: User | None) -> APIClient:
    """A client that is signed in as a user over the API, or that of nobody."""
    client = APIClient(raise_request_exception=False)
    if user is not None:
        body = {"username": user.username, "password": PASSWORD}
        tokens = client.post("/api/v1/auth/token", body, format="json").json()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    return client


def make_dataset(owner: User | None = None, **facts: Any) -> Dataset:
    facts.setdefault("name", f"dataset {next(_numbers)}")
    return Dataset.objects.create(owner=owner or make_user(), **facts)


def days(n: int, start: str = "2001-01-01", **more: Any) -> list[dict[str, Any]]:
    """`n` daily points with TMAX and TMIN."""
    first = date.fromisoformat(start)
    return [
        {
            "timestamp": f"{first + timedelta(days=i)}T00:00:00Z",
            "value": {"TMAX": round(10 + i % 7 + 0.5, 2), "TMIN": float(i % 5)},
            **more,
        }
        for i in range(n)
    ]


def write(dataset: Dataset, points: list[dict[str, Any]], **options: Any) -> ingest.Outcome:
    """Write points as their owner would through the API."""
    return ingest.write(
        dataset.pk,
        ingest.from_records(points),
        author=ingest.Author(route="test", user=dataset.owner),
        options=ingest.Options(**options),
    )
