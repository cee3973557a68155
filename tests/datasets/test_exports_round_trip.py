"""What an export wrote can be sent again as it is."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset, Variable
from tests.datasets.exported import body
from tests.datasets.reading import point, read
from tests.factories import days, make_dataset, write

MEDIA_TYPES = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
TEXTS = [
    "=1",
    "'=1",
    "''@",
    "'",
    "''",
    "+",
    "-5",
    "\tx",
    "\rx",
    "a\nb",
    'a "b", c',
    ",",
    "é漢",
    " x ",
]
NAMES = ["SKY", "=SKY", "'=SKY", 'a "b"', "a,b", "-"]


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Numbers, texts that look like formulas, metadata, and codes and names that are odd."""
    made = make_dataset(analyst)
    made.variables.bulk_create(Variable(dataset=made, name=name, kind="text") for name in NAMES)
    write(made, [{**one, "station": code} for code in ("", "+1", "'+1", "b c") for one in days(3)])
    write(made, [
        point({"TMAX": -5.2, NAMES[n % len(NAMES)]: text}, f"19{n:02}-01-01", station="b c",
              metadata={"quality": {"TMAX": 3}, "flags": {"TMAX": text}} if n % 2 else {})
        for n, text in enumerate(TEXTS, 10)
    ])  # fmt: skip
    write(made, [point({"TMAX": 1e-7}, "0001-01-01T00:00:00.000001", station="+1"),
                 point({"TMAX": 1e300}, "9999-12-31T23:59:59.999999", station="+1")])  # fmt: skip
    return made


def without_ids(dataset: Dataset, revision: int | None = None) -> list[dict[str, Any]]:
    found = [{k: v for k, v in one.items() if k != "id"} for one in read(dataset, revision)]
    return sorted(found, key=lambda one: (one["station"], one["timestamp"]))


def sent(api: APIClient, dataset: Dataset, content: bytes, kind: str) -> dict[str, Any]:
    path = f"/api/v1/datasets/{dataset.pk}/data"
    answer = api.post(path, content, content_type=MEDIA_TYPES[kind])
    assert answer.status_code == 200, answer.json()
    return dict(answer.json())


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_an_export_sent_again_changes_nothing(api: APIClient, filled: Dataset, kind: str):
    found = sent(api, filled, body(filled, kind), kind)
    assert (found["unchanged"], found["rejected"]) == (found["received"], 0)
    assert found["received"] == len(read(filled))


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_an_export_fills_another_dataset_with_the_same(
    api: APIClient, filled: Dataset, dataset: Dataset, kind: str
):
    texts = [Variable(dataset=dataset, name=name, kind="text") for name in NAMES]
    dataset.variables.bulk_create(texts)
    sent(api, dataset, body(filled, kind, revision=2), kind)
    assert without_ids(dataset) == without_ids(filled, 2)
