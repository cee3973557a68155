"""NASA: POWER's weather and sunshine for any place, and the catalogue of Earthdata (CMR)."""

from connectors.base import Connector
from connectors.providers.nasa.climatology import Climatology, ClimatologyRegion
from connectors.providers.nasa.cmr_collections import CmrCollections
from connectors.providers.nasa.cmr_granules import CmrGranules
from connectors.providers.nasa.daily import Daily, DailyRegion
from connectors.providers.nasa.hourly import Hourly
from connectors.providers.nasa.monthly import Monthly, MonthlyRegion
from connectors.registry import connectors

connectors.add(
    Connector(
        name="nasa",
        title="NASA POWER and Earthdata",
        license="Free to use without restriction (NASA's open data policy)",
        citation=(
            "These data were obtained from the NASA Langley Research Center POWER Project funded "
            "through the NASA Earth Science Directorate Applied Science Program."
        ),
        terms="Free, without a key. No published limit; POWER is asked once in two seconds.",
        products=(
            Daily(),
            Hourly(),
            Monthly(),
            Climatology(),
            DailyRegion(),
            MonthlyRegion(),
            ClimatologyRegion(),
            CmrCollections(),
            CmrGranules(),
        ),
    )
)
