"""Django's PostgreSQL, which first sees to it that the embedded server runs.

In DATABASES: ENGINE "datastream.core.postgres" and EMBEDDED_FOLDER, the folder of the server.
"""

import atexit
import functools
import logging
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from datastream.core.embedded import EmbeddedError, Server
from datastream.core.postgres import PORT

logger = logging.getLogger(__name__)

# A request does not wait for a long recovery; it answers 503 and may be repeated.
PATIENCE_S = 10


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        # Else the client library would take PGPORT from the caller's environment.
        return {**super().get_connection_params(), "port": PORT}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server = Server(Path(self.settings_dict["EMBEDDED_FOLDER"]))
        try:
            server.hold()
            _leave_at_exit(server.folder)
            try:
                return super().get_new_connection(conn_params)
            except self.Database.OperationalError:
                if server.is_running():
                    raise
            server.ensure_running(patience_s=PATIENCE_S)
        except EmbeddedError as error:
            raise self.Database.OperationalError(str(error)) from error
        return super().get_new_connection(conn_params)


@functools.cache
def _leave_at_exit(folder: Path) -> None:
    atexit.register(_leave, folder)


def _leave(folder: Path) -> None:
    try:
        Server(folder).release_and_stop_if_last()
    except EmbeddedError as error:
        logger.warning("The embedded database was left running: %s", error)
