"""Parquet and Arrow as formats of points: columns that have types of their own."""

import io
import struct
import tempfile
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import ipc

from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, TooLargeError, UnreadableInputError
from tests.datasets.reading import values
from tests.datasets.sending import (
    BYTES_OF,
    SMALL,
    arrow_of,
    cells,
    error_of,
    firsts,
    instants,
    parquet_of,
    refused,
    sent,
    store,
)

MIB = 2**20
TWO_DAYS = ["2001-01-01", "2001-01-02"]


@pytest.fixture(params=["parquet", "arrow"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def columns(n: int = 20) -> dict[str, Any]:
    """What an export has, and texts of several types."""
    return {
        "id": [f"id {i}" for i in range(n)],
        "timestamp": np.datetime64("2001-01-01", "us") + np.arange(n),
        "station": pa.array([f"s{i % 3}" for i in range(n)]).dictionary_encode(),
        "A": np.arange(n) * 0.5,
        "B": pa.array([i if i % 2 else None for i in range(n)], pa.int32()),
        "SKY": pa.array([f"{i}" * i for i in range(n)], pa.large_string()),
        "metadata": ['{"flags": {"A": "x"}}'] * n,
    }


# ------------------------------------------------------------------ what is read


def test_all_columns_come_in_pieces(kind: str):
    points = sent(BYTES_OF[kind](columns()), kind, piece_rows=7)
    found = list(points)
    assert firsts(found) == [(0, 7), (7, 7), (14, 6)]
    assert set(found[0].values) == {"A", "B", "SKY"}
    assert cells(found, "A") == [i * 0.5 for i in range(20)]
    assert cells(found, "B") == [i if i % 2 else None for i in range(20)]
    assert cells(found, "SKY") == [f"{i}" * i for i in range(20)]
    assert [code for one in found for code in one.station.to_pylist()] == columns()[
        "station"
    ].to_pylist()
    assert (
        np.concatenate([one.micros for one in found]).tolist()
        == columns()["timestamp"].astype(int).tolist()
    )
    assert found[2].metadata is not None
    assert found[2].metadata.to_pylist() == ['{"flags":{"A":"x"}}'] * 6
    assert firsts(points) == firsts(found), "what was sent can be read again"


SMALL_PAGES = {"data_page_size": 30, "write_batch_size": 2}
WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "small groups of rows": ("parquet", {"row_group_size": 3}),
    "no dictionaries": ("parquet", {"use_dictionary": False}),
    "zstd, second version": ("parquet", {"compression": "zstd", "data_page_version": "2.0"}),
    "uncompressed": ("parquet", {"compression": "none"}),
    "checksums": ("parquet", {"write_page_checksum": True}),
    "no schema of Arrow": ("parquet", {"store_schema": False}),
    "small pages": ("parquet", SMALL_PAGES),
    "dictionaries that overflow": ("parquet", {"dictionary_pagesize_limit": 20, **SMALL_PAGES}),
    "lengths apart": (
        "parquet",
        {"use_dictionary": False, "column_encoding": {"SKY": "DELTA_LENGTH_BYTE_ARRAY"}},
    ),
    "small record batches": ("arrow", {"rows": 2}),
    "zstd": ("arrow", {"compression": "zstd"}),
    "lz4": ("arrow", {"compression": "lz4", "rows": 7}),
    "new dictionaries": ("arrow", {"emit_dictionary_deltas": True, "rows": 2}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("on_disk", [False, True])
def test_however_it_was_written_the_same_points_are_read(
    kind: str, options: dict[str, Any], on_disk: bool
):
    content: Any = BYTES_OF[kind](columns(), **options)
    with tempfile.TemporaryFile() as file:
        if on_disk:
            file.write(content)
            content = file
        found = list(sent(content, kind, piece_rows=8))
    assert sum(map(len, found)) == 20
    assert max(map(len, found)) <= 8
    assert cells(found, "A") == [i * 0.5 for i in range(20)]
    assert cells(found, "SKY") == [f"{i}" * i for i in range(20)]


def test_dictionaries_may_change_from_one_record_batch_to_the_next():
    parts = [pa.array(["a", "b"]), pa.array(["b", "c", None]), pa.array(["a"])]
    batches = [
        pa.record_batch({"timestamp": ["2001-01-01"] * len(part), "T": part.dictionary_encode()})
        for part in parts
    ]
    file = io.BytesIO()
    with ipc.new_stream(file, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    assert cells(sent(file.getvalue(), "arrow"), "T") == ["a", "b", "b", "c", None, "a"]


def test_views_of_texts_are_read():
    texts = ["short", "a text of more than twelve bytes", None, ""]
    content = arrow_of({"timestamp": TWO_DAYS * 2, "T": pa.array(texts, pa.string_view())})
    assert cells(sent(content, "arrow", piece_rows=3), "T") == texts


def test_an_arrow_file_is_read_like_a_stream():
    table, file = pa.table(columns()), io.BytesIO()
    with ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, 7)
    assert cells(sent(file.getvalue(), "arrow"), "A") == [i * 0.5 for i in range(20)]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["2001-01-01", "2001-01-02T00:00:00Z"]),
        pa.array(TWO_DAYS, pa.large_string()),
        pa.array(TWO_DAYS).dictionary_encode(),
        pa.array([date(2001, 1, 1), date(2001, 1, 2)]),
        *(pa.array([datetime(2001, 1, 1), datetime(2001, 1, 2)], pa.timestamp(unit))  # noqa: DTZ001
          for unit in ("s", "ms", "us", "ns")),
        pa.array([datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC)],
                 pa.timestamp("ms", "America/Toronto")),
    ],
    ids=["text", "large text", "dictionary", "date", "s", "ms", "us", "ns", "zoned"],
)  # fmt: skip
def test_times_of_any_type_are_read(kind: str, times: pa.Array):
    (batch,) = sent(BYTES_OF[kind]({"timestamp": times, "A": [1, 2]}), kind)
    assert instants(batch) == [datetime(2001, 1, day, tzinfo=UTC) for day in (1, 2)]


