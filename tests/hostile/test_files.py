"""IN-31 to IN-33: names of files, and files that are broken."""

import functools
import io
import os
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.conftest import Fresh
from tests.hostile.target import (
    ARROW,
    CANARY,
    CSV,
    JSON,
    NDJSON,
    PARQUET,
    Target,
    fields,
    in_time,
    names_row,
    rows,
)
from tests.hostile.test_points import WRITERS, at

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ IN-31

NAMES = ["../../x", "/etc/x", "..\\..\\x", "x" * 300, "~/x", "C:\\x", "%2e%2e%2fx", "x\ty", ".",
         "..", "-rf", "con", "x;y", 'x"y', "$(touch x)", "é", "日本語" * 80]  # fmt: skip
DISPOSITIONS = [f'attachment; filename="{name}"' for name in NAMES if name.isascii()]
DISPOSITIONS += [
    "attachment; filename*=UTF-8''..%2f..%2fx%00",
    "inline; filename=../../x",
    "x" * 300,
]


def files_below(folder: Path) -> set[str]:
    """Names of all files but those that come and go by themselves."""
    return {
        str(Path(place) / name)
        for place, _, names in os.walk(folder)
        if not {"postgres", "metrics"} & set(Path(place).parts)
        for name in names
    }


@pytest.mark.parametrize("disposition", DISPOSITIONS, ids=range(len(DISPOSITIONS)))
def test_in_31_the_name_of_an_uploaded_file_is_never_a_path(fresh: Fresh, disposition: str):
    dataset = fresh()
    before = files_below(dataset.server.folder)
    points = WRITERS[CSV](at("2001-02-01"))
    found = dataset.accepted(points, kind=CSV, headers={"Content-Disposition": disposition})
    assert found["inserted"] == 1
    assert files_below(dataset.server.folder) == before
    assert not [place for place in ("/x", "/etc/x") if Path(place).exists()]


@pytest.mark.parametrize("name", [name[:255] for name in NAMES if name.isprintable()])
def test_in_31_the_name_of_a_dataset_is_no_path_in_the_name_of_an_export(fresh: Fresh, name: str):
    dataset = fresh(name=name)
    dataset.accepted(at("2001-02-01"))
    for form in ("csv", "parquet"):
        answer = dataset.get(f"/data?format={form}")
        assert answer.status == 200
        told = answer.headers["Content-Disposition"]
        assert told.isascii()
        assert told.isprintable()
        kind, _, given = told.partition(";")
        assert kind == "attachment"
        file = given.partition("filename=")[2].split(";")[0].strip().strip('"')
        assert file.endswith(f".{form}")
        assert len(file) <= 255
        assert not set(file) & set("/\\\0:*?<>|\";%$`'")
        assert not file.startswith((".", "-", "~"))


def test_in_31_a_name_with_nul_is_no_name(target: Target):
    detail = target.send({"name": f"x\x00{CANARY}"}, path="/api/v1/datasets")
    assert fields(detail) == ["name"]
    detail = target.send({"name": "x" * 300}, path="/api/v1/datasets")
    assert fields(detail) == ["name"]


