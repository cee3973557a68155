"""The real settings, and an application that plants the faults."""

from datastream.settings import *  # noqa: F403 - as the tests' own settings do
from datastream.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.security.faulty.apps.FaultyConfig"]
