"""Exports hold what the pages hold, in every format and at every revision."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from accounts.models import User
from datasets import exports, places
from datasets.models import Dataset
from datasets.selectors.points import Selection
from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion
from tests.datasets.exported import KINDS, body, points, table
from tests.datasets.reading import point, read, view
from tests.factories import days, make_dataset, write

FLAGS = {"flags": {"TMAX": 'a "b", c'}}
FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Two stations and points without one, corrected, with metadata, gaps and a text."""
    made = make_dataset(analyst, name="Säntis, hourly", license="CC BY 4.0", citation="Me (2001)")
    made.stations.create(code="b", latitude=47.25, longitude=9.34, elevation_m=2502.0)
    made.variables.create(name="TMAX", unit="degC", standard_name="air_temperature",
                          cell_method="time: maximum")  # fmt: skip
    made.variables.create(name="SKY", kind="text")
    write(made, [{**one, "station": code} for code in ("a", "b", "") for one in days(4)])
    write(made, [
        point({"TMAX": -5.2, "SKY": '=1+"x",\n'}, "2001-01-02", station="a", metadata=FLAGS),
        point({"TMIN": 1e-7}, "2001-01-02T00:00:00.5", station="a"),
        point({"TMAX": 1.5}, FIRST, station="b"), point({"TMAX": 2.5}, LAST, station="b"),
    ])  # fmt: skip
    write(made, [point({"TMIN": None, "TMAX": 0}, "2001-01-04", station="a")])
    return made


# ------------------------------------------------------------------ the points


