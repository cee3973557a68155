"""The settings of the tests, with documents in the MongoDB that MONGODB_URL names."""

from datastream import settings
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES as OWN

DATABASES = {**OWN, "documents": settings.DATABASES["documents"]}
