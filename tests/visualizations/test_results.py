"""Pictures of stored results and of stations: what they are drawn of, and who may see them."""

import csv
import io
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from analyses.models import Analysis, AnalysisInput, AnalysisResult
from datasets.models import Dataset, Station
from datastream.core import clock
from datastream.core.errors import InvalidInputError, NotFoundError
from tests.conftest import ClientOf
from tests.datasets.embargoed import NOW, made
from tests.datasets.embargoed import series as growing
from tests.factories import days, make_dataset, make_user, write
from tests.visualizations.samples import recorded
from visualizations import selectors, services
from visualizations.models import Visualization

PICTURES = "/api/v1/visualizations"


@pytest.fixture
def filled(analyst: User) -> Dataset:
    dataset = make_dataset(analyst, visibility="public", license="CC BY 4.0", name="River")
    write(dataset, days(40, station="A") + days(40, station="B"))
    Station.objects.filter(dataset=dataset, code="A").update(latitude=60.38, longitude=5.33)
    dataset.refresh_from_db()
    return dataset


def analysed(
    dataset: Dataset, kind: str = "extremes", *, others: list[Dataset] | None = None, **facts: Any
) -> Analysis:
    """An analysis that is done, of results recorded from one of its type."""
    results = facts.pop("results", None) or recorded(kind)
    given = {"status": "succeeded", "parameters": {}, "method_version": 1} | facts
    key = f"{Analysis.objects.count():064d}"
    result = AnalysisResult.objects.create(key=key, results=results, digest=key, seconds=1)
    analysis = Analysis.objects.create(
        user=dataset.owner, dataset=dataset, type=kind, key=key,
        dataset_revision=dataset.revision, result=result, **given,
    )  # fmt: skip
    for one in (dataset, *(others or [])):
        told = [{"parameter": "variable", "station": "A", "variable": "TMAX"}]
        AnalysisInput.objects.create(
            analysis=analysis, dataset=one, revision=one.revision, series=told
        )
    return analysis


def save(user: User, **changed: Any) -> Visualization:
    data = {"title": "Once in a hundred years", "kind": "return_levels", "visibility": "public"}
    return services.create_visualization(user, {**data, **changed})


def image_of(picture: Visualization, user: User) -> Any:
    series = services.shown(user, picture)
    return services.version(picture, series), services.compiled(picture, series)


def refused(user: User, **changed: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInputError) as caught:
        save(user, **changed)
    assert Visualization.objects.count() == 0
    return caught.value.details


# ------------------------------------------------------------------ results


def test_the_stored_results_are_drawn_with_place_source_and_licence(filled: Dataset) -> None:
    Station.objects.filter(dataset=filled, code="A").update(name="Bergen")
    picture = save(filled.owner, analysis=analysed(filled).pk)
    _, drawing = image_of(picture, filled.owner)
    words = drawing.spec["usermeta"]["words"]
    assert "River" in words["foot"]
    assert "CC BY 4.0" in words["foot_tail"]
    assert words["subtitle"][0].startswith("Bergen. ")
    assert [one.variable for one in picture.series.all()] == ["TMAX"]


def test_it_stays_what_it_was_when_the_data_change(filled: Dataset) -> None:
    picture = save(filled.owner, analysis=analysed(filled).pk)
    version, drawing = image_of(picture, filled.owner)
    write(filled, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}])
    picture = Visualization.objects.get(pk=picture.pk)
    after = image_of(picture, filled.owner)
    assert (after[0], after[1].spec, after[1].alt) == (version, drawing.spec, drawing.alt)
    (shown,) = services.shown(filled.owner, picture)
    assert (shown.revision, shown.view.dataset.revision) == (1, 2)


def test_pictures_of_two_analyses_have_two_versions(filled: Dataset) -> None:
    pictures = [save(filled.owner, analysis=analysed(filled).pk) for _ in range(2)]
    versions = {image_of(picture, filled.owner)[0] for picture in pictures}
    assert len(versions) == 2


