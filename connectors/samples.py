"""Real series that travel inside packages that are installed anyway, with their facts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

PUBLIC_DOMAIN = "Public domain (U.S. government work)"


@dataclass(frozen=True)
class Sample:
    """A series and its facts.

    `table` gives the columns `timestamp`, `station` and one per variable, in the units of
    `variables`; a null is a missing value.
    """

    name: str
    title: str
    description: str
    license: str
    citation: str
    station: dict[str, Any]
    variables: list[dict[str, Any]]
    table: Callable[[], pa.Table]


def _table(code: str, timestamps: Any, **columns: Any) -> pa.Table:
    n = len(timestamps)
    return pa.table(
        {
            "timestamp": pa.array(np.asarray(timestamps, "datetime64[us]")),
            "station": pa.repeat(pa.scalar(code), n),
            **{name: pa.array(values, from_pandas=True) for name, values in columns.items()},
        }
    )


def _co2() -> pa.Table:
    from statsmodels.datasets import co2

    frame = co2.load_pandas().data
    return _table("MLO", frame.index.to_numpy(), co2=frame["co2"].to_numpy())


def _elnino() -> pa.Table:
    from statsmodels.datasets import elnino

    frame = elnino.load_pandas().data
    values = frame.drop(columns="YEAR").to_numpy(np.float64).ravel()
    first = np.datetime64(f"{int(frame['YEAR'].iloc[0])}-01", "M")
    months = (first + np.arange(len(values))).astype("datetime64[D]")
    return _table("NINO12", months, sst=values)


def _seattle() -> pa.Table:
    from vega_datasets import local_data

    frame = local_data.seattle_weather()
    return _table(
        "USW00024233",
        frame["date"].to_numpy(),
        TMAX=frame["temp_max"].to_numpy(),
        TMIN=frame["temp_min"].to_numpy(),
        PRCP=frame["precipitation"].to_numpy(),
        AWND=frame["wind"].to_numpy(),
        weather=frame["weather"].tolist(),
    )


SAMPLES = (
    Sample(
        name="co2",
        title="Carbon dioxide at Mauna Loa, weekly 1958–2001",
        description=(
            "Weekly concentration of CO₂ in air, from flask samples of the SIO network at Mauna "
            "Loa Observatory, Hawaii. 59 weeks have no value."
        ),
        license="Public domain",
        citation=(
            "Keeling, C.D. and T.P. Whorf. 2004. Atmospheric CO2 concentrations derived from "
            "flask air samples at sites in the SIO network. In Trends: A Compendium of Data on "
            "Global Change. Carbon Dioxide Information Analysis Center, Oak Ridge National "
            "Laboratory, Oak Ridge, Tennessee, U.S.A."
        ),
        station={
            "code": "MLO", "name": "Mauna Loa Observatory", "latitude": 19.5362,
            "longitude": -155.5763, "elevation_m": 3397.0, "timezone": "Pacific/Honolulu",
        },
        variables=[
            {
                "name": "co2", "unit": "ppm", "interval": "P7D", "cell_method": "time: mean",
                "standard_name": "mole_fraction_of_carbon_dioxide_in_air",
                "description": "Concentration in dry air, parts per million by volume.",
            }
        ],
        table=_co2,
    ),
    Sample(
        name="elnino",
        title="Sea surface temperature of El Niño (Niño 1+2), monthly 1950–2010",
        description=(
            "Monthly mean sea surface temperature of the region Niño 1+2 (0–10° S, 90–80° W), "
            "ERSST.V3B. The station stands in the middle of the region."
        ),
        license=PUBLIC_DOMAIN,
        citation="NOAA National Weather Service, Climate Prediction Center: ERSST.V3B, Nino 1+2.",
        station={
            "code": "NINO12", "name": "Niño 1+2", "latitude": -5.0, "longitude": -85.0,
            "elevation_m": 0.0, "timezone": "UTC",
        },
        variables=[
            {
                "name": "sst", "unit": "degC", "interval": "P1M",
                "cell_method": "time: mean area: mean",
                "standard_name": "sea_surface_temperature",
                "description": "Mean of the month over the region.",
            }
        ],
        table=_elnino,
    ),
    Sample(
        name="seattle",
        title="Seattle–Tacoma, daily weather 2012–2015",
        description=(
            "Daily extremes of temperature, precipitation, wind and kind of weather at "
            "Seattle–Tacoma International Airport. A day is the station's own day."
        ),
        license=PUBLIC_DOMAIN,
        citation="NOAA National Centers for Environmental Information, GHCN-Daily; by way of "
        "vega_datasets: seattle-weather.",
        station={
            "code": "USW00024233", "name": "Seattle–Tacoma International Airport",
            "latitude": 47.4444, "longitude": -122.3139, "elevation_m": 112.8,
            "timezone": "America/Los_Angeles",
        },
        variables=[
            {
                "name": "TMAX", "unit": "degC", "interval": "P1D", "cell_method": "time: maximum",
                "standard_name": "air_temperature", "description": "Highest of the day.",
            },
            {
                "name": "TMIN", "unit": "degC", "interval": "P1D", "cell_method": "time: minimum",
                "standard_name": "air_temperature", "description": "Lowest of the day.",
            },
            {
                "name": "PRCP", "unit": "mm", "interval": "P1D", "cell_method": "time: sum",
                "standard_name": "lwe_thickness_of_precipitation_amount", "valid_min": 0.0,
                "description": "Precipitation of the day.",
            },
            {
                "name": "AWND", "unit": "m s-1", "interval": "P1D", "cell_method": "time: mean",
                "standard_name": "wind_speed", "valid_min": 0.0,
                "description": "Mean wind speed of the day.",
            },
            {
                "name": "weather", "kind": "text", "interval": "P1D",
                "description": "drizzle, fog, rain, snow or sun.",
            },
        ],
        table=_seattle,
    ),
)  # fmt: skip
