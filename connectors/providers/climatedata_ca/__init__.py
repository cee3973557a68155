"""Canada: observations of MSC GeoMet, and projections of ClimateData.ca."""

from connectors.base import Connector
from connectors.providers.climatedata_ca.ahccd import AhccdAnnual, AhccdMonthly, AhccdSeasonal
from connectors.providers.climatedata_ca.climate_daily import ClimateDaily
from connectors.providers.climatedata_ca.climate_hourly import ClimateHourly
from connectors.providers.climatedata_ca.climate_monthly import ClimateMonthly
from connectors.providers.climatedata_ca.climate_stations import ClimateStations
from connectors.providers.climatedata_ca.grid_series import GridSeries
from connectors.providers.climatedata_ca.projections import YearlyProjections
from connectors.providers.climatedata_ca.projections_30y import ThirtyYearProjections
from connectors.registry import connectors

connectors.add(
    Connector(
        name="climatedata_ca",
        title="ClimateData.ca and MSC GeoMet",
        license="ECCC Data Servers End-use Licence",
        citation="Environment and Climate Change Canada, MSC GeoMet, https://api.weather.gc.ca/",
        terms=(
            "Free, without a key. No published limit; we ask once a second, with at most two "
            "requests under way in a run."
        ),
        products=(
            ClimateDaily(),
            ClimateMonthly(),
            ClimateHourly(),
            ClimateStations(),
            AhccdMonthly(),
            AhccdSeasonal(),
            AhccdAnnual(),
            YearlyProjections(),
            ThirtyYearProjections(),
            GridSeries(),
        ),
    )
)
