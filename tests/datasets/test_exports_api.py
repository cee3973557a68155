"""Files of points over HTTP: which format, its name and its headers; and stations on a map."""

import gzip
import zlib
from typing import Any

import orjson
import pytest
from backports import zstd
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets.exports import MEDIA_TYPES
from datasets.models import Dataset
from tests.datasets.exported import KINDS, points
from tests.datasets.reading import read
from tests.factories import days, make_dataset, write


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    made = make_dataset(analyst, name="Säntis / hourly: ../x")
    made.stations.create(code="A", latitude=47.25, longitude=9.34, name="Peak")
    write(made, [{**one, "station": code} for code in ("A", "b/1") for one in days(3)])
    return made


@pytest.fixture
def path(filled: Dataset) -> str:
    return f"/api/v1/datasets/{filled.pk}/data"


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    assert answer.streaming
    return b"".join(answer.streaming_content)


def refused(answer: Any) -> tuple[int, str, list[str]]:
    detail = answer.json()["detail"]
    return answer.status_code, detail["code"], list(detail["details"])


# ------------------------------------------------------------------ which format


@pytest.mark.parametrize("kind", KINDS)
def test_a_format_is_asked_for_by_name_or_by_accept(
    api: APIClient, path: str, filled: Dataset, kind: str
):
    for answer in (api.get(path, {"format": kind}), api.get(path, HTTP_ACCEPT=MEDIA_TYPES[kind])):
        assert answer["Content-Type"] == MEDIA_TYPES[kind]
        assert "Accept" in answer["Vary"]
        assert "Content-Length" not in answer
        assert points(content(answer), kind) == read(filled)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/csv;q=0.5, application/geo+json;q=0.9", "geojson"),
     ("text/csv; charset=utf-8; header=present", "csv"), ("text/csv, */*", "csv"),
     ("application/x-ndjson, application/json;q=0.9", "ndjson"), ("TEXT/*", "csv"),
     ("application/json;q=0, application/*;q=0.1", "ndjson"),
     ("application/*;q=0.9, application/json;q=0.1", "ndjson")],
)  # fmt: skip
def test_weights_and_ranges_of_accept_count(api: APIClient, path: str, accept: str, kind: str):
    assert api.get(path, HTTP_ACCEPT=accept)["Content-Type"] == MEDIA_TYPES[kind]


@pytest.mark.parametrize("accept", ["*/*", "", "application/*", "text/html, */*;q=0.8"])
def test_json_is_the_usual_answer(api: APIClient, path: str, accept: str):
    answer = api.get(path, HTTP_ACCEPT=accept)
    assert answer["Content-Type"] == "application/json"
    assert "Accept" in answer["Vary"]


@pytest.mark.parametrize("name", ["exe", "../csv", "", "CSV", "csv/../../x", "json,csv"])
def test_in_43_an_unknown_format_is_406(api: APIClient, path: str, name: str):
    assert refused(api.get(path, {"format": name}))[:2] == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "nonsense", ",", "text/csv;q=x"])
def test_in_43_an_accept_that_nobody_serves_is_406(api: APIClient, path: str, accept: str):
    assert refused(api.get(path, HTTP_ACCEPT=accept))[:2] == (406, "NOT_ACCEPTABLE")


def test_in_43_other_actions_give_json_or_406(api: APIClient, path: str, filled: Dataset):
    one = f"{path}/{read(filled)[0]['id']}"
    assert refused(api.get(one, HTTP_ACCEPT="text/csv"))[0] == 406


# ------------------------------------------------------------------ headers


def test_the_file_has_a_telling_and_harmless_name(api: APIClient, path: str):
    def named(**query: str) -> str:
        return str(api.get(path, {"format": "csv", **query})["Content-Disposition"])

    plain = "S_ntis-hourly-..-x_2001-01-01_2001-01-03_r1.csv"
    extended = "S%C3%A4ntis-hourly-..-x_2001-01-01_2001-01-03_r1.csv"
    assert named() == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}"
    assert 'x_b-1_2001-01-02_2001-02-01_r1.csv"' in named(
        station="b/1", start="2001-01-02", end="2001-02-01"
    )


def test_a_long_name_is_cut_before_what_tells_files_apart(api: APIClient, analyst: User):
    made = make_dataset(analyst, name="n" * 255)
    write(made, [{**days(1)[0], "station": "s" * 255}])
    query = {"format": "parquet", "station": "s" * 255}
    answer = api.get(f"/api/v1/datasets/{made.pk}/data", query)
    name = str(answer["Content-Disposition"]).partition('"')[2].rstrip('"')
    assert len(name) <= 150
    assert name.endswith("s_2001-01-01_2001-01-01_r1.parquet")


def test_the_tag_stands_for_what_was_asked_and_304_reads_nothing(api: APIClient, path: str):
    query = {"format": "csv", "station": "A"}
    tag = api.get(path, query)["ETag"]
    with CaptureQueriesContext(connection) as queries:
        answer = api.get(path, query, HTTP_IF_NONE_MATCH=tag)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert "Accept" in answer["Vary"]
    assert not [one for one in queries.captured_queries if "data_points" in one["sql"]]
    others = [{"format": "ndjson", "station": "A"}, {"format": "csv"}, {**query, "revision": "0"}]
    assert tag not in {api.get(path, other)["ETag"] for other in others}
    accepted = {api.get(path, HTTP_ACCEPT=one)["ETag"] for one in MEDIA_TYPES.values()}
    assert len(accepted) == len(MEDIA_TYPES)