@pytest.mark.parametrize("revision", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_the_points_of_the_pages(filled: Dataset, kind: str, revision: int):
    found = points(body(filled, kind, revision=revision), kind)
    assert found == read(filled, revision)
    assert len(found) == (0, 12, 15, 15)[revision]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_after_the_request_began_is_not_there(dataset: Dataset, kind: str):
    write(dataset, [*days(3), *days(3, station="b")])
    seen, before = view(dataset), read(dataset)
    write(dataset, [*days(1, "2001-01-02", metadata=FLAGS), *days(9, "2001-01-03", station="b")])
    assert points(body(dataset, kind, seen=seen), kind) == before
    assert read(dataset) != before


@pytest.mark.parametrize("kind", KINDS)
def test_descending_turns_stations_and_times(filled: Dataset, kind: str):
    assert points(body(filled, kind, descending=True), kind) == read(filled)[::-1]


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_selected_is_there(filled: Dataset, kind: str):
    start, end = (datetime(2001, 1, day, tzinfo=UTC) for day in (2, 4))
    asked: dict[str, Any] = {"stations": ("a", ""), "start": start, "end": end}
    found = points(body(filled, kind, **asked, variables=("TMAX",)), kind)
    wanted = [
        {**one, "value": {"TMAX": one["value"]["TMAX"]}}
        for one in read(filled)
        if one["station"] != "b" and "2001-01-02" <= one["timestamp"] < "2001-01-04"
        and "TMAX" in one["value"]
    ]  # fmt: skip
    assert found == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_values_and_failed_ones_stay_out(dataset: Dataset, kind: str):
    failed = {"quality": {"TMAX": 4}}
    write(dataset, [*days(3), point({"TMAX": 1, "TMIN": 2}, "2000-01-01", metadata=failed)])
    seen = replace(view(dataset), until=datetime(2001, 1, 2, tzinfo=UTC))
    found = points(body(dataset, kind, seen=seen, failed=False), kind)
    assert [one["value"] for one in found] == [{"TMIN": 2}, {"TMAX": 10.5, "TMIN": 0}]


@pytest.mark.parametrize("kind", KINDS)
def test_units_are_converted_in_decimals(filled: Dataset, kind: str):
    change = {"TMAX": Conversion("degF", Decimal("1.8"), Decimal(32))}
    found = points(body(filled, kind, stations=("a",), conversions=change), kind)
    # -5.2 degC are 22.64 degF, where floats make 22.639999999999997.
    assert [one["value"].get("TMAX") for one in found] == [50.9, 22.64, None, 54.5, 32]


@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_are_not_asked_for_are_not_there(filled: Dataset, kind: str):
    found = points(body(filled, kind, fields=("value", "id")), kind)
    assert found == [{"id": one["id"], "value": one["value"]} for one in read(filled)]
    (first, *_) = points(body(filled, "ndjson", fields=("timestamp",)), "ndjson")
    assert first == {"timestamp": FIRST}


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_without_points_is_an_empty_file(dataset: Dataset, kind: str):
    assert points(body(dataset, kind), kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_refused_before_the_first_byte(filled: Dataset, kind: str):
    for asked in ({"stations": ("x",)}, {"variables": ("TMAX", "X")}):
        with pytest.raises(InvalidInputError):
            exports.stream(view(filled), Selection(3, **asked), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_queries_does_not_grow(filled: Dataset, dataset: Dataset, kind: str):
    write(dataset, days(1))
    counts = []
    for one in (dataset, filled):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            body(one, kind)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


# ------------------------------------------------------------------ CSV


def test_the_columns_of_csv_are_the_variables_between_keys_and_metadata(filled: Dataset):
    lines = body(filled, "csv", stations=("a",)).decode()
    assert lines.startswith("id,timestamp,station,TMAX,SKY,TMIN,metadata\n")
    assert ",2001-01-02T00:00:00.5Z,a,,,0.0000001,\n" in lines
    assert 'Z,a,-5.2,"\'=1+""x"",\n",1,"{""flags"": {""TMAX"": ""a' in lines
    assert "\r" not in lines
    assert lines.endswith("\n")


def test_in_24_only_texts_get_an_apostrophe(dataset: Dataset):
    dataset.variables.create(name="=cmd()", kind="text")
    dataset.variables.create(name="-A")
    write(dataset, [point({"=cmd()": "@x", "-A": -5.2}, station="+1")])
    head, row, end = body(dataset, "csv").decode().split("\n")
    assert head == "id,timestamp,station,'=cmd(),'-A,metadata"
    assert row.endswith("Z,'+1,'@x,-5.2,")
    assert end == ""


signs = st.text(st.sampled_from("='\"+-@,\t\r\n xé漢"), max_size=6)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(signs, min_size=1, max_size=8), st.sampled_from(KINDS))
def test_any_text_comes_back_as_it_was(db: None, analyst: User, texts: list[str], kind: str):
    made = make_dataset(analyst)
    made.variables.create(name="SKY", kind="text")
    write(made, [point({"SKY": text, "A": 1}, f"200{n}-01-01") for n, text in enumerate(texts)])
    found = [one["value"].get("SKY") for one in points(body(made, kind), kind)]
    # A CSV file read by others cannot tell an empty text from none.
    assert found == [text or None if kind == "csv" else text for text in texts]
    if kind == "csv" and not any('"' in text for text in texts):
        assert body(made, kind).count(b',"",') == texts.count("")


numbers = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(numbers, min_size=1, max_size=20))
def test_any_number_comes_back_as_it_was(db: None, analyst: User, values: list[float]):
    made = make_dataset(analyst)
    write(made, [point({"A": value}, f"{2000 + n}-01-01") for n, value in enumerate(values)])
    stored = [float(one["value"]["A"]) for one in read(made)]
    for kind in ("arrow", "parquet"):
        assert table(body(made, kind), kind).column("A").to_pylist() == stored
    cells = body(made, "csv", fields=("value",)).decode().splitlines()[1:]
    assert [float(cell) for cell in cells] == stored


micros = st.integers(0, 315537897599_999999)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sets(micros, min_size=1, max_size=30))
def test_ids_and_times_are_those_of_the_pages(db: None, analyst: User, times: set[int]):
    made = make_dataset(analyst)
    start = datetime(1, 1, 1, tzinfo=UTC)
    instants = [start + timedelta(microseconds=one) for one in sorted(times)]
    write(made, [point({"A": 1}, one.isoformat()) for one in instants])
    found = points(body(made, "csv"), "csv")
    assert [(one["id"], one["timestamp"]) for one in found] == [
        (one["id"], one["timestamp"]) for one in read(made)
    ]


