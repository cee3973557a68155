"""GLOBE's recorded answers, where they are at hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

import connectors.providers.globe
from connectors.base import Page, PageRefusedError
from connectors.registry import connectors as registry
from datastream.core.errors import ProviderUnavailableError
from tests.connectors.reading import SAMPLES, answer, planned

assert connectors.providers.globe.__doc__
FOLDER = SAMPLES / "globe"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the samples are not here")


def body(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def read(product: str, raw: bytes, **parameters: Any) -> Page:
    chosen = registry["globe"].product(product)
    request = planned(chosen, parameters)[0]
    return chosen.parse(request, answer(raw))


def test_two_temperatures_of_one_pid_in_kenya() -> None:
    page = read(
        "air_temps", body("air_temps_kenya_excerpt.json"),
        country="KEN", start="2025-05-01", end="2025-05-31",
    )  # fmt: skip
    rows = page.table.select(["station", "timestamp", "air_temperature"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("370205", datetime(2025, 5, 14, 11, 47, tzinfo=UTC), 43.0),
        ("370205", datetime(2025, 5, 14, 11, 44, tzinfo=UTC), 42.0),
    ]
    # The excerpt has 2 of the 23 records that its answer had.
    assert page.next is not None
    assert page.next.params["from"] == "2"


def test_habitats_keep_their_words() -> None:
    page = read(
        "mosquito_habitat_mapper", body("mosquito_habitat_mapper_results.json"),
        country="USA", start="2017-05-01", end="2017-05-31",
    )  # fmt: skip
    assert page.table["larvae_count"].to_pylist() == [None, "0"]
    assert page.table["breeding_ground_eliminated"].to_pylist() == ["false", "true"]
    assert [one.code for one in page.stations] == ["35802", "35822"]


def test_land_cover_is_read_and_a_record_of_another_year_rejected() -> None:
    raw = body("land_covers_results.json")
    page = read("land_covers", raw, country="ARG", start="2010-10-01", end="2010-10-31")
    assert page.table["muc_description"].to_pylist() == ["Urban, Residential"]
    # A single one never costs its page.
    assert [(row.row, row.field) for row in page.rejected] == [(1, "measuredDate")]
    with pytest.raises(PageRefusedError):
        read("land_covers", raw, country="ARG", start="2015-01-01", end="2015-01-31")


def test_the_recorded_outage_is_an_outage() -> None:
    with pytest.raises(ProviderUnavailableError, match="Connection refused"):
        read("air_temps", body("outage_http200.json"), country="KEN", start="2025-05-01")


@pytest.mark.parametrize(
    "name", ["air_temps_kenya_excerpt.json", "land_covers_results.json",
             "mosquito_habitat_mapper_results.json"]
)  # fmt: skip
def test_what_is_kept_of_a_recorded_answer_names_nobody(name: str) -> None:
    product = registry["globe"].product()
    kept = product.kept(answer(body(name))).lower()
    assert b"userid" not in kept
    assert b"comments" not in kept
    assert b"please replace" not in kept
    assert b"measuredat" in kept
