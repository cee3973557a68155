"""Results that become data, over the API: doubted values marked, filled series stored."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEvent, User
from analyses import services
from analyses.models import Analysis
from datasets.models import Dataset, Station, Variable
from datasets.services import share
from tests.conftest import ClientOf
from tests.datasets.reading import view
from tests.factories import days, make_dataset, make_user, write

API = "/api/v1"
SPIKES = {10: 55.0, 40: -60.0}


@pytest.fixture
def spiky(analyst: User) -> Dataset:
    """A hundred days of which two stand out; the first has a flag of its provider's."""
    dataset = make_dataset(analyst, license="CC BY 4.0", citation="Menne et al.")
    points = days(100, station="A")
    for place, value in SPIKES.items():
        points[place]["value"]["TMAX"] = value
    points[10]["metadata"] = {"flags": {"TMAX": "Z", "TMIN": "B"}, "quality": {"TMIN": 1}}
    write(dataset, points)
    Variable.objects.filter(dataset=dataset, name="TMAX").update(unit="degC", interval="P1D")
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def gappy(analyst: User) -> Dataset:
    """Forty days without the 10th, 11th and 21st, of which the fifth failed."""
    dataset = make_dataset(analyst, license="CC BY 4.0", citation="Menne et al.", embargo_days=3)
    points = [one for place, one in enumerate(days(40, station="A")) if place not in {9, 10, 20}]
    points[4]["metadata"] = {"flags": {"TMAX": "G"}, "quality": {"TMAX": 4}}
    points[5]["metadata"] = {"flags": {"TMAX": "Q", "TMIN": "B"}, "quality": {"TMAX": 3}}
    write(dataset, points)
    facts = {"unit": "degC", "interval": "P1D", "standard_name": "air_temperature", "valid_max": 60}
    Variable.objects.filter(dataset=dataset, name="TMAX").update(**facts)
    Station.objects.filter(dataset=dataset).update(latitude=47.44, longitude=-122.31, name="Sea")
    dataset.refresh_from_db()
    return dataset


def analysed(dataset: Dataset, kind: str, user: User | None = None, **given: Any) -> Analysis:
    user = user or dataset.owner
    parameters = {"variable": "TMAX", **given}
    made = services.request_analysis(view(dataset), kind, parameters, user=user)
    services.execute(made.pk)
    made.refresh_from_db()
    assert made.status == "succeeded", made.error
    return made


def outliers(dataset: Dataset, **given: Any) -> Analysis:
    return analysed(dataset, "outliers", methods=["robust_z"], z_threshold=8, **given)


def apply(client: APIClient, analysis: Analysis, **body: Any) -> Any:
    return client.post(f"{API}/analyses/{analysis.pk}/apply", body, format="json")


def points(client: APIClient, dataset: Any, **query: Any) -> list[dict[str, Any]]:
    path = f"{API}/datasets/{dataset}/data"
    return list(client.get(path, {"limit": 500, **query}).json()["results"])


# ---------------------------------------------------------------- outliers


@pytest.mark.parametrize(("given", "quality"), [({}, 3), ({"quality": "fail"}, 4)])
def test_doubted_values_are_marked_in_one_revision_and_stay_as_they_are(
    spiky: Dataset, api: APIClient, given: dict[str, Any], quality: int
) -> None:
    before = points(api, spiky.pk)
    answer = apply(api, outliers(spiky), **given)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["dataset"], body["revision"]) == (str(spiky.pk), 2)
    assert (body["received"], body["updated"], body["inserted"]) == (2, 2, 0)
    after = points(api, spiky.pk)
    assert [one["value"] for one in after] == [one["value"] for one in before]
    doubt = {"TMAX": ["robust_z"]}
    assert after[10]["metadata"] == {
        "flags": {"TMAX": "Z", "TMIN": "B"}, "quality": {"TMAX": quality, "TMIN": 1},
        "doubted_by": doubt,
    }  # fmt: skip
    assert after[40]["metadata"] == {"quality": {"TMAX": quality}, "doubted_by": doubt}
    assert {i for i in range(100) if after[i] != before[i]} == set(SPIKES)


