"""The description of the API, and one of everything that it describes."""

from dataclasses import dataclass
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import User
from analyses import services as analyses
from analyses.models import Analysis
from datasets import access
from datasets.models import Dataset, Export
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, write
from visualizations import services as pictures
from visualizations.models import Visualization

API = "/api/v1"
UNKNOWN = "5a1d1c1e-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Operation:
    """One method of one path of the description."""

    method: str
    path: str
    about: dict[str, Any]

    def at(self, **names: Any) -> str:
        """The path with its placeholders filled, those without a name with an unknown id."""
        whole = {"number": 999, **names}
        path = self.path
        for one in self.about.get("parameters", []):
            if one["in"] == "path":
                is_number = one["schema"]["type"] == "integer"
                value = whole.get(one["name"], UNKNOWN)
                if is_number and not isinstance(value, int):
                    value = 999
                path = path.replace(f"{{{one['name']}}}", str(value))
        return path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def describe() -> dict[str, Any]:
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return described


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    return describe()


@pytest.fixture(scope="session")
def operations(openapi: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method, path, about)
        for path, methods in openapi["paths"].items()
        for method, about in methods.items()
    ]


@dataclass(frozen=True)
class World:
    """A dataset with an export, an analysis and a picture, and the clients of some people."""

    owner: User
    dataset: Dataset
    analysis: Analysis
    picture: Visualization
    api: APIClient
    admin: APIClient
    anyone: APIClient


@pytest.fixture
def world(analyst: User, admin: User, client_of: ClientOf) -> World:
    dataset = make_dataset(analyst, visibility="public")
    write(dataset, days(10, station="A"))
    dataset.refresh_from_db()
    view = access.view(analyst, dataset.pk)
    analysis = analyses.request_analysis(view, "summary", {"variable": "TMAX"}, user=analyst)
    analyses.execute(analysis.pk)
    # Nobody sees an export but who asked for it.
    Export.objects.create(dataset=dataset, user=admin, format="csv", query={"station": ["A"]})
    facts = {"title": "A line", "kind": "line", "dataset": dataset.pk, "visibility": "public"}
    picture = pictures.create_visualization(analyst, {**facts, "options": {"variables": ["TMAX"]}})
    clients = (client_of(analyst), client_of(admin), client_of(None))
    return World(analyst, dataset, analysis, picture, *clients)