def test_head_gives_the_headers_alone(api: APIClient, path: str):
    with CaptureQueriesContext(connection) as queries:
        answer = api.head(path, {"format": "parquet"})
    assert (answer.status_code, content(answer)) == (200, b"")
    assert not [one for one in queries.captured_queries if "data_points" in one["sql"]]
    whole = api.get(path, {"format": "parquet"})
    for name in ("ETag", "Content-Type", "Content-Disposition", "Vary", "Cache-Control"):
        assert answer[name] == whole[name]
    assert "Content-Length" not in answer
    assert api.head(path, {"format": "csv", "station": "X"}).status_code == 400


@pytest.mark.parametrize("name", ["limit", "cursor", "layout"])
def test_paging_is_refused_by_name(api: APIClient, path: str, name: str):
    answer = api.get(path, {"format": "csv", name: "1"})
    assert refused(answer) == (400, "VALIDATION_ERROR", [name])


@pytest.mark.parametrize(
    "query", [{"station": "X"}, {"variables": "X"}, {"fields": "X"}, {"units": "TMAX:K"},
              {"revision": "9"}, {"order": "x"}],
)  # fmt: skip
def test_what_cannot_be_read_is_400_before_the_first_byte(
    api: APIClient, path: str, query: dict[str, str]
):
    answer = api.get(path, {"format": "csv", **query})
    assert refused(answer) == (400, "VALIDATION_ERROR", list(query))


def test_strangers_see_nothing(path: str, client_of: Any):
    assert refused(client_of(None).get(path, {"format": "csv"}))[:2] == (404, "NOT_FOUND")


UNPACK = {"gzip": gzip.decompress, "zstd": zstd.decompress}


@pytest.mark.parametrize("coding", UNPACK)
def test_compression_keeps_it_a_stream(api: APIClient, path: str, filled: Dataset, coding: str):
    answer = api.get(path, {"format": "csv"}, HTTP_ACCEPT_ENCODING=coding)
    assert answer["Content-Encoding"] == coding
    assert answer["ETag"].startswith("W/")
    assert points(UNPACK[coding](content(answer)), "csv") == read(filled)


def test_what_is_compressed_comes_out_piece_by_piece(
    api: APIClient, analyst: User, monkeypatch: pytest.MonkeyPatch
):
    from datasets.exports import copying

    made = make_dataset(analyst)
    write(made, days(500))
    monkeypatch.setattr(copying, "PIECE_BYTES", 2000)
    query = {"format": "csv"}
    path = f"/api/v1/datasets/{made.pk}/data"
    answer: Any = api.get(path, query, HTTP_ACCEPT_ENCODING="gzip")
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = [unpacker.decompress(chunk) for chunk in answer.streaming_content]
    sizes = [len(one) for one in unpacked if one]
    assert len(sizes) > 5
    assert max(sizes) < 8000


# ------------------------------------------------------------------ stations


def test_stations_are_a_map(api: APIClient, filled: Dataset):
    path = f"/api/v1/datasets/{filled.pk}/stations"
    by_name = api.get(path, {"format": "geojson"})
    assert by_name["Content-Type"] == "application/geo+json"
    assert by_name.content == api.get(path, HTTP_ACCEPT="application/geo+json").content
    found = orjson.loads(by_name.content)
    assert found["type"] == "FeatureCollection"
    first, second = found["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [9.34, 47.25]}
    assert first["properties"] == {
        "code": "A", "name": "Peak", "elevation_m": None, "timezone": "UTC",
    }  # fmt: skip
    assert second["geometry"] is None
    listed = api.get(path)
    assert [one["id"] for one in listed.json()["results"]] == [first["id"], second["id"]]
    assert "Accept" in listed["Vary"]


def test_a_map_of_stations_follows_search_order_and_fields(api: APIClient, filled: Dataset):
    path = f"/api/v1/datasets/{filled.pk}/stations"
    query = {"format": "geojson", "search": "peak", "fields": "code"}
    (feature,) = orjson.loads(api.get(path, query).content)["features"]
    assert feature["properties"] == {"code": "A"}
    found = orjson.loads(api.get(path, {"format": "geojson", "ordering": "-code"}).content)
    assert [one["properties"]["code"] for one in found["features"]] == ["b/1", "A"]
    assert refused(api.get(path, {"format": "geojson", "page": "1"}))[2] == ["page"]
    assert refused(api.get(path, {"format": "csv"}))[0] == 406


def test_a_map_of_stations_is_all_of_them_by_few_queries(api: APIClient, analyst: User):
    made = make_dataset(analyst)
    made.stations.bulk_create(made.stations.model(dataset=made, code=str(n)) for n in range(60))
    with CaptureQueriesContext(connection) as queries:
        answer = api.get(f"/api/v1/datasets/{made.pk}/stations", {"format": "geojson"})
    assert len(orjson.loads(answer.content)["features"]) == 60
    assert len(queries) <= 4
