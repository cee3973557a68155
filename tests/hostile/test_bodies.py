"""IN-01 to IN-14: bodies that are no points, or no JSON at all."""

import io
from typing import Any

import orjson
import pytest
from django.test.client import ClientHandler
from rest_framework.test import APIClient

from tests.datasets.reading import view
from tests.factories import days
from tests.hostile.conftest import Target

pytestmark = pytest.mark.slow

TIME = "2001-02-01T00:00:00Z"


def body(cell: str, more: str = "") -> str:
    """A point as text in which one value is `cell`."""
    return f'[{{"timestamp": "{TIME}", "station": "a", "value": {{"TMAX": {cell}}}{more}}}]'


def parse_error(target: Target, sent: Any) -> dict[str, Any]:
    detail = target.send(sent)
    assert detail["code"] == "PARSE_ERROR"
    return dict(detail["details"])


def rows(detail: Any) -> list[tuple[int, str]]:
    assert detail["code"] == "VALIDATION_ERROR"
    assert detail["details"]["rejected"] == len({row["row"] for row in detail["details"]["rows"]})
    return [(row["row"], row["field"]) for row in detail["details"]["rows"]]


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "nan", "+1", "0x1", ".5", "01"]
)
def test_in_01_literals_that_json_does_not_have(target: Target, literal: str):
    assert parse_error(target, body(literal))["position"] > 0


@pytest.mark.parametrize("text", ["NaN", "12", "1_0", "١٢", "", "-5.2", "1e5", "true"])
def test_in_02_texts_for_numbers(target: Target, text: str):
    assert rows(target.send(body(f'"{text}"'))) == [(0, "TMAX")]


@pytest.mark.parametrize("cell", ["true", "false", "[1]", "[]", "{}", '{"v": 1}'])
def test_in_03_other_things_for_numbers(target: Target, cell: str):
    assert rows(target.send(body(cell))) == [(0, "TMAX")]


@pytest.mark.parametrize("value", [None, 3, "x", [], [1], True])
def test_in_03_other_things_for_the_whole_value(target: Target, value: Any):
    assert rows(target.send([{"timestamp": TIME, "value": value}])) == [(0, "value")]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400, "1e999999999999"])
def test_in_04_numbers_beyond_all_floats(target: Target, number: str):
    assert parse_error(target, body(number))["position"] > 0


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63, -(2**63), 2**64 - 1])
def test_in_04_whole_numbers_that_are_not_exact(target: Target, number: int):
    assert rows(target.send(body(str(number)))) == [(0, "TMAX")]


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**20, 10**22, -(10**25), 10**300])
def test_in_04_whole_numbers_of_more_than_64_bits(target: Target, number: int):
    sent = body(str(number))
    assert parse_error(target, sent)["position"] == sent.index(str(number))


@pytest.mark.parametrize("digits", [4_000, 5_000, 1_000_000])
def test_in_05_numbers_of_thousands_of_digits(target: Target, digits: int):
    parse_error(target, body("9" * digits))
    parse_error(target, body("-" + "9" * digits, ', "metadata": {}'))


NUL = "a\x00b"


@pytest.mark.parametrize(
    "point",
    [
        {"timestamp": TIME, "value": {"SKY": NUL}},
        {"timestamp": TIME, "value": {NUL: 1}},
        {"timestamp": TIME, "station": NUL, "value": {"TMAX": 1}},
        {"timestamp": NUL, "value": {"TMAX": 1}},
        {"timestamp": TIME, "value": {"TMAX": 1}, NUL: 1},
        {"timestamp": TIME, "value": {"TMAX": 1}, "metadata": {"flags": {"TMAX": NUL}}},
        {"timestamp": TIME, "value": {"TMAX": 1}, "metadata": {"flags": {NUL: "I"}}},
        {"timestamp": TIME, "value": {"TMAX": 1}, "metadata": {"note": [{"x": NUL}]}},
        {"timestamp": TIME, "value": {"TMAX": 1}, "metadata": {NUL: 1}},
    ],
)  # fmt: skip
def test_in_06_nul_anywhere_in_a_point(target: Target, point: Any):
    for query in ("", "?on_conflict=error"):
        assert target.send([point], path=f"/data{query}")["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("path", "field"),
    [("/api/v1/datasets", "name"), ("/stations", "code"), ("/variables", "name"),
     ("/variables", "unit"), ("/api/v1/datasets", "description"), ("/stations", "timezone")],
)  # fmt: skip
def test_in_06_nul_in_names(target: Target, path: str, field: str):
    facts = {"code": "x"} if path == "/stations" else {"name": "x"}
    assert field in target.send({**facts, field: NUL}, path=path)["details"]


@pytest.mark.parametrize("text", [r"\ud800", r"\udfff", r"\ud800\ud800", r"\ud800x"])
def test_in_07_lone_surrogates(target: Target, text: str):
    parse_error(target, f'[{{"timestamp": "{TIME}", "value": {{"SKY": "{text}"}}}}]')
    parse_error(target, body("1", f', "metadata": {{"note": "{text}"}}'))
    detail = target.send(f'{{"name": "{text}"}}', path="/api/v1/datasets")
    assert detail["code"] == "PARSE_ERROR"