def test_applying_again_changes_nothing(spiky: Dataset, api: APIClient) -> None:
    analysis = outliers(spiky)
    apply(api, analysis)
    again = apply(api, analysis)
    assert again.status_code == 200
    assert (again.json()["unchanged"], again.json()["revision"]) == (2, 2)
    same = services.rerun(view(spiky), analysis, user=spiky.owner, revision=1)
    answer = apply(api, same).json()
    assert answer["revision"] == 2


def test_what_failed_is_left_out_of_later_analyses(spiky: Dataset, api: APIClient) -> None:
    apply(api, outliers(spiky), quality="fail")
    spiky.refresh_from_db()
    later = outliers(spiky)
    assert later.result is not None
    assert (later.result.results["n_doubted"], later.result.results["left_out"]) == (0, 2)
    nothing = apply(api, later)
    assert (nothing.status_code, nothing.json()["revision"]) == (200, 2)


def test_suspicion_does_not_lift_what_failed(spiky: Dataset, api: APIClient) -> None:
    failed = {"TMAX": 4}
    write(spiky, [{**days(100, station="A")[10], "value": {"TMAX": 55.0},
                   "metadata": {"quality": failed}}])  # fmt: skip
    spiky.refresh_from_db()
    answer = apply(api, outliers(spiky, flags="include"))
    assert (answer.status_code, answer.json()["updated"]) == (200, 1)
    assert points(api, spiky.pk)[10]["metadata"]["quality"]["TMAX"] == 4


Change = dict[str, Any]


@pytest.mark.parametrize(
    "change",
    [
        {"value": {"TMAX": 12.0}},
        {"value": {"TMAX": None}},
        {"value": {"TMAX": 55.0}, "metadata": {"quality": {"TMAX": 1}}},
        {"value": {"TMAX": 55.0}, "metadata": {"flags": {"TMAX": "D"}}},
    ],
    ids=["value", "removed", "judged", "flagged"],
)
def test_a_doubted_value_that_changed_since_is_409_and_nothing_is_written(
    spiky: Dataset, api: APIClient, change: Change
) -> None:
    analysis = outliers(spiky)
    write(spiky, [{"timestamp": "2001-01-11T00:00:00Z", "station": "A", **change}])
    answer = apply(api, analysis)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (409, "CONFLICT")
    assert "revision 1" in answer.json()["detail"]["message"]
    assert "2001-01-11" in answer.json()["detail"]["message"]
    spiky.refresh_from_db()
    assert spiky.revision == 2
    assert "quality" not in points(api, spiky.pk)[40]["metadata"]


def test_a_doubted_point_that_is_gone_is_409(spiky: Dataset, api: APIClient) -> None:
    analysis = outliers(spiky)
    identity = points(api, spiky.pk)[10]["id"]
    assert api.delete(f"{API}/datasets/{spiky.pk}/data/{identity}").status_code == 204
    assert apply(api, analysis).status_code == 409


def test_other_values_may_change_meanwhile(spiky: Dataset, api: APIClient) -> None:
    analysis = outliers(spiky)
    write(spiky, [{"timestamp": "2001-01-11T00:00:00Z", "station": "A", "value": {"TMIN": 9.0}}])
    write(spiky, days(3, "2001-01-20", station="B"))
    answer = apply(api, analysis)
    assert (answer.status_code, answer.json()["updated"]) == (200, 2)


def test_a_list_that_was_cut_short_is_not_applied(spiky: Dataset, api: APIClient) -> None:
    analysis = outliers(spiky)
    assert analysis.result is not None
    analysis.result.results["n_doubted"] = 5
    analysis.result.save()
    answer = apply(api, analysis)
    assert answer.status_code == 400
    assert "Only 2 of 5" in str(answer.json())


# ---------------------------------------------------------------- gaps


def gaps(dataset: Dataset, **given: Any) -> Analysis:
    return analysed(dataset, "gaps", fill="interpolation", **given)