NUMBERS = [pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(10, 2)]


@pytest.mark.parametrize("numbers", [*NUMBERS, pa.string(), pa.large_string()], ids=str)
def test_numbers_of_any_type_are_read(dataset: Dataset, kind: str, numbers: pa.DataType):
    given = {"timestamp": [*TWO_DAYS, "2001-01-03"], "A": pa.array(["1", None, "3"]).cast(numbers)}
    store(dataset, sent(BYTES_OF[kind](given), kind))
    assert list(values(dataset).values()) == [{"A": 1}, {"A": 3}]


@pytest.mark.parametrize(
    "texts", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_texts_of_any_type_are_read(dataset: Dataset, kind: str, texts: pa.DataType):
    dataset.variables.create(name="SKY", kind="text")
    given = {
        "timestamp": [*TWO_DAYS, "2001-01-03"],
        "station": pa.array(["a", "a", "b"]).cast(texts),
        "SKY": pa.array(["clear", None, "fog"]).cast(texts),
    }
    store(dataset, sent(BYTES_OF[kind](given), kind))
    assert list(values(dataset).values()) == [{"SKY": "clear"}, {"SKY": "fog"}]


def test_stations_may_be_whole_numbers_and_missing(kind: str):
    given = {"timestamp": TWO_DAYS, "station": pa.array([72295, None], pa.int32())}
    (batch,) = sent(BYTES_OF[kind](given), kind)
    assert batch.station.to_pylist() == ["72295", ""]


def test_a_column_of_nulls_and_a_table_without_rows_say_nothing(dataset: Dataset, kind: str):
    coded = pa.dictionary(pa.int8(), pa.string())
    empty = {"timestamp": pa.array([], pa.string()), "A": pa.array([], coded)}
    assert firsts(sent(BYTES_OF[kind](empty), kind)) == [(0, 0)]
    assert not any(store(dataset, sent(BYTES_OF[kind](empty), kind)).counts().values())
    (batch,) = sent(BYTES_OF[kind]({"timestamp": TWO_DAYS, "A": pa.nulls(2)}), kind)
    assert batch.values["A"].null_count == 2


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("A", pa.array([True, False])),
        ("A", pa.array([[1], [2]])),
        ("A", pa.array([{"secret": 1}, {"secret": 2}])),
        ("A", pa.array([date(2001, 1, 1)] * 2)),
        ("A", pa.array([b"1", b"2"])),
        ("A", pa.array([b"1" * 40] * 2, pa.binary(40))),
        ("timestamp", pa.array([1, 2])),
        ("timestamp", pa.nulls(2)),
        ("station", pa.array([1.5, 2])),
        ("metadata", pa.array([1, 2])),
    ],
)
def test_columns_of_other_types_are_refused_by_name(kind: str, name: str, cells: pa.Array):
    error = error_of(sent(BYTES_OF[kind]({"timestamp": TWO_DAYS, name: cells}), kind))
    assert type(error) is InvalidInputError
    assert list(error.details) == [name]
    assert str(cells.type)[:4] in error.details[name][0]


