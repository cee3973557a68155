"""NASA's products against real recorded pieces, where those lie beside the project."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Page, Request
from connectors.providers.nasa.units import cf_unit
from connectors.registry import connectors
from datastream.core.errors import PlatformError
from tests.connectors.reading import SAMPLES, answer, planned

NASA = connectors["nasa"]
FOLDER = SAMPLES / "nasa"
FRANKFURT: dict[str, Any] = {
    "latitude": 50.11,
    "longitude": 8.68,
    "community": "RE",
    "time_standard": "LST",
}
BOX = {"latitude_min": 50, "latitude_max": 52, "longitude_min": 8, "longitude_max": 10}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded pieces are not here")


def asked(product: str, **parameters: Any) -> Request:
    (request,) = planned(NASA.product(product), parameters)
    return request


def read(product: str, name: str, request: Request, **headers: str) -> Page:
    raw = (FOLDER / name).read_bytes()
    return NASA.product(product).parse(request, answer(raw, **headers))


def test_daily_values_of_a_point() -> None:
    parameters = ["T2M", "PRECTOTCORR"]
    dates = {"start": "2024-01-01", "end": "2024-01-07"}
    request = asked("daily", **FRANKFURT, **dates, parameters=parameters)
    page = read("daily", "power_daily_point_re.json", request)
    assert page.table["T2M"].to_pylist() == [5.68, 6.24, 8.88, 6.55, 4.77, 3.48, 0.45]
    assert page.table["PRECTOTCORR"][1].as_py() == 24.58
    assert page.stations[0].elevation_m == 171.61
    assert [one.unit for one in page.variables] == ["degC", "mm d-1"]
    assert (page.rejected, page.notes) == ((), ())


def test_monthly_values_of_a_point_are_twelve() -> None:
    dates = {"start": "2023-01-01", "end": "2023-12-31"}
    request = asked("monthly", **FRANKFURT, **dates, parameters=["T2M"])
    page = read("monthly", "power_monthly_point_re.json", request)
    values = page.table["T2M"].to_pylist()
    assert (len(values), values[0], values[-1]) == (12, 3.24, 3.84)


def test_monthly_values_of_a_box_are_those_of_twenty_cells() -> None:
    request = asked(
        "monthly-region",
        **BOX,
        parameters=["T2M"],
        community="RE",
        time_standard="LST",
        start="2023-01-01",
        end="2023-12-31",
    )
    page = read("monthly-region", "power_monthly_regional_re.json", request)
    assert (len(page.stations), page.table.num_rows) == (20, 240)
    assert (page.stations[0].code, page.stations[0].elevation_m) == ("50N8.125E", 259.54)


def test_a_cell_of_the_box_is_the_point_that_lies_in_it() -> None:
    dates = {"start": "2023-01-01", "end": "2023-12-31"}
    told = {"parameters": ["T2M"], "community": "RE", "time_standard": "LST", **dates}
    box = read(
        "monthly-region",
        "power_monthly_regional_re.json",
        asked("monthly-region", **BOX, **told),
    )
    point = read(
        "monthly",
        "power_monthly_point_re.json",
        asked("monthly", **(told | FRANKFURT)),
    )
    cells = box.table.to_pylist()
    assert [row["T2M"] for row in cells if row["station"] == "50N8.75E"] == (
        point.table["T2M"].to_pylist()
    )


def test_the_dictionary_of_parameters_has_the_unit_that_is_declared() -> None:
    told = json.loads((FOLDER / "power_manager_parameters_T2M.json").read_text())
    assert cf_unit(told["T2M"]["units"]) == NASA.product().variables["T2M"].unit


@pytest.mark.parametrize("path", sorted(FOLDER.glob("power_*.csv")), ids=lambda path: path.stem)
def test_the_units_in_the_headers_of_csv_are_those_that_are_declared(path: Path) -> None:
    text = path.read_text().lower()
    lines = text.partition("parameter(s):")[2].partition("-end header-")[0].splitlines()
    lines = [line.strip() for line in lines if "merra-2" in line]
    for line in lines:
        name, unit = line.split()[0].upper(), line.rpartition("(")[2].rstrip(")")
        assert cf_unit(unit) == NASA.product().variables[name].unit
    assert lines


def exchanges() -> list[Any]:
    path = FOLDER / "cmr_exchanges.json"
    return json.loads(path.read_text()) if path.is_file() else []


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda exchange: exchange["file"])
def test_exchanges_with_the_catalogue(exchange: dict[str, Any]) -> None:
    request = asked("cmr-granules", short_name="X", start="2020-01-01", end="2022-12-31")
    headers = {name.lower(): text for name, text in exchange["response_headers"].items()}
    page = read("cmr-granules", exchange["file"], request, **headers)
    hits = int(headers["cmr-hits"])
    assert page.notes == (f"Matching granules: {hits:,}.",)
    follow = page.next.headers.get("CMR-Search-After") if page.next else None
    # A page without items comes without the header as well.
    assert follow == headers.get("cmr-search-after")


def test_a_granule_without_a_file_name_is_one() -> None:
    request = asked("cmr-granules", short_name="X", start="2019-01-01", end="2019-12-31")
    page = read("cmr-granules", "cmr_fixture_NLDAS_NOAH0125_H_umm.json", request)
    assert page.notes == ("Matching granules: 1.",)


def test_the_other_form_of_the_catalogue_is_not_taken_for_ours() -> None:
    request = asked("cmr-granules", short_name="X", start="2019-01-01", end="2019-12-31")
    with pytest.raises(PlatformError, match="no hits and items"):
        read("cmr-granules", "cmr_fixture_GPM_3IMERGHH.json", request)
