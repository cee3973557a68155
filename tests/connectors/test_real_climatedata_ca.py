"""The connector on real recorded answers, where the folder of samples is at hand."""

from typing import Any

import pytest

from connectors.base import Page
from connectors.registry import connectors
from tests.connectors.reading import SAMPLES, answer, planned

FOLDER = SAMPLES / "climatedata_ca"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="The samples are not at hand.")


def read(name: str, product: str, **parameters: Any) -> Page:
    found = connectors["climatedata_ca"].product(product)
    (request,) = planned(found, parameters)
    body = (FOLDER / name).read_bytes()
    return found.parse(request, answer(body, "application/geo+json"))


def test_five_days_of_victoria() -> None:
    page = read(
        "geomet_climate_daily_1018611.json", "climate-daily",
        station="1018611", start="2024-07-01", end="2024-07-05",
    )  # fmt: skip
    assert page.table["MAX_TEMPERATURE"].to_pylist() == [20.8, 19.7, 20.0, 22.9, 26.0]
    assert page.table["DIRECTION_MAX_GUST"].to_pylist() == [260.0, 260.0, 250.0, None, None]
    gusts_ms = page.table["SPEED_MAX_GUST"].to_pylist()
    assert gusts_ms[:3] == pytest.approx([13.8889, 13.3333, 10.5556], abs=1e-4)
    # Its page is full, and so has a link to a next one.
    assert (page.rejected, page.notes, page.next) == ((), (), None)
    (station,) = page.stations
    assert station.name == "VICTORIA GONZALES CS"
    assert station.latitude == pytest.approx(48.4133, abs=1e-4)


def test_four_months_of_blue_river() -> None:
    page = read(
        "geomet_climate_monthly_1160899.json", "climate-monthly",
        station="1160899", start="1970-01-01", end="1970-04-30",
    )  # fmt: skip
    assert page.table["TOTAL_SNOWFALL"].to_pylist() == [1021.0, 223.0, 128.0, 139.0]
    assert page.table["MIN_TEMPERATURE"].to_pylist() == [-35.6, -13.3, -19.4, -7.2]
    assert page.table["DAYS_WITH_VALID_PRECIP"].to_pylist() == [31.0, 28.0, 31.0, 30.0]


def test_four_homogenized_months_of_toronto_that_come_backwards() -> None:
    page = read(
        "geomet_ahccd_monthly_6158355.json", "ahccd-monthly",
        station="6158355", start="1981-01-01", end="1981-04-30",
    )  # fmt: skip
    months = [moment.month for moment in page.table["timestamp"].to_pylist()]
    assert months == [4, 3, 2, 1]
    assert page.table["temp_mean"].to_pylist()[:2] == [8.3, 1.9]
    # Missing as -9999.9 or as null in each row.
    assert "total_precip" not in page.table.column_names


def test_stations_in_a_box_around_victoria() -> None:
    box = [-123.40, 48.40, -123.30, 48.45]
    page = read("geomet_climate_stations_bbox.json", "climate-stations", bbox=box)
    facts = [(one.code, one.elevation_m, one.timezone) for one in page.stations]
    assert facts == [
        ("101HF66", 9.1, "Etc/GMT+8"),
        ("101H6FF", 15.2, "Etc/GMT+8"),
        ("101QFEG", 21.3, "Etc/GMT+8"),
    ]
    # Three of fifteen came.
    assert page.next is not None
    assert page.next.params["offset"] == "3"
