"""The real settings, an application that plants faults, and a clock that may be ahead."""

import os
import time
from datetime import UTC, datetime, timedelta

from datastream.core import clock
from datastream.settings import *  # noqa: F403 - as the tests' own settings do
from datastream.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.planted.apps.PlantedConfig"]

# Before anything else reads the time; the clocks of the system's own calls stay as they are.
AHEAD_S = float(os.environ.get("CLOCK_AHEAD_S", "0"))
if AHEAD_S:
    right = time.time
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=AHEAD_S)
    time.time = lambda: right() + AHEAD_S