@pytest.mark.parametrize(
    "sent",
    [
        f'[{{"timestamp": "{TIME}", "timestamp": "{TIME}", "value": {{"TMAX": 1}}}}]',
        f'[{{"timestamp": "{TIME}", "value": {{"TMAX": 1, "TMAX": 1}}}}]',
        f'[{{"timestamp": "{TIME}", "value": {{"TMAX": 1, "T\\u004dAX": 2}}}}]',
        body("1", ', "metadata": {"x": [{"y": 1, "y": 2}]}'),
        '{"points": [], "points": []}',
    ],
)
def test_in_08_the_same_key_twice(target: Target, sent: str):
    parse_error(target, sent)


@pytest.mark.parametrize("depth", [2_000, 100_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_in_09_thousands_of_levels(target: Target, depth: int, pair: str):
    opening = pair[0] if pair == "[]" else '{"x":'
    nested = opening * depth + "1" + pair[1] * depth
    for sent in (nested, body(nested), body("1", f', "metadata": {{"x": {nested}}}')):
        parse_error(target, sent)
    parse_error(target, opening * depth)


def test_in_09_metadata_of_21_levels(target: Target):
    for opening, closing in (('{"x":', "}"), ('{"x":[', "]}")):
        levels = 21 // len(closing) + 1
        nested = opening * levels + "1" + closing * levels
        assert rows(target.send(body("1", f', "metadata": {nested}'))) == [(0, "metadata")]


@pytest.mark.parametrize(
    "said",
    [
        {"x": "y" * 2**20},
        {str(n): n for n in range(80_000)},
        {"x": list(range(150_000))},
        {"flags": {"TMAX": "é" * 2**19}},
    ],
    ids=["text", "keys", "list", "flag"],
)
def test_in_10_a_mebibyte_of_metadata(target: Target, said: Any):
    point = {"timestamp": TIME, "value": {"TMAX": 1}, "metadata": said}
    assert rows(target.send([point])) == [(0, "metadata")]


# ------------------------------------------------------------------ IN-11, below the framework


class Stream(io.RawIOBase):
    """A body without end that counts what is read of it."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "somebody reads until the end"
        self.taken += size
        return b" " * size


def call(path: str, client: APIClient, stream: Stream, **environ: Any) -> Any:
    """The answer to a request whose body is made while it is read."""
    return ClientHandler()(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": "application/json",
            "wsgi.input": stream,
            "wsgi.url_scheme": "http",
            "HTTP_AUTHORIZATION": client._credentials["HTTP_AUTHORIZATION"],  # type: ignore[attr-defined]
            **environ,
        }
    )


LENGTHS: dict[str, dict[str, Any]] = {
    "terabyte": {"CONTENT_LENGTH": "1000000000000"},
    "one byte more": {"CONTENT_LENGTH": "1048577"},
    "chunked": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_in_11_a_body_past_the_limit_is_read_no_further(
    target: Target, settings: Any, length: dict[str, Any]
):
    settings.BODY_MAX_BYTES = 2**20
    for path in (f"{target.url}/data", "/api/v1/datasets"):
        before, stream = target.state, Stream()
        answer = call(path, target.client, stream, **length)
        detail = orjson.loads(answer.content)["detail"]
        assert (answer.status_code, detail["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert detail["details"] == {"limit_bytes": 2**20}
        assert stream.taken <= 2**20 + 2**17
        assert target.state == before


def test_in_11_a_body_at_the_limit_is_taken(target: Target, settings: Any):
    settings.BODY_MAX_BYTES = 2**16
    sent = orjson.dumps(days(1))
    sent += b" " * (2**16 - len(sent))
    url, kind = f"{target.url}/data", "application/json"
    assert target.client.post(url, sent, content_type=kind).status_code == 200
    detail = target.send(sent + b" ", status=413)
    assert detail["details"] == {"limit_bytes": 2**16}


@pytest.mark.parametrize("sent", ["null", "3", '"x"', "true", '{"points": 3}', '{"points": null}'])
def test_in_12_bodies_that_are_no_points(target: Target, sent: str):
    assert target.send(sent)["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("sent", ["", "   ", "\n"])
def test_in_12_empty_bodies(target: Target, sent: str):
    assert target.send(sent)["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    detail = target.send(sent, path="/api/v1/datasets")
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}


@pytest.mark.parametrize("sent", ["[]", '{"points": []}'])
def test_in_12_no_points_at_all(target: Target, sent: str):
    answer = target.client.post(f"{target.url}/data", sent, content_type="application/json")
    outcome = answer.json()
    assert (answer.status_code, outcome.pop("revision"), bool(outcome.pop("receipt"))) == (
        200, 1, True,
    )  # fmt: skip
    assert not any(outcome.values())
    assert view(target.dataset).dataset.revision == 1


def test_in_13_things_among_points(target: Target):
    found = rows(target.send([1, "x", {}, None]))
    assert sorted({row for row, _ in found}) == [0, 1, 2, 3]


def test_in_14_other_encodings(target: Target):
    text = body("1").replace('"a"', '"é"')
    for encoding in ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"):
        parse_error(target, text.encode(encoding))
    parse_error(target, text.encode().replace("é".encode(), b"\xc3"))
    parse_error(target, b"\xff\xfe\x00")


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=latin-1", "application/json; charset=utf-16", "text/plain",
     "application/json;charset=", "application/xml", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "x", "/", "application/json/x", "text/json"],
)  # fmt: skip
def test_in_14_other_charsets_and_types(target: Target, kind: str):
    detail = target.send(body("1"), status=415, content_type=kind)
    assert detail["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/json;charset=UTF8"]
)
def test_in_14_utf_8_may_be_said(target: Target, kind: str):
    answer = target.client.post(f"{target.url}/data", body("1"), content_type=kind)
    assert answer.status_code == 200
