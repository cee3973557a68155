"""JSON and NDJSON as formats of points."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, TooLargeError, UnreadableInputError
from tests.datasets.reading import counts, read
from tests.datasets.sending import SMALL, cells, error_of, firsts, instants, refused, sent, store
from tests.factories import days

LINE = '{"timestamp": "2001-01-01", "value": {"A": 1}}\n'


# ------------------------------------------------------------------ JSON


@pytest.mark.parametrize("form", ["%s", "[%s]", '{"points": [%s]}'])
def test_json_is_a_point_an_array_or_points(form: str):
    (batch,) = sent(form % LINE, "json")
    assert batch.values["A"].to_pylist() == [1]


def test_in_12_an_empty_array_is_no_points(dataset: Dataset):
    for content in ("[]", '{"points": []}'):
        assert not any(store(dataset, sent(content, "json")).counts().values())


@pytest.mark.parametrize("content", ["null", "3", '"x"', '{"points": 3}', '{"points": null}'])
def test_in_12_other_json_holds_no_points(content: str):
    assert list(error_of(sent(content, "json")).details) == ["body"]


@pytest.mark.parametrize("content", ["", "{", "[NaN]", '{"a": 1, "a": 2}', '"\\ud800"', "\ufeff[]"])
def test_in_01_to_in_14_what_is_no_strict_json_is_refused(content: str):
    assert isinstance(error_of(sent(content, "json")), UnreadableInputError)


def test_json_has_limits_of_points_and_of_bytes():
    content = json.dumps(days(5))
    assert firsts(sent(content, "json", limit_points=5, limit_bytes=len(content))) == [(0, 5)]
    error = error_of(sent(content, "json", limit_points=4))
    assert isinstance(error, TooLargeError)
    assert error.details == {"limit_points": 4}
    error = error_of(sent(content, "json", limit_bytes=len(content) - 1))
    assert isinstance(error, TooLargeError)
    assert error.details == {"limit_bytes": len(content) - 1}


def test_json_comes_in_pieces_too():
    assert firsts(sent(json.dumps(days(7)), "json", **SMALL)) == [(0, 3), (3, 3), (6, 1)]


# ------------------------------------------------------------------ NDJSON


def test_ndjson_is_a_point_on_each_line(dataset: Dataset):
    lines = f"{LINE}\n \t\r\n{LINE.replace('-01-01', '-01-02').strip()}"
    assert counts(store(dataset, sent(lines, "ndjson")), "inserted") == (2,)
    removal = '{"timestamp": "2001-01-01", "value": {"A": null}}\r\n'
    assert counts(store(dataset, sent(removal, "ndjson")), "updated") == (1,)
    assert len(read(dataset)) == 1


@given(
    st.lists(st.sampled_from(["", " ", "\r", None]), max_size=40),
    st.integers(1, 5),
    st.integers(60, 300),
    st.booleans(),
)
def test_pieces_of_ndjson_together_are_all_its_points(
    lines: list[str | None], rows: int, size: int, ends: bool
):
    points = [
        f'{{"timestamp": "2001-01-01", "value": {{"A": {n}}}}}' if line is None else line
        for n, line in enumerate(lines)
    ]
    content = "\n".join(points) + ("\n" if ends else "")
    found = list(sent(content, "ndjson", piece_rows=rows, piece_bytes=size))
    expected = [n for n, line in enumerate(lines) if line is None]
    assert (cells(found, "A") if expected else []) == expected
    assert [batch.first for batch in found][1:] == [one.first + len(one) for one in found][:-1]
    assert max(map(len, found)) <= rows


BROKEN = {
    "cut": b'{"timestamp": "2001-01-01"',
    "in_01": b'{"timestamp": "2001-01-01", "value": {"A": NaN}}',
    "in_05": b'{"timestamp": "2001-01-01", "value": {"A": ' + b"9" * 4000 + b"}}",
    "in_07": b'{"v": "\\ud800"}',
    "in_08": b'{"a": 1, "a": 2}',
    "in_14": b'{"v": "\xff"}',
    "two in a line": b'{"v": 1},{"v": 2}',
    "two without a comma": b'{"v": 1} {"v": 2}',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("before", [0, 2, 7])
def test_in_33_a_broken_line_is_named(broken: bytes, before: int):
    # An empty line counts as a line, for editors do so, and is no row.
    content = b"\n" + LINE.encode() * before + broken + b"\n" + LINE.encode() * 5
    for small in ({}, {"piece_rows": 3, "piece_bytes": 5000}):
        error = error_of(sent(content, "ndjson", **small))
        assert isinstance(error, UnreadableInputError)
        assert error.message.startswith(f"Line {before + 2}: ")
        assert error.details["row"] == before
        assert "2001" not in error.message


def test_in_33_lines_that_only_together_are_json_are_refused():
    error = error_of(sent('{"v": 1},{"v": 2}\n{"v": [{}\n{}]}\n', "ndjson"))
    assert error.message.startswith("Line 1: ")
    error = error_of(sent(LINE + '{"v": [{}\n{}]}\n' + '{"v": 1},{"v": 2}\n', "ndjson"))
    assert error.message.startswith("Line 2: ")


def test_a_line_longer_than_a_piece_is_refused():
    content = LINE * 3 + '{"timestamp": "' + "x" * 4000 + '"}\n'
    error = error_of(sent(content, "ndjson", **SMALL))
    assert (error.message, error.details) == ("Line 4: It is longer than 1600 bytes.", {"row": 3})


def test_an_empty_ndjson_file_holds_no_points(dataset: Dataset):
    for content in ("", "\n", "\ufeff"):
        assert not any(store(dataset, sent(content, "ndjson")).counts().values())


def test_a_byte_order_mark_is_passed_over():
    assert firsts(sent("\ufeff" + LINE, "ndjson")) == [(0, 1)]


def test_in_13_a_line_that_is_no_point_is_a_bad_row(dataset: Dataset):
    content = LINE * 4 + '[1]\n"x"\n' + LINE
    assert [row for row, _ in refused(dataset, sent(content, "ndjson", **SMALL))] == [4, 5]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_times_without_an_offset_are_those_of_the_zone(kind: str):
    content = '{"timestamp": "2001-07-01T00:00", "value": {}}'
    (batch,) = sent(content, kind, timezone="America/Toronto")
    assert [time.hour for time in instants(batch)] == [4]
    error: Any = error_of(sent(content, kind, timezone="Nowhere"))
    assert isinstance(error, InvalidInputError)
    assert "timezone" in error.details
