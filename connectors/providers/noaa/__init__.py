"""NOAA's National Centers for Environmental Information."""

from connectors.base import Connector
from connectors.providers.noaa.cdo import ClimateDataOnline
from connectors.providers.noaa.daily_summaries import DailySummaries
from connectors.providers.noaa.ghcn_files import ByStationFiles, DlyFiles
from connectors.providers.noaa.global_hourly import GlobalHourly
from connectors.providers.noaa.global_summary_of_the_month import GlobalSummaryOfTheMonth
from connectors.providers.noaa.stations import StationSearch
from connectors.registry import connectors

connectors.add(
    Connector(
        name="noaa",
        title="NOAA NCEI",
        license="Public domain (United States government)",
        citation=(
            "Menne, M. J. et al.: Global Historical Climatology Network - Daily (GHCN-Daily), "
            "version 3. NOAA National Centers for Environmental Information. doi:10.7289/V5D21VHZ"
        ),
        terms=(
            "Free, without a key but for Climate Data Online. No published limit but for that: 5 "
            "requests a second and 10,000 a day and token. We ask at most 5 times a second."
        ),
        products=(
            DailySummaries(),
            GlobalSummaryOfTheMonth(),
            GlobalHourly(),
            StationSearch(),
            DlyFiles(),
            ByStationFiles(),
            ClimateDataOnline(),
        ),
    )
)
