"""Which values made a number, which were left out, and why."""

from typing import Any

import pytest

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.registry import FAILED
from analyses.services import explaining
from datasets import access
from datasets.models import Dataset, Variable
from datastream.core.errors import ConflictError, InvalidInputError
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write

API = "/api/v1"


@pytest.fixture
def flagged(analyst: User) -> Dataset:
    """Sixty days at one station, of which two failed a check."""
    dataset = make_dataset(analyst)
    points = days(60, station="A")
    for place in (3, 40):
        points[place]["metadata"] = {"quality": {"TMAX": 4}, "flags": {"TMAX": "I"}}
    write(dataset, points)
    dataset.refresh_from_db()
    return dataset


def done(dataset: Dataset, kind: str = "summary", **given: Any) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    parameters = {"variable": "TMAX", **given}
    analysis = services.request_analysis(view, kind, parameters, user=dataset.owner)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    return analysis


def test_values_that_failed_are_told_with_their_reason(flagged: Dataset) -> None:
    explained = explaining.explain(done(flagged), "series.0.mean")
    used = explained.series.values[explained.codes == 0]
    assert explained.value == pytest.approx(used.mean())
    assert (used.size, explained.counts()) == (58, [(FAILED, 2)])


def test_with_flags_included_all_values_count(flagged: Dataset) -> None:
    explained = explaining.explain(done(flagged, flags="include"), "series.0.mean")
    assert (explained.codes == 0).all()


def test_what_a_method_leaves_out_is_told_in_its_words(analyst: User) -> None:
    dataset = make_dataset(analyst)
    write(dataset, days(4 * 365, station="A") + days(100, start="2005-01-01", station="A"))
    dataset.refresh_from_db()
    analysis = done(dataset, "trend", step="year")
    explained = explaining.explain(analysis, "theil_sen.per_decade")
    assert int((explained.codes == 0).sum()) == analysis.result.results["n_values"]  # type: ignore[union-attr]
    (told,) = explained.counts()
    assert told[1] == (explained.codes != 0).sum() > 90
    assert "year" in told[0]


def test_the_reason_nearest_to_a_null_is_told(flagged: Dataset) -> None:
    analysis = done(flagged, "climatology")
    explained = explaining.explain(analysis, "normals")
    assert explained.reason == analysis.result.results["reason"]  # type: ignore[union-attr]
    assert explained.reason is not None


def test_one_that_takes_no_main_series_tells_of_each_that_it_takes(analyst: User) -> None:
    dataset = make_dataset(analyst)
    for name in ("TMAX", "TMIN"):
        Variable.objects.create(dataset=dataset, name=name, unit="degC", interval="P1D")
    write(dataset, days(730, station="A"))
    dataset.refresh_from_db()
    view = access.view(analyst, dataset.pk)
    analysis = services.request_analysis(view, "indices", {"indices": ["SU"]}, user=analyst)
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    of_maximum = explaining.explain(analysis, "annual.SU.1")
    assert of_maximum.counts() == [("It is in another period.", 365)]
    of_minimum = explaining.explain(analysis, "annual.SU.1", of="tmin")
    assert of_minimum.counts() == [("The index is not computed from this variable.", 730)]


def test_later_revisions_do_not_change_what_is_explained(flagged: Dataset) -> None:
    analysis = done(flagged)
    before = explaining.explain(analysis, "series.0.mean").series.values.tolist()
    write(flagged, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 999}}])
    assert explaining.explain(analysis, "series.0.mean").series.values.tolist() == before


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("series.0.meen", "mean"),
        ("series.7.mean", "1 entries"),
        ("series.0.mean.more", "nothing further"),
        ("", "series"),
        ("__class__", "series"),
        ("series.-1.mean", "1 entries"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_there_is(
    flagged: Dataset, number: str, words: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        explaining.explain(done(flagged), number)
    assert words in error.value.details["number"][0]


def test_a_series_that_it_does_not_read_is_refused(flagged: Dataset) -> None:
    for of in ("reference", "variable.9", "variable.99999999999999999999"):
        with pytest.raises(InvalidInputError) as error:
            explaining.explain(done(flagged), "series.0.mean", of=of)
        assert list(error.value.details) == ["of"]


def test_what_has_no_result_is_not_explained(flagged: Dataset) -> None:
    view = access.view(flagged.owner, flagged.pk)
    analysis = services.request_analysis(view, "summary", {}, user=flagged.owner)
    with pytest.raises(ConflictError):
        explaining.explain(analysis, "series")


def test_over_http_values_come_in_pages_that_can_be_chosen(
    flagged: Dataset, client_of: ClientOf
) -> None:
    client = client_of(flagged.owner)
    url = f"{API}/analyses/{done(flagged).pk}/explain"
    first = client.get(url, {"number": "series.0.mean", "limit": "50"}).json()
    assert (first["used"], first["unit"], first["variable"]) == (58, "", "TMAX")
    assert first["left_out"] == [{"reason": FAILED, "count": 2}]
    rest = client.get(first["next"]).json()
    assert rest["next"] is None
    stamps = first["results"]["timestamp"] + rest["results"]["timestamp"]
    assert len(set(stamps)) == 60
    left = client.get(url, {"number": "series.0.mean", "used": "false"}).json()["results"]
    assert left["timestamp"] == ["2001-01-04T00:00:00Z", "2001-02-10T00:00:00Z"]
    assert left["reason"] == [FAILED] * 2
    window = {"number": "series.0.mean", "start": "2001-01-04", "end": "2001-01-06"}
    assert client.get(url, window).json()["results"]["used"] == [False, True]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "number"),
        ({"number": "n" * 1000}, "number"),
        ({"number": "series", "used": "maybe"}, "used"),
        ({"number": "series", "limit": "0"}, "limit"),
        ({"number": "series", "start": "soon"}, "start"),
        ({"number": "series", "what": "1"}, "what"),
    ],
)
def test_over_http_wrong_questions_are_named(
    flagged: Dataset, client_of: ClientOf, query: dict[str, str], field: str
) -> None:
    answer = client_of(flagged.owner).get(f"{API}/analyses/{done(flagged).pk}/explain", query)
    assert answer.status_code == 400
    assert list(answer.json()["detail"]["details"]) == [field]


def test_who_may_not_see_the_dataset_sees_no_explanation(
    flagged: Dataset, client_of: ClientOf
) -> None:
    url = f"{API}/analyses/{done(flagged).pk}/explain"
    assert client_of(make_user()).get(url, {"number": "series"}).status_code == 404
