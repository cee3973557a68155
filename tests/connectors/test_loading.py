"""`ingest file`: CSV, NDJSON and Parquet, each whole or not at all."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import User
from datasets import access
from datasets.models import Dataset, Receipt
from datasets.selectors.series import series
from tests.connectors.conftest import Ingest
from tests.factories import make_dataset

CSV = "timestamp,station,TMAX\n2001-01-01,A,1.5\n2001-01-02,A,2.5\n"
BAD = "timestamp,station,TMAX\n2001-01-01,A,1.5\nnever,A,2.5\n"


@pytest.fixture
def target(analyst: User) -> Dataset:
    return make_dataset(analyst, name="target")


def values(dataset: Dataset, variable: str = "TMAX") -> list[float]:
    dataset.refresh_from_db()
    return list(series(access.full_view(dataset), variable).values)


def write_as(form: str, folder: Path) -> Path:
    path = folder / f"days.{form}"
    if form == "csv":
        path.write_text(CSV)
    elif form == "ndjson":
        path.write_text(
            '{"timestamp":"2001-01-01","station":"A","value":{"TMAX":1.5}}\n'
            '{"timestamp":"2001-01-02","station":"A","value":{"TMAX":2.5}}\n'
        )
    else:
        columns = {"timestamp": ["2001-01-01", "2001-01-02"], "station": ["A", "A"]}
        pq.write_table(pa.table({**columns, "TMAX": [1.5, 2.5]}), path)
    return path


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_file_is_merged_and_the_same_again_changes_nothing(
    target: Dataset, ingest_command: Ingest, tmp_path: Path, form: str
) -> None:
    path = write_as(form, tmp_path)
    said = ingest_command("file", path, "--dataset", target.pk, "--json")
    assert said.code == 0, said.err
    assert (said.receipt["inserted"], said.receipt["revision"]) == (2, 1)
    assert values(target) == [1.5, 2.5]
    again = ingest_command("file", path, "--dataset", "target", "--json").receipt
    assert (again["inserted"], again["unchanged"], again["revision"]) == (0, 2, 1)


def test_a_bad_row_refuses_the_whole_file_and_is_named(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(BAD)
    said = ingest_command("file", path, "--dataset", "target")
    assert said.code == 1
    assert "row 1, timestamp" in said.err
    target.refresh_from_db()
    assert (target.point_count, target.revision) == (0, 0)
    assert Receipt.objects.filter(dataset=target).count() == 1


def test_skipping_bad_rows_stores_the_others_and_ends_with_6(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(BAD)
    words = ("file", path, "--dataset", "target", "--on-invalid", "skip", "--json")
    said = ingest_command(*words)
    assert said.code == 6
    assert (said.receipt["inserted"], said.receipt["rejected"]) == (1, 1)
    assert "row 1, timestamp" in said.err
    assert values(target) == [1.5]


def test_times_without_an_offset_are_those_of_the_zone_that_is_said(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    path = tmp_path / "local.csv"
    path.write_text("timestamp,station,TMAX\n2001-01-01T00:00,A,1.5\n")
    words = ("file", path, "--dataset", "target", "--timezone", "America/Toronto")
    assert ingest_command(*words).code == 0
    target.refresh_from_db()
    found = series(access.full_view(target), "TMAX")
    assert str(found.timestamps[0])[:16] == "2001-01-01T05:00"


def test_a_conflict_can_be_an_error_that_stores_nothing(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    path = write_as("csv", tmp_path)
    ingest_command("file", path, "--dataset", "target")
    path.write_text(CSV.replace("2.5", "9.5"))
    words = ("file", path, "--dataset", "target", "--on-conflict")
    assert ingest_command(*words, "error").code == 1
    assert values(target) == [1.5, 2.5]
    assert ingest_command(*words, "skip").code == 0
    assert values(target) == [1.5, 2.5]
    assert ingest_command(*words, "update").code == 0
    assert values(target) == [1.5, 9.5]


@pytest.mark.parametrize(
    ("words", "said_of_it"),
    [
        (["nothing.csv", "--dataset", "target"], "There is no file"),
        ([".", "--dataset", "target"], "There is no file"),
        (["days.csv", "--dataset", "elsewhere"], "There is no dataset"),
        (["days.csv", "--dataset", "5a1d1c1e-0000-4000-8000-000000000000"], "There is no dataset"),
        (["days.csv"], "--dataset"),
        (["days.csv", "--dataset", "target", "--on-invalid", "hope"], "--on-invalid"),
        (["days.csv", "--dataset", "target", "--timezone", "Mars/Olympus"], "time"),
        (["days.csv", "--dataset", "target", "--owner", "nobody"], "nobody"),
        (["days.xlsx", "--dataset", "target"], "csv"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_use_ends_with_2_and_says_why(
    target: Dataset,
    ingest_command: Ingest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said_of_it: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_as("csv", tmp_path)
    (tmp_path / "days.xlsx").write_bytes(b"PK\x03\x04")
    said = ingest_command("file", *words)
    assert said.code in {1, 2}, said.err
    assert said_of_it.lower() in said.err.lower()
    target.refresh_from_db()
    assert target.revision == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", b""), ("x.csv", b"a;b\n1;2\n"), ("x.csv", b"timestamp,T\xe9\n2001-01-01,1\n"),
        ("x.csv", b"TMAX\n1\n"), ("x.csv", b'timestamp,TMAX\n2001-01-01,"1\n'),
        ("x.ndjson", b"{broken\n"), ("x.ndjson", b"\xff\xfe"), ("x.ndjson", b"3\n"),
        ("x.parquet", b""), ("x.parquet", b"\x89PNG\r\n"), ("x.parquet", b"PAR1PAR1"),
    ],
    ids=str,
)  # fmt: skip
def test_in_25_to_in_33_what_cannot_be_read_ends_with_1_and_stores_nothing(
    target: Dataset, ingest_command: Ingest, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    said = ingest_command("file", path, "--dataset", "target")
    assert said.code in {1, 2}, (said.out, said.err)
    assert said.err.strip()
    assert "Traceback" not in said.err
    target.refresh_from_db()
    assert target.revision == 0


def test_two_datasets_of_one_name_must_be_told_apart(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    make_dataset(target.owner, name="target")
    said = ingest_command("file", write_as("csv", tmp_path), "--dataset", "target")
    assert said.code == 2
    assert "give the id" in said.err


def test_a_header_alone_is_no_rows_and_no_revision(
    target: Dataset, ingest_command: Ingest, tmp_path: Path
) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("timestamp,station,TMAX\n")
    said: Any = ingest_command("file", path, "--dataset", "target", "--json")
    assert (said.code, said.receipt["received"], said.receipt["revision"]) == (0, 0, 0)
