"""The real settings with a database of their own and without a log line a request."""

from datastream.core import logs
from datastream.databases import broker_in
from datastream.env import Rate
from datastream.settings import *  # noqa: F403 - the real settings, but for what follows
from datastream.settings import DATABASES

NAME = "datastream_bench"
DATABASES = {alias: {**database, "NAME": NAME} for alias, database in DATABASES.items()}
CELERY_BROKER_URL = broker_in(DATABASES["default"])
logs.configure("WARNING")
# As fast as it goes; each request is counted all the same.
RATE_READS = RATE_WRITES = RATE_EXPORTS = RATE_ANALYSES = Rate(1_000_000, 60)
RATE_LOGINS_ACCOUNT = RATE_LOGINS_NETWORK = Rate(1_000_000, 60)
RATE_POINTS = Rate(1_000_000_000, 60)
