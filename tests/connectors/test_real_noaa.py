"""NOAA's real answers, where they are at hand: all of them are read, and agree with each other."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Page
from connectors.registry import connectors
from tests.connectors.reading import SAMPLES, answer, planned

NOAA = SAMPLES / "noaa"
DATA = Path(__file__).parents[1] / "data" / "noaa"
pytestmark = pytest.mark.skipif(not NOAA.is_dir(), reason="The samples are not here.")


def read(product: str, body: bytes, station: str, year: str, end: str = "", **more: Any) -> Page:
    chosen = connectors["noaa"].product(product)
    span = {"start": f"{year}-01-01", "end": f"{end or year}-12-31"}
    request = planned(chosen, {"station": station, **span, **more})[0]
    return chosen.parse(request, answer(body, "text/plain"))


def test_the_recorded_answer_kept_here_is_the_providers() -> None:
    sample = (NOAA / "daily_summaries_USW00026616_metric_excerpt.csv").read_bytes()
    assert (DATA / "kotzebue_1897.csv").read_bytes() == sample


@pytest.mark.parametrize("way", ["daily-summaries", "ghcn-daily-by-station"])
def test_every_value_of_the_daily_file_is_read_as_it_is_there(way: str) -> None:
    lines = (NOAA / "ghcnd_long_USW00094728_excerpt.csv").read_text().splitlines()
    long = "".join(f"USW00094728,{line}\n" for line in lines[1:]).encode()
    body = long if way.endswith("station") else (DATA / "central_park_2014.csv").read_bytes()
    page = read(way, body, "USW00094728", "2014")
    rows = {row["timestamp"].strftime("%Y%m%d"): row for row in page.table.to_pylist()}
    whole = {"SNOW", "SNWD", "WDF2", "WDF5", "WT01"}
    for line in csv.DictReader(lines):
        divisor = 1 if line["attr"] in whole else 10
        assert rows[line["date"]][line["attr"]] == int(line["value"]) / divisor


def test_every_field_of_the_file_of_fixed_width_is_read_as_it_is_there() -> None:
    body = (NOAA / "ghcnd_USC00411885.dly").read_bytes()
    page = read("ghcn-daily-dly", body, "USC00411885", "1900", "2020")
    assert (page.rejected, page.notes) == ((), ())
    rows = {f"{row['timestamp']:%Y%m%d}": row for row in page.table.to_pylist()}
    seen = 0
    # Another way to read them, by the letter of the documentation.
    for line in body.decode().splitlines():
        for day in range(1, 32):
            field = line[21 + 8 * (day - 1) : 29 + 8 * (day - 1)]
            if int(field[:5]) == -9999:
                continue
            row, element = rows[f"{line[11:17]}{day:02}"], line[17:21]
            factor = 1 if element.startswith("WT") else 10
            assert row[element] == int(field[:5]) / factor
            told = json.loads(row["metadata"])
            assert told["sources"][element] == field[7]
            quality = 4 if field[6].strip() else {"A": 4, "P": 3}.get(field[5])
            assert told.get("quality", {}).get(element) == quality
            seen += 1
    columns = set(page.table.schema.names) - {"station", "timestamp", "metadata"}
    assert seen == sum(page.table.num_rows - page.table[name].null_count for name in columns)


def test_the_months_are_those_of_the_file() -> None:
    body = (NOAA / "gsom_access_USW00094728_excerpt.csv").read_bytes()
    page = read("global-summary-of-the-month", body, "USW00094728", "1869")
    first = page.table.to_pylist()[0]
    assert (first["TAVG"], first["TMAX"], first["PRCP"], first["EMXT"]) == (1.44, 4.17, 64.4, 12.2)
    assert json.loads(first["metadata"])["repeated"] == {"EMXT": "+"}
    for number, line in enumerate(csv.DictReader(body.decode().splitlines())):
        row = page.table.to_pylist()[number]
        texts = {name: line[name] for name in row if re.fullmatch("[A-Z0-9]{4}", name)}
        assert {name: row[name] for name in texts} == {n: float(t) for n, t in texts.items()}


def test_climate_data_online_gives_all_its_results() -> None:
    body = (NOAA / "cdo_v2_data_ghcnd_prcp_USC00200230_2013-09.json").read_bytes()
    results = json.loads(body)["results"]
    page = read("cdo", body, "USC00200230", "2013")
    assert page.next is None
    assert page.table["PRCP"].to_pylist() == [float(row["value"]) for row in results]