def test_the_id_may_be_of_any_type(kind: str):
    given = {"id": pa.array([b"0" * 16] * 2, pa.binary(16)), "timestamp": TWO_DAYS, "A": [1, 2]}
    assert cells(sent(BYTES_OF[kind](given), kind), "A") == [1, 2]


def test_in_29_a_thousand_columns_are_too_many(kind: str):
    given = {"timestamp": TWO_DAYS} | {f"V{n}": [1, 2] for n in range(1000)}
    assert list(error_of(sent(BYTES_OF[kind](given), kind)).details) == ["V200"]


@pytest.mark.parametrize("names", [["timestamp", "A", "A"], ["time", "A", "B"]])
def test_columns_that_are_no_points_are_refused(kind: str, names: list[str]):
    table = pa.Table.from_arrays([pa.array(TWO_DAYS)] * 3, names)
    error = error_of(sent(BYTES_OF[kind](table), kind))
    assert list(error.details) in (["A"], ["timestamp"])


@pytest.mark.parametrize(
    "cells", [pa.array([float("nan"), float("inf")]), pa.array([2**53 + 1, -(2**60)])]
)
def test_in_04_numbers_that_are_none_are_refused_in_their_rows(
    dataset: Dataset, kind: str, cells: pa.Array
):
    content = BYTES_OF[kind]({"timestamp": TWO_DAYS, "A": cells})
    assert refused(dataset, sent(content, kind, piece_rows=1)) == [(0, "A"), (1, "A")]


def test_in_18_nanoseconds_are_refused(dataset: Dataset, kind: str):
    times = pa.array([1, 1000], pa.timestamp("ns"))
    content = BYTES_OF[kind]({"timestamp": times, "A": [1, 2]})
    assert refused(dataset, sent(content, kind)) == [(0, "timestamp")]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9, b"ARROW1\0\0", b"\xff" * 40,
                                     b"\x89PNG\r\n\x1a\n" * 9, b"timestamp,A\n1,2\n"])  # fmt: skip
def test_in_32_what_is_no_such_file_is_said_to_be_none(kind: str, content: bytes):
    assert isinstance(error_of(sent(content, kind)), UnreadableInputError)


def test_in_32_cut_bytes_are_refused(kind: str):
    content = BYTES_OF[kind](columns(200))
    for end in (len(content) // 2, len(content) - 1, len(content) - 8, 20):
        assert isinstance(error_of(sent(content[:end], kind)), UnreadableInputError)


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_in_32_damaged_bytes_are_refused_or_read_but_end_nothing(kind: str, compression: str):
    options = {} if (kind, compression) == ("arrow", "none") else {"compression": compression}
    whole = BYTES_OF[kind](columns(50), **options)
    random = np.random.default_rng(20260707)
    for _ in range(150):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 3):
            content[place] ^= 1 << random.integers(8)
        try:
            found = list(sent(bytes(content), kind, limit_bytes=MIB, piece_rows=20))
        except (InvalidInputError, TooLargeError):
            continue
        assert sum(map(len, found)) <= 50


def test_in_32_texts_that_are_not_utf_8_are_refused(kind: str):
    texts = pa.StringArray.from_buffers(
        2, pa.py_buffer(struct.pack("3i", 0, 1, 2)), pa.py_buffer(b"a\xff")
    )
    content = BYTES_OF[kind]({"timestamp": TWO_DAYS, "A": texts})
    assert isinstance(error_of(sent(content, kind)), UnreadableInputError)


