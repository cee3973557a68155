"""ClimateData.ca: what is asked, and each of its quirks from an answer of the documented form."""

from datetime import date
from typing import Any

import pytest

from connectors.base import Page, Product, Request, SchemaDriftError, Window
from connectors.planning import span
from connectors.registry import connectors
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from tests.connectors.reading import answer, planned

CANADA = connectors["climatedata_ca"]
MONTREAL = [45.63, -73.81]
ALL = Window(date(1949, 12, 1), date(2101, 1, 1))
CELL = "45.625,-73.792"


def ask(product: str = "projections", **parameters: Any) -> tuple[Product, list[Request]]:
    found = CANADA.product(product)
    given = {"points": [MONTREAL], "variables": ["tx_max"], **parameters}
    return found, planned(found, given)


def read(
    body: str, product: str = "projections", content_type: str = "text/csv", **parameters: Any
) -> Page:
    found, (request,) = ask(product, **parameters)
    return found.parse(request, answer(body, content_type))


def first_days(page: Page) -> list[str]:
    return [f"{moment:%Y-%m-%d}" for moment in page.table["timestamp"].to_pylist()]


# What is asked


def test_an_ensemble_is_always_named() -> None:
    _, (request,) = ask()
    assert (request.path, request.params) == ("download", {})
    assert request.json == {
        "var": "tx_max",
        "month": "ann",
        "format": "csv",
        "points": [MONTREAL],
        "dataset_name": "CMIP6",
        "dataset_type": "allyears",
        "decimals": 2,
    }


def test_averages_of_30_years_are_a_type_of_the_download() -> None:
    _, (request,) = ask("projections-30y", month="jan", dataset_name="CMIP5")
    assert request.json is not None
    assert (request.json["dataset_type"], request.json["dataset_name"]) == ("30ygraph", "CMIP5")


def test_points_are_asked_for_one_by_one_also_with_all_months() -> None:
    _, requests = ask(points=[MONTREAL, [49.9, -97.1]], month="all", variables=["tx_max", "cdd"])
    assert len(requests) == 4
    assert all(request.json and len(request.json["points"]) == 1 for request in requests)


def test_days_that_are_yet_to_come_are_asked_for() -> None:
    product = CANADA.product("projections")
    settled = product.check({"points": [MONTREAL], "variables": ["tx_max"]})
    assert span(product, settled, date(2026, 7, 1)) == ALL


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(47.6, -122.3), (41.88, -87.6), (45.5, 73.5), (44.0, -70.0), (-45.6, -73.8), (45.6, 0)],
)
def test_a_point_outside_of_canada_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ask(points=[[latitude, longitude]])
    assert list(caught.value.details) == ["points"]


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(48.43, -123.37), (42.31, -83.04), (45.5, -73.57), (47.56, -52.71), (82.5, -62.3),
     (60.72, -135.05), (43.65, -65.8), (49.0, -97.2), (48.38, -89.25), (44.65, -63.57)],
)  # fmt: skip
def test_a_point_in_canada_is_taken(latitude: float, longitude: float) -> None:
    ask(points=[[latitude, longitude]])


def test_a_point_becomes_a_station_and_stays_itself() -> None:
    _, (request,) = ask(points=[[45.63001, -73.81], [45.63, -73.81]])
    assert request.station == "45.63N73.81W"
    assert request.json is not None
    assert request.json["points"] == [MONTREAL]