@pytest.mark.parametrize(
    "facts",
    [{"kind": "comparison"}, {"status": "running"}, {"status": "failed"}, {"status": "cancelled"}],
    ids=str,
)
def test_in_56_another_type_or_one_that_is_not_done_is_refused_as_analysis(
    filled: Dataset, facts: dict[str, Any]
) -> None:
    analysis = analysed(filled, **facts)
    assert list(refused(filled.owner, analysis=analysis.pk)) == ["analysis"]


def test_a_dataset_or_series_in_place_of_an_analysis_is_refused_as_analysis(
    filled: Dataset,
) -> None:
    series = [{"dataset": filled.pk, "variable": "TMAX", "station": "A"}]
    assert list(refused(filled.owner, dataset=filled.pk)) == ["analysis"]
    assert list(refused(filled.owner, series=series)) == ["analysis"]


def test_it_is_seen_only_by_those_who_may_read_every_dataset(
    filled: Dataset, client_of: ClientOf, viewer: User
) -> None:
    hidden = make_dataset(make_user("analyst"), visibility="public")
    write(hidden, days(3, station="A"))
    hidden.refresh_from_db()
    analysis = analysed(filled, "comparison", others=[hidden])
    picture = save(filled.owner, analysis=analysis.pk, kind="taylor")
    path = f"{PICTURES}/{picture.pk}"
    assert client_of(None).get(f"{path}/data").status_code == 200
    Dataset.objects.filter(pk=hidden.pk).update(visibility="private")
    # Not even its author, who owns the other one.
    for user in (None, viewer, filled.owner):
        for part in ("", "/spec", "/data", "/image"):
            assert client_of(user).get(path + part).status_code == 404
    with pytest.raises(NotFoundError):
        services.shown(filled.owner, picture)
    assert "analysis" in _refusal(filled.owner, analysis)


def _refusal(user: User, analysis: Analysis) -> dict[str, Any]:
    with pytest.raises(InvalidInputError) as caught:
        save(user, analysis=analysis.pk, kind="taylor")
    return caught.value.details


