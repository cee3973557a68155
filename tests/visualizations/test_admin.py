"""The admin's pages on pictures, and the small pictures of datasets."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from datasets.access import full_view
from datasets.models import Dataset
from tests.admin import address, browser, filled, statements
from tests.factories import days, write
from visualizations import admin as pages
from visualizations import services
from visualizations.models import Visualization

pytestmark = pytest.mark.slow

PNG = b"\x89PNG"


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


@pytest.fixture
def measured(dataset: Dataset) -> Dataset:
    write(dataset, days(40))
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def picture(measured: Dataset, analyst: User) -> Visualization:
    options = {"variables": ["TMAX"]}
    data = {"title": "warm", "kind": "line", "dataset": measured.pk, "options": options}
    return services.create_visualization(analyst, data)


def small(dataset: Dataset) -> str:
    return reverse("admin:dataset_picture", args=[dataset.pk])


def make_rows(n: int) -> None:
    for _ in range(n):
        name = uuid4().hex
        owner = User.objects.create(username=name, email=f"{name}@example.org")
        dataset = Dataset.objects.create(owner=owner, name="one")
        Visualization.objects.create(owner=owner, title="t", kind="line", dataset=dataset)


def test_the_list_costs_no_query_for_each_row(page: Client) -> None:
    make_rows(2)
    few = statements(page, address(Visualization, "changelist"))
    make_rows(18)
    assert len(statements(page, address(Visualization, "changelist"))) == len(few)


def test_a_picture_is_renamed_and_published(page: Client, picture: Visualization) -> None:
    path = address(picture, "change")
    page.post(path, filled(page.get(path), title="warmest", visibility="public"))
    picture.refresh_from_db()
    assert (picture.title, picture.visibility) == ("warmest", "public")
    assert picture.series.count() == 1


def test_a_picture_is_deleted(page: Client, picture: Visualization) -> None:
    page.post(address(picture, "delete"), {"post": "yes"})
    assert not Visualization.objects.exists()


def test_a_dataset_without_points_has_a_neutral_picture(page: Client, dataset: Dataset) -> None:
    answer = page.get(small(dataset))
    assert answer["Content-Type"] == "image/svg+xml"


def test_a_picture_that_cannot_be_drawn_is_neutral(page: Client, picture: Visualization) -> None:
    Visualization.objects.filter(pk=picture.pk).update(options={"variables": ["gone"]})
    picture.series.update(variable="gone")
    answer = page.get(reverse("admin:picture", args=[picture.pk]))
    assert answer["Content-Type"] == "image/svg+xml"


def test_the_browser_keeps_a_picture_until_the_data_change(
    page: Client, admin: User, picture: Visualization, measured: Dataset
) -> None:
    series = services.shown(admin, picture)
    size = pages.SIZES["small"]
    tag = services.version(picture, series, "png", size.width, size.height, size.scale)
    answer = page.get(small(measured), headers={"If-None-Match": f'"{tag}"'})
    assert answer.status_code == 304
    assert answer["ETag"] == f'"{tag}"'


def test_pictures_are_for_admins(analyst: User, picture: Visualization, measured: Dataset) -> None:
    client = browser(analyst)
    paths = [small(measured), reverse("admin:picture", args=[picture.pk])]
    assert [client.get(path).status_code for path in paths] == [302, 302]


def test_what_is_not_there_has_no_picture(page: Client) -> None:
    for name in ("admin:picture", "admin:dataset_picture"):
        assert page.get(reverse(name, args=[uuid4()])).status_code == 404


def test_a_dataset_without_a_saved_picture_shows_its_first_line_and_saves_nothing(
    admin: User, measured: Dataset
) -> None:
    line, series = pages.first_line(full_view(measured), admin)
    assert [one.variable for one in series] == ["TMAX"]
    assert len(services.compiled(line, series).columns["timestamp"]) == 40
    assert not Visualization.objects.exists()


def test_only_the_newest_part_of_a_long_series_is_read_for_a_small_picture(
    measured: Dataset,
) -> None:
    assert pages.recent_start(measured) is None
    measured.point_count = 4 * pages.MOST_POINTS
    start = pages.recent_start(measured)
    assert start is not None
    assert measured.start is not None
    assert measured.end is not None
    assert (measured.end - start) * 4 == measured.end - measured.start


@pytest.mark.slow
def test_pictures_are_drawn(page: Client, measured: Dataset, analyst: User) -> None:
    unsaved = page.get(small(measured))
    assert unsaved.content.startswith(PNG)
    data = {
        "title": "t",
        "kind": "line",
        "dataset": measured.pk,
        "options": {"variables": ["TMIN"]},
    }
    picture = services.create_visualization(analyst, data)
    saved = page.get(small(measured))
    assert saved.content.startswith(PNG)
    assert saved["ETag"] != unsaved["ETag"]
    large = page.get(reverse("admin:picture", args=[picture.pk], query={"size": "large"}))
    assert len(large.content) > len(saved.content)