# ------------------------------------------------------------------ IN-32


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(8) for _ in range(8)))
    text = b"Comment\0" + CANARY.encode()
    parts = [(b"IHDR", head), (b"tEXt", text), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@functools.cache
def sample() -> pa.Table:
    n = 3_000
    times = np.datetime64("2001-03-01", "us") + np.arange(n) * np.timedelta64(3600, "s")
    stations = pa.array([CANARY] * n)
    return pa.table({"timestamp": times, "station": stations, "TMAX": np.arange(n) % 50 + 0.25})


def parquet(**options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(sample(), file, row_group_size=1_000, **options)
    return file.getvalue()


@functools.cache
def arrow() -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_stream(file, sample().schema) as stream:
        stream.write_table(sample(), max_chunksize=1_000)
    return file.getvalue()


NO_TABLES = {
    "empty": b"",
    "image": png(),
    "text": f"timestamp,TMAX\n2001-03-01,{CANARY}\n".encode(),
    "json": orjson.dumps(at("2001-03-01")),
    "zeros": bytes(10_000),
    "magic": b"PAR1",
    "two magics": b"PAR1PAR1",
    "a length of all": b"PAR1" + b"\xff\xff\xff\x7fPAR1",
    "arrow's file": b"ARROW1\0\0" + bytes(100) + b"ARROW1",
    "a message of all": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(100),
    "a message below nothing": b"\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(100),
    "an end": b"\xff\xff\xff\xff\0\0\0\0",
    "noise": random.Random(7).randbytes(20_000),
}


@pytest.mark.parametrize("body", NO_TABLES.values(), ids=NO_TABLES)
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_in_32_what_is_no_table(target: Target, kind: str, body: bytes):
    assert target.send(body, kind=kind)["code"] == "PARSE_ERROR"


def cuts(body: bytes) -> list[int]:
    """Places all over the body, and all of its last bytes, where the ends of things are."""
    random_places = random.Random(3).sample(range(len(body)), 25)
    return sorted({1, 4, 8, 12, *random_places, *range(len(body) - 16, len(body))})


def all_are_refused(target: Target, kind: str, bodies: list[bytes]) -> None:
    """400 PARSE_ERROR to each; what is stored is looked at after all of them."""
    before = target.state
    with target.watched(max(bodies, key=len)):
        for number, body in enumerate(bodies):
            headers = {"Content-Type": kind}
            send = functools.partial(target.request, "POST", "/data", body=body, headers=headers)
            answer = in_time(send)
            assert answer.status == 400, (number, len(body), answer.body[:500])
            assert answer.json()["detail"]["code"] == "PARSE_ERROR"
    assert target.state == before


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_in_32_a_parquet_file_that_is_cut(target: Target, compression: str):
    body = parquet(compression=compression)
    all_are_refused(target, PARQUET, [body[:place] for place in cuts(body)])


def test_in_32_an_arrow_stream_that_is_cut(target: Target):
    all_are_refused(target, ARROW, [arrow()[:place] for place in cuts(arrow())])


def boundaries() -> list[int]:
    """Where each message of the stream ends: a cut there leaves a readable beginning."""
    reader = pa.BufferReader(arrow())
    ends: list[int] = []
    while True:
        try:
            pa.ipc.read_message(reader)
        except EOFError:
            return ends
        ends.append(reader.tell())


def test_in_32_an_arrow_stream_that_is_cut_between_two_messages(target: Target):
    ends = boundaries()
    assert len(ends) == 4
    all_are_refused(target, ARROW, [arrow()[:end] for end in ends])


def test_in_32_more_bytes_behind_the_end(target: Target):
    all_are_refused(target, PARQUET, [parquet() + b"x", parquet() + CANARY.encode() * 90])


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_in_32_changed_bytes_are_never_an_error_of_the_server(fresh: Fresh, kind: str):
    dataset = fresh()
    whole = parquet(compression="none") if kind == PARQUET else arrow()
    chance = random.Random(11)
    answers = []
    with dataset.watched(whole):
        for _ in range(40):
            body = bytearray(whole)
            for place in chance.sample(range(len(body)), chance.choice([1, 3, 50])):
                body[place] ^= chance.randrange(1, 256)
            sent: Any = {"body": bytes(body), "headers": {"Content-Type": kind}}
            answer = in_time(functools.partial(dataset.request, "POST", "/data", **sent))
            answers.append(answer.status)
    assert set(answers) <= {200, 400, 413}


@pytest.mark.parametrize("change", ["twice", "nested", "binary", "no timestamp", "no columns"])
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_in_32_tables_of_another_shape(target: Target, kind: str, change: str):
    table = {
        "twice": pa.Table.from_arrays([pa.array(["2001-03-01"])] * 2, names=["timestamp"] * 2),
        "nested": pa.table({"timestamp": ["2001-03-01"], "TMAX": [[1.0]]}),
        "binary": pa.table({"timestamp": ["2001-03-01"], "TMAX": [b"\xff"]}),
        "no timestamp": pa.table({"TMAX": [1.0]}),
        "no columns": pa.table({}),
    }[change]
    file = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(table, file)
    else:
        with pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    detail = target.send(file.getvalue(), kind=kind)
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_in_32_a_whole_table_is_taken(fresh: Fresh, kind: str):
    body = parquet() if kind == PARQUET else arrow()
    assert fresh().accepted(body, kind=kind)["inserted"] == 3_000


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_in_01_numbers_that_are_none_in_columns(target: Target, kind: str, value: float):
    table = pa.table({"timestamp": ["2001-03-01", "2001-03-02"], "TMAX": [1.0, value]})
    file = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(table, file)
    else:
        with pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    detail = target.send(file.getvalue(), kind=kind)
    # What is infinite is also out of the valid range.
    assert set(rows(detail)) == {(1, "TMAX")}


# ------------------------------------------------------------------ IN-33

TIME = '"timestamp": "2001-03-01"'
BROKEN = {
    "cut": f'{{{TIME}, "station": "{CANARY}", "value": {{"TMAX": 1}}',
    "text": CANARY,
    "two": f'{{{TIME}, "value": {{"TMAX": 1}}}} {{{TIME}, "value": {{"TMAX": 1}}}}',
    "array": f'[{{{TIME}, "value": {{"TMAX": 1}}}}]',
    "number": "3",
    "null": "null",
    "nan": f'{{{TIME}, "value": {{"TMAX": NaN}}}}',
    "infinity": f'{{{TIME}, "value": {{"TMAX": -Infinity}}}}',
    "beyond floats": f'{{{TIME}, "value": {{"TMAX": 1e400}}}}',
    "thousands of digits": f'{{{TIME}, "value": {{"TMAX": {"9" * 5_000}}}}}',
    "twice": f'{{{TIME}, {TIME}, "value": {{"TMAX": 1}}}}',
    "twice below": f'{{{TIME}, "value": {{"TMAX": 1, "TMAX": 2}}}}',
    "surrogate": f'{{{TIME}, "value": {{"SKY": "\\ud800"}}}}',
    "nul": f'{{{TIME}, "value": {{"SKY": "a\\u0000b"}}}}',
    "deep": f'{{{TIME}, "metadata": {"[" * 5_000}{"]" * 5_000}, "value": {{"TMAX": 1}}}}',
    "text for a number": f'{{{TIME}, "value": {{"TMAX": "12"}}}}',
    "comma": f'{{{TIME}, "value": {{"TMAX": 1}},}}',
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("before", [0, 5])
def test_in_33_one_broken_line_is_named(target: Target, line: str, before: int):
    fine = [orjson.dumps(one).decode() for one in at(*(f"2001-02-0{n + 1}" for n in range(9)))]
    sent = "\n".join([*fine[:before], line, *fine[before:], ""])
    assert names_row(target.send(sent, kind=NDJSON), before)


def test_in_33_one_broken_line_among_100_000_is_named(target: Target):
    times = (np.datetime64("1980-01-01T00", "h") + np.arange(100_000)).astype(str)
    lines = [
        f'{{"timestamp":"{time}:00","station":"{CANARY}","value":{{"TMAX":1}}}}' for time in times
    ]
    lines[77_777] = BROKEN["cut"]
    assert names_row(target.send("\n".join(lines), kind=NDJSON), 77_777)


@pytest.mark.parametrize("ending", ["\r\n", "\n\n", "\n \n"])
def test_in_33_lines_may_end_in_other_ways_and_be_empty(fresh: Fresh, ending: str):
    lines = [orjson.dumps(one).decode() for one in at("2001-02-01", "2001-02-02")]
    assert fresh().accepted(ending.join(lines) + ending, kind=NDJSON)["inserted"] == 2


def test_in_33_with_skip_the_other_lines_are_stored(fresh: Fresh):
    lines = [orjson.dumps(one).decode() for one in at("2001-02-01", "2001-02-02")]
    dataset = fresh()
    sent = "\n".join([lines[0], BROKEN["text for a number"], lines[1]])
    found = dataset.accepted(sent, "?on_invalid=skip", kind=NDJSON)
    assert (found["inserted"], found["rejected"]) == (2, 1)
    assert [error["row"] for error in found["errors"]] == [1]


def test_in_14_lines_in_other_encodings(target: Target):
    text = BROKEN["twice"].replace("twice", "é") + "é\n"
    for encoding in ("utf-16", "utf-16-le", "latin-1"):
        code = target.send(text.encode(encoding), kind=NDJSON)["code"]
        assert code in {"PARSE_ERROR", "VALIDATION_ERROR"}
    assert target.send(text, status=415, kind=f"{NDJSON}; charset=latin-1")
    assert target.send("[]", status=415, kind=f"{JSON}; charset=latin-1")
