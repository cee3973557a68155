"""Formats by name and media type, and CSV: what it holds, and what is said of what is none."""

import csv
import io
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats import by_media_type, format_of, registry
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, UnreadableInputError
from tests.datasets.reading import counts, read, values
from tests.datasets.sending import SMALL, cells, error_of, firsts, instants, refused, sent, store
from tests.factories import days, write

HEAD = "timestamp,station,TMAX,TMIN\n"
GOOD = "2001-01-01,a,1,2\n"


def test_a_file_is_known_by_its_ending():
    assert [one.name for one in registry] == ["arrow", "csv", "json", "ndjson", "parquet"]
    assert format_of(Path("a/B.CSV")).name == "csv"
    assert format_of(Path("x.jsonl")).name == "ndjson"
    for name in ("points", "points.xlsx", ".csv.exe"):
        with pytest.raises(InvalidInputError) as error:
            format_of(Path(name))
        assert ".parquet" in str(error.value.details)


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("text/csv", "csv"),
        ("Text/CSV; charset=UTF-8; header=present", "csv"),
        ('application/json; charset="utf8"', "json"),
        ("application/x-ndjson", "ndjson"),
        ("application/ndjson", "ndjson"),
        ("application/jsonl", "ndjson"),
        ("application/vnd.apache.parquet", "parquet"),
        ("application/vnd.apache.arrow.stream", "arrow"),
    ],
)
def test_a_body_is_known_by_its_media_type(media_type: str, name: str):
    found = by_media_type(media_type)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "media_type",
    ["", "csv", "text/html", "text/csv; charset=latin-1", "text", "text/csv/x", "text/csv\x00"],
)
def test_in_14_other_media_types_and_charsets_are_not_known(media_type: str):
    assert by_media_type(media_type) is None


# ------------------------------------------------------------------ what is read


def test_a_csv_file_is_stored_as_its_points(dataset: Dataset):
    points = sent(
        HEAD + "2001-01-01,a,1.5,-2\n2001-01-02T12:00:00+01:00,a,1e1,+3\n2001-01-01,,.5,1.\n"
    )
    assert counts(store(dataset, points), "inserted") == (3,)
    assert values(dataset) == {
        ("a", "2001-01-01T00:00:00Z"): {"TMAX": 1.5, "TMIN": -2},
        ("a", "2001-01-02T11:00:00Z"): {"TMAX": 10, "TMIN": 3},
        ("", "2001-01-01T00:00:00Z"): {"TMAX": 0.5, "TMIN": 1},
    }


def test_a_file_comes_in_pieces_that_know_their_first_row():
    points = sent(HEAD + GOOD * 90, **SMALL)
    found = firsts(points)
    assert sum(count for _, count in found) == 90
    assert max(count for _, count in found) <= 3
    assert [first for first, _ in found][1:] == [first + count for first, count in found][:-1]
    assert firsts(points) == found, "what was sent can be read again"


# Python writes a \r without quotes, where it is the end of a line for others.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@pytest.mark.slow
@given(
    st.lists(st.tuples(texts, texts), max_size=12),
    st.integers(1, 5),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_cells_are_read_as_the_csv_module_of_python_writes_them(
    rows: list[tuple[str, str]], piece_rows: int, end: str, quoting: Literal[0, 1]
):
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=quoting)
    writer.writerow(["timestamp", "A", 'the "B", of b'])
    writer.writerows([str(n), *row] for n, row in enumerate(rows))
    found = list(sent(file.getvalue(), piece_rows=piece_rows, piece_bytes=2000))
    assert cells(found, "A") == [first or None for first, _ in rows]
    assert cells(found, 'the "B", of b') == [second or None for _, second in rows]


def test_an_empty_cell_says_nothing(dataset: Dataset):
    write(dataset, days(1, station="a"))
    points = sent(HEAD + '2001-01-01,a,,7\n2001-01-02,a,"",\n')
    assert counts(store(dataset, points), "updated", "unchanged") == (1, 1)
    assert values(dataset) == {("a", "2001-01-01T00:00:00Z"): {"TMAX": 10.5, "TMIN": 7}}


def test_a_column_without_any_value_is_known_by_its_name():
    (batch,) = sent("timestamp,A,B\n2001-01-01,1,\n")
    assert batch.values["B"].to_pylist() == [None]


@pytest.mark.parametrize("cell", ["NA", "nan", "NaN", "null", "-", "1,5", "1_0", "٣", "0x1", "inf",
                                  "1 000", "true", " ", "'1", "1e400", "1\0"])  # fmt: skip
