"""A dataset to attack, and the check that an attack is refused properly and leaves nothing."""

import time
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from tests.datasets.conftest import analyst, api, kept
from tests.datasets.reading import read
from tests.factories import make_dataset, write

__all__ = ["analyst", "api", "kept"]

LONGEST_S = 1.0


@dataclass(frozen=True)
class Target:
    """`send` and `ask` answer what was refused, and hold that nothing was stored."""

    client: APIClient
    dataset: Dataset

    @property
    def url(self) -> str:
        return f"/api/v1/datasets/{self.dataset.pk}"

    @property
    def state(self) -> Any:
        """All that a refused request must leave as it is; receipts are left by refusals too."""
        row = Dataset.objects.filter(pk=self.dataset.pk).values().get()
        names = (self.dataset.stations, self.dataset.variables)
        children = [list(manager.values().order_by("id")) for manager in names]
        return row, children, read(self.dataset), Dataset.objects.count()

    def send(self, body: Any, status: int = 400, path: str = "/data", **options: Any) -> Any:
        """POST a body, as it is where it is text or bytes; `options` are content_type, headers."""
        if not isinstance(body, str | bytes):
            body = orjson.dumps(body)
        options.setdefault("content_type", "application/json")
        return self._refused("post", path, status, data=body, **options)

    def patch(self, body: Any, status: int = 400, path: str = "") -> Any:
        data = body if isinstance(body, str | bytes) else orjson.dumps(body)
        kind = "application/json"
        return self._refused("patch", path, status, data=data, content_type=kind)

    def ask(self, path: str, status: int = 400, **options: Any) -> Any:
        return self._refused("get", path, status, **options)

    def _refused(self, method: str, path: str, status: int, **options: Any) -> Any:
        before = self.state
        url = path if path.startswith("/api") else self.url + path
        start = time.perf_counter()
        answer = getattr(self.client, method)(url, **options)
        took_s = time.perf_counter() - start
        assert answer.status_code == status, answer.content[:500]
        assert self.state == before
        assert took_s < LONGEST_S
        detail = answer.json()["detail"]
        assert set(detail) == {"code", "message", "details"}
        assert answer["Content-Type"] == "application/json"
        assert len(answer.content) < 100_000
        assert "Traceback" not in answer.content.decode()
        return detail


@pytest.fixture(scope="module")
def attacked(analyst: User) -> Dataset:
    """Two points at station `a`; TMAX is valid from -90 to 60, SKY is text."""
    made = make_dataset(analyst)
    made.variables.create(name="TMAX", unit="degC", valid_min=-90, valid_max=60)
    made.variables.create(name="SKY", kind="text")
    sent = [
        {"timestamp": f"2001-01-0{n}", "station": "a", "value": {"TMAX": n, "SKY": "clear"}}
        for n in (1, 2)
    ]
    write(made, sent)
    return made


@pytest.fixture
def target(db: None, api: APIClient, attacked: Dataset) -> Target:
    return Target(api, attacked)