def test_an_analysis_of_what_is_hidden_takes_its_picture_with_it(
    analyst: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    dataset = made(analyst, [growing("2020-05-01", "2020-06-14", TMAX=1)], embargo_days=10)
    analysis = analysed(dataset)
    picture = save(analyst, analysis=analysis.pk)
    # It read what the viewer may not see yet.
    AnalysisInput.objects.filter(analysis=analysis).update(until=None)
    assert selectors.visualizations_for(analyst).filter(pk=picture.pk).exists()
    assert not selectors.visualizations_for(viewer).filter(pk=picture.pk).exists()


def test_the_kind_may_be_changed_to_one_that_draws_the_same_analysis_only(
    filled: Dataset,
) -> None:
    picture = save(filled.owner, analysis=analysed(filled).pk)
    with pytest.raises(InvalidInputError) as caught:
        services.change_visualization(filled.owner, picture, {"kind": "taylor"})
    assert list(caught.value.details) == ["analysis"]
    with pytest.raises(InvalidInputError):
        services.change_visualization(filled.owner, picture, {"kind": "map"})


@pytest.mark.slow
def test_every_face_answers(filled: Dataset, client_of: ClientOf) -> None:
    path = f"{PICTURES}/{save(filled.owner, analysis=analysed(filled).pk).pk}"
    client = client_of(None)
    assert client.get(f"{path}/image", {"format": "svg"}).status_code == 200
    assert client.get(f"{path}/spec").json()["description"].startswith("Return levels")
    assert client.get(f"{path}/data").content.startswith(b'"return period (years)"')


def test_the_catalogue_tells_what_each_kind_draws(db: None) -> None:
    listed = APIClient().get("/api/v1/visualization-kinds").json()["results"]
    told = {one["kind"]: (one["draws"], one["analyses"]) for one in listed}
    assert told["line"] == ("series", [])
    assert told["map"] == ("stations", [])
    assert told["return_levels"] == ("results", ["extremes"])


# ------------------------------------------------------------------ stations


def a_map(filled: Dataset, **changed: Any) -> Visualization:
    options = {"variable": "TMAX", **changed.pop("options", {})}
    return save(filled.owner, kind="map", dataset=filled.pk, options=options, **changed)


def test_a_map_shows_each_station_with_its_newest_value(filled: Dataset) -> None:
    _, drawing = image_of(a_map(filled), filled.owner)
    assert list(drawing.columns["station"]) == ["A"]
    newest = days(40)[-1]["value"]["TMAX"]
    assert [v for k, v in drawing.columns.items() if k.startswith("latest")] == [[newest]]
    assert "1 station without coordinates" in " ".join(
        drawing.spec["usermeta"]["words"]["subtitle"]
    )
    count = a_map(filled, options={"statistic": "count", "start": "2001-01-11"})
    assert image_of(count, filled.owner)[1].columns["count"] == [30]


def test_a_map_follows_its_dataset(filled: Dataset) -> None:
    picture = a_map(filled)
    before = image_of(picture, filled.owner)[0]
    write(filled, [{"timestamp": "2002-01-01", "station": "A", "value": {"TMAX": 99}}])
    picture = Visualization.objects.get(pk=picture.pk)
    assert image_of(picture, filled.owner)[0] != before


def test_a_map_shows_places_and_values_as_its_reader_may_know_them(
    analyst: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    dataset = made(analyst, [growing("2020-05-01", "2020-06-14", TMAX=1)], embargo_days=10,
                   coordinate_step_deg=0.1)  # fmt: skip
    picture = a_map(dataset)
    told = {}
    for user in (analyst, viewer):
        columns = image_of(picture, user)[1].columns
        told[user] = columns["latitude"][0], columns["timestamp"][0]
    assert told[analyst] == (47.449, "2020-06-14T00:00:00Z")
    assert told[viewer] == (47.4, "2020-06-04T00:00:00Z")
    assert image_of(picture, analyst)[0] != image_of(picture, viewer)[0]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"options": {"variable": "SNOW"}}, "variable"),
        ({"options": {"variable": "TMAX", "url": "http://evil"}}, "url"),
        ({"options": {"variable": "TMAX", "palette": "red;}"}}, "palette"),
        ({"options": {"variable": "TMAX", "area": [1, 2, 3]}}, "area"),
        ({"options": {"variable": "TMAX", "area": ["url(#a)", 2, 3, 4]}}, "area"),
        ({"options": {"variable": "TMAX", "start": "2002-01-01", "end": "2001-01-01"}}, "end"),
    ],
    ids=str,
)
def test_in_57_a_wrong_map_is_refused_by_name(
    filled: Dataset, changed: dict[str, Any], named: str
) -> None:
    assert list(refused(filled.owner, **{"kind": "map", "dataset": filled.pk, **changed})) == [
        named
    ]


def test_a_map_is_of_a_dataset_only(filled: Dataset) -> None:
    options = {"variable": "TMAX"}
    given = {"kind": "map", "options": options}
    assert list(refused(filled.owner, analysis=analysed(filled).pk, **given)) == ["dataset"]
    series = [{"dataset": filled.pk, "variable": "TMAX", "station": "A"}]
    assert list(refused(filled.owner, series=series, **given)) == ["dataset"]


# ------------------------------------------------------------------ several series


def test_two_series_of_two_datasets_make_a_scatter(filled: Dataset) -> None:
    other = make_dataset(filled.owner, visibility="public")
    write(other, days(20, station="C"))
    series = [{"dataset": filled.pk, "variable": "TMAX", "station": "A"},
              {"dataset": other.pk, "variable": "TMIN"}]  # fmt: skip
    picture = save(filled.owner, kind="scatter", series=series)
    assert (picture.options["x"], picture.options["y"]) == ("TMAX", "TMIN")
    _, drawing = image_of(picture, filled.owner)
    assert len(drawing.columns["timestamp"]) == 20
    services.change_visualization(filled.owner, picture, {"options": {"line": "equal"}})
    assert picture.series.count() == 2


