"""The description of the API, and one of everything that it describes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import User
from analyses import services as analyses
from analyses.models import Analysis
from connectors import services as collection
from connectors.models import Coverage, Document, Run
from datasets import access
from datasets.models import Dataset, Export
from datastream.core import clock
from tests.conftest import ClientOf
from tests.connectors.collecting import make_document, make_feed
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
    """A dataset with something made of it and a feed into it, and the clients of some people."""

    owner: User
    dataset: Dataset
    analysis: Analysis
    picture: Visualization
    run: Run
    document: Document
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
    # Into one of its own: it declares variables.
    run = collected(make_dataset(analyst, visibility="public"))
    clients = (client_of(analyst), client_of(admin), client_of(None))
    document = make_document(run, b"STATION,DATE")
    return World(analyst, dataset, analysis, picture, run, document, *clients)


def collected(dataset: Dataset) -> Run:
    """A run of a feed, done, with what it covered."""
    feed = make_feed(dataset, schedule={"every": "1d"})
    run = collection.start_run(feed)
    error = {"code": "PROVIDER_UNAVAILABLE", "message": "It did not answer."}
    rejections = [{"row": 1, "field": "TMAX", "message": "Not a number."}]
    done = {"status": "failed", "error": error, "rejections": rejections, "notes": ["Odd."]}
    Run.objects.filter(pk=run.pk).update(**done, finished_at=clock.now())
    year = [datetime(2012, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)]
    span = dict(zip(("start", "end"), year, strict=True))
    Coverage.objects.create(feed=feed, station="A", state="failed", reason="Down.", **span)
    return run
