"""The real settings with a database of their own and without a log line a request."""

from datastream.core import logs
from datastream.settings import *  # noqa: F403 - the real settings, but for what follows
from datastream.settings import DATABASES, broker_in

NAME = "datastream_bench"
DATABASES = {alias: {**database, "NAME": NAME} for alias, database in DATABASES.items()}
CELERY_BROKER_URL = broker_in(DATABASES["default"])
logs.configure("WARNING")
