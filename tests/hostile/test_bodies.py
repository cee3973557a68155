"""IN-01 to IN-14 but for sizes: bodies that are no points, or no JSON at all."""

from typing import Any

import pytest

from tests.hostile.conftest import Fresh
from tests.hostile.target import CANARY, LIST, Target, rows

pytestmark = pytest.mark.slow

TIME = "2001-02-01T00:00:00Z"


def body(cell: str, more: str = "") -> str:
    """A point as text in which one value is `cell`."""
    return f'[{{"timestamp": "{TIME}", "station": "{CANARY}", "value": {{"TMAX": {cell}}}{more}}}]'


def parse_error(target: Target, sent: Any, path: str = "/data") -> dict[str, Any]:
    detail = target.send(sent, path=path)
    assert detail["code"] == "PARSE_ERROR"
    return dict(detail["details"])


def position(target: Target, sent: str, path: str = "/data") -> int:
    """Where in the body, in bytes, the refusal says that it cannot be read."""
    found = parse_error(target, sent, path)["position"]
    assert isinstance(found, int)
    assert 0 <= found <= len(sent.encode())
    return found


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "nan", "+1", "0x1", ".5", "01"]
)
def test_in_01_literals_that_json_does_not_have(target: Target, literal: str):
    assert position(target, body(literal)) > 0


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
    assert position(target, body(number)) > 0


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63, -(2**63), 2**64 - 1])
def test_in_04_whole_numbers_that_are_not_exact(target: Target, number: int):
    assert rows(target.send(body(str(number)))) == [(0, "TMAX")]


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**20, 10**22, -(10**25), 10**300])
def test_in_04_whole_numbers_of_more_than_64_bits(target: Target, number: int):
    sent = body(str(number))
    assert position(target, sent) == sent.index(str(number))


@pytest.mark.parametrize("digits", [4_000, 5_000, 1_000_000])
def test_in_05_numbers_of_thousands_of_digits(target: Target, digits: int):
    for sent in (body("9" * digits), body("-" + "9" * digits, ', "metadata": {}')):
        assert position(target, sent) > 0


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
    [(LIST, "name"), ("/stations", "code"), ("/variables", "name"),
     ("/variables", "unit"), (LIST, "description"), ("/stations", "timezone")],
)  # fmt: skip
def test_in_06_nul_in_names(target: Target, path: str, field: str):
    facts = {"code": "x"} if path == "/stations" else {"name": "x"}
    assert field in target.send({**facts, field: NUL}, path=path)["details"]


@pytest.mark.parametrize("text", [r"\ud800", r"\udfff", r"\ud800\ud800", r"\ud800x"])
def test_in_07_lone_surrogates(target: Target, text: str):
    assert position(target, f'[{{"timestamp": "{TIME}", "value": {{"SKY": "{text}"}}}}]') > 0
    assert position(target, body("1", f', "metadata": {{"note": "{text}"}}')) > 0
    assert position(target, f'{{"name": "{text}"}}', path=LIST) > 0


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
        position(target, sent)
    position(target, opening * depth)


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


@pytest.mark.parametrize("sent", ["null", "3", '"x"', "true", '{"points": 3}', '{"points": null}'])
def test_in_12_bodies_that_are_no_points(target: Target, sent: str):
    assert target.send(sent)["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("sent", ["", "   ", "\n"])
def test_in_12_empty_bodies(target: Target, sent: str):
    assert target.send(sent)["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    assert target.send(sent, path=LIST)["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}


@pytest.mark.parametrize("sent", ["[]", '{"points": []}'])
def test_in_12_no_points_at_all(target: Target, sent: str):
    before = target.state
    outcome = target.accepted(sent)
    assert (outcome.pop("revision"), bool(outcome.pop("receipt"))) == (1, True)
    assert not any(outcome.values())
    assert target.state == before


def test_in_13_things_among_points(target: Target):
    found = rows(target.send([1, "x", {}, None]))
    assert sorted({row for row, _ in found}) == [0, 1, 2, 3]


def test_in_14_other_encodings(target: Target):
    text = body("1").replace(CANARY, f"{CANARY}é")
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
    detail = target.send(body("1"), status=415, kind=kind)
    assert detail["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/json;charset=UTF8"]
)
def test_in_14_utf_8_may_be_said(fresh: Fresh, kind: str):
    assert fresh().accepted(body("1"), kind=kind)["inserted"] == 1