def test_a_filled_series_becomes_a_new_private_dataset(gappy: Dataset, api: APIClient) -> None:
    analysis = gaps(gappy)
    answer = apply(api, analysis, name="TMAX, filled")
    assert answer.status_code == 201, answer.content
    made = answer.json()["dataset"]
    assert answer["Location"] == f"{API}/datasets/{made}"
    assert (answer.json()["inserted"], answer.json()["revision"]) == (40, 1)
    told = api.get(answer["Location"]).json()
    assert (told["name"], told["visibility"], told["source"]) == (
        "TMAX, filled",
        "private",
        "analysis",
    )
    assert (told["license"], told["citation"], told["embargo_days"]) == (
        "CC BY 4.0",
        "Menne et al.",
        3,
    )
    assert told["lineage"] == {
        "dataset": str(gappy.pk), "revision": 1, "station": "A", "variable": "TMAX",
        "analysis": str(analysis.pk), "type": "gaps", "method_version": 1,
        "parameters": {**analysis.parameters},
    }  # fmt: skip
    (variable,) = api.get(f"{answer['Location']}/variables").json()["results"]
    facts = ("name", "unit", "interval", "standard_name", "valid_max")
    assert [variable[name] for name in facts] == ["TMAX", "degC", "P1D", "air_temperature", 60]
    (station,) = api.get(f"{answer['Location']}/stations").json()["results"]
    assert (station["code"], station["name"], station["latitude"]) == ("A", "Sea", 47.44)


def test_values_stay_with_what_was_said_of_them_and_filled_ones_are_flagged(
    gappy: Dataset, api: APIClient
) -> None:
    analysis = gaps(gappy)
    made = apply(api, analysis, name="x").json()["dataset"]
    old = {one["timestamp"]: one for one in points(api, gappy.pk)}
    new = {one["timestamp"]: one for one in points(api, made)}
    assert analysis.result is not None
    filled = analysis.result.results["filled"]
    assert len(filled["timestamps"]) == 4
    for time, one in new.items():
        assert set(one["value"]) == {"TMAX"}
        if time in filled["timestamps"]:
            place = filled["timestamps"].index(time)
            assert one["value"]["TMAX"] == filled["values"][place]
            error = {"expected_error": {"TMAX": filled["expected_errors"][place]}}
            said = {"flags": {"TMAX": "F"}, "quality": {"TMAX": 2}}
            assert one["metadata"] == said | error
        else:
            assert one["value"]["TMAX"] == old[time]["value"]["TMAX"]
    # The one that failed was missing to the analysis, and is filled.
    assert "2001-01-05T00:00:00Z" in filled["timestamps"]
    said_of = {time: one["metadata"] for time, one in new.items() if one["metadata"]}
    others = {time: one for time, one in said_of.items() if time not in filled["timestamps"]}
    kept = {"flags": {"TMAX": "Q"}, "quality": {"TMAX": 3}}
    assert others == {"2001-01-06T00:00:00Z": kept}


def test_the_series_is_that_of_the_analysed_revision(gappy: Dataset, api: APIClient) -> None:
    analysis = gaps(gappy)
    write(gappy, [{"timestamp": "2001-01-02T00:00:00Z", "station": "A", "value": {"TMAX": 50.0}}])
    made = apply(api, analysis, name="x").json()["dataset"]
    assert points(api, made)[1]["value"]["TMAX"] == 11.5


def test_a_value_outside_the_valid_range_is_named_and_not_stored(
    gappy: Dataset, api: APIClient
) -> None:
    Variable.objects.filter(dataset=gappy, name="TMAX").update(valid_max=16)
    body = apply(api, gaps(gappy), name="x").json()
    assert body["rejected"] == len(body["errors"]) > 0
    assert body["inserted"] + body["rejected"] == 40
    assert "valid range" in body["errors"][0]["message"]


def test_who_sees_less_makes_a_dataset_of_what_they_see(
    gappy: Dataset, client_of: ClientOf
) -> None:
    Dataset.objects.filter(pk=gappy.pk).update(visibility="public", coordinate_step_deg=1)
    other = make_user("analyst")
    gappy.refresh_from_db()
    body = {"type": "gaps", "parameters": {"variable": "TMAX", "fill": "interpolation"}}
    client = client_of(other)
    asked = client.post(f"{API}/datasets/{gappy.pk}/analysis", body, format="json").json()
    services.execute(asked["id"])
    answer = apply(client, Analysis.objects.get(pk=asked["id"]), name="mine")
    assert answer.status_code == 201
    made = client.get(answer["Location"]).json()
    assert (made["owner"]["username"], made["coordinate_step_deg"]) == (other.username, 1)
    (station,) = client.get(f"{answer['Location']}/stations").json()["results"]
    assert (station["latitude"], station["longitude"]) == (47, -122)


# ---------------------------------------------------------------- refused

Made = Callable[[Dataset], Analysis]


