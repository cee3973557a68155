"""How long the web process takes until it could answer."""

import subprocess
import sys
from collections.abc import Iterator

from bench.report import Line, median, seconds

WORK = "import django; django.setup(); import datastream.urls"


def measure() -> Iterator[Line]:
    spent = []
    for work in ("pass", WORK):
        command = [sys.executable, "-c", work]
        run = lambda command=command: subprocess.run(command, check=True)  # noqa: E731
        spent.append(median([seconds(run) for _ in range(3)]))
    bare, whole = spent
    yield Line("Start", "Python alone", bare * 1000, "ms")
    yield Line("Start", "django.setup() and every route", whole * 1000, "ms")
