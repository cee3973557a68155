"""NOAA's National Centers for Environmental Information."""

from connectors.base import Connector
from connectors.providers.noaa.daily_summaries import DailySummaries
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
        terms="Free, without a key. No published limit; we ask at most 5 times a second.",
        products=(DailySummaries(),),
    )
)