def test_in_28_what_is_no_number_is_refused_in_its_row(dataset: Dataset, cell: str):
    content = HEAD + GOOD * 40 + f'2001-01-02,a,"{cell}",2\n'
    assert refused(dataset, sent(content, **SMALL)) == [(40, "TMAX")]


def test_in_28_a_declared_sentinel_is_missing(dataset: Dataset):
    dataset.variables.create(name="TMAX", missing_values=[-9999])
    points = sent(HEAD + "2001-01-01,a,-9999,-999\n2001-01-02,a,-9999.0,3\n")
    outcome = store(dataset, points, missing=(-999.0,))
    assert counts(outcome, "unchanged", "inserted") == (1, 1)
    assert list(values(dataset).values()) == [{"TMIN": 3}]


def test_in_25_a_header_alone_is_no_points(dataset: Dataset):
    for content in (HEAD, HEAD.strip(), "timestamp\n", HEAD + "\n\n"):
        assert not any(store(dataset, sent(content)).counts().values())
        assert firsts(sent(content)) == [(0, 0)]


def test_a_byte_order_mark_and_other_line_ends_change_nothing(dataset: Dataset):
    plain = HEAD + "2001-01-01,a,1,2\n2001-01-02,a,3,4\n"
    store(dataset, sent(plain))
    others = [plain.replace("\n", end) for end in ("\r\n", "\r", "\n\n")]
    for content in ("\ufeff" + plain, *others, plain.rstrip(), "\n" + plain + "\n\n"):
        assert counts(store(dataset, sent(content)), "received", "unchanged") == (2, 2)


def test_a_header_may_be_quoted_and_have_lines_of_its_own():
    (batch,) = sent('"timestamp","a\r\nb",\'=C,\'plain\r\n2001-01-01,1,2,3\r\n')
    assert list(batch.values) == ["a\r\nb", "=C", "'plain"]
    assert cells([batch], "a\r\nb") == ["1"]


def test_texts_come_through_with_all_their_characters(dataset: Dataset):
    dataset.variables.create(name="SKY", kind="text")
    texts = ["clear", "a,b", 'say ""hi""', "two\nlines", "tab\there", "back\\slash", "é漢🌧", "NA",
             "1"]  # fmt: skip
    rows = "".join(f'2001-01-{n:02},"{text}"\n' for n, text in enumerate(texts, 1))
    store(dataset, sent("timestamp,SKY\n" + rows))
    found = [one["value"]["SKY"] for one in read(dataset)]
    assert found == [text.replace('""', '"') for text in texts]


def test_metadata_are_a_column_of_json(dataset: Dataset):
    rows = [
        '2001-01-01,1,"{""flags"": {""TMAX"": ""I""}}"', "2001-01-02,1,", "2001-01-03,1,{}",
        "2001-01-04,1,nonsense", '2001-01-05,1,"[1]"', '2001-01-06,1,"{""quality"":{""TMAX"":7}}"',
    ]  # fmt: skip
    points = sent("timestamp,TMAX,metadata\n" + "\n".join(rows))
    assert counts(store(dataset, points, on_invalid="skip"), "inserted", "rejected") == (3, 3)
    said = [one["metadata"] for one in read(dataset)]
    assert said == [{"flags": {"TMAX": "I"}}, {}, {}]


def test_the_id_of_an_export_is_passed_over(dataset: Dataset):
    store(dataset, sent("id,timestamp,TMAX\nwhatever,2001-01-01,1\n"))
    assert list(values(dataset).values()) == [{"TMAX": 1}]


def test_times_without_an_offset_are_those_of_the_zone():
    content = "timestamp,A\n2001-07-01T00:00,1\n2001-07-01T00:00Z,1\n"
    (batch,) = sent(content, timezone="America/Toronto")
    assert [time.hour for time in instants(batch)] == [4, 0]
    assert "timezone" in error_of(sent(content, timezone="Nowhere")).details


# ------------------------------------------------------------------ what is refused


def test_in_25_without_a_timestamp_there_is_no_point():
    assert list(error_of(sent("time,TMAX\n2001-01-01,1\n")).details) == ["timestamp"]


UNREADABLE = {
    "in_25 empty": ("", "empty"),
    "in_25 blank": ("\n\n", "empty"),
    "in_26 unclosed header": ('timestamp,"A\n2001-01-01,1\n', "quote"),
    "in_27 semicolons": ("timestamp;TMAX\n2001-01-01;1\n", "`;`"),
    "in_27 tabs": ("timestamp\tTMAX\n2001-01-01\t1\n", "tab"),
    "in_27 decimal commas": ("timestamp,TMAX\n2001-01-01,1,5\n", "point"),
    "in_27 latin-1": ("timestamp,Größe\n2001-01-01,1\n".encode("latin-1"), "UTF-8"),
    "in_14 utf-16": ((HEAD + GOOD).encode("utf-16"), "UTF-16"),
    "in_14 utf-16 without a mark": ((HEAD + GOOD).encode("utf-16-le"), "UTF-16"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "UTF-8"),
    "a long header": ("timestamp," + "A" * 120_000 + "," + "B" * 120_000 + "," + "C" * 30_000, ""),
}


