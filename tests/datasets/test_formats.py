"""Files of points: what they hold, and what is said of those that are none."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from datasets import ingest
from datasets.formats import format_of, registry
from datasets.ingest import Author, Batch, Options
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, InvalidRowsError, UnreadableInputError
from tests.datasets.reading import counts, read, values
from tests.factories import days, write

Reads = Callable[..., Batch]
HEAD = "timestamp,station,TMAX,TMIN\n"


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    """`reads(content, ".csv")` is the batch of a file with this content."""

    def make(content: str | bytes, suffix: str = ".csv", timezone: str | None = None) -> Batch:
        path = tmp_path / f"points{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return format_of(path).read(path, timezone)

    return make


@pytest.fixture
def reads_table(tmp_path: Path) -> Reads:
    """`reads_table(columns)` is the batch of a Parquet file with these columns."""

    def make(columns: dict[str, Any], timezone: str | None = None) -> Batch:
        path = tmp_path / "points.parquet"
        parquet.write_table(pa.table(columns), path)
        return format_of(path).read(path, timezone)

    return make


def store(dataset: Dataset, batch: Batch, **options: Any) -> ingest.Outcome:
    return ingest.write(dataset.pk, batch, author=Author("test"), options=Options(**options))


def refused(dataset: Dataset, batch: Batch) -> list[tuple[int, str]]:
    with pytest.raises(InvalidRowsError) as error:
        store(dataset, batch)
    return [(row["row"], row["field"]) for row in error.value.details["rows"]]


def instants(batch: Batch) -> list[datetime]:
    return [datetime.fromtimestamp(micros / 1e6, UTC) for micros in batch.micros.tolist()]


def test_a_file_is_known_by_its_ending():
    assert [one.name for one in registry] == ["csv", "ndjson", "parquet"]
    assert format_of(Path("a/B.CSV")).name == "csv"
    assert format_of(Path("x.jsonl")).name == "ndjson"
    for name in ("points", "points.xlsx", ".csv.exe"):
        with pytest.raises(InvalidInputError) as error:
            format_of(Path(name))
        assert ".parquet" in str(error.value.details)


# ------------------------------------------------------------------ CSV


def test_a_csv_file_is_stored_as_its_points(dataset: Dataset, reads: Reads):
    batch = reads(
        HEAD + "2001-01-01,a,1.5,-2\n2001-01-02T12:00:00+01:00,a,1e1,+3\n2001-01-01,,.5,1.\n"
    )
    assert counts(store(dataset, batch), "inserted") == (3,)
    assert values(dataset) == {
        ("a", "2001-01-01T00:00:00Z"): {"TMAX": 1.5, "TMIN": -2},
        ("a", "2001-01-02T11:00:00Z"): {"TMAX": 10, "TMIN": 3},
        ("", "2001-01-01T00:00:00Z"): {"TMAX": 0.5, "TMIN": 1},
    }


def test_an_empty_cell_says_nothing(dataset: Dataset, reads: Reads):
    write(dataset, days(1, station="a"))
    batch = reads(HEAD + '2001-01-01,a,,7\n2001-01-02,a,"",\n')
    assert counts(store(dataset, batch), "updated", "unchanged") == (1, 1)
    assert values(dataset) == {("a", "2001-01-01T00:00:00Z"): {"TMAX": 10.5, "TMIN": 7}}


@pytest.mark.parametrize("cell", ["NA", "nan", "NaN", "null", "-", "1,5", "1_0", "٣", "0x1", "inf",
                                  "1 000", "true", " ", "'1", "1e400"])  # fmt: skip
def test_in_28_what_is_no_number_is_refused_in_its_row(dataset: Dataset, reads: Reads, cell: str):
    batch = reads(HEAD + f'2001-01-01,a,1,2\n2001-01-02,a,"{cell}",2\n')
    assert refused(dataset, batch) == [(1, "TMAX")]


def test_in_28_a_declared_sentinel_is_missing(dataset: Dataset, reads: Reads):
    dataset.variables.create(name="TMAX", missing_values=[-9999])
    outcome = store(dataset, reads(HEAD + "2001-01-01,a,-9999,-999\n2001-01-02,a,-9999.0,3\n"),
                    missing=(-999.0,))  # fmt: skip
    assert counts(outcome, "unchanged", "inserted") == (1, 1)
    assert list(values(dataset).values()) == [{"TMIN": 3}]


def test_in_25_a_header_alone_is_no_points(dataset: Dataset, reads: Reads):
    for content in (HEAD, HEAD.strip(), "timestamp\n"):
        assert not any(store(dataset, reads(content)).counts().values())


def test_in_25_without_a_timestamp_there_is_no_point(reads: Reads):
    with pytest.raises(InvalidInputError) as error:
        reads("time,TMAX\n2001-01-01,1\n")
    assert list(error.value.details) == ["timestamp"]


UNREADABLE = {
    "in_25 empty": "",
    "in_25 blank": "\n\n",
    "in_26 short row": HEAD + "2001-01-01,a,1\n",
    "in_26 long row": HEAD + "2001-01-01,a,1,2,3\n",
    "in_26 unclosed quote": HEAD + '2001-01-01,a,"1,2\n2001-01-02,a,1,2\n',
    "in_27 semicolons": "timestamp;TMAX\n2001-01-01;1\n",
    "in_27 decimal commas": "timestamp,TMAX\n2001-01-01,1,5\n",
    "in_27 latin-1": "timestamp,Größe\n2001-01-01,1\n".encode("latin-1"),
    "in_27 latin-1 below": HEAD.encode() + "2001-01-01,Säntis,1,2\n".encode("latin-1"),
    "in_27 latin-1 far below": (HEAD + "2001-01-01,a,1,2\n" * 2000).encode() + b"2001,\xe4,1,2\n",
    "in_27 utf-16": (HEAD + "2001-01-01,a,1,2\n").encode("utf-16"),
    "an image": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
}  # fmt: skip


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_csv_is_said_to_be_none(reads: Reads, content: str | bytes):
    with pytest.raises(UnreadableInputError) as error:
        reads(content)
    assert error.value.message.startswith("points.csv")


def test_in_27_the_hint_names_what_is_wrong(reads: Reads):
    for name, word in (("in_27 semicolons", "`;`"), ("in_27 latin-1", "UTF-8")):
        with pytest.raises(UnreadableInputError, match=word):
            reads(UNREADABLE[name])


def test_a_byte_order_mark_and_other_line_ends_change_nothing(dataset: Dataset, reads: Reads):
    plain = HEAD + "2001-01-01,a,1,2\n2001-01-02,a,3,4\n"
    store(dataset, reads(plain))
    for content in ("\ufeff" + plain, plain.replace("\n", "\r\n"), plain.rstrip(), plain + "\n\n"):
        assert counts(store(dataset, reads(content)), "unchanged") == (2,)


def test_a_column_twice_is_refused(reads: Reads):
    for head in ("timestamp,TMAX,TMAX", "timestamp,timestamp,TMAX"):
        with pytest.raises(InvalidInputError):
            reads(f"{head}\n2001-01-01,1,2\n")


def test_in_29_a_thousand_columns_are_too_many(dataset: Dataset, reads: Reads):
    names, cells = (",".join(part) for part in ([f"V{n}" for n in range(1000)], ["1"] * 1000))
    with pytest.raises(InvalidInputError):
        store(dataset, reads(f"timestamp,{names}\n2001-01-01,{cells}\n"))
    assert dataset.variables.count() == 0


@pytest.mark.parametrize(
    "head", ["timestamp,", "timestamp, ", "timestamp,a\x07", "timestamp,value\x00"]
)
def test_a_column_without_a_name_is_refused(dataset: Dataset, reads: Reads, head: str):
    with pytest.raises(InvalidInputError):
        store(dataset, reads(f"{head}\n2001-01-01,1\n"))


def test_texts_come_through_with_all_their_characters(dataset: Dataset, reads: Reads):
    dataset.variables.create(name="SKY", kind="text")
    texts = [
        "clear",
        "a,b",
        'say ""hi""',
        "two\nlines",
        "tab\there",
        "back\\slash",
        "é漢🌧",
        "NA",
        "1",
    ]
    rows = "".join(f'2001-01-{n:02},"{text}"\n' for n, text in enumerate(texts, 1))
    store(dataset, reads("timestamp,SKY\n" + rows))
    found = [one["value"]["SKY"] for one in read(dataset)]
    assert found == [text.replace('""', '"') for text in texts]


def test_metadata_are_a_column_of_json(dataset: Dataset, reads: Reads):
    rows = [
        '2001-01-01,1,"{""flags"": {""TMAX"": ""I""}}"', "2001-01-02,1,", "2001-01-03,1,{}",
        "2001-01-04,1,nonsense", '2001-01-05,1,"[1]"', '2001-01-06,1,"{""quality"":{""TMAX"":7}}"',
    ]  # fmt: skip
    batch = reads("timestamp,TMAX,metadata\n" + "\n".join(rows))
    assert counts(store(dataset, batch, on_invalid="skip"), "inserted", "rejected") == (3, 3)
    said = [one["metadata"] for one in read(dataset)]
    assert said == [{"flags": {"TMAX": "I"}}, {}, {}]


def test_the_id_of_an_export_is_passed_over(dataset: Dataset, reads: Reads):
    store(dataset, reads("id,timestamp,TMAX\nwhatever,2001-01-01,1\n"))
    assert list(values(dataset).values()) == [{"TMAX": 1}]


def test_times_without_an_offset_are_those_of_the_zone(reads: Reads):
    batch = reads(
        "timestamp,A\n2001-07-01T00:00,1\n2001-07-01T00:00Z,1\n", ".csv", "America/Toronto"
    )
    assert [time.hour for time in instants(batch)] == [4, 0]
    with pytest.raises(InvalidInputError):
        reads("timestamp,A\n2001-07-01,1\n", ".csv", "Nowhere")


def test_a_file_larger_than_the_readers_block_is_read_whole(dataset: Dataset, reads: Reads):
    dataset.variables.create(name="SKY", kind="text")
    text = "x" * 200 + "\n" + "y" * 200
    rows = (
        f'2001-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},"{text}"' for n in range(8000)
    )
    outcome = store(dataset, reads("timestamp,SKY\n" + "\n".join(rows)))
    assert counts(outcome, "inserted") == (8000,)


# ------------------------------------------------------------------ NDJSON


def test_ndjson_is_a_point_on_each_line(dataset: Dataset, reads: Reads):
    line = '{"timestamp": "2001-01-01", "value": {"A": 1}}\n'
    lines = f"{line}\n{line.replace('-01-01', '-01-02').strip()}"
    assert counts(store(dataset, reads(lines, ".ndjson")), "inserted") == (2,)
    removal = '{"timestamp": "2001-01-01", "value": {"A": null}}\r\n'
    assert counts(store(dataset, reads(removal, ".jsonl")), "updated") == (1,)
    assert len(read(dataset)) == 1


@pytest.mark.parametrize("bad", ['{"a"', "NaN", '{"a": 1, "a": 2}', "\xff", '{"v": "\\ud800"}'])
def test_in_33_a_broken_line_is_named(reads: Reads, bad: str):
    content = (
        b'{"timestamp": "2001-01-01", "value": {"A": 1}}\n' * 2 + bad.encode("latin-1") + b"\n"
    )
    with pytest.raises(UnreadableInputError, match="line 3"):
        reads(content, ".ndjson")


def test_an_empty_ndjson_file_holds_no_points(dataset: Dataset, reads: Reads):
    assert not any(store(dataset, reads("\n", ".ndjson")).counts().values())


def test_a_line_that_is_no_point_is_a_bad_row(dataset: Dataset, reads: Reads):
    content = '{"timestamp": "2001-01-01", "value": {"A": 1}}\n[1]\n"x"\n'
    assert [row for row, _ in refused(dataset, reads(content, ".ndjson"))] == [1, 2]


# ------------------------------------------------------------------ Parquet


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["2001-01-01", "2001-01-02T00:00:00Z"]),
        pa.array(["2001-01-01", "2001-01-02"], pa.large_string()),
        pa.array(["2001-01-01", "2001-01-02"]).dictionary_encode(),
        pa.array([date(2001, 1, 1), date(2001, 1, 2)]),
        pa.array([datetime(2001, 1, 1), datetime(2001, 1, 2)], pa.timestamp("ns")),  # noqa: DTZ001
        pa.array([datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC)],
                 pa.timestamp("ms", "America/Toronto")),
    ],
    ids=["text", "large text", "dictionary", "date", "nanoseconds", "zoned"],
)  # fmt: skip
def test_times_of_any_type_are_read(reads_table: Reads, times: pa.Array):
    batch = reads_table({"timestamp": times, "A": [1, 2]})
    assert instants(batch) == [datetime(2001, 1, day, tzinfo=UTC) for day in (1, 2)]


NUMBERS = [pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(10, 2)]


@pytest.mark.parametrize("kind", [*NUMBERS, pa.string(), pa.large_string()])
def test_numbers_of_any_type_are_read(dataset: Dataset, reads_table: Reads, kind: pa.DataType):
    cells = pa.array(["1", None, "3"]).cast(kind)
    store(dataset, reads_table({"timestamp": [f"2001-01-0{n}" for n in (1, 2, 3)], "A": cells}))
    assert list(values(dataset).values()) == [{"A": 1}, {"A": 3}]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_of_any_type_are_read(dataset: Dataset, reads_table: Reads, kind: pa.DataType):
    dataset.variables.create(name="SKY", kind="text")
    cells = pa.array(["clear", None, "fog"]).cast(kind)
    times = [f"2001-01-0{n}" for n in (1, 2, 3)]
    stations = pa.array(["a", "a", "b"]).cast(kind)
    store(dataset, reads_table({"timestamp": times, "station": stations, "SKY": cells}))
    assert list(values(dataset).values()) == [{"SKY": "clear"}, {"SKY": "fog"}]


@pytest.mark.parametrize(
    "cells", [pa.array([True, False]), pa.array([[1], [2]]), pa.array([{"x": 1}, {"x": 2}]),
              pa.array([float("nan"), float("inf")]), pa.array([2**53 + 1, -(2**60)]),
              pa.array([date(2001, 1, 1)] * 2), pa.array([b"1", b"2"])],
    ids=["bool", "list", "struct", "not finite", "not exact", "date", "bytes"],
)  # fmt: skip
def test_other_things_are_no_numbers(dataset: Dataset, reads_table: Reads, cells: pa.Array):
    batch = reads_table({"timestamp": ["2001-01-01", "2001-01-02"], "A": cells})
    assert refused(dataset, batch) == [(0, "A"), (1, "A")]


def test_in_18_nanoseconds_are_refused(dataset: Dataset, reads_table: Reads):
    times = pa.array([1, 1000], pa.timestamp("ns"))
    assert refused(dataset, reads_table({"timestamp": times, "A": [1, 2]})) == [(0, "timestamp")]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x89PNG\r\n\x1a\n" * 9, b"timestamp,A\n1,2\n"])
def test_in_32_what_is_no_parquet_is_said_to_be_none(reads: Reads, content: bytes):
    with pytest.raises(UnreadableInputError):
        reads(content, ".parquet")


def test_in_32_a_cut_parquet_file_is_said_to_be_none(tmp_path: Path, reads: Reads):
    whole = tmp_path / "whole.parquet"
    parquet.write_table(pa.table({"timestamp": ["2001-01-01"] * 100, "A": range(100)}), whole)
    content = whole.read_bytes()
    for end in (len(content) // 2, len(content) - 1, 20):
        with pytest.raises(UnreadableInputError):
            reads(content[:end], ".parquet")


def test_a_table_without_rows_holds_no_points(dataset: Dataset, reads_table: Reads):
    batch = reads_table({"timestamp": pa.array([], pa.string()), "A": pa.array([], pa.float64())})
    assert not any(store(dataset, batch).counts().values())
