"""Programs in a process of their own that has no scikit-learn."""

import subprocess
import sys

BEFORE = """
import sys
# What Python itself does with a module that is not there.
sys.modules["sklearn"] = None
import numpy as np
from analyses.methods.{method} import {method}
from datasets.series import Series
from datastream.core.errors import InvalidInputError
stamps = np.arange("1981-01", "{end}-01", dtype="datetime64[M]").astype("datetime64[us]")
values = np.random.default_rng(1).normal(size=stamps.size)
some = Series("T", "degC", "X", stamps, values, interval="P1M")
"""


def printed(method: str, end: int, program: str) -> str:
    """What a program prints that has a method, and `some` months from 1981 to the year `end`."""
    code = BEFORE.format(method=method, end=end) + program
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout
