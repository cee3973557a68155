"""Statistics by period over the API: how they are asked for, paged, told and written to files."""

import io
import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from rest_framework.test import APIClient

from accounts.models import User
from datasets.models import Dataset
from datasets.selectors import aggregates as selector
from datasets.views import aggregates
from tests.datasets.reading import point
from tests.factories import days, make_dataset, signed_in, write


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Fifteen months of days at `b` and `=a`, and a day at no station."""
    made = make_dataset(analyst, name="Two places", citation="Somebody, 2001")
    made.variables.create(name="TMAX", unit="degC", interval="P1D")
    made.variables.create(name="TMIN", unit="degC", interval="P1D")
    write(made, [{**one, "station": code} for code in ("b", "=a") for one in days(450)])
    write(made, days(1))
    return made


@pytest.fixture
def url(db: None, filled: Dataset) -> str:
    return f"/api/v1/datasets/{filled.pk}/data"


def read(api: APIClient, url: str, **query: Any) -> Any:
    text = urlencode({"resolution": "month", **query}, doseq=True)
    return api.get(f"{url}?{text}")


def body(api: APIClient, url: str, **query: Any) -> Any:
    answer = read(api, url, **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def stream(api: APIClient, url: str, kind: str, **query: Any) -> bytes:
    answer = read(api, url, format=kind, **query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def all_pages(api: APIClient, url: str, **query: Any) -> list[dict[str, Any]]:
    page = body(api, url, **query)
    found = page["results"]
    while page["next"]:
        page = api.get(page["next"]).json()
        assert page["results"]
        found += page["results"]
    return list(found)


# ------------------------------------------------------------------------------ pages
def test_an_answer_says_what_it_is(api: APIClient, url: str, filled: Dataset):
    page = body(api, url, timezone="America/Toronto")
    assert {name: page[name] for name in page if name != "results"} == {
        "dataset": str(filled.pk),
        "revision": 2,
        "resolution": "month",
        "timezone": "America/Toronto",
        "units": {"TMAX": "degC", "TMIN": "degC"},
        "intervals": {"TMAX": "P1D", "TMIN": "P1D"},
        "next": None,
    }


def test_periods_come_by_station_and_then_by_time(api: APIClient, url: str):
    results = body(api, url)["results"]
    months = pd.date_range("2001-01-01", "2002-03-01", freq="MS").strftime("%Y-%m-01T00:00:00Z")
    expected = [(code, month) for code in ("b", "=a") for month in months]
    expected.append(("", "2001-01-01T00:00:00Z"))
    assert [(one["station"], one["timestamp"]) for one in results] == expected
    turned = body(api, url, order="desc")["results"]
    assert turned == results[::-1]


@pytest.mark.parametrize("limit", [1, 7, 15, 16, 30, 31])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_together_are_the_whole(api: APIClient, url: str, limit: int, order: str):
    whole = body(api, url, order=order)["results"]
    assert all_pages(api, url, order=order, limit=limit) == whole


@pytest.mark.parametrize("least", ["0", "wmo"])
def test_a_page_of_very_many_numbers_is_shorter(
    api: APIClient, url: str, least: str, monkeypatch: pytest.MonkeyPatch
):
    whole = body(api, url, min_coverage=least)["results"]
    monkeypatch.setattr(selector, "MOST_NUMBERS", 700)
    assert 0 < len(body(api, url, min_coverage=least)["results"]) < len(whole) or least == "0"
    assert all_pages(api, url, min_coverage=least) == whole


@pytest.mark.parametrize(
    ("zone", "step"), [("Australia/Lord_Howe", "day"), ("America/Toronto", "12h")]
)
def test_pages_over_changes_of_the_clock_lose_nothing(
    api: APIClient, url: str, zone: str, step: str
):
    query = {"resolution": step, "timezone": zone, "station": "b", "variables": "TMAX"}
    whole = body(api, url, **query)["results"]
    assert all_pages(api, url, **query, limit=173) == whole
    assert all_pages(api, url, **query, limit=173, order="desc") == whole[::-1]


def test_a_cursor_keeps_its_revision_and_belongs_to_its_query(api: APIClient, dataset: Dataset):
    write(dataset, days(90))
    url = f"/api/v1/datasets/{dataset.pk}/data"
    first = body(api, url, variables="TMAX", limit=1)
    write(dataset, [{**one, "value": {"TMAX": 500}} for one in days(200)])
    second = api.get(first["next"]).json()
    assert (second["revision"], second["results"][0]["value"]["TMAX"]["mean"]) == (1, 13.5)
    other = first["next"].replace("TMAX", "TMIN")
    assert api.get(other).status_code == 400
    assert read(api, url, cursor="x").status_code == 400


def test_only_the_fields_asked_for_are_told(api: APIClient, url: str):
    assert list(body(api, url, fields="value")["results"][0]) == ["value"]
    assert body(api, url, fields="station,timestamp")["results"][-1] == {
        "timestamp": "2001-01-01T00:00:00Z", "station": "",
    }  # fmt: skip


def test_a_dataset_without_numbers_or_points_has_no_periods(api: APIClient, dataset: Dataset):
    url = f"/api/v1/datasets/{dataset.pk}/data"
    assert body(api, url)["results"] == []
    assert body(api, url, layout="columns")["results"] == {"timestamp": [], "station": []}
    dataset.variables.create(name="SKY", kind="text")
    write(dataset, [point({"SKY": "clear"})])
    assert body(api, url, fields="value")["results"] == [{"value": {}}]


def test_columns_hold_what_rows_do(api: APIClient, url: str):
    query = {"statistic": ["max", "std"], "min_coverage": 1}
    columns = body(api, url, **query, layout="columns")["results"]
    rows = body(api, url, **query)["results"]
    assert list(columns)[:4] == ["timestamp", "station", "TMAX.max", "TMAX.std"]
    for name, values in columns.items():
        variable, _, told = name.partition(".")
        expected = [one["value"][variable][told] if told else one[name] for one in rows]
        assert values == expected
    assert columns["TMAX.max"][-1] is None


# ------------------------------------------------------------------------------ units
def test_a_deviation_is_converted_without_the_offset_and_a_sum_with_that_of_each(
    api: APIClient, url: str
):
    query = {"station": "b", "variables": "TMAX", "limit": 1,
             "statistic": ["mean", "std", "sum", "p95", "count"]}  # fmt: skip
    (plain,) = body(api, url, **query)["results"]
    page = body(api, url, **query, units="TMAX:degF")
    assert page["units"] == {"TMAX": "degF"}
    told, stored = page["results"][0]["value"]["TMAX"], plain["value"]["TMAX"]
    sent = np.array([one["value"]["TMAX"] for one in days(31)]) * 1.8 + 32
    assert told["mean"] == pytest.approx(sent.mean())
    assert told["std"] == pytest.approx(sent.std(ddof=1))
    assert told["sum"] == pytest.approx(sent.sum())
    assert told["p95"] == pytest.approx(np.quantile(sent, 0.95))
    assert told["count"] == stored["count"] == 31


# ------------------------------------------------------------------------------ files
def test_a_csv_holds_what_the_pages_do_and_no_formula(api: APIClient, url: str):
    text = stream(api, url, "csv", statistic="mean", variables="TMAX").decode()
    found = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values={"TMAX.mean": [""]})
    rows = body(api, url, variables="TMAX")["results"]
    assert found["timestamp"].tolist() == [one["timestamp"] for one in rows]
    assert found["station"].str.removeprefix("'").tolist() == [one["station"] for one in rows]
    assert "'=a" in set(found["station"])
    for name in ("mean", "count", "expected", "coverage", "flagged"):
        assert found[f"TMAX.{name}"].tolist() == [one["value"]["TMAX"][name] for one in rows]


def test_ndjson_has_a_line_for_each_row(api: APIClient, url: str):
    lines = stream(api, url, "ndjson", order="desc").splitlines()
    assert [json.loads(line) for line in lines] == body(api, url, order="desc")["results"]


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_arrow_and_parquet_know_types_units_and_source(api: APIClient, url: str, kind: str):
    data = io.BytesIO(stream(api, url, kind, units="TMIN:K"))
    table = pa.ipc.open_stream(data).read_all() if kind == "arrow" else parquet.read_table(data)
    rows = body(api, url)["results"]
    assert table.schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("TMAX.count").type == pa.int64()
    assert table.schema.field("TMAX.mean").metadata[b"unit"] == b"degC"
    assert table.schema.field("TMIN.mean").metadata[b"unit"] == b"K"
    told = {name.decode(): text.decode() for name, text in table.schema.metadata.items()}
    assert (told["citation"], told["resolution"]) == ("Somebody, 2001", "month")
    assert json.loads(told["units"]) == {"TMAX": "degC", "TMIN": "K"}
    assert table["TMAX.mean"].to_pylist() == [one["value"]["TMAX"]["mean"] for one in rows]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "arrow", "parquet"])
def test_a_file_of_many_periods_is_made_by_pages(
    api: APIClient, url: str, kind: str, monkeypatch: pytest.MonkeyPatch
):
    whole = stream(api, url, kind)
    monkeypatch.setattr(aggregates, "STREAMED", 7)
    paged = stream(api, url, kind)
    if kind == "parquet":
        whole, paged = (str(parquet.read_table(io.BytesIO(one)).to_pydict()).encode()
                        for one in (whole, paged))  # fmt: skip
    elif kind == "arrow":
        whole, paged = (str(pa.ipc.open_stream(one).read_all().to_pydict()).encode()
                        for one in (whole, paged))  # fmt: skip
    assert paged == whole


def test_a_file_has_a_telling_name(api: APIClient, url: str):
    named = read(api, url, format="csv", station="b")["Content-Disposition"]
    assert "Two-places_b_2001-01-01_2002-03-26_r2_month.csv" in named


def test_what_has_no_place_cannot_be_a_map(api: APIClient, url: str):
    answer = read(api, url, format="geojson")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (406, "NOT_ACCEPTABLE")


# ------------------------------------------------------------------------------ asked again
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_an_unchanged_answer_is_not_sent_again(api: APIClient, dataset: Dataset, kind: str):
    write(dataset, days(40))
    url = f"/api/v1/datasets/{dataset.pk}/data?resolution=month&format={kind}"
    tag = api.get(url)["ETag"]
    again = api.get(url, HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert api.get(f"{url}&statistic=min")["ETag"] != tag
    write(dataset, [point({"TMAX": 1}, "2001-01-03")])
    assert api.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 200


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_head_answers_the_headers_alone(api: APIClient, url: str, kind: str):
    asked = f"{url}?resolution=month&format={kind}"
    head: Any = api.head(asked)
    whole = api.get(asked)
    assert (head.status_code, head["ETag"]) == (200, whole["ETag"])
    assert b"".join(head.streaming_content) == b""


# ------------------------------------------------------------------------------ refused
@pytest.mark.parametrize(
    ("name", "value"),
    [("resolution", "decade"), ("resolution", ""), ("statistic", "avg"), ("timezone", "Mars/X"),
     ("timezone", "../etc"), ("min_coverage", "1.01"), ("min_coverage", "-0.1"),
     ("min_coverage", "nan"), ("min_coverage", "half"), ("points", "10"), ("estimate", "1"),
     ("flags", "both"), ("layout", "cube"), ("fields", "value,id"), ("limit", "0"),
     ("limit", "50001"), ("variables", "TAVG"), ("station", "nowhere"), ("units", "TMAX:kg"),
     ("order", "up"), ("cursor", ""), ("speed", "1")],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(api: APIClient, url: str, name: str, value: str):
    answer = read(api, url, **{name: value})
    assert answer.status_code == 400
    detail = answer.json()["detail"]
    assert (detail["code"], list(detail["details"])) == ("VALIDATION_ERROR", [name])


@pytest.mark.parametrize("name", ["limit", "cursor", "layout"])
def test_a_file_has_no_pages(api: APIClient, url: str, name: str):
    answer = read(api, url, format="csv", **{name: "1"})
    assert list(answer.json()["detail"]["details"]) == [name]


@pytest.mark.parametrize("value", ["0", "50001", "x"])
def test_auto_wants_a_whole_number_of_points(api: APIClient, url: str, value: str):
    answer = read(api, url, resolution="auto", points=value)
    assert list(answer.json()["detail"]["details"]) == ["points"]


def test_a_stranger_sees_no_statistics(url: str, viewer: User):
    assert read(signed_in(viewer), url).status_code == 404
    assert read(APIClient(), url).status_code == 404