def test_a_scatter_of_one_dataset_names_its_variables(filled: Dataset) -> None:
    options = {"x": "TMAX", "y": "TMIN", "station": "A"}
    picture = save(filled.owner, kind="scatter", dataset=filled.pk, options=options)
    assert [one.variable for one in picture.series.all()] == ["TMAX", "TMIN"]


def test_one_series_may_stand_for_the_dataset_of_a_kind_of_one_variable(filled: Dataset) -> None:
    series = [{"dataset": filled.pk, "variable": "TMAX", "station": "A"}]
    picture = save(filled.owner, kind="stripes", series=series)
    assert picture.options["variable"] == "TMAX"


@pytest.mark.parametrize(("kind", "count"), [("scatter", 1), ("scatter", 3), ("stripes", 2)])
def test_too_few_and_too_many_series_are_refused(filled: Dataset, kind: str, count: int) -> None:
    series = [{"dataset": filled.pk, "variable": "TMAX", "station": "A"}] * count
    options = {"x": "TMAX", "y": "TMIN"} if kind == "scatter" else {}
    assert "series" in refused(filled.owner, kind=kind, series=series, options=options)


def test_directions_in_metres_are_refused_when_they_are_drawn(filled: Dataset) -> None:
    filled.variables.filter(name="TMIN").update(unit="m")
    options = {"direction": "TMIN", "speed": "TMAX", "station": "A"}
    picture = save(filled.owner, kind="wind_rose", dataset=filled.pk, options=options)
    answer = APIClient().get(f"{PICTURES}/{picture.pk}/spec")
    assert answer.status_code == 400
    assert "direction" in answer.json()["detail"]["details"]


FORMULA = '=HYPERLINK("http://127.0.0.1")'


def test_in_24_no_text_of_what_is_drawn_is_computed_by_a_spreadsheet(
    analyst: User, client_of: ClientOf
) -> None:
    dataset = make_dataset(analyst, visibility="public")
    points = [{**one, "value": {FORMULA: -1.5}} for one in days(3, station=FORMULA)]
    write(dataset, points)
    Station.objects.filter(dataset=dataset).update(latitude=60.38, longitude=5.33, name=FORMULA)
    for kind, options in (("map", {"variable": FORMULA}), ("line", {"variables": [FORMULA]})):
        given = {"kind": kind, "dataset": dataset.pk, "options": options}
        answer = client_of(None).get(f"{PICTURES}/{save(analyst, **given).pk}/data")
        cells = [cell for row in csv.reader(io.StringIO(answer.content.decode())) for cell in row]
        assert any(cell.startswith(f"'{FORMULA}") for cell in cells)
        assert not [cell for cell in cells if cell.startswith("=")]
        # A number is no formula.
        assert "-1.5" in cells


def test_a_line_of_an_analysis_shows_what_the_analysis_read(filled: Dataset) -> None:
    failed = {"timestamp": "2001-01-05", "station": "A", "value": {"TMAX": 77},
              "metadata": {"quality": {"TMAX": 4}}}  # fmt: skip
    write(filled, [failed])
    filled.refresh_from_db()
    window = {"variable": "TMAX", "station": "A", "start": "2001-01-03", "end": "2001-01-08"}
    drawn = {}
    for flags in ("exclude", "include"):
        asked = {**window, "flags": flags}
        analysis = analysed(filled, "summary", parameters=asked, results={"n": 1})
        picture = save(filled.owner, analysis=analysis.pk, kind="line")
        assert (picture.options["start"], picture.options["end"]) == ("2001-01-03", "2001-01-08")
        series = services.shown(filled.owner, picture)
        columns = services.compiled(picture, series).columns
        drawn[flags] = [one for one in columns["TMAX ()"] if one is not None]
    assert 77 not in drawn["exclude"]
    assert 77 in drawn["include"]
    assert [len(drawn["exclude"]), len(drawn["include"])] == [4, 5]
