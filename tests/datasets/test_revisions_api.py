"""The revisions of a dataset over the API."""

from rest_framework.test import APIClient

from datasets.models import Dataset
from tests.datasets.reading import read
from tests.factories import days, write

ALL = "/api/v1/datasets"


def test_revisions_are_listed_and_found_by_their_number(api: APIClient, dataset: Dataset):
    write(dataset, days(2))
    write(dataset, days(3))
    path = f"{ALL}/{dataset.pk}/revisions"
    listed = api.get(path).json()
    assert [one["number"] for one in listed["results"]] == [1, 2]
    assert api.get(f"{path}/2").json() == listed["results"][1]
    assert listed["results"][1]["inserted"] == 1
    assert listed["results"][0]["user"]["username"] == dataset.owner.username
    for number in ("0", "3", "x", "-1", "9" * 50, "9" * 5000):
        assert api.get(f"{path}/{number}").status_code == 404


def test_reading_leaves_nothing_behind(api: APIClient, dataset: Dataset):
    write(dataset, days(2))
    before = Dataset.objects.filter(pk=dataset.pk).values().get()
    for path in ("", "/data", "/stations", "/variables", "/revisions", "/shares"):
        assert api.get(f"{ALL}/{dataset.pk}{path}").status_code == 200
    assert Dataset.objects.filter(pk=dataset.pk).values().get() == before
    assert len(read(dataset)) == 2
