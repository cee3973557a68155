"""IN-24 to IN-29: what stands in tables."""

from typing import Any

import pytest

from tests.hostile.conftest import Fresh
from tests.hostile.target import CANARY, CSV, JSON, NDJSON, Target, fields, names_row, rows
from tests.hostile.test_points import WRITERS, at

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ IN-24

# A spreadsheet computes these; the last ones it does not, but they look like our own mark.
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-", "=", "-5.2",
            '=HYPERLINK("http://127.0.0.1/","x")', "=1,2", '="a"', "=1\n=2"]  # fmt: skip
QUOTED = ["'=1", "''=1", "'", "''", "'plain", "plain", "' =1", "1'=1"]
COMPUTED = ("=", "+", "-", "@", "\t", "\r")


def notes(dataset: Target) -> list[str]:
    return [point["value"]["NOTE"] for point in dataset.read()]


def with_notes(fresh: Fresh) -> Target:
    dataset = fresh()
    dataset.make("/variables", {"name": "NOTE", "kind": "text"})
    dataset.make("/variables", {"name": "TMIN"})
    return dataset


def points_of(texts: list[str]) -> list[dict[str, Any]]:
    return [
        {"timestamp": f"2001-01-{n:02}", "station": CANARY, "value": {"NOTE": text, "TMIN": -5.2}}
        for n, text in enumerate(texts, 1)
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_in_24_text_cells_that_a_spreadsheet_would_compute_are_stored_as_sent(
    fresh: Fresh, kind: str
):
    dataset = with_notes(fresh)
    dataset.accepted(WRITERS[kind](points_of(FORMULAS)), kind=kind)
    assert notes(dataset) == FORMULAS


def test_in_24_a_csv_export_makes_texts_harmless_and_leaves_numbers(fresh: Fresh):
    import csv
    import io

    dataset = with_notes(fresh)
    dataset.accepted(points_of([*FORMULAS, *QUOTED]))
    answer = dataset.get("/data?format=csv")
    assert answer.status == 200
    lines = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    cells = [line["NOTE"] for line in lines]
    assert not [cell for cell in cells if cell.startswith(COMPUTED)]
    assert cells[: len(FORMULAS)] == [f"'{text}" for text in FORMULAS]
    assert {float(line["TMIN"]) for line in lines} == {-5.2}
    assert {line["TMIN"] for line in lines} == {"-5.2"}


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow"])
def test_in_24_an_export_can_be_sent_again(fresh: Fresh, form: str):
    dataset, copy = with_notes(fresh), with_notes(fresh)
    texts = [*FORMULAS, *QUOTED]
    flagged = points_of(texts)
    flagged[3]["metadata"] = {"flags": {"TMIN": "=1"}, "quality": {"TMIN": 3}}
    dataset.accepted(flagged)
    answer = dataset.get(f"/data?format={form}")
    kind = answer.headers["Content-Type"].split(";")[0]
    again = dataset.accepted(answer.body, kind=kind)
    assert (again["unchanged"], again["revision"]) == (len(texts), 1)
    assert copy.accepted(answer.body, kind=kind)["inserted"] == len(texts)
    assert notes(copy) == texts
    seen = [{k: v for k, v in one.items() if k != "id"} for one in copy.read()]
    assert seen == [{k: v for k, v in one.items() if k != "id"} for one in dataset.read()]


@pytest.mark.parametrize("code", ["=1+1", "@a", "-5", "+5", "'=1", "'a"])
def test_in_24_stations_that_a_spreadsheet_would_compute(fresh: Fresh, code: str):
    dataset, copy = fresh(), fresh()
    dataset.accepted(at("2001-01-01", station=code))
    exported = dataset.get("/data?format=csv").body
    assert copy.accepted(exported, kind=CSV)["inserted"] == 1
    assert [point["station"] for point in copy.read()] == [code]
    cell = exported.decode().splitlines()[1].split(",")
    assert not any(one.strip('"').startswith(("=", "@", "+")) for one in cell)


# ------------------------------------------------------------------ IN-25


@pytest.mark.parametrize(
    "header",
    ["time,TMAX", "TMAX", "Timestamp,TMAX", "date,timestamp_utc", f"{CANARY}", "timestamp "],
)
def test_in_25_a_csv_without_timestamps(target: Target, header: str):
    cells = ",".join("2001-01-01" for _ in header.split(","))
    for sent in (f"{header}\n{cells}\n", f"{header}\n", header):
        detail = target.send(sent, kind=CSV)
        assert fields(detail) == ["timestamp"]


@pytest.mark.parametrize("header", ["timestamp,TMAX", "timestamp", "timestamp,station,TMAX"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_in_25_a_header_alone(target: Target, header: str, end: str):
    before = target.state
    outcome = target.accepted(header + end, kind=CSV)
    assert (outcome.pop("revision"), bool(outcome.pop("receipt"))) == (1, True)
    assert not any(outcome.values())
    assert target.state == before


@pytest.mark.parametrize("sent", ["", "\n", "\r\n\r\n", " ", "\ufeff", "\x00", ",", ",,,\n"])
def test_in_25_an_empty_csv(target: Target, sent: str):
    assert target.send(sent, kind=CSV)["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}


@pytest.mark.parametrize(
    "header",
    ["timestamp,TMAX,TMAX", "timestamp,timestamp", "timestamp,TMAX,", "timestamp,,TMAX",
     "timestamp,a\x00b", "timestamp,\u202eabc", "timestamp, ", f"timestamp,{'x' * 256}"],
)  # fmt: skip
def test_in_25_columns_that_are_none(target: Target, header: str):
    cells = ",".join(["2001-02-01", *("1" for _ in header.split(",")[1:])])
    detail = target.send(f"{header}\n{cells}\n", kind=CSV)
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    assert detail["details"]


# ------------------------------------------------------------------ IN-26, IN-27

HEADER = "timestamp,station,TMAX\n"
FINE = f"2001-02-{{:02}},{CANARY},1.5\n"


def table(*lines: str, before: int = 0) -> str:
    """A CSV whose odd lines come after so many fine ones."""
    return HEADER + "".join(FINE.format(n + 1) for n in range(before)) + "".join(lines)


RAGGED = {
    "short": f"2001-03-01,{CANARY}\n",
    "long": f"2001-03-01,{CANARY},1,2\n",
    "one": "2001-03-01\n",
    "unclosed quote": f'2001-03-01,"{CANARY},1\n',
    "unclosed quote before more": f'2001-03-01,"{CANARY},1\n2001-03-02,a,2\n',
}


@pytest.mark.parametrize("line", RAGGED.values(), ids=RAGGED)
@pytest.mark.parametrize("before", [0, 3, 27])
def test_in_26_a_row_that_does_not_fit_is_named(target: Target, line: str, before: int):
    assert names_row(target.send(table(line, before=before), kind=CSV), before)


@pytest.mark.parametrize("line", [RAGGED["short"], RAGGED["unclosed quote"]], ids=["short", "open"])
def test_in_26_a_row_that_does_not_fit_is_named_among_200_000(target: Target, line: str):
    fine = "".join(f"2001-02-01T00:00:00.{n:06}Z,{CANARY},1\n" for n in range(200_000))
    assert names_row(target.send(HEADER + fine + line, kind=CSV), 200_000)


def hint(detail: Any) -> str:
    """All that a refusal says."""
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    listed = detail["details"].get("rows", [])
    said = [detail["message"], *(row["message"] for row in listed)]
    told = detail["details"].items()
    others = [value for name, value in told if name not in {"rows", "receipt"}]
    return " ".join([*said, *map(str, others)]).lower()


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_in_27_another_separator(target: Target, separator: str):
    sent = table(before=3).replace(",", separator)
    said = hint(target.send(sent, kind=CSV))
    assert "comma" in said


@pytest.mark.parametrize("cell", ['"1,5"', '"-12,75"', '"1.234,5"'])
def test_in_27_decimal_commas(target: Target, cell: str):
    sent = table(f"2001-03-01,{CANARY},{cell}\n", before=3)
    detail = target.send(sent, kind=CSV)
    assert (3, "TMAX") in rows(detail)
    said = hint(detail)
    assert "decimal" in said
    assert "point" in said or "comma" in said


def test_in_27_decimal_commas_between_semicolons(target: Target):
    sent = "timestamp;station;TMAX\n2001-03-01;a;1,5\n2001-03-02;a;2,5\n"
    assert "comma" in hint(target.send(sent, kind=CSV))


@pytest.mark.parametrize("place", ["station", "header", "late"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "cp437"])
def test_in_27_bytes_that_are_not_utf_8(target: Target, encoding: str, place: str):
    text = table(f"2001-03-01,Zürich {CANARY},1\n", before=3)
    if place == "header":
        text = text.replace("TMAX", "Tü")
    elif place == "late":
        text = HEADER + "2001-03-01,a,1\n" * 90_000 + text.removeprefix(HEADER)
    detail = target.send(text.encode(encoding), kind=CSV)
    assert "utf-8" in hint(detail)


def test_in_27_a_byte_order_mark_is_no_name(fresh: Fresh):
    assert fresh().accepted("\ufeff" + table(before=3), kind=CSV)["inserted"] == 3


def test_in_27_a_charset_is_said_in_the_media_type(target: Target):
    detail = target.send(table(before=1), status=415, kind=f"{CSV}; charset=latin-1")
    assert detail["code"] == "UNSUPPORTED_MEDIA_TYPE"


# ------------------------------------------------------------------ IN-28

WORDS = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "inf", "-Infinity", "-", "#N/A", "M",
         "1_000", "1 000", "١٢", "0x10", "1e400", "true", "+-1", "1e", f"{2**53 + 1}",
         "--", ".", "12:00", "1.2.3"]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_in_28_a_cell_that_is_no_number(target: Target, word: str):
    sent = table(f"2001-03-01,{CANARY},{word}\n", before=3)
    # What is infinite is also out of the valid range.
    assert set(rows(target.send(sent, kind=CSV))) == {(3, "TMAX")}


@pytest.mark.parametrize("word", ["1.5", "-5", "1e2", "1E-2", "-0", "9"])
def test_in_28_a_cell_that_is_a_number(fresh: Fresh, word: str):
    dataset = fresh()
    dataset.accepted(table(f"2001-03-01,a,{word}\n"), kind=CSV)
    assert dataset.read()[0]["value"] == {"TMAX": float(word)}


@pytest.mark.parametrize("cells", [",", '"",'])
def test_in_28_an_empty_cell_says_nothing(fresh: Fresh, cells: str):
    dataset = fresh()
    dataset.accepted([{"timestamp": "2001-03-01", "value": {"TMAX": 1, "TMIN": 0}}])
    sent = f"timestamp,TMAX,TMIN\n2001-03-01,{cells}5\n2001-03-02,{cells}\n"
    found = dataset.accepted(sent, kind=CSV)
    assert (found["received"], found["updated"], found["inserted"]) == (2, 1, 0)
    assert [point["value"] for point in dataset.read()] == [{"TMAX": 1, "TMIN": 5}]


SENTINELS = [-9999, -999, -99.9]


def measured(value: float, kind: str) -> Any:
    points = [*at("2001-03-01", value={"TMAX": 1.5}), *at("2001-03-02", value={"TMAX": value})]
    return WRITERS[kind](points)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("value", SENTINELS)
def test_in_28_a_declared_sentinel_is_missing(fresh: Fresh, value: float, kind: str):
    by_variable, by_query, by_both = fresh(), fresh(), fresh()
    for dataset in (by_variable, by_both):
        facts = {"name": "TMAX", "missing_values": [value], "valid_min": -90, "valid_max": 60}
        dataset.make("/variables", facts)
    body = measured(value, kind)
    for dataset, query in (
        (by_variable, ""),
        (by_query, f"?missing={value},-77"),
        (by_both, f"?missing={value}"),
    ):
        found = dataset.accepted(body, query, kind=kind)
        assert (found["received"], found["inserted"], found["rejected"]) == (2, 1, 0)
        assert not found.get("warnings")
        assert [point["value"] for point in dataset.read()] == [{"TMAX": 1.5}]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("value", SENTINELS)
def test_in_28_a_sentinel_that_is_not_declared_is_judged_by_the_valid_range(
    fresh: Fresh, value: float, kind: str
):
    dataset = fresh()
    dataset.make("/variables", {"name": "TMAX", "valid_min": -90, "valid_max": 60})
    assert rows(dataset.send(measured(value, kind), kind=kind)) == [(1, "TMAX")]
    wide = fresh()
    wide.make("/variables", {"name": "TMAX", "valid_min": -20_000, "valid_max": 20_000})
    found = wide.accepted(measured(value, kind), kind=kind)
    assert (found["inserted"], found.get("warnings") or []) == (2, [])
    assert [point["metadata"] for point in wide.read()] == [{}, {}]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("value", [-9999, -999])
def test_in_28_a_sentinel_without_a_range_is_stored_as_suspect_and_told(
    fresh: Fresh, value: float, kind: str
):
    dataset = fresh()
    found = dataset.accepted(measured(value, kind), kind=kind)
    assert (found["inserted"], found["rejected"], found["errors"]) == (2, 0, [])
    first, second = dataset.read()
    assert first["metadata"] == {}
    assert (second["value"], second["metadata"]) == (
        {"TMAX": value},
        {"quality": {"TMAX": 3}},
    )
    assert found["warnings"]
    assert "TMAX" in str(found["warnings"])
    receipt = dataset.get(f"/receipts/{found['receipt']}").json()
    assert receipt["warnings"] == found["warnings"]


def test_in_28_an_ordinary_write_warns_of_nothing(fresh: Fresh):
    found = fresh().accepted(measured(-12.5, JSON))
    assert found["warnings"] == []


# ------------------------------------------------------------------ IN-29


@pytest.mark.parametrize("columns", [201, 1_000, 20_000])
def test_in_29_more_columns_than_a_dataset_has_variables(target: Target, columns: int):
    names = ",".join(f"V{n}" for n in range(columns))
    cells = ",".join(["1"] * columns)
    detail = target.send(f"timestamp,{names}\n2001-03-01,{cells}\n", kind=CSV)
    assert detail["code"] == "VALIDATION_ERROR"
    assert "200" in hint(detail)


def test_in_29_a_thousand_variables_in_parts(fresh: Fresh):
    dataset = fresh()
    dataset.accepted(at("2001-03-01", value={f"V{n}": n for n in range(200)}))
    detail = dataset.send(at("2001-03-01", value={"V200": 1}), kind=JSON)
    assert "200" in hint(detail)
    lines = [at("2001-03-01", value={f"W{n}": n})[0] for n in range(1_000)]
    assert "200" in hint(dataset.send(WRITERS[NDJSON](lines), kind=NDJSON))
