"""Tables at an address, or in a file of the server."""

from connectors.base import Connector
from connectors.providers.file.table import Table
from connectors.registry import connectors

connectors.add(
    Connector(
        name="file",
        title="Files and addresses",
        license="As the file's publisher says",
        citation="The file, by its address and the time it was read.",
        terms="As the file's publisher says. We ask once a second at most.",
        products=(Table(),),
    )
)