# ------------------------------------------------------------------ what is too large


def test_in_30_what_comes_out_is_counted(kind: str):
    content = BYTES_OF[kind]({"timestamp": np.zeros(1000, "M8[us]"), "A": np.zeros(1000)})
    assert firsts(sent(content, kind, limit_bytes=16_000)) == [(0, 1000)]
    error = error_of(sent(content, kind, limit_bytes=15_999))
    assert isinstance(error, TooLargeError)
    assert error.details == {"limit_bytes": 15_999}


def test_in_30_texts_that_repeat_are_counted_as_often_as_they_stand_there(kind: str):
    text = pa.DictionaryArray.from_arrays(np.zeros(300, np.int32), ["x" * 100_000])
    content = BYTES_OF[kind]({"timestamp": np.zeros(300, "M8[us]"), "A": text})
    error = error_of(sent(content, kind, limit_bytes=20 * MIB))
    assert error.details == {"limit_bytes": 20 * MIB}
    found = firsts(sent(content, kind, piece_bytes=MIB))
    assert found[:2] == [(0, 10), (10, 10)]
    assert sum(count for _, count in found) == 300


def test_in_30_billions_of_rows_are_refused_unread():
    zeros = pa.array(np.zeros(5_000_000, "M8[us]"))
    content = parquet_of({"timestamp": zeros}, compression="zstd", row_group_size=5_000_000)
    assert len(content) < MIB
    assert isinstance(error_of(sent(content, "parquet", limit_bytes=30 * MIB)), TooLargeError)


@pytest.mark.parametrize("bomb", [
    parquet_of({"timestamp": TWO_DAYS * 30, "A": ["x" * MIB] * 60}, compression="zstd",
               use_dictionary=False, data_page_size=2**30),
    parquet_of({"timestamp": TWO_DAYS * 15, "A": [f"{n:02}" * (MIB // 2) for n in range(30)]},
               compression="zstd", dictionary_pagesize_limit=2**30),
], ids=["page", "dictionary"])  # fmt: skip
def test_in_30_pages_that_unpack_to_much_are_refused_unread(bomb: bytes):
    error = error_of(sent(bomb, "parquet"))
    assert isinstance(error, TooLargeError)
    assert "page" in error.message


def test_in_30_record_batches_that_unpack_to_much_are_refused_unread():
    content = arrow_of({"timestamp": np.zeros(5_000_000, "M8[us]")}, compression="zstd")
    error = error_of(sent(content, "arrow"))
    assert isinstance(error, TooLargeError)
    assert "record batch" in error.message


def test_in_30_a_footer_that_declares_much_is_refused_unread():
    # A group of rows with a million columns, none of which is there; Thrift's compact protocol.
    schema = b"\x19\x2c\x48\x04root\x15\x02\x00\x15\x04\x25\x02\x18\x01a\x00"
    groups = b"\x19\x1c\x19\xfc\xc0\x84\x3d\x16\x00\x16\x00\x00"
    footer = b"\x15\x04" + schema + b"\x16\x00" + groups + b"\x00"
    content = b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"
    assert isinstance(error_of(sent(content, "parquet")), UnreadableInputError)


def test_texts_that_may_unpack_to_any_size_are_refused():
    given = {"timestamp": TWO_DAYS, "A": ["a", "ab"]}
    encoding = {"A": "DELTA_BYTE_ARRAY"}
    error = error_of(
        sent(parquet_of(given, use_dictionary=False, column_encoding=encoding), "parquet")
    )
    assert "DELTA_BYTE_ARRAY" in error.message


def test_a_row_longer_than_a_piece_is_named(kind: str):
    texts = ["x"] * 5 + ["x" * 2000] + ["x"]
    content = BYTES_OF[kind]({"timestamp": ["2001-01-01"] * 7, "A": texts})
    error = error_of(sent(content, kind, **SMALL))
    assert (type(error), error.details) == (UnreadableInputError, {"row": 5})
