"""JSON is read as strictly by the quick look as by the slow one."""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datastream.core.api import parsers
from datastream.core.errors import UnreadableInputError

POINT = b'{"timestamp": "2001-01-01T00:00:00Z", "station": "A", "value": {"TMAX": 1.5, "TMIN": 2}}'
SPACE = st.sampled_from(["", "", " ", "\n", "\t\r\n"])
NAMES = st.sampled_from(["a", "b", ":", ":a", " :", "a:", "é", '"', "\\", "\n", ""])
NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.integers(10**17, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e300, 2**53, -0.0, 1.1234567890123456]),
)


@st.composite
def texts(draw: Any, depth: int = 3) -> str:
    """JSON in odd but valid spelling, with keys that stand twice now and then."""
    kind = draw(st.sampled_from(["object", "array", "name", "number"] if depth else ["name"]))
    if kind in {"name", "number"}:
        return json.dumps(draw(NAMES if kind == "name" else NUMBERS))
    inner = []
    for _ in range(draw(st.integers(0, 4))):
        key = json.dumps(draw(NAMES), ensure_ascii=draw(st.booleans())) + draw(SPACE) + ":"
        inner.append((key if kind == "object" else "") + draw(SPACE) + draw(texts(depth - 1)))
    opening, closing = "{}" if kind == "object" else "[]"
    text: str = opening + draw(SPACE) + f"{draw(SPACE)},{draw(SPACE)}".join(inner) + closing
    return text


def is_strict(text: bytes) -> bool:
    """The same question, answered by the standard library alone."""

    def pairs(found: list[tuple[str, Any]]) -> None:
        if len(dict(found)) < len(found):
            raise ValueError("twice")

    def whole(digits: str) -> None:
        if not -(2**63) <= int(digits) < 2**64:
            raise ValueError("too long")

    try:
        json.loads(text, object_pairs_hook=pairs, parse_int=whole)
    except ValueError:
        return False
    return True


def outcome(text: bytes) -> Iterator[Any]:
    try:
        yield parsers.loads(text)
    except UnreadableInputError:
        yield "refused"


@given(text=texts())
@example(text='{"a":1,"a" :2}')
@example(text='{"a":1,"a":":"}')
@example(text='{"b":{"a":1,"a":2}," :":" :"}')
@example(text='{"a":":","b":1,"b" :":"}')
@example(text='{"x":1,"x":1,"y":"\\u0022:"}')
@example(text="[18446744073709551616]")
@example(text='{"x":1,"x":1,"y" :1,"z" :":"}')
def test_the_quick_look_lets_nothing_pass_that_the_slow_one_refuses(text: str):
    sent = text.encode()
    expected = [orjson.loads(sent)] if is_strict(sent) else ["refused"]
    assert list(outcome(sent)) == expected


@given(text=texts())
def test_the_quick_look_is_never_sure_of_what_is_not_strict(text: str):
    sent = text.encode()
    if parsers.is_surely_strict(sent, orjson.loads(sent)):
        assert is_strict(sent)


@pytest.mark.parametrize("spelling", [POINT, orjson.dumps(orjson.loads(POINT))])
def test_usual_points_need_only_the_quick_look(spelling: bytes):
    body = b"[" + b",\n".join([spelling] * 3) + b"]"
    assert parsers.is_surely_strict(body, orjson.loads(body))


def test_what_orjson_reads_but_does_not_write_is_looked_at_slowly():
    body = b"[" * 300 + b"]" * 300
    assert not parsers.is_surely_strict(body, orjson.loads(body))
    assert parsers.loads(body) == orjson.loads(body)