# ------------------------------------------------------------------ Arrow and Parquet


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_columns_have_types_and_say_what_they_are(filled: Dataset, kind: str):
    change = {"TMIN": Conversion("K", Decimal(1), Decimal("273.15"))}
    schema = table(body(filled, kind, conversions=change), kind).schema
    assert schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert schema.field("station").type.value_type == pa.string()
    kinds = {name: schema.field(name).type for name in ("id", "TMAX", "SKY", "metadata")}
    assert kinds == {"id": pa.string(), "TMAX": pa.float64(), "SKY": pa.string(),
                     "metadata": pa.string()}  # fmt: skip
    said = {key: text for key, text in schema.field("TMAX").metadata.items() if b":" not in key}
    assert said == {b"unit": b"degC", b"standard_name": b"air_temperature",
                    b"cell_method": b"time: maximum"}  # fmt: skip
    assert schema.field("TMIN").metadata[b"unit"] == b"K"
    about = {key.decode(): text.decode() for key, text in schema.metadata.items()}
    created = filled.revisions.get(number=3).created_at
    assert about == {
        "title": "Säntis, hourly", "dataset": str(filled.pk), "revision": "3", "source": "upload",
        "created": created.isoformat().replace("+00:00", "Z"), "license": "CC BY 4.0",
        "citation": "Me (2001)", "conventions": "CF-1.11, ACDD-1.3",
    }  # fmt: skip


def test_row_groups_and_batches_are_of_a_size_to_work_with(analyst: User, monkeypatch: Any):
    from datasets.exports import copying, tables

    made = make_dataset(analyst)
    write(made, days(2000))
    monkeypatch.setattr(copying, "PIECE_BYTES", 4000)
    monkeypatch.setattr(tables, "GROUP_ROWS", 700)
    monkeypatch.setattr(tables, "BATCH_ROWS", 700)
    batches = list(pa.ipc.open_stream(body(made, "arrow")))
    assert len(batches[0]) < 200
    assert 700 <= len(batches[1]) < 900
    groups = parquet.ParquetFile(pa.BufferReader(body(made, "parquet"))).metadata
    assert [groups.row_group(n).num_rows >= 700 for n in range(2)] == [True, True]
    assert groups.num_rows == sum(map(len, batches)) == 2000


# ------------------------------------------------------------------ GeoJSON


def test_geometries_are_where_the_stations_are(filled: Dataset):
    found = json.loads(body(filled, "geojson"))
    geometries = {one["properties"]["station"]: one["geometry"] for one in found["features"]}
    where = {"type": "Point", "coordinates": [9.34, 47.25, 2502.0]}
    assert geometries == {"a": None, "b": where, "": None}
    assert (found["type"], found["name"]) == ("FeatureCollection", "Säntis, hourly")
    assert found["units"] == {"TMAX": "degC"}


@pytest.mark.parametrize(
    ("step", "shown"), [(0.1, [9.3, 47.2]), (0.25, [9.25, 47.25]), (7.0, [7.0, 49.0]),
                        (60.0, [0.0, 60.0])],
)  # fmt: skip
def test_coordinates_are_rounded_to_the_step_of_the_view(
    filled: Dataset, step: float, shown: list[float]
):
    seen = replace(view(filled), coordinate_step_deg=step)
    found = orjson.loads(body(filled, "geojson", seen=seen, stations=("b",)))
    assert found["features"][0]["geometry"]["coordinates"][:2] == shown


def test_a_rounded_coordinate_stays_on_the_globe(dataset: Dataset):
    seen = replace(view(dataset), coordinate_step_deg=7.0)
    assert [places.shown(seen, one, 180) for one in (179.9, -179.9, 3.6)] == [180, -180, 7]


def test_features_without_values_have_what_is_left(filled: Dataset):
    (feature, *_) = orjson.loads(body(filled, "geojson", fields=("timestamp",)))["features"]
    assert feature.keys() == {"type", "geometry", "properties"}
    assert feature["properties"].keys() == {"timestamp"}
