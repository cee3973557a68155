"""Pages of points: boxes, flags, layouts, units, and what is hidden."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from datasets.access import full_view
from datasets.ingest.batch import VARIABLES_MAX
from datasets.models import Dataset
from datasets.selectors import points
from datasets.selectors.points import Selection
from tests.datasets.reading import point
from tests.factories import make_dataset, write

Get = Callable[..., Any]
FAILED = {"quality": {"TMAX": 4}, "flags": {"TMAX": "X"}}


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Stations at four corners of the world, one nowhere, one without a code; flags and text."""
    made = make_dataset(analyst, name="pages")
    made.variables.create(name="TMAX", unit="degC")
    made.variables.create(name="PRCP", unit="mm")
    made.variables.create(name="count")
    made.variables.create(name="sky", kind="text")
    for code, latitude, longitude in (
        ("seattle", 47.6, -122.3), ("suva", -18.1, 178.4), ("apia", -13.8, -171.8),
        ("quito", -0.2, -78.5), ("nowhere", None, None),
    ):  # fmt: skip
        made.stations.create(code=code, latitude=latitude, longitude=longitude)
    write(made, [
        point({"TMAX": 20, "PRCP": 25.4, "count": 3, "sky": 'a "b"'}, "2001-01-01", station=code)
        for code in ("seattle", "suva", "apia", "quito", "nowhere", "")
    ])  # fmt: skip
    write(made, [
        point({"TMAX": -40}, "2001-01-02", station="seattle", metadata=FAILED),
        point({"TMAX": 99, "PRCP": 0}, "2001-01-03", station="seattle", metadata=FAILED),
        point({"TMAX": 21}, "2001-01-04", station="seattle", metadata={"quality": {"TMAX": 3}}),
    ])  # fmt: skip
    return made


@pytest.fixture
def url(db: None, filled: Dataset) -> str:
    return f"/api/v1/datasets/{filled.pk}/data"


@pytest.fixture
def ask(api: APIClient, url: str) -> Get:
    return lambda **query: api.get(f"{url}?{urlencode(query, doseq=True)}")


@pytest.fixture
def get(ask: Get) -> Get:
    def read(**query: Any) -> Any:
        answer = ask(**query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return read


def refusal(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.content
    return list(answer.json()["detail"]["details"])


def stations(page: Any) -> set[str]:
    return {one["station"] for one in page["results"]}


# ------------------------------------------------------------------ boxes


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        ("-130,40,-110,50", {"seattle"}),
        ("-180,-90,180,90", {"seattle", "suva", "apia", "quito"}),
        ("170,-20,-170,0", {"suva", "apia"}),
        ("-122.3,47.6,-122.3,47.6", {"seattle"}),
        ("0,0,1,1", set()),
        ("-180,-1,0,0", {"quito"}),
    ],
)
def test_a_box_chooses_the_stations_inside_also_across_the_date_line(
    get: Get, box: str, inside: set[str]
) -> None:
    assert stations(get(bbox=box)) == inside
    assert stations(get(bbox=box, order="desc", layout="rows")) == inside


def test_a_box_and_stations_choose_what_is_in_both(get: Get) -> None:
    assert stations(get(bbox="170,-20,-170,0", station=["suva", "quito"])) == {"suva"}
    assert get(bbox="0,0,1,1", station="suva")["results"] == []


def test_pages_of_a_box_hold_every_point_once(api: APIClient, url: str, get: Get) -> None:
    whole = get(bbox="-130,-20,-60,50")["results"]
    found, following = [], f"{url}?bbox=-130,-20,-60,50&limit=1"
    while following:
        page = api.get(following).json()
        found += page["results"]
        following = page["next"]
    assert found == whole
    assert len(whole) == 5


def test_a_box_sees_coordinates_as_they_are_shown(filled: Dataset, db: None) -> None:
    seen = replace(full_view(Dataset.objects.get(pk=filled.pk)), coordinate_step_deg=5.0)
    # Seattle is shown at 50 N, 120 W.
    for box, count in (((-120.0, 50.0, -120.0, 50.0), 4), ((-122.5, 47.0, -122.0, 48.0), 0)):
        selection = Selection(seen.dataset.revision, box=box)
        assert points.page(seen, selection, limit=10).count == count


@pytest.mark.parametrize(
    "box",
    ["", "1,2,3", "1,2,3,4,5", "nan,0,1,1", "0,91,1,92", "0,1,1,0", "0,-91,1,0", "-181,0,1,1",
     "0,0,1e3,1", "a,b,c,d", "0,0,1,", "٠,0,1,1"],
)  # fmt: skip
def test_in_40_a_box_that_makes_no_sense_is_refused(ask: Get, box: str) -> None:
    assert refusal(ask(bbox=box)) == ["bbox"]


