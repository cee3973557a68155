"""Which series an analysis reads: of which datasets, in which units, in which order."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from analyses.models import AnalysisInput
from analyses.parameters import check
from analyses.registry import SAME, Input
from analyses.registry import analyses as registry
from analyses.services import inputs
from datasets import access
from datasets import services as datasets
from datasets.models import Dataset, Station, Variable
from datasets.series import Series
from datasets.services import rollups
from datastream.core import clock
from datastream.core.errors import InvalidInputError
from tests.analyses.choosing import chosen, filled, method, named, refused, taken
from tests.factories import days, make_dataset, make_user, write

UNKNOWN = "5a1d1c1e-0000-4000-8000-000000000000"


ONE = method(Input("reference", form="series", is_required=False))
SEVERAL = method(Input("others", form="list"))
LIKE_MAIN = method(Input("reference", form="series", unit=SAME))
RAIN = method(Input("rain", unit="mm", names=("PRCP", "RAIN")))
NEAR = method(Input("neighbours", form="stations", nearest=2))


@pytest.fixture
def home(analyst: User) -> Dataset:
    return filled(analyst)


# ------------------------------------------------------------------ what is named


def test_another_dataset_that_is_unknown_or_hidden_is_refused_in_the_same_words(
    home: Dataset, analyst: User
) -> None:
    hidden = filled(make_user("analyst"))
    gone = filled(analyst)
    datasets.delete_dataset(access.view(analyst, gone.pk))
    for identity in (str(hidden.pk), UNKNOWN, str(gone.pk), "weather", "x" * 36):
        reference = {"dataset": identity, "variable": "TMAX", "station": "A"}
        details = refused(home, ONE, reference=reference)
        told = ["There is no such dataset, or you may not see it."]
        assert details == {"reference.dataset": told}
        details = refused(home, SEVERAL, others=[{"variable": "TMIN", "station": "A"}, reference])
        assert details == {"others.1.dataset": told}


def test_a_hidden_dataset_is_refused_whatever_else_is_wrong(home: Dataset) -> None:
    hidden = filled(make_user("analyst"))
    for variable, station in (("TMAX", "A"), ("SNOW", "A"), ("sky", "Z")):
        reference = {"dataset": str(hidden.pk), "variable": variable, "station": station}
        assert list(refused(home, ONE, reference=reference)) == ["reference.dataset"]


def test_another_dataset_needs_the_right_to_view_it(home: Dataset, analyst: User) -> None:
    other = filled(make_user("analyst"), stations="C")
    reference = {"dataset": str(other.pk), "variable": "TMIN"}
    assert list(refused(home, ONE, reference=reference)) == ["reference.dataset"]
    datasets.share(access.full_view(other), "view", user=analyst)
    assert named(chosen(home, ONE, User.objects.get(pk=analyst.pk), reference=reference)) == [
        ("variable", "A", "TMAX"),
        ("reference", "C", "TMIN"),
    ]


@pytest.mark.parametrize(
    ("reference", "place", "words"),
    [
        ({"variable": "SNOW", "station": "A"}, "reference.variable", "no variable 'SNOW'"),
        ({"variable": "sky", "station": "A"}, "reference.variable", "texts"),
        ({"variable": "TMIN", "station": "Z"}, "reference.station", "no station 'Z'"),
        ({"variable": "TMIN"}, "reference.station", "Choose a station"),
        ({"variable": "TMIN", "dataset": ""}, "reference.dataset", "at least 1"),
        ({"variable": "TMIN", "dataset": 7}, "reference.dataset", "a string"),
    ],
)
def test_what_is_not_there_is_refused_by_its_path(
    home: Dataset, reference: Mapping[str, Any], place: str, words: str
) -> None:
    details = refused(home, ONE, reference=reference)
    assert list(details) == [place]
    assert words in details[place][0]


def test_in_a_list_the_path_has_the_place(home: Dataset) -> None:
    good = {"variable": "TMIN", "station": "B"}
    for bad, place in (
        ({"variable": "SNOW", "station": "A"}, "others.1.variable"),
        ({"variable": "TMIN", "station": "Z"}, "others.1.station"),
    ):
        assert list(refused(home, SEVERAL, others=[good, bad])) == [place]


def test_a_dataset_without_points_has_no_station_to_take(home: Dataset, analyst: User) -> None:
    empty = make_dataset(analyst)
    Variable.objects.create(dataset=empty, name="TMAX")
    details = refused(home, ONE, reference={"dataset": str(empty.pk), "variable": "TMAX"})
    assert details == {"reference.station": ["The dataset has no points yet."]}


def test_what_may_be_left_out_is_none(home: Dataset) -> None:
    assert taken(home, ONE)["reference"] is None


# ------------------------------------------------------------------ units


def test_a_value_too_large_for_its_new_unit_is_named_and_not_infinite(home: Dataset) -> None:
    Variable.objects.filter(dataset=home, name="PRCP").update(unit="km")
    write(home, [{"timestamp": "2001-01-01", "station": "A", "value": {"PRCP": 1e305}}])
    assert refused_later(home, rain="PRCP") == {
        "PRCP": ["It has values that are too large for a number in mm."]
    }


def refused_later(home: Dataset, **given: Any) -> Any:
    home.refresh_from_db()
    with pytest.raises(InvalidInputError) as caught:
        taken(home, RAIN, **given)
    return caught.value.details


def test_a_reference_comes_in_the_unit_of_the_main_series(home: Dataset, analyst: User) -> None:
    other = filled(analyst, stations="C")
    Variable.objects.filter(dataset=other, name="TMAX").update(unit="degF")
    found = taken(home, LIKE_MAIN, reference={"dataset": str(other.pk), "variable": "TMAX"})
    main, reference = found["variable"], found["reference"]
    assert [main.unit, reference.unit] == ["degC", "degC"]
    assert main.values[0] == 10.5
    assert reference.values[0] == pytest.approx((10.5 - 32) / 1.8)


@pytest.mark.parametrize(
    ("unit", "words"), [("mm", "cannot be converted"), ("", "no unit"), ("xyzzy", "no unit")]
)
def test_a_unit_that_does_not_fit_is_refused(home: Dataset, unit: str, words: str) -> None:
    Variable.objects.filter(dataset=home, name="TMIN").update(unit=unit)
    details = refused(home, LIKE_MAIN, reference={"variable": "TMIN", "station": "B"})
    assert list(details) == ["reference.variable"]
    assert words in details["reference.variable"][0]
    assert "TMIN is needed in degC." in details["reference.variable"][0]


def test_a_reference_with_a_unit_needs_one_in_the_main_series_too(home: Dataset) -> None:
    reference = {"variable": "TMIN", "station": "A"}
    details = refused(home, LIKE_MAIN, variable="LEVEL", reference=reference)
    assert "declare a unit" in details["reference.variable"][0]


def test_series_without_units_are_in_the_same_unit(home: Dataset) -> None:
    reference = {"variable": "LEVEL", "station": "B"}
    found = taken(home, LIKE_MAIN, variable="LEVEL", reference=reference)
    assert [found["variable"].unit, found["reference"].unit] == ["", ""]


def test_the_first_variable_that_is_there_is_taken_and_converted(home: Dataset) -> None:
    Variable.objects.filter(dataset=home, name="PRCP").update(unit="inch")
    point = {"timestamp": "2001-01-01", "station": "A", "value": {"PRCP": 2.0}}
    write(home, [point])
    home.refresh_from_db()
    rain = taken(home, RAIN)["rain"]
    assert [rain.variable, rain.unit, rain.values.tolist()] == ["PRCP", "mm", [50.8]]
    assert "needed in mm" in refused(home, RAIN, rain="TMIN")["rain"][0]
    Variable.objects.filter(dataset=home, name="PRCP").update(name="precip")
    assert "none of PRCP, RAIN" in refused(home, RAIN)["rain"][0]


# ------------------------------------------------------------------ order and neighbours


def test_a_list_keeps_its_order_however_datasets_change_in_it(home: Dataset, analyst: User) -> None:
    other = filled(analyst, stations="CD")
    there = {"dataset": str(other.pk)}
    others = [
        {"variable": "TMIN", "station": "D", **there},
        {"variable": "TMIN", "station": "A"},
        {"variable": "TMAX", "station": "C", **there},
        {"variable": "TMAX", "station": "B"},
    ]
    found = taken(home, SEVERAL, others=others)
    assert [(one.variable, one.station) for one in found["others"]] == [
        (one["variable"], one["station"]) for one in others
    ]
    assert AnalysisInput.objects.count() == 2


@pytest.mark.parametrize("rolled_up", [True, False], ids=["rolled-up", "just-written"])
def test_the_nearest_stations_that_observe_the_variable_are_taken(
    home: Dataset, *, rolled_up: bool
) -> None:
    for code, north in (("N", 45.2), ("M", 45.1), ("F", 60)):
        Station.objects.create(dataset=home, code=code, latitude=north, longitude=7)
        write(home, days(40, station=code))
    Station.objects.create(dataset=home, code="quiet", latitude=45, longitude=7)
    Station.objects.create(dataset=home, code="nowhere")
    write(home, days(40, station="nowhere"))
    Station.objects.create(dataset=home, code="dry", latitude=45.05, longitude=7)
    write(home, [{"timestamp": "2001-01-01", "station": "dry", "value": {"PRCP": 1.0}}])
    if rolled_up:
        rollups.roll_up(home.pk)
    assert named(chosen(home, NEAR))[1:] == [
        ("neighbours", "M", "TMAX"),
        ("neighbours", "N", "TMAX"),
    ]
    found = taken(home, NEAR)["neighbours"]
    assert [one.station for one in found] == ["M", "N"]


def test_the_nearest_are_told_by_coordinates_that_the_caller_may_know(home: Dataset) -> None:
    Dataset.objects.filter(pk=home.pk).update(visibility="public", coordinate_step_deg=1.0)
    for code, north in (("far", 45.4), ("near", 44.6)):
        Station.objects.create(dataset=home, code=code, latitude=north, longitude=7)
        write(home, days(40, station=code))
    Station.objects.filter(dataset=home, code="A").update(latitude=44.9)
    rollups.roll_up(home.pk)

    def nearest(user: User) -> list[str]:
        return [one.station for one in chosen(home, NEAR, user)[1:]]

    assert nearest(home.owner) == ["near", "far"]
    # To them all three are at 45°, so the order of the stations decides.
    assert nearest(make_user("analyst")) == ["far", "near"]
    found = taken(home, NEAR)
    assert {one.latitude for one in (found["variable"], *found["neighbours"])} == {45}


@pytest.mark.parametrize("rolled_up", [True, False], ids=["rolled-up", "just-written"])
@pytest.mark.parametrize("hidden", ["2001-02-05T00:00:00Z", "2001-03-05T00:00:00Z"])
def test_a_06_a_station_that_observes_only_under_the_embargo_is_near_nobody_else(
    home: Dataset, hidden: str, monkeypatch: pytest.MonkeyPatch, *, rolled_up: bool
) -> None:
    Station.objects.create(dataset=home, code="new", latitude=45.1, longitude=7)
    write(home, [{"timestamp": hidden, "station": "new", "value": {"TMAX": 1}}])
    if rolled_up:
        rollups.roll_up(home.pk)
    Dataset.objects.filter(pk=home.pk).update(visibility="public", embargo_days=10)
    today = clock.parse(hidden, "") + timedelta(days=10, hours=5)
    reader = make_user("analyst")

    def nearest(user: User, after: int) -> list[str]:
        monkeypatch.setattr(clock, "now", lambda: today + timedelta(days=after))
        return [one.station for one in chosen(home, NEAR, user)[1:]]

    assert nearest(home.owner, 0) == ["new", "B"]
    assert nearest(reader, 0) == ["B"]
    assert nearest(reader, 1) == ["new", "B"]


def test_without_coordinates_there_is_nothing_near(home: Dataset) -> None:
    Station.objects.filter(dataset=home, code="A").update(latitude=None, longitude=None)
    assert taken(home, NEAR)["neighbours"] == []


def test_the_station_itself_is_not_its_neighbour(home: Dataset) -> None:
    assert "itself" in refused(home, NEAR, neighbours=["B", "A"])["neighbours"][0]
    assert "no station" in refused(home, NEAR, neighbours=["Z"])["neighbours"][0]
    assert named(chosen(home, NEAR, neighbours=["B"]))[1:] == [("neighbours", "B", "TMAX")]


def test_choosing_asks_as_often_for_one_series_as_for_twenty(home: Dataset, analyst: User) -> None:
    other = filled(analyst, stations="CD")

    def queries(count: int) -> int:
        one = {"dataset": str(other.pk), "variable": "TMIN", "station": "D"}
        with CaptureQueriesContext(connection) as asked:
            chosen(home, SEVERAL, others=[one] * count)
        return len(asked)

    queries(1)  # what is asked once and kept, such as the rights of the caller
    assert queries(1) == queries(20) <= 6


def test_series_are_arrays_of_their_own(home: Dataset) -> None:
    found = taken(home, SEVERAL, others=[{"variable": "TMIN", "station": "B"}])
    assert isinstance(found["variable"], Series)
    assert found["others"][0].values.dtype == np.float64
    assert found["others"][0].values.tolist()[:5] == [0, 1, 2, 3, 4]


def test_a_reference_may_name_its_revision(home: Dataset, analyst: User) -> None:
    other = make_dataset(analyst)
    write(other, days(3, station="C"))
    write(other, days(9, station="C"))
    reference = {"dataset": str(other.pk), "variable": "TMIN"}
    given = {"variable": "TMAX", "station": "A"}

    def asked(**more: Any) -> inputs.Chooser:
        chooser = inputs.Chooser(access.view(analyst, home.pk), analyst)
        chooser.choose(SEVERAL, check(SEVERAL, {**given, "others": [{**reference, **more}]}))
        return chooser

    view = access.view(analyst, other.pk)
    assert [asked().revision(view), asked(revision=1).revision(view)] == [2, 1]
    with pytest.raises(InvalidInputError) as caught:
        asked(revision=3)
    assert caught.value.details == {"others.0.revision": ["The dataset is at revision 2."]}
    twice = [{**reference, "revision": number} for number in (1, 2)]
    told = "Of each dataset one revision is read; name one."
    assert refused(home, SEVERAL, others=twice) == {"others.1.revision": [told]}


def test_a_direction_is_taken_only_where_no_mean_is(home: Dataset, analyst: User) -> None:
    Variable.objects.filter(dataset=home, name="TMIN").update(standard_name="wind_from_direction")
    view = access.view(analyst, home.pk)

    def asked(kind: str, **given: Any) -> None:
        whole = check(registry[kind], {"station": "A", **given})
        inputs.Chooser(view, analyst).choose(registry[kind], whole)

    asked("summary", variable="TMIN")
    asked("trend", variable="TMAX")
    wind = {"variable": "TMIN", "station": "A"}
    regression = {"variable": "TMAX", "predictors": [wind]}
    for kind, given in (("trend", {"variable": "TMIN"}), ("regression", regression)):
        with pytest.raises(InvalidInputError) as caught:
            asked(kind, **given)
        (told,) = [text for texts in caught.value.details.values() for text in texts]
        assert "turns round" in told
