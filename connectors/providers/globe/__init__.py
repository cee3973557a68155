"""The GLOBE Program: observations of schools and volunteers."""

from connectors.base import Connector
from connectors.providers.globe.measurements import product_of
from connectors.providers.globe.protocols import PROTOCOLS
from connectors.registry import connectors

connectors.add(
    Connector(
        name="globe",
        title="The GLOBE Program",
        license="Free with acknowledgement (GLOBE data terms)",
        citation="These data were obtained from the GLOBE Program, https://www.globe.gov.",
        terms=(
            "Free, without a key. No published limit; we ask once a second, with one request under "
            "way in a run."
        ),
        products=tuple(map(product_of, PROTOCOLS)),
    )
)
