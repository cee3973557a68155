"""Pictures: checked when they are saved, drawn once, and following their data."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from analyses import services as analyses
from analyses.models import Analysis
from datasets import access
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, NotFoundError
from tests.factories import days, make_dataset, make_user, write
from visualizations import drawing, selectors, services
from visualizations.models import Visualization


@pytest.fixture
def filled(analyst: User) -> Dataset:
    dataset = make_dataset(analyst, visibility="internal", license="CC BY 4.0")
    write(dataset, days(40, station="A"))
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def picture(filled: Dataset) -> Visualization:
    """A public line of the maxima."""
    return save(filled)


def save(filled: Dataset, *, user: User | None = None, **changed: Any) -> Visualization:
    data = {
        "title": "Maxima", "kind": "line", "dataset": filled.pk, "visibility": "public",
        "options": {"variables": ["TMAX"]},
    }  # fmt: skip
    data = {k: v for k, v in {**data, **changed}.items() if v is not None}
    return services.create_visualization(user or filled.owner, data)


def test_a_picture_keeps_its_options_with_their_defaults_and_its_series(
    filled: Dataset, picture: Visualization
) -> None:
    assert picture.options["variables"] == ["TMAX"]
    (series,) = picture.series.all()
    assert (series.dataset, series.station, series.variable) == (filled, "A", "TMAX")


def test_series_and_options_may_be_given_the_one_for_the_other(filled: Dataset) -> None:
    series = [{"dataset": filled.pk, "variable": name} for name in ("TMAX", "TMIN")]
    picture = save(filled, dataset=None, options=None, series=series)
    assert picture.options["variables"] == ["TMAX", "TMIN"]
    assert [one.variable for one in picture.series.all()] == ["TMAX", "TMIN"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"kind": "pie"}, "kind"),
        ({"kind": "line\x00"}, "kind"),
        ({"options": {"variables": ["SNOW"]}}, "variable"),
        ({"options": {"variables": ["TMAX"], "station": "B"}}, "station"),
        ({"options": {"variables": ["TMAX"], "url": "http://evil"}}, "url"),
        ({"options": {"variables": ["TMAX"], "expr": "datum"}}, "expr"),
        ({"options": {"variables": []}}, "variables"),
        ({"options": {"variables": ["TMAX"], "start": "soon"}}, "start"),
        ({"options": {}}, "variables"),
        ({"options": [1]}, "options"),
        ({"kind": "stripes"}, "variable"),
    ],
    ids=str,
)
def test_in_56_a_wrong_option_is_named_and_nothing_is_saved(
    filled: Dataset, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        save(filled, **changed)
    assert named in caught.value.details
    assert Visualization.objects.count() == 0


def test_a_04_a_dataset_that_is_not_seen_is_like_one_that_is_not_there(
    filled: Dataset,
) -> None:
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    stranger = make_user("analyst")
    said = []
    for key in (filled.pk, uuid4()):
        with pytest.raises(InvalidInputError) as caught:
            save(filled, user=stranger, dataset=key)
        said.append((caught.value.message, caught.value.details))
    assert said[0] == said[1]


def test_a_04_an_analysis_that_is_not_seen_is_like_one_that_is_not_there(
    filled: Dataset,
) -> None:
    view = access.view(filled.owner, filled.pk)
    hidden = analyses.request_analysis(view, "trend", {"variable": "TMAX"}, user=filled.owner)
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    said = []
    for key in (hidden.pk, uuid4()):
        with pytest.raises(InvalidInputError) as caught:
            save(filled, user=make_user("analyst"), dataset=None, analysis=key)
        said.append(caught.value.details)
    assert said[0] == said[1]


def test_a_picture_of_an_analysis_stays_at_its_revision(filled: Dataset) -> None:
    view = access.view(filled.owner, filled.pk)
    analysis = analyses.request_analysis(view, "trend", {"variable": "TMAX"}, user=filled.owner)
    picture = save(filled, dataset=None, analysis=analysis.pk, kind="stripes", options=None)
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])
    (one,) = services.shown(filled.owner, picture)
    assert one.revision == 1
    assert Analysis.objects.count() == 1


def test_a_picture_of_a_dataset_follows_it(filled: Dataset, picture: Visualization) -> None:
    before = services.version(picture, services.shown(filled.owner, picture))
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])
    after = services.version(picture, services.shown(filled.owner, picture))
    assert before != after
    columns = services.compiled(picture, services.shown(filled.owner, picture)).columns
    drawn = [float(v) for k, column in columns.items() if k != "timestamp" for v in column]
    assert 99 in drawn


def test_what_is_drawn_are_the_values_that_were_sent(
    filled: Dataset, picture: Visualization
) -> None:
    columns = services.compiled(picture, services.shown(filled.owner, picture)).columns
    (values,) = [column for name, column in columns.items() if name != "timestamp"]
    assert list(values) == [point["value"]["TMAX"] for point in days(40)]


def test_the_version_changes_with_all_that_changes_the_picture(
    filled: Dataset, picture: Visualization
) -> None:
    def version() -> str:
        return services.version(picture, services.shown(filled.owner, picture))

    seen = {version()}
    services.change_visualization(filled.owner, picture, {"title": "Other"})
    seen.add(version())
    services.change_visualization(filled.owner, picture, {"options": {"variables": ["TMIN"]}})
    picture = Visualization.objects.get(pk=picture.pk)
    seen.add(version())
    access_view = access.view(filled.owner, filled.pk)
    from datasets.services import change_dataset

    change_dataset(access_view, license="CC0")
    seen.add(version())
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("license_", "told"),
    [("CC0", "(CC BY 4.0, CC0)"), ("", "(CC BY 4.0, one or more not stated)")],
    ids=["stated", "not stated"],
)
def test_the_foot_names_the_licence_of_each_dataset(
    filled: Dataset, license_: str, told: str
) -> None:
    other = make_dataset(filled.owner, license=license_)
    write(other, days(3, station="A"))
    series = [{"dataset": d.pk, "variable": "TMAX"} for d in (filled, other)]
    data = {"title": "Both", "kind": "line", "series": series}
    picture = services.create_visualization(filled.owner, data)
    found = services.compiled(picture, services.shown(filled.owner, picture))
    assert told in found.spec["usermeta"]["words"]["foot_tail"]


def test_a_changed_option_moves_the_series(filled: Dataset, picture: Visualization) -> None:
    services.change_visualization(filled.owner, picture, {"options": {"variables": ["TMIN"]}})
    assert [one.variable for one in picture.series.all()] == ["TMIN"]


def test_a_wrong_change_changes_nothing(filled: Dataset, picture: Visualization) -> None:
    with pytest.raises(InvalidInputError):
        services.change_visualization(
            filled.owner, picture, {"title": "Other", "options": {"variables": ["SNOW"]}}
        )
    kept = Visualization.objects.get(pk=picture.pk)
    assert kept.title == "Maxima"
    assert [one.variable for one in kept.series.all()] == ["TMAX"]


def test_a_change_of_a_picture_of_two_datasets_keeps_both(filled: Dataset) -> None:
    other = make_dataset(filled.owner)
    write(other, days(10, station="B"))
    series = [{"dataset": one.pk, "variable": "TMAX"} for one in (filled, other)]
    picture = save(filled, dataset=None, options=None, series=series)
    for data in ({"title": "Both"}, {"options": {"start": "2001-01-02"}}):
        services.change_visualization(filled.owner, picture, data)
        assert picture.series.count() == 2
    assert picture.options["start"] == "2001-01-02"


def test_a_second_image_is_not_drawn_again(
    filled: Dataset, picture: Visualization, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def draw(*_: Any, **about: Any) -> bytes:
        drawn.append(about)
        return b"picture %d" % len(drawn)

    # Drawing takes a second and is tested where it is made; this counts how often it is done.
    monkeypatch.setattr(drawing, "draw", draw)

    def image(form: str = "png", width: int = 1200) -> bytes:
        series = services.shown(filled.owner, picture)
        return services.image(picture, series, form, services.Size(width=width))

    assert [image(), image()] == [b"picture 1", b"picture 1"]
    assert image(width=800) == b"picture 2"
    assert image("svg") == b"picture 3"
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])
    assert image() == b"picture 4"


@pytest.mark.parametrize(
    "size",
    [{"width": 99}, {"width": 4001}, {"height": 100_000}, {"scale": 100.0}, {"scale": -1.0},
     {"scale": float("nan")}, {"width": 4000, "scale": 4.0}],
    ids=str,
)  # fmt: skip
def test_in_57_a_size_that_cannot_be_is_refused_before_anything_is_drawn(
    filled: Dataset, picture: Visualization, size: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError):
        services.image(picture, services.shown(filled.owner, picture), "png", services.Size(**size))


def test_a_picture_is_found_only_while_all_its_datasets_are_seen(
    filled: Dataset, picture: Visualization, viewer: User
) -> None:
    assert selectors.visualizations_for(viewer).filter(pk=picture.pk).exists()
    Dataset.objects.filter(pk=filled.pk).update(visibility="private")
    assert not selectors.visualizations_for(viewer).filter(pk=picture.pk).exists()
    with pytest.raises(NotFoundError):
        services.shown(viewer, picture)
