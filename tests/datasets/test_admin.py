"""The admin's pages on datasets."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from datasets import services
from datasets.access import full_view
from datasets.models import (
    DataPoint,
    Dataset,
    Export,
    PointVersion,
    Receipt,
    Revision,
    Rollup,
    Share,
    Station,
    Variable,
)
from tests.admin import address, browser, filled, messages_of, statements
from tests.factories import days, make_user, write

pytestmark = pytest.mark.slow


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


@pytest.fixture
def measured(dataset: Dataset) -> Dataset:
    """A dataset with points, some of which were corrected."""
    write(dataset, days(10))
    write(dataset, [{**one, "value": {"TMAX": 99.0}} for one in days(3)])
    dataset.refresh_from_db()
    return dataset


def make_rows(n: int) -> None:
    """`n` datasets of as many owners, each with one of everything."""
    for _ in range(n):
        owner = User.objects.create(username=uuid4().hex, email=f"{uuid4().hex}@example.org")
        dataset = Dataset.objects.create(owner=owner, name="one")
        Station.objects.create(dataset=dataset, code="A")
        Variable.objects.create(dataset=dataset, name="TMAX")
        Share.objects.create(dataset=dataset, user=owner, permission="view")
        Receipt.objects.create(dataset=dataset, user=owner, status="stored")
        Export.objects.create(dataset=dataset, user=owner, format="csv")
        Revision.objects.create(
            dataset=dataset, user=owner, number=1, inserted=1, updated=0, unchanged=0, deleted=0
        )


@pytest.mark.parametrize("model", [Dataset, Station, Variable, Share, Receipt, Revision, Export])
def test_a_list_costs_no_query_for_each_row(page: Client, model: Any) -> None:
    make_rows(2)
    few = statements(page, address(model, "changelist"))
    make_rows(18)
    assert len(statements(page, address(model, "changelist"))) == len(few)


def test_no_page_on_a_dataset_reads_its_points(page: Client, measured: Dataset) -> None:
    for name in ("changelist", "change", "delete"):
        row = Dataset if name == "changelist" else measured
        assert not [s for s in statements(page, address(row, name)) if "data_point" in s]


def test_a_changed_fact_counts_as_a_change_of_the_facts(page: Client, measured: Dataset) -> None:
    path = address(measured, "change")
    page.post(path, filled(page.get(path), license="CC BY 4.0"))
    changed = Dataset.objects.get(pk=measured.pk)
    assert changed.license == "CC BY 4.0"
    assert changed.meta_version == measured.meta_version + 1


def test_saving_without_a_change_changes_nothing(page: Client, measured: Dataset) -> None:
    path = address(measured, "change")
    page.post(path, filled(page.get(path)))
    assert Dataset.objects.get(pk=measured.pk).meta_version == measured.meta_version


def test_what_services_count_cannot_be_typed_in(page: Client, measured: Dataset) -> None:
    path = address(measured, "change")
    page.post(path, filled(page.get(path), revision=77, point_count=77, meta_version=77))
    assert Dataset.objects.get(pk=measured.pk).point_count == 10
    assert Dataset.objects.get(pk=measured.pk).revision == 2


def test_a_new_dataset_belongs_to_the_admin_unless_another_is_chosen(
    page: Client, admin: User
) -> None:
    page.post(address(Dataset, "add"), filled(page.get(address(Dataset, "add")), name="new"))
    assert Dataset.objects.get(name="new").owner == admin


def test_deleting_a_dataset_leaves_no_point_of_it(
    page: Client, measured: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page.post(address(measured, "delete"), {"post": "yes"})
    for model in (DataPoint, PointVersion, Rollup, Station, Revision, Receipt):
        assert not model.objects.filter(dataset_id=measured.pk).exists()
    assert not Dataset.objects.filter(pk=measured.pk).exists()


def test_deleting_selected_datasets_leaves_no_point_of_them(
    page: Client, measured: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    sent = {"action": "delete_selected", "_selected_action": str(measured.pk)}
    confirmation = page.post(address(Dataset, "changelist"), sent)
    assert "10 points" in confirmation.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        page.post(address(Dataset, "changelist"), {**sent, "post": "yes"})
    assert not DataPoint.objects.filter(dataset_id=measured.pk).exists()
    assert not Dataset.objects.filter(pk=measured.pk).exists()


@pytest.mark.parametrize("model", [Station, Variable, Share, Receipt, Revision, Export])
def test_nothing_of_a_deleted_dataset_is_shown(page: Client, model: Any) -> None:
    make_rows(2)
    gone, kept = Dataset.objects.order_by("pk")
    rows = [model.objects.get(dataset=one) for one in (gone, kept)]
    services.delete_dataset(full_view(gone))
    listed = page.get(address(model, "changelist")).content.decode()
    assert [f"/{row.pk}/change/" in listed for row in rows] == [False, True]
    assert page.get(address(rows[0], "change")).status_code == 302  # back to the start
    assert page.get(address(gone, "change")).status_code == 302


def test_the_newest_revisions_and_the_contents_are_told(page: Client, measured: Dataset) -> None:
    text = page.get(address(measured, "change")).content.decode()
    assert f'<td class="number">2</td><td class="number">{measured.updated_at:%Y-%m-%d}' in text
    assert "variables (2)" in text


def test_a_station_is_corrected_and_counts_as_a_change_of_the_facts(
    page: Client, measured: Dataset
) -> None:
    station = measured.stations.get()
    path = address(station, "change")
    page.post(path, filled(page.get(path), latitude="45.5", longitude="-73.6"))
    station.refresh_from_db()
    assert station.latitude == 45.5
    assert Dataset.objects.get(pk=measured.pk).meta_version == measured.meta_version + 1


def test_a_station_is_added(page: Client, measured: Dataset) -> None:
    path = address(Station, "add")
    page.post(path, filled(page.get(path), dataset=str(measured.pk), code="B"))
    assert set(measured.stations.values_list("code", flat=True)) == {"", "B"}


def test_a_variable_that_is_there_is_refused_with_a_word(page: Client, measured: Dataset) -> None:
    path = address(Variable, "add")
    answer = page.post(path, filled(page.get(path), dataset=str(measured.pk), name="TMAX"))
    assert answer.status_code == 200
    assert answer.context["errors"]


def test_stations_and_variables_cannot_be_deleted(page: Client, measured: Dataset) -> None:
    for row in (measured.stations.get(), measured.variables.all()[0]):
        assert page.post(address(row, "delete"), {"post": "yes"}).status_code == 403


def test_a_share_is_for_a_user_or_a_role(page: Client, dataset: Dataset) -> None:
    path = address(Share, "add")
    sent = filled(page.get(path), dataset=str(dataset.pk), permission="view")
    refused = page.post(path, sent)
    assert refused.context["errors"] == [["Choose either a user or a role."]]
    page.post(path, {**sent, "user": str(make_user("viewer").pk)})
    assert Share.objects.get().permission == "view"


def test_a_share_is_changed_and_withdrawn(page: Client, dataset: Dataset, viewer: User) -> None:
    share = Share.objects.create(dataset=dataset, user=viewer, permission="view")
    path = address(share, "change")
    page.post(path, filled(page.get(path), permission="edit"))
    share.refresh_from_db()
    assert share.permission == "edit"
    answer = page.post(address(share, "delete"), {"post": "yes"}, follow=True)
    assert "deleted" in messages_of(answer)[-1]
    assert not Share.objects.exists()