@pytest.mark.parametrize(
    ("made", "body", "named"),
    [
        (outliers, {"quality": "maybe"}, "quality"), (outliers, {"quality": 3}, "quality"),
        (outliers, {"name": "x"}, "name"), (outliers, {"flag": "x"}, "flag"),
        (gaps, {}, "name"), (gaps, {"name": ""}, "name"), (gaps, {"name": "x" * 256}, "name"),
        (gaps, {"name": "a\0b"}, "name"), (gaps, {"name": "x", "quality": "fail"}, "quality"),
        (gaps, {"name": "x", "owner": "y"}, "owner"), (gaps, {"name": ["x"]}, "name"),
        (lambda one: analysed(one, "gaps"), {"name": "x"}, "type"),
        (lambda one: analysed(one, "summary"), {}, "type"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_400_naming_it_and_writes_nothing(
    gappy: Dataset, api: APIClient, made: Made, body: dict[str, Any], named: str
) -> None:
    answer = apply(api, made(gappy), **body)
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["detail"]["details"]) == [named]
    gappy.refresh_from_db()
    assert (gappy.revision, Dataset.objects.count()) == (1, 1)


@pytest.mark.parametrize("kind", ["outliers", "gaps"])
def test_what_has_no_result_is_409(gappy: Dataset, api: APIClient, kind: str) -> None:
    given = {"variable": "TMAX"}
    waiting = services.request_analysis(view(gappy), kind, given, user=gappy.owner)
    body = {"name": "x"} if kind == "gaps" else {}
    assert apply(api, waiting, **body).status_code == 409


@pytest.mark.parametrize(
    ("who", "right", "visibility", "answers"),
    [
        (None, None, "public", (401, 401)),
        ("analyst", None, "private", (404, 404)), ("analyst", None, "public", (403, 201)),
        ("analyst", "view", "private", (403, 201)), ("analyst", "edit", "private", (200, 201)),
        ("viewer", "edit", "private", (403, 403)), ("viewer", None, "public", (403, 403)),
        ("steward", None, "public", (200, 201)), ("admin", None, "private", (200, 201)),
    ],
)  # fmt: skip
def test_who_may_apply(  # noqa: PLR0917 - a table
    spiky: Dataset, gappy: Dataset, client_of: ClientOf,
    who: str | None, right: str | None, visibility: str, answers: tuple[int, int],
) -> None:  # fmt: skip
    Dataset.objects.update(visibility=visibility, embargo_days=None)
    person = make_user(who) if who else None
    for dataset in (spiky, gappy):
        dataset.refresh_from_db()
        if person and right:
            share(view(dataset), right, user=person)
    client = client_of(person)
    marked = apply(client, outliers(spiky)).status_code
    assert (marked, apply(client, gaps(gappy), name="x").status_code) == answers


def test_each_leaves_a_line_in_the_audit_log(
    spiky: Dataset, gappy: Dataset, api: APIClient
) -> None:
    marked, filled = outliers(spiky), gaps(gappy)
    apply(api, marked)
    made = apply(api, filled, name="x").json()["dataset"]
    lines = AuditEvent.objects.filter(action="analysis.applied").order_by("pk")
    told = [(line.object_id, line.details["dataset"], line.user_id) for line in lines]
    who = spiky.owner_id
    assert told == [(str(marked.pk), str(spiky.pk), who), (str(filled.pk), made, who)]


def test_a_receipt_names_the_analysis(spiky: Dataset, api: APIClient) -> None:
    analysis = outliers(spiky)
    receipt = apply(api, analysis).json()["receipt"]
    told = api.get(f"{API}/receipts/{receipt}").json()
    assert told["route"] == f"POST /analyses/{analysis.pk}/apply"
    assert (told["updated"], told["revision"]) == (2, 2)


def test_a_mark_is_one_write_however_many_values_it_is_about(
    analyst: User, api: APIClient, django_assert_max_num_queries: Any
) -> None:
    dataset = make_dataset(analyst)
    write(dataset, [{**one, "value": {"TMAX": 5.0 if i % 3 else float(i)}}
                    for i, one in enumerate(days(900, station="A"))])  # fmt: skip
    dataset.refresh_from_db()
    analysis = analysed(dataset, "outliers", methods=["flat_lines"], flat_values=2)
    with django_assert_max_num_queries(45):
        body = apply(api, analysis).json()
    assert (body["updated"], body["revision"]) == (600, 2)