# ------------------------------------------------------------------ flags


def test_everything_stored_is_answered_unless_told_otherwise(get: Get) -> None:
    whole = [one["value"].get("TMAX") for one in get(station="seattle")["results"]]
    assert whole == [20, -40, 99, 21]
    assert get(station="seattle", flags="include")["results"] == get(station="seattle")["results"]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_failed_values_count_as_missing_where_they_are_excluded(get: Get, order: str) -> None:
    found = get(station="seattle", flags="exclude", order=order)["results"]
    found = found if order == "asc" else found[::-1]
    assert [one["value"] for one in found[1:]] == [{"PRCP": 0}, {"TMAX": 21}]
    assert found[1]["metadata"] == FAILED
    only = get(station="seattle", flags="exclude", order=order, variables="TMAX")["results"]
    assert sorted(one["timestamp"][:10] for one in only) == ["2001-01-01", "2001-01-04"]


def test_excluding_failed_values_reads_old_revisions_too(get: Get) -> None:
    assert len(get(revision=1, flags="exclude")["results"]) == 6


def test_an_unknown_word_is_refused_by_its_parameter(ask: Get) -> None:
    for name in ("flags", "layout", "order"):
        for word in ("", "x", "EXCLUDE", "rows,columns"):
            assert refusal(ask(**{name: word})) == [name]


# ------------------------------------------------------------------ columns


def test_columns_have_one_array_each(get: Get) -> None:
    page = get(layout="columns", station=["seattle", ""])
    assert list(page["results"]) == ["timestamp", "station", "TMAX", "PRCP", "count", "sky"]
    assert page["results"]["station"] == ["seattle"] * 4 + [""]
    assert page["results"]["TMAX"] == [20, -40, 99, 21, 20]
    assert page["results"]["sky"] == ['a "b"', None, None, None, 'a "b"']
    assert page["results"]["timestamp"][1] == "2001-01-02T00:00:00Z"
    assert page["units"] == {"TMAX": "degC", "PRCP": "mm"}


def test_columns_may_have_ids_and_metadata(get: Get) -> None:
    asked = "id,timestamp,station,value,metadata"
    found = get(layout="columns", fields=asked, station="seattle")["results"]
    rows = get(station="seattle")["results"]
    for name in ("id", "timestamp", "station", "metadata"):
        assert found[name] == [one[name] for one in rows]
    assert list(get(layout="columns", fields="metadata")["results"]) == ["metadata"]


def test_columns_of_nothing_are_empty(get: Get, api: APIClient, analyst: User) -> None:
    found = get(layout="columns", end="2000-01-01", variables="TMAX")["results"]
    assert found == {"timestamp": [], "station": [], "TMAX": []}
    empty = f"/api/v1/datasets/{make_dataset(analyst).pk}/data"
    assert api.get(f"{empty}?layout=columns").json()["results"] == {"timestamp": [], "station": []}
    assert api.get(f"{empty}?layout=columns&fields=value").json()["results"] == {}


def test_pages_of_columns_hold_every_point_once(api: APIClient, url: str, get: Get) -> None:
    whole = get(layout="columns")["results"]
    found: dict[str, list[Any]] = {name: [] for name in whole}
    following = f"{url}?layout=columns&limit=2"
    while following:
        page = api.get(following).json()
        for name, values in page["results"].items():
            assert len(values) <= 2
            found[name] += values
        following = page["next"]
    assert found == whole


def test_as_many_variables_as_a_dataset_may_have_come_in_every_form(
    api: APIClient, dataset: Dataset
) -> None:
    value = {f"v{n}": n for n in range(VARIABLES_MAX)}
    write(dataset, [point(value)])
    dataset.variables.filter(name="v7").update(unit="m")
    url = f"/api/v1/datasets/{dataset.pk}/data"
    for query in (f"variables={','.join(value)}", "units=v7:m", ""):
        assert api.get(f"{url}?{query}").json()["results"][0]["value"] == value
    found = api.get(f"{url}?layout=columns&fields=value").json()["results"]
    assert found == {name: [one] for name, one in value.items()}


NAMES = st.text(st.characters().filter(str.isprintable), max_size=8)
NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(-1e12, 1e12, allow_nan=False).filter(lambda one: one == 0 or abs(one) > 1e-12),
)
POINTS = st.dictionaries(
    st.tuples(st.sampled_from(["", 'a"b', "ß\\"]), st.integers(1, 28)),
    st.dictionaries(st.sampled_from(range(3)), NUMBERS, min_size=1),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(NAMES, min_size=3, max_size=3, unique=True), POINTS, st.booleans())