@pytest.mark.parametrize(
    "wrong",
    [
        {"variables": ["HXMax30"]},
        {"variables": ["slr"]},
        {"variables": ["rl20pr"]},
        {"month": "january"},
        {"dataset_name": "CMIP7"},
        {"variable": "tx_max"},
        {"start": "1949-01-01"},
        {"points": []},
    ],
)
def test_what_the_service_does_not_have_is_refused_by_us(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        ask(**wrong)


def test_return_levels_exist_for_years_and_cmip6_only() -> None:
    ask("projections-30y", variables=["rl20pr"])
    wrongs: list[dict[str, Any]] = [{"month": "jan"}, {"dataset_name": "CMIP5"}]
    for wrong in wrongs:
        with pytest.raises(InvalidInputError):
            ask("projections-30y", variables=["rl20pr"], **wrong)


# Downloads


def test_scenario_percentile_and_step_are_in_the_name() -> None:
    page = read(f"time,lat,lon,ssp585_tx_max_p50\n1950-01-01,{CELL},32.6\n")
    (variable,) = page.variables
    assert variable.name == "ssp585_tx_max_p50_annual"
    assert (variable.unit, variable.interval, variable.standard_name) == ("degC", "P1Y", "")
    assert page.table["ssp585_tx_max_p50_annual"].to_pylist() == [32.6]


def test_a_station_lies_in_the_middle_of_its_grid_cell() -> None:
    page = read(f"time,lat,lon,ssp585_tx_max_p50\n1950-01-01,{CELL},32.6\n")
    (station,) = page.stations
    assert (station.code, station.latitude, station.longitude) == ("45.63N73.81W", 45.625, -73.792)


def test_a_point_that_was_moved_to_another_cell_is_refused() -> None:
    with pytest.raises(ProviderRefusedError, match=r"nearest cell is at 46\.2"):
        read("time,lat,lon,ssp585_tx_max_p50\n1950-01-01,46.2,-73.792,32.6\n")


def test_a_coarse_grid_has_its_cells_further_away() -> None:
    row = "1950-01-01,46.5,-73.5,0.3\n"
    page = read(f"time,lat,lon,ssp585_spei_p50\n{row}", variables=["spei_3m"], month="dec")
    assert page.table.column_names[-1] == "ssp585_spei_3m_p50_monthly"


@pytest.mark.parametrize("product", ["projections", "grid-series"])
def test_the_year_of_a_drought_index_is_a_december_and_is_asked_for_as_one(product: str) -> None:
    ask(product, variables=["spei_12m"], month="dec")
    with pytest.raises(InvalidInputError) as caught:
        ask(product, variables=["spei_12m"])
    assert "dec" in caught.value.details["month"][0]


def test_a_drought_index_has_no_averages_of_30_years() -> None:
    with pytest.raises(InvalidInputError):
        ask("projections-30y", variables=["spei_12m"], month="dec")


def test_the_first_winter_begins_before_its_year() -> None:
    body = f"time,lat,lon,ssp585_tx_max_p50\n1949-12-01,{CELL},2.5\n1950-12-01,{CELL},3.5\n"
    page = read(body, month="winter")
    assert first_days(page) == ["1949-12-01", "1950-12-01"]


def test_columns_of_scenarios_that_are_missing_are_no_variables() -> None:
    page = read(f"time,lat,lon,ssp370_tx_max_p50,ssp585_tx_max_p50\n1950-01-01,{CELL},,32.6\n")
    assert [variable.name for variable in page.variables] == ["ssp585_tx_max_p50_annual"]


def test_numbers_of_empty_cells_are_no_values() -> None:
    page = read(f"time,lat,lon,ssp585_tx_max_p50\n1950-01-01,{CELL},NaN\n1951-01-01,{CELL},1.5\n")
    assert (first_days(page), page.rejected) == (["1951-01-01"], ())
    assert page.table["ssp585_tx_max_p50_annual"].to_pylist() == [1.5]


def test_the_other_ensemble_is_never_taken_for_the_one_that_was_asked_for() -> None:
    with pytest.raises(SchemaDriftError, match="rcp85 came"):
        read(f"time,lat,lon,rcp85_tx_max_p50\n1950-01-01,{CELL},32.6\n")


def test_changes_have_the_name_of_their_base_period_in_both_ensembles() -> None:
    head, row = "time,lat,lon", f"1951-01-01,{CELL},1.1"
    new = read(f"{head},ssp585_tx_max_delta_1991_2020_p50\n{row}\n", "projections-30y")
    old = read(
        f"{head},rcp85_tx_max_delta7100_p50\n{row}\n", "projections-30y", dataset_name="CMIP5"
    )
    # A difference: 1.1 K are not -272.05 degC.
    assert {one.unit for one in (*new.variables, *old.variables)} == {"K"}
    assert new.table.column_names[-1] == "ssp585_tx_max_delta_1991_2020_p50_annual_30y"
    assert old.table.column_names[-1] == "rcp85_tx_max_delta_1971_2000_p50_annual_30y"
    assert old.variables[0].interval == "P30Y"


def test_a_dash_in_an_index_is_none_in_a_name() -> None:
    page = read(f"time,lat,lon,ssp585_tnlt_-15_p50\n1951-01-01,{CELL},12\n", variables=["tnlt_-15"])
    assert page.variables[0].name == "ssp585_tnlt_minus15_p50_annual"


def test_stamps_may_have_a_time_with_or_without_a_zone() -> None:
    rows = "".join(
        f"{stamp},{CELL},1\n"
        for stamp in ("1950-01-01", "1951-01-01T00:00:00Z", "1952-01-01 00:00:00")
    )
    page = read(f"time,lat,lon,ssp585_tx_max_p50\n{rows}")
    assert first_days(page) == ["1950-01-01", "1951-01-01", "1952-01-01"]


def test_years_outside_of_the_window_are_left_out() -> None:
    rows = "".join(f"{year}-01-01,{CELL},1\n" for year in range(1950, 2101))
    dates = {"start": "2020-01-01", "end": "2029-12-31"}
    page = read(f"time,lat,lon,ssp585_tx_max_p50\n{rows}", **dates)
    assert (first_days(page)[0], page.table.num_rows) == ("2020-01-01", 10)


def test_unknown_columns_are_noted() -> None:
    page = read(f"time,lat,lon,extra,ssp585_tx_max_p50\n1950-01-01,{CELL},9,32.6\n")
    assert page.notes == ("Unknown columns were left out: extra.",)
    with pytest.raises(SchemaDriftError):
        read(f"time,lat,lon,ssp585_txmax_p50\n1950-01-01,{CELL},32.6\n")


def test_errors_are_plain_text() -> None:
    with pytest.raises(ProviderRefusedError, match="Invalid variable requested"):
        read("Bad request: Invalid variable requested", content_type="text/plain")
    with pytest.raises(ProviderUnavailableError):
        read("<html><body>502</body></html>", content_type="text/html")
    with pytest.raises(SchemaDriftError, match="lat"):
        read("time,x,ssp585_tx_max_p50\n1950-01-01,1,32.6\n")


# Charts


def chart(body: str, **parameters: Any) -> Page:
    return read(
        body, "grid-series", "text/html" if "html" in body else "application/json", **parameters
    )


def test_milliseconds_before_1970_are_negative() -> None:
    page = chart('{"observations":[[-631152000000,-2.31],[0,1.5]]}')
    assert first_days(page) == ["1950-01-01", "1970-01-01"]
    assert page.table["observed_tx_max_annual"].to_pylist() == [-2.31, 1.5]


def test_series_of_other_years_meet_in_one_table() -> None:
    page = chart(
        '{"modeled_historical_median":[[1356998400000,1.0],[1388534400000,1.1]],'
        '"ssp585_median":[[1388534400000,1.2]],"ssp585_range":[[1388534400000,0.2,2.2]]}'
    )
    assert page.table["historical_tx_max_p50_annual"].to_pylist() == [1.0, 1.1]
    assert page.table["ssp585_tx_max_p50_annual"].to_pylist() == [None, 1.2]
    assert page.table["ssp585_tx_max_p90_annual"].to_pylist() == [None, 2.2]


def test_averages_and_changes_of_30_years_are_left_to_their_own_product() -> None:
    page = chart(
        '{"observations":[[0,1]],"30y_observations":{"0":[1]},"30y_ssp585_range":{"0":[1,2]},'
        '"delta7100_ssp585_median":{"0":[-0.3]},"uplift":[[0,1]]}'
    )
    assert page.table.column_names == ["station", "timestamp", "observed_tx_max_annual"]
    assert page.notes == ("Unknown series were left out: uplift.",)


def test_an_empty_cell_has_empty_lists_or_nan() -> None:
    assert chart('{"observations":[],"ssp585_median":[]}').table.num_rows == 0
    assert chart('{"observations":[[0,NaN]]}').table.num_rows == 0


def test_charts_name_their_ensemble_and_have_no_all_months() -> None:
    _, (request,) = ask("grid-series", month="jan")
    assert request.path == "generate-charts/45.63/-73.81/tx_max/jan"
    assert request.params == {"dataset_name": "CMIP6", "decimals": "2"}
    with pytest.raises(InvalidInputError):
        ask("grid-series", month="all")


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"observations":[[0]]}',
        '{"observations":[["0","x"]]}',
        '{"observations":{"0":[1]}}',
        '{"observations":[[1e300,1]]}',
        '{"rcp85_median":[[0,1]]}',
    ],
)
def test_series_of_another_shape_are_drift(body: str) -> None:
    with pytest.raises(SchemaDriftError):
        chart(body)
