"""NASA POWER's parameters: units, standard names and cell methods, by product."""

import pytest

from connectors.providers.nasa.variables import INTERVALS
from tests.connectors.test_nasa import NASA, asked, plan
from tests.connectors.test_nasa_answers import body, read, values

PLACE = {"latitude": 45.0, "longitude": -75.0}
# A stamp of each product, and what is asked for.
STEPS: dict[str, tuple[str, dict[str, str]]] = {
    "hourly": ("2024010112", {"start": "2024-01-01", "end": "2024-01-01"}),
    "daily": ("20240101", {"start": "2024-01-01", "end": "2024-01-01"}),
    "monthly": ("202401", {"start": "2024-01-01", "end": "2024-12-31"}),
    "climatology": ("JAN", {}),
}


@pytest.mark.parametrize(
    ("product", "told", "method", "is_named"),
    [
        ("daily", "MJ/m^2/day", "time: mean", True),
        ("hourly", "W/m^2", "time: mean", True),
        ("hourly", "Wh/m^2", "time: sum", False),
        ("hourly", "MJ/hr", "time: mean", False),
        ("monthly", "kW-hr/m^2/day", "time: mean", True),
        ("climatology", "W/m^2", "time: mean within years time: mean over years", False),
    ],
)
def test_sunshine_is_a_flux_or_an_amount(
    product: str, told: str, method: str, *, is_named: bool
) -> None:
    name = "ALLSKY_SFC_SW_DWN"
    stamp, span = STEPS[product]
    (request,) = plan(product, **PLACE, parameters=[name], **span)
    content = body(
        {name: {stamp: 4.5}}, units={name: told}, time_standard=request.params["time-standard"]
    )
    (variable,) = read(content, request, product).variables
    assert (variable.cell_method, bool(variable.standard_name)) == (method, is_named)
    assert variable.interval == INTERVALS[product]


@pytest.mark.parametrize(
    ("product", "name", "standard_name", "method"),
    [
        ("daily", "T2M_MAX", "air_temperature", "time: maximum"),
        ("monthly", "T2M", "air_temperature", "time: mean"),
        ("monthly", "T2M_MAX", "air_temperature", "time: maximum within days time: mean over days"),
        ("climatology", "T2M", "", "time: mean within years time: mean over years"),
        (
            "climatology",
            "T2M_RANGE",
            "",
            "time: range within days time: mean over days time: mean over years",
        ),
    ],
)
def test_means_of_days_are_named_otherwise_than_days(
    product: str, name: str, standard_name: str, method: str
) -> None:
    variable = NASA.product(product).variables[name]
    assert (variable.standard_name, variable.cell_method) == (standard_name, method)


@pytest.mark.parametrize("name", ["T2M_RANGE", "T10M_RANGE"])
def test_a_range_of_temperatures_is_a_difference_and_not_a_temperature(name: str) -> None:
    request = asked(parameters=[name])
    page = read(body({name: {"20240101": 9.5}}, units={name: "C"}), request)
    assert (page.variables[0].unit, values(page, name)) == ("K", {"2024-01-01": 9.5})


def test_corrected_values_come_beside_those_that_were_asked_for() -> None:
    request = asked(site_elevation=120.5, wind_elevation=50, wind_surface="vegtype_1")
    series = {"T2M": {"20240101": 5.5}, "PSC": {"20240101": 99.5}, "WSC": {"20240101": 7.5}}
    page = read(body(series, units={"T2M": "C", "PSC": "kPa", "WSC": "m/s"}), request)
    assert {one.name: one.unit for one in page.variables} == {
        "T2M": "degC", "PSC": "kPa", "WSC": "m s-1",
    }  # fmt: skip
    assert (values(page, "PSC"), values(page, "WSC")) == ({"2024-01-01": 99.5}, {"2024-01-01": 7.5})