def test_rows_and_columns_say_the_same(
    dataset: Dataset, names: list[str], cells: dict[Any, dict[int, float]], descending: bool
) -> None:
    names = [f"V{name.strip()}{n}" for n, name in enumerate(names)]
    made = make_dataset(dataset.owner)
    write(made, [
        point({names[n]: one for n, one in value.items()}, f"2001-01-{day:02}", station=station)
        for (station, day), value in cells.items()
    ])  # fmt: skip
    seen = full_view(Dataset.objects.get(pk=made.pk))
    selection = Selection(seen.dataset.revision, descending=descending)
    form = points.form_of(selection, points.facts(seen), is_columns=True)
    columns = orjson.loads(points.page(seen, selection, limit=100, form=form).results)
    rows = orjson.loads(points.page(seen, selection, limit=100).results)
    assert len(rows) == len(cells)
    for name in ("id", "timestamp", "station", "metadata"):
        assert columns.pop(name) == [one[name] for one in rows]
    used = {names[n] for value in cells.values() for n in value}
    assert columns == {name: [one["value"].get(name) for one in rows] for name in used}
    named = replace(selection, variables=tuple(sorted(used)))
    again = orjson.loads(points.page(seen, named, limit=100).results)
    assert [one["value"] for one in again] == [one["value"] for one in rows]


# ------------------------------------------------------------------ units


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_values_come_in_the_unit_asked_for(get: Get, layout: str) -> None:
    # degF = 1.8 degC + 32 and 1 inch = 25.4 mm, NIST SP 811.
    page = get(units="TMAX:degF,PRCP:inch", station="seattle", layout=layout)
    found = page["results"]
    value = [one["value"] for one in found] if layout == "rows" else None
    tmax = [one["TMAX"] for one in value] if value else found["TMAX"]
    prcp = [one.get("PRCP") for one in value] if value else found["PRCP"]
    assert tmax == [68, -40, 210.2, 69.8]
    assert prcp == [1, None, 0, None]
    assert page["units"] == {"TMAX": "degF", "PRCP": "inch"}


def test_other_variables_stay_as_they_are_beside_a_converted_one(get: Get) -> None:
    (found,) = get(units="TMAX:K", station="quito")["results"]
    assert found["value"] == {"TMAX": 293.15, "PRCP": 25.4, "sky": 'a "b"', "count": 3}
    (found,) = get(units="TMAX:K", station="quito", variables="TMAX,count")["results"]
    assert found["value"] == {"TMAX": 293.15, "count": 3}
    assert get(units="TMAX:degC")["results"] == get()["results"]


def test_small_numbers_keep_their_digits(api: APIClient, dataset: Dataset) -> None:
    dataset.variables.create(name="pm", unit="ug m-3")
    write(dataset, [point({"pm": 12.345678})])
    answer = api.get(f"/api/v1/datasets/{dataset.pk}/data?units=pm:kg m-3").json()
    assert answer["results"][0]["value"] == {"pm": pytest.approx(12.345678e-9, rel=1e-9)}


def test_a_converted_number_has_no_digits_that_nobody_measured(get: Get) -> None:
    text = orjson.dumps(get(units="TMAX:degF", station="seattle")["results"])
    assert b"68" in text
    assert b"68.0000" not in text


@pytest.mark.parametrize(
    "text",
    ["", "TMAX", "TMAX:", ":degF", "TMAX:mm", "zzz:mm", "count:1", "sky:1", "TMAX:furlong x",
     "TMAX:degF,TMAX:K", "TMAX:degF,", "TMAX:" + "m" * 5000, "TMAX:m**9999999", "tmax:degF",
     "TMAX:__import__('os')"],
)  # fmt: skip
def test_units_that_make_no_sense_are_refused(ask: Get, text: str) -> None:
    assert refusal(ask(units=text)) == ["units"]


# ------------------------------------------------------------------ what is hidden


def test_embargoed_points_are_on_no_page_and_not_found(filled: Dataset, db: None) -> None:
    seen = replace(
        full_view(Dataset.objects.get(pk=filled.pk)), until=datetime(2001, 1, 3, tzinfo=UTC)
    )
    selection = Selection(seen.dataset.revision, stations=("seattle",))
    shown = orjson.loads(points.page(seen, selection, limit=9).results)
    assert [one["timestamp"][:10] for one in shown] == ["2001-01-01", "2001-01-02"]
    everything = points.page(seen, Selection(seen.dataset.revision), limit=9)
    assert everything.count == 7
    whole = orjson.loads(points.page(full_view(filled), selection, limit=9).results)
    found = [points.point(seen, UUID(one["id"]), selection.revision) for one in whole]
    assert found == [*shown, None, None]
