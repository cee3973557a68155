"""Production's settings, to collect its static files without the minute that compressing takes."""

from datastream.settings import *  # noqa: F403 - as the tests' own settings do
from datastream.settings import STORAGES

_KIND = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": _KIND}}