@pytest.mark.parametrize(("content", "hint"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_csv_is_refused_with_a_hint(content: str | bytes, hint: str):
    error = error_of(sent(content))
    assert isinstance(error, UnreadableInputError)
    assert hint in error.message


FAULTS: dict[str, tuple[bytes, str]] = {
    "in_26 too few cells": (b"2001-01-01,secret,1\n", "3 cells"),
    "in_26 too many cells": (b"2001-01-01,secret,1,2,3\n", "5 cells"),
    "in_26 unclosed quote": (b'2001-01-01,"secret,1,2\n', "quote"),
    "in_26 unclosed quote at the end": (b'2001-01-01,secret,1,"2\n', "quote"),
    "in_27 latin-1": (b"2001-01-01,secret\xe4,1,2\n", "UTF-8"),
    "in_27 latin-1, and too few cells": (b"2001-01-01,secret\xe4,1\n", "3 cells"),
    "in_27 latin-1, and an unclosed quote": (b'2001-01-01,"secret\xe4,1,2\n', "quote"),
    "a row longer than a block": (b"2001-01-01,secret" + b"x" * 900 + b",1,2\n", "longer"),
}


@pytest.mark.parametrize(("fault", "hint"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("before", [0, 1, 3, 22, 23, 24, 25, 26, 60])
@pytest.mark.parametrize("after", [0, 1, 60])
def test_in_26_and_in_27_the_row_at_fault_is_named(
    fault: bytes, hint: str, before: int, after: int
):
    good = GOOD.encode()
    points = sent(HEAD.encode() + good * before + fault + good * after, **SMALL)
    error = error_of(points)
    assert isinstance(error, UnreadableInputError)
    assert error.details == {"row": before}
    assert f"ow {before} (from 0)" in error.message
    assert hint in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize("fault", [FAULTS[name][0] for name in list(FAULTS)[:7]])
def test_in_26_a_fault_far_below_is_named_in_pieces_of_the_usual_size(fault: bytes):
    before = 120_000
    error = error_of(sent(HEAD.encode() + GOOD.encode() * before + fault))
    assert error.details == {"row": before}


def test_a_quote_within_a_cell_is_a_character():
    found = list(sent('timestamp,A\n2001-01-01,5" pipe\n' + "2001-01-01,b\n" * 90, **SMALL))
    assert cells(found, "A") == ['5" pipe', *["b"] * 90]


def test_empty_lines_are_no_rows():
    error = error_of(sent(HEAD + "\n\r\n" + GOOD + "\n\n\n" + GOOD + "2001\n"))
    assert error.details == {"row": 2}


def test_nobody_can_send_the_line_that_ends_a_file():
    content = HEAD + GOOD + "0123456789abcdef,,,\n" + GOOD
    assert sum(count for _, count in firsts(sent(content))) == 3


def test_a_column_twice_is_refused():
    for head in ("timestamp,TMAX,TMAX", "timestamp,timestamp,TMAX", "timestamp,'=A,=A"):
        assert "twice" in str(error_of(sent(f"{head}\n2001-01-01,1,2\n")).details)


def test_in_29_a_thousand_columns_are_too_many():
    names, row = (",".join(part) for part in ([f"V{n}" for n in range(1000)], ["1"] * 1000))
    error = error_of(sent(f"timestamp,{names}\n2001-01-01,{row}\n"))
    assert list(error.details) == ["V200"]
    names = ",".join(f"V{n}" for n in range(200))
    assert firsts(sent(f"id,timestamp,station,metadata,{names}\n")) == [(0, 0)]


@pytest.mark.parametrize(
    "head", ["timestamp,", "timestamp, ", "timestamp,a\x07", "timestamp,value\x00"]
)
def test_a_column_without_a_name_is_refused(dataset: Dataset, head: str):
    with pytest.raises(InvalidInputError):
        store(dataset, sent(f"{head}\n2001-01-01,1\n"))


def test_a_large_file_is_never_read_at_once():
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: Any = -1, /) -> bytes:
            found = super().read(size)
            Watched.largest = max(Watched.largest, len(found))
            return found

    content = HEAD.encode() + GOOD.encode() * 200_000
    assert sum(count for _, count in firsts(sent(Watched(content)))) == 200_000
    assert Watched.largest <= 2**20
